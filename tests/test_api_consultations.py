"""The mayor's hours and their queue, as another system reads them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.api_town import Caller, Town, citizen, problem, say, token, town, walk

from buergerdraht.accounts.models import AuditEntry, Team
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.conversations import confidential
from buergerdraht.conversations.models import Conversation, Desk


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


def waits(of: Town, name: str, state: str = "waiting", number: int = 2) -> tuple[Guest, Conversation]:
    contact, address, thread = citizen(of.organisation, of.channel, name)
    row = Guest.objects.create(
        organisation=of.organisation, consultation=of.consultation, contact=contact, address=address, state=state, number=number
    )
    return row, thread


def test_hours_are_found_by_state_and_time_and_drafts_are_nobodys_business(here: Town, caller: Caller) -> None:
    begins = timezone.now() - timedelta(days=30)
    old = Consultation.objects.create(
        organisation=here.organisation, title="Vorige", host="Bürgermeisterin Anna Muster", begins_at=begins,
        ends_at=begins + timedelta(hours=1), state="over", figures={"guests": 3, "done": 2, "missed": 1}, team=here.team,
    )  # fmt: skip
    draft = Consultation.objects.create(
        organisation=here.organisation, title="Entwurf", host="x", begins_at=begins, ends_at=begins + timedelta(hours=1)
    )
    both = [here.consultation.pk, old.pk]
    assert [row["id"] for row in walk(caller, "/consultations")] == both
    problem(caller.get(f"/consultations/{draft.pk}"), 404)
    problem(caller.get(f"/consultations/{draft.pk}/guests"), 404)
    now = timezone.now().isoformat()
    for wish, found in (({"state": "over"}, both[1:]), ({"team": here.team.pk}, both[1:]), ({"begins_since": now}, both[:1]),
                        ({"begins_before": now}, both[1:]), ({"state": "cancelled"}, [])):  # fmt: skip
        assert [row["id"] for row in walk(caller, "/consultations", **wish)] == found, wish
    problem(caller.get("/consultations", state="draft"), 422, "invalid")
    assert caller.get(f"/consultations/{old.pk}").json()["figures"] == {"guests": 3, "done": 2, "missed": 1}


def test_guests_stand_in_the_queue_by_number_and_without_a_name(here: Town, caller: Caller) -> None:
    talking, _thread = waits(here, "Ole Geheim", "talking")
    waits(here, "Ida Geheim", "signing", 3)
    said = caller.get(f"/consultations/{here.consultation.pk}").json()
    assert (said["waiting"], said["talking"]) == (1, 1)
    rows = walk(caller, f"/consultations/{here.consultation.pk}/guests", limit=1)
    assert [(row["id"], row["state"], row["questions"]) for row in rows] == [(here.guest.pk, "waiting", 1), (talking.pk, "talking", 0)]
    assert rows[0]["conversation"] == here.conversation.pk
    assert "Geheim" not in json.dumps(rows)
    assert [row["id"] for row in walk(caller, f"/consultations/{here.consultation.pk}/guests", state="talking")] == [talking.pk]
    assert [row["id"] for row in walk(caller, f"/consultations/{here.consultation.pk}/guests", contact=here.contact.pk)] == [here.guest.pk]


def test_questions_are_read_with_the_right_to_read_threads_and_the_log_says_so(here: Town, caller: Caller) -> None:
    path = f"/consultations/{here.consultation.pk}/guests/{here.guest.pk}/questions"
    here.guest.questions.add(say(here.conversation, "Meine IBAN ist DE89 3704 0044 0532 0130 00", flags=["iban"]))
    here.guest.questions.add(say(here.conversation, "Weg damit", deleted_at=timezone.now()))
    problem(Caller(token(here, "consultations:read")[1]).get(path), 403, "scope")
    assert not AuditEntry.objects.filter(action="conversations.read").exists()
    said = walk(caller, path)
    assert [(row["text"].split()[0], row["masked"]) for row in said] == [("Guten", False), ("Meine", True)]
    assert "3704" not in json.dumps(said)
    assert AuditEntry.objects.filter(action="conversations.read", actor="Ratsinfo").count() == 1


def test_guests_whose_thread_is_hidden_are_neither_listed_nor_counted(here: Town) -> None:
    ours, theirs = (Team.objects.create(organisation=here.organisation, name=name) for name in ("Rathaus", "Bauamt"))
    Desk.objects.create(organisation=here.organisation, teams_apart=True)
    caller, path = Caller(token(here, teams=[ours])[1]), f"/consultations/{here.consultation.pk}"

    def seen() -> tuple[int, int, int]:
        listed = len(walk(caller, f"{path}/guests"))
        return listed, caller.get(path).json()["waiting"], caller.get(f"{path}/guests/{here.guest.pk}/questions").status_code

    for team, expected in ((None, (1, 1, 200)), (ours, (1, 1, 200)), (theirs, (0, 0, 404))):
        Conversation.objects.update(team=team)
        assert seen() == expected, team
    Conversation.objects.update(team=None)
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    assert seen() == (0, 0, 404)
