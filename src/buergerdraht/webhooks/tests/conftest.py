"""A town, those who work there, and another system that listens on this machine."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.webhooks import actions, events, sending
from buergerdraht.webhooks.models import Hook

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
Make = Callable[..., Hook]


class Listener:
    """What it heard, as (headers, body); `status` is what it answers, after `slow` seconds."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status, self.slow, self.url = 204, 0.0, ""

    def bodies(self) -> list[bytes]:
        return [body for _headers, body in self.heard]


@pytest.fixture
def listen() -> Iterator[Callable[[], Listener]]:
    """Open as many listeners as wanted."""
    servers = []

    def open_() -> Listener:
        state = Listener()

        class Ear(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                time.sleep(state.slow)
                state.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(state.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        state.url = f"http://127.0.0.1:{server.server_port}/haken?token=geheim"
        return state

    yield open_
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def listener(listen: Callable[[], Listener]) -> Listener:
    return listen()


@pytest.fixture(autouse=True)
def _afresh(settings: Any) -> Iterator[None]:
    settings.CALL_NETWORKS = LOOPBACK
    events.forget()
    yield
    events.forget()


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])


@pytest.fixture
def andrea(town: Organisation) -> Operator:
    operator = Operator.objects.create_user("andrea@musterstadt.example", name="Andrea Arndt")
    Membership.objects.create(organisation=town, operator=operator, roles=["administrator"])
    return operator


@pytest.fixture
def make(town: Organisation, andrea: Operator) -> Make:
    def made(url: str, *wanted: str, **fields: Any) -> Hook:
        hook = Hook(
            organisation=fields.pop("organisation", town), name="Fachverfahren", url=url, events=list(wanted or ["case.moved"]), **fields
        )
        return actions.save(hook, operator=andrea)

    return made


@pytest.fixture
def work() -> Callable[..., None]:
    """Beat until nothing is under way any more."""

    def until_done(post: sending.Post | None = None, seconds: float = 5.0) -> None:
        post, end = post or sending.Post(), time.monotonic() + seconds
        post.beat()
        while post.running and time.monotonic() < end:
            time.sleep(0.02)
            post.beat()
        assert not post.running

    return until_done
