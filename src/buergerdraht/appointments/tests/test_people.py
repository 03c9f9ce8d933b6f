"""What becomes of a booking when its person asks for their data, wants to be forgotten, or it is long over."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from buergerdraht.appointments import actions
from buergerdraht.appointments.actions import Person
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.appointments.tests.conftest import booked, member, slots
from buergerdraht.contacts.models import Address
from buergerdraht.privacy import access, retention
from buergerdraht.privacy.erase import erase


def test_access_names_what_was_booked_and_said(offer: Offer, paula: Address) -> None:
    actions.confirm(actions.hold(offer, slots(offer)[0].begins_at, paula.contact, paula), note="Ich komme mit Kinderwagen")
    told = access.collect(paula.contact)["appointments"]
    assert [(each["title"], each["state"], each["note"]) for each in told] == [
        ("Ausweis beantragen", "booked", "Ich komme mit Kinderwagen")
    ]


def test_erased_the_time_is_free_again(offer: Offer, paula: Address) -> None:
    booked(offer, paula)
    erase(paula.contact, wish="citizen")
    assert not Booking.objects.exists()
    assert slots(offer)[0].free == 2


def test_what_is_long_over_keeps_its_number_and_no_person(offer: Offer, paula: Address) -> None:
    andrea = member(offer.organisation, "andrea", ["agent"]).operator
    by_phone = actions.book_for(offer, slots(offer)[3].begins_at, Person(name="Frau Beispiel", note="Rückruf"), operator=andrea)
    rows = [booked(offer, paula), by_phone]
    later = timezone.now() + timedelta(days=2000)
    retention.run(offer.organisation, now=timezone.now())
    assert Booking.objects.filter(emptied=True).count() == 0
    assert actions.empty(offer.organisation, later) == 2
    assert actions.empty(offer.organisation, later) == 0
    for row in rows:
        row.refresh_from_db()
        assert (row.contact, row.address, row.name, row.note, row.state) == (None, None, "", "", "booked")
