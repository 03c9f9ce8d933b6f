"""Wake walks whose time has come: a thread of the worker, because a moment after photos is three seconds and not a minute."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from buergerdraht.dialogs import sessions
from buergerdraht.gateway.arrivals import is_away

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
        except (DatabaseError, InterfaceError) as problem:
            log.warning("dialogs.pulse problem=%s", type(problem).__name__)
            close_old_connections()
            pause = CALM
    close_old_connections()


def beat() -> int:
    """Wake what is due, each in a transaction of its own; one that cannot be woken goes to people and holds up no other.

    Returns how many were woken.
    """
    now, woken = timezone.now(), 0
    for number in sessions.due(now):
        try:
            woken += sessions.wake(number, now)
        except Exception as problem:
            if is_away(problem):
                raise
            log.error("dialogs.wake session=%s problem=%s at=%s", number, type(problem).__name__, sessions.place(problem))
            if not isinstance(problem, OperationalError):  # a deadlock that ended at our cost: it is due again at once
                _give_up(number, now)
    return woken


def _give_up(number: int, now: datetime) -> None:
    try:
        sessions.give_up_on(number)
    except Exception as problem:
        if is_away(problem):
            raise
        log.error("dialogs.give_up session=%s problem=%s at=%s", number, type(problem).__name__, sessions.place(problem))
        sessions.put_off(number, now + PUT_OFF)
