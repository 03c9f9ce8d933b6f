"""Calendar files are what RFC 5545 asks for."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.appointments import actions, ics
from buergerdraht.appointments.models import Offer
from buergerdraht.appointments.tests.conftest import booked, slots
from buergerdraht.contacts.models import Address

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def unfolded(text: str) -> dict[str, str]:
    lines = text.replace("\r\n ", "").split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line)


def test_a_booking_as_an_event(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    text = ics.calendar([row], NOW)
    found = unfolded(text)
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.endswith("END:VEVENT\r\nEND:VCALENDAR\r\n")
    assert found["DTSTART"] == f"{row.begins_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    assert found["DTSTAMP"] == "20261130T090000Z"
    assert (found["STATUS"], found["METHOD"], found["SEQUENCE"]) == ("CONFIRMED", "PUBLISH", "0")
    assert found["LOCATION"] == "Rathaus\\, Zimmer 12"
    assert found["DESCRIPTION"] == f"Musterstadt\\, {row.shown_code}"
    assert "Paula" not in text


def test_moved_and_cancelled_it_is_the_same_event(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    first = unfolded(ics.calendar([row], NOW))
    moved = unfolded(ics.calendar([actions.move(row, slots(offer)[4].begins_at)], NOW))
    over = unfolded(ics.calendar([actions.cancel(row)], NOW))
    assert first["UID"] == moved["UID"] == over["UID"]
    assert [each["SEQUENCE"] for each in (first, moved, over)] == ["0", "1", "2"]
    assert (over["METHOD"], over["STATUS"]) == ("CANCEL", "CANCELLED")


def test_a_video_call_names_its_address(offer: Offer, paula: Address) -> None:
    offer.kind, offer.link = "video", "https://video.example/raum?a=1;b"
    offer.save()
    text = ics.calendar([booked(offer, paula)], NOW, "en").replace("\r\n ", "")
    assert "URL:https://video.example/raum?a=1;b\r\n" in text
    assert "SUMMARY:Apply for an ID card\r\n" in text


def test_an_empty_calendar_is_one() -> None:
    assert ics.calendar([], NOW).count("BEGIN:") == 1


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("a,b;c\\d", "a\\,b\\;c\\\\d"), ("eins\nzwei", "eins\\nzwei"), ("eins\r\nzwei\rdrei", "eins\\nzwei\\ndrei"), ("a\x00b\x1b", "ab")],
)
def test_signs_of_the_format_are_escaped(text: str, escaped: str) -> None:
    assert ics.escaped(text) == escaped


@given(st.text(max_size=400))
def test_nothing_a_text_holds_breaks_out_of_its_line(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", ics.escaped(text))


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=400))
def test_lines_are_short_and_folding_loses_nothing(line: str) -> None:
    pieces = list(ics.folded(line))
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == line
    assert all(piece.startswith(" ") for piece in pieces[1:])
