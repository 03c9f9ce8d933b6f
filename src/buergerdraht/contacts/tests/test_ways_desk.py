"""Operators put somebody's ways in order on their word: with a reason that is kept, by who may change contacts, and back again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions, ways
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Consent, Contact
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def andrea(town: Organisation) -> Operator:
    operator = Operator.objects.create_user("andrea@musterstadt.example", "geheim", name="Andrea Berger")
    Membership.objects.create(organisation=town, operator=operator, roles=["administrator", "editor"])
    return operator


@pytest.fixture
def desk(andrea: Operator) -> Client:
    client = Client()
    client.force_login(andrea)
    return client


@pytest.fixture
def other(subscriber: Address, whatsapp: Channel) -> Address:
    """The subscriber on WhatsApp, too."""
    found = actions.meet(whatsapp, Sender(address="DE.1"), timezone.now() - timedelta(hours=1))
    actions.absorb(subscriber.contact, found.contact)
    return Address.objects.get(pk=found.pk)


def page(contact: Contact) -> str:
    return f"/o/musterstadt/kontakte/{contact.pk}/"


def ordered(contact: Contact, kind: str) -> list[int]:
    return list(contact.ways.filter(kind=kind).values_list("address", flat=True))


def places(kind: str, *addresses: Address, **more: str) -> dict[str, str]:
    return {"wege": kind, "reason": "Anruf am 3.11.", **{f"weg-{kind}-{each.pk}": str(n) for n, each in enumerate(addresses, 1)}, **more}


def change(desk: Client, contact: Contact, posted: dict[str, str]) -> str:
    return desk.post(f"{page(contact)}wege", posted, follow=True).content.decode()


def test_ways_are_ordered_left_out_and_forgotten(subscriber: Address, other: Address, desk: Client) -> None:
    contact = subscriber.contact
    assert desk.get(page(contact)).content.decode().count("Übliche Reihenfolge:") == 2
    change(desk, contact, places("alert", other, subscriber))
    assert ordered(contact, "alert") == [other.pk, subscriber.pk]
    assert "Nicht benutzt: " in change(desk, contact, places("alert", subscriber))
    assert ordered(contact, "alert") == [subscriber.pk]
    assert "Ein Weg muss bleiben" in change(desk, contact, places("alert"))
    assert ordered(contact, "alert") == [subscriber.pk]
    assert not contact.ways.filter(kind="newsletter").exists()
    change(desk, contact, {"wege_ueblich": "alert", "reason": "Anruf"})
    assert not contact.ways.exists()


def test_without_a_reason_nothing_changes(subscriber: Address, other: Address, desk: Client) -> None:
    posted = {**places("alert", other, subscriber, alle="1"), "reason": " "}
    assert "Es wurde nichts geändert" in change(desk, subscriber.contact, posted)
    assert not ordered(subscriber.contact, "alert")
    assert not Contact.objects.get(pk=subscriber.contact_id).everywhere


def test_all_ways_at_once_are_set_with_proof_and_taken_back(
    subscriber: Address, other: Address, desk: Client, andrea: Operator, town: Organisation
) -> None:
    contact = subscriber.contact
    shown = change(desk, contact, places("alert", subscriber, other, alle="1"))
    assert Contact.objects.get(pk=contact.pk).everywhere
    assert all(words in shown for words in ("Auf allen Wegen zugleich, so gewünscht.", "Eingetragen: Anruf am 3.11.", "Rückgängig"))
    proof = Consent.objects.get(contact=contact, purpose="everywhere")
    assert (proof.act, proof.operator, proof.evidence) == ("grant", andrea, "Eingetragen: Anruf am 3.11.")
    assert not AuditEntry.objects.filter(details__icontains="3.11.").exists()  # the words stay where they can be erased
    assert "Zurückgenommen" in change(desk, contact, {"rueckgaengig": "1"})
    assert not Contact.objects.get(pk=contact.pk).everywhere
    assert [row.act for row in Consent.objects.filter(contact=contact, purpose="everywhere").order_by("id")] == ["grant", "withdraw"]
    actions_noted = AuditEntry.objects.filter(organisation=town, action__startswith="contacts.").order_by("id")
    assert [row.action for row in actions_noted] == ["contacts.order_ways", "contacts.restore_ways"]
    assert "Rückgängig" not in desk.get(page(contact)).content.decode()


def test_subscriptions_that_moved_come_back(subscriber: Address, other: Address, desk: Client) -> None:
    contact = subscriber.contact
    change(desk, contact, places("newsletter", other, subscriber))
    assert {row.address_id for row in contact.subscriptions.all()} == {other.pk}
    change(desk, contact, {"rueckgaengig": "1"})
    assert {row.address_id for row in contact.subscriptions.all()} == {subscriber.pk}
    assert not contact.ways.exists()
    last = Consent.objects.filter(contact=contact, act="confirm").order_by("-id")[0]
    assert last.evidence == "Eingetragen: Änderung der Wege zurückgenommen"


def test_what_changed_since_is_not_taken_back(subscriber: Address, other: Address, desk: Client) -> None:
    contact = subscriber.contact
    change(desk, contact, places("alert", other, subscriber))
    ways.order(contact, "alert", [subscriber], Proof(channel=None, evidence="m1"))
    assert "Rückgängig" not in desk.get(page(contact)).content.decode()
    assert "Das geht nicht mehr" in change(desk, contact, {"rueckgaengig": "1"})
    assert ordered(contact, "alert") == [subscriber.pk]


def test_who_may_not_change_contacts_only_looks(subscriber: Address, other: Address, desk: Client, andrea: Operator) -> None:
    Membership.objects.filter(operator=andrea).update(roles=["viewer"])
    assert "Auf Wunsch der Person ändern" not in desk.get(page(subscriber.contact)).content.decode()
    assert desk.post(f"{page(subscriber.contact)}wege", places("alert", other)).status_code == 403
    assert not subscriber.contact.ways.exists()


def test_somebody_elses_address_is_no_way(subscriber: Address, other: Address, whatsapp: Channel, desk: Client) -> None:
    stranger = actions.meet(whatsapp, Sender(address="DE.9"), timezone.now())
    change(desk, subscriber.contact, places("alert", stranger, other, subscriber))
    assert ordered(subscriber.contact, "alert") == [other.pk, subscriber.pk]
    with pytest.raises(ValueError, match="own"):
        ways.order(subscriber.contact, "alert", [stranger], Proof(channel=None, evidence="m1"))
