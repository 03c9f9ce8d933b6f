"""When the office is open: weekly hours, the Land's holidays, further closed days. All in Europe/Berlin."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
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


def spoken(moment: datetime, language: str) -> str:
    """Say a moment the way people do: "Dienstag, 24.11., 08:00 Uhr"."""
    local = moment.astimezone(BERLIN)
    names = DAY_NAMES.get(language, DAY_NAMES["de"])
    day = f"{local.day}.{local.month}." if language == "de" else f"{local.day}/{local.month}"
    return SPOKEN.get(language, SPOKEN["de"]).format(day=names[local.weekday()], date=day, time=f"{local:%H:%M}")
