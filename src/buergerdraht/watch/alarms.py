"""Raise and end alarms: compare what is wrong now with what was known, once a minute. Each is told when it is raised and when it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from buergerdraht.gateway import live
from buergerdraht.watch import causes, telling
from buergerdraht.watch.causes import Cause
from buergerdraht.watch.kinds import KINDS
from buergerdraht.watch.models import Alarm

log = logging.getLogger("buergerdraht.watch")
Tell = Callable[[Alarm, str], None]
LOCK = 0x62640010  # advisory lock: one look at a time, whoever looks


def look(now: datetime) -> None:
    """Look for all causes and settle the alarms by them. Looking twice changes nothing."""
    found = causes.find(now)
    settle(found.causes, found.kinds, now)


@transaction.atomic
def settle(found: Sequence[Cause], kinds: Collection[str], now: datetime, tell: Tell = telling.queue) -> None:
    """Bring the alarms of these kinds in line with the causes found: begin, raise, end."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
    known = {(alarm.kind, alarm.organisation_id, alarm.channel_id): alarm for alarm in Alarm.objects.filter(ended_at=None, kind__in=kinds)}
    for cause in found:
        alarm = known.pop(cause.key, None) or _begin(cause, now)
        if _last(alarm, cause, now):
            _say(alarm, telling.RAISED, tell)
    for alarm in known.values():
        if _cease(alarm, now):
            _say(alarm, telling.ENDED, tell)


def _begin(cause: Cause, now: datetime) -> Alarm:
    return Alarm(
        organisation_id=cause.organisation,
        channel_id=cause.channel,
        kind=cause.kind,
        level=KINDS[cause.kind].level,
        since=now,
        seen_at=now,
    )


def _last(alarm: Alarm, cause: Cause, now: datetime) -> bool:
    """The cause is there: keep its newest numbers. True: it has lasted long enough to call somebody."""
    alarm.values, alarm.seen_at = dict(cause.values), now
    due = alarm.raised_at is None and now - alarm.since >= timedelta(seconds=KINDS[alarm.kind].lasts)
    if due:
        alarm.raised_at = now
    alarm.save()
    return due


def _cease(alarm: Alarm, now: datetime) -> bool:
    """The cause is gone: forget a suspicion; end an alarm when it has been calm for a while. True: it ended."""
    if alarm.raised_at is None:
        alarm.delete()
        return False
    ends = now - alarm.seen_at >= timedelta(seconds=KINDS[alarm.kind].calm)
    if ends:
        alarm.ended_at = now
        alarm.save(update_fields=["ended_at"])
    return ends


def _say(alarm: Alarm, event: str, tell: Tell) -> None:
    log.warning("alarm.%s alarm=%s kind=%s channel=%s", event, alarm.pk, alarm.kind, alarm.channel_id)
    tell(alarm, event)
    for organisation in telling.concerned(alarm):
        live.tell(organisation, "alarm", alarm=alarm.pk)
