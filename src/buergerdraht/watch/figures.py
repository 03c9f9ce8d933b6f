"""What the delivery pages show of each channel: queue, rate, the last hour, why something failed, who sends. Bounded reads, no history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Limits
from buergerdraht.connectors.reasons import REASONS, Reason
from buergerdraht.gateway import channels
from buergerdraht.gateway.engine import ownership
from buergerdraht.gateway.models import Channel
from buergerdraht.insights.charts import Plot, Spark, plot, spark
from buergerdraht.watch.models import Alarm, Minute, Probe
from buergerdraht.watch.tally import MOST, SQL, oldest

HOUR, BUCKET = timedelta(hours=1), timedelta(minutes=5)
RATE_SECONDS = 10
MOST_FAILURES = 20_000


@dataclass(frozen=True)
class Queue:
    """Letters that wait. `oldest` is the oldest one that could go now; None where all wait for their hour."""

    number: int = 0
    held: int = 0
    flying: int = 0
    oldest: datetime | None = None
    about: bool = False  # the number is that of the last minute

    @property
    def more(self) -> bool:
        """Counting stopped at the cap, and nothing better is known."""
        return not self.about and self.number + self.held >= MOST


@dataclass(frozen=True)
class Hour:
    """A channel's last sixty minutes, or a house's. `delivered` counts those accepted in this hour; None where nobody reports it."""

    accepted: int = 0
    delivered: int | None = None
    failed: int = 0
    minutes: Mapping[datetime, tuple[int, int, int, int]] = field(default_factory=dict)  # accepted, delivered, failed, queued

    @property
    def unreported(self) -> int | None:
        return None if self.delivered is None else max(self.accepted - self.delivered, 0)

    @property
    def spark(self) -> Spark | None:
        return spark([self.minutes[at][0] for at in sorted(self.minutes)])


@dataclass(frozen=True)
class Failure:
    reason: Reason
    number: int
    share: int  # of the most frequent, in percent


@dataclass(frozen=True)
class Engine:
    """Who sends for a channel."""

    host: str
    process: str
    since: datetime | None


@dataclass(frozen=True)
class Line:
    """A channel as the pages show it."""

    channel: Channel
    limits: Limits
    queue: Queue
    rate: float
    hour: Hour
    failures: Sequence[Failure]
    kept: int
    unclear: int
    engine: Engine | None
    probe: Probe | None
    alarms: Sequence[Alarm]
    now: datetime

    @property
    def percent(self) -> int:
        """How much of the rate is used, for the bar."""
        return min(round(100 * self.rate / self.limits.rate), 100) if self.limits.rate else 0

    @property
    def reason(self) -> Reason | None:
        return REASONS.get(self.channel.reason or "unknown", REASONS["unknown"]) if self.channel.state == Channel.State.BROKEN else None

    @property
    def works(self) -> bool:
        return self.channel.state in {Channel.State.RUNNING, Channel.State.DRAINING}

    @property
    def state(self) -> tuple[str, str, str]:
        """Tone, icon and word."""
        states = {
            Channel.State.SETUP: ("is-info", "info", _("in Einrichtung")),
            Channel.State.PAUSED: ("is-warn", "pause", _("pausiert")),
            Channel.State.BROKEN: ("is-bad", "warning", _("gestört")),
            Channel.State.DRAINING: ("is-warn", "clock", _("läuft leer")),
        }
        if (known := states.get(Channel.State(self.channel.state))) is not None:
            return known
        if self.engine is None:
            return "is-bad", "warning", _("niemand sendet")
        return ("is-warn", "warning", _("läuft, mit Alarm")) if self.alarms else ("is-ok", "ok", _("läuft"))


@dataclass(frozen=True)
class House:
    """All channels of an organisation, and their sums."""

    lines: Sequence[Line]
    queue: Queue
    hour: Hour
    failures: Sequence[Failure]
    rate: float
    limit: float
    kept: int
    unclear: int


def house(organisation: Organisation, only: int | None = None, now: datetime | None = None) -> House:
    """Gather what there is to see; `only` picks one channel."""
    now = now or timezone.now()
    rows = Channel.objects.filter(organisation=organisation).defer("config").order_by("kind", "name", "pk")
    found = list(rows.filter(pk=only) if only else rows)
    read = _Read(organisation, now, found)
    lines = [read.line(channel) for channel in found]
    works = [line for line in lines if line.works]
    return House(
        lines=lines,
        queue=Queue(
            number=sum(line.queue.number for line in lines),
            held=sum(line.queue.held for line in lines),
            flying=sum(line.queue.flying for line in lines),
            oldest=oldest(*(line.queue.oldest for line in works)),
            about=any(line.queue.about for line in lines),
        ),
        hour=_together([line.hour for line in lines]),
        failures=_failures(_added(read.failures)),
        rate=sum(line.rate for line in lines),
        limit=sum(line.limits.rate for line in works),
        kept=sum(line.kept for line in lines),
        unclear=sum(line.unclear for line in lines),
    )


class _Read:
    """The rows behind the page, by channel: one query each, however many channels there are."""

    def __init__(self, organisation: Organisation, now: datetime, found: Sequence[Channel]) -> None:
        numbers = [channel.pk for channel in found]
        of = {"organisation": organisation.pk, "cap": MOST}
        self.now = now
        self.queues = queues(organisation, now)
        self.rates = dict(_rows("rate", since=now - timedelta(seconds=RATE_SECONDS), **of))
        self.failures: dict[int, dict[str, int]] = defaultdict(dict)
        for channel, reason, number in _rows("failures", since=now - HOUR, **{**of, "cap": MOST_FAILURES}):
            if channel in numbers:
                self.failures[channel][reason] = number
        self.kept = dict(_rows("kept", **of))
        self.unclear = dict(_rows("unclear", **of))
        self.engines = owners()
        self.probes = {probe.channel_id: probe for probe in Probe.objects.filter(channel__in=numbers)}
        self.alarms: dict[int, list[Alarm]] = defaultdict(list)
        for alarm in Alarm.objects.open().filter(channel__in=numbers).order_by("since"):
            self.alarms[alarm.channel_id or 0].append(alarm)
        self.minutes: dict[int, dict[datetime, tuple[int, int, int, int]]] = defaultdict(dict)
        fresh = Minute.objects.filter(channel__in=numbers, at__gte=now - HOUR).order_by("at")
        for channel, at, *figures in fresh.values_list("channel", "at", "accepted", "delivered", "failed", "queued"):
            self.minutes[channel][at] = tuple(figures)  # type: ignore[assignment]

    def line(self, channel: Channel) -> Line:
        limits = channels.limits(channel)
        minutes = self.minutes.get(channel.pk, {})
        return Line(
            channel=channel,
            limits=limits,
            queue=_long(self.queues.get(channel.pk, Queue()), minutes),
            rate=int(self.rates.get(channel.pk, 0)) / RATE_SECONDS,
            hour=Hour(
                accepted=sum(each[0] for each in minutes.values()),
                delivered=sum(each[1] for each in minutes.values()) if limits.delivered else None,
                failed=sum(each[2] for each in minutes.values()),
                minutes=minutes,
            ),
            failures=_failures(self.failures.get(channel.pk, {})),
            kept=self.kept.get(channel.pk, 0),
            unclear=self.unclear.get(channel.pk, 0),
            engine=self.engines.get(channel.pk),
            probe=self.probes.get(channel.pk),
            alarms=self.alarms.get(channel.pk, []),
            now=self.now,
        )


def queues(organisation: Organisation, now: datetime) -> dict[int, Queue]:
    """Say how long each channel's queue is, and since when its oldest letter waits that could go now."""
    return {row[0]: _queue(row) for row in _rows("queue", organisations=[organisation.pk], cap=MOST, now=now)}


