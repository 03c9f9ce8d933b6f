"""Contacts, broadcasts and conversations by the REST API: nobody's number, proof of every subscription, the one door out."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.api_town import Caller, Town, citizen, problem, say, token, town, walk

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import AuditEntry, Organisation, Team
from buergerdraht.contacts.models import Consent, Contact, Subscription
from buergerdraht.conversations import confidential
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Outbound


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


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


def test_whose_thread_a_token_may_not_see_is_no_contact_of_its(here: Town) -> None:
    ours, theirs = (Team.objects.create(organisation=here.organisation, name=name) for name in ("Bürgeramt", "Bauamt"))
    Desk.objects.create(organisation=here.organisation, teams_apart=True)
    imported = Contact.objects.create(organisation=here.organisation, name="Ida Import")
    caller = Caller(token(here, teams=[ours])[1])
    path = f"/contacts/{here.contact.pk}"

    def looked_at() -> tuple[bool, set[int]]:
        calls = [caller.get(path), caller.patch(path, {"language": "en"}), caller.get(f"{path}/subscriptions"),
                 caller.post(f"{path}/subscriptions/{here.topic.pk}/end", {"evidence": "Anruf"}),
                 caller.post("/cases", {"category": here.category.pk, "place": "Markt", "contact": here.contact.pk})]  # fmt: skip
        listed = {row["id"] for row in walk(caller, "/contacts")} - {imported.pk}
        assert imported.pk in {row["id"] for row in walk(caller, "/contacts")}
        return bool(listed), {call.status_code for call in calls}

    for team, seen in ((None, True), (ours, True), (theirs, False)):
        Conversation.objects.update(team=team)
        assert looked_at() == (seen, {200, 201} if seen else {404, 422}), team
    Conversation.objects.update(team=None)
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    assert looked_at() == (False, {404, 422})


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


# ── What became of threads ────────────────────────────────────────────────


def test_a_file_of_a_message_is_given_to_be_kept_and_never_of_a_note(here: Town, caller: Caller) -> None:
    path = f"/conversations/{here.conversation.pk}/files/{here.file.pk}"
    answer = caller.get(path)
    assert (answer.status_code, answer["Content-Type"], answer["X-Content-Type-Options"]) == (200, "image/jpeg", "nosniff")
    assert answer["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content) == files.path(here.file).read_bytes()
    assert AuditEntry.objects.filter(action="conversations.read", actor="Ratsinfo").count() == 1
    Message.objects.update(author="note")
    problem(caller.get(path), 404)
    Message.objects.update(author="citizen", deleted_at=timezone.now())
    problem(caller.get(path), 404)
    Message.objects.update(deleted_at=None)
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    problem(caller.get(path), 404)


def test_a_system_closes_sorts_and_gives_threads_away_but_holds_none(here: Town, caller: Caller) -> None:
    path = f"/conversations/{here.conversation.pk}"
    assert caller.post(f"{path}/labels", {"labels": [here.label.pk]}).json()["labels"] == ["Straße"]
    problem(caller.post(f"{path}/labels", {"labels": [town("nachbarstadt").label.pk]}), 422)
    assert caller.post(f"{path}/team", {"team": here.team.pk}).json()["team"] == here.team.pk
    assert caller.post(f"{path}/holder", {"email": here.operator.email}).json()["taken"] is True
    assert caller.post(f"{path}/holder", {"email": None}).json()["taken"] is False
    assert caller.post(f"{path}/close", {}, key="c").json()["state"] == "closed"
    assert Conversation.objects.get(pk=here.conversation.pk).operator is None
    problem(caller.post(f"{path}/holder", {"email": "niemand@musterstadt.example"}), 422)
