"""Write what the engine intends and learns, in groups: while one group commits, the next one gathers.

A record is kept until it is committed, whatever happens to the database; who must not go on before awaits it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor

from buergerdraht.connectors.contract import Gone, encode
from buergerdraht.gateway.database import conninfo, steady
from buergerdraht.gateway.engine.claim import SQL, Letter, array
from buergerdraht.gateway.engine.decide import Decision
from buergerdraht.gateway.queries import queries

log = logging.getLogger("buergerdraht.engine")
RECEIPTS = queries(Path(__file__).parent.parent / "receipts.sql")
LARGEST_GROUP = 500
ENOUGH = 48  # records in a group; fewer wait a moment for others, because a commit costs as much as ten of them
GATHER_SECONDS = 0.012  # since the group before; who comes after a silence waits for nobody
TELL_SECONDS = 1.0
MOST_LINES = 1_000
SLOW_SECONDS = 0.5
SEPARATOR = "\x1f"  # between texts of an array; stands in no id


@dataclass(slots=True, eq=False)
class Record:
    done: asyncio.Future[bool]


@dataclass(slots=True, eq=False)
class Claim(Record):
    letter: Letter
    total: int


@dataclass(slots=True, eq=False)
class Accepted(Record):
    letter: Letter
    channel: int
    position: int
    external_id: str
    finished: bool


@dataclass(slots=True, eq=False)
class Decided(Record):
    letter: Letter
    decision: Decision
    delay: float
    details: str


@dataclass(slots=True, eq=False)
class Found(Record):
    """An event our own sender found."""

    channel: int
    event: Gone


@dataclass(frozen=True, slots=True)
class Call:
    """What a line of the traffic log tells; calls alike share one."""

    channel: int
    what: str
    status: int
    reason: str


@dataclass(slots=True)
class Ledger:
    engine: str
    connection: AsyncConnection[Any] | None = None  # its own, so that writing never waits for a place in the pool
    queue: list[Record] = field(default_factory=list)
    calls: dict[Call, list[int]] = field(default_factory=dict)  # how many, and their milliseconds together
    batches: set[tuple[int, int]] = field(default_factory=set)  # organisation and batch, to be told
    told_at: float = 0.0
    more: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False
    limit: int = LARGEST_GROUP
    slow: bool = False  # the last group took suspiciously long
    wrote_at: float = 0.0  # when the last group began to be written

    async def claim(self, letter: Letter, total: int) -> bool:
        """Commit the intent. False: it was stopped, held or taken meanwhile."""
        return await self._add(Claim(_future(), letter, total))

    async def accepted(self, letter: Letter, channel: int, position: int, external_id: str) -> None:
        finished = len(letter.done) >= letter.parts_total
        await self._add(Accepted(_future(), letter, channel, position, external_id, finished))

    async def decided(self, letter: Letter, decision: Decision, *, delay: float, details: str) -> None:
        await self._add(Decided(_future(), letter, decision, delay, details))

    async def found(self, channel: int, event: Gone) -> None:
        await self._add(Found(_future(), channel, event))

    def called(self, call: Call, milliseconds: int) -> None:
        """Note a call for the traffic log; written once a second, never waited for."""
        line = self.calls.get(call)
        if line is not None:
            line[0] += 1
            line[1] += milliseconds
        elif len(self.calls) < MOST_LINES:
            self.calls[call] = [1, milliseconds]

    async def _add(self, record: Record) -> bool:
        self.queue.append(record)
        self.more.set()
        return await record.done

    async def run(self) -> None:
        """Write until closed and empty."""
        pause = 0.1
        while self.queue or not self.closing:
            if not self.queue:
                await self._rest()
                continue
            await self._gather()
            group, self.queue = self.queue[: self.limit], self.queue[self.limit :]
            try:
                results = await self._write(group)
            except psycopg.OperationalError as problem:
                log.warning("ledger.retry group=%s problem=%s", len(group), type(problem).__name__)
                await self._close()
                self.queue[:0] = group
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
                continue
            except psycopg.Error as problem:
                self.queue[:0] = self._smaller(group, problem)
                continue
            pause, self.limit = 0.1, min(2 * self.limit, LARGEST_GROUP)
            for record in group:
                if not record.done.done():
                    record.done.set_result(results.get(id(record), True))
        self.told_at = 0.0
        await self._add_nothing()
        await self._close()

    def _smaller(self, group: list[Record], problem: psycopg.Error) -> list[Record]:
        """One bad record must not hold up the others: halve the group, and leave out what fails alone."""
        if len(group) > 1:
            log.warning("ledger.apart group=%s problem=%s", len(group), type(problem).__name__)
            self.limit = max(len(group) // 2, 1)
            return group
        self.limit = LARGEST_GROUP
        record = group[0]
        log.error("ledger.refused record=%s problem=%s", type(record).__name__, type(problem).__name__)
        if isinstance(record, Accepted) and record.external_id:
            record.external_id = ""  # an id the provider gave twice: the letter is accepted all the same
            return [record]
        if not record.done.done():
            record.done.set_exception(problem)
        return []

    async def _rest(self) -> None:
        self.more.clear()
        try:
            await asyncio.wait_for(self.more.wait(), TELL_SECONDS)
        except TimeoutError:
            if self.calls or self.batches:
                await self._add_nothing()

    async def _gather(self) -> None:
        rest = self.wrote_at + GATHER_SECONDS - time.monotonic()
        if rest > 0 and len(self.queue) < ENOUGH and not self.closing:
            await asyncio.sleep(rest)

    async def _add_nothing(self) -> None:
        """Write the traffic log and tell what is left to tell."""
        try:
            await self._write([])
        except psycopg.Error as problem:
            await self._close()
            log.warning("ledger.retry group=0 problem=%s", type(problem).__name__)

    async def _opened(self) -> AsyncConnection[Any]:
        if self.connection is None or self.connection.closed:
            self.connection = await AsyncConnection.connect(conninfo("buergerdraht engine ledger"))
            await steady(self.connection)
        return self.connection

    async def _close(self) -> None:
        if self.connection is not None:
            with suppress(psycopg.Error):
                await self.connection.close()
            self.connection = None

    async def _write(self, group: Sequence[Record]) -> dict[int, bool]:
        """Write a group in one transaction, its statements sent without waiting for each other."""
        began = self.wrote_at = time.monotonic()
        tell = began - self.told_at >= TELL_SECONDS
        calls, batches = (self.calls, self.batches) if tell else ({}, set())
        if tell:
            self.calls, self.batches, self.told_at = {}, set(), began
        ids = sorted({record.letter.id for record in group if isinstance(record, Accepted | Decided)})
        claims = [record for record in group if isinstance(record, Claim)]
        connection = await self._opened()
        async with connection.pipeline(), connection.transaction():
            if ids:
                await connection.execute(SQL["lock"], {"ids": array(ids)})
            claimed = await self._write_claims(connection, claims)
            await self._write_decided(connection, [record for record in group if isinstance(record, Decided)])
            await _write_found(connection, [record for record in group if isinstance(record, Found)])
            await _write_calls(connection, calls)
            for organisation, batch in batches:
                await _tell(connection, organisation, "broadcast", broadcast=batch)
            await self._write_accepted(connection, [record for record in group if isinstance(record, Accepted)])
            taken = {row[0] for row in await claimed.fetchall()} if claimed else set()
        self.slow = self.slow or time.monotonic() - began > SLOW_SECONDS
        return {id(record): record.letter.id in taken for record in claims}

    async def _write_claims(self, connection: AsyncConnection[Any], records: Sequence[Claim]) -> AsyncCursor[Any] | None:
        if not records:
            return None
        parameters = {
            "engine": self.engine,
            "ids": array(record.letter.id for record in records),
            "totals": array(record.total for record in records),
        }
        return await connection.execute(SQL["claim"], parameters)

    async def _write_accepted(self, connection: AsyncConnection[Any], records: Sequence[Accepted]) -> None:
        if not records:
            return
        added = await connection.execute(
            SQL["add_parts"],
            {
                "outbounds": array(record.letter.id for record in records),
                "channels": array(record.channel for record in records),
                "positions": array(record.position for record in records),
                "externals": SEPARATOR.join(record.external_id.replace(SEPARATOR, "") for record in records),
            },
        )
        dones: dict[int, int] = {}
        for record in records:
            dones[record.letter.id] = max(dones.get(record.letter.id, 0), len(record.letter.done))
        await connection.execute(SQL["advance"], {"ids": array(dones), "dones": array(dones.values())})
        await self._told(connection, [record.letter for record in records if record.finished])
        if ahead := sorted({row[0] for row in await added.fetchall() if row[1]}):  # a receipt was faster than the answer
            await connection.execute(RECEIPTS["recompute"], {"ids": ahead})

    async def _write_decided(self, connection: AsyncConnection[Any], records: Sequence[Decided]) -> None:
        if not records:
            return
        await connection.execute(
            SQL["decide"],
            {
                "engine": self.engine,
                "ids": [record.letter.id for record in records],
                "states": [record.decision.state for record in records],
                "reasons": [record.decision.reason for record in records],
                "details": [record.details[:500].replace("\0", "") for record in records],
                "burned": [int(record.decision.burns) for record in records],
                "delays": [float(record.delay) for record in records],
                "turned": [record.decision.turns for record in records],
            },
        )
        await connection.execute(RECEIPTS["recompute"], {"ids": sorted(record.letter.id for record in records)})
        await self._told(connection, [record.letter for record in records])

    async def _told(self, connection: AsyncConnection[Any], letters: Sequence[Letter]) -> None:
        """Tell open pages: single letters at once, batches at most once a second."""
        for letter in letters:
            if letter.batch is None:
                await _tell(connection, letter.organisation_id, "receipt", outbound=letter.id)
            else:
                self.batches.add((letter.organisation_id, letter.batch))


def _future() -> asyncio.Future[bool]:
    return asyncio.get_running_loop().create_future()


async def _write_found(connection: AsyncConnection[Any], records: Sequence[Found]) -> None:
    if not records:
        return
    await connection.execute(
        SQL["add_event"],
        {
            "channels": [record.channel for record in records],
            "sources": ["engine"] * len(records),
            "bodies": [encode(record.event) for record in records],
        },
    )
    await connection.execute("select pg_notify('inbound', '')")


async def _write_calls(connection: AsyncConnection[Any], calls: Mapping[Call, Sequence[int]]) -> None:
    if not calls:
        return
    await connection.execute(
        SQL["add_traffic"],
        {
            "channels": [call.channel for call in calls],
            "whats": [call.what[:60] for call in calls],
            "counts": [count for count, _ in calls.values()],
            "statuses": [str(call.status or "–") for call in calls],
            "ms": [milliseconds // count for count, milliseconds in calls.values()],
            "reasons": [call.reason[:500] for call in calls],
        },
    )


async def _tell(connection: AsyncConnection[Any], organisation: int, topic: str, **values: int) -> None:
    payload = json.dumps({"o": organisation, "t": topic, "v": values}, separators=(",", ":"))
    await connection.execute("select pg_notify('live', %s)", [payload])
