from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from buergerdraht.gateway.engine.limits import Allowance, Breaker, Gate, Pairs

pauses = some.lists(some.tuples(some.floats(0, 5), some.booleans()), max_size=200)


@given(interval=some.floats(0.001, 10), burst=some.integers(1, 50), steps=pauses)
def test_no_window_of_time_ever_holds_more_than_the_limit(interval: float, burst: int, steps: list[tuple[float, bool]]) -> None:
    gate, now, taken = Gate(interval, burst), 0.0, []
    for pause, patient in steps:
        now += gate.wait(now) if patient else pause
        if gate.wait(now) <= 1e-9:
            gate.take(now)
            taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - taken[first]) / interval + 1e-6


@given(interval=some.floats(0.001, 1), burst=some.integers(1, 20), count=some.integers(1, 300))
def test_who_waits_as_told_uses_the_limit_fully(interval: float, burst: int, count: int) -> None:
    gate, now = Gate(interval, burst), 0.0
    for _ in range(count):
        now += gate.wait(now)
        gate.take(now)
    assert now <= max(count - burst, 0) * interval + 1e-6


@given(at=some.floats(0, 100), seconds=some.floats(0.1, 600), later=some.floats(0, 700))
def test_nothing_goes_before_retry_after_is_over(at: float, seconds: float, later: float) -> None:
    gate = Gate(0.05, 10)
    gate.pause(at, seconds)
    assert gate.wait(at + later) >= min(seconds, max(seconds - later, 0)) - 1e-9
    assert gate.wait(at + seconds) <= 1e-6


def test_another_rate_keeps_what_is_owed_and_the_pause() -> None:
    gate = Gate(1, 4)
    for _ in range(4):
        gate.take(100)
    gate.change(100, 0.1, 2)
    assert gate.wait(100) == pytest.approx(0.3), "four calls are owed, one may be"
    gate.pause(100, 30)
    gate.change(110, 1, 4)
    assert gate.wait(110) == pytest.approx(20)
    gate.take(130)
    assert gate.wait(130) == pytest.approx(1), "after a pause at the even pace"


def test_an_allowance_is_idle_when_neither_channel_nor_anybody_is_owed_a_wait() -> None:
    allowance = Allowance(Gate(0.1), Pairs(6, 2))
    allowance.gate.take(0)
    allowance.pairs.take(b"anna", 0)
    assert [allowance.idle(now) for now in (0, 1, 6)] == [False, False, True]


def test_pairs_do_not_notice_each_other() -> None:
    pairs = Pairs(6, 2)
    pairs.take(b"anna", 0)
    pairs.take(b"anna", 0)
    assert (pairs.wait(b"anna", 0), pairs.wait(b"berta", 0)) == (6, 0)
    pairs.pause(b"carla", 0, 30)
    assert (pairs.wait(b"carla", 10), pairs.strikes[b"carla"]) == (20, 1)
    pairs.forget_idle(100)
    assert not pairs.gates


def test_the_breaker_opens_after_failures_in_a_row_and_closes_with_the_first_success() -> None:
    breaker = Breaker(threshold=3)
    for now in range(3):
        assert not breaker.open
        breaker.failed(now)
    assert breaker.open
    assert breaker.wait(2) > 0
    breaker.worked()
    assert not breaker.open
    assert breaker.wait(2) == 0
