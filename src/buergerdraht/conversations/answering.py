"""Answer a citizen: reply and its undo, a template that brings the reply after it, what waits, what is sent again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator
from buergerdraht.connectors.contract import Content, content_from_json, to_json
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import actions, holding, outgoing, pen, public, stretches
from buergerdraht.conversations.models import Conversation, Desk, Message, Stretch
from buergerdraht.conversations.pen import hold as hold_pen
from buergerdraht.conversations.pen import take as take_pen
from buergerdraht.gateway.models import Media, Outbound
from buergerdraht.webhooks import events

__all__ = ["Desired", "News", "await_answer", "hold", "hold_pen", "note", "reply", "settle", "take_pen", "try_again", "undo"]

REPLY = "reply"
MOST_UNDO = 30  # seconds; what is said after a reply waits for it, so it cannot be long
UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Desired:
    """What a page knows of the reply it sends: its own id for it, the citizen's newest message it showed, whose draft it began with."""

    once: UUID | None = None
    seen: int | None = None
    over: int | None = None
    undo: bool = True  # it may be taken back for some seconds


class Already(ValidationError):
    """The page's reply was taken in another wording: its answer was lost on the way, and the text changed since."""


class News(Exception):
    """The citizen wrote meanwhile: nothing was sent. Whoever has seen `messages` may send all the same."""

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__("news")
        self.messages = messages


@transaction.atomic
def reply(
    conversation: Conversation, content: Content, *, operator: Operator, address: Address | None = None, desired: Desired | None = None
) -> Message:
    """Answer a citizen. Raises outreach.Refused with the reason where we may not write, News where they wrote meanwhile."""
    target = address or conversation.last_address
    if target is None:
        raise ValidationError(_("Diese Person hat keinen Kanal, über den Sie antworten können."))
    fresh = actions.lock(conversation)
    if desired and (known := _known(fresh, desired, content.text)):
        return known
    pen.refuse_without(fresh, operator)
    if desired:
        _look_for_news(fresh, desired)
    content = public.hung_on(fresh, target, content)
    outbound = outreach.send(target, content, purpose=REPLY, operator=operator, not_before=_undo_until(fresh, desired))
    message = Message.objects.get(outbound=outbound)
    _remember(message, fresh, desired)
    fresh.refresh_from_db()
    pen.lay_down(fresh, operator, desired.over if desired else None)
    _answered(fresh, operator)
    actions.keep(fresh)
    audit.record(fresh.organisation, "conversations.reply", operator=operator, subject=actions.subject(fresh), message=message.pk)
    return message


def _known(fresh: Conversation, desired: Desired, text: str) -> Message | None:
    """Find what this page's reply made the first time: a second click or a retry of the network writes and sends nothing."""
    known = fresh.messages.filter(once=desired.once).first() if desired.once else None
    if known and text and known.text != text and known.kind not in {UNDONE, "template"}:
        raise Already(
            _("Diese Antwort ist in einer früheren Fassung schon gespeichert. Senden Sie noch einmal, wenn auch diese gelten soll.")
        )
    return known


def _look_for_news(fresh: Conversation, desired: Desired) -> None:
    if desired.seen is None:
        return
    citizen = fresh.messages.filter(author=Message.Author.CITIZEN, pk__gt=desired.seen)
    if news := list(citizen.order_by("pk")[:20]):
        raise News(news)


def _undo_until(fresh: Conversation, desired: Desired | None) -> datetime | None:
    seconds = min(Desk.of(fresh.organisation).undo_seconds, MOST_UNDO) if desired and desired.undo else 0
    return timezone.now() + timedelta(seconds=seconds) if seconds else None


def _remember(message: Message, before: Conversation, desired: Desired | None) -> None:
    """Keep with a reply its page's id, and how the thread stood, so that undo can put it back."""
    if desired is None:
        return
    message.once = desired.once
    if desired.undo:
        message.data["before"] = {
            "state": before.state, "operator": before.operator_id, "unread": before.unread,
            "waiting_since": before.waiting_since and before.waiting_since.isoformat(),
            "closed_at": before.closed_at and before.closed_at.isoformat(),
            "urgent_at": before.urgent_at and before.urgent_at.isoformat(),
            "stretch": _stretch(before),
        }  # fmt: skip
    message.save(update_fields=["once", "data"])


# ── Undo ──────────────────────────────────────────────────────────────────


