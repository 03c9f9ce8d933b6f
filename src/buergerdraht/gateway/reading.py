"""What the channel screens show: who wrote just now, what is kept, what the templates look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Connector, Limits, Malformed, Note, Received, Template
from buergerdraht.connectors.reasons import REASONS, Reason
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, InboundEvent, MessageTemplate, Outbound, Traffic

RECENT = timedelta(minutes=30)
NEWEST = 60


class Offer(NamedTuple):
    """A messenger as the screens show it. (A template would call a class.)"""

    kind: str
    title: str
    about: str
    limits: Limits
    guide: Sequence[str]


def offer(connector: type[Connector]) -> Offer:
    return Offer(connector.kind, connector.title, connector.about, connector.limits, connector.guide)


class Person(NamedTuple):
    key: str  # what the form carries instead of the address
    words: str
    address: str


def people(channel: Channel) -> list[Person]:
    """Who wrote to this channel within the last half hour, newest first: whom a test may go to."""
    connector = channels.connector(channel)
    events = InboundEvent.objects.filter(channel=channel, source="webhook", received_at__gte=timezone.now() - RECENT)
    found: dict[str, Person] = {}
    for event in events.order_by("-id")[:NEWEST]:
        try:
            items = connector.parse(bytes(event.body))
        except Malformed:
            continue
        for item in items:
            if isinstance(item.event, Received) and item.event.sender.address not in found:
                sender = item.event.sender
                words = " · ".join(word for word in (sender.name, sender.handle) if word) or sender.address
                key = vault.lookup(channel.organisation_id, sender.address).hex()[:32]
                found[sender.address] = Person(key, words, sender.address)
    return list(found.values())


class Generated(NamedTuple):
    """A word of our own making. Shown to be copied unless it is secret."""

    name: str
    title: str
    description: str
    value: str


def generated(channel: Channel) -> list[Generated]:
    config = channels.config(channel)
    found = []
    for name, field in type(config).model_fields.items():
        extra: dict[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        if extra.get("generated"):
            value = getattr(config, name)
            found.append(Generated(name, _(field.title or name), _(field.description or ""), value if isinstance(value, str) else ""))
    return found


def spoken(note: Note) -> str:
    """Say a finding with its values; those that are our own words are translated too."""
    values = {name: _(value) if name in {"what", "title", "advice"} else value for name, value in note.values.items()}
    return _(note.text).format(**values)


def reason_of(channel: Channel) -> Reason | None:
    return REASONS.get(channel.reason or "unknown") if channel.state == Channel.State.BROKEN else None


class ShownCall(NamedTuple):
    row: Traffic
    words: str  # why it failed, in plain German


def call(row: Traffic) -> ShownCall:
    reason = REASONS.get(row.details)
    return ShownCall(row, _(reason.title) if reason else row.details if row.details != row.status else "")


class ShownTemplate(NamedTuple):
    row: MessageTemplate
    template: Template
    body: SafeString


def templates(channel: Channel) -> list[ShownTemplate]:
    rows = MessageTemplate.objects.filter(channel=channel).order_by("name", "language")
    return [_shown(row) for row in rows]


def _shown(row: MessageTemplate) -> ShownTemplate:
    template = msgspec.convert(row.template, Template)
    body = escape(template.body).replace("\n", "<br>")
    for name in template.variables:
        body = body.replace("{{" + name + "}}", f'<mark class="variable">{escape(name)}</mark>')
    return ShownTemplate(row, template, mark_safe(body))  # noqa: S308 - every letter of the template is escaped above


def letters_to(channel_id: int, hashes: Iterable[bytes]) -> QuerySet[Outbound]:
    """All letters to an address and its aliases; open and closed ones have an index each, so both are named."""
    rows = Outbound.objects.filter(channel_id=channel_id, address_hash__in=list(hashes))
    return rows.filter(Q(state__in=Outbound.OPEN) | Q(state__in=Outbound.CLOSED))
