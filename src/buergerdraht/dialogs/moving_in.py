"""Dialogs that move in from another system: RapidPro, TextIt, Glific. Drafts, with a report of what became of every piece."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import transaction

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.dialogs import actions, document
from buergerdraht.dialogs.document import Start
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.rapidpro.bringing import bring
from buergerdraht.dialogs.rapidpro.report import Report

LARGEST = 10_000_000


@dataclass(frozen=True)
class Moved:
    """A flow of theirs: the draft it became, if any, and what became of its pieces."""

    name: str
    dialog: Dialog | None
    report: Report


def is_theirs(data: bytes) -> bool:
    """Tell an export of theirs from a dialog of ours."""
    if data.lstrip()[:1] != b"{" or len(data) > LARGEST:
        return False
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("flows"), list)


@transaction.atomic
def move_in(organisation: Organisation, data: bytes, *, operator: Operator) -> list[Moved]:
    """Make drafts of an export. A key that is taken here gets another, and who begins that dialog follows."""
    found = bring(data)
    made: dict[str, Dialog] = {}
    moved = []
    for each in found:
        row = actions.create_from(organisation, each.dialog, operator=operator) if each.dialog else None
        if each.dialog and row:
            made[each.dialog.key] = row
        moved.append(Moved(each.name, row, each.report))
    for row in made.values():
        _follow(row, {old: new.key for old, new in made.items() if old != new.key})
    return moved


def _follow(row: Dialog, keys: dict[str, str]) -> None:
    read = document.load(row.draft)
    steps = [
        step.model_copy(update={"dialog": keys.get(step.dialog, step.dialog)}) if isinstance(step, Start) else step for step in read.steps
    ]
    draft = document.plain(read.model_copy(update={"steps": steps}))
    if draft != row.draft:
        row.draft = draft
        row.save(update_fields=["draft"])
