"""Answers that everybody can read: who wrote to us in a public place is answered there, by a person only, with a word of warning."""

from __future__ import annotations

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from buergerdraht.connectors.contract import Content
from buergerdraht.contacts.models import Address
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway import channels

PUBLIC, DIRECT = "public", "direct"


def reach(conversation: Conversation, address: Address | None) -> str:
    """Say who reads an answer to this address: PUBLIC everybody, DIRECT one person and whoever runs the servers; "" one person."""
    if address is None or channels.reaches_people(address.channel.kind):
        return ""
    newest = _newest(conversation, address)
    return DIRECT if newest is not None and newest.data.get("raw_kind") == DIRECT else PUBLIC


def hung_on(conversation: Conversation, address: Address, content: Content) -> Content:
    """Let an answer in a public place hang on what it answers. Raises ValidationError where the thread is confidential."""
    read_by = reach(conversation, address)
    if not read_by:
        return content
    if conversation.confidential and read_by == PUBLIC:
        raise ValidationError(_("Diese Unterhaltung ist vertraulich. Auf diesem Weg könnten alle Ihre Antwort lesen."))
    newest = _newest(conversation, address)
    if content.quote or newest is None or not newest.external_id:
        return content
    return msgspec.structs.replace(content, quote=newest.external_id)


def _newest(conversation: Conversation, address: Address) -> Message | None:
    said = conversation.messages.filter(author=Message.Author.CITIZEN, channel=address.channel_id, address=address.pk)
    return said.order_by("-at", "-id").first()
