"""Turn figures into the coordinates of small SVG drawings. Pure: no table, no HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 196
LEFT, TOP, BOTTOM = 48, 30, 164


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
    blocks, labels = [], []
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        x, y = round(LEFT + number * pitch + (pitch - width) / 2, 1), float(BOTTOM)
        for kind, value in reversed(list(zip("abc", column, strict=False))):
            if value:
                y -= value * scale
                blocks.append(Block(kind, x, round(y, 1), width, round(max(value * scale - 1, 1), 1)))
        labels.append(Mark(round(x + width / 2, 1), 187, name))
    lines = 4 if top % 4 == 0 else 2 if top % 2 == 0 else 1
    grid = [Mark(LEFT, round(BOTTOM - top * n / lines * scale, 1), str(top * n // lines)) for n in range(lines + 1)]
    return Plot(blocks, grid, labels)


def ceiling(value: int) -> int:
    """Find the next round number for the top of the axis."""
    power = 1
    while True:
        for factor in (4, 8, 12, 16, 20, 24, 32):
            if value <= factor * power:
                return factor * power
        power *= 10
