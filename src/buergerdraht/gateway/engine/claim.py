"""Pick the next letters from the outbox, with their content."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool

from buergerdraht.connectors.contract import Content, Plan, content_from_json
from buergerdraht.gateway.database import steady
from buergerdraht.gateway.queries import queries

log = logging.getLogger("buergerdraht.engine")
SQL = queries(Path(__file__).with_name("queries.sql"))
PICK = SQL["pick"].replace("{sendable}", SQL["sendable"].partition("\n")[2])
# A queue that filled a moment ago is believed to be empty, and then sorting all of it seems as cheap as walking its index.
ORDERED = "select set_config('enable_sort', 'off', false)"
LAST = 2**63 - 1
Pool = AsyncConnectionPool[AsyncConnection[Any]]


@dataclass(slots=True)
class Letter:
    """A queued outbound as the engine holds it. Its address stays sealed until the call."""

    id: int
    channel_id: int
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
    plan: Plan | None = None
    ahead: bool = False  # begun, and not called yet

    @property
    def order(self) -> tuple[int, int]:
        return (self.priority, self.id)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A letter whose call nobody watches any more."""

    id: int
    channel_id: int
    purpose: str
    tries: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a channel would like: not what is known already, nobody who has a call in flight, nothing after `last`."""

    channel: int
    organisation: int
    known: Collection[int]
    busy: Collection[bytes]
    limit: int
    last: int = LAST


async def ready(connection: AsyncConnection[Any]) -> None:
    """Prepare a connection that picks."""
    await steady(connection)
    await connection.execute(ORDERED)
    await connection.commit()


async def pick(pool: Pool, wishes: Sequence[Wanted]) -> list[Letter]:
    """The next letters of several channels, each channel's in their order."""
    parameters = {
        "channels": array(wish.channel for wish in wishes),
        "organisations": array(wish.organisation for wish in wishes),
        "lasts": array(wish.last for wish in wishes),
        "known": array(number for wish in wishes for number in wish.known),
        "busy": "{" + ",".join(f'"\\\\x{wish.channel:016x}{address.hex()}"' for wish in wishes for address in wish.busy) + "}",
        "limit": max(wish.limit for wish in wishes),
    }
    async with pool.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        # Planned anew each time: how long the lists are decides how to go about it.
        await cursor.execute(PICK, parameters, prepare=False)
        return [Letter(*row) for row in await cursor.fetchall()]


def array(numbers: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes an array: several times quicker than the driver's way, element by element."""
    return "{" + ",".join(map(str, numbers)) + "}"


async def contents(pool: Pool, ids: Collection[int]) -> dict[int, Content | None]:
    """The stored contents by id; None where one cannot be read, so that it spoils no other."""
    async with pool.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(SQL["contents"], {"ids": list(ids)})
        return {number: _read(number, data) for number, data in await cursor.fetchall()}


def _read(number: int, data: Any) -> Content | None:
    try:
        return content_from_json(data)
    except Exception as problem:
        log.error("content.unreadable content=%s problem=%s", number, type(problem).__name__)
        return None
