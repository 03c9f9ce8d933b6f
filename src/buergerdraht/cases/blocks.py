"""What rooms above show on the page of a case: each gives a piece of safe HTML, or nothing.

Its outermost element has an id: by that the open page knows it again when the case changes, and renews it.
"""

from __future__ import annotations

from collections.abc import Callable

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.cases.models import Case

BLOCKS: list[Callable[[DeskRequest, Case], str]] = []


def drawn(request: DeskRequest, case: Case) -> list[str]:
    return [piece for draw in BLOCKS if (piece := draw(request, case))]
