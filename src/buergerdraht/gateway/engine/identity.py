"""Notice that this database is a copy of the one we lived in: restored from a backup, moved or cloned.

What a copy calls queued may have gone out long ago, so no engine sends from it before an operator said `buergerdraht restored`.
A cluster brought back whole (point in time, snapshot, promoted replica) keeps all its numbers and cannot be told apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).parent.parent / "home.sql")


async def same_database(connection: AsyncConnection[Any]) -> bool:
    """Tell whether this is the database we live in; a new one is noted at the first look."""
    known = await (await connection.execute(SQL["same"])).fetchone()
    if known is None:
        await connection.execute(SQL["settle"])
        known = await (await connection.execute(SQL["same"])).fetchone()
    return bool(known and known[0])
