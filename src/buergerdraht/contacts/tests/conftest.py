"""A town, its channels and two citizens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions, commands, signup
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.contacts.tests.town import Say, message
from buergerdraht.gateway.models import Channel


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en", "ar"])


@pytest.fixture
def telegram(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="running")


@pytest.fixture
def whatsapp(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="whatsapp", name="Nummer", config="{}", state="running")


@pytest.fixture
def topics(town: Organisation) -> list[Topic]:
    titles = {
        "verkehr": ("Verkehr", "Traffic", "المرور"),
        "kultur": ("Kultur", "Culture", "الثقافة"),
        "bauen": ("Bauen", "Building", "البناء"),
    }
    return [
        Topic.objects.create(organisation=town, key=key, title=dict(zip(("de", "en", "ar"), each, strict=True)), position=position)
        for position, (key, each) in enumerate(titles.items())
    ]


@pytest.fixture
def say(telegram: Channel, topics: list[Topic]) -> Say:
    """Write to the bot and go through commands and sign-up, as inbound does."""

    def write(text: str = "", **fields: Any) -> bool:
        incoming = message(telegram, text, **fields)
        return commands.take(incoming) or signup.take(incoming)

    return write


@pytest.fixture
def subscriber(telegram: Channel, topics: list[Topic]) -> Address:
    """Aylin, who confirmed two topics."""
    address = actions.meet(telegram, Sender(address="4711", name="Aylin Öztürk", handle="@aylin"), datetime(2026, 11, 1, 10, tzinfo=UTC))
    proof = Proof(channel=telegram, evidence="m0", text="Hinweis")
    actions.subscribe(address.contact, topics[:2], address, proof)
    actions.confirm(address.contact, address, proof)
    return address
