"""Wake walks whose time has come: a thread of the worker, because a moment after photos is three seconds and not a minute."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import OperationalError
from django.utils import timezone

from buergerdraht.dialogs import sessions, waiting
from buergerdraht.gateway.arrivals import is_away
from buergerdraht.gateway.beating import place

log = logging.getLogger("buergerdraht.dialogs")
PUT_OFF = timedelta(minutes=5)  # what cannot be woken is tried again


def beat() -> int:
    """Wake what is due, each in a transaction of its own; one that cannot be woken goes to people and holds up no other.

    Then what waited in line begins. Returns how many were woken.
    """
    now, woken = timezone.now(), 0
    for number in sessions.due(now):
        try:
            woken += sessions.wake(number, now)
        except Exception as problem:
            if is_away(problem):
                raise
            log.error("dialogs.wake session=%s problem=%s at=%s", number, type(problem).__name__, place(problem))
            if not isinstance(problem, OperationalError):  # a deadlock that ended at our cost: it is due again at once
                _give_up(number, now)
    waiting.begin_due(now)
    return woken


def _give_up(number: int, now: datetime) -> None:
    try:
        sessions.give_up_on(number)
    except Exception as problem:
        if is_away(problem):
            raise
        log.error("dialogs.give_up session=%s problem=%s at=%s", number, type(problem).__name__, place(problem))
        sessions.put_off(number, now + PUT_OFF)
