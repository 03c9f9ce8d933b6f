"""By when the next step of ours is due: what a team promises, counted in office time.

While the citizen waits the answer is due, else the close. Who put a thread off has no deadline until it comes back; then it is
counted as if it had not been put off, because the citizen waited all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Max, Q, Value

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.conversations import notices
from buergerdraht.conversations.models import Conversation, Notice, Stretch, TeamRule
from buergerdraht.gateway import live

PIECE = 200
MINUTE = timedelta(minutes=1)


def renew(conversation: Conversation) -> None:
    """Reckon anew by when something is due; a deadline that moved is warned of again. The caller saves."""
    due = _due(conversation)
    if due != conversation.due_at:
        conversation.due_at, conversation.warned_at = due, None


def _due(conversation: Conversation) -> datetime | None:
    if conversation.state != Conversation.State.OPEN or conversation.team_id is None or conversation.aside or conversation.snoozed_until:
        return None
    rule = TeamRule.objects.filter(team=conversation.team_id).first()
    if rule is None:
        return None
    if conversation.waiting_since and rule.answer_minutes:
        return hours.add_office_time(conversation.organisation, conversation.waiting_since, rule.answer_minutes)
    if rule.close_hours and (opened := _opened(conversation)):
        return hours.add_office_time(conversation.organisation, opened, rule.close_hours * 60)
    return None


def _opened(conversation: Conversation) -> datetime | None:
    return Stretch.objects.filter(pk=conversation.stretch_id or 0).values_list("opened_at", flat=True).first()


def renew_team(team_id: int) -> None:
    """Reckon anew what is open with a team, because its promise changed; in pieces, so that no message waits long."""
    rows = Conversation.objects.filter(team=team_id, state=Conversation.State.OPEN).order_by("pk").values_list("pk", flat=True)
    last = 0
    while numbers := list(rows.filter(pk__gt=last)[:PIECE]):
        _renew(numbers)
        last = numbers[-1]


@transaction.atomic
def _renew(numbers: list[int]) -> None:
    rows = Conversation.objects.select_for_update(of=("self",)).select_related("organisation").filter(pk__in=numbers)
    for conversation in rows.order_by("pk"):
        before = conversation.due_at
        renew(conversation)
        if conversation.due_at != before:
            conversation.save(update_fields=["due_at", "warned_at"])
            live.tell(conversation.organisation_id, "conversation", conversation=conversation.pk)


# ── By the clock ──────────────────────────────────────────────────────────


def warn(now: datetime) -> None:
    """Tell once that a deadline comes near, while the office is open; one that passed unwarned is told at once."""
    most = TeamRule.objects.aggregate(most=Max("warn_minutes"))["most"]
    if most is None:
        return
    lead = ExpressionWrapper(F("team__rule__warn_minutes") * Value(MINUTE), DurationField())
    near = Conversation.objects.filter(due_at__lte=now + most * MINUTE, warned_at=None)  # bounded by the index
    near = near.annotate(warns_at=ExpressionWrapper(F("due_at") - lead, DateTimeField())).filter(warns_at__lte=now)
    houses = Organisation.objects.filter(pk__in=near.values("organisation"))
    awake = Q(organisation__in=[house for house in houses if hours.works_at(house, now)]) | Q(due_at__lte=now)
    for number, due in near.filter(awake).order_by("due_at").values_list("pk", "due_at")[:PIECE]:
        _warn(number, due, now)


@transaction.atomic
def _warn(number: int, due: datetime | None, now: datetime) -> None:
    """Warn of this deadline, unless another worker did or it moved meanwhile."""
    rows = Conversation.objects.select_for_update(of=("self",), skip_locked=True).select_related("organisation", "operator")
    conversation = rows.filter(pk=number, due_at=due, warned_at=None).first()
    if conversation is None:
        return
    Conversation.objects.filter(pk=number).update(warned_at=now)
    notices.tell(conversation, responsible(conversation), Notice.Kind.DUE)
    live.tell(conversation.organisation_id, "conversation", conversation=number)


def responsible(conversation: Conversation) -> list[Operator]:
    """Whom a deadline concerns: its operator, else its team."""
    return [conversation.operator] if conversation.operator else notices.answering(conversation)


def show_breached(now: datetime) -> None:
    """Let the list show what became overdue in the last minute."""
    rows = Conversation.objects.filter(due_at__gt=now - MINUTE, due_at__lte=now).values_list("organisation_id", "pk")
    for organisation, number in rows[:PIECE]:
        live.tell(organisation, "conversation", conversation=number)


def forget(now: datetime) -> None:
    """Drop the deadlines of teams that are gone: nobody promised anything any more."""
    Conversation.objects.filter(due_at__isnull=False, team=None).update(due_at=None, warned_at=None)
