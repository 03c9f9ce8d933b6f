"""A call of our webhook, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """A call of our webhook. `tail` is the path below the channel's own address, "" for that itself."""

    method: str
    tail: str = ""
    query: Mapping[str, str] = {}
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the webhook answers a GET, e.g. the handshake's challenge."""

    status: int = 200
    body: str = ""
    mime: str = "text/plain; charset=utf-8"
