"""A pause is about sending: a provider that streams is heard on, and forgets what it told nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import double
import pytest
from django.db import connection

from buergerdraht.connectors.contract import Content, Item, Received, Sender
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound

pytestmark = pytest.mark.django_db(transaction=True)
Wait = Callable[..., None]


@pytest.fixture
def streaming(channel: Channel) -> Iterator[Channel]:
    double.Streaming.told.clear()
    double.Streaming.listeners.clear()
    channel.kind = "streaming"
    channel.save()
    yield channel
    double.Streaming.told.clear()


def tell(text: str) -> None:
    event = Received(external_id=text, sender=Sender(address="zoe"), at=datetime.now(UTC), text=text)
    double.Streaming.told.append(Item(event=event))


def heard(count: int) -> Callable[[], bool]:
    return lambda: InboundEvent.objects.filter(source="stream").count() == count


def turn(channel: Channel, state: str) -> None:
    Channel.objects.filter(pk=channel.pk).update(state=state)
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify('channel', '')")


def test_a_paused_channel_hears_on_and_sends_nothing(streaming: Channel, provider: Any, start_engine: Any, until: Wait) -> None:
    start_engine()
    tell("before")
    until(heard(1))
    turn(streaming, "paused")
    outbox.put(streaming, "zoe", Content(text="held"), purpose="reply")
    for number in range(2, 40):  # long enough for a look or more
        tell(f"m{number}")
        until(heard(number))
    assert not provider.accepted
    turn(streaming, "running")
    until(lambda: Outbound.objects.get().state == "accepted")
    tell("after")
    until(heard(40))
    assert provider.texts() == ["held"]
    assert len(double.Streaming.listeners) == 1, "who hears did not leave for a moment"


def test_an_engine_that_begins_hears_a_channel_that_is_paused(streaming: Channel, provider: Any, start_engine: Any, until: Wait) -> None:
    turn(streaming, "paused")
    outbox.put(streaming, "zoe", Content(text="held"), purpose="reply")
    start_engine()
    tell("told in the pause")
    until(heard(1))
    assert not provider.accepted
