"""Reckoning with time: the same hour a week later, how long a guest takes, and when it is worth a word that it goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Organisation

MOST_UPDATES = 2
FEWEST_TALKS = 2  # from fewer nothing can be said honestly


def week_later(organisation: Organisation, moment: datetime) -> datetime:
    """The same time on the clock in the next week that is no holiday and no closed day; right across clock changes (law 14)."""
    local = moment.astimezone(hours.BERLIN)
    for _ in range(10):
        local += timedelta(weeks=1)  # on the clock, not on the stopwatch: the zone stays and its offset follows
        day = local.date()
        if day not in hours.holidays_of(organisation.land, day.year) and day.isoformat() not in organisation.closed_days:
            break
    return local


def same_span(begins: datetime, ends: datetime, begins_later: datetime) -> datetime:
    """When it ends on another day: the same time on the clock, also where the clock changes between."""
    begin, end = begins.astimezone(hours.BERLIN), ends.astimezone(hours.BERLIN)
    return begins_later.astimezone(hours.BERLIN) + (end.replace(tzinfo=None) - begin.replace(tzinfo=None))


def pace(talks: Sequence[tuple[datetime, datetime]], answering: int) -> float | None:
    """Minutes until the next guest's turn, from the talks of this session; None while too few were had."""
    if len(talks) < FEWEST_TALKS:
        return None
    spent = sum((end - start).total_seconds() for start, end in talks) / 60
    return spent / len(talks) / max(answering, 1)


def minutes(ahead: int, per_guest: float | None) -> int | None:
    """How long it takes with so many before: whole minutes, in fives beyond a quarter of an hour."""
    if per_guest is None:
        return None
    exact = max(1, math.ceil(ahead * per_guest))
    return exact if exact <= 15 else math.ceil(exact / 5) * 5


def nearer(told: int | None, ahead: int, updates: int) -> bool:
    """Whether it moved so far that it is worth a word: at least two places, and half the way. Twice at most."""
    return told is not None and updates < MOST_UPDATES and told - ahead >= 2 and ahead <= told // 2
