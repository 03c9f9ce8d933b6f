"""Turn figures into the coordinates of small SVG drawings. Pure: no table, no HTML."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 196
LEFT, TOP, BOTTOM = 48, 30, 164
LABELS = 15  # below the columns at most
ROW, LINE = 50, 36  # of the lying bars: a row, and a line of the hours
NAME = 40  # letters of a bar's name that have room


@dataclass(frozen=True)
class Spark:
    """A line of a week: `line` and `area` are SVG paths, `end` the height of the last point."""

    line: str
    area: str
    end: float


@dataclass(frozen=True)
class Block:
    kind: str  # a, b, c: the classes of the drawing
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Plot:
    blocks: Sequence[Block]
    grid: Sequence[Mark]
    labels: Sequence[Mark]
    height: float = HEIGHT


def spark(values: Sequence[float]) -> Spark | None:
    """Draw a row of values between its least and its greatest; a flat row in the middle."""
    if len(values) < 2 or not any(values):
        return None
    low, high = min(values), max(values)
    step = 96 / (len(values) - 1)
    heights = [28 - 24 * ((value - low) / (high - low)) if high > low else 16.0 for value in values]
    line = "M" + " ".join(f"{number * step:.1f} {height:.1f}" for number, height in enumerate(heights))
    return Spark(line, f"{line} 96 32 0 32z", round(heights[-1], 1))


def plot(names: Sequence[str], columns: Sequence[Sequence[int]]) -> Plot:
    """Stack the parts of each day: the first part on top, as in the legend."""
    top = ceiling(max((sum(column) for column in columns), default=0))
    scale = (BOTTOM - TOP) / top
    pitch = (WIDTH - LEFT) / max(len(columns), 1)
    width = round(pitch * 0.67, 1)
    every = -(-len(columns) // LABELS)
    blocks, labels = [], []
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        x, y = round(LEFT + number * pitch + (pitch - width) / 2, 1), float(BOTTOM)
        for kind, value in reversed(list(zip("abc", column, strict=False))):
            if value:
                y -= value * scale
                blocks.append(Block(kind, x, round(y, 1), width, round(max(value * scale - 1, 1), 1)))
        if number % every == 0:
            labels.append(Mark(round(x + width / 2, 1), 187, name))
    lines = 4 if top % 4 == 0 else 2 if top % 2 == 0 else 1
    grid = [Mark(LEFT, round(BOTTOM - top * n / lines * scale, 1), str(top * n // lines)) for n in range(lines + 1)]
    return Plot(blocks, grid, labels)


def bars(names: Sequence[str], values: Sequence[float | None], words: Sequence[str]) -> Plot:
    """Lay bars below each other, each with its name and its value in words above it; None has words, but no bar."""
    top = max((value for value in values if value), default=1)
    blocks, left, right = [], [], []
    for number, (name, value, said) in enumerate(zip(names, values, words, strict=True)):
        y = number * ROW
        blocks.append(Block("c", 0, y + 26, WIDTH, 14))
        if value:
            blocks.append(Block("a", 0, y + 26, round(max(value / top * WIDTH, 2), 1), 14))
        left.append(Mark(0, y + 18, name if len(name) <= NAME else f"{name[: NAME - 1]}…"))
        right.append(Mark(WIDTH, y + 18, said))
    return Plot(blocks, right, left, max(len(names), 1) * ROW)


def hours(cells: Mapping[tuple[int, int], int], hidden: Collection[object], days: Sequence[str]) -> Plot:
    """Draw weekday by hour as a field of squares, the darker the more; what is hidden keeps an empty frame."""
    shown = [value for key, value in cells.items() if key not in hidden]
    top, pitch = max(shown, default=0), (WIDTH - LEFT) / 24
    blocks, labels = [], []
    for weekday, name in enumerate(days):
        labels.append(Mark(0, weekday * LINE + 24, name))
        for hour in range(24):
            key = (weekday + 1, hour)
            value = cells.get(key, 0)
            level = "hidden" if key in hidden else f"h{-(-5 * value // top) if top else 0}"
            blocks.append(Block(level, round(LEFT + hour * pitch, 1), weekday * LINE + 2, round(pitch - 2, 1), LINE - 4))
    below = len(days) * LINE + 20
    grid = [Mark(round(LEFT + (hour + 0.5) * pitch, 1), below, str(hour)) for hour in range(0, 24, 3)]
    return Plot(blocks, grid, labels, below + 8)


def ceiling(value: int) -> int:
    """Find the next round number for the top of the axis."""
    power = 1
    while True:
        for factor in (4, 8, 12, 16, 20, 24, 32):
            if value <= factor * power:
                return factor * power
        power *= 10
