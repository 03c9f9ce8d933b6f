"""Reminders are said once, in the citizen's language, and where we may not write people see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.appointments import actions, tasks, telling
from buergerdraht.appointments.actions import Person
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.appointments.tests.conftest import booked, citizen, make_channel, make_offer, slots
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import approved
from buergerdraht.contacts.models import Address
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import MessageTemplate, Outbound


def said() -> list[str]:
    return list(Message.objects.filter(author="bot").order_by("pk").values_list("text", flat=True))


def before(row: Booking, hours: float) -> int:
    return tasks.remind(row.begins_at - timedelta(hours=hours))


def test_each_reminder_is_said_once(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    assert [before(row, hours) for hours in (25, 23.9, 23.8, 2.1, 1.9, 1.8, 0.1)] == [0, 1, 0, 0, 1, 0, 0]
    row.refresh_from_db()
    assert (sorted(row.reminded), row.remind_at, row.unreached) == ([2, 24], None, "")
    assert "Wir erinnern Sie an Ihren Termin" in said()[0]
    assert "Rathaus, Zimmer 12" in said()[0]
    assert row.shown_code in said()[0]


def test_in_the_citizens_language_and_by_du(town: Organisation, offer: Offer, paula: Address) -> None:
    before(booked(offer, citizen(paula.channel, "john", "en")), 20)
    assert "A reminder of your appointment" in said()[-1]
    town.address_form = "du"
    town.save()
    before(booked(offer, paula), 20)
    assert "Wir erinnern dich an deinen Termin" in said()[-1]


def test_what_a_crash_undid_is_said_by_the_next_look(offer: Offer, paula: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    row, whole = booked(offer, paula), telling.tell

    def half(*args: object, **more: object) -> bool:
        whole(*args, **more)
        raise RuntimeError("the power failed before the commit")

    monkeypatch.setattr(telling, "tell", half)
    with pytest.raises(RuntimeError):
        before(row, 20)
    assert said() == []
    monkeypatch.setattr(telling, "tell", whole)
    assert before(row, 20) == 1
    assert Outbound.objects.count() == len(said()) == 1


def test_who_was_away_hears_the_last_reminder_only_and_none_afterwards(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    assert before(row, 1) == 1
    assert sorted(Booking.objects.get().reminded) == [2, 24]
    other = booked(make_offer(offer.organisation, key="anderes"), paula)
    assert before(other, -0.1) == 0
    assert len(said()) == 1
    assert Booking.objects.get(pk=other.pk).remind_at is None


def test_whoever_books_late_is_not_reminded_in_the_same_minute(town: Organisation, paula: Address) -> None:
    soon = make_offer(town, key="bald", earliest_hours=0, reminders=[24 * 30])
    row = booked(soon, paula)
    assert (row.reminded, row.remind_at) == ([24 * 30], None)
    assert tasks.remind(timezone.now()) == 0


def test_moved_it_is_reminded_of_anew_and_cancelled_never(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula, slots(offer)[0])
    before(row, 20)
    row = actions.move(row, slots(offer)[-1].begins_at)
    assert before(row, 20) == 1
    actions.cancel(row)
    assert before(row, 1) == 0


def test_a_closed_window_is_noted_for_people(town: Organisation, offer: Offer) -> None:
    address = citizen(make_channel(town, "whatsapp"), "491700000000")
    row = booked(offer, address)
    Address.objects.update(last_inbound_at=timezone.now() - timedelta(days=3))
    assert before(row, 20) == 0
    row.refresh_from_db()
    assert (row.unreached, row.reminded) == ("reminder:window_closed", [24])
    assert not Outbound.objects.exists()
    Address.objects.update(last_inbound_at=timezone.now())
    assert before(row, 1) == 1
    row.refresh_from_db()
    assert row.unreached == ""


def test_an_approved_template_passes_the_closed_window(town: Organisation, offer: Offer) -> None:
    channel = make_channel(town, "whatsapp")
    offer.template = "termin_erinnerung"
    offer.save()
    template = {"name": "termin_erinnerung", "language": "de", "body": "{{1}} am {{2}}", "variables": ["1", "2"], "status": "APPROVED"}
    MessageTemplate.objects.create(
        channel=channel, name="termin_erinnerung", language="de", category="UTILITY", status="APPROVED", template=template,
        synced_at=timezone.now(),
    )  # fmt: skip
    assert approved.names(town, telling.VALUES) == ["termin_erinnerung"]
    row = booked(offer, citizen(channel, "491700000000"))
    Address.objects.update(last_inbound_at=timezone.now() - timedelta(days=3))
    assert before(row, 20) == 1
    assert Message.objects.get(author="bot").data["template"] == "termin_erinnerung"
    assert said()[0].startswith("Ausweis beantragen am ")


def test_after_stop_the_appointment_stays_and_nobody_reminds(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    contacts.stop(paula.contact, evidence="m1", channel=paula.channel)
    assert before(row, 20) == 0
    row.refresh_from_db()
    assert (row.state, row.unreached) == ("booked", "reminder:stopped")


def test_somebody_on_the_telephone_is_not_written_to(offer: Offer, andrea: Membership) -> None:
    row = actions.book_for(offer, slots(offer)[0].begins_at, Person(name="Frau Beispiel"), operator=andrea.operator)
    assert before(row, 20) == 0
    assert said() == []


def test_where_the_address_is_gone_the_newest_other_is_taken(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    Booking.objects.update(address=None)
    assert before(row, 20) == 1
    assert Message.objects.get(author="bot").address == paula


def test_the_clock_frees_and_reminds(offer: Offer, paula: Address) -> None:
    actions.hold(offer, slots(offer)[0].begins_at, paula.contact, paula)
    Booking.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    tasks.look(timestamp=0)
    assert Booking.objects.get().state == "cancelled"
