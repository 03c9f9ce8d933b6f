"""What can be booked and who has which time, as another system reads it and frees it."""

from __future__ import annotations

import json
from datetime import timedelta

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
