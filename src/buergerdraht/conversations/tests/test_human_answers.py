"""An operator's typed answer has seven days on Messenger where Meta granted it; the reply field shows how long, and nobody else uses it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.messenger.config import MessengerConfig
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Outbound

DAY = timedelta(days=1)


def messenger(town: Organisation, *, granted: bool) -> Channel:
    values = {"page_id": "111222333", "access_token": "ein-token", "app_secret": "wort", "human_agent": granted}
    config = channels.sealed(MessengerConfig.model_validate(values))
    return Channel.objects.create(organisation=town, kind="messenger", name="Messenger", config=config, state="running")


def page(conversation: Conversation, rest: str = "") -> str:
    return f"/o/musterstadt/posteingang/{conversation.pk}/{rest}"


def test_two_days_later_the_field_is_open_for_five_more(desk: Client, write: Callable[..., Message], town: Organisation) -> None:
    channel = messenger(town, granted=True)
    conversation = write("Hallo", channel=channel, at=timezone.now() - 2 * DAY).conversation
    shown = desk.get(page(conversation)).content.decode()
    assert "Das Antwortfenster ist geschlossen" not in shown
    assert "data-rest>4 Tage" in shown or "data-rest>5 Tage" in shown
    assert desk.post(page(conversation, "antwort/"), {"art": "antwort", "text": "Guten Tag"}).status_code == 302
    assert Outbound.objects.get().content.content["by_person"] is True


@pytest.mark.parametrize(("granted", "days"), [(False, 2), (True, 8)])
def test_otherwise_it_is_closed(desk: Client, write: Callable[..., Message], town: Organisation, granted: bool, days: int) -> None:
    channel = messenger(town, granted=granted)
    conversation = write("Hallo", channel=channel, at=timezone.now() - days * DAY).conversation
    assert "Das Antwortfenster ist geschlossen" in desk.get(page(conversation)).content.decode()
    assert desk.post(page(conversation, "antwort/"), {"art": "antwort", "text": "Guten Tag"}).status_code == 422
    assert not Outbound.objects.exists()
