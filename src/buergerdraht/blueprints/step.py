"""What a blueprint would do, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One thing a blueprint brings. `make` is None where the organisation has it already: then it stays untouched."""

    kind: str  # topic, team, text, draft, label, answer, rule, desk, consultation, files, table, offer, category, dialog
    name: str  # stable, for the record: "topic:verkehr"
    title: str
    detail: str
    make: Callable[[], object] | None

    @property
    def is_new(self) -> bool:
        return self.make is not None
