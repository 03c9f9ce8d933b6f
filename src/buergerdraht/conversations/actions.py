"""What operators do with a conversation. What citizens say is written by `recording`, what we said by `outgoing`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Team
from buergerdraht.connectors.contract import Content, content_from_json, to_json
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation, Message, Reading
from buergerdraht.conversations.recording import record, wait
from buergerdraht.gateway import ingest, live
from buergerdraht.gateway.models import Media

__all__ = [
    "assign",
    "await_answer",
    "close",
    "hold",
    "join",
    "mark_read",
    "need_person",
    "note",
    "note_reach",
    "record",
    "reopen",
    "reply",
    "settle",
    "try_again",
]  # fmt: skip

REPLY = "reply"


@transaction.atomic
def reply(conversation: Conversation, content: Content, *, operator: Operator, address: Address | None = None) -> Message:
    """Answer a citizen. Raises outreach.Refused with the reason where we may not write."""
    target = address or conversation.last_address
    if target is None:
        raise ValidationError(_("Diese Person hat keinen Kanal, über den Sie antworten können."))
    outbound = outreach.send(target, content, purpose=REPLY, operator=operator)
    fresh = _lock(conversation)
    _answered(fresh, operator)
    _keep(fresh)
    message = Message.objects.get(outbound=outbound)
    audit.record(fresh.organisation, "conversations.reply", operator=operator, subject=_subject(fresh), message=message.pk)
    return message


@transaction.atomic
def await_answer(
    conversation: Conversation, content: Content, template: Content, *, operator: Operator, address: Address | None = None
) -> Message:
    """Send a template through a closed window and keep the reply until the citizen answers (law 10)."""
    reply(conversation, template, operator=operator, address=address)
    target = address or conversation.last_address
    message = Message.objects.create(
        organisation_id=conversation.organisation_id, conversation=conversation, author=Message.Author.OPERATOR, operator=operator,
        channel=target.channel if target else None, kind="parked", text=content.text, at=timezone.now(),
        data={"content": to_json(content), "address": target.pk if target else None},
    )  # fmt: skip
    message.media.add(*Media.objects.filter(organisation=message.organisation_id, id__in=[media.id for media in content.media]))
    outgoing.tell(message)
    return message


@transaction.atomic(savepoint=False)
def hold(incoming: Incoming) -> bool:
    """Keep automatics silent while a person holds the conversation (law 11), and let their waiting reply go."""
    conversation = outgoing.thread_of(incoming)
    if conversation.state != Conversation.State.OPEN or conversation.operator_id is None:
        return False
    _release(conversation, incoming.address)
    return True


def _release(conversation: Conversation, address: Address) -> None:
    waiting = conversation.messages.filter(kind="parked", channel=address.channel, outbound=None).select_related("operator")
    for message in waiting.order_by("at", "id"):
        try:
            outreach.send(address, content_from_json(message.data["content"]), purpose=REPLY, operator=message.operator)
        except outreach.Refused:
            return  # it stays, and the screen shows it as waiting
        outgoing.tell(message)
        message.delete()


@transaction.atomic(savepoint=False)
def need_person(incoming: Incoming) -> Conversation:
    """Bring a conversation before people: no automatic could answer."""
    conversation = outgoing.thread_of(incoming)
    if conversation.state != Conversation.State.OPEN:
        conversation.state, conversation.closed_at = Conversation.State.OPEN, None
        message = conversation.messages.filter(author=Message.Author.CITIZEN).order_by("-at", "-id").first()
        if message:
            wait(conversation, message)
        _keep(conversation)
    return conversation


@transaction.atomic
def assign(conversation: Conversation, *, by: Operator, operator: Operator | None = None, team: Team | None = None) -> None:
    """Give a conversation to a person, a team, or (neither) back to everyone."""
    fresh = _lock(conversation)
    _same_house(fresh, operator, team)
    fresh.operator, fresh.team = operator, team or fresh.team
    fresh.state, fresh.closed_at = Conversation.State.OPEN, None
    what = "taken" if operator == by else "assigned" if operator else "handed" if team else "freed"
    outgoing.line(fresh, what, operator=by, name=operator.name if operator else team.name if team else "")
    _keep(fresh)
    audit.record(
        fresh.organisation, "conversations.assign", operator=by, subject=_subject(fresh),
        to=operator.pk if operator else None, team=team.pk if team else None,
    )  # fmt: skip


def _same_house(conversation: Conversation, operator: Operator | None, team: Team | None) -> None:
    strange = operator and not operator.memberships.filter(organisation=conversation.organisation_id).exists()
    if strange or (team and team.organisation_id != conversation.organisation_id):
        raise ValidationError(_("Diese Person oder dieses Team arbeitet nicht in Ihrer Organisation."))


@transaction.atomic
def close(conversation: Conversation, *, operator: Operator) -> None:
    """Mark a conversation as done. A new message of the citizen reopens it."""
    fresh = _lock(conversation)
    if fresh.state == Conversation.State.CLOSED:
        return
    _quiet(fresh)
    fresh.state, fresh.closed_at, fresh.operator = Conversation.State.CLOSED, timezone.now(), fresh.operator or operator
    _record(fresh, "closed", operator)


@transaction.atomic
def reopen(conversation: Conversation, *, operator: Operator) -> None:
    fresh = _lock(conversation)
    if fresh.state == Conversation.State.OPEN:
        return
    fresh.state, fresh.closed_at, fresh.operator = Conversation.State.OPEN, None, operator
    _record(fresh, "reopened", operator)


@transaction.atomic
def note(conversation: Conversation, text: str, *, operator: Operator) -> Message:
    """Leave a note for colleagues; it never leaves the house."""
    message = Message.objects.create(
        organisation_id=conversation.organisation_id, conversation=conversation, author=Message.Author.NOTE, operator=operator,
        kind="note", text=text, at=timezone.now(),
    )  # fmt: skip
    outgoing.tell(message)
    audit.record(conversation.organisation, "conversations.note", operator=operator, subject=_subject(conversation), message=message.pk)
    return message


@transaction.atomic
def mark_read(conversation: Conversation, *, operator: Operator, answers: bool) -> None:
    """Log that an operator read the conversation, once an hour; whoever may answer also clears the count."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    _reading, first = Reading.objects.get_or_create(conversation=conversation, operator=operator, hour=hour)
    if first:
        audit.record(conversation.organisation, "conversations.read", operator=operator, subject=_subject(conversation))
    mine = conversation.operator_id in {None, operator.pk}
    if answers and mine and Conversation.objects.filter(pk=conversation.pk, unread__gt=0).update(unread=0):
        live.tell(conversation.organisation_id, "conversation", conversation=conversation.pk)
        _show_read(conversation)


