"""What the inbox does by the clock, each minute, and what must wait for others' messages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.accounts.models import Organisation
from buergerdraht.conversations import asides, automatic, deadlines, dealing, holding, marks

log = logging.getLogger("buergerdraht.conversations")

# Each asks an index what is due, does it row by row in transactions of their own, and does nothing a second time.
JOBS: list[Callable[[datetime], None]] = [
    holding.wake_due,
    deadlines.forget,
    deadlines.warn,
    deadlines.show_breached,
    dealing.give_back,
    dealing.deal_waiting,
    automatic.acknowledge,
    automatic.remind,
    automatic.close_silent,
    marks.ask,
]


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="conversations.tick", pass_context=False)
def tick(timestamp: int) -> None:
    """Do what is due. Without a job's lock: that of a worker which was killed would stay."""
    run(timezone.now())


@app.task(name="conversations.count_copies")
def count_copies(organisation_id: int, fingerprint: int) -> None:
    """See whether a text was sent to many that several hands wrote down at once."""
    if organisation := Organisation.objects.filter(pk=organisation_id).first():
        asides.count_copies(organisation, fingerprint)


def run(now: datetime) -> None:
    """Run every job; one that fails is named in the log and keeps no other from its work."""
    for job in JOBS:
        try:
            job(now)
        except Exception as problem:  # the next minute tries again
            log.error("tick.failed job=%s problem=%s", job.__name__, type(problem).__name__)
