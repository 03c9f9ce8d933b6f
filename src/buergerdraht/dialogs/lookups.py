"""The authority's tables as dialogs read them: kept in memory until they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from buergerdraht.dialogs.models import Table

MOST = 200  # tables kept per process

_kept: dict[int, tuple[datetime, list[dict[str, str]]]] = {}


def rows(organisation_id: int, key: str) -> Sequence[Mapping[str, str]]:
    """The rows of a table, or none where there is no such table."""
    found = Table.objects.filter(organisation=organisation_id, key=key).values_list("pk", "changed_at").first()
    if found is None:
        return []
    number, changed_at = found
    kept = _kept.get(number)
    if kept is None or kept[0] != changed_at:
        if len(_kept) >= MOST:
            _kept.clear()
        kept = _kept[number] = (changed_at, Table.objects.values_list("rows", flat=True).get(pk=number))
    return kept[1]
