"""A provider on a real socket that loses its temper, and the connectors that speak to it. Run as a program it is an engine.

It keeps its own count of what it accepted, so that the ledger can be compared with somebody who shares none of its code.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

import aiohttp
import msgspec
from aiohttp import web
from pydantic import BaseModel

from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import (
    Content,
    Files,
    Health,
    Item,
    Limits,
    Malformed,
    Part,
    Plan,
    Receipt,
    ReceiptState,
    Ref,
    Sent,
    Shown,
    Template,
    Temporary,
    Unsigned,
    to_json,
)  # fmt: skip
from buergerdraht.connectors.http import Call, Http
from buergerdraht.connectors.usual import Usual

SECRET = b"wire"


def register() -> None:
    registry.CONNECTORS["wire"] = f"{__name__}.Wire"
    registry.CONNECTORS["wire_echo"] = f"{__name__}.EchoWire"


class Wire(Usual):
    """No receipts: nothing settles a doubt."""

    class Config(BaseModel):
        url: str = ""

    kind: ClassVar[str] = "wire"
    title: ClassVar[str] = "Wire"
    mark: ClassVar[str] = "WI"
    limits = Limits(text=4096, caption=1024, buttons=3, button_title=20, rate=150.0)

    def __init__(self, config: Config, http: Http) -> None:
        self.config = config
        self.http = http

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if not hmac.compare_digest(headers.get("x-signature", ""), sign(body)):
            raise Unsigned

    def parse(self, body: bytes) -> list[Item]:
        try:
            return msgspec.json.decode(body, type=list[Item])
        except msgspec.DecodeError as problem:
            raise Malformed("not a list of items") from problem

    def plan(self, content: Content) -> Plan:
        return Plan(parts=[Part(method="send", body={"text": line}, shows=Shown(html=line)) for line in content.text.split("\n")])

    def link(self, start: str, text: str) -> str:
        return ""

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        what = {"to": address, "text": part.body["text"], "token": token}
        answered = await self.http.call(Call("POST", f"{self.config.url}/{self.kind}/send", "send", json=what, seconds=10))
        if answered.status == 429:
            raise Temporary("rate_limit", retry_after=answered.retry_after, limit=True, scope="channel")
        if answered.status >= 500:
            raise Temporary("unavailable")
        return Sent(external_id=answered.json()["id"])

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None: ...

    async def acknowledge(self, callback: str) -> None: ...

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        raise Temporary

    async def templates(self) -> list[Template]:
        return []

    async def activate(self, webhook_url: str) -> None: ...

    async def check(self) -> Health:
        return Health(ok=True)

    def receive(self) -> AsyncIterator[list[Item]]:
        raise NotImplementedError


class EchoWire(Wire):
    """Receipts carry our token."""

    kind: ClassVar[str] = "wire_echo"
    limits = Limits(text=4096, caption=1024, buttons=3, button_title=20, rate=250.0, echoes_token=True, delivered=True, read=True)


def sign(body: bytes) -> str:
    return hmac.new(SECRET, body, hashlib.sha256).hexdigest()


@dataclass
class Faults:
    """Shares of calls that go wrong, by a seed, so that a failure can be replayed."""

    seed: int = 7
    reset_after_acceptance: float = 0.0
    server_error: float = 0.0
    too_many: float = 0.0
    duplicates: float = 0.0
    latency: float = 0.02


@dataclass
class Provider:
    """The server in a thread of its own."""

    faults: Faults
    webhook: str = ""
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)  # address and text -> how often
    tokens: dict[str, str] = field(default_factory=dict)  # external id -> token
    reported: dict[str, str] = field(default_factory=dict)  # external id -> highest state told
    limited: int = 0
    port: int = 0
    receipts: list[bytes] = field(default_factory=list)
    working: int = 0
    undelivered: int = 0

    def start(self) -> None:
        self.dice = random.Random(self.faults.seed)
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        app = web.Application()
        app.router.add_post("/{kind}/send", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self.stopping = asyncio.Event()
        telling = asyncio.create_task(self._tell())
        ready.set()
        await self.stopping.wait()
        telling.cancel()
        await runner.cleanup()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(10)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        what = await request.json()
        await asyncio.sleep(self.faults.latency)
        chance = self.dice.random()
        if chance < self.faults.too_many:
            self.limited += 1
            return web.json_response({}, status=429, headers={"Retry-After": "0.3"})
        if chance < self.faults.too_many + self.faults.server_error:
            return web.json_response({}, status=503)
        self.accepted[what["to"], what["text"]] += 1
        number = f"ext{sum(self.accepted.values())}"
        if request.match_info["kind"] == "wire_echo":
            self.tokens[number] = what["token"]
            self.loop.call_later(self.dice.uniform(0.0, 0.6), self._report, number)
        if self.dice.random() < self.faults.reset_after_acceptance:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"id": number})

    def _report(self, number: str) -> None:
        """Tell sent, delivered and perhaps read: doubled now and then, and in any order."""
        states = [ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ][: self.dice.choice([2, 3])]
        self.reported[number] = str(states[-1])
        self.dice.shuffle(states)
        for state in states:
            for _ in range(2 if self.dice.random() < self.faults.duplicates else 1):
                receipt = Receipt(external_id=number, state=state, at=datetime.now(UTC), token=self.tokens[number])
                self.receipts.append(json.dumps({"event": to_json(receipt)}).encode())

    async def _tell(self) -> None:
        """Deliver receipts to the webhook, some together, until it says 200."""
        async with aiohttp.ClientSession() as session:
            while True:
                await asyncio.sleep(0.02)
                if not self.webhook:
                    continue
                while self.receipts:
                    group, self.receipts = self.receipts[:20], self.receipts[20:]
                    self.working += 1
                    body = b"[" + b",".join(group) + b"]"
                    async with session.post(self.webhook, data=body, headers={"X-Signature": sign(body)}) as answer:
                        if answer.status != 200:
                            self.undelivered += 1
                            self.receipts[:0] = group
                    self.working -= 1


if __name__ == "__main__":
    import os
    import signal

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buergerdraht.settings")
    import django

    django.setup()
    sys.modules["wire"] = sys.modules["__main__"]
    registry.CONNECTORS["wire"], registry.CONNECTORS["wire_echo"] = "wire.Wire", "wire.EchoWire"
    from buergerdraht.gateway import engine

    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await engine.run(stop)

    asyncio.run(main())
