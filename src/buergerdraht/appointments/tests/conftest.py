"""A town with a registry office: two desks on weekday mornings, and citizens who write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.appointments import actions, chat, reading
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.appointments.times import Slot
from buergerdraht.connectors.contract import Received, Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address
from buergerdraht.conversations.models import Message
from buergerdraht.conversations.recording import record
from buergerdraht.gateway.models import Channel

Say = Callable[..., str]
NUMBERS = count(1)
EVERY_DAY = [{"weekday": day, "begin": "08:00", "end": "12:00"} for day in range(7)]


@pytest.fixture
def town(db: None) -> Organisation:
    return make_town()


def make_town(slug: str = "musterstadt") -> Organisation:
    return Organisation.objects.create(slug=slug, name=slug.title(), languages=["de", "en"])


@pytest.fixture
def team(town: Organisation) -> Team:
    return Team.objects.create(organisation=town, name="Bürgerbüro")


@pytest.fixture
def offer(town: Organisation, team: Team) -> Offer:
    return make_offer(town, team=team)


def make_offer(town: Organisation, **fields: Any) -> Offer:
    values: dict[str, Any] = {
        "key": "ausweis", "title": {"de": "Ausweis beantragen", "en": "Apply for an ID card"}, "place": "Rathaus, Zimmer 12",
        "minutes": 20, "capacity": 2, "earliest_hours": 1, "latest_days": 20, "rules": EVERY_DAY, "reminders": [24, 2],
    }  # fmt: skip
    return Offer.objects.create(organisation=town, **{**values, **fields})


@pytest.fixture
def channel(town: Organisation) -> Channel:
    return make_channel(town)


def make_channel(town: Organisation, kind: str = "telegram") -> Channel:
    return Channel.objects.create(organisation=town, kind=kind, name=kind.title(), config="{}", state="running")


@pytest.fixture
def paula(channel: Channel) -> Address:
    return citizen(channel, "paula")


def citizen(channel: Channel, who: str, language: str = "de") -> Address:
    return contacts.meet(channel, Sender(address=who, name=who.title(), language=language), timezone.now())


def slots(offer: Offer, now: datetime | None = None) -> list[Slot]:
    """What can be booked from the day after tomorrow on: never so near that a clock decides the test."""
    begin = reading.span((now or timezone.now()).astimezone(UTC).date() + timedelta(days=2))[0]
    return reading.free(offer, begin, begin + timedelta(days=18), now=now)


def booked(offer: Offer, address: Address, slot: Slot | None = None) -> Booking:
    slot = slot or slots(offer)[0]
    return actions.confirm(actions.hold(offer, slot.begins_at, address.contact, address))


@pytest.fixture
def andrea(town: Organisation, team: Team) -> Membership:
    return member(town, "andrea", ["agent", "editor"], team)


def member(town: Organisation, name: str, roles: list[str], team: Team | None = None) -> Membership:
    operator = Operator.objects.create_user(f"{name}@musterstadt.example", name=name.title())
    membership = Membership.objects.create(organisation=town, operator=operator, roles=roles)
    if team:
        membership.teams.add(team)
    return membership


@pytest.fixture
def say(channel: Channel) -> Say:
    """Write to the authority and give back what this room answered; "" where it left the message to others."""
    return speaker(channel)


def speaker(channel: Channel) -> Say:
    def write(who: str, text: str = "", **fields: Any) -> str:
        sender = Sender(address=who, name=who.title(), language=fields.pop("language", "de"))
        event = Received(external_id=f"m{next(NUMBERS)}", sender=sender, at=timezone.now(), text=text, **fields)
        address = contacts.meet(channel, sender, event.at)
        incoming = Incoming(channel=channel, event=event, contact=address.contact, address=address)
        record(incoming)
        last = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        taken = chat.take(incoming)
        answers = list(Message.objects.filter(pk__gt=last, author="bot").order_by("pk"))
        assert taken == bool(answers), "whoever takes a message answers it"
        return "\n".join(line for each in answers for line in [each.text, *each.data.get("choices", [])])

    return write
