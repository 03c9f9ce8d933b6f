"""Held, booked, moved, cancelled: never two at one desk at one time, whatever happens at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Organisation
from buergerdraht.appointments import actions, reading, times
from buergerdraht.appointments.actions import Person, Taken
from buergerdraht.appointments.models import Booking, Closure, Offer
from buergerdraht.appointments.tests.conftest import EVERY_DAY, booked, citizen, make_channel, make_offer, make_town, slots
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway.models import Channel


def test_held_then_booked(offer: Offer, paula: Address) -> None:
    slot = slots(offer)[0]
    row = actions.hold(offer, slot.begins_at, paula.contact, paula)
    assert (row.state, row.desk, row.begins_at, row.ends_at) == ("held", 1, slot.begins_at, slot.ends_at)
    assert slots(offer)[0].free == 1
    row = actions.confirm(row, note="Bitte barrierefrei")
    assert (row.state, row.held_until, row.note) == ("booked", None, "Bitte barrierefrei")
    assert list(reading.of(paula.contact)) == [row]
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["appointments.hold", "appointments.confirm"]


def test_nothing_a_citizen_said_stands_open_in_the_table(offer: Offer, paula: Address) -> None:
    actions.confirm(actions.hold(offer, slots(offer)[0].begins_at, paula.contact, paula), note="Mein Rollstuhl ist breit")
    with connection.cursor() as cursor:
        cursor.execute("SELECT b::text FROM appointments_booking b")
        assert "Rollstuhl" not in cursor.fetchone()[0]
        cursor.execute("SELECT note FROM appointments_booking")
        assert b"Rollstuhl" not in bytes(cursor.fetchone()[0])


def test_all_desks_then_none(offer: Offer, channel: Channel) -> None:
    slot = slots(offer)[0]
    assert [booked(offer, citizen(channel, who), slot).desk for who in ("paula", "otto")] == [1, 2]
    with pytest.raises(Taken) as refused:
        booked(offer, citizen(channel, "emil"), slot)
    assert refused.value.reason == "taken"
    assert slots(offer)[0].begins_at > slot.begins_at


def test_an_odd_time_is_not_offered(offer: Offer, paula: Address) -> None:
    begins = slots(offer)[0].begins_at
    for wrong in (
        begins + timedelta(minutes=5),
        begins - timedelta(hours=3),
        timezone.now() + timedelta(minutes=10),
        begins + timedelta(days=60),
    ):
        with pytest.raises(Taken) as refused:
            actions.hold(offer, wrong, paula.contact, paula)
        assert refused.value.reason == "not_offered"


def test_closed_days_holidays_and_closures_offer_nothing(town: Organisation, offer: Offer) -> None:
    day, other, third = (slots(offer)[0].day + timedelta(days=n) for n in range(3))
    town.closed_days = [day.isoformat()]
    town.save()
    Closure.objects.create(organisation=town, first=other, last=other, reason="Betriebsausflug")
    Closure.objects.create(organisation=town, offer=make_offer(town, key="anderes"), first=third, last=third)
    offer.refresh_from_db()
    free = {slot.day for slot in slots(offer)}
    assert day not in free
    assert other not in free
    assert third in free
    with pytest.raises(Taken):
        actions.hold(offer, times.moment(other, times.time(8)), Contact.objects.create(organisation=town), None)
    assert date(2026, 12, 25) in reading.closed(offer, date(2026, 12, 20), date(2027, 1, 2))
    assert date(2027, 1, 1) in reading.closed(offer, date(2026, 12, 20), date(2027, 1, 2))


def test_days_count_what_is_free_and_leave_full_ones_out(town: Organisation, channel: Channel) -> None:
    small = make_offer(
        town, key="klein", capacity=1, rules=[{**EVERY_DAY[0], "weekday": day, "end": "08:40"} for day in range(7)], per_contact=9
    )
    before = {each.date: each.free for each in reading.days(small)}
    day = slots(small)[0].day
    assert before[day] == 2
    for slot in [slot for slot in slots(small) if slot.day == day]:
        booked(small, citizen(channel, "paula"), slot)
    after = {each.date: each.free for each in reading.days(small)}
    assert day not in after
    assert len(after) == len(before) - 1
    assert len(reading.free(small, *reading.span(day + timedelta(days=1)), limit=1)) == 1


def test_only_so_many_per_person(offer: Offer, paula: Address) -> None:
    booked(offer, paula)
    with pytest.raises(Taken) as refused:
        booked(offer, paula, slots(offer)[5])
    assert refused.value.reason == "limit"


def test_who_holds_another_time_lets_the_first_go(offer: Offer, paula: Address) -> None:
    first, second = slots(offer)[:2]
    row = actions.hold(offer, first.begins_at, paula.contact, paula)
    actions.hold(offer, second.begins_at, paula.contact, paula)
    row.refresh_from_db()
    assert (row.state, row.ended_by) == ("cancelled", "citizen")
    assert slots(offer)[0] == first


def test_what_is_held_too_long_is_free_at_once_and_by_the_clock(offer: Offer, channel: Channel) -> None:
    slot = slots(offer)[0]
    held = [actions.hold(offer, slot.begins_at, address.contact, address) for address in (citizen(channel, "a"), citizen(channel, "b"))]
    Booking.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert slots(offer)[0] == slot
    row = actions.hold(offer, slot.begins_at, citizen(channel, "c").contact, None)
    assert row.desk == 1
    assert {*Booking.objects.filter(pk__in=[each.pk for each in held]).values_list("state", "ended_by")} == {("cancelled", "clock")}
    assert actions.free_held(timezone.now()) == 0
    assert actions.free_held(timezone.now() + timedelta(minutes=11)) == 1
    assert actions.free_held(timezone.now() + timedelta(minutes=11)) == 0


def test_who_took_too_long_gets_it_where_nobody_was_faster(offer: Offer, channel: Channel) -> None:
    offer.capacity = 1
    offer.save()
    slot, paula, otto = slots(offer)[0], citizen(channel, "paula"), citizen(channel, "otto")
    row = actions.hold(offer, slot.begins_at, paula.contact, paula)
    Booking.objects.update(held_until=timezone.now() - timedelta(minutes=1))
    actions.free_held(timezone.now())
    assert actions.confirm(row).state == "booked"
    actions.cancel(row)
    row = actions.hold(offer, slot.begins_at, paula.contact, paula)
    actions.free_held(timezone.now() + timedelta(hours=1))
    booked(offer, otto, slot)
    with pytest.raises(Taken):
        actions.confirm(row)


def test_confirmed_twice_is_booked_once(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    assert actions.confirm(row) == row
    assert AuditEntry.objects.filter(action="appointments.confirm").count() == 1


def test_moved_the_old_time_is_free_and_calendars_learn_of_it(offer: Offer, paula: Address) -> None:
    first, second = slots(offer)[:2]
    row = actions.move(booked(offer, paula, first), second.begins_at)
    assert (row.begins_at, row.ends_at, row.sequence) == (second.begins_at, second.ends_at, 1)
    assert [slot.free for slot in slots(offer)[:2]] == [2, 1]


def test_a_move_to_a_taken_time_leaves_the_old_one(offer: Offer, channel: Channel, paula: Address) -> None:
    offer.capacity = 1
    offer.save()
    first, second = slots(offer)[:2]
    row = booked(offer, paula, first)
    booked(offer, citizen(channel, "otto"), second)
    with pytest.raises(Taken):
        actions.move(row, second.begins_at)
    row.refresh_from_db()
    assert (row.begins_at, row.state, row.sequence) == (first.begins_at, "booked", 0)


def test_moved_to_an_overlapping_time_ones_own_place_does_not_count(town: Organisation, paula: Address) -> None:
    long = make_offer(town, key="lang", capacity=1, minutes=60)
    row = booked(long, paula)
    long.minutes = 40
    long.save()
    nearby = next(slot for slot in reading.slots(long, *reading.span(slots(long)[0].day)) if slot.begins_at > row.begins_at)
    assert actions.move(row, nearby.begins_at).begins_at == nearby.begins_at


def test_cancelled_is_free_and_cannot_be_cancelled_again(offer: Offer, paula: Address, andrea: Membership) -> None:
    row = actions.cancel(booked(offer, paula), operator=andrea.operator)
    assert (row.state, row.ended_by, row.sequence) == ("cancelled", "operator", 1)
    assert slots(offer)[0].free == 2
    with pytest.raises(Taken) as refused:
        actions.cancel(row)
    assert refused.value.reason == "over"


def test_by_hand_the_lead_time_and_the_number_do_not_bind(offer: Offer, paula: Address, andrea: Membership) -> None:
    offer.earliest_hours, offer.latest_days = 500, 1
    offer.save()
    slot = next(iter(reading.slots(offer, *reading.span(timezone.localdate() + timedelta(days=2)))))
    for person in (Person(contact=paula.contact, address=paula), Person(name="Frau Müller, Telefon")):
        row = actions.book_for(offer, slot.begins_at, person, operator=andrea.operator)
        assert (row.state, row.operator) == ("booked", andrea.operator)
    with pytest.raises(Taken):
        actions.book_for(offer, slot.begins_at, Person(name="Herr Zuviel"), operator=andrea.operator)


def test_how_it_went_and_back(offer: Offer, paula: Address, andrea: Membership) -> None:
    row = booked(offer, paula)
    assert actions.missed(row, operator=andrea.operator).state == "missed"
    assert actions.reopen(row, operator=andrea.operator).state == "booked"
    assert actions.done(row, operator=andrea.operator).state == "done"
    with pytest.raises(Taken):
        actions.move(row, slots(offer)[3].begins_at)
    assert AuditEntry.objects.filter(action__startswith="appointments.", operator=andrea.operator).count() == 3


def test_an_offer_whose_times_changed_gives_nobody_an_occupied_desk(offer: Offer, channel: Channel, paula: Address) -> None:
    offer.capacity = 1
    offer.save()
    row = booked(offer, paula, slots(offer)[1])  # 08:20 to 08:40
    offer.minutes = 30
    offer.save()
    same_day = [slot for slot in slots(offer) if slot.day == row.begins_at.date()]
    assert all(slot.ends_at <= row.begins_at or slot.begins_at >= row.ends_at for slot in same_day)


def test_the_table_itself_refuses_two_at_one_desk(offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    for shift, wrong in ((0, {"held_until": None}), (7, {})):
        begins = row.begins_at + timedelta(minutes=shift)
        with pytest.raises(IntegrityError), transaction.atomic():
            Booking.objects.create(
                organisation=offer.organisation, offer=offer, begins_at=begins, ends_at=begins + timedelta(minutes=20), desk=row.desk,
                state="booked", **wrong,
            )  # fmt: skip
    begins = row.ends_at  # the one that follows is welcome, and so is the next desk
    for desk, at in ((row.desk, row.ends_at), (row.desk + 1, row.begins_at)):
        Booking.objects.create(
            organisation=offer.organisation, offer=offer, begins_at=at, ends_at=at + timedelta(minutes=20), desk=desk, state="booked"
        )


def test_merged_and_parted_people_keep_what_they_booked(offer: Offer, channel: Channel, paula: Address) -> None:
    other = citizen(channel, "paula-zwei")
    row = booked(offer, other)
    contacts.absorb(paula.contact, other.contact)
    row.refresh_from_db()
    assert row.contact == paula.contact
    new = Contact.objects.create(organisation=offer.organisation)
    contacts.parted.send(Contact, old=paula.contact, new=new, address=Address.objects.get(pk=row.address_id))
    row.refresh_from_db()
    assert row.contact == new


# ── At once ───────────────────────────────────────────────────────────────


def at_once(count: int, verb: Callable[[int], object]) -> list[str]:
    """Let so many do the same at one time, each on a connection of their own; what became of each."""

    ready = threading.Barrier(count)

    def one(number: int) -> str:
        ready.wait()
        try:
            verb(number)
        except Taken as refused:
            return refused.reason
        finally:
            connection.close()
        return "had"

    with ThreadPoolExecutor(count) as crowd:
        return list(crowd.map(one, range(count)))


def alone() -> int:
    """Count the pairs at one desk that overlap."""
    rows = list(Booking.objects.filter(state__in=Booking.ALIVE).order_by("desk", "begins_at").values_list("desk", "begins_at", "ends_at"))
    return sum(one[0] == other[0] and other[1] < one[2] for one, other in pairwise(rows))


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_reach_for_two_desks_two_get_one() -> None:
    town = make_town()
    offer, channel = make_offer(town), make_channel(town)
    people, slot = [citizen(channel, f"c{number}") for number in range(20)], slots(offer)[0]
    became = at_once(20, lambda number: actions.hold(offer, slot.begins_at, people[number].contact, people[number]))
    assert Counter(became) == {"had": 2, "taken": 18}
    assert sorted(Booking.objects.values_list("desk", flat=True)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_one_person_in_twenty_places_at_once_has_one_time() -> None:
    town = make_town()
    offer, channel = make_offer(town, capacity=20), make_channel(town)
    paula, some = citizen(channel, "paula"), slots(offer)[:20]

    def book(number: int) -> None:
        actions.confirm(actions.hold(offer, some[number].begins_at, Contact.objects.get(pk=paula.contact_id), paula))

    became = at_once(20, book)
    assert Booking.objects.filter(state="booked").count() == 1, became


@pytest.mark.django_db(transaction=True)
def test_twenty_who_move_at_once_never_share_a_desk_and_nobody_loses_their_place() -> None:
    town = make_town()
    offer, channel = make_offer(town), make_channel(town)
    some = slots(offer)[:15]
    rows = [booked(offer, citizen(channel, f"c{number}"), some[number // 2]) for number in range(20)]
    became = at_once(20, lambda number: actions.move(Booking.objects.get(pk=rows[number].pk), some[(number * 7) % 15].begins_at))
    assert set(became) <= {"had", "taken"}
    assert Booking.objects.filter(state="booked").count() == 20
    assert alone() == 0
