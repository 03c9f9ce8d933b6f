"""What rooms above do with a thread by themselves: label it, give it to a team, bring it before people, now or at an hour; leave a note."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts.models import Team
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import actions, outgoing
from buergerdraht.conversations.models import Conversation, Label, Message
from buergerdraht.conversations.recording import wait


@transaction.atomic(savepoint=False)
def appoint(contact: Contact, *, label: str, team: Team | None) -> Conversation:
    """Mark a thread with the hour's label, and give it to the hour's team where nobody has it. It bothers nobody yet."""
    conversation = outgoing.thread(contact)
    row, _made = Label.objects.get_or_create(organisation_id=conversation.organisation_id, name=label, defaults={"tone": "info"})
    conversation.labels.add(row)
    if team and conversation.team_id is None and conversation.operator_id is None:
        conversation.team = team
    actions.keep(conversation)
    return conversation


@transaction.atomic(savepoint=False)
def bring(contact: Contact, *, rest_until: datetime | None = None) -> Conversation:
    """Bring a thread before people: at once, or resting until its hour comes."""
    conversation = outgoing.thread(contact)
    if conversation.state != Conversation.State.OPEN:
        conversation.state, conversation.closed_at = Conversation.State.OPEN, None
        message = conversation.messages.filter(author=Message.Author.CITIZEN).order_by("-at", "-id").first()
        if message:
            wait(conversation, message)
    if conversation.operator_id is None:
        conversation.snoozed_until = rest_until
    actions.keep(conversation)
    return conversation


@transaction.atomic(savepoint=False)
def note(contact: Contact, text: str, *, title: str) -> None:
    """Leave what an automatic learned for whoever takes over; it never leaves the house."""
    conversation = outgoing.thread(contact)
    if not text:
        return
    message = Message.objects.create(
        organisation_id=conversation.organisation_id, conversation=conversation, author=Message.Author.NOTE, kind="note", text=text,
        data={"by": title}, at=timezone.now(),
    )  # fmt: skip
    outgoing.tell(message)


def labels(contact: Contact) -> list[str]:
    """The labels of a contact's thread."""
    return list(Label.objects.filter(conversations__contact=contact).values_list("name", flat=True))


@transaction.atomic(savepoint=False)
def unlabel(contact: Contact, name: str) -> None:
    conversation = outgoing.thread(contact)
    conversation.labels.remove(*conversation.labels.filter(name=name))
    actions.keep(conversation)
