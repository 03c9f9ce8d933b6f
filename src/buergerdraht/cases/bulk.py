"""One change for many cases: each by its own verb, in a transaction of its own, so that what cannot be done stops nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from buergerdraht.accounts.models import Membership
from buergerdraht.cases import actions, sight, undoing
from buergerdraht.cases.list_forms import HOLDER, PRIORITY, STATE, TEAM
from buergerdraht.cases.models import Case

MOST = 200  # at once


@dataclass(frozen=True)
class Outcome:
    """What was changed, and which were not and why; `gone` are no longer there, or not to be seen."""

    changes: Sequence[undoing.Change] = ()
    refused: Sequence[tuple[Case, str]] = field(default_factory=list)
    gone: int = 0

    @property
    def done(self) -> int:
        return len(self.changes)

    @property
    def reasons(self) -> Counter[str]:
        return Counter(reason for _case, reason in self.refused)


def change(membership: Membership, numbers: Sequence[int], verb: str, wanted: dict[str, Any]) -> Outcome:
    """Do one verb to those of the cases this member may see. `wanted`: "ziel", and with it "worte" and "sagen"."""
    rows = list(sight.cases(membership).filter(pk__in=numbers[:MOST]).order_by("pk"))
    act, changes, refused = _act(membership, verb, wanted), [], []
    for case in rows:
        try:
            with transaction.atomic():
                before = undoing.stands(actions.lock(case.pk), verb)
                act(case)
                changes.append(undoing.noted(case, verb, before))
        except actions.NotNow as reason:
            refused.append((case, str(reason)))
    return Outcome(changes, refused, len(numbers[:MOST]) - len(rows))


def _act(membership: Membership, verb: str, wanted: dict[str, Any]) -> Callable[[Case], Any]:
    who, goal, words = membership.operator, wanted["ziel"], wanted.get("worte", "")
    acts: dict[str, Callable[[Case], Any]] = {
        TEAM: lambda case: actions.hand_on(case, goal, operator=who, text=words),
        HOLDER: lambda case: actions.assign(case, goal, by=who),
        STATE: lambda case: actions.move(case, goal, operator=who, words=words, tell=wanted.get("sagen", False)),
        PRIORITY: lambda case: actions.rank(case, goal, operator=who),
    }
    return acts[verb]
