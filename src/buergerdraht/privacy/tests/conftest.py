"""A citizen who has left traces in every room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast, Recipient
from buergerdraht.connectors.contract import Content, Location, Received, Sender
from buergerdraht.contacts import actions
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.conversations import answering, holding, recording
from buergerdraht.conversations.models import Conversation
from buergerdraht.gateway import files, outbox
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound, Part

SECRETS = ("+4917139200147", "4917139200147", "Zwetschgenmus", "Quittengelee", "geheimnisvolles-bild", "Mirabellenweg")


@dataclass
class Citizen:
    town: Organisation
    channel: Channel
    address: Address
    operator: Operator
    broadcast: Broadcast


def message(channel: Channel, number: str, text: str, at: datetime | None = None, **more: object) -> Incoming:
    event = Received(
        external_id=f"w{number}{Incoming.__name__}{text[:8]}", at=at or timezone.now(), text=text,
        sender=Sender(address="DE.anon", aliases=("+4917139200147",), name="Frau Zwetschgenmus", handle="+4917139200147"), **more,
    )  # fmt: skip
    address = actions.meet(channel, event.sender, event.at)
    return Incoming(channel=channel, event=event, contact=address.contact, address=address)


@pytest.fixture
def citizen(db: None) -> Citizen:
    town = Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])
    operator = Operator.objects.create_user("d@musterstadt.example", "geheim", name="Dana Schutz")
    Membership.objects.create(organisation=town, operator=operator, roles=["data_protection", "agent"])
    channel = Channel.objects.create(organisation=town, kind="whatsapp", name="Nummer", config="{}", state="running")
    topic = Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    incoming = message(channel, "1", "Bei mir steht Quittengelee", location=Location(latitude=1, longitude=2, address="Mirabellenweg 1"))
    address = incoming.address
    proof = Proof(channel=channel, evidence="wamid.4917139200147", text="Hinweis")
    actions.subscribe(address.contact, [topic], address, proof)
    actions.confirm(address.contact, address, proof)
    said = recording.record(incoming)
    picture = files.store(town, b"%PDF-1.4 geheim", "geheimnisvolles-bild.pdf")
    said.media.add(picture)
    conversation = Conversation.objects.get()
    answering.reply(conversation, Content(text="Das Quittengelee holen wir ab"), operator=operator)
    holding.note(conversation, "Wohnt im Mirabellenweg", operator=operator)
    broadcast = Broadcast.objects.create(organisation=town, title="Wochenmarkt", state="done")
    stored = outbox.store(town, Content(text="Der Markt zieht um"))
    sent = outbox.put(channel, address.address, stored, purpose="newsletter", batch=broadcast.pk)
    Recipient.objects.create(broadcast=broadcast, contact=address.contact, channel=channel, language="de", outbound=sent)
    Outbound.objects.update(state="accepted", finished_at=timezone.now())
    Part.objects.create(
        outbound=sent, channel=channel, position=0, external_id="wamid.4917139200147.x", state="delivered", at=timezone.now()
    )
    InboundEvent.objects.create(channel=channel, body=b'{"from":"4917139200147","text":"Quittengelee"}', state="done")
    InboundEvent.objects.create(channel=channel, body=b'{"from":"49171392001479","text":"jemand anders"}', state="done")
    address.refresh_from_db()
    return Citizen(town, channel, address, operator, broadcast)