@transaction.atomic
def undo(message: Message, *, operator: Operator) -> Message:
    """Take a reply back before it left: it is gone from the thread, and answered as it was written, for the field.

    Raises ValidationError where the engine was quicker, or the reply is a colleague's.
    """
    fresh = actions.lock(message.conversation)
    found = fresh.messages.select_related("outbound").filter(pk=message.pk).first()
    if found is None or found.kind == UNDONE or found.outbound is None:
        raise ValidationError(_("Diese Antwort wurde schon zurückgenommen."))
    if found.operator_id != operator.pk:
        raise ValidationError(_("Nur wer geantwortet hat, kann die Antwort zurücknehmen."))
    if not outreach.take_back(found.outbound):
        raise ValidationError(_("Schon gesendet: Die Antwort lässt sich nicht mehr zurücknehmen."))
    events.untell(fresh.organisation_id, "message.sent", message=found.pk, conversation=fresh.pk)
    written = _blank(found)
    _put_back(fresh, written, operator)
    outgoing.tell(found)
    actions.keep(fresh)
    audit.record(fresh.organisation, "conversations.undo", operator=operator, subject=actions.subject(fresh), message=found.pk)
    return written


def _blank(found: Message) -> Message:
    """Leave nothing of a message but that its page's reply was dealt with: a late second try of it must not send again."""
    written = Message(
        pk=found.pk, conversation_id=found.conversation_id, text=found.text, kind=found.kind, data=found.data, quote=found.quote,
        channel_id=found.channel_id, address_id=found.address_id, at=found.at, outbound=found.outbound,
    )  # fmt: skip
    written.attached = list(found.media.all())  # type: ignore[attr-defined]
    found.media.clear()
    found.author, found.kind, found.text, found.quote = Message.Author.SYSTEM, UNDONE, "", ""
    found.data, found.outbound = {}, None
    found.save(update_fields=["author", "kind", "text", "quote", "data", "outbound"])
    return written


def _put_back(fresh: Conversation, written: Message, operator: Operator) -> None:
    """Let the thread stand as before the reply, but for what happened since. The caller saves."""
    before: dict[str, Any] = written.data.get("before", {})
    said = fresh.messages.exclude(author__in=[Message.Author.NOTE, Message.Author.SYSTEM]).order_by("-at", "-id")
    if newest := said.exclude(author=Message.Author.BOT).first() or said.first():
        fresh.last_at = None
        outgoing.show_newest(fresh, newest)
    answered_since = fresh.messages.filter(author=Message.Author.OPERATOR, pk__gt=written.pk).exists()
    if not before or answered_since:
        return
    waiting = [at for at in (_moment(before, "waiting_since"), fresh.waiting_since) if at]
    fresh.waiting_since, fresh.unread = min(waiting, default=None), fresh.unread + before["unread"]
    fresh.urgent_at = fresh.urgent_at or _moment(before, "urgent_at")
    if fresh.state == Conversation.State.OPEN and not waiting:
        fresh.state, fresh.closed_at = before["state"], _moment(before, "closed_at")
    if before["operator"] is None and fresh.operator_id == operator.pk:
        fresh.operator = None
    _restore_stretch(fresh, before.get("stretch"))


def _moment(before: dict[str, Any], name: str) -> datetime | None:
    return parse_datetime(before[name]) if before.get(name) else None


