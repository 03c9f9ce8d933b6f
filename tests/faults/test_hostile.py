"""What no provider would send, by accident or in malice (F12, F13): refused or kept, nothing falls over, nothing swells."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
import pytest
import report
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from parts import ECHO, Server, address_of, found_town, providing, running, until
from report import Outcome
from storm import UNANSWERED, message

import buergerdraht
from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import Item, Malformed, Unsigned, encode
from buergerdraht.connectors.http import Http
from buergerdraht.gateway.models import Channel

SECRET = "secret-of-the-hostile-test"
CONFIGS = {
    "whatsapp": {"phone_number_id": "106540352242922", "waba_id": "102290129340398", "access_token": "a" * 30, "app_secret": SECRET},
    "telegram": {"bot_token": f"7300000001:{'a' * 35}", "secret_token": SECRET},
}
FIXTURES = Path(buergerdraht.__file__).parent / "connectors"


def samples(kind: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((FIXTURES / kind / "fixtures").glob("*.json"))]


def signed(kind: str, body: bytes) -> dict[str, str]:
    if kind == "whatsapp":
        return {"X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}
    return {"X-Telegram-Bot-Api-Secret-Token": SECRET}


def spoilt(body: bytes, dice: random.Random) -> bytes:
    """Change a few bytes: flip, cut, double, swap, or put something strange in."""
    data = bytearray(body)
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        at = dice.randrange(len(data) or 1)
        match dice.randrange(6):
            case 0 if data:
                data[at] = dice.randrange(256)
            case 1:
                del data[at : at + dice.randrange(1, 40)]
            case 2:
                data[at:at] = data[at : at + dice.randrange(1, 60)]
            case 3:
                data[at:at] = dice.choice([b"null", b"[]", b"{}", b'"', b"-1e999", b"\xff\xfe", b"\\ud800", b"\\u0000", b"9" * 40, b"true"])
            case 4:
                data = bytearray(data.replace(dice.choice([b'"', b":", b"{", b"1"]), dice.choice([b"", b"[", b"0", b"null"]), 1))
            case _:
                data = data[:at]
    return bytes(data)


def taken(connector: object, kind: str, body: bytes) -> str:
    """Let a connector verify and parse. Returns how it ended; anything but a clean end raises."""
    try:
        connector.verify({name.lower(): value for name, value in signed(kind, body).items()}, body)  # type: ignore[attr-defined]
        items = connector.parse(body)  # type: ignore[attr-defined]
    except Malformed:
        return "malformed"
    except Unsigned:
        return "unsigned"
    assert all(isinstance(item, Item) for item in items)
    encode(items)
    return "items"


def connector_of(kind: str) -> object:
    made = registry.connector_class(kind)
    return made(made.Config.model_validate(CONFIGS[kind]), Http())


@pytest.mark.parametrize("kind", CONFIGS)
def test_spoilt_bodies_are_items_or_malformed(kind: str) -> None:
    dice, connector, ends = report.dice(f"F12 {kind}"), connector_of(kind), Counter[str]()
    good, slow, times = samples(kind), [], report.size(4_000, 300_000)
    for _ in range(times):
        body = spoilt(dice.choice(good), dice)
        began = time.perf_counter()
        ends[taken(connector, kind, body)] += 1
        slow.append(time.perf_counter() - began)
    p99 = sorted(slow)[int(times * 0.99)] * 1000
    report.record(
        Outcome(
            "F12", f"spoilt bodies against the parser of {kind}", of=times, lost=None, doubled=None,
            passes="items or malformed, never a fall; p99 < 50 ms", met=p99 < 50, more={**ends, "p99 ms": round(p99, 2)},
        )
    )  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def grafted(document: object, branches: list[tuple[int, object]]) -> object:
    """Put other values in the place of some of a document's own."""
    for at, branch in branches:
        places: list[tuple[Callable[[object], None], object]] = []
        _places(document, places)
        if places:
            places[at % len(places)][0](branch)
    return document


def _places(node: object, found: list[tuple[Callable[[object], None], object]]) -> None:
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        found.append((lambda value, key=key: node.__setitem__(key, value), node))  # type: ignore[union-attr]
        _places(node[key], found)  # type: ignore[index]


@pytest.mark.parametrize("kind", CONFIGS)
def test_valid_json_of_any_shape_is_items_or_malformed(kind: str) -> None:
    """Real events with anything in the place of anything."""
    connector, good, times = connector_of(kind), samples(kind), report.size(300, 30_000)

    @seed(report.SEED)
    @settings(max_examples=times, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(good) - 1), st.lists(st.tuples(st.integers(0, 10_000), JSON), max_size=3))
    def tried(which: int, branches: list[tuple[int, object]]) -> None:
        document = grafted(json.loads(good[which], strict=False), branches)
        taken(connector, kind, json.dumps(document).encode())

    tried()


# ── through the web process ───────────────────────────────────────────────


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    try:
        async with session.post(url, data=body, headers=headers, timeout=aiohttp.ClientTimeout(60)) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return UNANSWERED


def post_all(calls: list[tuple[str, bytes, Mapping[str, str]]], together: int = 20) -> list[int]:
    async def all_of_them() -> list[int]:
        free = asyncio.Semaphore(together)
        async with aiohttp.ClientSession() as session:

            async def one(call: tuple[str, bytes, Mapping[str, str]]) -> int:
                async with free:
                    return await _post(session, *call)

            return await asyncio.gather(*map(one, calls))

    return asyncio.run(all_of_them())


def open_channels(port: int) -> None:
    town = found_town(port)[ECHO].organisation
    for kind, config in CONFIGS.items():
        Channel.objects.create(
            organisation=town, kind=kind, name=kind, token=f"{kind}-token", state="paused", config=json.dumps({**config, "host": f"http://127.0.0.1:{port}"})
        )  # fmt: skip


