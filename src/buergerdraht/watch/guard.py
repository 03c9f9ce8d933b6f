"""Watch the watchman: alarms are looked for by a worker in the database, so the web processes look whether both are there.

Without a worker they raise the alarm themselves. Without a database there is no list of receivers: BUERGERDRAHT_ALARM_MAIL is told,
by each web process on its own.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error, connections
from django.utils import timezone

from buergerdraht.gateway import webhook
from buergerdraht.watch import alarms, presence, telling
from buergerdraht.watch.causes import Cause
from buergerdraht.watch.kinds import KINDS
from buergerdraht.watch.models import Alarm

log = logging.getLogger("buergerdraht.watch")
SECONDS, PATIENCE = 30.0, 10.0
WORKER, DATABASE = Alarm.Kind.WORKER_MISSING, Alarm.Kind.DATABASE_AWAY
threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="guard")


@dataclass
class Outage:
    """Since when nothing can be stored, and whether somebody was called."""

    since: datetime | None = None
    called: bool = False


_outage = Outage()


async def run() -> None:
    """Look until cancelled. A look that hangs, because the database neither answers nor ends, counts as one that failed."""
    loop = asyncio.get_running_loop()
    looking: asyncio.Future[None] | None = None
    while True:
        await asyncio.sleep(SECONDS)
        if looking is None or looking.done():
            looking = loop.run_in_executor(threads, look)
        done, _ = await asyncio.wait({looking}, timeout=PATIENCE)
        if not done:
            await asyncio.to_thread(_away, timezone.now())
        elif problem := looking.exception():
            log.warning("guard.blind problem=%s", type(problem).__name__)


def look() -> None:
    """See whether the database takes what comes, and whether a worker lives."""
    now = timezone.now()
    try:
        alive = presence.worker_lives(now)
    except Error:
        _away(now)
        return
    finally:
        connections.close_all()
    if webhook.refuses():
        _away(now)
        return
    _back(now)
    if not alive:
        _no_worker(now)


def _no_worker(now: datetime) -> None:
    """Raise the alarm and tell at once: there is nobody who would do a job. Its end is a worker's to see."""
    raised: list[Alarm] = []
    try:
        alarms.settle([Cause(WORKER)], {WORKER}, now, lambda alarm, event: raised.append(alarm))
        for alarm in raised:
            telling.at_once(alarm, telling.RAISED)
    finally:
        connections.close_all()


def _away(now: datetime) -> None:
    _outage.since = _outage.since or now
    if not _outage.called and now - _outage.since >= timedelta(seconds=KINDS[DATABASE].lasts):
        _outage.called = True
        log.error("alarm.raised kind=%s", DATABASE)
        telling.tell_unwritten(_alarm(now), telling.RAISED)


def _back(now: datetime) -> None:
    if _outage.called:
        log.warning("alarm.ended kind=%s", DATABASE)
        telling.tell_unwritten(_alarm(now), telling.ENDED)
    _outage.since, _outage.called = None, False


def _alarm(now: datetime) -> Alarm:
    return Alarm(kind=DATABASE, level=KINDS[DATABASE].level, since=_outage.since or now, seen_at=now, raised_at=now, ended_at=now)
