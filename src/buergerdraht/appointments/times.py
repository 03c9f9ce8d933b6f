"""Reckoning free times from rules, closed days and what is taken. Wall clock of Germany in, UTC out; knows no table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """How an offer divides its time: its rules, how long one booking and the pause after it take, and how many desks there are."""

    rules: Sequence[Mapping[str, object]]  # {"weekday": 0..6, "begin": "08:00", "end": "12:00"}
    length: timedelta
    pause: timedelta
    desks: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be booked, and at how many desks still."""

    begins_at: datetime
    ends_at: datetime
    free: int = 1

    @property
    def day(self) -> date:
        return self.begins_at.astimezone(BERLIN).date()


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody has already."""

    begins_at: datetime
    ends_at: datetime
    desk: int


def moment(day: date, clock: time) -> datetime:
    """Find a time on the clock in UTC. One that the clocks leave out is the first that exists after it; of a doubled one the first."""
    naive = datetime.combine(day, clock)
    while True:
        found = naive.replace(tzinfo=BERLIN).astimezone(UTC)
        if found.astimezone(BERLIN).replace(tzinfo=None) == naive:
            return found
        naive += MINUTE


def windows(rules: Iterable[Mapping[str, object]], day: date) -> list[tuple[datetime, datetime]]:
    """List from when to when is worked on a day; what overlaps or touches is one."""
    mine = [rule for rule in rules if rule["weekday"] == day.weekday()]
    spans = sorted((_at(day, rule["begin"]), _at(day, rule["end"])) for rule in mine)
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif begin < end:
            joined.append((begin, end))
    return joined


def _at(day: date, clock: object) -> datetime:
    return moment(day, time.fromisoformat(str(clock)))


def grid(plan: Plan, day: date) -> Iterator[tuple[datetime, datetime]]:
    """Divide a day into times, one after the other, each whole."""
    ready = datetime.min.replace(tzinfo=UTC)
    for begin, end in windows(plan.rules, day):
        at = max(begin, ready)
        while at + plan.length <= end:
            yield at, at + plan.length
            at = ready = at + plan.length + plan.pause


def free(plan: Plan, days: Iterable[date], closed: Collection[date], taken: Iterable[Taken]) -> Iterator[Slot]:
    """Give the times of these days at which a desk is left, in order."""
    had = sorted(taken, key=lambda each: each.begins_at)
    for day in days:
        if day in closed:
            continue
        for begin, end in grid(plan, day):
            if left := plan.desks - len(occupied(plan, begin, end, had)):
                yield Slot(begin, end, left)


def occupied(plan: Plan, begin: datetime, end: datetime, taken: Iterable[Taken]) -> set[int]:
    """Name the desks that are busy then, the pause before and after counted as well."""
    busy = {each.desk for each in taken if each.begins_at < end + plan.pause and begin < each.ends_at + plan.pause}
    return {desk for desk in busy if desk <= plan.desks}


def desk(plan: Plan, begin: datetime, end: datetime, taken: Iterable[Taken]) -> int | None:
    """Name the first desk that is free then."""
    busy = occupied(plan, begin, end, taken)
    return next((number for number in range(1, plan.desks + 1) if number not in busy), None)


def days_between(first: date, last: date) -> Iterator[date]:
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)


def passed(reminders: Iterable[int], begins_at: datetime, now: datetime) -> list[int]:
    """List the reminders whose moment is over: nobody is reminded in the minute after booking."""
    return [hours for hours in reminders if begins_at - timedelta(hours=hours) <= now]


def upcoming(reminders: Iterable[int], said: Collection[int], begins_at: datetime) -> datetime | None:
    """Find the moment of the next reminder."""
    return min((begins_at - timedelta(hours=hours) for hours in reminders if hours not in said), default=None)


def due(reminders: Iterable[int], said: Collection[int], begins_at: datetime, now: datetime) -> int | None:
    """Name the reminder to say now, the last of several that are due; none once it has begun."""
    waiting = [hours for hours in passed(reminders, begins_at, now) if hours not in said]
    return min(waiting) if waiting and now < begins_at else None
