"""What dialogs do by the clock beside the pulse."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.dialogs import timetable


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="dialogs.begin", lock="dialogs.begin", pass_context=False)
def begin_due(timestamp: int) -> None:
    """Begin the dialogs whose time has come."""
    timetable.begin_due(timezone.now())
