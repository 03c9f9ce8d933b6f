"""A town with a live dialog, and citizens who write through the front door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.connectors.contract import MediaKind, Received, Ref, Sender
from buergerdraht.conversations.models import Message
from buergerdraht.dialogs import document, pulse, triggers
from buergerdraht.dialogs.models import Dialog, Session, Table, Version
from buergerdraht.dialogs.tests.test_machine import BULKY, STREETS
from buergerdraht.gateway.models import Channel

Say = Callable[..., str]
NUMBERS = count(1)
TRIGGERS = """
triggers:
  - {on: words, words: {de: [Sperrmüll, Sperrmüll anmelden], en: [bulky waste]}, fuzzy: true}
  - {on: link, name: sperrmuell}
  - {on: menu}
"""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    triggers.forget()
    yield
    triggers.forget()


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])


@pytest.fixture
def channel(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="running")


@pytest.fixture
def yard(town: Organisation) -> Team:
    return Team.objects.create(organisation=town, name="Bauhof")


@pytest.fixture
def kemal(town: Organisation) -> Membership:
    operator = Operator.objects.create_user("kemal@musterstadt.example", name="Kemal")
    return Membership.objects.create(organisation=town, operator=operator, roles=["agent", "editor"])


@pytest.fixture
def desk(kemal: Membership) -> Client:
    """The browser of the operator who makes dialogs."""
    client = Client()
    client.force_login(kemal.operator)
    return client


@pytest.fixture
def bulky(town: Organisation, yard: Team) -> Dialog:
    Table.objects.create(organisation=town, key="streets", title="Straßen", columns=["street"], rows=STREETS["streets"])
    return make_live(town, BULKY + TRIGGERS)


def make_live(town: Organisation, text: str) -> Dialog:
    """Set a document live, as it stands."""
    read = document.read(text)
    title = read.title["de"]
    dialog, _made = Dialog.objects.get_or_create(organisation=town, key=read.key, defaults={"title": title, "draft": document.plain(read)})
    dialog.draft = document.plain(read)
    dialog.live = Version.objects.create(dialog=dialog, number=dialog.versions.count() + 1, document=dialog.draft)
    dialog.save()
    triggers.publish(dialog)
    return dialog


@pytest.fixture
def say(channel: Channel) -> Say:
    """Write to the authority and give back what it answered by itself, all bubbles together."""

    def write(who: str, text: str = "", *, at: datetime | None = None, photo: bool = False, **fields: Any) -> str:
        sender = Sender(address=who, name=f"{who.title()} Beispiel", language=fields.pop("language", "de"))
        last = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        number = next(NUMBERS)
        if photo:
            fields |= {"kind": "media", "media": [Ref(kind=MediaKind.IMAGE, external_id=f"file{number}", mime="image/jpeg")]}
        event = Received(external_id=f"m{number}", sender=sender, at=at or timezone.now(), text=text, **fields)
        inbound.handle(channel, event)
        answers = Message.objects.filter(pk__gt=last, author="bot").order_by("pk")
        return "\n".join(answers.values_list("text", flat=True))

    return write


def let_pass(**time: float) -> str:
    """Let time pass for everyone who waits. Returns what was said of itself."""
    last = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for session in Session.objects.filter(wakes_at__isnull=False):
        session.wakes_at -= timedelta(**time)
        Session.objects.filter(pk=session.pk).update(wakes_at=session.wakes_at)
    pulse.beat()
    return "\n".join(Message.objects.filter(pk__gt=last, author="bot").order_by("pk").values_list("text", flat=True))