def _show_read(conversation: Conversation) -> None:
    """Let the messenger set its read mark, where it has one."""
    address = conversation.last_address
    if address is None:
        return
    said = conversation.messages.filter(author=Message.Author.CITIZEN, channel=address.channel)
    newest = said.order_by("-at", "-id").first()
    if newest and newest.external_id:
        ingest.mark_read(address.channel, newest.external_id, address.address)


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
    audit.record(message.organisation, action, operator=operator, subject=_subject(message.conversation), message=message.pk)


@transaction.atomic
def note_reach(address: Address, *, back: bool, at: datetime) -> None:
    """Say in the thread that a citizen left a channel or is back, so that nobody writes in vain."""
    conversation = Conversation.objects.filter(contact=address.contact_id).first()
    if conversation:
        outgoing.line(conversation, "back" if back else "gone", at=at, name=address.channel.name)


@transaction.atomic
def join(sender: object, *, into: Contact, other: Contact, **more: Any) -> None:
    """Bring two threads together when two contacts turn out to be one person."""
    gone = Conversation.objects.filter(contact=other).first()
    if gone is None:
        return
    kept = outgoing.thread(into)
    gone.messages.update(conversation=kept)
    if gone.state == Conversation.State.OPEN:
        kept.state, kept.closed_at = Conversation.State.OPEN, None
    kept.operator, kept.team = kept.operator or gone.operator, kept.team or gone.team
    kept.unread += gone.unread
    kept.waiting_since = min((at for at in (kept.waiting_since, gone.waiting_since) if at), default=None)
    kept.last_address = kept.last_address or gone.last_address
    newest = kept.messages.exclude(author__in=[Message.Author.NOTE, Message.Author.SYSTEM]).order_by("-at", "-id").first()
    if newest:
        outgoing.show_newest(kept, newest)
    _keep(kept)
    gone.delete()


# ── What several verbs share ──────────────────────────────────────────────


def _lock(conversation: Conversation) -> Conversation:
    return Conversation.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=conversation.pk)


def _answered(conversation: Conversation, operator: Operator) -> None:
    """Whoever replies holds the conversation, unless a colleague already does."""
    _quiet(conversation)
    conversation.state, conversation.closed_at = Conversation.State.OPEN, None
    conversation.operator = conversation.operator or operator


def _quiet(conversation: Conversation) -> None:
    conversation.unread, conversation.waiting_since = 0, None


def _record(conversation: Conversation, what: str, operator: Operator) -> None:
    outgoing.line(conversation, what, operator=operator)
    _keep(conversation)
    audit.record(conversation.organisation, f"conversations.{what}", operator=operator, subject=_subject(conversation))


def _keep(conversation: Conversation) -> None:
    conversation.save()
    live.tell(conversation.organisation_id, "conversation", conversation=conversation.pk)


def _subject(conversation: Conversation) -> str:
    return f"conversation:{conversation.pk}"
