"""Wake walks whose time has come: a thread of the worker, because a moment after photos is three seconds and not a minute."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django.db import DatabaseError, OperationalError, close_old_connections
from django.utils import timezone

from buergerdraht.dialogs import sessions

log = logging.getLogger("buergerdraht.dialogs")
BEAT = 0.5  # seconds
PUT_OFF = timedelta(minutes=5)  # what cannot be woken is tried again
CALM = 5.0  # after the database was away


def run(stop: threading.Event) -> None:
    """Beat until told to stop; the database may go and come back meanwhile."""
    pause = BEAT
    while not stop.wait(pause):
        try:
            pause = 0.0 if beat() else BEAT
        except (OperationalError, DatabaseError) as problem:
            log.warning("dialogs.pulse problem=%s", type(problem).__name__)
            close_old_connections()
            pause = CALM
    close_old_connections()


def beat() -> int:
    """Wake what is due, each in a transaction of its own; one that cannot be woken holds up no other. Returns how many."""
    now, woken = timezone.now(), 0
    for number in sessions.due(now):
        try:
            woken += sessions.wake(number, now)
        except (OperationalError, DatabaseError):
            raise
        except Exception as problem:
            log.exception("dialogs.wake session=%s problem=%s", number, type(problem).__name__)
            sessions.put_off(number, now + PUT_OFF)
    return woken
