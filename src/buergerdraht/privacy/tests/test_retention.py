"""What has been kept long enough goes, and only that; every run leaves a line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Consent, Contact, Subscription, Topic
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import InboundEvent, Media, Outbound
from buergerdraht.privacy import retention
from buergerdraht.privacy.models import Erasure, RetentionRun
from buergerdraht.privacy.tests.conftest import Citizen

pytestmark = pytest.mark.django_db


def test_nothing_young_goes(citizen: Citizen) -> None:
    before = (Message.objects.count(), Outbound.objects.count(), InboundEvent.objects.count(), Media.objects.count())
    run = retention.run(citizen.town)
    assert run.counts == {}
    assert (Message.objects.count(), Outbound.objects.count(), InboundEvent.objects.count(), Media.objects.count()) == before


def test_a_year_later_only_the_subscriber_is_left(citizen: Citizen) -> None:
    run = retention.run(citizen.town, timezone.now() + timedelta(days=366))
    assert not Message.objects.exists()
    assert not InboundEvent.objects.exists()
    assert Contact.objects.count() == 1
    assert Outbound.objects.get().address == ""
    assert {"messages", "deliveries", "events"} <= set(run.counts)
    assert RetentionRun.objects.count() == 1


def test_the_organisation_decides_but_never_for_ever(town_like: Organisation) -> None:
    each = next(each for each in retention.CLASSES if each.key == "messages")
    for value, days in ((30, 30), (0, 365), ("x", 365), (True, 365), (99999, 365)):
        town_like.retention = {"messages": value}
        assert retention.days(town_like, each) == days


def test_unconfirmed_wishes_lapse_and_silent_strangers_are_erased(citizen: Citizen) -> None:
    topic = Topic.objects.get()
    stranger = actions.meet(citizen.channel, Sender(address="DE.2"), timezone.now())
    actions.subscribe(stranger.contact, [topic], stranger, Proof(channel=citizen.channel, evidence="e"))
    retention.run(citizen.town, timezone.now() + timedelta(days=4))
    assert Subscription.objects.count() == 1
    assert Consent.objects.filter(act="withdraw").count() == 1
    retention.run(citizen.town, timezone.now() + timedelta(days=400))
    assert Contact.objects.count() == 1
    assert Erasure.objects.get().wish == "retention"


@pytest.fixture
def town_like() -> Organisation:
    return Organisation(slug="x", name="X", languages=["de"])
