"""What somebody asks to be called stays, whatever their messenger says; a stop ends what rooms above had in hand."""

from __future__ import annotations

from datetime import UTC, datetime

from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions, finding
from buergerdraht.contacts.models import Address, Contact

AT = datetime(2026, 11, 2, 10, tzinfo=UTC)


def test_a_name_they_told_us_is_not_replaced_by_the_messengers(subscriber: Address) -> None:
    actions.call(subscriber.contact, "Frau Öztürk")
    actions.meet(subscriber.channel, Sender(address="4711", name="aylin 🌸", handle="@neu"), AT)
    contact = Contact.objects.get()
    assert contact.name == "Frau Öztürk"
    assert list(finding.search(contact.organisation_id, "öztürk")) == [contact]
    assert list(finding.search(contact.organisation_id, "aylin 🌸")) == []


def test_a_told_name_survives_when_two_contacts_become_one(subscriber: Address) -> None:
    other = Contact.objects.create(organisation=subscriber.organisation, name="Aylin Ö.", name_told=True, errand="consultations")
    actions.absorb(subscriber.contact, other)
    contact = Contact.objects.get()
    assert (contact.name, contact.name_told, contact.errand) == ("Aylin Ö.", True, "consultations")


def test_a_stop_ends_the_errand_and_tells_the_rooms_above(subscriber: Address) -> None:
    told: list[int] = []

    def hear(sender: object, *, contact: Contact, **more: object) -> None:
        told.append(contact.pk)

    actions.send_on(subscriber.contact, "consultations")
    actions.stopped.connect(hear)
    try:
        actions.stop(subscriber.contact, evidence="s", channel=subscriber.channel)
    finally:
        actions.stopped.disconnect(hear)
    assert Contact.objects.get().errand == ""
    assert told == [subscriber.contact_id]
