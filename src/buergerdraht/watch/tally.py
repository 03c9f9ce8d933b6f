"""Write down each channel's minutes while they are fresh, so that no screen has to count history. Bounded by time and index."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from buergerdraht.accounts.models import Organisation
from buergerdraht.gateway.queries import queries
from buergerdraht.watch.models import Minute

SQL = queries(Path(__file__).parent / "figures.sql")
MOST = 10_000  # a page counts so far; beyond, it shows the number of the last minute
MOST_OF_MINUTE = 2_000_000
MINUTE = timedelta(minutes=1)
LATE = 5 * MINUTE  # receipts of a minute are counted this long


def write(now: datetime, back: timedelta = LATE) -> int:
    """Write the last full minutes of every channel; again for the same time changes nothing. Returns the number of rows."""
    until = now.replace(second=0, microsecond=0)
    newest = until - MINUTE
    with connection.cursor() as cursor:
        cursor.execute(SQL["tally"], {"since": until - back, "until": until})
        written = int(cursor.rowcount)
        of: dict[str, Any] = {"organisations": list(Organisation.objects.values_list("pk", flat=True))}
        cursor.execute(SQL["queue"], {"cap": MOST_OF_MINUTE, "now": now, **of})
        waiting = [(row[0], row[1], oldest(row[5], row[6])) for row in cursor.fetchall() if row[1]]
        if waiting:
            channels, queued, since = zip(*waiting, strict=True)
            values: dict[str, Any] = {"minute": newest, "channels": list(channels), "queued": list(queued), "oldest": list(since)}
            cursor.execute(SQL["tally_queue"], values)
            written += cursor.rowcount
    return written


def forget(before: datetime) -> int:
    """Let old minutes go."""
    return Minute.objects.filter(at__lt=before).delete()[0]


def oldest(*moments: datetime | None) -> datetime | None:
    """Find the earliest of some moments, leaving out those that are not."""
    return min((moment for moment in moments if moment is not None), default=None)
