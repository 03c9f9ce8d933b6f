"""Threads of people who wait for an appointed hour: before whom they come, and when. The rooms of such hours sit above."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

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
