"""Cases by the REST API: found, opened, moved, and never with what is confidential."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.api_town import Caller, Town, matter, problem, token, town, walk

from buergerdraht.accounts.models import ApiAnswer, AuditEntry
from buergerdraht.api import endpoints
from buergerdraht.cases import actions as cases
from buergerdraht.cases import opening
from buergerdraht.cases.models import Case, Entry
from buergerdraht.conversations import confidential
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Outbound


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


def test_cases_are_found_by_what_is_asked(here: Town, caller: Caller) -> None:
    far = opening.open(matter(here.category, text="Noch eines", place="Bahnhof"))
    Case.objects.filter(pk=far.pk).update(latitude=51.2, received_at=timezone.now() - timedelta(days=40), team=None)
    ours, all_ = [here.case.pk], [here.case.pk, far.pk]
    soon = (timezone.now() + timedelta(seconds=5)).isoformat()
    for wish, found in (
        ({}, all_), ({"state": "received"}, all_), ({"state": "done"}, []), ({"open": "true"}, all_), ({"open": "false"}, []),
        ({"team": here.team.pk}, ours), ({"contact": here.contact.pk}, ours), ({"category": here.category.pk}, all_),
        ({"words": "tief lo"}, ours), ({"words": "tief bahnhof"}, []), ({"words": "&|!"}, []), ({"number": f"#{here.case.number}"}, ours),
        ({"number": "x"}, []), ({"public": "true"}, []), ({"public": "false"}, all_), ({"changed_since": soon}, []),
        ({"received_since": (timezone.now() - timedelta(days=30)).isoformat()}, ours), ({"district": 1}, []),
        ({"latitude": 51.1004, "longitude": 7.1, "radius": 50}, ours), ({"latitude": 51.1005, "longitude": 7.1, "radius": 50}, []),
        ({"latitude": 51.15, "longitude": 7.1, "radius": 20_000}, all_), ({"latitude": 90, "longitude": 180, "radius": 50_000}, []),
    ):  # fmt: skip
        assert [row["id"] for row in walk(caller, "/cases", **wish)] == found, wish
    assert [each["field"] for each in problem(caller.get("/cases", latitude=51.1), 422)["errors"]] == ["longitude"]
    for wish in ({"latitude": "nan"}, {"latitude": 91}, {"radius": 0}, {"state": "offen"}, {"plz": "1"}):
        problem(caller.get("/cases", **wish), 422)
    cases.note(far, "Intern", operator=here.operator)
    since = (timezone.now() - timedelta(seconds=30)).isoformat()
    Case.objects.update(changed_at=timezone.now() - timedelta(days=3))
    Entry.objects.filter(case=here.case).update(at=timezone.now() - timedelta(days=3))
    assert [row["id"] for row in walk(caller, "/cases", changed_since=since)] == [far.pk]


def test_a_case_of_somebody_whose_thread_is_hidden_tells_not_whose_it_is(here: Town, caller: Caller) -> None:
    path = f"/cases/{here.case.pk}"
    assert [caller.get(path).json()["contact"], len(walk(caller, f"{path}/followers"))] == [here.contact.pk, 1]
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    assert caller.get(path).json()["contact"] is None
    assert [row["contact"] for row in walk(caller, "/cases")] == [None]
    assert walk(caller, "/cases", contact=here.contact.pk) == []
    assert walk(caller, f"{path}/followers") == []


def test_a_case_tells_neither_names_nor_numbers_nor_notes(here: Town, caller: Caller) -> None:
    cases.note(here.case, "Lagerhalle drei", operator=here.operator)
    cases.hand_on(here.case, here.team, operator=here.operator, text="Lagerhalle vier")
    cases.add(here.case, here.contact, text="IBAN DE89 3704 0044 0532 0130 00")
    reporter = {"name": "Frau Beispiel", "email": "frau@beispiel.example", "phone": "+4915550112299"}
    wish = {"category": here.category.pk, "text": "Loch", "place": "Markt", "reporter": reporter}
    made = caller.post("/cases", wish).json()
    said = json.dumps([walk(caller, path) for path in ("/cases", f"/cases/{made['id']}/entries", f"/cases/{here.case.pk}/entries")])
    for secret in ("Lagerhalle", "3704", "Frau", "beispiel.example", "4915550112299", "Andrea", "Mia"):
        assert secret not in said
    assert "IBAN" in said
    assert [row["reporter"] for row in walk(caller, "/cases")] == [False, True]
    assert json.loads(Case.objects.get(pk=made["id"]).reporter) == reporter
    assert "Beispiel" not in "".join(ApiAnswer.objects.values_list("body", flat=True))


def test_a_case_of_another_system_is_opened_once_and_its_contact_follows_it(here: Town, caller: Caller) -> None:
    wish = {"category": here.category.pk, "text": "Ast", "latitude": 51.1, "longitude": 7.1, "contact": here.contact.pk}
    answers = [caller.post("/cases", wish, key="a") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    row = Case.objects.get(pk=answers[2].json()["id"])
    assert Case.objects.count() == 2
    assert (row.origin, row.contact, row.team) == ("operator", here.contact, here.team)
    assert row.followers.get().address == here.address
    assert row.entries.get().operator.name == "Ratsinfo"


def test_a_case_that_does_not_fit_is_refused_by_field(here: Town, caller: Caller) -> None:
    other = town("nachbarstadt")
    here.category.questions = [{"key": "size", "text": {"de": "Wie groß?"}, "want": "number", "required": True}]
    here.category.save()
    good: dict[str, Any] = {"category": here.category.pk, "place": "Markt", "answers": {"size": "3"}}
    for wrong, field in (
        ({"category": other.category.pk}, "category"), ({"place": " "}, "place"), ({"latitude": 51.1}, "longitude"),
        ({"answers": {}}, "answers.size"), ({"answers": {"size": "groß"}}, "answers.size"),
        ({"answers": {"size": "3", "x": "1"}}, "answers.x"),
        ({"contact": other.contact.pk}, "contact"), ({"reporter": {"email": "kein"}}, "reporter.email"),
        ({"contact": here.contact.pk, "reporter": {"name": "A"}}, "reporter"), ({"at": "2020-01-01T00:00:00Z"}, "at"),
        ({"text": "a\0"}, "text"), ({"longitude": 181}, "longitude"),
    ):  # fmt: skip
        assert [each["field"] for each in problem(caller.post("/cases", good | wrong), 422)["errors"]] == [field], wrong
    here.category.refusal = {"de": "Das ist Sache der Polizei."}
    here.category.save()
    assert problem(caller.post("/cases", good), 409, "not_ours")["detail"] == "Das ist Sache der Polizei."
    assert Case.objects.filter(organisation=here.organisation).count() == 1


def test_a_system_moves_answers_and_gives_cases_away_in_its_name(
    here: Town, caller: Caller, django_capture_on_commit_callbacks: Any
) -> None:
    path = f"/cases/{here.case.pk}"
    with django_capture_on_commit_callbacks(execute=True):
        assert caller.post(f"{path}/state", {"state": "progress", "words": "Der Bauhof kommt."}, key="m").json()["state"] == "progress"
        assert caller.post(f"{path}/state", {"state": "progress", "words": "Der Bauhof kommt."}, key="m").status_code == 200
        assert caller.post(f"{path}/answers", {"text": "Morgen früh."}).status_code == 200
    said = [row.content.content["text"] for row in Outbound.objects.order_by("pk")]
    assert len(said) == 2
    assert "Der Bauhof kommt." in said[0]
    assert "Morgen früh." in said[1]
    problem(caller.post(f"{path}/state", {"state": "confirmed"}), 409, "not_now")
    problem(caller.post(f"{path}/state", {"state": "duplicate"}), 422)
    assert caller.post(f"{path}/priority", {"priority": "high"}).json()["priority"] == "high"
    assert caller.post(f"{path}/holder", {"email": here.operator.email.upper()}).json()["taken"] is True
    assert caller.post(f"{path}/holder", {"email": None}).json()["taken"] is False
    assert caller.post(f"{path}/team", {"team": here.team.pk, "text": "Eurer"}).json()["team"] == here.team.pk
    problem(caller.post(f"{path}/team", {"team": town("nachbarstadt").team.pk}), 422)
    problem(caller.post(f"{path}/holder", {"email": "andrea@nachbarstadt.example"}), 422)
    kept = AuditEntry.objects.filter(actor="Ratsinfo", action__startswith="cases.").values_list("action", flat=True)
    assert set(kept) == {"cases.moved", "cases.answered", "cases.ranked", "cases.assigned", "cases.handed"}


def test_a_system_takes_a_case_from_the_public_and_never_shows_one(here: Town, caller: Caller) -> None:
    cases.release(here.case, "Ein Loch", [here.photo.pk], operator=here.operator)
    assert walk(caller, "/cases", public="true")[0]["public_text"] == "Ein Loch"
    assert caller.post(f"/cases/{here.case.pk}/hide", {}).json()["public"] == "hidden"
    assert not any("release" in name for _m, _p, name, _s in endpoints())


def test_only_the_covered_picture_is_given_away(here: Town, caller: Caller) -> None:
    path = f"/cases/{here.case.pk}/photos"
    assert [(row["id"], row["ready"], row["mime"]) for row in walk(caller, path)] == [(here.photo.pk, True, "image/jpeg")]
    shown = b"".join(caller.get(f"{path}/{here.photo.pk}/file").streaming_content)
    assert shown == files.path(here.photo.shown).read_bytes()
    here.photo.shown = None
    here.photo.save()
    problem(caller.get(f"{path}/{here.photo.pk}/file"), 409, "not_ready")
    foreign = opening.open(matter(here.category))
    problem(caller.get(f"/cases/{foreign.pk}/photos/{here.photo.pk}/file"), 404)
