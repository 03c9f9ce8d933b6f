"""Collect everything that is stored about a person, room by room, and show it by a link that expires (Art. 15 GDPR)."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from buergerdraht.appointments.models import Booking
from buergerdraht.bridges.models import Passage
from buergerdraht.broadcasts.models import Recipient, TestAddress
from buergerdraht.cases import casework
from buergerdraht.cases.models import Case
from buergerdraht.consultations.models import Guest
from buergerdraht.contacts.models import ConsentText, Contact
from buergerdraht.contacts.records import purposes
from buergerdraht.conversations import care
from buergerdraht.conversations.models import Conversation, Draft, Message, Stretch
from buergerdraht.dialogs import sessions
from buergerdraht.dialogs.models import Session
from buergerdraht.gateway import channels, keeping, reading
from buergerdraht.gateway.models import Channel, Media
from buergerdraht.meters.models import MeterReading
from buergerdraht.privacy.models import AccessLink

VALID = timedelta(days=3)


def open_link(contact: Contact) -> tuple[str, datetime]:
    """Make a link; earlier ones of this contact lapse."""
    AccessLink.objects.filter(contact=contact).delete()
    token = secrets.token_urlsafe(32)
    until = timezone.now() + VALID
    AccessLink.objects.create(organisation_id=contact.organisation_id, contact=contact, token_hash=_hash(token), expires_at=until)
    return f"{settings.PUBLIC_URL}/auskunft/{token}/", until


def find(token: str) -> AccessLink | None:
    """Find a link that still holds."""
    links = AccessLink.objects.select_related("contact", "organisation")
    return links.filter(token_hash=_hash(token), expires_at__gt=timezone.now()).first()


def collect(contact: Contact) -> dict[str, Any]:
    """Collect over all rooms; each stands here by name, so that none is forgotten."""
    return {
        "organisation": contact.organisation.name,
        "created_at": timezone.now().isoformat(),
        "contact": _contact(contact),
        "addresses": _addresses(contact),
        "subscriptions": _subscriptions(contact),
        "consents": _consents(contact),
        "conversation": _thread(contact),
        "matters": _matters(contact),
        "consultations": _consultations(contact),
        "appointments": _appointments(contact),
        "dialogs": _dialogs(contact),
        "readings": _readings(contact),
        "cases": _cases(contact),
        "messages": _messages(contact),
        "draft": _draft(contact),
        "broadcasts": _broadcasts(contact),
        "test_phone_of": list(TestAddress.objects.filter(address__contact=contact).values_list("operator__name", flat=True)),
        "deliveries": _deliveries(contact),
        "access_links": [
            {"created_at": link.created_at.isoformat(), "expires_at": link.expires_at.isoformat()}
            for link in AccessLink.objects.filter(contact=contact)
        ],
    }


def media_of(contact: Contact) -> list[Media]:
    """List the files of a person's messages that are here."""
    rows = Media.objects.filter(message__conversation__contact=contact, state=Media.State.READY)
    return list(rows.distinct())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "name": contact.name,
        "language": contact.language,
        "district": contact.district.name if contact.district else "",
        "state": contact.state,
        "paused_until": _iso(contact.paused_until),
        "step": contact.step or {},
        "first_contact": _iso(contact.created_at),
        "last_message": _iso(contact.last_seen_at),
    }


def _addresses(contact: Contact) -> list[dict[str, Any]]:
    """Where they are reached. An address that is a key (a chat's, a browser's) is named by its handle: whoever reads this gets no key."""
    return [
        {
            "channel": _channel(address.channel),
            "address": address.handle if keeping.is_secret(address.channel.kind) else address.address,
            "handle": address.handle,
            "kept": keeping.kept(address.channel.kind, contact.language),
            "state": address.state,
            "no_newsletter": address.no_newsletter,
            "further_keys": address.aliases.count(),
            "place_in_order": {way.kind: way.position + 1 for way in address.way_set.all()},
            "last_message": _iso(address.last_inbound_at),
            "since": _iso(address.created_at),
        }
        for address in contact.addresses.select_related("channel").order_by("id")
    ]


def _subscriptions(contact: Contact) -> list[dict[str, Any]]:
    rows = contact.subscriptions.select_related("topic", "address__channel").order_by("topic__position")
    return [
        {
            "topic": row.topic.title_in(contact.language),
            "channel": _channel(row.address.channel),
            "confirmed_at": _iso(row.confirmed_at),
            "since": _iso(row.created_at),
        }
        for row in rows
    ]


