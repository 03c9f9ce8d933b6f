"""How the inbox works: what an organisation sets, what a team promises, where new matters go, which labels there are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.conversations import deadlines
from buergerdraht.conversations.models import AssignmentRule, Desk, Label, TeamRule


@transaction.atomic
def change_desk(organisation: Organisation, fields: Mapping[str, Any], *, operator: Operator) -> list[str]:
    """Set what differs; the log names the fields, not their texts. Returns their names."""
    Desk.objects.get_or_create(organisation=organisation)
    desk = Desk.objects.select_for_update().get(organisation=organisation)
    changed = [name for name, value in fields.items() if getattr(desk, name) != value]
    for name in changed:
        setattr(desk, name, fields[name])
    if changed:
        desk.save(update_fields=changed)
        vars(organisation).pop("_desk", None)
        audit.record(
            organisation, "conversations.change_desk", operator=operator, subject=f"organisation:{organisation.pk}", fields=changed
        )
    return changed


@transaction.atomic
def change_team_rule(team: Team, fields: Mapping[str, Any], *, operator: Operator) -> bool:
    """Set what a team promises; what is open with it gets its new deadline."""
    TeamRule.objects.get_or_create(team=team)
    rule = TeamRule.objects.select_for_update(of=("self",)).get(team=team)
    changed = [name for name, value in fields.items() if getattr(rule, name) != value]
    if not changed:
        return False
    for name in changed:
        setattr(rule, name, fields[name])
    rule.save(update_fields=changed)
    audit.record(team.organisation, "conversations.change_team_rule", operator=operator, subject=f"team:{team.pk}", fields=changed)
    if {"answer_minutes", "close_hours"} & set(changed):
        transaction.on_commit(partial(deadlines.renew_team, team.pk), robust=True)
    return True


# ── Rules ─────────────────────────────────────────────────────────────────


@transaction.atomic
def save_rule(rule: AssignmentRule, *, operator: Operator) -> None:
    """Keep a rule; a new one stands last."""
    if rule.pk is None:
        last = AssignmentRule.objects.filter(organisation=rule.organisation).aggregate(last=Max("position"))["last"]
        rule.position = 0 if last is None else last + 1
    rule.save()
    audit.record(rule.organisation, "conversations.save_rule", operator=operator, subject=f"rule:{rule.pk}", active=rule.active)


@transaction.atomic
def move_rule(rule: AssignmentRule, by: int, *, operator: Operator) -> None:
    """Move a rule one place up (-1) or down (1); the order is numbered anew."""
    rows = list(AssignmentRule.objects.select_for_update().filter(organisation=rule.organisation).order_by("position", "id"))
    place = next((number for number, row in enumerate(rows) if row.pk == rule.pk), None)
    if place is None or not 0 <= place + by < len(rows):
        return
    rows[place], rows[place + by] = rows[place + by], rows[place]
    for position, row in enumerate(rows):
        row.position = position
    AssignmentRule.objects.bulk_update(rows, ["position"])
    audit.record(rule.organisation, "conversations.move_rule", operator=operator, subject=f"rule:{rule.pk}", place=place + by + 1)


@transaction.atomic
def delete_rule(rule: AssignmentRule, *, operator: Operator) -> None:
    organisation, subject = rule.organisation, f"rule:{rule.pk}"
    rule.delete()
    audit.record(organisation, "conversations.delete_rule", operator=operator, subject=subject)


# ── Labels ────────────────────────────────────────────────────────────────


@transaction.atomic
def save_label(label: Label, *, operator: Operator) -> None:
    """Keep a label, new or renamed; two that differ in capitals only would be one too many."""
    same = Label.objects.filter(organisation=label.organisation, name__iexact=label.name).exclude(pk=label.pk)
    if same.exists():
        raise ValidationError(_("Ein Etikett mit diesem Namen gibt es schon."))
    label.save()
    audit.record(label.organisation, "conversations.save_label", operator=operator, subject=f"label:{label.pk}")


@transaction.atomic
def delete_label(label: Label, *, operator: Operator) -> int:
    """Take a label away everywhere; says from how many conversations."""
    organisation, subject, uses = label.organisation, f"label:{label.pk}", label.conversations.count()
    label.delete()
    audit.record(organisation, "conversations.delete_label", operator=operator, subject=subject, uses=uses)
    return uses
