"""Watch the watchman: alarms are looked for by a worker, so the web processes look whether one lives, and call when none does."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connections
from django.utils import timezone

from buergerdraht.watch import alarms, presence, telling
from buergerdraht.watch.causes import Cause
from buergerdraht.watch.models import Alarm

log = logging.getLogger("buergerdraht.watch")
SECONDS = 30.0
KIND = Alarm.Kind.WORKER_MISSING
threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="guard")


async def run() -> None:
    """Look until cancelled. While the database is away there is nothing to look at, and nobody to tell."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SECONDS)
        try:
            await loop.run_in_executor(threads, look)
        except Exception as problem:
            log.warning("guard.blind problem=%s", type(problem).__name__)


def look() -> None:
    """Raise the alarm where no worker lives, and tell at once: there is nobody who would do a job. Its end is a worker's to see."""
    close_old_connections()
    try:
        now = timezone.now()
        if presence.worker_lives(now):
            return
        raised: list[Alarm] = []
        alarms.settle([Cause(KIND)], {KIND}, now, lambda alarm, event: raised.append(alarm))
        for alarm in raised:
            telling.at_once(alarm, telling.RAISED)
    finally:
        connections.close_all()
