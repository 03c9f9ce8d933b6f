"""A town with two channels, three who work there, and citizens who write."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.connectors.contract import Content, Received, Sender, to_json
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import recording
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway.models import Channel, Outbound, Part, StoredContent

numbers = itertools.count(1)
Write = Callable[..., Message]


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])


@pytest.fixture
def neighbour(db: None) -> Organisation:
    return Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])


@pytest.fixture
def telegram(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Telegram", config="{}", state="running")


@pytest.fixture
def whatsapp(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="whatsapp", name="WhatsApp", config="{}", state="running")


def works_at(organisation: Organisation, name: str, *roles: str) -> Operator:
    operator = Operator.objects.create_user(f"{name.lower().replace(' ', '.')}@{organisation.slug}.example", "geheim-1234-x", name=name)
    Membership.objects.create(organisation=organisation, operator=operator, roles=list(roles))
    return operator


@pytest.fixture
def andrea(town: Organisation) -> Operator:
    return works_at(town, "Andrea Berger", "agent")


@pytest.fixture
def kemal(town: Organisation) -> Operator:
    return works_at(town, "Kemal Özdemir", "agent")


@pytest.fixture
def reader(town: Organisation) -> Operator:
    return works_at(town, "Vera Leser", "viewer")


@pytest.fixture
def stranger(neighbour: Organisation) -> Operator:
    return works_at(neighbour, "Fritz Fremd", "administrator")


@pytest.fixture
def desk(client: Client, andrea: Operator) -> Client:
    client.force_login(andrea)
    return client


def event(**fields: Any) -> Received:
    fields.setdefault("external_id", f"m{next(numbers)}")
    fields.setdefault("sender", Sender(address="4711", name="Emine Yıldırım", handle="+49 152 28817386"))
    fields.setdefault("at", timezone.now())
    return Received(**fields)


def arrives(channel: Channel, happened: Received) -> Incoming:
    address = contacts.meet(channel, happened.sender, happened.at)
    return Incoming(channel=channel, event=happened, contact=address.contact, address=address)


@pytest.fixture
def write(telegram: Channel) -> Write:
    """Let a citizen write, and record it."""

    def record(text: str = "", *, channel: Channel | None = None, **fields: Any) -> Message:
        return recording.record(arrives(channel or telegram, event(text=text, **fields)))

    return record


@pytest.fixture
def thread(write: Write) -> Conversation:
    """A conversation that waits for a person."""
    conversation = write("Wann wird das repariert?").conversation
    Conversation.objects.update(state="open", unread=1, waiting_since=timezone.now() - timedelta(minutes=49))
    conversation.refresh_from_db()
    return conversation


def broadcast(address: Address, text: str = "Die Brücke ist gesperrt.", *, batch: int = 7, at: datetime | None = None) -> Outbound:
    """A broadcast that reached an address."""
    moment = at or timezone.now() - timedelta(hours=1)
    stored = StoredContent.objects.create(organisation=address.organisation, content=to_json(Content(text=text)))
    outbound = Outbound.objects.create(
        organisation=address.organisation, channel=address.channel, address=address.address, address_hash=bytes(address.address_hash),
        content=stored, purpose="newsletter", priority=5, batch=batch, state="accepted", accepted_at=moment,
    )  # fmt: skip
    Part.objects.create(outbound=outbound, channel=address.channel, position=0, external_id=f"b{outbound.pk}", state="accepted", at=moment)
    return outbound
