"""The map: nothing lies on another, ways lead down where they can, and large dialogs are drawn in time."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.dialogs import drawing
from buergerdraht.dialogs.drawing import HIGH, WIDE, Picture, Way


def apart(picture: Picture) -> bool:
    boxes = picture.boxes
    return all(
        abs(one.x - other.x) >= WIDE or abs(one.y - other.y) >= HIGH for number, one in enumerate(boxes) for other in boxes[number + 1 :]
    )


def test_a_fork_and_its_meeting_stand_side_by_side() -> None:
    picture = drawing.draw(["a", "b", "c", "d"], [Way("a", "b"), Way("a", "c"), Way("b", "d"), Way("c", "d")])
    y = {box.name: box.y for box in picture.boxes}
    x = {box.name: round(box.x) for box in picture.boxes}
    assert y["a"] < y["b"] == y["c"] < y["d"]
    assert x["b"] < x["a"] == x["d"] < x["c"]


def test_a_way_back_is_drawn_as_one() -> None:
    picture = drawing.draw(["a", "b"], [Way("a", "b"), Way("b", "a", "nein")])
    assert [(line.way.words, line.back) for line in picture.lines] == [("", False), ("nein", True)]
    assert max(line.x for line in picture.lines) < picture.width


def test_nothing_is_lost_that_cannot_be_reached() -> None:
    assert {box.name for box in drawing.draw(["a", "b", "c"], [Way("a", "b"), Way("a", "gone"), Way("b", "b")]).boxes} == {"a", "b", "c"}
    assert drawing.draw([], []).boxes == []


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 14).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=30))
    )
)
def test_boxes_never_lie_on_each_other(net: tuple[int, list[tuple[int, int]]]) -> None:
    size, ways = net
    picture = drawing.draw([str(n) for n in range(size)], [Way(str(a), str(b)) for a, b in ways])
    assert len(picture.boxes) == size
    assert apart(picture)
    assert all(box.x >= 0 and box.x + WIDE <= picture.width and box.y + HIGH <= picture.height for box in picture.boxes)


def test_five_hundred_steps_are_drawn_within_a_moment() -> None:
    pick = random.Random(1)
    names = [str(n) for n in range(500)]
    ways = [Way(str(n), str(n + 1)) for n in range(499)]
    ways += [Way(str(n), str(min(499, n + pick.randint(2, 30)))) for n in range(0, 500, 3)]
    begun = time.perf_counter()
    assert apart(drawing.draw(names, ways))
    assert time.perf_counter() - begun < 5
