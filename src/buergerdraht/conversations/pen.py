"""The reply lock and the draft: who writes an answer holds the pen of the thread; what they wrote so far is everybody's.

The pen is held for a minute at a time and renewed while somebody types. Whoever does not hold it cannot send, and may take it
knowingly. A draft is one per thread: a colleague goes on with it, and never writes over it without having seen it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator
from buergerdraht.conversations import actions, notices
from buergerdraht.conversations.models import Conversation, Draft, Message, Notice
from buergerdraht.gateway import live

MINUTE = timedelta(seconds=60)
ANSWER, NOTE = "antwort", "notiz"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the reply field of a page: `over` is whose draft it began with, `once` the page's own id of the reply."""

    text: str
    kind: str = ANSWER
    over: int | None = None
    once: UUID | None = None


@dataclass(frozen=True, slots=True)
class Pen:
    """Who writes, and what was written so far, as one operator sees it."""

    writer: Operator | None
    mine: bool
    draft: Draft | None

    @property
    def other(self) -> Operator | None:
        return None if self.mine else self.writer


def holder(conversation: Conversation) -> int | None:
    """Name the operator who holds the pen now."""
    held = conversation.writing_until is not None and conversation.writing_until > timezone.now()
    return conversation.writer_id if held else None


def look(conversation: Conversation, operator: Operator) -> Pen:
    """See who writes, and the draft."""
    found = Conversation.objects.filter(pk=conversation.pk).select_related("writer", "draft__operator").only(
        "writer__name", "writing_until", "draft__operator__name", "draft__text", "draft__kind", "draft__at"
    ).get()  # fmt: skip
    writer = found.writer if holder(found) else None
    return Pen(writer, writer is not None and writer.pk == operator.pk, getattr(found, "draft", None))


# ── The pen ───────────────────────────────────────────────────────────────


@transaction.atomic
def hold(conversation: Conversation, operator: Operator) -> bool:
    """Take the pen where nobody else holds it, or renew it. Says whether it is this operator's now."""
    fresh = actions.lock(conversation)
    before = holder(fresh)
    if before not in {None, operator.pk}:
        return False
    _give(fresh, operator)
    if before is None:
        tell(fresh)
    return True


@transaction.atomic
def take(conversation: Conversation, operator: Operator) -> None:
    """Take the pen from a colleague, knowingly; they are told."""
    fresh = actions.lock(conversation)
    before = fresh.writer if holder(fresh) else None
    _give(fresh, operator)
    tell(fresh)
    if before is None or before == operator:
        return
    notices.tell(fresh, [before], Notice.Kind.TAKEN, by=operator)
    audit.record(fresh.organisation, "conversations.pen", operator=operator, subject=actions.subject(fresh), before=before.pk)


@transaction.atomic
def release(conversation: Conversation, operator: Operator) -> None:
    """Lay the pen down."""
    held = Conversation.objects.filter(pk=conversation.pk, writer=operator)
    if held.update(writer=None, writing_until=None):
        tell(conversation)


def refuse_without(fresh: Conversation, operator: Operator) -> None:
    """Raise where a colleague holds the pen of this locked thread: two answers at once are one too many."""
    if holder(fresh) not in {None, operator.pk}:
        writer = fresh.writer.name if fresh.writer else ""
        raise ValidationError(
            _("%(who)s schreibt gerade eine Antwort. Übernehmen Sie die Antwort, um selbst zu senden.") % {"who": writer}, code="held"
        )


def lay_down(fresh: Conversation, operator: Operator, over: int | None) -> None:
    """End writing with the reply that was sent: the pen is free, and the draft that became it is gone. The caller saves the thread."""
    wrote = Draft.objects.filter(conversation=fresh, operator__in={operator.pk, over or operator.pk}, kind=ANSWER)
    if fresh.writer_id is not None or wrote.exists():
        tell(fresh)
    fresh.writer, fresh.writing_until = None, None
    wrote.delete()


def _give(fresh: Conversation, operator: Operator) -> None:
    Conversation.objects.filter(pk=fresh.pk).update(writer=operator, writing_until=timezone.now() + MINUTE)


# ── The draft ─────────────────────────────────────────────────────────────


@transaction.atomic
def save(conversation: Conversation, typed: Typed, *, operator: Operator) -> bool:
    """Keep what somebody types. Says whether it was kept: not while a colleague writes, nor over a draft one has not seen.

    Typing an answer takes the pen; a note needs none. What comes in after its reply was sent is no draft any more.
    """
    fresh = actions.lock(conversation)
    if holder(fresh) not in {None, operator.pk}:
        return False
    if typed.once and Message.objects.filter(once=typed.once).exists():
        return True
    known = Draft.objects.filter(conversation=fresh).first()
    if known and known.operator_id not in {operator.pk, typed.over}:
        return False
    if typed.kind == ANSWER:
        hold(fresh, operator)
    if not typed.text.strip():
        _forget(fresh)
    elif known is None or (known.text, known.kind, known.operator_id) != (typed.text, typed.kind, operator.pk):
        Draft.objects.update_or_create(
            conversation=fresh, defaults={"operator": operator, "text": typed.text, "kind": typed.kind}
        )  # fmt: skip
        tell(fresh)
    return True


@transaction.atomic
def discard(conversation: Conversation, *, operator: Operator) -> str:
    """Throw the draft away and lay the pen down; answers its text, so that it can be brought back."""
    fresh = actions.lock(conversation)
    refuse_without(fresh, operator)
    known = Draft.objects.filter(conversation=fresh).first()
    _forget(fresh)
    release(fresh, operator)
    return known.text if known else ""


def forget_note(fresh: Conversation, operator: Operator) -> None:
    """Drop the draft of a note that was written down."""
    if Draft.objects.filter(conversation=fresh, operator=operator, kind=NOTE).delete()[0]:
        tell(fresh)


def _forget(fresh: Conversation) -> None:
    if Draft.objects.filter(conversation=fresh).delete()[0]:
        tell(fresh)


def tell(conversation: Conversation) -> None:
    live.tell(conversation.organisation_id, "draft", conversation=conversation.pk)
