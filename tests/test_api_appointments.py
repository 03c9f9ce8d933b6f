"""What can be booked and who has which time, as another system reads it and frees it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from tests.api_town import Caller, Town, citizen, problem, token, town, walk

from buergerdraht.accounts.models import AuditEntry, Team
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.conversations import confidential
from buergerdraht.conversations.models import Conversation, Desk
from buergerdraht.gateway.models import Outbound


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


def by_telephone(of: Town) -> Booking:
    """A time of somebody we only know by name."""
    begins = timezone.now() + timedelta(days=2)
    return Booking.objects.create(
        organisation=of.organisation, offer=of.offer, begins_at=begins, ends_at=begins + timedelta(minutes=20), desk=1, state="booked",
        name="Frau Geheim",
    )  # fmt: skip


def test_offers_are_listed_with_their_words_and_those_laid_aside_only_where_asked_for(here: Town, caller: Caller) -> None:
    Offer.objects.create(organisation=here.organisation, key="trauung", title={"de": "Trauung"}, active=False, team=here.team)
    assert [row["key"] for row in walk(caller, "/offers")] == ["ausweis", "trauung"]
    assert [row["key"] for row in walk(caller, "/offers", active=True)] == ["ausweis"]
    said = caller.get(f"/offers/{here.offer.pk}").json()
    assert (said["title"]["en"], said["kind"], said["minutes"], said["capacity"]) == ("Apply for an ID card", "place", 20, 1)


def test_bookings_name_a_contact_by_number_and_nobody_by_name(here: Town, caller: Caller) -> None:
    other = by_telephone(here)
    rows = walk(caller, "/bookings", limit=1)
    assert [(row["id"], row["contact"], row["state"]) for row in rows] == [
        (here.booking.pk, here.contact.pk, "booked"), (other.pk, None, "booked"),
    ]  # fmt: skip
    assert rows[0] == caller.get(f"/bookings/{here.booking.pk}").json()
    said = json.dumps(rows)
    assert "Geheim" not in said
    assert "Kinderwagen" not in said
    assert "Mia" not in said


def test_bookings_are_found_by_what_was_asked_for(here: Town, caller: Caller) -> None:
    other = by_telephone(here)
    Booking.objects.filter(pk=other.pk).update(state="done")
    tomorrow = timezone.now() + timedelta(hours=36)
    code = here.booking.shown_code.lower()
    wishes = ({"contact": here.contact.pk}, {"state": "booked"}, {"code": code}, {"code": code.replace("-", "")},
              {"begins_before": tomorrow.isoformat()})  # fmt: skip
    for wish in wishes:
        assert [row["id"] for row in walk(caller, "/bookings", **wish)] == [here.booking.pk], wish
    assert [row["id"] for row in walk(caller, "/bookings", begins_since=tomorrow.isoformat())] == [other.pk]
    assert len(walk(caller, "/bookings", offer=here.offer.pk)) == 2
    assert walk(caller, "/bookings", offer=here.offer.pk + 1) == []
    problem(caller.get("/bookings", status="booked"), 422, "invalid")


def test_a_time_is_freed_once_and_the_citizen_hears_it_once(here: Town, caller: Caller) -> None:
    path, wish = f"/bookings/{here.booking.pk}/cancel", {"word": "Morgen ist zu."}
    said = caller.post(path, wish, key="eins").json()
    assert (said["state"], said["ended_by"], said["unreached"]) == ("cancelled", "operator", "")
    assert caller.post(path, wish, key="eins").json() == said
    assert "Morgen ist zu." in Outbound.objects.get().content.content["text"]
    entry = AuditEntry.objects.get(action="appointments.cancel")
    assert (entry.operator.name if entry.operator else "", entry.subject) == ("Ratsinfo", f"booking:{here.booking.pk}")
    assert problem(caller.post(path, wish), 409, "over")["detail"]
    assert Outbound.objects.count() == 1


def test_who_may_not_be_written_to_is_told_of_and_with_tell_false_nobody_hears(here: Town, caller: Caller) -> None:
    type(here.address).objects.update(state="blocked")
    assert caller.post(f"/bookings/{here.booking.pk}/cancel", {}).json()["unreached"].startswith("called_off:")
    said = caller.post(f"/bookings/{by_telephone(here).pk}/cancel", {"tell": False}).json()
    assert (said["state"], said["unreached"]) == ("cancelled", "")
    assert not Outbound.objects.exists()


def test_what_is_booked_beside_a_confidential_thread_does_not_exist(here: Town, caller: Caller) -> None:
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    other = by_telephone(here)
    assert [row["id"] for row in walk(caller, "/bookings")] == [other.pk]
    assert walk(caller, "/bookings", code=here.booking.code) == []
    problem(caller.get(f"/bookings/{here.booking.pk}"), 404)
    problem(caller.post(f"/bookings/{here.booking.pk}/cancel", {}), 404)
    assert Booking.objects.get(pk=here.booking.pk).state == "booked"


def test_where_teams_are_apart_a_token_sees_what_is_booked_by_its_people(here: Town) -> None:
    ours, theirs = (Team.objects.create(organisation=here.organisation, name=name) for name in ("Bürgeramt", "Bauamt"))
    Desk.objects.create(organisation=here.organisation, teams_apart=True)
    caller = Caller(token(here, teams=[ours])[1])
    for team, seen in ((None, True), (ours, True), (theirs, False)):
        Conversation.objects.update(team=team)
        assert bool(walk(caller, "/bookings")) is seen
    stranger, _address, thread = citizen(here.organisation, here.channel, "Ole Muster")
    Booking.objects.filter(pk=here.booking.pk).update(contact=stranger)
    Conversation.objects.filter(pk=thread.pk).update(team=ours)
    assert bool(walk(caller, "/bookings")) is True


def free_times(of: Town, caller: Caller) -> list[str]:
    return [row["begins_at"] for row in caller.get(f"/offers/{of.offer.pk}/times", limit=200).json()["items"]]


def test_free_times_come_in_pages_and_leave_out_what_citizens_may_not_book(here: Town, caller: Caller) -> None:
    Offer.objects.filter(pk=here.offer.pk).update(earliest_hours=48, latest_days=4)
    path, now, since, found = f"/offers/{here.offer.pk}/times", timezone.now(), None, []
    while True:
        said = caller.get(path, limit=7, **({"since": since} if since else {})).json()
        found += [row["begins_at"] for row in said["items"]]
        if (since := said["next"]) is None:
            break
    assert found == sorted(set(found)) == free_times(here, caller)
    assert now + timedelta(hours=48) <= datetime.fromisoformat(found[0]) < now + timedelta(days=4)
    assert datetime.fromisoformat(found[-1]) < now + timedelta(days=5)
    assert [row["begins_at"] for row in caller.get(path, since=found[3], until=found[5]).json()["items"]] == found[3:5]
    problem(caller.get(path, bis=found[3]), 422, "invalid")
    Offer.objects.filter(pk=here.offer.pk).update(active=False)
    assert free_times(here, caller) == []


def test_a_time_is_booked_once_for_a_contact_who_hears_of_it(here: Town, caller: Caller) -> None:
    at = free_times(here, caller)[4]
    wish = {"offer": here.offer.pk, "begins_at": at, "contact": here.contact.pk, "note": "Kommt mit Kind"}
    first = caller.post("/bookings", wish, key="eins")
    assert first.status_code == 201
    said = first.json()
    assert (said["begins_at"], said["state"], said["contact"], said["unreached"]) == (at, "booked", here.contact.pk, "")
    again = caller.post("/bookings", wish, key="eins")
    assert (again.json(), again["Idempotency-Replayed"]) == (said, "true")
    assert Outbound.objects.count() == 1
    row = Booking.objects.get(pk=said["id"])
    assert (row.note, row.operator.name if row.operator else "") == ("Kommt mit Kind", "Ratsinfo")
    assert AuditEntry.objects.filter(action="appointments.book", actor="Ratsinfo").count() == 1
    assert at not in free_times(here, caller)
    problem(caller.post("/bookings", wish, key="zwei"), 409, "taken")
    problem(caller.post("/bookings", wish | {"note": "anders"}, key="eins"), 422, "key_reused")


def test_whoever_is_booked_by_name_is_shown_to_no_system(here: Town, caller: Caller) -> None:
    at = free_times(here, caller)[0]
    said = caller.post("/bookings", {"offer": here.offer.pk, "begins_at": at, "name": "  Frau   Geheim ", "note": "Rollstuhl"}).json()
    assert (said["contact"], Booking.objects.get(pk=said["id"]).name) == (None, "Frau Geheim")
    assert "Geheim" not in json.dumps([said, *walk(caller, "/bookings")])
    assert not Outbound.objects.exists()


def test_a_system_books_under_the_rules_of_citizens(here: Town, caller: Caller) -> None:
    times = free_times(here, caller)
    wish = {"offer": here.offer.pk, "begins_at": times[0], "contact": here.contact.pk}
    for at in ("2026-01-05T09:00:00+01:00", times[0].replace(":00Z", ":07Z"), "2199-01-05T09:00:00+01:00"):
        problem(caller.post("/bookings", wish | {"begins_at": at}), 409, "not_offered")
    Offer.objects.filter(pk=here.offer.pk).update(earliest_hours=24 * 20)
    problem(caller.post("/bookings", wish), 409, "not_offered")
    problem(caller.post(f"/bookings/{here.booking.pk}/move", {"begins_at": times[0]}), 409, "not_offered")
    Offer.objects.filter(pk=here.offer.pk).update(earliest_hours=24, per_contact=1)
    problem(caller.post("/bookings", wish), 409, "limit")
    Booking.objects.filter(pk=here.booking.pk).update(state="held", held_until=timezone.now() + timedelta(minutes=9))
    problem(caller.post("/bookings", wish), 409, "limit")  # they are about to confirm it in the chat
    Offer.objects.filter(pk=here.offer.pk).update(active=False)
    problem(caller.post("/bookings", wish), 409, "not_offered")
    assert Booking.objects.count() == 1


def test_a_booking_names_one_person_and_an_offer_that_are_there(here: Town, caller: Caller) -> None:
    other = town("nachbarstadt")
    wish = {"offer": here.offer.pk, "begins_at": free_times(here, caller)[0], "contact": here.contact.pk}
    for change, field in (({"contact": None}, "contact"), ({"name": "Ole"}, "contact"), ({"contact": other.contact.pk}, "contact"),
                          ({"offer": other.offer.pk}, "offer"), ({"begins_at": "morgen"}, "begins_at")):  # fmt: skip
        said = problem(caller.post("/bookings", wish | change), 422, "invalid")
        assert [each["field"] for each in said["errors"]] == [field]
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    problem(caller.post("/bookings", wish), 422, "invalid")
    assert Booking.objects.filter(organisation=here.organisation).count() == 1


def test_a_booking_moves_once_and_keeps_its_time_where_the_new_one_is_gone(here: Town, caller: Caller) -> None:
    times, path = free_times(here, caller), f"/bookings/{here.booking.pk}/move"
    wish = {"begins_at": times[0], "word": "Der Schalter ist krank."}
    said = caller.post(path, wish, key="eins").json()
    assert (said["begins_at"], said["state"], said["code"]) == (times[0], "booked", here.booking.shown_code)
    assert caller.post(path, wish, key="eins").json() == said
    assert "Der Schalter ist krank." in Outbound.objects.get().content.content["text"]
    again = caller.post(path, wish).json()
    assert again == said, "moved to where it is, nobody is told a second time"
    other = caller.post("/bookings", {"offer": here.offer.pk, "begins_at": times[5], "name": "Ole"}).json()
    problem(caller.post(f"/bookings/{other['id']}/move", {"begins_at": times[0]}), 409, "taken")
    assert caller.get(f"/bookings/{other['id']}").json()["begins_at"] == times[5]
    assert caller.post(f"/bookings/{other['id']}/cancel", {}).status_code == 200
    problem(caller.post(f"/bookings/{other['id']}/move", {"begins_at": times[6]}), 409, "over")
    assert Outbound.objects.count() == 1


def test_of_two_systems_that_want_the_last_desk_one_gets_it(here: Town) -> None:
    """The lock of the offer decides; here the second comes after the first has committed its row, with a list read before."""
    one, two = (Caller(token(here, name=name)[1]) for name in ("Onlinedienst", "Telefonanlage"))
    seen = free_times(here, two)
    wish = {"offer": here.offer.pk, "begins_at": seen[3]}
    assert one.post("/bookings", wish | {"name": "Ole"}).status_code == 201
    problem(two.post("/bookings", wish | {"name": "Ida"}), 409, "taken")
    Offer.objects.filter(pk=here.offer.pk).update(capacity=2)
    assert two.post("/bookings", wish | {"name": "Ida"}).json()["desk"] == 2
