"""Sending, and what a push service's answers mean; what a browser says of itself is hostile until looked at."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from typing import Any
from urllib.parse import urlsplit

import http_ece
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Content, Rejected, SendError, Temporary, Unsigned
from buergerdraht.connectors.http import Answered, Call, Http
from buergerdraht.connectors.webpush import limits, subscription
from buergerdraht.connectors.webpush.config import WebPushConfig
from buergerdraht.connectors.webpush.connector import WebPush
from buergerdraht.connectors.webpush.errors import Trust

PRIVATE = ec.generate_private_key(ec.SECP256R1())
SECRET = bytes(range(16))
KEY = WebPushConfig(contact="it@stadt.example").private_key


def letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


P256DH = letters(PRIVATE.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def browser(endpoint: str = "https://push.example/abc", **more: Any) -> dict[str, Any]:
    return {"endpoint": endpoint, "expirationTime": None, "keys": {"p256dh": P256DH, "auth": letters(SECRET), **more}}


def webpush(host: str, http: Http) -> WebPush:
    return WebPush(WebPushConfig.model_validate({"contact": "it@stadt.example", "private_key": KEY, "test_host": host}), http)


class Service:
    """Answers every message with one status, and keeps what it was sent."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status, self.headers = status, headers or {}
        self.asked: list[tuple[dict[str, str], bytes]] = []

    async def __aenter__(self) -> Service:
        app = web.Application()
        app.router.add_post("/abc", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers)


async def send(service: Service, http: Http, content: Content, files: Any, number: str = "7.0") -> Any:
    connector = webpush(service.url, http)
    address = connector.read_subscription(browser(f"{service.url}/abc")).text
    return await connector.send(connector.plan(content).parts[0], address, token=number, files=files)


async def test_a_message_is_read_by_the_device_and_nobody_else(http: Http, files: Any) -> None:
    async with Service(201) as service:
        sent = await send(service, http, Content(title="Wochenmarkt", text="zieht **um**"), files)
    headers, body = service.asked[0]
    assert sent.external_id == "push:7.0"
    assert b"Wochenmarkt" not in body
    assert headers["Content-Encoding"] == "aes128gcm"
    text = http_ece.decrypt(body, private_key=PRIVATE, auth_secret=SECRET, version="aes128gcm")
    assert json.loads(text) == {"title": "Wochenmarkt", "text": "zieht um", "tag": headers["Topic"]}


async def test_a_message_says_who_sends_how_urgent_it_is_and_what_it_replaces(http: Http, files: Any) -> None:
    async with Service(201) as service:
        await send(service, http, Content(text="Ruhig"), files, "7.0")
        await send(service, http, Content(text="Hochwasser", urgent=True), files, "8.0")
        await send(service, http, Content(text="Hochwasser", urgent=True), files, "8.0")
    calm, warning, again = (headers for headers, _body in service.asked)
    assert (calm["Urgency"], warning["Urgency"]) == ("normal", "high")
    assert 0 < int(warning["TTL"]) <= int(calm["TTL"])
    assert calm["Topic"] != warning["Topic"] == again["Topic"]
    assert len(calm["Topic"]) <= 32
    token = calm["Authorization"].split("t=")[1].split(",")[0].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(token + "=="))
    assert claims["aud"] == service.url
    assert claims["sub"] == "mailto:it@stadt.example"
    assert time.time() < claims["exp"] <= time.time() + 86400


@pytest.mark.parametrize(
    ("status", "headers", "failure", "reason"),
    [
        (404, {}, AddressGone, "blocked"),
        (410, {}, AddressGone, "blocked"),
        (413, {}, Rejected, "content_refused"),
        (400, {}, Rejected, "content_refused"),
        (302, {"Location": "https://anderswo.example"}, Rejected, "content_refused"),
        (401, {}, Rejected, "push_refused"),
        (403, {}, Rejected, "push_refused"),
        (429, {"Retry-After": "17"}, Temporary, "rate_limit"),
        (500, {}, Temporary, "unavailable"),
        (502, {}, Temporary, "unavailable"),
        (503, {"Retry-After": "9"}, Temporary, "unavailable"),
    ],
)
async def test_an_answer_decides_what_happens_next(
    http: Http, files: Any, status: int, headers: dict[str, str], failure: type[SendError], reason: str
) -> None:
    async with Service(status, headers) as service:
        with pytest.raises(failure) as caught:
            await send(service, http, Content(text="Hallo"), files)
    assert caught.value.reason == reason
    assert "abc" not in caught.value.details
    if isinstance(caught.value, Temporary):
        assert caught.value.maybe_sent is False
        assert caught.value.limit is False, "a limit of one device's service, which may be anybody's, burns tries"
        assert caught.value.retry_after == ({"429": 17.0, "503": 9.0}.get(str(status)))


