"""Devices are woken: by a push service of ours that decrypts what it gets, knows us by our signature, and never hears of a citizen."""

from __future__ import annotations

import base64
import ipaddress
import json
import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import urlsplit

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone
from py_vapid import Vapid02

from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.conversations import notices, push, push_views
from buergerdraht.conversations.models import Conversation, Desk, Notice, PushKey
from buergerdraht.gateway import outward

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
PROFILE = "/konto/profil/"


def letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Service:
    """A push service with one browser behind it, which holds the only key to what arrives."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 201
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"sixteen letters!"
        self.origin = f"http://127.0.0.1:{port}"

    def device(self, name: str = "Firefox, Linux", path: str = "/wecken/geheim") -> push.Device:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return push.Device(self.origin + path, letters(point), letters(self.auth), name)

    def read(self, index: int = -1) -> dict[str, object]:
        """Decrypt as a browser does (RFC 8291)."""
        body = http_ece.decrypt(self.heard[index][1], private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return dict(json.loads(body))


@pytest.fixture
def service(settings) -> Iterator[Service]:
    settings.PUSH_NETWORKS = LOOPBACK
    holder: list[Service] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            holder[0].heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(holder[0].status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    holder.append(Service(server.server_port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield holder[0]
    server.shutdown()
    server.server_close()


def jobs() -> list[dict[str, object]]:
    with connection.cursor() as cursor:
        cursor.execute("select args from procrastinate_jobs where task_name = 'conversations.wake' and status = 'todo' order by id")
        return [row[0] if isinstance(row[0], dict) else json.loads(row[0]) for row in cursor.fetchall()]


@pytest.fixture
def told(thread: Conversation, andrea: Operator, service: Service) -> SimpleNamespace:
    """Andrea has a device and was told of a message."""
    device = push.add(andrea, service.device())
    notices.tell(thread, [andrea], "message")
    return SimpleNamespace(device=device, thread=thread)


# ── What arrives ──────────────────────────────────────────────────────────


def test_the_device_reads_what_happened_and_where_and_nothing_of_the_citizen(told, service: Service) -> None:
    (job,) = jobs()
    assert job == {"device": told.device.pk, "conversation": told.thread.pk, "kind": "message"}
    push.wake_later.func(**job)
    assert service.read() == {
        "kind": "message", "title": "Neue Nachricht in einer Ihrer Unterhaltungen", "body": "Musterstadt",
        "place": f"/o/musterstadt/posteingang/{told.thread.pk}/", "conversation": told.thread.pk,
    }  # fmt: skip
    headers, body = service.heard[0]
    for secret in (b"Emine", b"Wann wird", b"28817386", b"Musterstadt"):
        assert secret not in body
    assert (headers["content-encoding"], headers["urgency"], headers["ttl"]) == ("aes128gcm", "normal", "43200")
    assert len(headers["topic"]) <= 32
    assert str(told.thread.pk) != headers["topic"]


def test_the_push_service_knows_us_by_the_key_the_browser_subscribed_with(told, service: Service, settings) -> None:
    push.wake(told.device.pk, told.thread.pk, "message")
    sign = service.heard[0][0]["authorization"]
    assert Vapid02.verify(sign)
    parts = dict(part.split("=", 1) for part in sign.removeprefix("vapid ").split(","))
    assert parts["k"] == push.public_key()
    claims = json.loads(base64.urlsafe_b64decode(parts["t"].split(".")[1] + "=="))
    assert claims["aud"] == service.origin
    assert time.time() < claims["exp"] <= time.time() + 86400
    assert claims["sub"].startswith(("mailto:", "https://"))


def test_a_forged_signature_is_no_signature(told, service: Service) -> None:
    push.wake(told.device.pk, told.thread.pk, "message")
    sign = service.heard[0][0]["authorization"]
    head, _body, rest = sign.split(".")
    assert not Vapid02.verify(f"{head}.{letters(b'{}')}.{rest}")


def test_one_waits_per_thread_and_kind(told, service: Service) -> None:
    for _ in range(2):
        push.wake(told.device.pk, told.thread.pk, "message")
    notices.tell(told.thread, [told.device.operator], "mention")
    push.wake(told.device.pk, told.thread.pk, "mention")
    topics = [headers["topic"] for headers, _body in service.heard]
    assert topics[0] == topics[1] != topics[2]


# ── When it no longer matters ─────────────────────────────────────────────


def woken(told, service: Service, kind: str = "message") -> bool:
    before = len(service.heard)
    push.wake(told.device.pk, told.thread.pk, kind)
    return len(service.heard) > before


def test_what_was_seen_meanwhile_wakes_nobody(told, service: Service) -> None:
    assert woken(told, service)
    notices.seen(told.thread, told.device.operator)
    assert not woken(told, service)


def test_who_may_not_see_the_thread_any_more_is_not_woken(told, service: Service) -> None:
    Conversation.objects.update(confidential=True)
    assert not woken(told, service)


@pytest.mark.parametrize("left", ["membership", "account"])
def test_who_left_is_not_woken(told, service: Service, left: str) -> None:
    if left == "membership":
        Membership.objects.all().delete()
    else:
        Operator.objects.update(is_active=False)
    assert not woken(told, service)


def test_only_chosen_kinds_wake(told, service: Service) -> None:
    push.wish(told.device.operator, ["mention", "erfunden"], always=True)
    assert not woken(told, service)
    notices.tell(told.thread, [told.device.operator], "mention")
    assert woken(told, service, "mention")


def test_outside_office_hours_only_what_is_urgent_wakes(told, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    told.thread.organisation.office_hours = {"tue": [["08:00", "16:00"]]}
    told.thread.organisation.save()
    at = datetime.fromisoformat
    monkeypatch.setattr(timezone, "now", lambda: at("2026-11-24T11:00:00+01:00"))
    assert woken(told, service)
    monkeypatch.setattr(timezone, "now", lambda: at("2026-11-24T22:00:00+01:00"))
    assert not woken(told, service)
    notices.tell(told.thread, [told.device.operator], "urgent")
    assert woken(told, service, "urgent")
    assert service.heard[-1][0]["urgency"] == "high"
    push.wish(told.device.operator, ["message"], always=True)
    assert woken(told, service)


def test_what_only_the_bell_says_makes_no_job(thread: Conversation, andrea: Operator, service: Service) -> None:
    push.add(andrea, service.device())
    notices.tell(thread, [andrea], "taken")
    assert jobs() == []


def test_a_colleague_hears_nothing_of_it(thread: Conversation, andrea: Operator, kemal: Operator, service: Service) -> None:
    push.add(kemal, service.device())
    notices.tell(thread, [andrea], "message")
    assert jobs() == []


# ── When the push service says no ─────────────────────────────────────────


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_gone_is_forgotten(told, service: Service, status: int) -> None:
    service.status = status
    push.wake_later.func(told.device.pk, told.thread.pk, "message")  # the job ends
    assert not PushKey.objects.exists()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_in_trouble_is_tried_again(told, service: Service, status: int, caplog: pytest.LogCaptureFixture) -> None:
    service.status = status
    with caplog.at_level(logging.WARNING), pytest.raises(outward.Undelivered) as failure:
        push.wake_later.func(told.device.pk, told.thread.pk, "message")
    assert push.AGAIN.get_retry_decision(exception=failure.value, job=SimpleNamespace(attempts=0)) is not None
    assert PushKey.objects.get().failed == 1
    assert "geheim" not in caplog.text
    service.status = 201
    assert woken(told, service)
    assert PushKey.objects.get().failed == 0


def test_a_refusal_is_not_repeated_and_the_device_stays(told, service: Service) -> None:
    service.status = 403
    push.wake_later.func(told.device.pk, told.thread.pk, "message")
    assert PushKey.objects.get().failed == 1


# ── Devices ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1/", "https://10.0.0.1/x", "https://169.254.169.254/", "ftp://push.example/", ""])
def test_a_device_cannot_lead_us_into_our_own_house(andrea: Operator, service: Service, settings, endpoint: str) -> None:
    settings.PUSH_NETWORKS = []
    with pytest.raises(ValidationError):
        push.add(andrea, service.device()._replace(endpoint=endpoint))
    assert not PushKey.objects.exists()


def test_a_name_that_leads_inward_later_is_not_called(told, service: Service, settings) -> None:
    settings.PUSH_NETWORKS = []
    with pytest.raises(outward.Final, match="address_refused"):
        push.wake(told.device.pk, told.thread.pk, "message")
    assert not service.heard


@pytest.mark.parametrize("broken", [{"p256dh": ""}, {"p256dh": letters(b"\x04" + b"x" * 64)}, {"auth": "kurz"}, {"p256dh": "ä"}])
def test_keys_that_fit_no_browser_are_refused(andrea: Operator, service: Service, broken: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        push.add(andrea, service.device()._replace(**broken))


def test_who_sat_here_before_is_no_longer_woken_here(andrea: Operator, kemal: Operator, service: Service) -> None:
    push.add(andrea, service.device())
    push.add(kemal, service.device())
    assert PushKey.objects.get().operator == kemal


def test_there_are_not_endlessly_many(andrea: Operator, service: Service) -> None:
    for number in range(push.MOST_DEVICES):
        push.add(andrea, service.device(path=f"/{number}"))
    with pytest.raises(ValidationError, match="Mehr als"):
        push.add(andrea, service.device(path="/zuviel"))
    push.add(andrea, service.device(path="/3"))  # known already


def test_the_address_of_a_device_is_not_readable_in_the_table(andrea: Operator, service: Service) -> None:
    push.add(andrea, service.device())
    with connection.cursor() as cursor:
        cursor.execute("select endpoint from conversations_pushkey")
        assert b"wecken" not in bytes(cursor.fetchone()[0])


# ── The profile ───────────────────────────────────────────────────────────


def test_a_device_is_switched_on_tried_and_removed_in_the_profile(desk: Client, andrea: Operator, service: Service) -> None:
    new = service.device()
    fields = {"endpoint": new.endpoint, "p256dh": new.p256dh, "auth": new.auth}
    agent = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
    desk.post("/konto/benachrichtigungen/geraet/", fields, headers={"User-Agent": agent})
    key = PushKey.objects.get()
    assert (key.operator, key.device) == (andrea, "Chrome, Android")
    page = desk.get(PROFILE).content.decode()
    assert "Chrome, Android" in page
    assert push.public_key() in page
    assert "geheim" not in page
    desk.post(f"/konto/benachrichtigungen/geraet/{key.pk}/probe/")
    assert service.read() == {"kind": "test", "title": "Probe: Dieses Gerät wird benachrichtigt", "body": "", "place": PROFILE}
    service.status = 410
    assert "aus der Liste entfernt" in desk.post(f"/konto/benachrichtigungen/geraet/{key.pk}/probe/", follow=True).content.decode()
    push.add(andrea, service.device())
    desk.post(f"/konto/benachrichtigungen/geraet/{PushKey.objects.get().pk}/entfernen/")
    assert "Noch kein Gerät" in desk.get(PROFILE).content.decode()


def test_choices_are_kept(desk: Client, andrea: Operator) -> None:
    assert desk.get(PROFILE).content.decode().count('name="wovon" value="') == 5
    desk.post("/konto/benachrichtigungen/", {"wovon": ["urgent", "due"], "immer": "on"})
    wish = push.wish_of(andrea)
    assert (wish.kinds, wish.always) == (["due", "urgent"], True)
    page = desk.get(PROFILE).content.decode()
    assert 'value="urgent" checked' in page
    assert 'value="mention" checked' not in page


@pytest.mark.parametrize("verb", ["probe", "entfernen"])
def test_devices_of_others_are_not_there(desk: Client, kemal: Operator, service: Service, verb: str) -> None:
    key = push.add(kemal, service.device())
    assert desk.post(f"/konto/benachrichtigungen/geraet/{key.pk}/{verb}/").status_code == 404
    assert PushKey.objects.exists()
    assert not service.heard


@pytest.mark.parametrize("path", ["", "geraet/", "geraet/1/probe/", "geraet/1/entfernen/"])
def test_who_is_not_signed_in_is_sent_to_the_door(db: None, path: str) -> None:
    answer = Client().post(f"/konto/benachrichtigungen/{path}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/konto/anmelden/")


@pytest.mark.parametrize("path", ["", "geraet/", "geraet/1/probe/"])
def test_nothing_changes_by_looking(desk: Client, path: str) -> None:
    assert desk.get(f"/konto/benachrichtigungen/{path}").status_code == 405


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("", "Unbekanntes Gerät"),
    ],
)
def test_a_device_has_a_name_its_owner_knows(agent: str, name: str) -> None:
    assert push_views.device_name(agent) == name


# ── The app ───────────────────────────────────────────────────────────────


def test_the_worker_lies_at_the_root_and_keeps_nothing_of_anybody(client: Client, db: None) -> None:
    answer = client.get("/worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer["Cache-Control"]
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    kept = json.loads(next(line for line in answer.content.decode().splitlines() if line.startswith("const SHELL"))[14:-1])
    assert all(address.startswith("/static/") or address == "/ohne-verbindung/" for address in kept)
    for address in kept:
        if not address.startswith("/static/kern/"):  # fetched at set-up
            assert client.get(address).status_code == 200, address


def test_the_manifest_names_icons_that_are_there(client: Client, db: None) -> None:
    answer = client.get("/app.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    said = answer.json()
    assert (said["display"], said["scope"], said["start_url"]) == ("standalone", "/", "/")
    assert {icon.get("purpose", "any") for icon in said["icons"]} == {"any", "maskable"}
    for icon in said["icons"]:
        assert client.get(urlsplit(icon["src"]).path).status_code == 200, icon


def test_the_page_without_a_connection_says_that_the_draft_is_kept(desk: Client) -> None:
    page = desk.get("/ohne-verbindung/").content.decode()
    assert "Ihr Entwurf ist gespeichert" in page
    assert "Andrea" not in page


def test_desk_of_teams_apart_hides_from_the_woken_too(told, service: Service, town) -> None:
    Desk.objects.create(organisation=town, teams_apart=True)
    Conversation.objects.update(team=town.teams.create(name="Bauhof"))
    assert not woken(told, service)
    assert Notice.objects.exists()
