"""Which of our processes live: engines by the locks they hold in PostgreSQL, workers by their heartbeat."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection

from buergerdraht.gateway.engine import ownership
from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).with_name("causes.sql"))
WORKER_SECONDS = 45  # a worker is heard every ten


def owners() -> dict[int, str]:
    """Say which engine owns each channel, by the name it shows to PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(ownership.SQL["owners"], ownership.LOCKS)
        return {channel: engine for channel, engine, _ in cursor.fetchall()}


def engines() -> int:
    """How many engines live, with or without a channel."""
    with connection.cursor() as cursor:
        cursor.execute(ownership.SQL["look"], ownership.LOCKS)
        return len({number for lock, number, _ in cursor.fetchall() if lock == ownership.LIVING})


def worker_lives(now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(SQL["beat"])
        (beat,) = cursor.fetchone()
    return beat is not None and now - beat < timedelta(seconds=WORKER_SECONDS)


def workers(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(SQL["workers"], {"since": now - timedelta(seconds=WORKER_SECONDS)})
        return int(cursor.fetchone()[0])
