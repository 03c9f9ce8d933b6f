"""The words of appointments for citizens: when and where, and what may be done about it."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Organisation
from buergerdraht.appointments.models import Booking
from buergerdraht.appointments.times import BERLIN
from buergerdraht.contacts.words import plain
from buergerdraht.wording import checking
from buergerdraht.wording.shelves import shelf

SHORT = {"de": 2, "en": 3}  # letters of a weekday that say which it is


SHELF = shelf("appointments", _("Termine"), Path(__file__).parent / "texts.yaml")


def _understood(word: str, text: str) -> bool | None:
    """Say whether a sentence names the word for appointments as TERMIN does."""
    said = f" {plain(text)} "
    return any(f" {each} " in said for each in listed("words")) if plain(word) in listed("words") else None


checking.UNDERSTOOD.append(_understood)


@cache
def listed(key: str) -> frozenset[str]:
    """The words of a list, bare."""
    return frozenset(plain(word) for word in SHELF.everything[key].split(","))


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    return SHELF.say(organisation, language, key, **values)


def told(booking: Booking, language: str, key: str, **values: str) -> str:
    """Say a sentence about a booking: `title`, `when`, `where`, `code` and all of them as `details` can stand in it."""
    organisation, offer = booking.offer.organisation, booking.offer
    facts = {"title": offer.title_in(language), "when": hours.spoken(booking.begins_at, language), "code": booking.shown_code}
    facts["where"] = say(organisation, language, f"where_{offer.kind}", place=offer.place, link=offer.link)
    details = say(organisation, language, "details", **facts)
    facts["details"] = "\n".join(line for line in details.splitlines() if line.strip())  # no place, no empty line
    return say(organisation, language, key, **{**facts, **values})


def short_day(day: date, language: str) -> str:
    """Say a day where there is little room: "Di, 24.11."."""
    names = hours.DAY_NAMES.get(language, hours.DAY_NAMES["de"])
    name = names[day.weekday()][: SHORT.get(language if language in hours.DAY_NAMES else "de")]
    return f"{name}, {day.day}.{day.month}." if language == "de" else f"{name}, {day.day}/{day.month}"


def long_day(day: date, language: str) -> str:
    """Say a day in a sentence: "Dienstag, 24.11."."""
    names = hours.DAY_NAMES.get(language, hours.DAY_NAMES["de"])
    return f"{names[day.weekday()]}, {day.day}.{day.month}." if language == "de" else f"{names[day.weekday()]}, {day.day}/{day.month}"


def clock(booking: Booking) -> str:
    return f"{booking.begins_at.astimezone(BERLIN):%H:%M}"
