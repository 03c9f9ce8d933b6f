"""Who owns which channel: advisory locks on one connection per engine, spread evenly over the engines that live.

The connection is silent but for a look twice a second, so that PostgreSQL notices after `GONE_SECONDS` without a word that its host
is cut off, frees the locks, and the next look of another engine takes the channels. A lock keeps limits; that nothing is sent twice
rests on the rows, and on the lease: an engine that could not confirm its locks for `LEASE_SECONDS` starts no call.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row

from buergerdraht.gateway.database import GONE_SECONDS, conninfo, steady
from buergerdraht.gateway.engine.claim import Orphan, Pool
from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).with_name("ownership.sql"))
OWNING, LIVING, TAKING = 0x62640001, 0x62640003, 0x62640004  # first halves of the advisory locks; the second: channel or engine
LOCKS = {"owning": OWNING, "living": LIVING, "taking": TAKING}
LEASE_SECONDS = GONE_SECONDS - 1.0


@dataclass(frozen=True, slots=True)
class Name:
    """An engine's number, and the name it writes into rows it claims; its last eight signs are the number."""

    number: int = field(default_factory=lambda: secrets.randbits(31))

    def __str__(self) -> str:
        return f"{self.place}:{self.number:08x}"

    @property
    def place(self) -> str:
        return f"{socket.gethostname()[:30]}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class View:
    """What the table of locks shows."""

    living: frozenset[int] = frozenset()  # numbers of engines
    taking: frozenset[int] = frozenset()  # those that do not end at the moment
    owned: Mapping[int, int] = field(default_factory=dict)  # channel -> number of its engine; 0 is none we know

    def share(self, number: int, channels: Collection[int]) -> int:
        """How many of the channels the engine `number` is to own."""
        counts = Counter(dict.fromkeys(self.taking, 0))
        counts.update(engine for channel, engine in self.owned.items() if channel in channels and engine in self.taking)
        return shares(counts, len(channels)).get(number, 0)


def shares(counts: Mapping[int, int], channels: int) -> dict[int, int]:
    """Spread channels evenly over engines; who owns more keeps the odd ones, so that as few as possible move."""
    if not counts:
        return {}
    base, odd = divmod(channels, len(counts))
    order = sorted(counts, key=lambda engine: (-counts[engine], engine))
    return {engine: base + (place < odd) for place, engine in enumerate(order)}


async def connect(name: Name) -> AsyncConnection[Any]:
    """Open the connection that holds the locks, and say that the engine lives and takes channels."""
    connection = await AsyncConnection.connect(conninfo(f"buergerdraht engine {name.place}"), autocommit=True, row_factory=tuple_row)
    try:
        await steady(connection)
        await connection.execute(SQL["enter"], {**LOCKS, "number": name.number})
    except BaseException:
        await connection.close()
        raise
    return connection


async def retire(connection: AsyncConnection[Any], name: Name) -> None:
    """Take no more channels."""
    await connection.execute(SQL["retire"], {**LOCKS, "number": name.number})


async def look(connection: AsyncConnection[Any]) -> View:
    """See who lives and owns what. That it returns confirms that our own locks are still held."""
    rows = await (await connection.execute(SQL["look"], LOCKS)).fetchall()
    engines = {pid: number for lock, number, pid in rows if lock == LIVING}
    return View(
        living=frozenset(engines.values()),
        taking=frozenset(number for lock, number, _ in rows if lock == TAKING),
        owned={channel: engines.get(pid, 0) for lock, channel, pid in rows if lock == OWNING},
    )


async def take(connection: AsyncConnection[Any], channel: int) -> bool:
    row = await (await connection.execute(SQL["take"], {**LOCKS, "channel": channel})).fetchone()
    return bool(row and row[0])


async def give(connection: AsyncConnection[Any], channel: int) -> None:
    await connection.execute(SQL["give"], {**LOCKS, "channel": channel})


async def orphans(pool: Pool, channel: int, engine: str, mine: Collection[int]) -> list[Orphan]:
    """Letters in flight that no living engine watches; `mine` are those in flight here. Call only while owning the channel."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Orphan)) as cursor:
        await cursor.execute(SQL["orphans"], {**LOCKS, "channel": channel, "engine": engine, "mine": list(mine)})
        return await cursor.fetchall()
