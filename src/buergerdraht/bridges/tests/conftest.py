"""A town with cases, and other systems beside it that answer over real connections on this machine alone."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import NamedTuple

import pytest
from django.conf import LazySettings
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.cases import opening
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.cases.tests.conftest import channel, complaint, hole, kemal, town, waste, yard  # noqa: F401 - fixtures
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations.models import Message
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Channel


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    status: int
    body: bytes
    kind: str = "application/json"
    silent: bool = False  # the connection ends without a word


class Elsewhere:
    """An HTTP server; `answers` is asked for every request, `asked` keeps them."""

    def __init__(self, answers: Callable[[Request], Answer]) -> None:
        self.asked: list[Request] = []
        outer = self

        class Door(BaseHTTPRequestHandler):
            def do(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length))
                outer.asked.append(request)
                answer = answers(request)
                if answer.silent:
                    self.connection.close()
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = do

            def log_message(self, *args: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *args: object) -> None:
                pass

        self.server = Quiet(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def elsewhere(settings: LazySettings) -> Iterator[Callable[[Callable[[Request], Answer]], Elsewhere]]:
    """Start servers on this machine, which the installation allows to be called."""
    settings.CALL_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    begun: list[Elsewhere] = []

    def start(answers: Callable[[Request], Answer]) -> Elsewhere:
        begun.append(Elsewhere(answers))
        return begun[-1]

    yield start
    for each in begun:
        each.stop()


@pytest.fixture
def vera(channel: Channel) -> Address:  # noqa: F811
    contact = Contact.objects.create(organisation=channel.organisation, name="Vera Geheimnis", language="de")
    return Address.objects.create(
        organisation=channel.organisation, contact=contact, channel=channel, address="vera", address_hash=b"vera",
        last_inbound_at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def berta(town: Organisation) -> Operator:  # noqa: F811
    operator = Operator.objects.create_user("berta@musterstadt.example", name="Berta Beispiel")
    Membership.objects.create(organisation=town, operator=operator, roles=["administrator"])
    return operator


def report(category: Category, **fields: object) -> Case:
    return opening.open(opening.Matter(category=category, at=timezone.now(), **fields))


def picture(colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    return out.getvalue()


def covered(case: Case, colour: str = "green") -> Photo:
    """A picture of a case whose covered one is another than the original."""
    original = files.store(case.organisation, picture("red"), "img.jpg")
    shown = files.store(case.organisation, picture(colour), "img.jpg")
    return Photo.objects.create(case=case, media=original, shown=shown, state="covered")


def heard(address: Address) -> str:
    from buergerdraht.cases import telling

    telling.go_on(timezone.now())
    rows = Message.objects.filter(conversation__contact=address.contact).exclude(author="citizen").order_by("pk")
    return "\n".join(rows.values_list("text", flat=True))
