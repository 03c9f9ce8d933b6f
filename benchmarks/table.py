"""What a measurement says: one line per figure, with the yardstick of the same run, the ratio, the budget and a verdict."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

HEADINGS = ("Teil", "Messung", "Wert", "Einheit", "Maßstab", "Verhältnis", "Budget", "Urteil", "Anmerkung")
VERDICTS = {True: "erfüllt", False: "VERFEHLT", None: "–"}


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure: `quick` takes seconds and proves only that the part runs; `rows` sets the size of the load."""

    quick: bool = False
    rows: int = 0
    rounds: int = 0

    def size(self, full: int, quick: int) -> int:
        return self.rows or (quick if self.quick else full)

    def repeats(self, full: int = 3) -> int:
        return self.rounds or (1 if self.quick else full)


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `yardstick` has the figure's unit; `met` is None where there is no budget."""

    part: str
    name: str
    figure: float
    unit: str
    yardstick: float | None = None
    ratio: float | None = None
    budget: str = ""
    met: bool | None = None
    note: str = ""
    points: dict[str, Any] = field(default_factory=dict)  # for the curves, not for the table

    def data(self) -> dict[str, Any]:
        return asdict(self)


def compare(line: Line, *, least: float | None = None, most: float | None = None) -> Line:
    """Judge a line: the ratio to its yardstick where it has one, else the figure itself, against a least or a most."""
    ratio = line.figure / line.yardstick if line.yardstick else None
    judged = ratio if ratio is not None else line.figure
    met = None if least is None and most is None else (least is None or judged >= least) and (most is None or judged <= most)
    values = line.data() | {"ratio": ratio, "met": met}
    return Line(**values)


def judged(line: Line, met: bool | None) -> Line:
    """Judge the figure itself, beside its ratio to the yardstick."""
    return Line(**(compare(line).data() | {"met": met}))


def unjudged(line: Line) -> Line:
    return Line(**(line.data() | {"met": None}))


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank); 0 where there is none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)] if ordered else 0.0


def number(value: float | None) -> str:
    """Write a figure with as many digits as it is worth, the German way."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def cells(line: Line) -> tuple[str, ...]:
    return (
        line.part,
        line.name,
        number(line.figure),
        line.unit,
        number(line.yardstick),
        number(line.ratio),
        line.budget,
        VERDICTS[line.met],
        line.note,
    )


def shown(lines: Sequence[Line]) -> str:
    """The table for a terminal."""
    rows = [HEADINGS, *(cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    right = {2, 4, 5}
    written = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    written.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(row.rstrip() for row in written)
