"""Write down what we said: replies and automatic answers as they leave, broadcasts when somebody answers them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection, transaction
from django.utils import timezone

from buergerdraht.accounts.models import Operator
from buergerdraht.connectors import markdown
from buergerdraht.connectors.contract import Content, TemplateUse, content_from_json
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Channel, Media, MessageTemplate, Outbound
from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).with_name("queries.sql"))
_threads: WeakKeyDictionary[Incoming, Conversation] = WeakKeyDictionary()
ANSWERED_WITHIN = timedelta(days=7)  # later messages are a new matter, not an answer to the broadcast


def first(name: str, **values: Any) -> int | None:
    """Ask one of the small questions that every message brings."""
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], values)
        row = cursor.fetchone()
    return row[0] if row else None


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
        at=timezone.now(),
    )  # fmt: skip
    fill(message, outbound, content)
    shown = show_newest(conversation, message)
    if shown or conversation.last_address_id is None:
        conversation.last_address_id = conversation.last_address_id or address.pk
        conversation.save(update_fields=["last_address", "last_text", "last_kind", "last_author", "last_at"])
    tell(message)
    return message


def thread(contact: Contact) -> Conversation:
    """Find or begin the thread with a contact, locked."""
    locked = Conversation.objects.select_for_update(of=("self",))
    if found := locked.filter(contact=contact).first():
        return found
    begun, _ = Conversation.objects.get_or_create(contact=contact, defaults={"organisation_id": contact.organisation_id})
    return locked.get(pk=begun.pk)


def thread_of(incoming: Incoming) -> Conversation:
    """The thread a message arrives in: locked once, and the same object for everyone who deals with the message."""
    if incoming not in _threads:
        _threads[incoming] = thread(incoming.contact)
    return _threads[incoming]


def fill(message: Message, outbound: Outbound, content: Content) -> None:
    """Put content into a message of ours and save it."""
    message.organisation_id, message.channel_id, message.outbound = outbound.organisation_id, outbound.channel_id, outbound
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
        }.items()
        if value
    }  # fmt: skip
    message.save(force_insert=True)
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


def newest_broadcast(address: Address, at: datetime) -> Outbound | None:
    """Find the newest broadcast that may have reached this address before `at`."""
    key = {"channel": address.channel_id, "hash": bytes(address.address_hash)}
    number = first("newest_broadcast", **key, at=at, since=at - ANSWERED_WITHIN)
    return Outbound.objects.select_related("content", "channel").get(id=number) if number else None


def show_broadcast(conversation: Conversation, outbound: Outbound) -> Message:
    """Put a broadcast into the thread it was answered in."""
    message = Message(
        conversation=conversation, author=Message.Author.BROADCAST, broadcast=outbound.batch,
        at=outbound.accepted_at or outbound.created_at,
    )  # fmt: skip
    fill(message, outbound, content_from_json(outbound.content.content))
    tell(message)
    return message


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
    conversation.last_text = " ".join(text.split())[:160]
    conversation.last_kind = "deleted" if message.deleted_at else message.kind
    conversation.last_author = message.author
    return True


def tell(message: Message) -> None:
    live.tell(message.organisation_id, "message", conversation=message.conversation_id, message=message.pk)
    live.tell(message.organisation_id, "conversation", conversation=message.conversation_id)
