"""Take up work in a database restored from a backup: nothing that may have gone out already goes out again by itself.

Between backup and loss the old database went on sending; the copy knows nothing of it and calls those letters queued.
"""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from buergerdraht.connectors.contract import content_from_json
from buergerdraht.gateway import channels
from buergerdraht.gateway.live import notify
from buergerdraht.gateway.models import StoredContent
from buergerdraht.gateway.queries import queries

log = logging.getLogger("buergerdraht.gateway")
SQL = queries(Path(__file__).with_name("home.sql"))
LEAP = 100_000_000  # more letters than any installation sends between a backup and a loss
ANSWERS = ("alert", "reply", "service")


def same_database() -> bool | None:
    """Tell whether this is the database we live in; None: nobody has noted yet where we live."""
    found = _run("same")
    return bool(found[0][0]) if found else None


@transaction.atomic
def take_over(*, again: bool = False) -> Counter[str]:
    """Hold what may have gone out already and show it as unclear; `again` sends answers and warnings once more instead.

    Newsletters are always held. Returns how many letters of each purpose are held. From then on engines send from here.
    """
    _count_parts()
    purposes = list(ANSWERS) if again else []
    held = Counter(row[0] for row in _run("doubt", again=purposes))
    _run("again", again=purposes)
    _run("leap", leap=LEAP)
    accept()
    return held


@transaction.atomic
def accept() -> None:
    """Be at home in this database from now on, and wake the engines."""
    _run("accept")
    notify("channel")


def _count_parts() -> None:
    """Count the parts of letters nobody has planned yet, so that late receipts can tell that all of them arrived."""
    kinds: dict[int, set[str]] = {}
    for content, kind in _run("open_contents"):
        kinds.setdefault(content, set()).add(kind)
    rows: list[tuple[int, str, int]] = []
    for stored in StoredContent.objects.filter(id__in=kinds).iterator(chunk_size=500):
        for kind in kinds[stored.pk]:
            try:
                rows.append((stored.pk, kind, len(channels.plan_of(kind, content_from_json(stored.content)).parts)))
            except Exception as problem:  # a content that breaks the renderer stays without a count, and unclear
                log.error("restored.unplanned content=%s problem=%s", stored.pk, type(problem).__name__)
    if rows:
        contents, names, totals = zip(*rows, strict=True)
        _run("count_parts", contents=list(contents), kinds=list(names), totals=list(totals))


def _run(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], parameters)
        return cursor.fetchall() if cursor.description else []
