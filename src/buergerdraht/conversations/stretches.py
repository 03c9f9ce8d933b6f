"""Matters in a thread: each begins when people are needed and ends with the close. Figures count them, deadlines hang on them.

While a thread is open it has a stretch that is open. Reopened within a day it goes on with the same one: a thank-you is no new matter.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator
from buergerdraht.conversations.models import Conversation, Message, Stretch
from buergerdraht.webhooks import events

SAME_MATTER = timedelta(days=1)
OPEN = Conversation.State.OPEN


def begin(conversation: Conversation, message: Message, received: int = 0) -> bool:
    """Begin the matter a message needs people for, or go on with the one at hand; says whether it is a new one. The caller saves.

    `received` counts a message written down before people were needed; `outgoing.put` counts those that find the thread open.
    """
    return _at_hand(conversation, message.at, message.channel_id, received)


def answered(conversation: Conversation, operator: Operator, now: datetime | None = None) -> None:
    """Count a person's reply; the first one ends the waiting. Call it while `waiting_since` still stands. The caller saves."""
    now = now or timezone.now()
    _at_hand(conversation, now)
    rows, waiting = _rows(conversation), conversation.waiting_since
    if waiting and rows.filter(answered_at=None).exists():
        seconds = hours.office_seconds(conversation.organisation, waiting, now)
        rows.update(answered_at=now, operator=operator, answer_seconds=seconds)
    rows.update(sent=F("sent") + 1)


def closed(conversation: Conversation, operator: Operator | None) -> None:
    """End the matter; without an operator the clock closed it."""
    rows = _rows(conversation).filter(closed_at=None)
    rows.update(closed_at=conversation.closed_at or timezone.now(), operator=operator or F("operator"))
    tell("closed", conversation)


def tell(what: str, conversation: Conversation) -> None:
    """Let other systems hear of it, unless it is confidential."""
    if not conversation.confidential:
        events.tell(conversation.organisation_id, f"conversation.{what}", conversation=conversation.pk)


def follow(conversation: Conversation) -> None:
    """Let the stretch stand as its thread does: open or closed, with whom, about what. The caller saves the thread."""
    rows = _rows(conversation)
    fields = {"team_id": conversation.team_id, "topic_id": conversation.topic_id}
    if conversation.state == OPEN:
        open_ = {**fields, "operator": Coalesce("operator", conversation.operator_id)}
        if not rows.filter(closed_at=None).update(**open_):
            _at_hand(conversation, conversation.waiting_since or timezone.now())
            _rows(conversation).update(**open_)
    elif conversation.state == Conversation.State.CLOSED:
        rows.update(**fields, closed_at=Coalesce("closed_at", conversation.closed_at or timezone.now()))
    elif rows.filter(received=0, closed_at=None).delete()[0]:  # the reply that began it was taken back
        conversation.stretch = None


def join(kept: Conversation, gone: Conversation) -> None:
    """Bring the matters of two threads together: of two that are open one goes on, the one begun first. The caller saves."""
    gone.stretches.update(conversation=kept)
    ids = [each for each in (kept.stretch_id, gone.stretch_id) if each]
    rows = list(Stretch.objects.filter(pk__in=ids).order_by("opened_at"))
    still = [row for row in rows if row.closed_at is None]
    if len(still) == 2:
        first, second = still
        first.received, first.sent = first.received + second.received, first.sent + second.sent
        if second.answered_at and (first.answered_at is None or second.answered_at < first.answered_at):
            first.answered_at, first.answer_seconds, first.operator = second.answered_at, second.answer_seconds, second.operator
        first.save(update_fields=["received", "sent", "answered_at", "answer_seconds", "operator"])
        second.delete()
    kept.stretch = still[0] if still else rows[-1] if rows else None


def _rows(conversation: Conversation) -> QuerySet[Stretch]:
    """The matter at hand, as a set of one or none."""
    return Stretch.objects.filter(pk=conversation.stretch_id or 0)


def _at_hand(conversation: Conversation, at: datetime, channel: int | None = None, received: int = 0) -> bool:
    """See that the thread has an open stretch; says whether it is a new one."""
    known = _rows(conversation).first() if conversation.stretch_id else None
    if known and (known.closed_at is None or at - known.closed_at <= SAME_MATTER):
        if known.closed_at or received:
            _rows(conversation).update(closed_at=None, received=F("received") + received)
        return False
    if channel is None and conversation.last_address:
        channel = conversation.last_address.channel_id
    conversation.stretch = Stretch.objects.create(
        organisation_id=conversation.organisation_id, conversation=conversation, channel_id=channel, topic_id=conversation.topic_id,
        team_id=conversation.team_id, operator_id=conversation.operator_id, opened_at=at, received=received,
    )  # fmt: skip
    tell("opened", conversation)
    return True
