"""Musterstadt is filled once, nothing of its past is sent again, and it goes on where it was."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors import registry
from buergerdraht.contacts.models import Address, Consent, Contact
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import Outbound
from buergerdraht.house.demo import evening, people, town, wires

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_the_town_is_filled_once_and_nothing_waits_to_be_sent(settings: LazySettings, tmp_path: object) -> None:
    settings.DATA = tmp_path
    settings.SIMULATOR_URL = "http://localhost:8001"
    evening.fill()
    counted = [model.objects.count() for model in (Contact, Message, Outbound, Broadcast, Operator)]
    organisation = Organisation.objects.get(slug=town.SLUG)
    assert Address.objects.count() == len(list(people.people()))
    second = [person for person in people.people() if person.kind in people.SECOND_WAYS]
    assert counted[0] == Address.objects.count() - len(second), "who has a second way is one person"
    assert not Outbound.objects.exclude(state__in=["accepted", "failed", "unclear"]).exists()
    assert set(organisation.broadcasts.values_list("state", flat=True)) == {"done", "submitted", "approved", "draft"}
    assert Consent.objects.filter(act="confirm").exists()
    assert all(operator.check_password(town.password()) for operator in town.operators().values())
    assert (settings.DATA / "simulator.json").exists()

    evening.fill()
    assert counted == [model.objects.count() for model in (Contact, Message, Outbound, Broadcast, Operator)]


def test_everyone_in_the_story_has_a_phone_of_their_own() -> None:
    everyone = list(people.people())
    assert len({person.address for person in everyone}) == len(everyone)
    phones = [person.phone for person in everyone if person.phone]
    assert len(set(phones)) == len(phones)
    assert all(phone.startswith(("4917139200", "4917604069")) and len(phone) in {12, 13} for phone in phones)


def test_every_messenger_is_wired() -> None:
    assert {"whatsapp", "telegram"} <= set(wires.wishes("http://localhost:1")) <= set(registry.CONNECTORS)
