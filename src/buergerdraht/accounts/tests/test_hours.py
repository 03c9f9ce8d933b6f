"""Office hours across holidays, closed days and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


# ── Office time ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(("start", "minutes", "expected"), [
    (at(2026, 11, 23, 9, 0), 60, at(2026, 11, 23, 10, 0)),
    (at(2026, 11, 23, 11, 30), 60, at(2026, 11, 23, 14, 30)),  # over the midday break
    (at(2026, 11, 20, 15, 30), 60, at(2026, 11, 23, 8, 30)),  # over the weekend
    (at(2026, 11, 22, 3, 0), 0, at(2026, 11, 23, 8, 0)),
    (at(2026, 12, 23, 15, 0), 120, at(2026, 12, 28, 9, 0)),  # 24th closed, 25th and 26th holidays, then a weekend
    (at(2026, 3, 27, 15, 0), 120, at(2026, 3, 30, 9, 0)),  # summer time began on the Sunday between
    (at(2026, 10, 23, 15, 0), 120, at(2026, 10, 26, 9, 0)),  # and ended
])  # fmt: skip
def test_minutes_are_added_in_office_time(start: datetime, minutes: int, expected: datetime) -> None:
    assert hours.add_office_time(town(closed_days=["2026-12-24"]), start, minutes) == expected


def test_on_the_days_the_clocks_change_the_hours_that_were_there_count() -> None:
    organisation = Organisation(slug="x", name="X", office_hours={"sun": [["00:00", "06:00"]]})
    for day, passed in ((at(2026, 3, 29, 0, 0), 5), (at(2026, 10, 25, 0, 0), 7), (at(2026, 11, 22, 0, 0), 6)):
        assert hours.office_seconds(organisation, day, day + timedelta(days=1)) == passed * 3600
        assert hours.add_office_time(organisation, day, passed * 60) == day.replace(hour=6)


def test_without_hours_the_clock_alone_counts() -> None:
    start = at(2026, 10, 25, 0, 30)
    organisation = Organisation(slug="x", name="X")
    assert hours.add_office_time(organisation, start, 180) == start.astimezone(UTC) + timedelta(hours=3)
    assert hours.office_seconds(organisation, start, start.astimezone(UTC) + timedelta(hours=3)) == 3 * 3600


def test_an_office_that_never_opens_again_still_has_an_answer() -> None:
    never = Organisation(slug="x", name="X", office_hours={"mon": []})
    assert hours.add_office_time(never, at(2026, 11, 23, 9, 0), 30) == at(2026, 11, 23, 9, 30)


clock = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
spans_of_day = st.lists(clock, max_size=4, unique=True).map(sorted).map(lambda ends: list(zip(ends[::2], ends[1::2], strict=False)))
weeks = st.fixed_dictionaries(dict.fromkeys(hours.DAYS, spans_of_day))
moments = st.integers(0, 3 * 365 * 86_400).map(lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


@given(weeks, moments, st.integers(0, 6000))
def test_adding_and_counting_office_time_agree(week: dict[str, list[list[str]]], start: datetime, minutes: int) -> None:
    organisation = Organisation(slug="x", name="X", land="NW", office_hours=week, closed_days=["2026-03-27", "2026-10-26"])
    end = hours.add_office_time(organisation, start, minutes)
    assert end >= start
    if any(week.values()):
        assert hours.office_seconds(organisation, start, end) == minutes * 60
        if minutes:
            assert (
                hours.office_seconds(organisation, start, end - timedelta(seconds=1)) == minutes * 60 - 1
            )  # not a second later than needed


@given(weeks, moments, st.integers(0, 20_000), st.integers(0, 20_000))
def test_office_time_adds_up(week: dict[str, list[list[str]]], start: datetime, first: int, second: int) -> None:
    organisation = Organisation(slug="x", name="X", land="BY", office_hours=week)
    middle, end = start + timedelta(minutes=first), start + timedelta(minutes=first + second)
    whole = hours.office_seconds(organisation, start, end)
    assert whole == hours.office_seconds(organisation, start, middle) + hours.office_seconds(organisation, middle, end)
    assert 0 <= whole <= (end - start).total_seconds()


@given(moments, st.integers(0, 5 * 96))
def test_office_time_is_what_was_open(moment: datetime, quarters: int) -> None:
    """Counted the slow way: quarter by quarter."""
    start = moment.replace(minute=0, second=0, microsecond=0)
    organisation = town("BY")
    slow = sum(hours.is_open(organisation, start + timedelta(minutes=15 * each)) for each in range(quarters))
    assert hours.office_seconds(organisation, start, start + timedelta(minutes=15 * quarters)) == slow * 900
