"""Bookings as calendar files (RFC 5545): times in UTC, lines folded at 75 bytes, and no name of a citizen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from buergerdraht.appointments.models import Booking, Offer

PRODUCT = "-//Buergerdraht//Termine//DE"
MOST_BYTES = 75
STATUS = {Booking.State.CANCELLED: "CANCELLED", Booking.State.HELD: "TENTATIVE"}


def calendar(bookings: Iterable[Booking], now: datetime, language: str = "de") -> str:
    """Write one or many bookings as a calendar. The same booking has the same UID for ever; a change counts SEQUENCE up."""
    rows = list(bookings)
    over = bool(rows) and all(row.state == Booking.State.CANCELLED for row in rows)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", f"METHOD:{'CANCEL' if over else 'PUBLISH'}"]
    for row in rows:
        lines += _event(row, now, language)
    lines.append("END:VCALENDAR")
    return "".join(piece + "\r\n" for line in lines for piece in folded(line))


def _event(row: Booking, now: datetime, language: str) -> Iterator[str]:
    offer = row.offer
    yield "BEGIN:VEVENT"
    yield f"UID:termin-{row.pk}@{escaped(urlsplit(settings.PUBLIC_URL).hostname or 'buergerdraht')}"
    yield f"SEQUENCE:{row.sequence}"
    yield f"DTSTAMP:{_utc(now)}"
    yield f"DTSTART:{_utc(row.begins_at)}"
    yield f"DTEND:{_utc(row.ends_at)}"
    yield f"SUMMARY:{escaped(offer.title_in(language))}"
    yield f"DESCRIPTION:{escaped(f'{offer.organisation.name}, {row.shown_code}')}"
    if offer.kind == Offer.Kind.VIDEO and offer.link:
        yield f"URL:{_plain(offer.link)}"
        yield f"LOCATION:{escaped(offer.link)}"
    elif offer.place:
        yield f"LOCATION:{escaped(offer.place)}"
    yield f"STATUS:{STATUS.get(Booking.State(row.state), 'CONFIRMED')}"
    yield "END:VEVENT"


def escaped(text: str) -> str:
    """Write a text so that no sign of it is taken for the format's own."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return _plain(text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n"))


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter == "\t" or (ord(letter) >= 32 and letter != "\x7f"))


def folded(line: str) -> Iterator[str]:
    """Break a line into pieces of at most 75 bytes, never inside a letter; those that follow begin with a space."""
    piece, size = "", 0
    for letter in line:
        weight = len(letter.encode())
        if size + weight > MOST_BYTES:
            yield piece
            piece, size = " ", 1
        piece, size = piece + letter, size + weight
    yield piece


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
