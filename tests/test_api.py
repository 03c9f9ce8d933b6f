"""The REST API: every endpoint before every kind of wrong token, and the laws that hold for all of them."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api_town import ALL, Caller, Town, citizen, say, token, town

from buergerdraht.accounts import audit, tokens
from buergerdraht.accounts.models import ApiAnswer, ApiToken, AuditEntry, Organisation, Team
from buergerdraht.accounts.rest import door, once
from buergerdraht.accounts.rest.problems import KIND
from buergerdraht.api import ROUTERS, described, endpoints
from buergerdraht.contacts.models import Consent, Contact, Subscription, Topic
from buergerdraht.conversations import confidential
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.gateway.models import Outbound

DESCRIPTION = Path(__file__).parent.parent / "docs/development/openapi.json"
ENDPOINTS = endpoints()
everywhere = pytest.mark.parametrize(
    ("method", "path", "scope"), [(m, p, s) for m, p, _n, s in ENDPOINTS], ids=[n for *_, n, _s in ENDPOINTS]
)
LISTS = [path for method, path, _name, _scope in ENDPOINTS if method == "GET" and not path.endswith("}") and path != "/token"]
BODIES: dict[str, dict[str, Any]] = {
    "change_contact": {"language": "en"},
    "subscribe": {"topic": 1, "address": 1, "evidence": "Formular"},
    "unsubscribe": {"evidence": "Anruf"},
    "draft_broadcast": {"title": "Markt"},
    "change_broadcast": {"version": 0, "title": "Markt"},
    "answer": {"text": "Gern."},
}


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


def filled(path: str, rows: dict[str, int]) -> str:
    return re.sub(r"{int:(\w+)}", lambda found: str(rows[found[1]]), path)


def body_of(method: str, path: str) -> Any:
    name = next(each[2] for each in ENDPOINTS if each[:2] == (method, path))
    return BODIES.get(name) if method != "GET" else None


def problem(response: Any, status: int, code: str = "") -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == KIND
    said = json.loads(response.content)
    assert said["status"] == status
    assert said["detail"]
    assert not code or said["code"] == code
    return said


# ── The matrix ────────────────────────────────────────────────────────────


def test_every_operation_of_every_router_names_what_its_token_must_be_good_for() -> None:
    operations = [operation for router in ROUTERS for view in router.path_operations.values() for operation in view.operations]
    assert len(ENDPOINTS) == len(operations) >= 19
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
        problem(caller.call(method, filled(path, dict.fromkeys(here.rows, 2**63 - 1)), body_of(method, path)), 404)
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


# ── Limits ────────────────────────────────────────────────────────────────


def test_calls_are_counted_and_too_many_are_refused_until_a_second_passed(here: Town) -> None:
    row, text = token(here)
    caller = Caller(text)
    first = caller.get("/token")
    assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("100", "99")
    ApiToken.objects.filter(pk=row.pk).update(level=0.5, level_at=timezone.now() + timedelta(seconds=0.02))
    refused = caller.get("/token")
    problem(refused, 429, "too_many")
    assert refused["Retry-After"] == "1"
    assert refused["RateLimit-Remaining"] == "0"
    ApiToken.objects.filter(pk=row.pk).update(level_at=timezone.now() - timedelta(seconds=1))
    assert caller.get("/token").status_code == 200


def test_no_more_than_a_burst_passes_at_once(here: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "RATE", 0.001)
    _row, text = token(here)
    passed = [Caller(text).get("/token").status_code for _ in range(door.BURST + 5)]
    assert passed == [200] * door.BURST + [429] * 5
    assert Caller(token(here)[1]).get("/token").status_code == 200, "another token has a bucket of its own"


# ── Pages ─────────────────────────────────────────────────────────────────


def walk(caller: Caller, path: str, **query: Any) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while cursor is not None:
        said = json.loads(caller.get(path, cursor=cursor, **query).content)
        found += said["items"]
        cursor = said["next"]
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.integers(0, 12), limit=st.integers(1, 6), order=st.sampled_from(["asc", "desc"]),
    added=st.lists(st.integers(0, 3), max_size=8), removed=st.booleans(),
)  # fmt: skip
def test_every_row_comes_exactly_once_while_rows_are_added(
    caller: Caller, here: Town, before: int, limit: int, order: str, added: list[int], removed: bool
) -> None:
    Topic.objects.filter(organisation=here.organisation).delete()
    made = iter(range(10_000))

    def add() -> int:
        return Topic.objects.create(organisation=here.organisation, key=f"t{next(made)}", title={"de": "Thema"}).pk

    ApiToken.objects.update(level=door.BURST)
    there = [add() for _ in range(before)]
    more, cursor, found = list(added), "", []
    while cursor is not None:
        said = json.loads(caller.get("/topics", cursor=cursor, limit=limit, order=order).content)
        assert len(said["items"]) <= limit
        found += [row["id"] for row in said["items"]]
        cursor = said["next"]
        for _ in range(more.pop(0) if more else 0):
            add()
        if removed and found:  # what was shown may go: the place of a page does not hang on it
            Topic.objects.filter(pk=found[-1]).delete()
    assert found == sorted(set(found), reverse=order == "desc")
    assert set(there) <= set(found)


@pytest.mark.parametrize("cursor", ["x", "%00", "YXNjLjA", "ZGVzYy41", "YXNjLjk5OTk5OTk5OTk5OTk5OTk5OTk5", "🙂", "=" * 40])
def test_a_cursor_of_something_else_is_refused(caller: Caller, cursor: str) -> None:
    problem(caller.get("/topics", cursor=cursor), 422)


@pytest.mark.parametrize("path", LISTS)
def test_every_list_comes_in_pages(here: Town, caller: Caller, path: str) -> None:
    path = filled(path, here.rows)
    Subscription.objects.create(organisation=here.organisation, contact=here.contact, topic=here.topic, address=here.address)
    whole = walk(caller, path)
    assert whole
    assert walk(caller, path, limit=1) == whole
    assert walk(caller, path, limit=1, order="desc") == whole[::-1]
    problem(caller.get(path, limit=0), 422)
    problem(caller.get(path, limit=201), 422)
    problem(caller.get(path, sort="name"), 422)


# ── Once ──────────────────────────────────────────────────────────────────


def test_ten_times_the_same_key_makes_one_message(here: Town, caller: Caller) -> None:
    path = f"/conversations/{here.conversation.pk}/messages"
    answers = [caller.post(path, {"text": "Wir kümmern uns."}, key="a-1") for _ in range(10)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None] + ["true"] * 9
    assert Message.objects.filter(author="operator").count() == Outbound.objects.count() == 1
    assert "kümmern" not in ApiAnswer.objects.get().body


def test_a_key_is_good_for_one_thing_one_token_and_one_day(here: Town, caller: Caller) -> None:
    path = f"/conversations/{here.conversation.pk}/messages"
    caller.post(path, {"text": "Eins"}, key="a")
    problem(caller.post(path, {"text": "Zwei"}, key="a"), 422, "key_reused")
    problem(caller.post("/broadcasts", {"title": "Eins"}, key="a"), 422, "key_reused")
    assert Caller(token(here)[1]).post(path, {"text": "Drei"}, key="a").status_code == 201
    ApiAnswer.objects.update(created_at=timezone.now() - once.KEPT - timedelta(seconds=1))
    assert caller.post(path, {"text": "Zwei"}, key="a").status_code == 201
    assert once.tidy() == 1
    assert [message.text for message in Message.objects.filter(author="operator").order_by("pk")] == ["Eins", "Drei", "Zwei"]


def test_what_was_refused_may_be_tried_anew_with_its_key(here: Town, caller: Caller) -> None:
    path = f"/conversations/{here.conversation.pk}/messages"
    Conversation.objects.update(operator=here.operator)
    problem(caller.post(path, {"text": "Gern."}, key="a"), 409, "held")
    Conversation.objects.update(operator=None)
    assert caller.post(path, {"text": "Gern."}, key="a").status_code == 201


# ── Contacts ──────────────────────────────────────────────────────────────


def test_a_contact_is_shown_by_messenger_and_never_by_number(here: Town, caller: Caller) -> None:
    response = caller.get(f"/contacts/{here.contact.pk}")
    said = json.loads(response.content)
    assert (said["name"], said["addresses"]) == (
        "Mia Muster", [{"id": here.address.pk, "channel": here.channel.pk, "kind": "telegram", "state": "active"}],
    )  # fmt: skip
    assert b"4915550112233" not in response.content


def test_contacts_are_found_by_state_topic_and_change(here: Town, caller: Caller) -> None:
    other, *_ = citizen(here.organisation, here.channel, "Olaf Ober")
    Contact.objects.filter(pk=here.contact.pk).update(created_at=timezone.now() - timedelta(days=9), state="active")
    since = (timezone.now() - timedelta(hours=1)).isoformat()
    assert [row["id"] for row in walk(caller, "/contacts", changed_since=since)] == [other.pk]
    wish = {"topic": here.topic.pk, "address": here.address.pk, "evidence": "Formular 12", "text": "Ich möchte Nachrichten."}
    assert caller.post(f"/contacts/{here.contact.pk}/subscriptions", wish).status_code == 201
    assert [row["id"] for row in walk(caller, "/contacts", changed_since=since)] == [here.contact.pk, other.pk]
    assert [row["id"] for row in walk(caller, "/contacts", topic=here.topic.pk)] == [here.contact.pk]
    assert [row["id"] for row in walk(caller, "/contacts", state="active")] == [here.contact.pk]
    problem(caller.get("/contacts", changed_since="gestern"), 422)
    problem(caller.get("/contacts", changed_since="5"), 422)
    problem(caller.get("/contacts", changed_since="0425-04-22T00:20:02+01:00"), 422)
    assert walk(caller, "/contacts", changed_since="2126-05-10T13:52:54-20:13") == []  # a zone that no clock shows


def test_a_subscription_stands_in_the_ledger_with_its_proof(here: Town, caller: Caller) -> None:
    path = f"/contacts/{here.contact.pk}/subscriptions"
    wish = {"topic": here.topic.pk, "address": here.address.pk, "evidence": "Formular 12", "at": "2026-01-02T03:04:05+01:00"}
    assert caller.post(path, wish).status_code == 201
    assert caller.post(path, wish).status_code == 200
    assert Subscription.objects.get().confirmed_at is not None
    row = Consent.objects.get(act="confirm")
    assert (row.evidence, row.purpose, row.at.isoformat()) == ("Ratsinfo: Formular 12", "topic:verkehr", "2026-01-02T02:04:05+00:00")
    assert caller.post(f"{path}/{here.topic.pk}/end", {"evidence": "Anruf"}).json() == {"topic": here.topic.pk, "ended": True}
    assert not Subscription.objects.exists()
    assert "Ratsinfo: Anruf" in Consent.objects.get(act="withdraw").evidence


def test_a_subscription_without_proof_or_of_somebody_elses_is_refused(here: Town, caller: Caller) -> None:
    path = f"/contacts/{here.contact.pk}/subscriptions"
    _contact, foreign, _conversation = citizen(here.organisation, here.channel, "Olaf Ober")
    wish = {"topic": here.topic.pk, "address": here.address.pk, "evidence": "Formular"}
    for wrong, field in (({"evidence": ""}, "evidence"), ({"address": foreign.pk}, "address"), ({"topic": 2**62}, "topic"),
                         ({"at": (timezone.now() + timedelta(days=1)).isoformat()}, "at"), ({"evidence": "a\0"}, "evidence")):  # fmt: skip
        assert [each["field"] for each in problem(caller.post(path, wish | wrong), 422)["errors"]] == [field]
    Contact.objects.filter(pk=here.contact.pk).update(state="stopped")
    problem(caller.post(path, wish), 409, "stopped")
    assert not Subscription.objects.exists()


# ── Broadcasts ────────────────────────────────────────────────────────────


def test_a_draft_is_written_and_waits_for_people(here: Town, caller: Caller) -> None:
    wish = {
        "title": "Sperrung", "texts": {"de": {"text": "Die **Brücke** ist zu."}, "en": {"text": "Bridge closed."}},
        "buttons": [{"url": "https://www.musterstadt.example/bruecke", "labels": {"de": "Mehr"}}], "audience": {"topics": [here.topic.pk]},
    }  # fmt: skip
    made = caller.post("/broadcasts", wish)
    assert made.status_code == 201, made.content
    said = made.json()
    assert (said["state"], said["version"], said["figures"]) == ("draft", 0, None)
    for name, value in wish.items():
        if name == "texts":
            assert {language: words["text"] for language, words in said["texts"].items()} == {k: v["text"] for k, v in value.items()}
        else:
            assert said[name] == value or name == "audience"
    path = f"/broadcasts/{said['id']}"
    assert caller.patch(path, {"version": 0, "texts": {"de": {"text": "Wieder offen."}}}).json()["texts"] == {
        "de": {"title": "", "text": "Wieder offen."}
    }
    problem(caller.patch(path, {"version": 0, "title": "Neu"}), 409, "stale")
    assert not Outbound.objects.exists()


def test_what_is_no_draft_any_more_is_changed_by_people_only(here: Town, caller: Caller) -> None:
    here.broadcast.state = "submitted"
    here.broadcast.save()
    problem(caller.patch(f"/broadcasts/{here.broadcast.pk}", {"version": 0, "title": "Anders"}), 409, "no_draft")


def test_a_draft_names_only_what_is_there(here: Town, caller: Caller) -> None:
    other = town("nachbarstadt")
    for wish, field in (
        ({"audience": {"topics": [other.topic.pk]}}, "audience.topics"),
        ({"audience": {"languages": ["xx"]}}, "audience.languages.xx"),
        ({"texts": {"fr": {"text": "Bonjour"}}}, "texts.fr"),
        ({"buttons": [{"url": "javascript:alert(1)", "labels": {"de": "Mehr"}}]}, "buttons.0.url"),
        ({"scheduled_at": "2020-01-01T08:00:00Z"}, "scheduled_at"),
        ({"urgent": "true"}, "urgent"),
    ):
        said = problem(caller.post("/broadcasts", {"title": "Markt"} | wish), 422)
        assert [each["field"] for each in said["errors"]] == [field]


# ── Conversations ─────────────────────────────────────────────────────────


def test_reading_a_thread_is_logged_once_an_hour_in_the_tokens_name(here: Town) -> None:
    row, text = token(here)
    for _ in range(3):
        assert Caller(text).get(f"/conversations/{here.conversation.pk}/messages").status_code == 200
    entry = AuditEntry.objects.get(action="conversations.read")
    assert (entry.actor, entry.operator, entry.subject) == ("Ratsinfo", row.actor, f"conversation:{here.conversation.pk}")
    assert audit.verify(here.organisation).broken_at == 0


def test_notes_stay_inside_and_what_is_sensitive_is_hidden(here: Town, caller: Caller) -> None:
    say(here.conversation, "Meine IBAN ist DE89 3704 0044 0532 0130 00", flags=["iban"])
    for author in ("note", "system"):
        Message.objects.create(
            organisation=here.organisation, conversation=here.conversation, author=author, text="Intern", at=timezone.now()
        )
    said = walk(caller, f"/conversations/{here.conversation.pk}/messages")
    assert [row["masked"] for row in said] == [False, True]
    assert "3704" not in json.dumps(said)
    assert "Intern" not in json.dumps(said)


def test_a_confidential_thread_does_not_exist(here: Town, caller: Caller) -> None:
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    assert walk(caller, "/conversations") == []
    for path in ("", "/messages"):
        problem(caller.get(f"/conversations/{here.conversation.pk}{path}"), 404)
    problem(caller.post(f"/conversations/{here.conversation.pk}/messages", {"text": "Hallo"}), 404)


def test_where_teams_are_apart_a_token_sees_its_teams_and_nobodys(here: Town) -> None:
    ours, theirs = (Team.objects.create(organisation=here.organisation, name=name) for name in ("Bürgeramt", "Bauamt"))
    Desk.objects.create(organisation=here.organisation, teams_apart=True)
    caller = Caller(token(here, teams=[ours])[1])
    for team, seen in ((None, True), (ours, True), (theirs, False)):
        Conversation.objects.update(team=team)
        assert bool(walk(caller, "/conversations")) is seen
        assert caller.get(f"/conversations/{here.conversation.pk}/messages").status_code == (200 if seen else 404)


def test_an_answer_goes_by_the_one_door_and_leaves_the_thread_to_people(here: Town, caller: Caller) -> None:
    path = f"/conversations/{here.conversation.pk}/messages"
    made = caller.post(path, {"text": "Gern.", "seen": Message.objects.get().pk}).json()
    message = Message.objects.get(pk=made["id"])
    assert (message.author, message.operator.name, message.outbound.purpose) == ("operator", "Ratsinfo", "reply")
    assert Conversation.objects.get().operator is None
    assert walk(caller, path)[-1]["delivery"] == "sending"
    assert AuditEntry.objects.filter(action="conversations.reply", actor="Ratsinfo").count() == 1


def test_an_answer_is_refused_with_its_reason(here: Town, caller: Caller) -> None:
    path = f"/conversations/{here.conversation.pk}/messages"
    seen = Message.objects.get().pk
    news = say(here.conversation, "Noch etwas")
    assert problem(caller.post(path, {"text": "Gern.", "seen": seen}), 409, "news")["messages"] == [news.pk]
    here.address.state = "blocked"
    here.address.save()
    assert "gesperrt" in problem(caller.post(path, {"text": "Gern."}), 409, "barred")["detail"]
    here.channel.kind = "whatsapp"
    here.channel.save()
    here.address.state, here.address.last_inbound_at = "active", timezone.now() - timedelta(days=2)
    here.address.save()
    problem(caller.post(path, {"text": "Gern."}), 409, "window_closed")
    assert json.loads(caller.get(f"/conversations/{here.conversation.pk}").content)["open"] is False
    Conversation.objects.update(writer=here.operator, writing_until=timezone.now() + timedelta(minutes=1))
    problem(caller.post(path, {"text": "Gern."}), 409, "held")
    assert not Outbound.objects.exists()


def test_conversations_are_found_by_state_and_change(here: Town, caller: Caller) -> None:
    assert len(walk(caller, "/conversations", state="open", taken="false", contact=here.contact.pk)) == 1
    assert walk(caller, "/conversations", state="closed") == []
    assert walk(caller, "/conversations", changed_since=(timezone.now() + timedelta(seconds=5)).isoformat()) == []
    problem(caller.get("/conversations", state="offen"), 422)


def test_the_actor_of_a_token_works_nowhere_and_cannot_sign_in(here: Town) -> None:
    row, _text = token(here)
    assert not row.actor.is_active
    assert not row.actor.has_usable_password()
    assert not row.actor.memberships.exists()
    assert Organisation.objects.filter(memberships__operator=row.actor).count() == 0
