"""The REST API: every endpoint before every kind of wrong token, and the laws that hold for all of them."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from tests.api_town import ALL, Caller, Town, complaint, filled, problem, token, town, walk

from buergerdraht.accounts import tokens
from buergerdraht.accounts.models import ApiToken, AuditEntry
from buergerdraht.accounts.rest import door
from buergerdraht.api import ROUTERS, described, endpoints
from buergerdraht.cases.models import Case

DESCRIPTION = Path(__file__).parent.parent / "docs/development/openapi.json"
ENDPOINTS = endpoints()
everywhere = pytest.mark.parametrize(
    ("method", "path", "scope"), [(m, p, s) for m, p, _n, s in ENDPOINTS], ids=[n for *_, n, _s in ENDPOINTS]
)
BODIES: dict[str, dict[str, Any]] = {
    "change_contact": {"language": "en"},
    "subscribe": {"topic": 1, "address": 1, "evidence": "Formular"},
    "unsubscribe": {"evidence": "Anruf"},
    "draft_broadcast": {"title": "Markt"},
    "change_broadcast": {"version": 0, "title": "Markt"},
    "answer": {"text": "Gern."},
    "close_conversation": {},
    "assign_conversation": {"email": None},
    "hand_conversation": {"team": 1},
    "label_conversation": {"labels": []},
    "open_case": {"category": 1, "place": "Marktstraße 12"},
    "move_case": {"state": "progress"},
    "answer_case": {"text": "Wir kommen morgen."},
    "double_case": {"of": 1},
    "note_case": {"text": "Lager leer"},
    "assign_case": {"email": None},
    "hand_on_case": {"team": 1},
    "rank_case": {"priority": "high"},
    "hide_case": {},
    "add_case_task": {"text": "Warnbake aufstellen"},
    "tick_case_task": {"done": True},
    "book": {"offer": 1, "begins_at": "2026-11-30T09:00:00+01:00", "name": "Frau Muster"},
    "move_booking": {"begins_at": "2026-11-30T09:00:00+01:00"},
    "cancel_booking": {},
    "replace_table": {"columns": ["strasse", "abfuhr"], "rows": [["Ahornweg", "Mittwoch"]]},
}


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


def named(path: str, of: Town) -> dict[str, Any]:
    """What the address names, in its order."""
    return {name: of.rows[name] for name in re.findall(r"{\w+:(\w+)}", path)}


def body_of(method: str, path: str) -> Any:
    name = next(each[2] for each in ENDPOINTS if each[:2] == (method, path))
    return BODIES.get(name) if method != "GET" else None


def test_every_operation_of_every_router_names_what_its_token_must_be_good_for() -> None:
    operations = [operation for router in ROUTERS for view in router.path_operations.values() for operation in view.operations]
    assert len(ENDPOINTS) == len(operations) >= 66
    assert all(operation.operation_id for operation in operations)
    writing = {name for method, _path, name, _scope in ENDPOINTS if method != "GET"}
    assert set(BODIES) == writing, "a new verb is tried with a body of its own"


@everywhere
@pytest.mark.parametrize("why", ["none", "wrong", "nearly", "revoked", "expired", "basic", "in the address"])
def test_without_a_token_that_works_nothing_opens(here: Town, why: str, method: str, path: str, scope: str) -> None:
    row, text = token(here)
    caller = Caller(
        {"none": "", "in the address": "", "wrong": "bd_0_x", "nearly": text[:-1] + ("A" if text[-1] != "A" else "B")}.get(why, text)
    )
    if why == "revoked":
        tokens.revoke(row, operator=here.operator)
    elif why == "expired":
        ApiToken.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    elif why == "basic":
        caller.headers["authorization"] = f"Basic {text}"
    more = {"token": text, "access_token": text} if why == "in the address" else {}
    response = caller.call(method, filled(path, here.rows), body_of(method, path), **more)
    problem(response, 401, "unauthorised")
    assert response["WWW-Authenticate"] == "Bearer"
    assert not AuditEntry.objects.filter(operator=row.actor).exists()


@everywhere
def test_a_token_opens_only_what_it_is_good_for(here: Town, method: str, path: str, scope: str) -> None:
    if not scope:
        assert Caller(token(here, "topics:read")[1]).call(method, path).status_code == 200
        return
    others = [each for each in ALL if each != scope]
    response = Caller(token(here, *others)[1]).call(method, filled(path, here.rows), body_of(method, path))
    assert problem(response, 403, "scope")["scope"] == scope
    assert Caller(token(here, scope)[1]).call(method, filled(path, here.rows), body_of(method, path)).status_code not in {
        401,
        403,
        404,
        500,
    }


@everywhere
def test_rows_of_another_house_do_not_exist(here: Town, method: str, path: str, scope: str) -> None:
    other = town("nachbarstadt")
    caller = Caller(token(here)[1])
    if "{" in path:
        problem(caller.call(method, filled(path, other.rows), body_of(method, path)), 404)
        nobodys: dict[str, Any] = dict.fromkeys(here.rows, 2**63 - 1) | {"file": uuid4()}
        problem(caller.call(method, filled(path, nobodys), body_of(method, path)), 404)
        if path.count("{") > 1:  # one's own house, another's room in it
            mixed = {name: value if number == 0 else other.rows[name] for number, (name, value) in enumerate(named(path, here).items())}
            problem(caller.call(method, filled(path, mixed), body_of(method, path)), 404)
    elif method == "GET" and path != "/token":
        mine = {row["id"] for row in json.loads(caller.get(path).content)["items"]}
        theirs = {row["id"] for row in json.loads(Caller(token(other)[1]).get(path).content)["items"]}
        assert mine
        assert not mine & theirs


@everywhere
def test_a_session_of_the_console_is_no_token(here: Town, method: str, path: str, scope: str) -> None:
    client = Client()
    client.force_login(here.operator)
    answer = getattr(client, method.lower())(f"/api/v1{filled(path, here.rows)}", data={}, content_type="application/json")
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/nichts", "/api/v2/topics", "/api/", "/api/v1/topics/abc", "/api/v1/topics/"])
def test_what_does_not_exist_is_a_problem_and_never_a_page(here: Town, path: str) -> None:
    problem(Caller(token(here)[1]).client.get(path), 404, "not_found")


def test_a_method_that_does_not_exist_says_which_do(caller: Caller) -> None:
    response = caller.call("delete", "/topics")
    problem(response, 405, "method_not_allowed")
    assert "GET" in response["Allow"]


def test_problems_are_told_in_the_language_of_the_call(here: Town) -> None:
    assert "gültiges Token" in problem(Caller(language="de").get("/token"), 401)["detail"]
    assert "valid token" in problem(Caller(language="en").get("/token"), 401)["detail"]


def test_what_was_wrong_is_named_and_not_repeated(caller: Caller) -> None:
    said = problem(caller.post("/broadcasts", {"titel": "Frau Geheim", "title": ["Frau Geheim"], "urgent": "Geheim"}), 422, "invalid")
    assert {each["field"] for each in said["errors"]} == {"titel", "title", "urgent"}
    assert "Geheim" not in json.dumps(said)
    problem(caller.client.post("/api/v1/broadcasts", "{", content_type="application/json", headers=caller.headers), 400, "unreadable")


def test_a_token_is_known_by_its_hash_alone_and_stands_in_no_log(here: Town, caplog: pytest.LogCaptureFixture) -> None:
    row, text = token(here)
    with caplog.at_level(logging.DEBUG):
        Caller(text).get("/topics")
        Caller(text + "x").get("/topics")
        Caller(text).get("/nichts")
    assert text.split("_")[2] not in caplog.text
    kept = json.dumps({name: repr(value) for name, value in ApiToken.objects.values().get(pk=row.pk).items()})
    assert text.split("_")[2] not in kept
    assert bytes(row.token_hash) == door.hashed(text)


def test_the_description_checked_in_is_what_the_code_says() -> None:
    assert DESCRIPTION.read_text("utf-8") == described(), "write what buergerdraht.api.described() gives there"


def test_a_confidential_case_and_its_category_do_not_exist(here: Town, caller: Caller) -> None:
    hidden = complaint(here)
    assert [row["id"] for row in walk(caller, "/cases")] == [here.case.pk]
    wishes = ({"contact": here.contact.pk}, {"words": "Geheim"}, {"number": hidden.number}, {"category": hidden.category_id},
              {"open": "true"}, {"latitude": 51.1, "longitude": 7.1, "radius": 50}, {"changed_since": "2026-01-01T00:00:00Z"})  # fmt: skip
    for wish in wishes:
        assert hidden.pk not in {row["id"] for row in walk(caller, "/cases", **wish)}
    for method, path, _name, _scope in ENDPOINTS:
        if "{int:case}" in path:
            problem(caller.call(method, filled(path, here.rows | {"case": hidden.pk}), body_of(method, path)), 404)
        if "{int:category}" in path:
            problem(caller.get(filled(path, {"category": hidden.category_id})), 404)
    assert [row["id"] for row in walk(caller, "/categories")] == [here.category.pk]
    problem(caller.post("/cases", {"category": hidden.category_id, "text": "Geheim"}), 422)
    problem(caller.post(f"/cases/{here.case.pk}/duplicate", {"of": hidden.pk}), 422)
    hidden.category.cases.update(confidential=False)
    Case.objects.filter(pk=here.case.pk).update(state="duplicate", same_as=hidden, done_at=timezone.now())
    assert caller.get(f"/cases/{here.case.pk}").json()["same_as"] == hidden.pk
    hidden.category.cases.update(confidential=True)
    assert caller.get(f"/cases/{here.case.pk}").json()["same_as"] is None
