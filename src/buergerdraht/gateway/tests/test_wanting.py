"""Events that can only be read after the provider was asked: asked once for all, while nobody waits for it, and again while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import double
import pytest
from django.db import connections
from django.utils import timezone
from double import body_of

from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import Event, Item, Received, Rejected, Sender, Temporary, Wanting
from buergerdraht.gateway import ingest, opening, reading, wanting, webhook
from buergerdraht.gateway.models import Channel, InboundEvent, Traffic

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Closed(double.Double):
    """A provider whose bodies open only with what `learn` finds out."""

    kind: ClassVar[str] = "closed"
    problem: ClassVar[Exception | None] = None
    silent: ClassVar[bool] = False
    known: ClassVar[set[str]] = set()
    asked: ClassVar[list[int]] = []
    meanwhile: ClassVar[Callable[[], None] | None] = None

    def parse(self, body: bytes) -> list[Item]:
        items = super().parse(body)
        if any(isinstance(item.event, Received) and item.event.sender.address not in Closed.known for item in items):
            raise Wanting("a key")
        return items

    async def learn(self, bodies: Sequence[bytes]) -> None:
        Closed.asked.append(len(bodies))
        if Closed.meanwhile:
            await asyncio.to_thread(Closed.meanwhile)
        if Closed.problem:
            raise Closed.problem
        if not Closed.silent:
            Closed.known.add("anna")


@pytest.fixture(autouse=True)
def closed(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Closed]]:
    monkeypatch.setitem(registry.CONNECTORS, "closed", f"{__name__}.Closed")
    registry.connector_class.cache_clear()
    channel.kind = "closed"
    channel.save()
    Closed.problem, Closed.silent, Closed.known, Closed.asked, Closed.meanwhile = None, False, {"bert"}, [], None
    wanting.asking.away.clear()
    yield Closed
    assert not wanting.asking.busy
    registry.connector_class.cache_clear()


def told(channel: Channel, *numbers: int, who: str = "anna", shard: int = 0) -> None:
    for number in numbers:
        event = Received(external_id=f"m{number}", sender=Sender(address=who), at=NOON, text=f"text {number}")
        InboundEvent.objects.create(channel=channel, body=body_of(event), shard=shard)


def try_again(heard: Heard) -> None:
    """Let the time to wait be over."""
    InboundEvent.objects.update(retry_at=None)
    wanting.asking.away.clear()
    ingest.run_once(heard)


class Heard:
    def __init__(self) -> None:
        self.events: list[str] = []

    def __call__(self, channel: Channel, event: Event) -> None:
        self.events.append(event.external_id)


@pytest.mark.django_db
def test_the_provider_is_asked_once_for_all_and_the_call_is_in_the_log(channel: Channel) -> None:
    heard = Heard()
    told(channel, 1, 2, 3)
    ingest.run_once(heard)
    assert heard.events == ["m1", "m2", "m3"]
    assert Closed.asked == [3]
    assert set(InboundEvent.objects.values_list("state", flat=True)) == {"done"}


@pytest.mark.django_db
def test_while_it_is_away_the_events_wait_and_then_come_in_order(channel: Channel) -> None:
    heard = Heard()
    Closed.problem = Temporary("unavailable")
    told(channel, 1)
    ingest.run_once(heard)
    event = InboundEvent.objects.get()
    assert (event.state, event.tries, event.problem) == ("new", 0, "wanting")
    assert event.retry_at is not None
    told(channel, 2)
    ingest.run_once(heard)
    assert Closed.asked == [1]  # it is left alone for a while
    Closed.problem = None
    try_again(heard)
    assert heard.events == ["m1", "m2"]


@pytest.mark.django_db
def test_one_answer_lets_everything_that_waited_for_it_come(channel: Channel) -> None:
    heard = Heard()
    Closed.problem = Temporary("unavailable")
    told(channel, 1)
    ingest.run_once(heard)
    Closed.problem = None
    wanting.asking.away.clear()
    told(channel, 2)
    ingest.run_once(heard)
    assert heard.events == ["m1", "m2"]


@pytest.mark.django_db
def test_however_long_it_is_away_no_message_is_left_to_people(channel: Channel) -> None:
    heard = Heard()
    Closed.problem = Temporary("unavailable")
    told(channel, 1)
    for _ in range(2 * ingest.MOST_TRIES):
        try_again(heard)
    event = InboundEvent.objects.get()
    assert (event.state, event.tries, len(Closed.asked)) == ("new", 0, 2 * ingest.MOST_TRIES)
    Closed.problem = None
    try_again(heard)
    assert heard.events == ["m1"]


@pytest.mark.django_db
@pytest.mark.parametrize("problem", [None, Rejected("unknown"), KeyError("our own mistake")])
def test_what_it_has_no_answer_to_is_kept_and_can_be_replayed(channel: Channel, problem: Exception | None) -> None:
    heard = Heard()
    Closed.problem, Closed.silent = problem, True
    told(channel, 1)
    for _ in range(ingest.MOST_TRIES):
        try_again(heard)
    event = InboundEvent.objects.get()
    assert (event.state, event.problem, heard.events) == ("kept", "wanting", [])
    Closed.problem, Closed.silent = None, False
    ingest.replay(event)
    ingest.run_once(heard)
    assert heard.events == ["m1"]


@pytest.mark.django_db(transaction=True)
def test_while_the_provider_is_asked_everybody_else_is_heard(channel: Channel) -> None:
    """A directory that takes ten seconds to answer must not hold up the STOP of somebody known."""
    heard, meanwhile = Heard(), Heard()

    def another_hand() -> None:
        told(channel, 2, who="bert", shard=3)
        told(channel, 3, who="bert")
        told(channel, 4)
        ingest.run_once(meanwhile)
        connections.close_all()

    told(channel, 1)
    Closed.meanwhile = another_hand
    ingest.run_once(heard)
    assert meanwhile.events == ["m2", "m3"]
    assert (heard.events, Closed.asked) == (["m1", "m4"], [1])


@pytest.mark.django_db
def test_who_writes_just_as_the_answer_comes_waits_a_moment_and_no_minute(channel: Channel) -> None:
    heard = Heard()
    told(channel, 1)
    wanting.put_off([opening.Row(InboundEvent.objects.get().pk, "webhook", b"", 0, NOON)])
    Closed.known.add("anna")  # another hand has the answer, and has not said so yet
    told(channel, 2)
    ingest.run_once(heard)
    assert heard.events == []  # not before what they wrote first
    waiting = InboundEvent.objects.latest("pk").retry_at
    assert waiting is not None
    assert waiting - timezone.now() < timedelta(seconds=2)
    try_again(heard)
    assert heard.events == ["m1", "m2"]


@pytest.mark.django_db
def test_the_webhook_asks_nobody_and_takes_it_as_a_message(channel: Channel) -> None:
    found = opening.connector(channel)
    assert found is not None
    assert webhook._look(found, b"[]") == webhook.Read()
    assert Closed.asked == []


@pytest.mark.django_db
def test_the_channels_page_shows_without_it(channel: Channel) -> None:
    told(channel, 1)
    InboundEvent.objects.update(source="webhook")
    assert reading.people(channel) == []
    assert not Traffic.objects.exists()
