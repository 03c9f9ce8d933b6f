"""What becomes of a case, who hears it, and who may see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.cases import actions, ground, nearby, opening, persons, places, sight, states, telling
from buergerdraht.cases.models import Case, Category, Entry, Follower, Photo, Route, Shape, Told
from buergerdraht.cases.tests.conftest import AREA, Say, make_category, make_operator
from buergerdraht.contacts.models import Address, Contact, District
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import Channel, Media
from buergerdraht.privacy.erase import erase

State = Case.State


def report(category: Category, **fields: object) -> Case:
    return opening.open(opening.Matter(category=category, at=timezone.now(), **fields))


def citizen(channel: Channel, name: str, language: str = "de") -> Address:
    contact = Contact.objects.create(organisation=channel.organisation, name=name, language=language)
    return Address.objects.create(
        organisation=channel.organisation, contact=contact, channel=channel, address=name, address_hash=name.encode(),
        last_inbound_at=timezone.now(),
    )  # fmt: skip


def heard(address: Address) -> str:
    telling.go_on(timezone.now())
    rows = Message.objects.filter(conversation__contact=address.contact, author__in=["bot", "operator"]).order_by("pk")
    return "\n".join(rows.values_list("text", flat=True))


def test_numbers_have_no_gap_and_begin_anew_with_the_year_in_berlin(hole: Category) -> None:
    eve = datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
    opened = [opening.open(opening.Matter(category=hole, at=at)).number for at in (eve, eve, eve + timedelta(minutes=2))]
    assert opened == ["2026-00001", "2026-00002", "2027-00001"]
    late = opening.open(opening.Matter(category=hole, at=eve))
    assert late.number == "2027-00002"  # a late one does not reach back


def test_it_goes_to_the_team_of_its_district_else_of_its_category(town: Organisation, hole: Category, yard: Team) -> None:
    north = District.objects.create(organisation=town, name="Nord")
    Shape.objects.create(
        district=north, area={"type": "Polygon", "coordinates": [[[7, 51.1], [7.2, 51.1], [7.2, 51.2], [7, 51.2], [7, 51.1]]]}
    )
    other = Team.objects.create(organisation=town, name="Bauhof Nord")
    Route.objects.create(category=hole, district=north, team=other)
    assert report(hole, latitude=51.15, longitude=7.1).team == other
    assert report(hole, latitude=51.05, longitude=7.1).team == yard
    assert report(hole).team == yard


def test_the_deadline_counts_days_on_which_somebody_works(town: Organisation, hole: Category) -> None:
    town.office_hours = {day: [["08:00", "12:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    town.save()
    friday = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    hole.organisation, hole.days = town, 2
    assert opening.due(hole, friday) == datetime(2026, 12, 1, 9, 0, tzinfo=UTC)  # Monday, Tuesday


def test_everyone_who_follows_hears_a_step_once_and_in_their_language(hole: Category, kemal: Operator, channel: Channel) -> None:
    vera, tom = citizen(channel, "vera"), citizen(channel, "tom", "en")
    case = report(hole, contact=vera.contact, address=vera)
    actions.join(case, tom.contact, tom)
    actions.join(case, tom.contact, tom)
    actions.move(case, State.DONE, operator=kemal, words="Das Loch ist zu.")
    assert "ist erledigt" in heard(vera)
    assert "Das Loch ist zu." in heard(vera)
    assert "is done" in heard(tom)
    assert Told.objects.count() == 2
    case.refresh_from_db()
    assert case.done_at is not None
    assert case.answered_at is not None


def test_words_that_were_proposed_reach_everybody_in_their_language(hole: Category, kemal: Operator, channel: Channel) -> None:
    vera, tom = citizen(channel, "vera"), citizen(channel, "tom", "en")
    case = report(hole, contact=vera.contact, address=vera)
    actions.join(case, tom.contact, tom)
    actions.move(case, State.PROGRESS, operator=kemal, words="Der Auftrag ist erteilt.")
    assert "Der Auftrag ist erteilt." in heard(vera)
    assert "The work has been ordered." in heard(tom)
    actions.answer(case, "Wir kommen um drei.", operator=kemal)
    assert "Wir kommen um drei." in heard(tom)


def test_whom_we_may_not_write_to_is_noted_and_spoils_nobody(hole: Category, kemal: Operator, channel: Channel) -> None:
    vera, tom = citizen(channel, "vera"), citizen(channel, "tom")
    case = report(hole, contact=vera.contact, address=vera)
    actions.join(case, tom.contact, tom)
    Address.objects.filter(pk=vera.pk).update(state="blocked")
    actions.answer(case, "Wir kommen morgen.", operator=kemal)
    assert "Wir kommen morgen." in heard(tom)
    assert Told.objects.get(follower__contact=vera.contact).refused == "unreachable"


@pytest.mark.parametrize("now", State.values)
def test_only_what_follows_can_follow(hole: Category, kemal: Operator, now: str) -> None:
    first = report(hole)
    for then in State.values:
        case = report(hole)
        ended = timezone.now() if now in Case.CLOSED else None
        Case.objects.filter(pk=case.pk).update(state=now, done_at=ended, same_as=first if now == State.DUPLICATE else None)
        if then != State.DUPLICATE and states.may_follow(now, then):
            actions.move(case, then, operator=kemal)
            case.refresh_from_db()
            assert (case.done_at is not None) == (then in Case.CLOSED)
        else:
            with pytest.raises(actions.NotNow):
                actions.move(case, then, operator=kemal)


def test_a_double_takes_its_followers_along(hole: Category, kemal: Operator, channel: Channel) -> None:
    vera = citizen(channel, "vera")
    first, second = report(hole), report(hole, contact=vera.contact, address=vera)
    actions.double(second, first, operator=kemal)
    assert Follower.objects.filter(case=first, contact=vera.contact).exists()
    assert first.number in heard(vera)
    with pytest.raises(actions.NotNow):
        actions.double(first, second, operator=kemal)
    with pytest.raises(actions.NotNow):
        actions.double(first, first, operator=kemal)


def test_who_brought_it_can_say_that_it_is_not_done(hole: Category, kemal: Operator, channel: Channel) -> None:
    vera = citizen(channel, "vera")
    case = report(hole, contact=vera.contact, address=vera)
    with pytest.raises(actions.NotNow):
        actions.reopen(case, vera.contact)
    actions.move(case, State.DONE, operator=kemal)
    actions.reopen(case, vera.contact, text="Es ist noch da.")
    case.refresh_from_db()
    assert (case.state, case.done_at) == (State.PROGRESS, None)


def test_the_public_sees_what_a_person_released_and_can_be_taken_back(
    town: Organisation, hole: Category, kemal: Operator, channel: Channel
) -> None:
    vera, tom = citizen(channel, "vera"), citizen(channel, "tom")
    photo = Media.objects.create(organisation=town, kind="image", state="ready")
    case = report(hole, contact=vera.contact, address=vera, photos=[photo])
    row = Photo.objects.get()
    with pytest.raises(actions.NotNow):
        actions.release(case, "Schlagloch", [row.pk], operator=kemal)  # not covered yet
    Photo.objects.update(shown=Media.objects.create(organisation=town, kind="image", state="ready"))
    actions.release(case, "Schlagloch", [row.pk], operator=kemal)
    assert not actions.withdraw(case, tom.contact)
    assert actions.withdraw(case, vera.contact)
    case.refresh_from_db()
    assert (case.public, case.public_text, Photo.objects.get().released) == ("withdrawn", "", False)


def test_a_confidential_case_is_its_peoples_alone(town: Organisation, complaint: Category, kemal: Operator, channel: Channel) -> None:
    andrea = make_operator(town, "andrea", "administrator")
    photo = Media.objects.create(organisation=town, kind="image", state="ready")
    vera = citizen(channel, "vera")
    case = report(complaint, contact=vera.contact, address=vera, photos=[photo])
    mine, hers = Membership.objects.get(operator=kemal), Membership.objects.get(operator=andrea)
    assert list(sight.cases(mine)) == [case]
    assert list(sight.cases(hers)) == []
    assert sight.may_have_photo(mine, photo)
    assert not sight.may_have_photo(hers, photo)
    for refused in (
        lambda: actions.release(case, "…", [], operator=kemal),
        lambda: actions.join(case, citizen(channel, "tom").contact, vera),
        lambda: actions.assign(case, andrea, by=kemal),
    ):
        with pytest.raises(actions.NotNow):
            refused()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(public="released")


def test_of_two_near_ones_the_nearest_comes_first_and_the_corner_of_the_box_is_too_far(hole: Category) -> None:
    far, near = report(hole, latitude=51.1003, longitude=7.1), report(hole, latitude=51.1001, longitude=7.1)
    report(hole, latitude=51.1004, longitude=7.1006)  # within the box of 50 m, 61 m away
    old = report(hole, latitude=51.1, longitude=7.1)
    Case.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=31))
    assert nearby.alike(hole, 51.1, 7.1, now=timezone.now()) == [near, far]


def test_a_shape_that_is_none_is_refused_and_a_border_is_ours(town: Organisation) -> None:
    for wrong in (
        {},
        [],
        "Polygon",
        {"type": "Point", "coordinates": [7, 51]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
    ):
        with pytest.raises(ground.Unreadable):
            ground.read(wrong)
    assert ground.read(AREA).area > 0
    assert ground.inside(town, 51.0, 7.0)
    assert not ground.inside(town, 51.0, 6.9)


@pytest.mark.parametrize(("typed", "found"), [
    ("Marktstr. 12", ["Marktstraße 12"]), ("marktstrasse 14 A", ["Marktstraße 14a"]), ("Markstraße 12", ["Marktstraße 12"]),
    ("Marktstraße 99", ["Marktstraße 99"]), ("Bahnhofsweg 3", []), ("", []), ("12", []),
])  # fmt: skip
def test_a_typed_street_is_found_with_its_slips(town: Organisation, typed: str, found: list[str]) -> None:
    assert [spot.name for spot in places.find(town, typed)] == found


def test_stop_ends_what_is_heard_and_the_case_stays(hole: Category, kemal: Operator, channel: Channel, say: Say) -> None:
    vera = citizen(channel, "vera")
    case = report(hole, contact=vera.contact, address=vera)
    persons.on_stopped(None, contact=vera.contact)
    before = heard(vera)
    actions.move(case, State.DONE, operator=kemal)
    assert heard(vera) == before
    assert Case.objects.count() == 1


def test_two_contacts_that_become_one_follow_each_case_once(hole: Category, channel: Channel) -> None:
    vera, other = citizen(channel, "vera"), citizen(channel, "vera2")
    case = report(hole, contact=vera.contact, address=vera)
    actions.join(case, other.contact, other)
    persons.on_joined(None, into=vera.contact, other=other.contact)
    assert Follower.objects.filter(case=case).count() == 1


def test_what_was_done_long_ago_loses_the_person_and_keeps_its_number(
    town: Organisation, hole: Category, kemal: Operator, channel: Channel
) -> None:
    vera = citizen(channel, "vera")
    case = report(hole, contact=vera.contact, address=vera, text="Vor meinem Haus", place="Marktstraße 1")
    actions.move(case, State.DONE, operator=kemal, words="Erledigt, Frau Beispiel.")
    assert persons.forget(timezone.now() + timedelta(days=364), town.pk) == 0
    assert persons.forget(timezone.now() + timedelta(days=366), town.pk) == 1
    case.refresh_from_db()
    assert (case.number, case.text, case.contact, case.emptied) == (case.number, "", None, True)
    assert not Follower.objects.exists()
    assert not Entry.objects.exclude(told="", text="").exists()
    assert persons.forget(timezone.now() + timedelta(days=800), town.pk) == 0


def test_the_history_tells_every_step(town: Organisation, hole: Category, kemal: Operator) -> None:
    case = report(hole)
    other = Team.objects.create(organisation=town, name="Grünamt")
    actions.assign(case, kemal, by=kemal)
    actions.hand_on(case, other, operator=kemal, text="Bitte prüfen")
    actions.rank(case, 3, operator=kemal)
    actions.note(case, "Angerufen", operator=kemal)
    assert list(case.entries.order_by("pk").values_list("what", flat=True)) == ["opened", "assigned", "handed", "ranked", "note"]
    case.refresh_from_db()
    assert (case.team, case.operator, case.accepted_at, case.priority) == (other, None, None, 3)


def test_nothing_is_shared_between_towns(hole: Category) -> None:
    neighbour = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    foreign = make_category(neighbour, "pothole", "Schlagloch")
    report(foreign, latitude=51.1, longitude=7.1)
    assert nearby.alike(hole, 51.1, 7.1, now=timezone.now()) == []
    assert report(hole).number.endswith("00001")


def test_whoever_is_erased_leaves_a_number_and_takes_their_words_along(hole: Category, channel: Channel) -> None:
    vera, tom = citizen(channel, "vera"), citizen(channel, "tom")
    own = report(hole, contact=vera.contact, address=vera, text="Vor meinem Haus")
    other = report(hole, contact=tom.contact, address=tom, text="Am Bach")
    actions.join(other, vera.contact, vera)
    actions.add(other, vera.contact, text="Ich bin gestürzt.")
    erase(vera.contact, wish="citizen")
    own.refresh_from_db()
    other.refresh_from_db()
    assert (own.text, own.emptied, own.number) == ("", True, own.number)
    assert (other.text, other.entries.filter(text="Ich bin gestürzt.").count()) == ("Am Bach", 0)
