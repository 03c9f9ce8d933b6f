"""The screens: planning, the hall, who may, and the public page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Organisation, Team
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.consultations import actions
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.consultations.tests.conftest import Say, member

DESK = "/o/musterstadt/sprechstunden/"


def signed_in(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.operator)
    return client


def wish(team: Team, **fields: str) -> dict[str, str]:
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    values = {"title": "Abendsprechstunde", "host": "Bürgermeisterin Anna Muster", "day": day, "begins": "18:00", "ends": "20:00"}
    return {**values, "team": str(team.pk), "places": "20", **fields}


def test_nothing_planned_says_what_to_do(andrea: Membership) -> None:
    assert "Keine Sprechstunde geplant" in signed_in(andrea).get(DESK).content.decode()


def test_planned_published_and_announced(andrea: Membership, team: Team) -> None:
    client = signed_in(andrea)
    page = client.post(f"{DESK}neu/", wish(team), follow=True).content.decode()
    row = Consultation.objects.get()
    assert row.state == "draft"
    assert "Niemand weiß davon" in page
    assert timezone.localtime(row.begins_at).hour == 18
    client.post(f"{DESK}{row.pk}/aendern/", wish(team, begins="17:30", veroeffentlichen="1"))
    row.refresh_from_db()
    assert (row.state, timezone.localtime(row.begins_at).minute) == ("planned", 30)
    answer = client.post(f"{DESK}{row.pk}/ankuendigen/")
    assert answer["Location"] == f"/o/musterstadt/rundnachrichten/{Broadcast.objects.get().pk}/"


def test_what_is_wrong_is_said_beside_the_field(andrea: Membership, team: Team) -> None:
    answer = signed_in(andrea).post(f"{DESK}neu/", wish(team, ends="17:00"))
    assert answer.status_code == 422
    assert "Das Ende muss nach dem Beginn liegen." in answer.content.decode()
    assert not Consultation.objects.exists()


def test_a_team_of_another_house_is_refused(andrea: Membership) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis")
    team = Team.objects.create(organisation=other, name="Fremd")
    assert signed_in(andrea).post(f"{DESK}neu/", wish(team)).status_code == 422


def test_the_hall_shows_who_waits_and_next_opens_the_thread(
    say: Say, hour: Consultation, guest: Callable[[str], str], andrea: Membership
) -> None:
    guest("paula")
    say("paula", "Meine IBAN ist DE89 3704 0044 0532 0130 00, wann kommt das Geld?")
    client = signed_in(andrea)
    actions.begin(hour)
    page = client.get(f"{DESK}{hour.pk}/").content.decode()
    assert "Paula Beispiel" in page
    assert "wann kommt das Geld?" in page
    assert "0532 0130 00" not in page
    answer = client.post(f"{DESK}{hour.pk}/naechste/")
    row = Guest.objects.select_related("contact__conversation").get()
    assert answer["Location"] == f"/o/musterstadt/posteingang/{row.contact.conversation.pk}/"
    assert "bei Ihnen" in client.get(f"{DESK}{hour.pk}/schlange/").content.decode()
    client.post(f"{DESK}{hour.pk}/gast/{row.pk}/fertig/")
    row.refresh_from_db()
    assert row.state == "done"
    assert "Gerade wartet niemand" in client.post(f"{DESK}{hour.pk}/naechste/", follow=True).content.decode()


def test_a_reason_is_asked_for(hour: Consultation, guest: Callable[[str], str], andrea: Membership) -> None:
    guest("paula")
    guest("otto")
    client, row = signed_in(andrea), Guest.objects.order_by("number").last()
    assert row
    page = client.post(f"{DESK}{hour.pk}/gast/{row.pk}/vor/", {"grund": ""}, follow=True).content.decode()
    assert "warum" in page
    client.post(f"{DESK}{hour.pk}/gast/{row.pk}/vor/", {"grund": "muss zum Zug"})
    row.refresh_from_db()
    assert row.place == -1


@pytest.mark.parametrize(
    ("role", "plans", "works"),
    [("administrator", True, False), ("editor", True, False), ("agent", False, True), ("viewer", False, False)],
)
def test_who_may_plan_and_who_may_work(hour: Consultation, team: Team, role: str, plans: bool, works: bool) -> None:
    client = signed_in(member(hour.organisation, "probe", [role], team))
    assert client.get(DESK).status_code == 200
    assert client.get(f"{DESK}{hour.pk}/").status_code == 200
    assert (client.get(f"{DESK}neu/").status_code == 200) is plans
    assert (client.post(f"{DESK}neu/", wish(team)).status_code == 302) is plans
    assert (client.post(f"{DESK}{hour.pk}/naechste/").status_code == 302) is works
    assert (client.post(f"{DESK}{hour.pk}/absagen/").status_code == 302) is plans


def test_a_hidden_guest_does_not_exist(hour: Consultation, guest: Callable[[str], str], andrea: Membership) -> None:
    guest("paula")
    row = Guest.objects.select_related("contact__conversation").get()
    row.contact.conversation.confidential = True
    row.contact.conversation.save()
    client = signed_in(andrea)
    assert "Paula" not in client.get(f"{DESK}{hour.pk}/").content.decode()
    assert client.post(f"{DESK}{hour.pk}/gast/{row.pk}/fertig/").status_code == 404


def test_the_public_page_lists_what_comes_and_no_drafts(hour: Consultation) -> None:
    assert "Bürgersprechstunde" in Client().get("/p/musterstadt/sprechstunde").content.decode()
    Consultation.objects.update(state="draft")
    assert "keine Sprechstunde geplant" in Client().get("/p/musterstadt/sprechstunde").content.decode()