def _rows(name: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], values)
        return list(cursor.fetchall())


def _queue(row: Sequence[Any]) -> Queue:
    _channel, queued, held, stopped, flying, *since = row
    return Queue(max(queued - int(held) - int(stopped), 0), int(held), flying, oldest(*since))


def _long(queue: Queue, minutes: Mapping[datetime, tuple[int, int, int, int]]) -> Queue:
    """Where counting ended at the cap, take the number written down last."""
    last = minutes[max(minutes)][3] - queue.held if minutes else 0
    return replace(queue, number=last, about=True) if queue.more and last > queue.number else queue


def owners() -> dict[int, Engine]:
    """Say which engine owns which channel, by the locks PostgreSQL knows of."""
    with connection.cursor() as cursor:
        cursor.execute(ownership.SQL["owners"], ownership.LOCKS)
        rows = cursor.fetchall()
    found = {}
    for channel, name, since in rows:
        host, _colon, process = name.removeprefix("buergerdraht engine").strip().rpartition(":")
        found[channel] = Engine(host or process, process if host else "", since)
    return found


def _failures(numbers: Mapping[str, int]) -> list[Failure]:
    most = max(numbers.values(), default=1)
    ordered = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    return [Failure(REASONS.get(code, REASONS["unknown"]), number, round(100 * number / most)) for code, number in ordered]


def _added(by_channel: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for numbers in by_channel.values():
        for code, number in numbers.items():
            sums[code] += number
    return sums


def _together(hours: Sequence[Hour]) -> Hour:
    minutes: dict[datetime, tuple[int, int, int, int]] = {}
    for hour in hours:
        for at, figures in hour.minutes.items():
            before = minutes.get(at, (0, 0, 0, 0))
            minutes[at] = tuple(a + b for a, b in zip(before, figures, strict=True))  # type: ignore[assignment]
    reported = [hour.delivered for hour in hours if hour.delivered is not None]
    return Hour(sum(hour.accepted for hour in hours), sum(reported) if reported else None, sum(hour.failed for hour in hours), minutes)


# ── The hour as a picture ─────────────────────────────────────────────────


@dataclass(frozen=True)
class Bucket:
    """Five minutes: what arrived, what was accepted without a word since, what failed."""

    at: datetime
    delivered: int
    accepted: int  # without a receipt of delivery
    failed: int

    @property
    def total(self) -> int:
        return self.delivered + self.accepted + self.failed


@dataclass(frozen=True)
class Picture:
    buckets: Sequence[Bucket]
    plot: Plot

    @property
    def peak(self) -> Bucket | None:
        best = max(self.buckets, key=lambda bucket: bucket.total)
        return best if best.total else None


def picture(hour: Hour, now: datetime) -> Picture:
    """Draw the hour in columns of five minutes."""
    last = now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
    sums: dict[datetime, list[int]] = {last - number * BUCKET: [0, 0, 0] for number in range(11, -1, -1)}
    for at, (accepted, delivered, failed, _queued) in hour.minutes.items():
        if (column := sums.get(at.replace(minute=at.minute - at.minute % 5))) is not None:
            for index, value in enumerate((delivered, max(accepted - delivered, 0), failed)):
                column[index] += value
    buckets = [Bucket(at, *values) for at, values in sums.items()]
    names = [f"{timezone.localtime(bucket.at):%H:%M}" if number % 3 == 0 else "" for number, bucket in enumerate(buckets)]
    return Picture(buckets, plot(names, [(bucket.delivered, bucket.accepted, bucket.failed) for bucket in buckets]))
