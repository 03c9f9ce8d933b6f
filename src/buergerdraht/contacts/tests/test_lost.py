"""A lost channel loses nobody: who has another way goes on there, with proof, and comes back when it runs again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions, lost, records, ways
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Consent, Topic
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db
BY_HAND = Proof(channel=None, evidence="Eingetragen: Anruf")


@pytest.fixture
def andrea(town: Organisation) -> Operator:
    operator = Operator.objects.create_user("andrea@musterstadt.example", "geheim", name="Andrea Berger")
    Membership.objects.create(organisation=town, operator=operator, roles=["administrator", "editor"])
    return operator


def also(address: Address, channel: Channel, name: str, *, hours_ago: int = 1) -> Address:
    """Let somebody be known elsewhere, too."""
    other = actions.meet(channel, Sender(address=name), timezone.now() - timedelta(hours=hours_ago))
    actions.absorb(address.contact, other.contact)
    return Address.objects.get(pk=other.pk)


def broken(channel: Channel) -> Channel:
    channel.state = Channel.State.BROKEN
    channel.save()
    return channel


def runs(channel: Channel) -> Channel:
    channel.state = Channel.State.RUNNING
    channel.save()
    return channel


def test_who_has_another_way_goes_on_there_and_the_consents_with_them(
    subscriber: Address, telegram: Channel, whatsapp: Channel, andrea: Operator
) -> None:
    other = also(subscriber, whatsapp, "DE.1")
    broken(telegram)
    assert lost.figures(telegram) == lost.Figures(other_way=1, no_way=0, moved=0)
    assert lost.reroute(telegram, operator=andrea) == 1
    assert {row.address_id for row in subscriber.contact.subscriptions.all()} == {other.pk}
    assert lost.figures(telegram) == lost.Figures(0, 0, 1)
    proofs = Consent.objects.filter(contact=subscriber.contact, channel=whatsapp, act="confirm")
    assert {row.purpose for row in proofs} == {"topic:verkehr", "topic:kultur"}
    assert {row.evidence for row in proofs} == {f"lost:channel:{telegram.pk}"}


def test_who_has_none_stays_subscribed(subscriber: Address, telegram: Channel, andrea: Operator) -> None:
    broken(telegram)
    assert lost.figures(telegram) == lost.Figures(0, 1, 0)
    assert lost.reroute(telegram, operator=andrea) == 0
    assert subscriber.contact.subscriptions.filter(confirmed_at__isnull=False, address=subscriber).count() == 2


def test_when_the_channel_is_back_they_come_back(subscriber: Address, telegram: Channel, whatsapp: Channel, andrea: Operator) -> None:
    also(subscriber, whatsapp, "DE.1")
    lost.reroute(broken(telegram), operator=andrea)
    with pytest.raises(ValueError, match="stands"):
        lost.bring_back(telegram, operator=andrea)
    runs(telegram)
    assert lost.bring_back(telegram, operator=andrea) == 1
    assert {row.address_id for row in subscriber.contact.subscriptions.all()} == {subscriber.pk}
    assert lost.figures(telegram).moved == 0
    assert lost.bring_back(telegram, operator=andrea) == 0


def test_they_go_where_they_chose_and_who_chooses_anew_stays_there(
    subscriber: Address, telegram: Channel, whatsapp: Channel, andrea: Operator
) -> None:
    second = Channel.objects.create(organisation=telegram.organisation, kind="telegram", name="Zweiter", config="{}", state="running")
    chosen, later = also(subscriber, whatsapp, "DE.1", hours_ago=9), also(subscriber, second, "4711", hours_ago=1)
    ways.order(subscriber.contact, "newsletter", [subscriber, chosen], BY_HAND)
    lost.reroute(broken(telegram), operator=andrea)
    assert {row.address_id for row in subscriber.contact.subscriptions.all()} == {chosen.pk}
    ways.order(subscriber.contact, "newsletter", [chosen, later], BY_HAND)
    assert lost.bring_back(runs(telegram), operator=andrea) == 0


def test_who_chose_no_other_way_is_not_moved_there(subscriber: Address, telegram: Channel, whatsapp: Channel, andrea: Operator) -> None:
    also(subscriber, whatsapp, "DE.1")
    ways.order(subscriber.contact, "newsletter", [subscriber], BY_HAND)
    assert lost.figures(broken(telegram)) == lost.Figures(other_way=0, no_way=1, moved=0)
    assert lost.reroute(telegram, operator=andrea) == 0


def test_a_place_that_everybody_reads_is_no_way(subscriber: Address, telegram: Channel, andrea: Operator) -> None:
    public = Channel.objects.create(organisation=telegram.organisation, kind="mastodon", name="Stadt", config="{}", state="running")
    also(subscriber, public, "aylin@social.example")
    assert lost.figures(broken(telegram)).other_way == 0
    assert lost.reroute(telegram, operator=andrea) == 0


@pytest.mark.parametrize(("kind", "no_newsletter"), [("webchat", False), ("instagram", False), ("whatsapp", True)])
def test_nobody_is_moved_to_where_newsletters_would_not_arrive(
    subscriber: Address, telegram: Channel, andrea: Operator, kind: str, no_newsletter: bool
) -> None:
    other = Channel.objects.create(organisation=telegram.organisation, kind=kind, name="Anderer", config="{}", state="running")
    Address.objects.filter(pk=also(subscriber, other, "A.1").pk).update(no_newsletter=no_newsletter)
    assert lost.figures(broken(telegram)) == lost.Figures(other_way=0, no_way=1, moved=0)
    assert lost.reroute(telegram, operator=andrea) == 0


def test_nobody_comes_back_to_an_address_that_is_somebody_elses_now(
    subscriber: Address, telegram: Channel, whatsapp: Channel, andrea: Operator
) -> None:
    other = also(subscriber, whatsapp, "DE.1")
    lost.reroute(broken(telegram), operator=andrea)
    Address.objects.filter(pk=subscriber.pk).update(contact=actions.meet(telegram, Sender(address="4799"), timezone.now()).contact)
    assert lost.bring_back(runs(telegram), operator=andrea) == 0
    assert {row.address_id for row in subscriber.contact.subscriptions.all()} == {other.pk}


def test_who_is_parted_keeps_no_way_back_to_the_other(subscriber: Address, telegram: Channel, whatsapp: Channel, andrea: Operator) -> None:
    other = also(subscriber, whatsapp, "DE.1")
    lost.reroute(broken(telegram), operator=andrea)
    new = records.part(Address.objects.get(pk=other.pk), operator=andrea)
    assert new.subscriptions.filter(lost=None).count() == 2
    assert lost.bring_back(runs(telegram), operator=andrea) == 0


def test_a_channel_that_runs_is_not_left(subscriber: Address, telegram: Channel, andrea: Operator) -> None:
    with pytest.raises(ValueError, match="runs"):
        lost.reroute(telegram, operator=andrea)


def test_neither_a_gone_address_nor_a_channel_at_rest_is_a_way(
    subscriber: Address, telegram: Channel, whatsapp: Channel, andrea: Operator
) -> None:
    other = also(subscriber, whatsapp, "DE.1")
    broken(telegram)
    Address.objects.filter(pk=other.pk).update(state="gone")
    assert lost.figures(telegram).other_way == 0
    Address.objects.filter(pk=other.pk).update(state="active")
    Channel.objects.filter(pk=whatsapp.pk).update(state="paused")
    assert lost.reroute(telegram, operator=andrea) == 0


def test_many_go_in_pieces(
    topics: list[Topic], telegram: Channel, whatsapp: Channel, andrea: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "PIECE", 2)
    for number in range(5):
        address = actions.meet(telegram, Sender(address=f"t{number}"), timezone.now())
        also(address, whatsapp, f"DE.{number}")
        records.add_subscription(address.contact, topics[0], address, reason="am Schalter", operator=andrea)
    assert lost.reroute(broken(telegram), operator=andrea) == 5


def test_the_page_counts_moves_and_brings_back(subscriber: Address, telegram: Channel, whatsapp: Channel, andrea: Operator) -> None:
    also(subscriber, whatsapp, "DE.1")
    broken(telegram)
    desk = Client()
    desk.force_login(andrea)
    address = f"/o/musterstadt/kontakte/kanal/{telegram.pk}/verloren"
    assert "1 Person auf ihrem anderen Weg" in desk.get(address).content.decode()
    assert "1 Person geht auf einem anderen Weg weiter" in desk.post(address, {"weiter": "1"}, follow=True).content.decode()
    Channel.objects.filter(pk=telegram.pk).update(state="running")
    assert "1 Person zurückholen" in desk.get(address).content.decode()
    assert "1 Person ist zurück" in desk.post(address, {"zurueck": "1"}, follow=True).content.decode()
