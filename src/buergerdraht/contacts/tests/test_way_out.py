"""A way out of ours (an unsubscribe link, a complaint) ends what it must at once, is proven, and is taken back by saying yes again."""

from __future__ import annotations

import pytest
from django.utils import timezone

from buergerdraht.connectors.contract import Content, Gone, Sender
from buergerdraht.contacts import actions, outreach
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Consent, Contact, Topic
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db


def left(address: str = "4711", name: str = "unsubscribe:ab:1") -> Gone:
    return Gone(address=address, at=timezone.now(), external_id=name, scope="newsletter", reason="unsubscribed")


def test_it_is_a_stop_where_it_is_their_only_address(telegram: Channel, subscriber: Address) -> None:
    queued = outreach.send(subscriber, Content(text="Nachricht"), purpose="newsletter")
    actions.gone(telegram, left())
    queued.refresh_from_db()
    assert queued.state == "cancelled"
    contact = Contact.objects.get()
    assert contact.state == "stopped"
    assert not contact.subscriptions.exists()
    proven = Consent.objects.filter(act="withdraw", evidence="unsubscribe:ab:1")
    assert set(proven.values_list("purpose", flat=True)) == {"newsletter", "topic:verkehr", "topic:kultur"}
    with pytest.raises(outreach.Refused):
        outreach.send(subscriber, Content(text="Noch eine"), purpose="newsletter")


def test_it_ends_one_address_alone_where_there_are_others(
    telegram: Channel, whatsapp: Channel, subscriber: Address, topics: list[Topic]
) -> None:
    other = actions.meet(whatsapp, Sender(address="+4917139200101"), timezone.now())
    actions.absorb(subscriber.contact, other.contact)
    other.refresh_from_db()
    actions.gone(telegram, left())
    subscriber.refresh_from_db()
    assert subscriber.no_newsletter
    assert not subscriber.contact.subscriptions.filter(address=subscriber).exists()
    other.refresh_from_db()
    assert not other.no_newsletter
    actions.subscribe(subscriber.contact, topics[:1], subscriber, Proof(channel=telegram, evidence="m1"))
    actions.confirm(subscriber.contact, subscriber, Proof(channel=telegram, evidence="m2"))
    subscriber.refresh_from_db()
    assert not subscriber.no_newsletter
    assert list(Consent.objects.filter(purpose="provider_marketing").order_by("id").values_list("act", flat=True)) == ["withdraw", "grant"]


def test_saying_yes_does_not_lift_the_messengers_own_stop(telegram: Channel, subscriber: Address, topics: list[Topic]) -> None:
    actions.gone(telegram, Gone(address="4711", at=timezone.now(), external_id="g1", scope="newsletter"))
    subscriber.contact.subscriptions.all().delete()
    actions.subscribe(subscriber.contact, topics[:1], subscriber, Proof(channel=telegram, evidence="m1"))
    subscriber.refresh_from_db()
    actions.confirm(subscriber.contact, subscriber, Proof(channel=telegram, evidence="m2"))
    subscriber.refresh_from_db()
    assert subscriber.no_newsletter
