"""A town with two channels, six subscribers, an editor and an approver."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.broadcasts import actions
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.gateway.models import Channel


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])


@pytest.fixture
def telegram(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="running")


@pytest.fixture
def whatsapp(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="whatsapp", name="Nummer", config="{}", state="running")


@pytest.fixture
def topic(town: Organisation) -> Topic:
    return Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr", "en": "Traffic"})


def person(channel: Channel, topic: Topic, number: int, **fields: Any) -> Address:
    """Make a citizen who confirmed a topic on a channel."""
    at = datetime(2026, 11, 1, 10, tzinfo=UTC)
    address = contacts.meet(channel, Sender(address=f"9{number}", name=f"Mensch {number}", handle=f"@mensch{number}"), at)
    proof = Proof(channel=channel, evidence=f"m{number}", text="Hinweis")
    contacts.subscribe(address.contact, [topic], address, proof)
    contacts.confirm(address.contact, address, proof)
    Address.objects.filter(pk=address.pk).update(last_inbound_at=timezone.now(), **fields)
    return Address.objects.get(pk=address.pk)


@pytest.fixture
def people(telegram: Channel, whatsapp: Channel, topic: Topic) -> list[Address]:
    return [person(telegram, topic, number) for number in range(4)] + [person(whatsapp, topic, number) for number in range(4, 6)]


def member(town: Organisation, *roles: str) -> Operator:
    operator = Operator.objects.create_user(f"{roles[0]}@{town.slug}.example", "geheim", name=f"{roles[0].title()} Berger")
    Membership.objects.create(organisation=town, operator=operator, roles=list(roles))
    return operator


@pytest.fixture
def editor(town: Organisation) -> Operator:
    return member(town, "editor")


@pytest.fixture
def approver(town: Organisation) -> Operator:
    return member(town, "approver")


@pytest.fixture
def draft(town: Organisation, topic: Topic, editor: Operator) -> Broadcast:
    versions = {
        "de": {"title": "Der Markt zieht um", "text": "Auf den **Rathausplatz**."},
        "en": {"title": "The market moves", "text": "Over there."},
    }
    return actions.create(town, operator=editor, title="Markt", versions=versions, audience={"topics": [topic.pk]})


@pytest.fixture
def released(draft: Broadcast, people: list[Address], editor: Operator, approver: Operator) -> Broadcast:
    actions.submit(draft, operator=editor)
    return actions.approve(draft, operator=approver)
