"""Behind the signed link one puts one's ways in order, too; with one way there is nothing to order."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions
from buergerdraht.contacts.models import Address, Consent, Contact, Topic
from buergerdraht.gateway.models import Channel
from buergerdraht.website import subscribing
from buergerdraht.website.models import SignUp

pytestmark = pytest.mark.django_db


@pytest.fixture
def petra(mailbox: Channel, topics: list[Topic]) -> Address:
    subscribing.ask(mailbox, "petra@wohnort.example", topics[:1], "de")
    address = subscribing.confirm(SignUp.objects.get(), "de")
    assert address
    return Address.objects.select_related("contact", "channel", "organisation").get(pk=address.pk)


@pytest.fixture
def other(petra: Address, bot: Channel) -> Address:
    found = actions.meet(bot, Sender(address="4711"), timezone.now())
    actions.absorb(petra.contact, found.contact)
    return Address.objects.get(pk=found.pk)


def test_with_one_way_there_is_nothing_to_order(client: Client, page: str) -> None:
    assert "So erreichen wir Sie" not in client.get(page).content.decode()


def test_the_order_of_topics_is_changed_and_the_subscription_goes_there(client: Client, page: str, petra: Address, other: Address) -> None:
    assert "So erreichen wir Sie" in client.get(page).content.decode()
    fields = {f"weg-newsletter-{petra.pk}": "2", f"weg-newsletter-{other.pk}": "1"}
    assert "Gespeichert." in client.post(page, {"wege": "newsletter", **fields}).content.decode()
    contact = Contact.objects.get()
    assert list(contact.ways.filter(kind="newsletter").values_list("address", flat=True)) == [other.pk, petra.pk]
    assert {row.address_id for row in contact.subscriptions.all()} == {other.pk}
    assert Consent.objects.filter(act="confirm", evidence="web: Einstellungen", subject=bytes(other.address_hash)).exists()
    assert subscribing.subscribed(contact) == {"verkehr"}  # what else stands on the page was not sent, and is not changed


def test_one_way_must_stay(client: Client, page: str, petra: Address, other: Address) -> None:
    fields = {f"weg-alert-{petra.pk}": "0", f"weg-alert-{other.pk}": "0"}
    assert "Ein Weg muss bleiben." in client.post(page, {"wege": "alert", **fields}).content.decode()
    assert not Contact.objects.get().ways.exists()


def test_what_is_urgent_on_all_ways_is_a_tick(client: Client, page: str, petra: Address, other: Address) -> None:
    fields = {f"weg-alert-{petra.pk}": "1", f"weg-alert-{other.pk}": "2", "alle": "1"}
    assert 'id="we-alle" value="1" checked' in client.post(page, {"wege": "alert", **fields}).content.decode()
    client.post(page, {"wege_ueblich": "alert"})
    assert not Contact.objects.get().everywhere
