"""A town with a works yard, some things that can be reported, an area, houses it knows, and citizens who write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.cases import chat, intake
from buergerdraht.cases.models import Category, Doorway, Draft, Ground
from buergerdraht.connectors.contract import Location, MediaKind, Received, Ref, Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import commands
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.conversations.models import Message
from buergerdraht.conversations.recording import record
from buergerdraht.gateway.models import Channel

Say = Callable[..., str]
NUMBERS = count(1)
AREA = {"type": "Polygon", "coordinates": [[[7.0, 51.0], [7.2, 51.0], [7.2, 51.2], [7.0, 51.2], [7.0, 51.0]]]}
BEYOND = {"type": "Polygon", "coordinates": [[[7.2, 51.0], [7.4, 51.0], [7.4, 51.2], [7.2, 51.2], [7.2, 51.0]]]}


@pytest.fixture
def town(db: None) -> Organisation:
    town = Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])
    neighbours = [{"ars": "000000000001", "name": "Nachbarstadt", "link": "https://nachbarstadt.example", "area": BEYOND}]
    Ground.objects.create(organisation=town, area=AREA, neighbours=neighbours)
    for number, place in (("1", 51.1), ("12", 51.101), ("14a", 51.102)):
        Doorway.objects.create(
            organisation=town, street="Marktstraße", number=number, plain=f"marktstrasse {number}", latitude=place, longitude=7.1
        )
    return town


@pytest.fixture
def yard(town: Organisation) -> Team:
    return Team.objects.create(organisation=town, name="Bauhof")


@pytest.fixture
def hole(town: Organisation, yard: Team) -> Category:
    return make_category(town, "pothole", "Schlagloch", team=yard, synonyms={"de": ["Schlagloch", "Loch in der Straße"], "en": ["pothole"]})


@pytest.fixture
def waste(town: Organisation, yard: Team) -> Category:
    questions = [
        {"key": "kind", "text": {"de": "Was liegt dort?"}, "want": "choice", "required": True,
         "options": [{"de": "Hausmüll"}, {"de": "Sperrmüll"}, {"de": "Gefährliches"}]},
    ]  # fmt: skip
    return make_category(town, "waste", "Wilder Müll", team=yard, synonyms={"de": ["Müll", "Abfall"]}, questions=questions, radius=0)


@pytest.fixture
def complaint(town: Organisation, kemal: Operator) -> Category:
    category = make_category(town, "complaint", "Beschwerde", visibility="confidential", needs_place=False)
    category.people.add(kemal)
    return category


def make_category(town: Organisation, key: str, title: str, **fields: Any) -> Category:
    return Category.objects.create(organisation=town, key=key, title={"de": title}, **fields)


def make_operator(town: Organisation, name: str, role: str = "agent") -> Operator:
    operator = Operator.objects.create_user(f"{name.lower()}@musterstadt.example", name=name.title())
    Membership.objects.create(organisation=town, operator=operator, roles=[role])
    return operator


@pytest.fixture
def kemal(town: Organisation) -> Operator:
    return make_operator(town, "kemal")


@pytest.fixture
def channel(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Telegram", config="{}", state="running")


@pytest.fixture
def say(channel: Channel) -> Say:
    """Write to the authority and give back what it answered by itself, all bubbles together."""

    def write(who: str, text: str = "", *, photo: bool = False, at: tuple[float, float] | None = None, **fields: Any) -> str:
        last = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        number = next(NUMBERS)
        if photo:
            fields |= {"kind": "media", "media": [Ref(kind=MediaKind.IMAGE, external_id=f"file{number}", mime="image/jpeg")]}
        if at:
            fields |= {"kind": "location", "location": Location(latitude=at[0], longitude=at[1])}
        if fields.get("choice"):
            fields["kind"] = "choice"
        sender = Sender(address=who, name=f"{who.title()} Beispiel", language=fields.pop("language", "de"))
        event = Received(external_id=f"m{number}", sender=sender, at=timezone.now(), text=text, **fields)
        address = contacts.meet(channel, event.sender, event.at)
        incoming = Incoming(channel=channel, event=event, contact=address.contact, address=address)
        record(incoming)
        for take in (commands.take, chat.take, intake.go_on, intake.take):
            if take(incoming):
                break
        answers = Message.objects.filter(pk__gt=last, author="bot").order_by("pk")
        return "\n".join(answers.values_list("text", flat=True))

    return write


def moment() -> str:
    """Let the moment after photos pass. Returns what was said of itself."""
    last = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    Draft.objects.filter(asks_at__isnull=False).update(asks_at=timezone.now() - timedelta(seconds=1))
    intake.beat(timezone.now())
    return "\n".join(Message.objects.filter(pk__gt=last, author="bot").order_by("pk").values_list("text", flat=True))
