"""What operators do with a conversation. What citizens say is written by `recording`, what we said by `outgoing`."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import dealing, notices, outgoing, stretches
from buergerdraht.conversations.models import Conversation, Message, Reading
from buergerdraht.conversations.recording import wait
from buergerdraht.conversations.threads import keep, lock, subject
from buergerdraht.gateway import ingest, live

__all__ = ["keep", "lock", "subject"]  # what every verb shares: see `threads`


@transaction.atomic(savepoint=False)
def need_person(incoming: Incoming) -> Conversation:
    """Bring a conversation before people: no automatic could answer."""
    conversation = outgoing.arrival(incoming).conversation
    if conversation.state != Conversation.State.OPEN:
        conversation.state, conversation.closed_at = Conversation.State.OPEN, None
        message = conversation.messages.filter(author=Message.Author.CITIZEN).order_by("-at", "-id").first()
        if message:
            new = stretches.begin(conversation, message, received=1)
            wait(conversation, message)
            if new:
                dealing.place(conversation, incoming)
        keep(conversation)
    return conversation


@transaction.atomic
def mark_read(conversation: Conversation, *, operator: Operator, answers: bool) -> None:
    """Log that an operator read the conversation, once an hour; whoever may answer also clears the count."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    _reading, first = Reading.objects.get_or_create(conversation=conversation, operator=operator, hour=hour)
    if first:
        audit.record(conversation.organisation, "conversations.read", operator=operator, subject=subject(conversation))
    notices.seen(conversation, operator)
    mine = conversation.operator_id in {None, operator.pk}
    if answers and mine and Conversation.objects.filter(pk=conversation.pk, unread__gt=0).update(unread=0):
        live.tell(conversation.organisation_id, "conversation", conversation=conversation.pk)
        _show_read(conversation)


@transaction.atomic
def unmask(message: Message, *, operator: Operator) -> None:
    """Log that an operator looked at what was hidden in a message."""
    audit.record(
        message.organisation, "conversations.unmask", operator=operator, subject=subject(message.conversation), message=message.pk
    )  # fmt: skip


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
def note_reach(address: Address, *, back: bool, at: datetime) -> None:
    """Say in the thread that a citizen left a channel or is back, so that nobody writes in vain."""
    conversation = Conversation.objects.filter(contact=address.contact_id).first()
    if conversation:
        outgoing.line(conversation, "back" if back else "gone", at=at, name=address.channel.name)


@transaction.atomic
def note_doubt(address: Address, what: str, *, at: datetime) -> None:
    """Say in the thread that somebody is perhaps not who they were ("key"), or wrote where others read ("crowd")."""
    conversation = Conversation.objects.filter(contact=address.contact_id).first()
    if conversation:
        outgoing.line(conversation, what, at=at, name=address.channel.name)


# ── What several verbs share ──────────────────────────────────────────────


def quiet(conversation: Conversation) -> None:
    conversation.unread, conversation.waiting_since, conversation.urgent_at = 0, None, None


def say(conversation: Conversation, what: str, operator: Operator) -> None:
    outgoing.line(conversation, what, operator=operator)
    keep(conversation)
    audit.record(conversation.organisation, f"conversations.{what}", operator=operator, subject=subject(conversation))