@pytest.mark.parametrize(
    ("host", "scope"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", "message"), ("https://updates.push.services.mozilla.com/wpush/v2/x", "message"),
        ("https://web.push.apple.com/x", "message"), ("https://wns2-par02p.notify.windows.com/w/?t=x", "message"),
        ("https://fcm.googleapis.com.boese.example/x", "pair"), ("https://boese.example/fcm.googleapis.com", "pair"),
    ],
)  # fmt: skip
def test_only_a_known_service_that_is_down_makes_everybody_wait(http: Http, host: str, scope: str) -> None:
    assert webpush("", http)._concerned(host) == scope


def test_strangers_who_refuse_us_stop_nobody_else() -> None:
    """Anybody can name a server of their own, or a device that belongs to another key."""
    trust = Trust()
    for number in range(50):
        assert isinstance(trust.refused(f"https://boese{number}.example/x", f"https://boese{number}.example", 403), Rejected)
    trust.took("https://push.example/ada", "https://push.example")
    for number in range(50):
        assert isinstance(trust.refused(f"https://push.example/fremd{number}", "https://push.example", 403), AddressGone)


def test_devices_that_took_our_messages_and_refuse_them_now_stop_the_channel() -> None:
    trust, devices = Trust(), [f"https://push.example/{name}" for name in ("ada", "bela", "cem")]
    for device in devices:
        trust.took(device, "https://push.example")
    assert [type(trust.refused(device, "https://push.example", 401)) for device in devices] == [Rejected, Rejected, ChannelBroken]
    trust.took(devices[0], "https://push.example")
    assert isinstance(trust.refused(devices[1], "https://push.example", 401), Rejected), "one that takes it begins the count anew"


class Wire(Http):
    """Answers what stands for a host, as soon as it may."""

    def __init__(self, **hosts: int) -> None:
        super().__init__()
        self.hosts, self.open = hosts, asyncio.Event()
        self.open.set()
        self.asked = 0

    async def call(self, call: Call) -> Answered:
        self.asked += 1
        host = str(urlsplit(call.url).hostname).partition(".")[0]
        if host != "fcm":
            await self.open.wait()
        return Answered(self.hosts[host], {}, b"")


async def push(connector: WebPush, endpoint: str, files: Any) -> Any:
    address = connector.read_subscription(browser(endpoint)).text
    return await connector.send(connector.plan(Content(text="x")).parts[0], address, token="1.0", files=files)


async def test_a_strangers_host_cannot_take_messages_first_and_stop_the_channel_then(files: Any) -> None:
    wire = Wire(boese=201, fcm=201)
    connector, devices = webpush("", wire), [f"https://boese.example/{number}" for number in range(5)]
    for device in devices:
        await push(connector, device, files)
    wire.hosts["boese"] = 403
    for device in devices:
        with pytest.raises(Rejected, match="push_refused"):
            await push(connector, device, files)


async def test_devices_of_a_known_service_that_refuse_us_one_after_the_other_do(files: Any) -> None:
    wire = Wire(fcm=201, boese=201)
    connector, devices = webpush("", wire), [f"https://fcm.googleapis.com/fcm/send/{number}" for number in range(3)]
    for device in devices:
        await push(connector, device, files)
    wire.hosts["fcm"] = 403
    for device, failure in zip(devices, (Rejected, Rejected, ChannelBroken), strict=True):
        with pytest.raises(failure):
            await push(connector, device, files)
        await push(connector, "https://boese.example/x", files)  # what a stranger takes says nothing of us


async def test_slow_hosts_of_strangers_delay_nobody_but_their_like(files: Any) -> None:
    wire = Wire(boese=201, fcm=201)
    wire.open.clear()
    connector = webpush("", wire)
    slow = [asyncio.create_task(push(connector, f"https://boese.example/{number}", files)) for number in range(limits.STRANGERS)]
    await asyncio.sleep(0)
    with pytest.raises(Temporary) as caught:
        await push(connector, "https://boese.example/more", files)
    assert (caught.value.scope, caught.value.limit, wire.asked) == ("pair", True, limits.STRANGERS)
    await push(connector, "https://fcm.googleapis.com/fcm/send/x", files)
    wire.open.set()
    await asyncio.gather(*slow)
    await push(connector, "https://boese.example/more", files)


async def test_a_line_that_breaks_leaves_no_doubt_because_a_second_try_replaces_the_first(http: Http, files: Any) -> None:
    async def tear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    server = await asyncio.start_server(tear, "127.0.0.1", 0)
    host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    connector = webpush(host, http)
    address = connector.read_subscription(browser(f"{host}/abc")).text
    with pytest.raises(Temporary) as caught:
        await connector.send(connector.plan(Content(text="x")).parts[0], address, token="1.0", files=files)
    server.close()
    assert caught.value.maybe_sent is False


