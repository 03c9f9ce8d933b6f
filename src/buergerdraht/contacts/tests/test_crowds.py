"""Counting in advance gives the same sizes as looking at each person."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions, audience, crowds
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Census, Contact, Crowd, District, Topic, Way
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def citizens(town: Organisation, telegram: Channel, whatsapp: Channel, topics: list[Topic]) -> list[Contact]:
    """Forty people in every condition, some with two addresses."""
    dice = random.Random(7)
    places = [District.objects.create(organisation=town, name=name) for name in ("Nord", "Süd")]
    found = []
    for number in range(40):
        channel = dice.choice([telegram, whatsapp])
        address = _join(channel, f"{number}", dice.sample(topics, dice.randint(1, 3)), dice.choice(["de", "en", "ar"]))
        contact = address.contact
        if number % 5 == 0:
            other = _join(whatsapp if channel == telegram else telegram, f"b{number}", topics[2:], "de")
            actions.absorb(contact, other.contact)
        Contact.objects.filter(pk=contact.pk).update(
            district=dice.choice([None, *places]),
            paused_until=dice.choice([None, None, timezone.now() + timedelta(days=1), timezone.now() - timedelta(days=1)]),
            state=dice.choice(["active", "active", "active", "stopped", "new"]),
        )
        Address.objects.filter(pk=address.pk).update(
            state=dice.choice(["active", "active", "active", "gone", "blocked"]), no_newsletter=number % 7 == 0
        )
        found.append(contact)
    crowds.renew(town)
    return found


def _join(channel: Channel, key: str, topics: list[Topic], language: str) -> Address:
    address = actions.meet(channel, Sender(address=key, language=language), timezone.now())
    proof = Proof(channel=channel, evidence="e")
    actions.subscribe(address.contact, topics, address, proof)
    actions.confirm(address.contact, address, proof)
    return address


def _some(most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, most - 1), max_size=2, unique=True)


KEYS = st.fixed_dictionaries({"topics": _some(3), "channels": _some(2), "languages": _some(3), "districts": _some(2)})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(wanted=KEYS, spared=KEYS)
def test_counting_in_advance_agrees_with_counting_each(
    citizens: list[Contact], town: Organisation, wanted: dict[str, list[int]], spared: dict[str, list[int]]
) -> None:
    values: dict[str, list[Any]] = {
        "topics": list(Topic.objects.order_by("id").values_list("id", flat=True)),
        "channels": list(Channel.objects.order_by("id").values_list("id", flat=True)),
        "languages": ["de", "en", "ar"],
        "districts": list(District.objects.order_by("id").values_list("id", flat=True)),
    }
    asked: dict[str, Any] = {key: [values[key][place] for place in places] for key, places in wanted.items()}
    asked["exclude"] = {key: [values[key][place] for place in places] for key, places in spared.items()}
    told = audience.count(town, asked)
    assert told.at is not None
    each = audience._sum(audience._one_by_one(town, asked), told.of, None)
    assert (told.total, told.by_channel, told.by_language) == (each.total, each.by_channel, each.by_language)
    assert each.total == audience.select(town, asked).count()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(wanted=KEYS, spared=KEYS)
def test_the_people_of_a_warning_are_counted_in_advance_as_one_by_one(
    citizens: list[Contact], town: Organisation, wanted: dict[str, list[int]], spared: dict[str, list[int]]
) -> None:
    for number, contact in enumerate(citizens[::10]):  # two addresses each: some chose an order, some only the second
        mine = list(contact.addresses.order_by("-id" if number % 2 else "id"))[: 1 + number % 2]
        contact.ways.all().delete()
        contact.ways.bulk_create(Way(contact=contact, kind="alert", position=place, address=each) for place, each in enumerate(mine))
    crowds.renew(town)
    values: dict[str, list[Any]] = {
        "topics": list(Topic.objects.order_by("id").values_list("id", flat=True)),
        "languages": ["de", "en", "ar"],
        "districts": list(District.objects.order_by("id").values_list("id", flat=True)),
    }
    asked: dict[str, Any] = {key: [values[key][place] for place in wanted[key]] for key in values}
    asked["exclude"] = {key: [values[key][place] for place in spared[key]] for key in values}
    told = audience.count(town, asked, urgent=True)
    assert told.at is not None
    each = audience._sum(audience._warned_one_by_one(town, asked), told.of, None, warns=True)
    assert (told.total, told.further, told.by_language) == (each.total, each.further, each.by_language)
    if not asked["topics"]:
        assert told.by_channel == each.by_channel
    assert each.total == audience.warned(town, asked).count()


def test_a_warning_counts_whom_only_another_way_reaches(
    town: Organisation, telegram: Channel, whatsapp: Channel, topics: list[Topic]
) -> None:
    lost, both = _join(telegram, "1", topics[:1], "de"), _join(telegram, "2", topics[:1], "de")
    for address, key in ((lost, "w1"), (both, "w2")):
        other = actions.meet(whatsapp, Sender(address=key, language="de"), timezone.now())
        actions.absorb(address.contact, other.contact)
    Address.objects.filter(pk=lost.pk).update(state="gone")
    asked = {"topics": [topics[0].pk]}
    assert (audience.count(town, asked).total, audience.count(town, asked).further) == (1, None)
    for _ in range(2):  # person by person, then in advance
        told = audience.count(town, asked, urgent=True)
        assert (told.total, told.by_channel, told.further) == (2, {telegram.pk: 1, whatsapp.pk: 1}, 1)
        crowds.renew(town)
    only = audience.count(town, {**asked, "channels": [telegram.pk]}, urgent=True)
    assert (only.total, only.further) == (1, None)


def test_what_crowds_cannot_tell_is_counted_person_by_person(citizens: list[Contact], town: Organisation) -> None:
    today = timezone.localdate().isoformat()
    one = [citizens[0].pk]
    for asked in ({"joined_from": today}, {"joined_until": today}, {"contacts": one}, {"exclude": {"contacts": one}}):
        assert audience.count(town, asked).at is None
    assert audience.count(town, {"joined_from": ""}).at is not None


def test_an_old_census_is_not_believed(citizens: list[Contact], town: Organisation) -> None:
    Crowd.objects.update(number=1000)
    assert audience.count(town, {}).total > 1000
    Census.objects.update(at=timezone.now() - timedelta(hours=2))
    assert audience.count(town, {}).total < 40


def test_only_where_there_are_many_contacts_they_are_counted_in_advance(
    citizens: list[Contact], town: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    Census.objects.all().delete()
    assert crowds.renew_due() == 0
    monkeypatch.setattr(crowds, "MANY", 5)
    assert crowds.renew_due() == 1
    assert crowds.renew_due() == 0
    Census.objects.update(at=timezone.now() - timedelta(minutes=6))
    assert crowds.renew_due() == 1
    assert audience.count(town, {}).total == audience.select(town, {}).count()