def _stretch(before: Conversation) -> dict[str, Any] | None:
    """How the matter at hand stood, in a form that JSON keeps."""
    names = ("pk", "operator_id", "answered_at", "answer_seconds", "closed_at", "sent")
    row = Stretch.objects.filter(pk=before.stretch_id).values(*names).first() if before.stretch_id else None
    return row and {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _restore_stretch(fresh: Conversation, row: dict[str, Any] | None) -> None:
    """Let the matter stand as before; one that the reply began never was. The caller saves the thread."""
    number = row["pk"] if row else None
    if fresh.stretch_id != number:
        begun, fresh.stretch_id = fresh.stretch_id, number
        Conversation.objects.filter(pk=fresh.pk).update(stretch=number)
        if begun:
            fresh.stretches.filter(pk=begun, received=0).delete()
    if row:
        fields = row | {name: _moment(row, name) for name in ("answered_at", "closed_at")}
        del fields["pk"]
        Stretch.objects.filter(pk=row["pk"]).update(**fields)


# ── What waits ────────────────────────────────────────────────────────────


@transaction.atomic
def await_answer(
    conversation: Conversation, content: Content, template: Content, *, operator: Operator, address: Address | None = None,
    desired: Desired | None = None,
) -> Message:  # fmt: skip
    """Send a template through a closed window and keep the reply until the citizen answers (law 10)."""
    fresh = actions.lock(conversation)
    if desired and (known := _known(fresh, desired, content.text)):
        return known
    reply(conversation, template, operator=operator, address=address, desired=Desired(over=desired.over, undo=False) if desired else None)
    target = address or conversation.last_address
    message = Message.objects.create(
        organisation_id=conversation.organisation_id, conversation=conversation, author=Message.Author.OPERATOR, operator=operator,
        channel=target.channel if target else None, kind="parked", text=content.text, at=timezone.now(),
        data={"content": to_json(content), "address": target.pk if target else None}, once=desired.once if desired else None,
    )  # fmt: skip
    message.media.add(*Media.objects.filter(organisation=message.organisation_id, id__in=[media.id for media in content.media]))
    outgoing.tell(message)
    return message


@transaction.atomic
def change_parked(message: Message, text: str, *, operator: Operator) -> None:
    """Word a reply anew that waits for the citizen's answer, or drop it (no text). Raises where it left meanwhile."""
    fresh = actions.lock(message.conversation)
    found = fresh.messages.filter(pk=message.pk, kind="parked", outbound=None).first()
    if found is None:
        raise ValidationError(_("Diese Antwort wartet nicht mehr: Sie ist schon hinausgegangen oder wurde verworfen."))
    outgoing.tell(found)
    verb = "conversations.parked_change" if text else "conversations.parked_drop"
    audit.record(fresh.organisation, verb, operator=operator, subject=actions.subject(fresh), message=found.pk)
    if text:
        found.text, found.operator = text, operator
        found.data["content"]["text"] = text
        found.save(update_fields=["text", "operator", "data"])
    else:
        found.delete()


@transaction.atomic(savepoint=False)
def hold(incoming: Incoming) -> bool:
    """Keep automatics silent while a person holds the conversation (law 11), and let their waiting reply go."""
    conversation = outgoing.arrival(incoming).conversation
    if conversation.state != Conversation.State.OPEN or conversation.operator_id is None:
        return False
    _release(conversation, incoming.address)
    return True


def _release(conversation: Conversation, address: Address) -> None:
    waiting = conversation.messages.filter(kind="parked", channel=address.channel, outbound=None).select_related("operator")
    for message in waiting.order_by("at", "id"):
        try:
            outbound = outreach.send(address, content_from_json(message.data["content"]), purpose=REPLY, operator=message.operator)
        except outreach.Refused:
            return  # it stays, and the screen shows it as waiting
        outgoing.tell(message)
        once = message.once
        message.delete()
        if once:
            Message.objects.filter(outbound=outbound).update(once=once)


# ── Notes, and what is sent again ─────────────────────────────────────────


@transaction.atomic
def note(conversation: Conversation, text: str, *, operator: Operator, once: UUID | None = None, include: Collection[int] = ()) -> Message:
    """Leave a note, once however often the page sends it. `include`: whom to name for the thread, see `holding.note`."""
    fresh = actions.lock(conversation)
    if once and (known := fresh.messages.filter(once=once).first()):
        return known
    message = holding.note(fresh, text, operator=operator, include=include)
    if once:
        Message.objects.filter(pk=message.pk).update(once=once)
    pen.forget_note(fresh, operator)
    return message


@transaction.atomic
def try_again(message: Message, *, operator: Operator) -> None:
    """Send a message again that did not arrive."""
    if message.outbound is None:
        return
    outreach.retry(message.outbound)
    _after_second_try(message, operator, "conversations.retry")


@transaction.atomic
def settle(message: Message, *, operator: Operator, again: bool) -> None:
    """Decide about a message of which nobody knows whether it arrived."""
    if message.outbound is None:
        return
    outreach.settle(message.outbound, again=again)
    _after_second_try(message, operator, "conversations.settle")


def _after_second_try(message: Message, operator: Operator, action: str) -> None:
    outgoing.tell(message)
    audit.record(message.organisation, action, operator=operator, subject=actions.subject(message.conversation), message=message.pk)


def undoable(outbound: Outbound | None) -> datetime | None:
    """Say until when a letter waits for its writer to think again, if it does."""
    if outbound is None or outbound.state != Outbound.State.QUEUED or outbound.purpose != REPLY or outbound.tries:
        return None
    return outbound.not_before if outbound.not_before and outbound.not_before > timezone.now() else None


def _answered(conversation: Conversation, operator: Operator) -> None:
    """Whoever replies holds the conversation, unless a colleague already does. A system that answers by the API holds none: people do."""
    stretches.answered(conversation, operator)
    actions.quiet(conversation)
    conversation.state, conversation.closed_at = Conversation.State.OPEN, None
    conversation.operator = conversation.operator or (operator if operator.is_active else None)