HOSTILE = [
    browser("http://push.example/abc"),
    browser("https://127.0.0.1/abc"),
    browser("https://[::1]/abc"),
    browser("https://10.0.0.7/abc"),
    browser("https://169.254.169.254/latest/meta-data"),
    browser("https://[::ffff:10.0.0.7]/abc"),
    browser("https://localhost/abc"),
    browser("https://intern/abc"),
    browser("https://name:wort@push.example/abc"),
    browser("https://push.example:8443/abc"),
    browser("https://push.example/" + "x" * 1000),
    browser("https://push.example/a b"),
    browser("file:///etc/passwd"),
    browser(""),
    browser(p256dh="AAAA"),
    browser(p256dh=letters(b"\4" + bytes(64))),
    browser(auth="AAAA"),
    browser(auth="ä" * 22),
    {"endpoint": "https://push.example/abc"},
    {"endpoint": 7, "keys": {"p256dh": P256DH, "auth": letters(SECRET)}},
    {"endpoint": "https://push.example/abc", "keys": [1]},
    [],
    None,
    7,
    "{",
    "[]",
]


@pytest.mark.parametrize("data", HOSTILE)
def test_what_is_no_subscription_of_a_browser_is_not_written_to(data: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        subscription.read(data)


def test_a_subscription_is_the_same_text_however_it_was_written() -> None:
    once = subscription.read(browser())
    padded = subscription.read({"keys": {"auth": letters(SECRET) + "==", "p256dh": P256DH + "="}, "endpoint": "https://push.example/abc"})
    assert once == padded == subscription.read(once.text)
    assert len(once.text) < 400


NAMES = st.sampled_from(["endpoint", "keys", "p256dh", "auth"])
ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
)


@given(ANYTHING)
def test_reading_a_subscription_breaks_on_nothing(data: object) -> None:
    with contextlib.suppress(ValueError):
        subscription.read(data)


async def test_an_address_that_is_no_subscription_is_gone(http: Http, files: Any) -> None:
    connector = webpush("", http)
    for address in ("", "kaputt", "{}", browser("https://10.0.0.7/abc")["endpoint"]):
        with pytest.raises(AddressGone):
            await connector.send(connector.plan(Content(text="x")).parts[0], address, token="1.0", files=files)


async def test_a_name_that_leads_into_our_own_network_is_gone(http: Http, files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name looks public; what it stands for is looked at when the socket is opened."""
    connector = webpush("", http)
    monkeypatch.setattr(subscription, "_reachable", lambda endpoint, test_host: None)
    address = subscription.read(browser("https://localhost/abc")).text
    with pytest.raises(AddressGone) as caught:
        await connector.send(connector.plan(Content(text="x")).parts[0], address, token="1.0", files=files)
    assert caught.value.details == "inner network"


@pytest.mark.parametrize("contact", ["", "it", "http://stadt.example", "mailto:", "ftp://stadt.example", "it@"])
def test_a_contact_that_apple_would_not_take_is_refused(contact: str) -> None:
    with pytest.raises(ValidationError):
        WebPushConfig(contact=contact)


@pytest.mark.parametrize(
    ("written", "kept"), [("it@stadt.example", "mailto:it@stadt.example"), ("https://stadt.example/it", "https://stadt.example/it")]
)
def test_a_contact_is_kept_as_the_standard_wants_it(written: str, kept: str) -> None:
    assert WebPushConfig(contact=written).contact == kept


@pytest.mark.parametrize("host", ["https://push.example", "http://10.0.0.7", "ftp://127.0.0.1"])
def test_trials_go_to_this_machine_only(host: str) -> None:
    with pytest.raises(ValidationError):
        WebPushConfig(contact="it@stadt.example", test_host=host)


def test_every_sender_has_a_key_of_its_own_and_keeps_it(http: Http) -> None:
    one, other = (WebPushConfig(contact="it@stadt.example") for _ in range(2))
    assert WebPush(one, http).public_key != WebPush(other, http).public_key
    assert len(base64.urlsafe_b64decode(WebPush(one, http).public_key + "=")) == 65
    stored = WebPushConfig.model_validate({"contact": one.contact, "private_key": one.private_key.get_secret_value()})
    assert WebPush(stored, http).public_key == WebPush(one, http).public_key


def test_nobody_calls_a_webhook(http: Http) -> None:
    with pytest.raises(Unsigned):
        webpush("", http).verify({}, b"{}")


async def test_the_check_says_what_it_can(http: Http) -> None:
    health = await webpush("", http).check()
    assert health.ok
    assert health.facts == {"contact": "it@stadt.example"}
