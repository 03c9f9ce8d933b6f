"""When the office is open: weekly hours, the Land's holidays, further closed days. All in Europe/Berlin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays as calendar

from buergerdraht.accounts.models import Organisation

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ar": ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
}
FAR = 400  # days; whose office does not open in more than a year has no office hours worth counting
SPOKEN = {"de": "{day}, {date}, {time} Uhr", "en": "{day}, {date}, {time}", "ar": "{day} {date}، {time}"}


@lru_cache(maxsize=64)
def holidays_of(land: str, year: int) -> dict[date, str]:
    """Name the holidays of a Land in a year."""
    return dict(calendar.country_holidays("DE", subdiv=land, years=year, language="de"))


def spans(organisation: Organisation, day: date) -> list[tuple[datetime, datetime]]:
    """List the opening times of a day, in order."""
    if day in holidays_of(organisation.land, day.year) or day.isoformat() in organisation.closed_days:
        return []
    times = organisation.office_hours.get(DAYS[day.weekday()], [])
    return sorted(
        (datetime.combine(day, time.fromisoformat(start), BERLIN), datetime.combine(day, time.fromisoformat(end), BERLIN))
        for start, end in times
    )


def is_open(organisation: Organisation, at: datetime) -> bool:
    return any(start <= at < end for start, end in spans(organisation, at.astimezone(BERLIN).date()))


def next_opening(organisation: Organisation, at: datetime) -> datetime | None:
    """Find the next moment the office opens, within a month; None where no hours are set."""
    day = at.astimezone(BERLIN).date()
    for ahead in range(32):
        for start, _end in spans(organisation, day + timedelta(days=ahead)):
            if start > at:
                return start
    return None


def works_at(organisation: Organisation, at: datetime) -> bool:
    """Say whether time counts at this moment: the office is open, or nobody said when it is closed."""
    return not organisation.office_hours or is_open(organisation, at)


def add_office_time(organisation: Organisation, start: datetime, minutes: int) -> datetime:
    """Find the moment by which the office will have been open for so long; by the clock alone where no hours are set."""
    left = timedelta(minutes=minutes)
    for begins, ends in _open_from(organisation, start, FAR):
        if left <= ends - begins:
            return begins + left
        left -= ends - begins
    return start.astimezone(UTC) + timedelta(minutes=minutes)


def office_seconds(organisation: Organisation, start: datetime, end: datetime) -> int:
    """Count for how long the office was open between two moments; by the clock alone where no hours are set."""
    if end <= start:
        return 0
    if not organisation.office_hours:
        return int((end - start).total_seconds())
    days = (end.astimezone(BERLIN).date() - start.astimezone(BERLIN).date()).days + 1
    spent = (min(ends, end) - begins for begins, ends in _open_from(organisation, start, days) if begins < end)
    return int(sum(spent, timedelta()).total_seconds())


def _open_from(organisation: Organisation, start: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Walk the opening times after a moment in UTC: only there is a difference the time that passed, whatever the clocks did."""
    day = start.astimezone(BERLIN).date()
    for ahead in range(days if organisation.office_hours else 0):
        for opens, closes in spans(organisation, day + timedelta(days=ahead)):
            begins, ends = max(opens.astimezone(UTC), start.astimezone(UTC)), closes.astimezone(UTC)
            if begins < ends:
                yield begins, ends


def spoken(moment: datetime, language: str) -> str:
    """Say a moment the way people do: "Dienstag, 24.11., 08:00 Uhr"."""
    local = moment.astimezone(BERLIN)
    names = DAY_NAMES.get(language, DAY_NAMES["de"])
    day = f"{local.day}.{local.month}." if language == "de" else f"{local.day}/{local.month}"
    return SPOKEN.get(language, SPOKEN["de"]).format(day=names[local.weekday()], date=day, time=f"{local:%H:%M}")
