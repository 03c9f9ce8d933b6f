"""The daily sums: every letter of a day has one end, every accepted one its parts, every recipient its letter. A difference is an alarm.

Letters are found by the day they were made (Europe/Berlin), parts and recipients by the range of those letters' ids: each table is
read in one stretch, whatever lies before and behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.hours import BERLIN
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.gateway.queries import queries
from buergerdraht.watch.models import Reconciliation

log = logging.getLogger("buergerdraht.watch")
SQL = queries(Path(__file__).with_name("reconcile.sql"))
KEPT_DAYS = 90
MODEST = "set local max_parallel_workers_per_gather = 0; set local jit = off"  # one processor is enough for what has the whole night
SUMS = ("total", "accepted", "failed", "unclear", "cancelled", "waiting", "read", "delivered", "sent", "unreported", "undelivered")
COUNTED = (*SUMS, "contrary", "short")

# What may not match, and in which words.
DIFFERENCES = {
    "states": _("Die Summe der Zustände ist nicht die Summe der Nachrichten"),
    "receipts": _("Die Summe der Berichte ist nicht die Summe der angenommenen Nachrichten"),
    "parts": _("Angenommene Nachrichten, deren Teile nicht vollständig verzeichnet sind"),
    "letters": _("Empfänger von Rundnachrichten, deren Nachricht fehlt"),
    "recipients": _("Nachrichten von Rundnachrichten, auf die kein Empfänger zeigt"),
    "contrary": _("Nachrichten, die zugestellt sind und trotzdem noch warten"),
}


def run(day: date) -> list[Reconciliation]:
    """Sum up a day, for every channel that had letters; again for the same day replaces what was there."""
    times = bounds(day)
    with transaction.atomic():
        # One picture of all tables: what is sent while we count must not look like a difference.
        if not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
                cursor.execute(MODEST)
        found = _read("letters", **times)
        extras = _extras(found, times) if found else {}
    known = dict(Channel.objects.values_list("pk", "kind"))
    rows = [row for row in _summed(found) if row["channel_id"] in known]
    for row in rows:
        if not _has_people(known[row["channel_id"]]):
            row["batched"] = 0
    return [_write(day, row, extras) for row in rows]


def _has_people(kind: str) -> bool:
    """Say whether a broadcast's letters there have recipients; a post is for everybody."""
    return kind not in {found.kind for found in channels.kinds()} or channels.reaches_people(kind)


def _summed(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add up what was read per batch, and note how many letters belonged to one."""
    sums: dict[int, dict[str, Any]] = {}
    for row in found:
        held = sums.setdefault(row["channel_id"], dict.fromkeys(COUNTED, 0) | {"batched": 0, "organisation_id": row["organisation_id"]})
        for name in COUNTED:
            held[name] += row[name]
        held["batched"] += row["total"] if row["batch"] is not None else 0
    return [{"channel_id": number, **held} for number, held in sums.items()]


def bounds(day: date) -> dict[str, datetime]:
    """When a day begins and ends in Germany; clock changes make it an hour shorter or longer."""
    return {"since": datetime.combine(day, time.min, BERLIN), "until": datetime.combine(day + timedelta(days=1), time.min, BERLIN)}


def _extras(found: Sequence[Mapping[str, Any]], times: Mapping[str, datetime]) -> dict[str, dict[int, tuple[int, ...]]]:
    """What other tables say of these letters, per channel."""
    stretch = {**times, "first": min(row["first"] for row in found), "last": max(row["last"] for row in found)}
    batches = sorted({row["batch"] for row in found} - {None})
    read = {"parts": _rows("parts", **stretch), "recipients": _rows("recipients", **stretch, batches=batches)}
    return {name: {row[0]: tuple(int(value) for value in row[1:]) for row in rows} for name, rows in read.items()}


def _write(day: date, row: Mapping[str, Any], extras: Mapping[str, Mapping[int, tuple[int, ...]]]) -> Reconciliation:
    number = row["channel_id"]
    parts, short = extras["parts"].get(number, (0, 0))
    recipients, lost = extras["recipients"].get(number, (0, 0))
    wrong = {
        "states": row["total"] - sum(row[name] for name in ("accepted", "failed", "unclear", "cancelled", "waiting")),
        "receipts": row["accepted"] - sum(row[name] for name in ("read", "delivered", "sent", "unreported")),
        "parts": short + row["short"],
        "letters": lost,
        "recipients": max(row["batched"] - (recipients - lost), 0),
        "contrary": row["contrary"],
    }
    differences = {code: count for code, count in wrong.items() if count}
    if differences:
        log.error("reconciliation.difference channel=%s day=%s codes=%s", number, day, ",".join(differences))
    values = {name: row[name] for name in SUMS}
    values |= {"organisation_id": row["organisation_id"], "parts": parts, "recipients": recipients}
    made, _created = Reconciliation.objects.update_or_create(
        channel_id=number, day=day, defaults={**values, "differences": differences, "made_at": timezone.now()}
    )
    return made


def _read(name: str, **values: Any) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _rows(name: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], values)
        return list(cursor.fetchall())
