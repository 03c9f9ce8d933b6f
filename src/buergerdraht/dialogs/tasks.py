"""What dialogs do by the clock beside the pulse."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.dialogs import events, figures, sessions, timetable
from buergerdraht.dialogs.models import Missed, SystemCall, Trace

CALLS_KEPT = timedelta(days=90)
MISSED_KEPT = timedelta(days=90)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="dialogs.begin", lock="dialogs.begin", pass_context=False)
def begin_due(timestamp: int) -> None:
    """Begin the dialogs whose time has come."""
    timetable.begin_due(timezone.now())
    timetable.note_missed(timezone.now())


@app.periodic(cron="23 4 * * *")
@app.task(queueing_lock="dialogs.forget", pass_context=False)
def forget_keys(timestamp: int) -> None:
    """Forget the keys of events that nobody tells again, templates that nobody answered, and figures that no screen shows any more."""
    events.forget(timezone.now())
    sessions.expire(timezone.now())
    Trace.objects.filter(session=None, at__lt=timezone.now() - timedelta(days=max(figures.DAYS) + 1)).delete()
    Missed.objects.filter(at__lt=timezone.now() - MISSED_KEPT).delete()
    SystemCall.objects.filter(at__lt=timezone.now() - CALLS_KEPT).delete()
