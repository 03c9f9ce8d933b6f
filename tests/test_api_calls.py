"""What holds for every call of the REST API: limits, pages, and once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api_town import Caller, Town, filled, problem, token, town, walk

from buergerdraht.accounts.models import ApiAnswer, ApiToken
from buergerdraht.accounts.rest import door, once
from buergerdraht.api import endpoints
from buergerdraht.contacts.models import Subscription, Topic
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway.models import Outbound

# How addresses of one thing end. A table's rows are read whole; free times go on from a time (test_api_appointments).
ONE = ("}", "/file", "/rows", "/times")
LISTS = [path for method, path, _name, _scope in endpoints() if method == "GET" and not path.endswith(ONE) and path != "/token"]


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


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


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
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
