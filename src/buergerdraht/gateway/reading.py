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
from django.utils.translation import ngettext

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Connector, Health, Limits, Note, Received, Template
from buergerdraht.connectors.reasons import REASONS, Reason
from buergerdraht.gateway import channels, opening
from buergerdraht.gateway.models import Channel, InboundEvent, MessageTemplate, Outbound, Traffic

RECENT = timedelta(minutes=30)
NEWEST = 60


class Offer(NamedTuple):
    """A messenger as the screens show it. (A template would call a class.)"""

    kind: str
    title: str
    about: str
    guide: Sequence[str]
    hooked: bool
    traits: Sequence[tuple[str, str]]


def offer(connector: type[Connector]) -> Offer:
    return Offer(connector.kind, connector.title, connector.about, connector.guide, connector.hooked, _traits(connector))


def _traits(connector: type[Connector]) -> list[tuple[str, str]]:
    """Say in a few words what one can expect of a messenger."""
    if connector.reach == "people":
        return [
            (_("Zuerst schreiben"), _beginning(connector)),
            (_("Meldet"), _reports(connector.limits)),
            (_("Auswahl"), _choice(connector.limits)),
        ]
    answers = _("kommen in den Posteingang") if connector.hooked or connector.streams else _("kommen nicht herein")
    by_hand = [(_("Veröffentlicht"), _("ein Mensch, am Telefon"))] if connector.by_hand else []
    return [(_("Wer liest"), _("alle, es ist öffentlich")), (_("Antworten"), answers), *by_hand]


def _beginning(connector: type[Connector]) -> str:
    if connector.limits.may_start:
        return _("ja, mit genehmigter Vorlage") if connector.limits.window_hours else _("ja")
    return _("nein, erst wenn jemand Ihnen schreibt") if connector.hears else _("nein, erst nach der Anmeldung")


def _reports(limits: Limits) -> str:
    if limits.read:
        return _("zugestellt und gelesen") if limits.delivered else _("gelesen")
    return _("zugestellt") if limits.delivered else _("nur angenommen")


def _choice(limits: Limits) -> str:
    if not limits.buttons:
        return _("als nummerierte Liste im Text")
    buttons = ngettext("bis zu %(n)d Knopf", "bis zu %(n)d Knöpfe", limits.buttons) % {"n": limits.buttons}
    return buttons + (_(", Liste mit bis zu %(n)d Zeilen") % {"n": limits.list_rows} if limits.list_rows else "")


class Person(NamedTuple):
    key: str  # what the form carries instead of the address
    words: str
    address: str


def people(channel: Channel) -> list[Person]:
    """Who wrote to this channel within the last half hour, newest first: whom a test may go to."""
    connector = channels.connector(channel)
    sources = ("webhook", "stream", "door")
    events = InboundEvent.objects.filter(channel=channel, source__in=sources, received_at__gte=timezone.now() - RECENT)
    found: dict[str, Person] = {}
    for event in events.order_by("-id")[:NEWEST]:
        row = opening.Row(event.pk, event.source, bytes(event.body), event.tries, event.received_at)
        for item in opening.unfold(connector, row).items:
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


def told(health: Health) -> list[dict[str, str]]:
    """Give what a check found, in words, with the part of the set-up form each speaks of."""
    return [{"level": note.level, "words": spoken(note), "about": note.about} for note in health.findings]


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
