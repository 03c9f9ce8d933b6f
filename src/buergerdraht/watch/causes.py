"""What is wrong at this moment: each finder looks at one thing, bounded by an index, and yields a cause per place. None writes."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Organisation
from buergerdraht.bridges.models import Bridge
from buergerdraht.bridges.words import STANDS
from buergerdraht.broadcasts.models import Posting
from buergerdraht.dialogs.models import Missed
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Traffic
from buergerdraht.gateway.queries import queries
from buergerdraht.watch import presence
from buergerdraht.watch.models import Alarm, Probe, Reconciliation

log = logging.getLogger("buergerdraht.watch")
SQL = queries(Path(__file__).with_name("causes.sql"))
KIND = Alarm.Kind
MINUTE = timedelta(minutes=1)

OLD = 5 * MINUTE
RECENT = 15 * MINUTE  # for failures; and the time a receipt may take
SHOWN = timedelta(days=1)  # that reminders did not reach everybody
SILENT = timedelta(hours=3)
LEAST = 20  # messages; below, a share says nothing
MOST_SHARE = 0.2
USUAL = 100  # rounds of events within three days: such a channel does not fall silent by chance for three office hours
SAMPLE = 50_000  # letters looked at for missing receipts
CAP = 5_000
SLOW = 0.5  # seconds for a commit
LEAST_ROOM = 1 << 30  # bytes
NEWSLETTER = 5  # priority
OURS = ["cancelled", "stopped", "expired"]  # reasons of our own making
DIFFERENCE_DAYS = 7


@dataclass(frozen=True)
class Cause:
    """What is wrong, and where. `values` are ids, numbers and our own codes."""

    kind: str
    organisation: int | None = None
    channel: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int | None, int | None]:
        return (self.kind, self.organisation, self.channel)


@dataclass(frozen=True)
class View:
    """What all finders look at: the time, and the channels."""

    now: datetime
    channels: Mapping[int, Channel]

    def running(self) -> Iterator[Channel]:
        return (channel for channel in self.channels.values() if channel.state in {Channel.State.RUNNING, Channel.State.DRAINING})

    def cause(self, kind: str, channel_id: int, **values: Any) -> Cause:
        return Cause(kind, self.channels[channel_id].organisation_id, channel_id, values)


def view(now: datetime) -> View:
    return View(now, {channel.pk: channel for channel in Channel.objects.defer("config").select_related("organisation")})


@dataclass
class Found:
    """Causes, and the kinds that were looked for without fail: only these can be said to have ended."""

    causes: list[Cause] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)


def find(now: datetime) -> Found:
    """Look for everything; a finder that fails keeps nobody else from looking."""
    found = Found()
    seen = view(now)
    for kind, finder in FINDERS.items():
        try:
            found.causes += finder(seen)
        except Exception as problem:
            log.error("watch.blind kind=%s problem=%s", kind, type(problem).__name__)
        else:
            found.kinds.add(kind)
    return found


def rows(name: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], values)
        return list(cursor.fetchall())


# ── Channels ──────────────────────────────────────────────────────────────


def broken(view: View) -> Iterator[Cause]:
    for channel in view.channels.values():
        if channel.state == Channel.State.BROKEN:
            yield view.cause(KIND.CHANNEL_BROKEN, channel.pk, reason=channel.reason)


def unowned(view: View) -> Iterator[Cause]:
    """Channels that should run and that no engine owns."""
    owned = presence.owners()
    for channel in view.running():
        if channel.pk not in owned:
            yield view.cause(KIND.ENGINE_MISSING, channel.pk, engines=len(set(owned.values())))


def old_queue(view: View) -> Iterator[Cause]:
    """Letters that wait too long. A newsletter may wait for hours behind others, as long as the channel moves."""
    waiting = [(number, priority, since) for number, priority, since in rows("oldest", now=view.now) if view.now - since > OLD]
    moving = {number for (number,) in rows("moving", since=view.now - OLD)} if waiting else set()
    longest: dict[int, datetime] = {}
    for number, priority, since in waiting:
        if priority < NEWSLETTER or number not in moving:
            longest[number] = min(since, longest.get(number, since))
    for number, since in longest.items():
        yield view.cause(KIND.QUEUE_OLD, number, minutes=int((view.now - since).total_seconds() // 60))


def missing_receipts(view: View) -> Iterator[Cause]:
    """Channels whose provider reports, and where nothing is reported of many letters after a while."""
    reporting = {channel.pk for channel in view.running() if channels.limits(channel).delivered}
    if not reporting:
        return
    until = view.now - RECENT
    span = timedelta(hours=1)
    total = sum(accepted for _, accepted, _ in rows("minutes", since=until - span, until=until))
    if total > SAMPLE:  # a slice of the hour says as much
        span = max(span * (SAMPLE / total), MINUTE)
    for number, accepted, missing in rows("unreported", since=until - span, until=until):
        if number in reporting and accepted >= LEAST and missing > MOST_SHARE * accepted and _reports(view.channels[number]):
            yield view.cause(KIND.RECEIPTS_MISSING, number, accepted=accepted, missing=missing)


def _reports(channel: Channel) -> bool:
    """Say whether this account is told of delivery: not every one of a messenger is."""
    try:
        return channels.connector(channel).limits.delivered
    except ValueError:  # a set-up that no longer fits
        return channels.limits(channel).delivered


def many_failures(view: View) -> Iterator[Cause]:
    since = view.now - RECENT
    accepted = {number: taken for number, taken, _ in rows("minutes", since=since, until=view.now)}
    for number, failed, reason in rows("failed", since=since, cap=CAP, ours=OURS):
        total = int(failed) + int(accepted.get(number, 0))
        if total >= LEAST and failed > MOST_SHARE * total:
            yield view.cause(KIND.FAILURES_HIGH, number, failed=int(failed), total=total, reason=reason)


def kept_events(view: View) -> Iterator[Cause]:
    for number, count in rows("kept", cap=CAP):
        yield view.cause(KIND.KEPT_EVENTS, number, count=count)


def silent(view: View) -> Iterator[Cause]:
    """Channels without a word for three hours of the office's day, although usually there is one or receipts are due."""
    for channel in view.running():
        opened = opened_at(channel.organisation, view.now)
        if opened is None or channel.last_inbound_at is None or view.now - max(opened, channel.last_inbound_at) < SILENT:
            continue
        if _due(channel, view.now):
            silence = view.now - channel.last_inbound_at
            yield view.cause(KIND.CHANNEL_SILENT, channel.pk, hours=int(silence.total_seconds() // 3600))


def opened_at(organisation: Organisation, now: datetime) -> datetime | None:
    """Say since when the office is open today, its midday break left aside; without office hours it opens at eight on weekdays."""
    local = now.astimezone(hours.BERLIN)
    spans = hours.spans(organisation, local.date())
    if not organisation.office_hours and local.weekday() < 5:
        spans = [(local.replace(hour=8, minute=0, second=0, microsecond=0), local.replace(hour=18, minute=0, second=0, microsecond=0))]
    if not any(start <= now < end for start, end in spans):
        return None
    return spans[0][0]


def _due(channel: Channel, now: datetime) -> bool:
    if channels.limits(channel).delivered and _reports(channel):
        found = rows("minutes", since=now - SILENT, until=now - RECENT)
        if any(number == channel.pk and accepted >= LEAST for number, accepted, _ in found):
            return True
    usual = Traffic.objects.filter(channel=channel, at__gte=now - timedelta(days=3), at__lt=now - SILENT, direction="in")
    return len(usual.values_list("id")[:USUAL]) == USUAL


def lost_canaries(view: View) -> Iterator[Cause]:
    wrong = [Probe.State.LOST, Probe.State.REFUSED]
    running = {channel.pk for channel in view.running()}
    for probe in Probe.objects.filter(active=True, state__in=wrong, channel__in=running):
        yield view.cause(KIND.CANARY_LOST, probe.channel_id, probe=probe.pk, reason=probe.reason)


def differences(view: View) -> Iterator[Cause]:
    since = view.now.astimezone(hours.BERLIN).date() - timedelta(days=DIFFERENCE_DAYS)
    days: dict[int, int] = {}
    for row in Reconciliation.objects.filter(day__gte=since).exclude(differences={}):
        days[row.channel_id] = days.get(row.channel_id, 0) + 1
    for number, count in days.items():
        yield view.cause(KIND.RECONCILIATION_DIFFERENCE, number, days=count)


def forgotten_posts(view: View) -> Iterator[Cause]:
    """Posts that only a person can publish, and whose time has passed."""
    late = Posting.objects.filter(state=Posting.State.HANDED, remind_at__lte=view.now, channel__in=view.channels)
    for number, count in late.values_list("channel").annotate(number=Count("id")).order_by():
        yield view.cause(KIND.POST_FORGOTTEN, number, count=count)


def failing_bridges(view: View) -> Iterator[Cause]:
    """Organisations with bridges that do not get through; what is wrong with a single case is said at that case."""
    rows = Bridge.objects.filter(active=True, problem__in=STANDS).values_list("organisation").annotate(number=Count("id"))
    for organisation, count in rows.order_by():
        yield Cause(KIND.BRIDGE_FAILING, organisation, values={"count": count})


def missed_reminders(view: View) -> Iterator[Cause]:
    """Dialogs that began by the clock and did not reach everybody before it was too late, during a day."""
    rows = Missed.objects.filter(noted_at__gt=view.now - SHOWN, people__gt=0).values_list("dialog__organisation")
    for organisation, count in rows.annotate(number=Sum("people")).order_by():
        yield Cause(KIND.REMINDERS_MISSED, organisation, values={"count": count})


# ── The installation ──────────────────────────────────────────────────────


def no_worker(view: View) -> Iterator[Cause]:
    if not presence.worker_lives(view.now):
        yield Cause(KIND.WORKER_MISSING)


def slow_database(view: View) -> Iterator[Cause]:
    """Three small commits; the quickest counts, because a single slow one happens to everybody."""
    quickest = min(_commit() for _ in range(3))
    if quickest > SLOW:
        yield Cause(KIND.DATABASE_SLOW, values={"milliseconds": int(quickest * 1000)})


def _commit() -> float:
    begin = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(SQL["flush"])
    return time.perf_counter() - begin


def full_disk(view: View) -> Iterator[Cause]:
    room = shutil.disk_usage(settings.DATA)
    if room.free < LEAST_ROOM or room.free < room.total * 0.01:
        yield Cause(KIND.DISK_FULL, values={"megabytes": room.free >> 20})


FINDERS: Mapping[str, Callable[[View], Iterator[Cause]]] = {
    KIND.CHANNEL_BROKEN: broken,
    KIND.ENGINE_MISSING: unowned,
    KIND.QUEUE_OLD: old_queue,
    KIND.RECEIPTS_MISSING: missing_receipts,
    KIND.FAILURES_HIGH: many_failures,
    KIND.KEPT_EVENTS: kept_events,
    KIND.CHANNEL_SILENT: silent,
    KIND.CANARY_LOST: lost_canaries,
    KIND.RECONCILIATION_DIFFERENCE: differences,
    KIND.WORKER_MISSING: no_worker,
    KIND.DATABASE_SLOW: slow_database,
    KIND.DISK_FULL: full_disk,
    KIND.POST_FORGOTTEN: forgotten_posts,
    KIND.BRIDGE_FAILING: failing_bridges,
    KIND.REMINDERS_MISSED: missed_reminders,
}
