"""Figures for Prometheus: ids, numbers and our own codes as labels, nothing else (law 12).

What stands in the database is the same whichever web process is asked. It is read at most every five seconds, and rarer where reading
takes longer, so that watching never costs more than a twentieth of one processor.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.gateway.queries import queries
from buergerdraht.watch import causes, presence
from buergerdraht.watch.models import Alarm, Probe

SQL = queries(Path(__file__).with_name("metrics.sql"))
LEAST_SECONDS = 5.0
SHARE = 20  # a reading that takes n seconds is believed for 20 n
FAILURES = timedelta(minutes=15)
PRIORITY = {number: name for name, number in Outbound.PRIORITY.items()}
Labels = Mapping[str, object]
Sample = tuple[Labels, float]


@dataclass(frozen=True)
class Family:
    """One metric with its samples. `name` without our prefix."""

    name: str
    help: str
    samples: Iterable[Sample]
    kind: str = "gauge"


@dataclass
class Reading:
    """What was read last, and until when it is believed."""

    text: str = ""
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_reading = Reading()


def page() -> str:
    """Give everything in Prometheus' text format."""
    with _reading.lock:
        if time.monotonic() >= _reading.until:
            begin = time.perf_counter()
            text = written(database(timezone.now()))
            took = time.perf_counter() - begin
            _reading.text = text + written([Family("reading_seconds", "How long reading the database took.", [({}, took)])])
            _reading.until = time.monotonic() + max(LEAST_SECONDS, SHARE * took)
        return _reading.text + written(process())


def database(now: datetime) -> Iterator[Family]:
    """Everything that stands in tables."""
    yield from _channels(now)
    yield from _letters(now)
    yield from _inward(now)
    yield from _house(now)


def _channels(now: datetime) -> Iterator[Family]:
    rows = _rows("channels", now=now)
    owned = presence.owners()
    states = [
        ({"organisation": organisation, "channel": number, "kind": kind, "state": each}, float(each == state))
        for number, organisation, kind, state, _ in rows
        for each in Channel.State.values
    ]
    yield Family("channel_state", "1 for the state a channel is in.", states)
    yield Family("channel_owned", "1 where an engine owns the channel.", [({"channel": row[0]}, float(row[0] in owned)) for row in rows])
    silence = [({"channel": row[0]}, row[4]) for row in rows if row[4] is not None]
    yield Family("channel_silent_seconds", "How long the provider has said nothing.", silence)


def _letters(now: datetime) -> Iterator[Family]:
    queued = [({"channel": number, "priority": PRIORITY.get(level, level)}, count) for number, level, count in _rows("queue")]
    yield Family("queue_letters", "Letters that wait to be sent.", queued)
    oldest = [
        ({"channel": number, "priority": PRIORITY.get(level, level)}, (now - since).total_seconds())
        for number, level, since in causes.rows("oldest", now=now)
    ]
    yield Family("queue_oldest_seconds", "How long the oldest letter has waited that could go now.", oldest)
    yield Family("flight_letters", "Letters being sent, or in doubt.", [({"channel": row[0]}, row[1]) for row in _rows("flight")])
    yield Family(
        "unclear_letters", "Letters that may or may not have arrived.", [({"channel": row[0]}, row[1]) for row in _rows("unclear")]
    )
    minutes = _rows("minute", since=now - timedelta(minutes=3))
    for place, what in enumerate(("accepted", "delivered", "failed"), start=1):
        samples = [({"channel": row[0]}, row[place]) for row in minutes]
        yield Family(f"minute_{what}", f"Letters {what} within the newest full minute.", samples)
    failed = _failures(now)
    yield Family("failed_letters", "Letters failed within 15 minutes, by reason.", failed)


def _failures(now: datetime) -> list[Sample]:
    rows = causes.rows("failures", since=now - FAILURES, cap=causes.CAP)
    return [({"channel": number, "reason": reason}, count) for number, reason, count in rows]


def _inward(now: datetime) -> Iterator[Family]:
    rows = _rows("events", now=now)
    yield Family("inbound_events", "What providers told us: new, or kept because it could not be handled.",
                 [({"channel": row[0], "state": row[1]}, row[2]) for row in rows])  # fmt: skip
    yield Family("inbound_oldest_seconds", "How long the oldest of them has waited.",
                 [({"channel": row[0], "state": row[1]}, row[3]) for row in rows])  # fmt: skip
    calls = [
        ({"channel": number, "direction": direction, "status": status}, count)
        for number, direction, status, count in _rows("calls", since=now - timedelta(minutes=1))
    ]
    yield Family("minute_calls", "Calls to and from providers within a minute, by answer.", calls)


def _house(now: datetime) -> Iterator[Family]:
    yield Family("engines", "Engine processes that live.", [({}, presence.engines())])
    yield Family("workers", "Worker processes heard of lately.", [({}, presence.workers(now))])
    yield Family("jobs", "Jobs of the timetable, by state.", [({"state": row[0]}, row[1]) for row in _rows("jobs")])
    alarms = Alarm.objects.filter(ended_at=None, raised_at__isnull=False).values_list("kind", "level", "organisation", "channel")
    samples = [
        ({"kind": kind, "level": level, "organisation": organisation or "", "channel": channel or ""}, 1.0)
        for kind, level, organisation, channel in alarms
    ]
    yield Family("alarm", "Open alarms.", samples)
    probes = list(Probe.objects.filter(active=True))
    yield Family("canary_good", "1 where the last canary came back in time.",
                 [({"channel": probe.channel_id}, float(probe.state == Probe.State.GOOD)) for probe in probes])  # fmt: skip
    yield Family("canary_seconds", "How long the last good canary took.",
                 [({"channel": p.channel_id}, p.milliseconds / 1000) for p in probes if p.milliseconds is not None])  # fmt: skip


def process() -> Iterator[Family]:
    """The web process that answers. Names as every exporter has them, so that ready-made boards fit."""
    if not Path("/proc/self/stat").exists():
        return
    pieces = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
    tick = os.sysconf("SC_CLK_TCK")
    seconds = (int(pieces[11]) + int(pieces[12])) / tick
    began = time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - int(pieces[19]) / tick)
    yield Family("process_cpu_seconds_total", "Processor time of this web process.", [({}, seconds)], "counter")
    yield Family("process_resident_memory_bytes", "Memory of this web process.", [({}, int(pieces[21]) * os.sysconf("SC_PAGE_SIZE"))])
    yield Family("process_open_fds", "Open files of this web process.", [({}, len(os.listdir("/proc/self/fd")))])
    yield Family("process_start_time_seconds", "When this web process began.", [({}, began)])


def written(families: Iterable[Family]) -> str:
    """Write families as text, version 0.0.4."""
    lines = []
    for family in families:
        name = family.name if family.name.startswith("process_") else f"buergerdraht_{family.name}"
        lines += [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}"]
        lines += [f"{name}{_labels(labels)} {float(value):.15g}" for labels, value in family.samples]
    return "\n".join(lines) + "\n" if lines else ""


def _labels(labels: Labels) -> str:
    pairs = ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _rows(name: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], values)
        return list(cursor.fetchall())
