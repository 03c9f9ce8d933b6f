"""The push service takes what the standards allow, and nothing else; pywebpush judges it, and decryption is done here once more."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import http_ece  # type: ignore[import-untyped]
import pytest
from aiohttp import ClientSession, web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from pywebpush import WebPusher, WebPushException, webpush_async

from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.providers.webpush import letters, opened, subscribe, unlettered
from buergerdraht.simulator.town import Account, Person, Town

SENDER, STRANGER = (Vapid02(ec.generate_private_key(ec.SECP256R1())) for _ in range(2))


def key(sender: Vapid02) -> str:
    return letters(sender.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


@dataclass
class World:
    town: Town
    host: str
    zoe: Person
    account: Account
    session: ClientSession

    async def subscribed(self) -> dict[str, Any]:
        """What Zoë's browser gives the page."""
        wish = {"person": self.zoe.id, "host": self.host}
        async with self.session.post(f"{self.host}/_control/accounts/{self.account.id}/subscribe", json=wish) as answer:
            assert answer.status == 200, await answer.text()
            found: dict[str, Any] = await answer.json()
            return found

    async def post(self, browser: dict[str, Any], payload: Any = None, sender: Vapid02 = SENDER, **headers: str | None) -> Any:
        claims = {"aud": self.host, "exp": int(time.time()) + 600, "sub": "mailto:it@stadt.example"}
        body = WebPusher(browser).encode(json.dumps(payload if payload is not None else {"title": "Hallo"}).encode())["body"]
        usual = {"Authorization": sender.sign(claims)["Authorization"], "TTL": "60", "Content-Encoding": "aes128gcm"}
        sent = {name: value for name, value in {**usual, **headers}.items() if value is not None}
        async with self.session.post(browser["endpoint"], data=bytes(body), headers=sent) as answer:
            return answer.status, dict(answer.headers)

    @property
    def shown(self) -> list[str]:
        return [self.town.messages[each].data["text"] for each in self.town.chats[self.account.id, self.zoe.id]]


@pytest.fixture
async def world(unused_tcp_port: int) -> AsyncIterator[World]:
    town, host = Town(), f"http://127.0.0.1:{unused_tcp_port}"
    account = town.add_account(Account("webpush", "push-1", "Stadt", key(SENDER), data={"shows": {"title": "title", "text": "text"}}))
    runner = web.AppRunner(application(town))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    async with ClientSession() as session:
        yield World(town, host, town.add_person("Zoë Beispiel"), account, session)
    await runner.cleanup()


# ── The judge ─────────────────────────────────────────────────────────────


async def judge(browser: dict[str, Any], payload: dict[str, Any], sender: Vapid02 = SENDER, **more: Any) -> Any:
    claims: Any = {"sub": "mailto:it@stadt.example"}
    return await webpush_async(browser, json.dumps(payload), vapid_private_key=sender, vapid_claims=claims, ttl=60, **more)


async def test_pywebpush_is_understood_and_understands_the_end(world: World) -> None:
    browser = await world.subscribed()
    await judge(browser, {"title": "Wochenmarkt", "text": "zieht um"})
    assert world.shown == ["*Wochenmarkt*\nzieht um"]
    async with world.session.post(f"{world.host}/_control/people/{world.zoe.id}/block", json={"account": "push-1"}) as answer:
        assert answer.status == 200
    with pytest.raises(WebPushException) as caught:
        await judge(browser, {"title": "x"})
    assert caught.value.status_code == 410


async def test_pywebpush_reads_how_long_to_wait(world: World) -> None:
    browser = await world.subscribed()
    world.account.faults.too_many, world.account.faults.retry_after = 1.0, 5.0
    with pytest.raises(WebPushException) as caught:
        await judge(browser, {"title": "x"})
    assert caught.value.status_code == 429
    assert 1 <= float(caught.value.retry_after or 0) <= 5


async def test_pywebpush_with_another_key_is_refused(world: World) -> None:
    with pytest.raises(WebPushException) as caught:
        await judge(await world.subscribed(), {"title": "x"}, STRANGER)
    assert caught.value.status_code == 403


def test_the_double_decrypts_what_another_library_encrypted() -> None:
    own = subscribe("s", bytes(range(48)), key(SENDER))
    sender = ec.generate_private_key(ec.SECP256R1())
    theirs = {"dh": unlettered(own["p256dh"]), "auth_secret": unlettered(own["auth"])}
    body = http_ece.encrypt("Grüße".encode(), private_key=sender, version="aes128gcm", **theirs)
    assert opened(body, bytes.fromhex(own["own"]), unlettered(own["auth"])) == "Grüße".encode()


