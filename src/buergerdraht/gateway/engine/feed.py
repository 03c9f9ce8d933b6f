"""Pick the next letters of all channels of an engine together: one query serves hundreds of small towns as cheaply as one large.

A runner that runs dry asks; what it gets is only looked at, not taken: the claim comes right before the call.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from logging import ERROR, WARNING
from typing import Protocol

import psycopg

from buergerdraht.connectors.contract import Content
from buergerdraht.gateway.engine import claim
from buergerdraht.gateway.engine.claim import SQL, Letter, Pool, Wanted
from buergerdraht.gateway.engine.records import Ledger

log = logging.getLogger("buergerdraht.engine")
PAUSE_SECONDS = 0.02  # at most so often; who asks meanwhile is served together
AGAIN_SECONDS = 0.5
SLOW_SECONDS = 0.3
ANALYSE_SECONDS = 30.0
CLASSES = (8, 64)  # runners that want about as many letters are served by one query


class Hungry(Protocol):
    """A runner, as the feed sees it."""

    channel: int

    def wish(self, now: float) -> Wanted | None:
        """What it would like, if anything."""

    def unplanned(self, letters: Sequence[Letter]) -> set[int]:
        """Ids of contents it has not seen yet."""

    def take(self, letters: Sequence[Letter], contents: dict[int, Content | None], wanted: Wanted) -> None: ...


@dataclass(slots=True)
class Feed:
    pool: Pool
    ledger: Ledger
    runners: dict[int, Hungry] = field(default_factory=dict)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    analysed_at: float = -1000.0

    async def run(self) -> None:
        """Serve whoever asks, until cancelled."""
        while True:
            await self.asked.wait()
            self.asked.clear()
            try:
                await self._serve()
            except Exception as problem:  # the database is away, or a mistake of ours: nobody goes without letters for it
                log.log(WARNING if isinstance(problem, psycopg.Error) else ERROR, "feed.retry problem=%s", type(problem).__name__)
                await asyncio.sleep(AGAIN_SECONDS)
                self.asked.set()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _serve(self) -> None:
        now = time.monotonic()
        wishes = [wish for runner in self.runners.values() if (wish := runner.wish(now))]
        for _, group in groupby(sorted(wishes, key=_class), key=_class):
            await self._pick(list(group))

    async def _pick(self, wishes: Sequence[Wanted]) -> None:
        began = time.monotonic()
        letters = await claim.pick(self.pool, wishes)
        if self.ledger.slow or time.monotonic() - began > SLOW_SECONDS:
            await self._refresh_statistics()
        found: dict[int, list[Letter]] = {wish.channel: [] for wish in wishes}
        for letter in letters:
            found[letter.channel_id].append(letter)
        served = [(wish, runner, found[wish.channel]) for wish in wishes if (runner := self.runners.get(wish.channel))]
        missing = {number for _, runner, mine in served for number in runner.unplanned(mine)}
        contents = await claim.contents(self.pool, missing) if missing else {}
        for wish, runner, mine in served:
            runner.take(mine, contents, wish)

    async def _refresh_statistics(self) -> None:
        """A table that grew from empty to large within minutes is misjudged by PostgreSQL until it has looked at it again."""
        now = time.monotonic()
        self.ledger.slow = False
        if now - self.analysed_at > ANALYSE_SECONDS:
            self.analysed_at = now
            async with self.pool.connection() as connection:
                await connection.execute(SQL["refresh_statistics"])


def _class(wish: Wanted) -> int:
    return next((size for size in CLASSES if wish.limit <= size), wish.limit)