@pytest.mark.slow
def test_spoilt_bodies_leave_web_and_worker_as_they_were(server: Server) -> None:
    dice, times = report.dice("F12 web"), report.size(1_500, 50_000)
    with providing() as provider, running(server, "web", "worker") as parts:
        open_channels(provider.port)
        calls = []
        for number in range(times):
            kind = ("whatsapp", "telegram")[number % 2]
            body = spoilt(dice.choice(samples(kind)), dice)
            calls.append((f"{address_of(parts['web'])}/webhook/{kind}/{kind}-token", body, signed(kind, body)))
        warm = max(times // 5, 300)
        statuses = Counter(post_all(calls[:warm]))
        before = parts["web"].megabytes()
        statuses += Counter(post_all(calls[warm:]))
        grown = parts["web"].megabytes() / before - 1
        until(
            lambda: not server.run("select 1 from gateway_inboundevent where state = 'new' and retry_at is null limit 1"), 60 + times / 50
        )
        alive = parts["web"].alive() and parts["worker"].alive()
    report.record(
        Outcome(
            "F12", "spoilt signed bodies through web and worker", of=times, lost=None, doubled=None,
            passes="no 5xx, nothing falls, memory < +5 %", met=set(statuses) <= {200, 400} and alive and grown < 0.05,
            more={**{str(status): count for status, count in sorted(statuses.items())}, "memory": f"{grown:+.1%}"},
        )
    )  # fmt: skip


def slow_connections(address: str, many: int) -> list[socket.socket]:
    """Open connections that never finish a request: half of them in the head, half in the body."""
    host, _, port = address.removeprefix("http://").partition(":")
    head = f"POST /webhook/{ECHO}/{ECHO}-token HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5000\r\n".encode()
    found = []
    for number in range(many):
        opened = socket.create_connection((host, int(port)), timeout=10)
        opened.sendall(head if number % 2 else head + b"\r\n[")
        opened.setblocking(False)
        found.append(opened)
    return found


def ended(opened: socket.socket) -> bool:
    """The other side has answered or hung up."""
    try:
        opened.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.slow
def test_attacks_are_refused_and_cost_little(server: Server) -> None:
    """Unsigned, forged, giant, deep, and a thousand that dawdle, while citizens go on writing."""
    with providing() as provider, running(server, "web") as parts:
        open_channels(provider.port)
        address = address_of(parts["web"])
        post_all([(f"{address}/webhook/{ECHO}/{ECHO}-token", message(number), good(message(number))) for number in range(300)])
        before, most = parts["web"].megabytes(), 0.0
        dawdling = slow_connections(address, 1_000)
        began = time.monotonic()
        forged = Counter(post_all(forgeries(address, report.size(200, 5_000))))
        giants = Counter(post_all([(f"{address}/webhook/whatsapp/whatsapp-token", b" " * 100_000_000, {})] * 3, together=1))
        deep = [nested(kind, 100_000) for kind in CONFIGS] * 3
        deepest = Counter(post_all([(f"{address}/webhook/{kind}/{kind}-token", body, signed(kind, body)) for kind, body in deep]))
        most = max(most, parts["web"].megabytes())
        times = citizens(address, 100)
        until(lambda: sum(map(ended, dawdling)) >= len(dawdling), 45, "hanging up on those who dawdle")
        hung_up = time.monotonic() - began
        most = max(most, parts["web"].megabytes())
        for opened in dawdling:
            opened.close()
        alive = parts["web"].alive()
    report.record(
        Outcome(
            "F13", "forged, giant, deep, and 1,000 slow connections", of=sum(forged.values()) + 3 + len(deep) + 1_000,
            lost=None, doubled=None, recovery=hung_up, passes="all refused, citizens served meanwhile, memory < +50 MB",
            met=set(forged) == {401} and set(giants) <= {413, UNANSWERED} and set(deepest) <= {200, 400} and most - before < 50 and alive
            and set(times) == {200},
            more={"memory": f"{most - before:+.0f} MB", "slowest citizen": f"{max(times.values()):.2f} s",
                  "giants": dict(giants), "deep": dict(deepest)},
        )
    )  # fmt: skip


def good(body: bytes) -> dict[str, str]:
    import wire

    return {"X-Signature": wire.sign(body)}


def forgeries(address: str, many: int) -> list[tuple[str, bytes, Mapping[str, str]]]:
    """Without a signature, with another's, with that of another body."""
    calls: list[tuple[str, bytes, Mapping[str, str]]] = []
    for number in range(many):
        kind = ("whatsapp", "telegram")[number % 2]
        body = samples(kind)[number % len(samples(kind))]
        wrong = {"X-Hub-Signature-256": "sha256=" + "0" * 64, "X-Telegram-Bot-Api-Secret-Token": "guess"}
        another = signed("whatsapp", body + b" ") if kind == "whatsapp" else {"X-Telegram-Bot-Api-Secret-Token": SECRET[:-1]}
        calls.append((f"{address}/webhook/{kind}/{kind}-token", body, ({}, wrong, another)[number % 3]))
    return calls


def nested(kind: str, depth: int) -> tuple[str, bytes]:
    return kind, b'{"entry":' + b"[" * depth + b"]" * depth + b"}"


def citizens(address: str, many: int) -> dict[int, float]:
    """Write as citizens do. Returns the slowest answer per status."""
    slowest: dict[int, float] = {}
    for number in range(many):
        body = message(f"meanwhile-{number}")
        began = time.monotonic()
        (status,) = post_all([(f"{address}/webhook/{ECHO}/{ECHO}-token", body, good(body))])
        slowest[status] = max(slowest.get(status, 0.0), time.monotonic() - began)
    return slowest
