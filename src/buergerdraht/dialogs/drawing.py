"""Lay out the map of a dialog: steps in rows from top to bottom, ways between them short and without needless crossings. Pure.

In four moves: ways that lead back are set aside; every step gets the lowest row its ways allow; within the rows steps are put where
their neighbours are (medians, swept down and up); then they get their places, as near to their neighbours as they may stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

WIDE, HIGH = 184.0, 64.0  # a box
GAP, ROW = 28.0, 116.0  # between boxes; from row to row
LANE = 22.0  # what a way takes that passes by
SAID = 132.0  # and one with words, where it passes first
EDGE = 24.0  # around everything
CLEAR = 14.0  # between a box and words beside it
SWEEPS, PULLS = 8, 40
PASSING, SPOKEN = "\0", "\0\0"  # what stands for a way in a row it passes; with its words in it
WORDS = 150.0  # room for what stands at a way that leads back


@dataclass(frozen=True)
class Way:
    """A way from one step to another, with the words that stand at it."""

    start: str
    goal: str
    words: str = ""


@dataclass(frozen=True)
class Box:
    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """A way as drawn: an SVG path, its words with their place; `back` leads upwards."""

    way: Way
    path: str
    x: float
    y: float
    back: bool = False


@dataclass(frozen=True)
class Picture:
    boxes: Sequence[Box]
    lines: Sequence[Line]
    width: float
    height: float


@dataclass
class _Net:
    """Steps and what stands for a way that passes a row, in rows; who is joined to whom downwards and upwards."""

    rows: list[list[str]]
    below: dict[str, list[str]] = field(default_factory=dict)
    above: dict[str, list[str]] = field(default_factory=dict)
    chains: dict[Way, list[str]] = field(default_factory=dict)

    def join(self, upper: str, lower: str) -> None:
        self.below.setdefault(upper, []).append(lower)
        self.above.setdefault(lower, []).append(upper)


def draw(names: Sequence[str], ways: Iterable[Way]) -> Picture:
    """Lay out steps, the first on top."""
    there = set(names)
    kept = list(dict.fromkeys(way for way in ways if way.start in there and way.goal in there and way.start != way.goal))
    back = _back(names, kept)
    down = [way for way in kept if way not in back]
    net = _net(names, down, _rows(names, down))
    _order(net)
    places = _places(net)
    width = max((x + _half(name) for name, x in places.items()), default=0.0) + EDGE
    boxes = [Box(name, places[name] - WIDE / 2, _top(number)) for number, row in enumerate(net.rows) for name in row if name in there]
    tops = {box.name: box.y for box in boxes}
    lines = [_line(way, net, places, tops) for way in down]
    lanes = {way: width + LANE * (number + 1) for number, way in enumerate(sorted(back, key=lambda way: tops[way.start] - tops[way.goal]))}
    lines += [_line_back(way, places, tops, lane) for way, lane in lanes.items()]
    room = WORDS if any(way.words for way in lanes) else 0.0
    return Picture(boxes, lines, width + LANE * (len(lanes) + 1) + room, _top(len(net.rows)) - (ROW - HIGH) + EDGE)


def _back(names: Sequence[str], ways: Sequence[Way]) -> set[Way]:
    """The ways that lead back to where one came from: those that close a circle on a walk from the top."""
    out: dict[str, list[Way]] = {}
    for way in ways:
        out.setdefault(way.start, []).append(way)
    back: set[Way] = set()
    done: set[str] = set()
    for first in names:
        if first in done:
            continue
        done.add(first)
        path, stack = {first}, [(first, iter(out.get(first, [])))]
        while stack:
            name, rest = stack[-1]
            found = next(rest, None)
            if found is None:
                path.discard(name)
                stack.pop()
            elif found.goal in path:
                back.add(found)
            elif found.goal not in done:
                done.add(found.goal)
                path.add(found.goal)
                stack.append((found.goal, iter(out.get(found.goal, []))))
    return back


def _rows(names: Sequence[str], ways: Sequence[Way]) -> dict[str, int]:
    """The row of each step: below all that lead to it, and no further above its goals than needed."""
    comes: dict[str, list[str]] = {name: [] for name in names}
    goes: dict[str, list[str]] = {name: [] for name in names}
    for way in ways:
        comes[way.goal].append(way.start)
        goes[way.start].append(way.goal)
    waits = {name: len(comes[name]) for name in names}
    order = [name for name in names if not waits[name]]
    row = dict.fromkeys(names, 0)
    for name in order:  # grows while it is walked
        for goal in goes[name]:
            row[goal] = max(row[goal], row[name] + 1)
            waits[goal] -= 1
            if not waits[goal]:
                order.append(goal)
    for name in reversed(order):
        if goes[name] and len(comes[name]) < len(goes[name]) and name != names[0]:
            row[name] = max(row[name], min(row[goal] for goal in goes[name]) - 1)
    return row


def _net(names: Sequence[str], ways: Sequence[Way], row: Mapping[str, int]) -> _Net:
    net = _Net([[] for _row in range(max(row.values(), default=-1) + 1)])
    for name in names:
        net.rows[row[name]].append(name)
    for number, way in enumerate(ways):
        chain = [way.start]
        for passed in range(row[way.start] + 1, row[way.goal]):
            first = passed == row[way.start] + 1
            name = f"{SPOKEN if way.words and first else PASSING}{number}.{passed}"
            net.rows[passed].append(name)
            chain.append(name)
        chain.append(way.goal)
        for upper, lower in pairwise(chain):
            net.join(upper, lower)
        net.chains[way] = chain
    return net


def _order(net: _Net) -> None:
    """Put each row in the order of its neighbours, down and up again."""
    at = {name: float(number) for row in net.rows for number, name in enumerate(row)}
    for sweep in range(SWEEPS):
        rows, joined = (net.rows, net.above) if sweep % 2 == 0 else (net.rows[::-1], net.below)
        for row in rows:
            middle = {name: median([at[each] for each in joined[name]]) if joined.get(name) else at[name] for name in row}
            row.sort(key=lambda name: middle[name])
            for number, name in enumerate(row):
                at[name] = float(number)


def _places(net: _Net) -> dict[str, float]:
    """The middle of everything across: near its neighbours, and never on another."""
    x: dict[str, float] = {}
    for row in net.rows:
        here = EDGE
        for name in row:
            x[name] = here + _half(name)
            here += 2 * _half(name) + GAP
    for pull in range(PULLS):
        rows = net.rows if pull % 2 == 0 else net.rows[::-1]
        for row in rows:
            wished = [_wish(name, net, x) for name in row]
            for name, place in zip(row, _apart(row, wished), strict=True):
                x[name] = place
    for row in net.rows:  # at last from above alone: what simply follows stands straight below
        wished = [sum(x[each] for each in above) / len(above) if (above := net.above.get(name)) else x[name] for name in row]
        for name, place in zip(row, _apart(row, wished), strict=True):
            x[name] = place
    least = min((place - _half(name) for name, place in x.items()), default=0.0)
    return {name: place - least + EDGE for name, place in x.items()}


def _wish(name: str, net: _Net, x: Mapping[str, float]) -> float:
    joined = [*net.above.get(name, []), *net.below.get(name, [])]
    return sum(x[each] for each in joined) / len(joined) if joined else x[name]


def _apart(row: Sequence[str], wished: Sequence[float]) -> list[float]:
    """Places in the row's order as near to the wishes as can be: those that would touch share the mean of their wishes."""
    groups: list[tuple[list[float], list[float]]] = []  # wishes less offset, offsets
    offset = 0.0
    for number, (name, wish) in enumerate(zip(row, wished, strict=True)):
        offset += (_half(row[number - 1]) + _half(name) + GAP) if number else 0.0
        groups.append(([wish - offset], [offset]))
        while len(groups) > 1 and _mean(groups[-2][0]) >= _mean(groups[-1][0]):
            wishes, offsets = groups.pop()
            groups[-1] = (groups[-1][0] + wishes, groups[-1][1] + offsets)
    return [_mean(wishes) + each for wishes, offsets in groups for each in offsets]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _half(name: str) -> float:
    return (SAID if name.startswith(SPOKEN) else LANE if name.startswith(PASSING) else WIDE) / 2


