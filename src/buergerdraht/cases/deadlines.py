"""What the clock says of deadlines: a warning at three quarters; once they are over also to the team that the category names."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from buergerdraht.accounts.models import Membership, Operator, Team
from buergerdraht.cases import actions, deputies
from buergerdraht.cases.models import Case
from buergerdraht.conversations.models import Notice

PIECE = 200


def look(now: datetime) -> int:
    """Warn where a deadline comes near, and hand up where it is over: once each. Returns how many."""
    rows = Case.objects.filter(state__in=Case.OPEN)
    over = rows.filter(due_at__lte=now, overdue_at=None).order_by("due_at").values_list("pk", flat=True)[:PIECE]
    near = rows.filter(warn_at__lte=now, warned_at=None, due_at__gt=now).order_by("warn_at").values_list("pk", flat=True)[:PIECE]
    return sum(_say(number, "overdue", now) for number in list(over)) + sum(_say(number, "warned", now) for number in list(near))


@transaction.atomic
def _say(number: int, what: str, now: datetime) -> bool:
    column = "overdue_at" if what == "overdue" else "warned_at"
    due = Q(due_at__lte=now) if what == "overdue" else Q(warn_at__lte=now)
    rows = Case.objects.select_for_update(of=("self",), skip_locked=True).select_related("organisation", "category", "operator")
    row = rows.filter(due, pk=number, state__in=Case.OPEN, **{column: None}).first()
    if row is None:  # another worker did, or it is done
        return False
    setattr(row, column, now)
    row.save(update_fields=[column])
    up = row.category.escalate_to if what == "overdue" else None
    actions.record(row, what, data={"team": up.pk} if up else {})
    people = concerned(row, now, up)
    transaction.on_commit(lambda: actions.bell(row, people, Notice.Kind.DUE), robust=True)
    return True


def concerned(case: Case, now: datetime, up: Team | None = None) -> list[Operator]:
    """Whom a case concerns: its holder or their deputy, else its team; and the team it is handed up to. Else only the named."""
    found = {}
    if case.operator is not None:
        holder = deputies.of(case.organisation_id, case.operator, now.date())
        found[holder.pk] = holder
    teams = [team for team in ((case.team_id if case.operator is None else None), up.pk if up else None) if team]
    for row in Membership.objects.filter(organisation=case.organisation_id, teams__in=teams, operator__is_active=True).select_related(
        "operator"
    ):
        found[row.operator_id] = row.operator
    if case.confidential:
        named = set(case.category.people.values_list("pk", flat=True))
        return [each for key, each in found.items() if key in named] or list(case.category.people.filter(is_active=True))
    return list(found.values())
