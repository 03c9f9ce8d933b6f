"""A town with a mayor's office, an hour, and citizens who write through the front door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.connectors.contract import Received, Sender
from buergerdraht.consultations.models import Consultation
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import Channel

Say = Callable[..., str]
NUMBERS = count(1)


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en", "ar"])


@pytest.fixture
def channel(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="running")


@pytest.fixture
def team(town: Organisation) -> Team:
    return Team.objects.create(organisation=town, name="Bürgermeisterbüro")


@pytest.fixture
def topic(town: Organisation) -> Topic:
    Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    return Topic.objects.create(organisation=town, key="rathaus", title={"de": "Aus dem Rathaus", "en": "From the town hall"})


@pytest.fixture
def hour(town: Organisation, team: Team, topic: Topic) -> Consultation:
    begins = timezone.now() + timedelta(hours=2)
    return make_hour(town, team, topic, begins_at=begins, ends_at=begins + timedelta(hours=2))


def make_hour(town: Organisation, team: Team | None, topic: Topic | None, **fields: Any) -> Consultation:
    values = {"title": "Bürgersprechstunde", "host": "Bürgermeisterin Anna Muster", "state": "planned", **fields}
    return Consultation.objects.create(organisation=town, team=team, topic=topic, **values)


@pytest.fixture
def andrea(town: Organisation, team: Team) -> Membership:
    return member(town, "andrea", ["agent", "editor"], team)


@pytest.fixture
def maria(town: Organisation, team: Team) -> Membership:
    return member(town, "maria", ["agent"], team)


def member(town: Organisation, name: str, roles: list[str], team: Team | None = None) -> Membership:
    operator = Operator.objects.create_user(f"{name}@musterstadt.example", name=name.title())
    membership = Membership.objects.create(organisation=town, operator=operator, roles=roles)
    if team:
        membership.teams.add(team)
    return membership


@pytest.fixture
def say(channel: Channel) -> Say:
    """Write to the authority and give back what it answered, all bubbles together."""

    def write(who: str, text: str = "", *, at: datetime | None = None, **fields: Any) -> str:
        sender = Sender(address=who, name=fields.pop("name", who.title()), language=fields.pop("language", "de"))
        last = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        event = Received(external_id=f"m{next(NUMBERS)}", sender=sender, at=at or timezone.now(), text=text, **fields)
        inbound.handle(channel, event)
        answers = Message.objects.filter(pk__gt=last, author="bot", conversation__contact__addresses__address_hash__isnull=False)
        return "\n".join(answers.order_by("pk").values_list("text", flat=True).distinct())

    return write


@pytest.fixture
def guest(say: Say) -> Callable[[str], str]:
    """Sign somebody up for the chat, name and all."""

    def sign_up(who: str) -> str:
        say(who, "SPRECHSTUNDE")
        say(who, f"{who.title()} Beispiel")
        return say(who, "Chat")

    return sign_up
