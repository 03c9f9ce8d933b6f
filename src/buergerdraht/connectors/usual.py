"""What most providers have: a connector inherits `Usual`, and says only what its own does otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar, Literal

from buergerdraht.connectors.applicants import Applicant
from buergerdraht.connectors.called import Answer, Called
from buergerdraht.connectors.contract import Content, Item, Limits, Malformed, Ref, Rejected, Template, Unsigned


class Usual:
    """What most providers have: inherit it, and say only what yours does otherwise."""

    hue: ClassVar[str] = "neutral"
    reach: ClassVar[Literal["people", "public"]] = "people"
    hears: ClassVar[bool] = True
    by_hand: ClassVar[bool] = False
    lasting: ClassVar[bool] = True
    streams: ClassVar[bool] = False
    hooked: ClassVar[bool] = True
    taken: str = ""
    applicants: ClassVar[Sequence[Applicant]] = ()
    limits: Limits

    def enclose(self, called: Called) -> bytes | None:
        return called.body if called.method == "POST" and not called.tail else None

    def handshake(self, called: Called) -> Answer | None:
        return None

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        raise Unsigned

    def parse(self, body: bytes) -> list[Item]:
        raise Malformed("this provider calls no webhook")

    async def learn(self, bodies: Sequence[bytes]) -> None:
        return None

    def forget(self, addresses: Sequence[str]) -> None:
        return None

    async def leave(self, addresses: Sequence[str]) -> None:
        return None

    def room(self, content: Content) -> tuple[int, int]:
        return len(content.title) + len(content.text), self.limits.caption if content.media else self.limits.text

    async def permalink(self, external_id: str) -> str:
        return ""

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None:
        return None

    async def acknowledge(self, callback: str) -> None:
        return None

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        raise Rejected("media_refused", "no files here")

    async def templates(self) -> list[Template]:
        return []

    async def activate(self, webhook_url: str) -> None:
        return None

    def handout(self, webhook_url: str) -> tuple[str, str]:
        return "", ""

    async def receive(self) -> AsyncIterator[list[Item]]:
        return
        yield []