def _top(row: int) -> float:
    return EDGE + row * ROW


def _line(way: Way, net: _Net, x: Mapping[str, float], tops: Mapping[str, float]) -> Line:
    chain = net.chains[way]
    here, y = x[chain[0]], tops[chain[0]] + HIGH
    path = [f"M{here:.0f} {y:.0f}"]
    for number, name in enumerate(chain[1:], 1):
        last = number == len(chain) - 1
        goal = tops[name] if last else tops[chain[0]] + number * ROW + HIGH / 2
        bend = (goal - y) / 2
        path.append(f"C{here:.0f} {y + bend:.0f} {x[name]:.0f} {goal - bend:.0f} {x[name]:.0f} {goal:.0f}")
        here, y = x[name], goal
    return Line(way, " ".join(path), *_said(chain, net, x, tops))


def _said(chain: Sequence[str], net: _Net, x: Mapping[str, float], tops: Mapping[str, float]) -> tuple[float, float]:
    """Where the words of a way stand: in their own place where it passes a row, else where it is the only one, above or below; where
    many meet, further along it than those before."""
    start, following = chain[0], chain[1]
    bottom = tops[start] + HIGH
    if following not in tops:
        return x[following], tops[start] + ROW + HIGH / 2
    if len(net.above[following]) == 1:
        return x[following], tops[following] - CLEAR
    if len(net.below[start]) == 1:
        return x[start], bottom + CLEAR
    along = (net.below[start].index(following) + 1) / (len(net.below[start]) + 1)
    across = along * along * (3 - 2 * along)  # as the curve bends
    return x[start] + (x[following] - x[start]) * across, bottom + (tops[following] - bottom) * along


def _line_back(way: Way, x: Mapping[str, float], tops: Mapping[str, float], lane: float) -> Line:
    here, there = x[way.start] + WIDE / 2, x[way.goal] + WIDE / 2
    y, goal = tops[way.start] + HIGH / 2, tops[way.goal] + HIGH / 2
    middle = (y + goal) / 2
    outwards = f"M{here:.0f} {y:.0f} C{lane:.0f} {y:.0f} {lane:.0f} {y:.0f} {lane:.0f} {middle:.0f}"
    return Line(way, f"{outwards} S{lane:.0f} {goal:.0f} {there:.0f} {goal:.0f}", lane, middle, True)
