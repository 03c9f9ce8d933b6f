"""Recorded examples while a draft is edited: played at every change, with the first difference of each that no longer goes well.

Nobody waits for them: the editor asks for them once the change is kept. They are given a span of time; what it does not hold is counted,
and played on the page of the examples and before publishing all the same.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from buergerdraht.dialogs import document, figures, playing
from buergerdraht.dialogs.labels import Labels
from buergerdraht.dialogs.models import Dialog, Example

SPAN = 2.0  # seconds
MOST_SHOWN = 5  # of those that do not go well


@dataclass(frozen=True)
class Red:
    """An example that does not go well any more: what was said last, what should have come, what came, and where that was."""

    example: Example
    said: str
    wanted: str
    came: str
    step: str  # its id; "" where it is none of this dialog's own
    words: str


@dataclass(frozen=True)
class Proofs:
    """How the examples of a draft stand."""

    green: int
    red: Sequence[Red]
    left: int = 0  # not played: the time was over

    @property
    def all(self) -> int:
        return self.green + len(self.red) + self.left

    @property
    def more(self) -> int:
        return max(0, len(self.red) - MOST_SHOWN)


def of(dialog: Dialog, language: str, span: float = SPAN) -> Proofs:
    """Play the examples of a draft, as many as the time allows."""
    rows = list(dialog.examples.all())
    if not rows:
        return Proofs(0, [])
    until = time.monotonic() + span
    read = document.load(dialog.draft)
    scene, labels = playing.scene(dialog, read), Labels(dialog.draft, language)
    green = 0
    red: list[Red] = []
    for number, row in enumerate(rows):
        if time.monotonic() > until:
            return Proofs(green, red, len(rows) - number)
        verdict = playing.verdict(scene, row.moves, row.channel, row.language)
        if verdict.good:
            green += 1
        else:
            red.append(_red(row, verdict.move, verdict.problem, verdict.at, labels))
    return Proofs(green, red)


def _red(row: Example, move: int, problem: str, at: str, labels: Labels) -> Red:
    """Put a difference into words: the citizen's move before it, what was recorded, what comes now."""
    side, words = figures.move_words(row.moves[move])
    before = (figures.move_words(each) for each in reversed(row.moves[:move]))
    said = words if side == "out" else next((spoken for who, spoken in before if who == "out"), "")
    known = at in labels.steps
    return Red(row, said, "" if side == "out" else words, problem, at if known else "", labels.step(at) if known else "")
