"""Office hours across holidays, closed days and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from buergerdraht.accounts import hours
from buergerdraht.accounts.forms import read_spans
from buergerdraht.accounts.models import Organisation

WEEK = {day: [["08:00", "12:00"], ["14:00", "16:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def town(land: str = "NW", **fields: object) -> Organisation:
    return Organisation(slug="musterstadt", name="Stadt Musterstadt", land=land, office_hours=WEEK, **fields)


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=hours.BERLIN)  # type: ignore[arg-type]


def test_it_is_open_between_the_ends() -> None:
    assert hours.is_open(town(), at(2026, 11, 23, 8, 0))
    assert not hours.is_open(town(), at(2026, 11, 23, 12, 0))
    assert not hours.is_open(town(), at(2026, 11, 22, 9, 0))


def test_a_holiday_counts_only_in_its_land() -> None:
    corpus_christi = at(2026, 6, 4, 9, 0)
    assert not hours.is_open(town("NW"), corpus_christi)
    assert hours.is_open(town("BE"), corpus_christi)


def test_the_next_opening_jumps_christmas_and_closed_days() -> None:
    organisation = town(closed_days=["2026-12-24", "2026-12-28"])
    assert hours.next_opening(organisation, at(2026, 12, 23, 17, 0)) == at(2026, 12, 29, 8, 0)


def test_without_hours_there_is_no_next_opening() -> None:
    assert hours.next_opening(Organisation(slug="x", name="X"), at(2026, 11, 23, 9, 0)) is None


@pytest.mark.parametrize(("asked", "expected"), [
    (datetime(2026, 3, 29, 20, tzinfo=UTC), datetime(2026, 3, 30, 6, tzinfo=UTC)),  # summer time began on Sunday
    (datetime(2026, 10, 25, 20, tzinfo=UTC), datetime(2026, 10, 26, 7, tzinfo=UTC)),  # and ended
])  # fmt: skip
def test_the_office_opens_by_the_clock_on_the_wall(asked: datetime, expected: datetime) -> None:
    assert hours.next_opening(town(), asked) == expected


def test_a_moment_is_spoken_in_the_language() -> None:
    assert hours.spoken(at(2026, 11, 24, 8, 0), "de") == "Dienstag, 24.11., 08:00 Uhr"
    assert hours.spoken(at(2026, 11, 24, 8, 0), "en") == "Tuesday, 24/11, 08:00"


def test_spans_are_read_as_people_write_them() -> None:
    assert read_spans("8-12, 14:00 bis 16.30 Uhr") == [["08:00", "12:00"], ["14:00", "16:30"]]


@pytest.mark.parametrize("wrong", ["morgens", "12-8", "8-25", "8-12, 11-13"])
def test_spans_that_make_no_sense_are_refused(wrong: str) -> None:
    with pytest.raises(Exception, match="„"):
        read_spans(wrong)
