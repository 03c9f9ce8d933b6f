"""Count contacts that are alike in advance, so that the size of an audience among a million is known while somebody is choosing.

Only where there are many: a small authority's contacts are counted when asked. What is sent never depends on these numbers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Census, Contact, Crowd
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).with_name("crowds.sql"))
MANY = 20_000  # contacts
PAUSE, OLD = timedelta(minutes=5), timedelta(hours=1)
SHARE = 50  # counting takes at most this part of the time
KEYS = {"topics": "topics__overlap", "channels": "channel__in", "languages": "language__in", "districts": "district__in"}


def can_tell(audience: Mapping[str, Any]) -> bool:
    """Say whether an audience asks for nothing but what crowds are alike in."""
    asked = {key for key, value in audience.items() if value} - {"exclude"}
    return asked | {key for key, value in (audience.get("exclude") or {}).items() if value} <= set(KEYS)


def fresh(organisation: Organisation) -> Census | None:
    """Give the organisation's census, unless there is none or the worker has not renewed it for long."""
    return Census.objects.filter(organisation=organisation, at__gt=timezone.now() - OLD).first()


def ask(organisation: Organisation, audience: Mapping[str, Any], *, urgent: bool = False) -> list[tuple[int, str, int, int]]:
    """Count an audience by channel and language, and how many of it have a further way.

    Without those who subscribed on several addresses; `urgent`: everybody, on the first of their ways.
    """
    spared = audience.get("exclude") or {}
    rows = Crowd.objects.filter(organisation=organisation, urgent=urgent)
    for key, lookup in KEYS.items():
        if audience.get(key):
            rows = rows.filter(Q((lookup, audience[key])))
        if spared.get(key):
            rows = rows.exclude(Q((lookup, spared[key])))
    return list(rows.values_list("channel_id", "language").annotate(total=Sum("number"), others=Sum("further")).order_by())


def renew_due() -> int:
    """Count anew where there are many contacts and the last census is old enough. Returns how many organisations."""
    renewed = 0
    for organisation in Organisation.objects.select_related("census"):
        census = getattr(organisation, "census", None)
        pause = max(PAUSE, timedelta(seconds=SHARE * census.seconds)) if census else PAUSE
        if (census is None or timezone.now() - census.at >= pause) and _many(organisation):
            renew(organisation)
            renewed += 1
    return renewed


def _many(organisation: Organisation) -> bool:
    return Contact.objects.filter(organisation=organisation, state=Contact.State.ACTIVE).order_by("id")[MANY : MANY + 1].exists()


@transaction.atomic
def renew(organisation: Organisation) -> Census:
    """Count an organisation's crowds as they stand at this moment."""
    at, began = timezone.now(), time.monotonic()
    Census.objects.get_or_create(organisation=organisation, defaults={"active": 0, "several": [], "seconds": 0, "at": at - OLD})
    Census.objects.select_for_update().get(organisation=organisation)  # two at once would keep every crowd twice
    Crowd.objects.filter(organisation=organisation).delete()
    with connection.cursor() as cursor:
        cursor.execute("set local work_mem = '64MB'")
        cursor.execute(SQL["renew"], {"organisation": organisation.pk, "now": at})
        several = [number for (number,) in cursor.fetchall()]
        open_ = [each.pk for each in channels.people(organisation).exclude(state=Channel.State.SETUP)]
        cursor.execute(SQL["renew_urgent"], {"organisation": organisation.pk, "now": at, "open": open_})
        cursor.execute("set local work_mem to default")
    active = Contact.objects.filter(organisation=organisation, state=Contact.State.ACTIVE).count()
    kept = {"active": active, "several": several, "seconds": time.monotonic() - began, "at": at}
    return Census.objects.update_or_create(organisation=organisation, defaults=kept)[0]
