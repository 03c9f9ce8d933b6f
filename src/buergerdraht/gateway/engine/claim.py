"""Pick the next letters of a channel from the outbox, with their content."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row
from psycopg_pool import AsyncConnectionPool

from buergerdraht.connectors.contract import Content, content_from_json
from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).with_name("queries.sql"))
LAST = 2**63 - 1
Pool = AsyncConnectionPool[AsyncConnection[Any]]


@dataclass(slots=True)
class Letter:
    """A queued outbound as the engine holds it. Its address stays sealed until the call."""

    id: int
    address: bytes
    address_hash: bytes
    purpose: str
    priority: int
    tries: int
    parts_total: int
    content_id: int
    otherwise_id: int | None
    batch: int | None
    organisation_id: int
    expired: bool
    done: list[int] = field(default_factory=list)  # positions the provider has accepted

    @property
    def order(self) -> tuple[int, int]:
        return (self.priority, self.id)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A letter whose call nobody watches any more."""

    id: int
    purpose: str
    tries: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to pick: not what is known already, nobody who has a call in flight, nothing after `last`."""

    channel: int
    organisation: int
    known: Collection[int]
    busy: Collection[bytes]
    limit: int
    last: int = LAST


async def pick(pool: Pool, wanted: Wanted) -> list[Letter]:
    parameters = {
        "channel": wanted.channel,
        "organisation": wanted.organisation,
        "known": list(wanted.known),
        "busy": list(wanted.busy),
        "limit": wanted.limit,
        "last": wanted.last,
    }
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Letter)) as cursor:
        await cursor.execute(SQL["pick"], parameters)
        return await cursor.fetchall()


async def contents(pool: Pool, ids: Collection[int]) -> dict[int, Content]:
    async with pool.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(SQL["contents"], {"ids": list(ids)})
        return {number: content_from_json(data) for number, data in await cursor.fetchall()}


async def doubts(pool: Pool, channel: int) -> list[Orphan]:
    """Doubts whose time for a receipt is over."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Orphan)) as cursor:
        await cursor.execute(SQL["doubts"], {"channel": channel})
        return await cursor.fetchall()
