"""A provider that does what a test tells it, as a connector. Not a test itself."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel

from buergerdraht.connectors.called import Answer, Called
from buergerdraht.connectors.contract import (
    Content,
    Files,
    Health,
    Item,
    Limits,
    Malformed,
    Part,
    Plan,
    Ref,
    Sent,
    Shown,
    Template,
    Unsigned,
)  # fmt: skip
from buergerdraht.connectors.usual import Usual


@dataclass
class Provider:
    """What the provider saw, and what it shall do."""

    calls: list[tuple[float, str, str, str]] = field(default_factory=list)  # when, address, text, token
    accepted: list[tuple[str, str]] = field(default_factory=list)
    flying: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    most_flying: int = 0
    fail: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))  # address or "*" -> raised before acceptance
    reset: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))  # raised after acceptance
    latency: float = 0.0
    acknowledged: list[str] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)

    def texts(self, address: str = "") -> list[str]:
        return [text for to, text in self.accepted if not address or to == address]


provider = Provider()


class Double(Usual):
    """Signs with HMAC, parses lists of items, sends each line of a text as a part of its own."""

    class Config(BaseModel):
        secret: str = "s3cret"

    kind: ClassVar[str] = "double"
    title: ClassVar[str] = "Double"
    mark: ClassVar[str] = "DO"
    limits = Limits(text=4096, caption=1024, buttons=3, button_title=20, rate=500.0, pair_interval=0.0)

    def __init__(self, config: Config, http: Any) -> None:
        self.config = config

    def handshake(self, called: Called) -> Answer | None:
        return Answer(body=called.query["challenge"]) if called.query.get("token") == self.config.secret else Answer(status=403)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if not hmac.compare_digest(headers.get("x-signature", ""), sign(body, self.config.secret)):
            raise Unsigned

    def parse(self, body: bytes) -> list[Item]:
        try:
            return msgspec.json.decode(body, type=list[Item])
        except msgspec.DecodeError as problem:
            raise Malformed("not a list of items") from problem

    def plan(self, content: Content) -> Plan:
        if content.text == "poison":
            raise ValueError(content.text)
        return Plan(parts=[Part(method="send", body={"text": line}, shows=Shown(html=line)) for line in content.text.split("\n")])

    def link(self, start: str, text: str) -> str:
        return ""

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        text = str(part.body["text"])
        provider.calls.append((time.monotonic(), address, text, token))
        provider.flying[address] += 1
        provider.most_flying = max(provider.most_flying, provider.flying[address])
        try:
            if provider.latency:
                await asyncio.sleep(provider.latency)
            for key in (f"{address}:{text}", address, "*"):
                if provider.fail[key]:
                    raise provider.fail[key].pop(0)
            provider.accepted.append((address, text))
            for key in (f"{address}:{text}", address, "*"):
                if provider.reset[key]:
                    raise provider.reset[key].pop(0)
            return Sent(external_id=f"ext-{token}-{len(provider.calls)}")
        finally:
            provider.flying[address] -= 1

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None: ...

    async def acknowledge(self, callback: str) -> None:
        provider.acknowledged.append(callback)

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        found = provider.files[ref.external_id]
        if isinstance(found, list):
            found = found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found, ref.mime

    async def templates(self) -> list[Template]:
        return []

    async def activate(self, webhook_url: str) -> None: ...

    async def check(self) -> Health:
        return Health(ok=True)

    def receive(self) -> AsyncIterator[list[Item]]:
        raise NotImplementedError


class Echoing(Double):
    """Receipts carry our token."""

    kind: ClassVar[str] = "echoing"
    limits = Limits(text=4096, caption=1024, buttons=3, button_title=20, rate=500.0, echoes_token=True, delivered=True, read=True)


class Streaming(Double):
    """Tells who listens what the test puts into `told`, and forgets what it told nobody. Counts who began to listen."""

    kind: ClassVar[str] = "streaming"
    streams: ClassVar[bool] = True
    told: ClassVar[list[Item]] = []
    listeners: ClassVar[list[float]] = []

    async def receive(self) -> AsyncIterator[list[Item]]:
        self.listeners.append(time.monotonic())
        while True:
            if self.told:
                yield [self.told.pop(0)]
            await asyncio.sleep(0.02)


def sign(body: bytes, secret: str = "s3cret") -> str:  # noqa: S107
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def body_of(*events: Any) -> bytes:
    return json.dumps([{"event": msgspec.to_builtins(event)} for event in events]).encode()
