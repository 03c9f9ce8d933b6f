"""Who is at the desk: seen lately, taking work or not, and which thread is before their eyes.

A page says so every half minute while it is visible; who was not seen for five minutes is gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.conversations import sight
from buergerdraht.conversations.models import Conversation, Presence
from buergerdraht.gateway import live

GONE_AFTER = timedelta(minutes=5)  # then nothing is dealt to them
LOOKING = timedelta(seconds=75)  # two beats and a half: then the thread is no longer before their eyes


@transaction.atomic
def beat(membership: Membership, conversation: Conversation | None, now: datetime | None = None) -> Presence:
    """Note that somebody is here, and what they look at; pages hear of it only where something changed."""
    now = now or timezone.now()
    before = Presence.objects.select_for_update().filter(organisation=membership.organisation_id, operator=membership.operator_id).first()
    row, _new = Presence.objects.update_or_create(
        organisation_id=membership.organisation_id, operator_id=membership.operator_id,
        defaults={"seen_at": now, "conversation": conversation},
    )  # fmt: skip
    earlier = before.conversation_id if before and now - before.seen_at < LOOKING else None
    if earlier != row.conversation_id:
        for number in {earlier, row.conversation_id} - {None}:
            live.tell(membership.organisation_id, "presence", conversation=number)
    return row


@transaction.atomic
def rest(membership: Membership, away: bool, now: datetime | None = None) -> None:
    """Take no new work for a while, or take it again."""
    Presence.objects.update_or_create(
        organisation_id=membership.organisation_id, operator_id=membership.operator_id,
        defaults={"away": away, "seen_at": now or timezone.now()},
    )  # fmt: skip
    live.tell(membership.organisation_id, "presence", operator=membership.operator_id)


def is_away(membership: Membership) -> bool:
    return Presence.objects.filter(organisation=membership.organisation_id, operator=membership.operator_id, away=True).exists()


def here(organisation_id: int, now: datetime) -> QuerySet[Presence]:
    """Who was seen lately."""
    return Presence.objects.filter(organisation=organisation_id, seen_at__gte=now - GONE_AFTER)


def watching(conversation: Conversation, membership: Membership, now: datetime | None = None) -> list[Operator]:
    """Who else has this thread before their eyes, as far as this member may see it."""
    rows = Presence.objects.filter(conversation=conversation, seen_at__gte=(now or timezone.now()) - LOOKING)
    rows = rows.filter(sight.visible(membership, "conversation__"), organisation=membership.organisation_id)
    others = rows.exclude(operator=membership.operator_id).filter(operator__is_active=True)
    return [row.operator for row in others.select_related("operator").order_by("operator__name")]
