"""Times are reckoned from rules: none overlaps, none is lost, and the clocks' changes do not disturb them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.appointments import times
from buergerdraht.appointments.times import BERLIN, Plan, Taken

MONDAY, SPRING, AUTUMN = date(2026, 11, 30), date(2027, 3, 28), date(2026, 10, 25)
CLOCKS = st.integers(0, 23 * 60 + 59).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
MINUTES = st.integers(1, 120).map(lambda minutes: timedelta(minutes=minutes))
PAUSES = st.integers(0, 60).map(lambda minutes: timedelta(minutes=minutes))
RULES = st.builds(lambda day, *ends: {"weekday": day, "begin": min(ends), "end": max(ends)}, st.integers(0, 6), CLOCKS, CLOCKS)
PLANS = st.builds(Plan, st.lists(RULES, max_size=6), MINUTES, PAUSES, st.integers(1, 4))
DAYS = st.one_of(st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.sampled_from([SPRING, AUTUMN, date(2028, 3, 26), date(2028, 10, 29)]))


def plan(*rules: tuple[int, str, str], minutes: int = 30, pause: int = 0, desks: int = 1) -> Plan:
    listed = [{"weekday": weekday, "begin": begin, "end": end} for weekday, begin, end in rules]
    return Plan(listed, timedelta(minutes=minutes), timedelta(minutes=pause), desks)


def clocks(plan: Plan, day: date) -> list[str]:
    return [f"{begin.astimezone(BERLIN):%H:%M}" for begin, _ in times.grid(plan, day)]


@given(PLANS, DAYS)
def test_times_of_a_day_follow_one_another_with_their_pause(plan: Plan, day: date) -> None:
    found = list(times.grid(plan, day))
    assert all(end - begin == plan.length for begin, end in found)
    assert all(before[1] + plan.pause <= after[0] for before, after in pairwise(found))


@given(PLANS, DAYS)
def test_every_time_lies_inside_one_of_the_rules(plan: Plan, day: date) -> None:
    spans = times.windows(plan.rules, day)
    assert all(any(opens <= begin and end <= closes for opens, closes in spans) for begin, end in times.grid(plan, day))


@given(PLANS, DAYS)
def test_no_time_comes_twice_over_a_week(plan: Plan, day: date) -> None:
    found = [span for each in times.days_between(day, day + timedelta(days=6)) for span in times.grid(plan, each)]
    assert len(found) == len(set(found))
    assert found == sorted(found)


@given(PLANS, DAYS, st.lists(st.tuples(st.integers(-60, 1500), st.integers(1, 180), st.integers(1, 5)), max_size=12))
def test_a_free_desk_overlaps_nothing_that_is_taken(plan: Plan, day: date, had: list[tuple[int, int, int]]) -> None:
    midnight = times.moment(day, time())
    taken = [Taken(midnight + timedelta(minutes=at), midnight + timedelta(minutes=at + long), desk) for at, long, desk in had]
    for slot in times.free(plan, [day], (), taken):
        desk = times.desk(plan, slot.begins_at, slot.ends_at, taken)
        assert desk is not None
        mine = [each for each in taken if each.desk == desk]
        assert all(each.ends_at + plan.pause <= slot.begins_at or slot.ends_at + plan.pause <= each.begins_at for each in mine)
        assert 1 <= slot.free <= plan.desks


def test_a_morning_is_divided() -> None:
    assert clocks(plan((0, "08:00", "10:00"), minutes=30, pause=10), MONDAY) == ["08:00", "08:40", "09:20"]


def test_rules_that_overlap_or_touch_are_one() -> None:
    assert clocks(plan((0, "08:00", "09:00"), (0, "08:30", "09:30"), (0, "09:30", "10:15")), MONDAY) == ["08:00", "08:30", "09:00", "09:30"]


def test_the_pause_holds_over_a_gap_between_rules() -> None:
    assert clocks(plan((0, "08:00", "08:30"), (0, "08:35", "10:00"), pause=15), MONDAY) == ["08:00", "08:45", "09:30"]


def test_a_closed_day_offers_nothing() -> None:
    assert list(times.free(plan((0, "08:00", "09:00")), [MONDAY], {MONDAY}, ())) == []


def test_in_spring_an_hour_is_missing_and_no_time_falls_into_it() -> None:
    found = clocks(plan((6, "01:00", "04:00")), SPRING)
    assert found == ["01:00", "01:30", "03:00", "03:30"]


def test_a_rule_that_begins_in_the_missing_hour_begins_after_it() -> None:
    assert clocks(plan((6, "02:30", "04:00")), SPRING) == ["03:00", "03:30"]
    assert clocks(plan((6, "01:00", "02:30")), SPRING) == ["01:00", "01:30"]


def test_in_autumn_the_doubled_hour_is_worked_once_more() -> None:
    begins = [begin for begin, _ in times.grid(plan((6, "01:00", "04:00"), minutes=60), AUTUMN)]
    assert begins == [datetime(2026, 10, 24, 23, tzinfo=UTC) + timedelta(hours=n) for n in range(4)]


@pytest.mark.parametrize("day", [SPRING, AUTUMN, SPRING - timedelta(days=7), AUTUMN + timedelta(days=7)])
def test_eight_on_the_clock_stays_eight_on_the_clock(day: date) -> None:
    assert clocks(plan((6, "08:00", "09:00")), day) == ["08:00", "08:30"]


def test_the_last_of_several_reminders_that_are_due_is_said() -> None:
    begins = datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert times.due([24, 2], [], begins, begins - timedelta(hours=25)) is None
    assert times.due([24, 2], [], begins, begins - timedelta(hours=24)) == 24
    assert times.due([24, 2], [24], begins, begins - timedelta(hours=3)) is None
    assert times.due([24, 2], [], begins, begins - timedelta(hours=1)) == 2
    assert times.due([24, 2], [], begins, begins) is None