def test_the_example_of_the_standard_is_read() -> None:
    """RFC 8291, appendix A."""
    body = unlettered(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    own = unlettered("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
    assert opened(body, own, unlettered("BTBZMqHH6r4Tts7J_aSIgg")) == b"When I grow up, I want to be a watermelon"


# ── The service ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"TTL": None}, 400),
        ({"TTL": "bald"}, 400),
        ({"TTL": "-1"}, 400),
        ({"Urgency": "high"}, 201),
        ({"Urgency": "sofort"}, 400),
        ({"Topic": "a" * 32}, 201),
        ({"Topic": "a" * 33}, 400),
        ({"Topic": "a b"}, 400),
        ({"Content-Encoding": None}, 400),
        ({"Content-Encoding": "aesgcm"}, 400),
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": "vapid t=a.b.c, k=AAAA"}, 403),
    ],
)
async def test_headers_are_held_against_the_standard(world: World, headers: dict[str, str | None], status: int) -> None:
    assert (await world.post(await world.subscribed(), **headers))[0] == status


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://anderswo.example"},
        {"exp": 1},
        {"exp": int(time.time()) + 90_000},
        {"sub": "it"},
    ],
)
async def test_a_token_that_says_something_wrong_is_refused(world: World, claims: dict[str, Any]) -> None:
    usual = {"aud": world.host, "exp": int(time.time()) + 600, "sub": "mailto:it@stadt.example"}
    head, body = (letters(json.dumps(part).encode()) for part in ({"alg": "ES256"}, {**usual, **claims}))
    one, other = decode_dss_signature(SENDER.private_key.sign(f"{head}.{body}".encode(), ec.ECDSA(SHA256())))
    token = f"{head}.{body}.{letters(one.to_bytes(32, 'big') + other.to_bytes(32, 'big'))}"
    status, _headers = await world.post(await world.subscribed(), Authorization=f"vapid t={token}, k={key(SENDER)}")
    assert status == 403


async def test_a_signature_of_somebody_else_is_refused(world: World) -> None:
    claims = {"aud": world.host, "exp": int(time.time()) + 600, "sub": "mailto:it@stadt.example"}
    theirs = STRANGER.sign(claims)["Authorization"].split(",")[0]
    assert (await world.post(await world.subscribed(), Authorization=f"{theirs},k={key(SENDER)}"))[0] == 403


async def test_what_is_larger_than_one_record_is_refused(world: World) -> None:
    browser = await world.subscribed()
    assert (await world.post(browser, {"text": "x" * 3960}))[0] == 201
    assert (await world.post(browser, {"text": "x" * 3990}))[0] == 413


async def test_an_unknown_subscription_is_not_found_and_an_old_one_has_ended(world: World) -> None:
    first = await world.subscribed()
    second = await world.subscribed()
    assert (await world.post({**first, "endpoint": f"{world.host}/push-dienst/gibt-es-nicht"}))[0] == 404
    assert (await world.post(first))[0] == 410
    assert (await world.post(second))[0] == 201
    async with world.session.get(second["endpoint"]) as answer:
        assert answer.status == 405


async def test_too_many_at_once_are_told_to_wait(world: World) -> None:
    browser = await world.subscribed()
    world.account.throughput = 2
    answers = await asyncio.gather(*(world.post(browser) for _ in range(6)))
    limited = [headers for status, headers in answers if status == 429]
    assert limited
    assert all(int(headers["Retry-After"]) >= 1 for headers in limited)


async def test_what_one_device_cannot_read_is_shown_to_nobody(world: World) -> None:
    browser = await world.subscribed()
    other = subscribe("x", bytes(48), key(SENDER))
    foreign = {"endpoint": browser["endpoint"], "keys": {"p256dh": other["p256dh"], "auth": other["auth"]}}
    assert (await world.post(foreign))[0] == 201
    assert world.shown == []


# ── The device ────────────────────────────────────────────────────────────


async def test_a_device_that_is_off_gets_the_newest_of_a_topic_when_it_is_on_again(world: World) -> None:
    browser = await world.subscribed()
    world.zoe.reachable = False
    await world.post(browser, {"title": "Warnung", "text": "alt"}, Topic="flut")
    await world.post(browser, {"title": "Warnung", "text": "neu"}, Topic="flut")
    await world.post(browser, {"title": "Markt"})
    await world.post(browser, {"title": "verpasst"}, TTL="0")
    assert world.shown == []
    async with world.session.post(f"{world.host}/_control/accounts/push-1/return", json={"person": world.zoe.id}) as answer:
        assert await answer.json() == {"shown": 2}
    assert world.shown == ["*Warnung*\nneu", "*Markt*"]


async def test_what_waited_too_long_is_shown_no_more(world: World) -> None:
    browser, now = await world.subscribed(), time.time()
    world.zoe.reachable = False
    await world.post(browser, TTL="60")
    world.town.clock = lambda: now + 120
    async with world.session.post(f"{world.host}/_control/accounts/push-1/return", json={"person": world.zoe.id}) as answer:
        assert await answer.json() == {"shown": 0}


async def test_one_with_the_same_tag_takes_the_place_of_the_other(world: World) -> None:
    browser = await world.subscribed()
    for text in ("eins", "zwei"):
        await world.post(browser, {"title": "T", "text": text, "tag": "a"})
    await world.post(browser, {"title": "T", "text": "drei", "tag": "b"})
    assert world.shown == ["*T*\nzwei", "*T*\ndrei"]


async def test_every_message_accepted_stands_in_the_journal_and_none_with_words(world: World) -> None:
    await world.post(await world.subscribed(), {"title": "geheim"})
    lines = list(world.town.journal.lines())
    assert len(lines) == 1
    assert "geheim" not in json.dumps(lines)


async def test_the_state_survives_a_restart(world: World, tmp_path: Any) -> None:
    await world.subscribed()
    world.town.save(tmp_path / "s.json")
    again = Town()
    again.load(tmp_path / "s.json")
    assert again.people[world.zoe.id].data == world.zoe.data
