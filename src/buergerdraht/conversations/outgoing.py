"""Write down what we said: replies and automatic answers as they leave, broadcasts when somebody answers them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts.models import Operator
from buergerdraht.connectors import markdown
from buergerdraht.connectors.contract import Content, TemplateUse, content_from_json
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import care
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Channel, Media, MessageTemplate, Outbound
from buergerdraht.gateway.queries import ask, build, columns, queries
from buergerdraht.webhooks import events

SQL = queries(Path(__file__).with_name("queries.sql"))
THREAD = SQL["thread"].replace("/*thread*/", columns(Conversation, "thread"))
WRITE_NEWEST = SQL["write_newest"].replace("/*write*/", SQL["write"])
WRITTEN = ("organisation_id", "conversation_id", "author", "operator_id", "channel_id", "address_id", "external_id", "kind", "text",
           "quote", "outbound_id", "broadcast", "flags", "fingerprint", "at", "created_at")  # fmt: skip
LISTED = ("state", "closed_at", "unread", "waiting_since", "snoozed_until", "stretch_id", "due_at", "warned_at", "last_address_id",
          "last_text", "last_kind", "last_author", "last_at")  # fmt: skip
ANSWERED_WITHIN = timedelta(days=7)  # later messages are a new matter, not an answer to the broadcast


@dataclass(slots=True)
class Arrival:
    """The thread a message arrives in, locked, and what the database knows of the message."""

    conversation: Conversation
    known: int | None  # the message this event made the first time
    broadcast: int | None  # the newest letter of a broadcast that may have been there when they wrote
    message: Message | None = None  # what was written of it, for those who answer it

    @property
    def flags(self) -> Sequence[str]:
        return self.message.flags if self.message else ()


def on_sent(
    sender: object, *, outbound: Outbound, address: Address, content: Content, operator: Operator | None = None, **more: Any
) -> None:
    """Write the message of what outreach just queued."""
    if outbound.batch is None:
        write(outbound, address, content, operator)


@transaction.atomic(savepoint=False)
def write(outbound: Outbound, address: Address, content: Content, operator: Operator | None) -> Message:
    conversation = thread(address.contact)
    message = Message(
        conversation=conversation, author=Message.Author.OPERATOR if operator else Message.Author.BOT, operator=operator,
        address_id=address.pk, at=timezone.now(),
    )  # fmt: skip
    fill(message, outbound, content)
    shown = show_newest(conversation, message)
    if shown or conversation.last_address_id is None:
        conversation.last_address_id = conversation.last_address_id or address.pk
        conversation.save(update_fields=["last_address", "last_text", "last_kind", "last_author", "last_at"])
    tell(message)
    if not conversation.confidential:
        ids = {"message": message.pk, "conversation": conversation.pk}
        events.tell(conversation.organisation_id, "message.sent", after=outbound.not_before, **ids)
    return message


def thread(contact: Contact) -> Conversation:
    """Find or begin the thread with a contact, locked. While a message of theirs is handled, it is the one at hand."""
    arrival: Arrival | None = vars(contact).get("_arrival")
    if arrival:
        return arrival.conversation
    locked = Conversation.objects.select_for_update(of=("self",))
    if found := locked.filter(contact=contact).first():
        return found
    _begin(contact)
    return locked.get(contact=contact)


def _begin(contact: Contact) -> None:
    ask(SQL["begin"], {"organisation": contact.organisation_id, "contact": contact.pk, "at": timezone.now()})


def arrival(incoming: Incoming) -> Arrival:
    """Where a message arrives: asked once, and the same thread for everyone who deals with the message.

    It is noted on the contact, which `contacts.meet` makes anew for every message.
    """
    found: Arrival | None = vars(incoming.contact).get("_arrival")
    if found is None:
        event, address = incoming.event, incoming.address
        values = {"channel": incoming.channel.pk, "external": event.external_id, "contact": incoming.contact.pk}
        values |= {"hash": bytes(address.address_hash), "at": event.at, "since": event.at - ANSWERED_WITHIN}
        rows = ask(THREAD, values)
        if not rows:  # their first message
            _begin(incoming.contact)
            rows = ask(THREAD, values)
        known, broadcast, *row = rows[0]
        found = vars(incoming.contact)["_arrival"] = Arrival(build(Conversation, row), known, broadcast)
        found.conversation.contact = incoming.contact
    return found


def put(message: Message, listed: Conversation | None = None) -> None:
    """Insert a message; with what the list shows of its thread from now on."""
    message.created_at = timezone.now()
    values = {name: getattr(message, name) for name in WRITTEN} | {"data": json.dumps(message.data)}
    if listed is not None:
        values |= {name: getattr(listed, name) for name in LISTED}
        counted = listed.stretch_id if listed.state == Conversation.State.OPEN else None
        values |= {"holder": listed.operator_id, "answered": listed.broadcast, "counted": counted}
    message.pk = ask(SQL["write"] if listed is None else WRITE_NEWEST, values)[0][0]
    message._state.adding = False


def fill(message: Message, outbound: Outbound, content: Content, *, shared: bool = False) -> None:
    """Put content into a message of ours and save it. `shared`: the letter is shown in several threads and belongs to none."""
    message.organisation_id, message.channel_id = outbound.organisation_id, outbound.channel_id
    message.outbound = None if shared else outbound
    message.kind = _kind(content)
    message.text = spoken(outbound.channel, content.template) if content.template else _text(content)
    message.quote = content.quote
    message.data = {
        key: value
        for key, value in {
            "choices": [choice.title for choice in content.choices],
            "location": content.location and {"latitude": content.location.latitude, "longitude": content.location.longitude,
                                              "name": content.location.name, "address": content.location.address},
            "footer": content.footer,
            "template": content.template and content.template.name,
            "post": outbound.pk if shared else None,
        }.items()
        if value
    }  # fmt: skip
    put(message)
    if content.media:
        message.media.add(*Media.objects.filter(organisation=message.organisation_id, id__in=[media.id for media in content.media]))


def _kind(content: Content) -> str:
    if content.template:
        return "template"
    if content.media:
        return content.media[0].kind.value
    return "location" if content.location else "text"


def _text(content: Content) -> str:
    return f"**{content.title}**\n\n{content.text}" if content.title else content.text


def spoken(channel: Channel, use: TemplateUse) -> str:
    """Say what a template says with its variables filled in."""
    row = MessageTemplate.objects.filter(channel=channel, name=use.name, language=use.language).first()
    if row is None:
        return " ".join(use.body.values())
    template = row.template
    parts = [fill_in(template.get("header", ""), use.header), fill_in(template.get("body", ""), use.body), template.get("footer", "")]
    return "\n\n".join(part for part in parts if part)


def fill_in(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: values.get(found[1], found[0]), text)


# ── Broadcasts ────────────────────────────────────────────────────────────


def show_broadcast(conversation: Conversation, outbound: Outbound) -> Message:
    """Put a broadcast into the thread it was answered in."""
    message = Message(
        conversation=conversation, author=Message.Author.BROADCAST, broadcast=outbound.batch, address_id=_reached(outbound),
        at=outbound.accepted_at or outbound.created_at,
    )  # fmt: skip
    fill(message, outbound, content_from_json(outbound.content.content))
    tell(message)
    return message


def show_post(conversation: Conversation, outbound: Outbound) -> Message:
    """Put a public post into the thread of somebody who answered it; others may have answered it, too."""
    if found := conversation.messages.filter(author=Message.Author.BROADCAST, data__post=outbound.pk).first():
        return found
    message = Message(
        conversation=conversation, author=Message.Author.BROADCAST, broadcast=outbound.batch, at=outbound.accepted_at or outbound.created_at
    )  # fmt: skip
    fill(message, outbound, content_from_json(outbound.content.content), shared=True)
    tell(message)
    return message


def _reached(outbound: Outbound) -> int | None:
    return (
        Address.objects.filter(channel=outbound.channel_id, address_hash=bytes(outbound.address_hash)).values_list("pk", flat=True).first()
    )


# ── Lines and the list ────────────────────────────────────────────────────


def line(conversation: Conversation, what: str, *, operator: Operator | None = None, at: datetime | None = None, **data: Any) -> Message:
    """Add a system line: what happened to the thread. `what` is a code, spoken by the screen."""
    message = Message.objects.create(
        organisation_id=conversation.organisation_id, conversation=conversation, author=Message.Author.SYSTEM, operator=operator,
        kind=what, data=data, at=at or timezone.now(),
    )  # fmt: skip
    tell(message)
    return message


def show_newest(conversation: Conversation, message: Message) -> bool:
    """Take a message over into the list unless a later one stands there, or a citizen's words before an automatic answer."""
    if conversation.last_at and (message.at < conversation.last_at or message.author == Message.Author.BOT):
        return False
    conversation.last_at = message.at
    ours = message.author != Message.Author.CITIZEN
    text = markdown.plain(markdown.read(message.text)) if ours else message.text
    conversation.last_text = " ".join(care.preview(text, message.flags).split())[:160]
    conversation.last_kind = "deleted" if message.deleted_at else message.kind
    conversation.last_author = message.author
    return True


def tell(message: Message) -> None:
    live.tell(message.organisation_id, "message", conversation=message.conversation_id, message=message.pk)
    live.tell(message.organisation_id, "conversation", conversation=message.conversation_id)
