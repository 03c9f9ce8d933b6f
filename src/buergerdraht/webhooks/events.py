"""Write down that something happened, for those who want to hear; where nobody does, it costs a look into this process's memory."""

from __future__ import annotations

import time
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from buergerdraht.webhooks.kinds import KINDS
from buergerdraht.webhooks.models import Delivery, Event, Hook

FRESH = 5.0  # seconds; so long another process may not know of a new address
WANTED = "select organisation_id, array_agg(distinct each) from webhooks_hook, unnest(events) as each where active group by 1"


class _Wishes:
    """Who wants to hear what, as this process knows it: {organisation: names}."""

    known: dict[int, frozenset[str]] | None = None
    until = 0.0


def tell(organisation_id: int, what: str, *, after: datetime | None = None, **ids: int) -> None:
    """Tell, in the caller's transaction: ids alone, and never of what is confidential. Whoever wants to hear is called within a second.

    `after`: when it will have happened; until then nobody is called, and `untell` can still take it back.
    """
    if what not in KINDS:
        raise ValueError(f"no such event: {what}")
    if what not in _wishes().get(organisation_id, ()):
        return
    with transaction.atomic():
        hooks = list(Hook.objects.filter(organisation=organisation_id, active=True, events__contains=[what]))
        if hooks:
            now = timezone.now()
            write(organisation_id, what, ids, hooks, max(after or now, now))


def write(organisation_id: int, what: str, ids: dict[str, int], hooks: list[Hook], at: datetime | None = None) -> Event:
    at = at or timezone.now()
    event = Event.objects.create(organisation_id=organisation_id, what=what, ids=ids, at=at)
    Delivery.objects.bulk_create(Delivery(hook=hook, event=event, next_at=at) for hook in hooks)
    return event


def untell(organisation_id: int, what: str, **ids: int) -> None:
    """Take back what would happen later and does not: only what nobody was called about yet."""
    waiting = Event.objects.filter(organisation=organisation_id, what=what, ids=ids, at__gt=timezone.now())
    waiting.exclude(deliveries__tries__gt=0).delete()


def forget() -> None:
    """Look anew at the next event: an address came, went or wants something else."""
    _Wishes.known = None


def _wishes() -> dict[int, frozenset[str]]:
    now = time.monotonic()
    if _Wishes.known is None or now >= _Wishes.until:
        connection.ensure_connection()
        rows = connection.connection.execute(WANTED).fetchall()
        _Wishes.known, _Wishes.until = {number: frozenset(names) for number, names in rows}, now + FRESH
    return _Wishes.known
