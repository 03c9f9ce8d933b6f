"""What people on Messenger and Instagram are called: asked of Meta once, where the authority wants it, and kept sealed.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/identity/user-profile
https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/user-profile
A webhook names nobody. Only the name is asked for: no picture, no place, no number of followers. A name is a courtesy, so nothing waits for
one that is refused or does not come.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from buergerdraht.connectors.contract import ChannelBroken, Item, Received, SendError, Temporary
from buergerdraht.connectors.graph_calls import Graph
from buergerdraht.connectors.learned import Learned
from buergerdraht.connectors.wire import text

AGAIN_SECONDS = 3600.0  # until somebody is asked for whose name could not be told just now
MOST_ASKED = 10_000
LONGEST = 80
_AT_ONCE = 8


class Named(msgspec.Struct, frozen=True):
    name: str = ""
    handle: str = ""


class People:
    """The names that one account knows, shared with other processes by files."""

    def __init__(self, secret: bytes) -> None:
        self._learned = Learned(b"graph people" + secret)
        self._asked: dict[str, float] = {}

    def named(self, address: str) -> Named | None:
        """How somebody is called, perhaps by nothing; None: nobody has asked."""
        known = self._learned.get(address)
        if known is not None:
            return msgspec.json.decode(known, type=Named)
        return Named() if time.monotonic() < self._asked.get(address, 0.0) else None

    def note(self, address: str, found: Named) -> None:
        self._learned.pin(address, msgspec.json.encode(found))

    def later(self, address: str) -> None:
        """Nobody told just now: go on without, and ask again after a while."""
        if len(self._asked) > MOST_ASKED:
            self._asked.clear()
        self._asked[address] = time.monotonic() + AGAIN_SECONDS

    def forget(self, address: str) -> None:
        self._learned.forget(address)


@lru_cache(maxsize=256)
def people(secret: str) -> People:
    return People(secret.encode())


def writers(items: Sequence[Item]) -> set[str]:
    return {item.event.sender.address for item in items if isinstance(item.event, Received)}


def with_names(items: Sequence[Item], known: People) -> list[Item]:
    """Put names where they are known."""
    return [_with_name(item, known) for item in items]


def _with_name(item: Item, known: People) -> Item:
    event = item.event
    if not isinstance(event, Received) or not (found := known.named(event.sender.address)):
        return item
    sender = msgspec.structs.replace(event.sender, name=found.name, handle=found.handle)
    return msgspec.structs.replace(item, event=msgspec.structs.replace(event, sender=sender))


async def ask(graph: Graph, fields: str, addresses: Collection[str], known: People) -> None:
    """Ask Meta what people are called."""
    seats = asyncio.Semaphore(_AT_ONCE)

    async def one(address: str) -> None:
        async with seats:
            try:
                known.note(address, _read(await graph.get(address, "profile", fields=fields)))
            except (Temporary, ChannelBroken):  # away, or we may not ask: that can change
                known.later(address)
            except SendError:  # they have no profile that could be shown
                known.note(address, Named())

    await asyncio.gather(*(one(address) for address in addresses if address.isdigit()))


def _read(told: Mapping[str, Any]) -> Named:
    name = text(told.get("name")) or " ".join(word for word in (text(told.get("first_name")), text(told.get("last_name"))) if word)
    handle = text(told.get("username"))
    return Named(" ".join(name.split())[:LONGEST], f"@{handle}"[:LONGEST] if handle else "")
