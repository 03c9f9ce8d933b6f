"""Take a change of many back: each case stands as before, unless somebody changed the same of it since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from buergerdraht.accounts.models import Membership, Operator, Team
from buergerdraht.cases import actions, sight, telling
from buergerdraht.cases.list_forms import HOLDER, PRIORITY, STATE, TEAM
from buergerdraht.cases.models import Case, Entry

# What each verb writes down, and which columns it changes.
WHAT = {TEAM: "handed", HOLDER: "assigned", STATE: "moved", PRIORITY: "ranked"}
COLUMNS: dict[str, tuple[str, ...]] = {
    TEAM: ("team_id", "operator_id", "accepted_at"),
    HOLDER: ("operator_id", "accepted_at"),
    STATE: ("state", "done_at"),
    PRIORITY: ("priority",),
}


class Change(NamedTuple):
    """What was done to one case. Plain values: a session keeps it as JSON."""

    case: int
    entry: int  # that says so in its history
    before: list[Any]  # of the verb's columns
    after: list[Any]


def stands(case: Case, verb: str) -> list[Any]:
    values = (getattr(case, name) for name in COLUMNS[verb])
    return [value.isoformat() if isinstance(value, datetime) else value for value in values]


def noted(case: Case, verb: str, before: list[Any]) -> Change:
    """Note what was just done to a case that is still locked."""
    entry = Entry.objects.filter(case=case, what=WHAT[verb]).order_by("-pk").values_list("pk", flat=True)[0]
    return Change(case.pk, entry, before, stands(Case.objects.get(pk=case.pk), verb))


def undo(membership: Membership, verb: str, changes: Sequence[Change]) -> tuple[int, int]:
    """Let the cases stand as before. Returns how many do, and how many are left alone: changed since, gone, or not to be seen any more."""
    seen = set(sight.cases(membership).filter(pk__in=[each.case for each in changes]).values_list("pk", flat=True))
    done = sum(_undo(membership, verb, each) for each in changes if each.case in seen)
    return done, len(changes) - done


@transaction.atomic
def _undo(membership: Membership, verb: str, change: Change) -> bool:
    row = actions.lock(change.case)
    if stands(row, verb) != list(change.after):
        return False
    left = row.state
    for name, value in zip(COLUMNS[verb], change.before, strict=True):
        setattr(row, name, _still(row, name, value))
    row.save(update_fields=[*(name.removesuffix("_id") for name in COLUMNS[verb]), "changed_at"])
    about: dict[str, dict[str, Any]] = {
        TEAM: {"team": row.team_id}, HOLDER: {"holder": row.operator_id}, STATE: {"from": left, "to": row.state},
        PRIORITY: {"priority": row.priority},
    }  # fmt: skip
    entry = actions.record(row, WHAT[verb], operator=membership.operator, data={**about[verb], "undo": True})
    if verb == STATE:
        telling.correct(entry, change.entry)
    return True


def _still(row: Case, name: str, value: Any) -> Any:
    """What a column held before; nobody, where that team or person is no longer of the house."""
    if name.endswith("_at"):
        return datetime.fromisoformat(value) if value else None
    if name == "team_id" and value and not Team.objects.filter(organisation=row.organisation_id, pk=value).exists():
        return None
    if name == "operator_id" and value and not Operator.objects.filter(memberships__organisation=row.organisation_id, pk=value).exists():
        return None
    return value
