"""How people walked through dialogs, as another system reads it."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone
from tests.api_town import Caller, Town, citizen, problem, token, town, walk, walked

from buergerdraht.accounts.models import AuditEntry, Team
from buergerdraht.conversations import confidential
from buergerdraht.conversations.models import Conversation, Desk
from buergerdraht.dialogs import sessions
from buergerdraht.dialogs.models import Dialog, Session
from buergerdraht.dialogs.walk import Walk


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


def test_walks_are_found_by_state_contact_and_time_and_tell_no_answers(here: Town, caller: Caller) -> None:
    contact, address, _thread = citizen(here.organisation, here.channel, "Ole Muster")
    other = Session.objects.create(
        organisation=here.organisation, dialog=here.dialog, version=here.walk.version, contact=contact, address=address, state="running",
        walk=msgspec.json.encode(Walk(frames=[])).decode(), step="frage", begun_by="link",
    )  # fmt: skip
    Session.objects.filter(pk=here.walk.pk).update(
        started_at=timezone.now() - timedelta(days=3), changed_at=timezone.now() - timedelta(days=2)
    )
    path = f"/dialogs/{here.dialog.pk}/walks"
    rows = walk(caller, path, limit=1)
    assert [(row["id"], row["state"], row["step"], row["begun_by"]) for row in rows] == [
        (here.walk.pk, "done", "strasse", "words"), (other.pk, "running", "frage", "link"),
    ]  # fmt: skip
    assert "Ahornweg" not in json.dumps(rows)
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    for wish in ({"state": "running"}, {"contact": contact.pk}, {"begun_since": yesterday}, {"changed_since": yesterday}):
        assert [row["id"] for row in walk(caller, path, **wish)] == [other.pk], wish
    problem(caller.get(path, status="done"), 422, "invalid")


def test_answers_take_the_right_to_read_contacts_and_the_log_says_who_read(here: Town, caller: Caller) -> None:
    path = f"/dialogs/{here.dialog.pk}/walks/{here.walk.pk}"
    said = Caller(token(here, "walks:read")[1]).get(path).json()
    assert said["answers"] is None
    assert [(each["step"], each["what"]) for each in said["steps"]] == [("strasse", "answered")]
    assert not AuditEntry.objects.filter(action="conversations.read").exists()
    said = caller.get(path).json()
    assert said["answers"] == [{"name": "strasse", "title": "Straße", "text": "Ahornweg", "masked": False}]
    assert AuditEntry.objects.filter(action="conversations.read", actor="Ratsinfo").count() == 1


def test_what_is_sensitive_in_an_answer_is_hidden(here: Town, caller: Caller) -> None:
    kept = Walk(frames=[], state="done", shown=[["konto", "Konto", "DE89 3704 0044 0532 0130 00"]], answers={"nummer": "A-17", "n": 5})
    Session.objects.filter(pk=here.walk.pk).update(walk=msgspec.json.encode(kept).decode())
    said = caller.get(f"/dialogs/{here.dialog.pk}/walks/{here.walk.pk}").json()["answers"]
    assert {each["name"]: each["masked"] for each in said} == {"konto": True, "nummer": False}
    assert "3704" not in json.dumps(said)


def test_a_walk_that_was_emptied_tells_only_that_it_was(here: Town, caller: Caller) -> None:
    sessions.forget(here.organisation, timezone.now() + timedelta(minutes=1))
    said = caller.get(f"/dialogs/{here.dialog.pk}/walks/{here.walk.pk}").json()
    assert (said["state"], said["step"], said["steps"], said["answers"]) == ("done", "", [], [])


def test_walks_beside_a_hidden_thread_do_not_exist(here: Town) -> None:
    ours, theirs = (Team.objects.create(organisation=here.organisation, name=name) for name in ("Bürgeramt", "Bauamt"))
    Desk.objects.create(organisation=here.organisation, teams_apart=True)
    caller, path = Caller(token(here, teams=[ours])[1]), f"/dialogs/{here.dialog.pk}/walks"

    def seen() -> tuple[int, int]:
        return len(walk(caller, path)), caller.get(f"{path}/{here.walk.pk}").status_code

    for team, expected in ((None, (1, 200)), (ours, (1, 200)), (theirs, (0, 404))):
        Conversation.objects.update(team=team)
        assert seen() == expected, team
    Conversation.objects.update(team=None)
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    assert seen() == (0, 404)


def test_a_walk_belongs_to_its_dialog(here: Town, caller: Caller) -> None:
    other = town("nachbarstadt")
    second = Dialog.objects.create(organisation=here.organisation, key="zwei", title="Zwei", draft={"languages": ["de"]})
    mine = walked(second, here.contact, here.address)
    problem(caller.get(f"/dialogs/{here.dialog.pk}/walks/{mine.pk}"), 404)
    problem(caller.get(f"/dialogs/{other.dialog.pk}/walks/{other.walk.pk}"), 404)
    problem(caller.get(f"/dialogs/{other.dialog.pk}/walks"), 404)