def _consents(contact: Contact) -> list[dict[str, Any]]:
    rows = list(contact.consents.select_related("channel").order_by("at", "id"))
    texts = ConsentText.objects.filter(organisation_id=contact.organisation_id, text_hash__in={row.text_hash for row in rows})
    shown = {text.text_hash: text.text for text in texts}
    words = purposes(contact, contact.language)
    return [
        {
            "at": _iso(row.at),
            "act": row.act,
            "purpose": row.purpose,
            "title": words.get(row.purpose, row.purpose),
            "channel": _channel(row.channel),
            "language": row.language,
            "evidence": row.evidence,
            "text": shown.get(row.text_hash, ""),
        }
        for row in rows
    ]


def _messages(contact: Contact) -> list[dict[str, Any]]:
    rows = Message.objects.filter(conversation__contact=contact).select_related("channel").prefetch_related("media").order_by("at", "id")
    return [
        {
            "at": _iso(row.at),
            "author": row.author,
            "channel": _channel(row.channel),
            "kind": row.kind,
            "text": row.text,
            "data": row.data,
            "reaction": row.reaction,
            "noticed": [str(care.TITLES[flag]) for flag in row.flags if flag in care.TITLES],
            "deleted_at": _iso(row.deleted_at),
            "files": [_file(media) for media in row.media.all()],
        }
        for row in rows
    ]


def _matters(contact: Contact) -> list[dict[str, Any]]:
    """What they came with, one entry each: when it began and ended, and what they said about it afterwards."""
    rows = Stretch.objects.filter(conversation__contact=contact).select_related("channel", "topic", "team").order_by("opened_at", "id")
    return [
        {
            "opened_at": _iso(row.opened_at),
            "answered_at": _iso(row.answered_at),
            "closed_at": _iso(row.closed_at),
            "channel": _channel(row.channel),
            "topic": row.topic.title_in(contact.language) if row.topic else "",
            "team": row.team.name if row.team else "",
            "asked_at": _iso(row.asked_at),
            "mark": row.mark,
            "mark_text": row.mark_text,
        }
        for row in rows
    ]


def _consultations(contact: Contact) -> list[dict[str, Any]]:
    """The appointed hours they signed up for, and how it went; what they asked stands among the messages."""
    rows = Guest.objects.filter(contact=contact).select_related("consultation").order_by("joined_at", "id")
    return [
        {
            "title": row.consultation.title if row.consultation else "",
            "begins_at": _iso(row.consultation.begins_at) if row.consultation else None,
            "state": row.state,
            "joined_at": _iso(row.joined_at),
            "called_at": _iso(row.called_at),
            "done_at": _iso(row.done_at),
            "number": row.number,
            "reason": row.reason,
        }
        for row in rows
    ]


def _dialogs(contact: Contact) -> dict[str, Any]:
    """What they answered to automatic questions, and what was kept of it."""
    rows = Session.objects.filter(contact=contact).select_related("dialog").order_by("started_at", "id")
    return {
        "known": {row.name: row.value for row in contact.facts.order_by("name")},
        "walks": [
            {
                "title": row.dialog.title,
                "state": row.state,
                "started_at": _iso(row.started_at),
                "answers": {title or name: words for name, title, words in sessions.walk_of(row).shown},
            }
            for row in rows
        ],
        "waiting": [
            {"title": row.dialog.title, "told_at": _iso(row.at), "told": json.loads(row.values)}
            for row in contact.waiting_events.select_related("dialog").order_by("at", "id")
        ],
    }


def _readings(contact: Contact) -> list[dict[str, Any]]:
    """The meter readings they confirmed."""
    rows = MeterReading.objects.filter(contact=contact).order_by("created_at", "id")
    return [
        {"kind": row.kind, "number": row.number, "value": str(row.value), "read_on": row.read_on.isoformat(), "state": row.state}
        for row in rows
    ]


