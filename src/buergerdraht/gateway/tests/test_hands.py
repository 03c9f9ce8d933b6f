"""Several hands at one channel: people do not wait for each other, and everybody's words stay in their order (law 5)."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta

import pytest
from told_events import NOON, hello, told

from buergerdraht.connectors.contract import Event, Gone, Item, Received, Sender
from buergerdraht.gateway import ingest, opening
from buergerdraht.gateway.models import Channel, InboundEvent


@pytest.mark.django_db
def test_people_do_not_wait_for_each_other_but_for_themselves() -> None:
    """Law 5: a body of one person has their shard, whatever else they said before; one of several has none."""
    one, again = Item(event=hello(1, "anna")), Item(event=hello(2, "anna"))
    assert 1 <= opening.shard_of([one]) == opening.shard_of([again]) == opening.shard_of([one, again]) <= opening.SHARDS
    assert opening.shard_of([Item(event=Gone(address="anna", at=NOON, external_id="g"))]) == opening.shard_of([one])
    assert opening.shard_of([one, Item(event=hello(3, "berta"))]) == 0
    assert opening.shard_of([one, Item(problem="unknown")]) == 0
    assert opening.shard_of([]) == 0


NAMED = [("DE.77", ("+4917139200101", "DE.ENT.7")), ("DE.77", ()), ("DE.77", ("DE.ENT.7",)), ("DE.77", ("+4917139200101", ""))]


def test_somebody_named_by_two_keys_stands_in_one_shard() -> None:
    """Law 5: a provider names the same person by their user id alone, or with their number beside it."""
    for kind in range(100):  # whatever their hashes are
        forms = [Sender(address=address + str(kind), aliases=[key and key + str(kind) for key in more]) for address, more in NAMED]
        events = [Received(external_id=f"m{number}", sender=sender, at=NOON) for number, sender in enumerate(forms)]
        assert len({opening.shard_of([Item(event=event)]) for event in events}) == 1
        assert opening.shard_of([Item(event=event) for event in events]) != 0


def test_somebody_whose_address_moves_stands_in_one_shard() -> None:
    """Law 5: on Matrix the room is part of the address, and the next message may come from another."""
    for kind in range(100):
        person = f"@ada{kind}:stadt.example"
        forms = [Sender(address=f"{person} !{room}", aliases=[person], steady=person) for room in ("a", "b")]
        events = [Received(external_id=str(number), sender=sender, at=NOON) for number, sender in enumerate(forms)]
        assert len({opening.shard_of([Item(event=event)]) for event in events}) == 1


@pytest.mark.django_db(transaction=True)
def test_the_words_of_somebody_named_by_two_keys_stay_in_their_order(channel: Channel) -> None:
    """Law 5, with three hands at the channel: the first of a person's messages takes long, the next comes under another key."""
    expected: dict[int, list[str]] = {}
    for number in range(60):
        person, (address, more) = number % 12, NAMED[number // 12 % len(NAMED)]
        sender = Sender(address=f"{address}{person}", aliases=[f"{key}{person}" for key in more])
        at = NOON + timedelta(seconds=number)
        told(channel, Received(external_id=f"m{number}", sender=sender, at=at, text=str(person)))
        expected.setdefault(person, []).append(f"m{number}")
    heard: dict[int, list[str]] = {person: [] for person in expected}

    def handle(channel: Channel, event: Event) -> None:
        assert isinstance(event, Received)
        time.sleep(0.02 if len(heard[int(event.text)]) % 2 == 0 else 0.001)
        heard[int(event.text)].append(event.external_id)

    stop = threading.Event()
    working = threading.Thread(target=ingest.run, args=(handle, stop))
    working.start()
    until = time.monotonic() + 20
    while time.monotonic() < until and InboundEvent.objects.exclude(state="done").exists():
        time.sleep(0.05)
    stop.set()
    working.join(timeout=20)
    assert heard == expected


@pytest.mark.django_db(transaction=True)
def test_many_hands_keep_everybodys_order(channel: Channel) -> None:
    """Three hands at one channel: nothing is handled twice, and each person's words stay in their order."""
    dice, expected = random.Random(5), {name: [] for name in ("anna", "berta", "cem", "dora", "emil")}
    for number in range(120):
        names = dice.sample(sorted(expected), 2 if number % 17 == 0 else 1)
        events = [hello(1000 * place + number, name, NOON + timedelta(seconds=number)) for place, name in enumerate(names)]
        told(channel, *events)
        for name, event in zip(names, events, strict=True):
            expected[name].append(event.external_id)
    heard: dict[str, list[str]] = {name: [] for name in expected}

    def handle(channel: Channel, event: Event) -> None:
        assert isinstance(event, Received)
        heard[event.sender.address].append(event.external_id)
        time.sleep(0.002)

    stop = threading.Event()
    working = threading.Thread(target=ingest.run, args=(handle, stop))
    working.start()
    deadline = time.monotonic() + 30
    while InboundEvent.objects.filter(state="new").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    working.join(20)
    assert heard == expected
