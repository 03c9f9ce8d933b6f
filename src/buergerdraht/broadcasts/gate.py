"""Who may be at a broadcast: many who queue its pieces, or one who starts, stops, holds or ends it.

Advisory locks, because those are fair: whoever stops a broadcast waits for the pieces at hand, and new ones wait for the stop. With
locks on the row the stop would wait for as long as pieces overlap.
"""

from __future__ import annotations

from django.db import connection

GATE = 0x62640020  # first half of the advisory locks; the second is the broadcast's number


def enter(broadcast: int) -> None:
    """Be one of many until this transaction is through."""
    _lock("select pg_advisory_xact_lock_shared(%s, %s)", broadcast)


def shut(broadcast: int) -> None:
    """Be alone until this transaction is through."""
    _lock("select pg_advisory_xact_lock(%s, %s)", broadcast)


def try_shut(broadcast: int) -> bool:
    """Be alone, unless somebody is at it."""
    return _lock("select pg_try_advisory_xact_lock(%s, %s)", broadcast) is True


def _lock(sql: str, broadcast: int) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql, [GATE, broadcast % 2**31])
        row = cursor.fetchone()
    return row and row[0]