def _cases(contact: Contact) -> list[dict[str, Any]]:
    """What they reported or follow, as far as it is theirs: of somebody else's matter they get what they were told."""
    rows = Case.objects.filter(Q(contact=contact) | Q(followers__contact=contact)).distinct().select_related("category")
    return [
        {
            "number": row.number, "category": row.category.title_in(contact.language), "state": row.state,
            "received_at": _iso(row.received_at), "text": row.text if row.contact_id == contact.pk else "",
            "answers": dict(casework.answers(row)) if row.contact_id == contact.pk else {},
            "place": row.place if row.contact_id == contact.pk else "",
            "added": list(row.entries.filter(contact=contact).exclude(text="").values_list("text", flat=True)),
            "told": list(row.entries.filter(tellings__follower__contact=contact).exclude(told="").values_list("told", flat=True)),
            "handed_to": _receivers(row) if row.contact_id == contact.pk else [],
        }
        for row in rows.order_by("received_at", "id")
    ]  # fmt: skip


def _receivers(case: Case) -> list[str]:
    """Who else was given it (Art. 15(1)(c) GDPR): offices and systems over bridges, firms by a link."""
    bridges = Passage.objects.filter(case=case).order_by("pk").values_list("bridge__name", flat=True)
    return list(dict.fromkeys([*bridges, *case.delegations.order_by("pk").values_list("firm__name", flat=True)]))


def _appointments(contact: Contact) -> list[dict[str, Any]]:
    """The times they booked or held, and how it went."""
    rows = Booking.objects.filter(contact=contact).select_related("offer").order_by("begins_at", "id")
    return [
        {
            "title": row.offer.title_in(contact.language),
            "begins_at": _iso(row.begins_at),
            "ends_at": _iso(row.ends_at),
            "place": row.offer.place,
            "code": row.shown_code,
            "state": row.state,
            "name": row.name,
            "note": row.note,
            "booked_by_us": row.operator_id is not None,
            "reminded": row.reminded,
            "unreached": row.unreached,
            "created_at": _iso(row.created_at),
            "ended_at": _iso(row.ended_at),
        }
        for row in rows
    ]


def _draft(contact: Contact) -> str:
    """What somebody of us began to write to them or about them."""
    return Draft.objects.filter(conversation__contact=contact).values_list("text", flat=True).first() or ""


def _thread(contact: Contact) -> dict[str, Any]:
    """How their thread stands with us: also that it was set aside, is confidential, or holds a label."""
    row = Conversation.objects.filter(contact=contact).select_related("team", "topic").prefetch_related("labels").first()
    if row is None:
        return {}
    return {
        "state": row.state,
        "aside": str(care.ASIDE.get(row.aside, "")),
        "urgent_since": _iso(row.urgent_at),
        "confidential": row.confidential,
        "team": row.team.name if row.team else "",
        "topic": row.topic.title_in(contact.language) if row.topic else "",
        "labels": [label.name for label in row.labels.all()],
    }


def _file(media: Media) -> dict[str, Any]:
    return {
        "id": str(media.id),
        "name": media.file_name,
        "type": media.mime,
        "size": media.size,
        "description": media.alt,
        "stored": media.state == Media.State.READY,
    }


def _broadcasts(contact: Contact) -> list[dict[str, Any]]:
    rows = Recipient.objects.filter(contact=contact).select_related("broadcast", "channel", "outbound").order_by("id")
    went_on = [
        {"channel": _channel(row.channel), "state": row.reason, "went_on_at": _iso(row.at)}
        for row in contact.relays.select_related("channel")
    ]
    return went_on + [
        {
            "title": row.broadcast.title,
            "channel": _channel(row.channel),
            "language": row.language,
            "state": row.refused or (row.outbound.state if row.outbound else "waiting"),
            "delivered_at": _iso(row.outbound.delivered_at) if row.outbound else None,
            "read_at": _iso(row.outbound.read_at) if row.outbound else None,
        }
        for row in rows
    ]


def _deliveries(contact: Contact) -> list[dict[str, Any]]:
    """Everything queued for their addresses, with what the provider reported."""
    found: list[dict[str, Any]] = []
    for address in contact.addresses.all():
        hashes = [bytes(address.address_hash), *(bytes(alias.alias_hash) for alias in address.aliases.all())]
        rows = reading.letters_to(address.channel_id, hashes).select_related("channel")
        for row in rows.defer("address").order_by("id"):
            found.append(
                {
                    "at": _iso(row.created_at),
                    "channel": _channel(row.channel),
                    "purpose": row.purpose,
                    "state": row.state,
                    "accepted_at": _iso(row.accepted_at),
                    "delivered_at": _iso(row.delivered_at),
                    "read_at": _iso(row.read_at),
                }
            )
    return found


def _channel(channel: Channel | None) -> str:
    return channels.title(channel.kind) if channel else ""


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
