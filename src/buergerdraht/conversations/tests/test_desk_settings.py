"""The settings of the inbox: what is saved, what is refused beside its field, what the log says; and who is here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation, Team
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations import threads
from buergerdraht.conversations.models import AssignmentRule, Conversation, Desk, Label, Presence, TeamRule
from buergerdraht.conversations.tests.conftest import works_at

PLACE = "/o/musterstadt/einstellungen/posteingang/"
GENERAL = {"smallest_group": "5", "undo_seconds": "5", "chain_people": "3"}


@pytest.fixture
def chief(client: Client, town: Organisation) -> Client:
    client.force_login(works_at(town, "Maria Chef", "administrator"))
    return client


def logged(action: str) -> AuditEntry:
    return AuditEntry.objects.get(action=f"conversations.{action}")


@pytest.mark.parametrize("place", ["", "texte/", "teams/", "regeln/", "regeln/neu/", "etiketten/"])
def test_only_who_manages_comes_in(place: str, desk: Client, chief: Client) -> None:
    assert chief.get(PLACE + place).status_code == 200
    other = Client()
    other.force_login(Operator.objects.get(name="Andrea Berger"))
    assert other.get(PLACE + place).status_code == 403


# ── The organisation ──────────────────────────────────────────────────────


def test_what_is_set_is_kept_and_logged_without_its_words(chief: Client, town: Organisation) -> None:
    answer = chief.post(
        PLACE, GENERAL | {"signature": "{vorname} aus dem {team}", "teams_apart": "on", "insult_words": "Depp\nAlter  Sack, Depp"}
    )
    assert answer.status_code == 302
    kept = Desk.objects.get(organisation=town)
    assert (kept.signature, kept.teams_apart, kept.works_council) == ("{vorname} aus dem {team}", True, False)
    assert kept.insult_words == ["Depp", "Alter Sack"]
    assert logged("change_desk").details == {"fields": ["teams_apart", "works_council", "signature", "insult_words"]}


def test_saving_the_same_again_logs_nothing(chief: Client) -> None:
    chief.post(PLACE, GENERAL | {"works_council": "on"})
    assert not AuditEntry.objects.filter(action="conversations.change_desk").exists()


@pytest.mark.parametrize(("wrong", "said"), [
    ({"signature": "{titel} {name}"}, "Den Platzhalter {titel} gibt es hier nicht. Möglich sind: {vorname}, {name}, {team}"),
    ({"undo_seconds": "31"}, "kleiner oder gleich 30"),
    ({"smallest_group": "1"}, "größer oder gleich 2"),
    ({"insult_words": "x" * 61}, "höchstens 60 Zeichen"),
    ({"insult_words": "!!!"}, "enthält keinen Buchstaben"),
])  # fmt: skip
def test_what_is_wrong_is_said_beside_the_field(chief: Client, wrong: dict[str, str], said: str) -> None:
    answer = chief.post(PLACE, GENERAL | wrong)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Desk.objects.exists()


def test_the_signature_is_shown_as_it_will_stand(chief: Client) -> None:
    shown = chief.post(f"{PLACE}unterschrift/", {"signature": "{vorname} <b>{organisation}</b>"}).content.decode()
    assert "Maria &lt;b&gt;Musterstadt&lt;/b&gt;" in shown


def texts(**more: str) -> dict[str, str]:
    return {"warn_sensitive": "on"} | more


def test_texts_are_kept_per_language_and_ours_show_where_they_are_empty(chief: Client, town: Organisation) -> None:
    Desk.objects.create(organisation=town, close_text={"tr": "Hoşça kalın"})
    shown = chief.get(f"{PLACE}texte/").content.decode()
    assert "Wir haben Ihre Nachricht nicht vergessen." in shown
    assert "We have not forgotten your message." in shown
    chief.post(f"{PLACE}texte/", texts(acknowledge_minutes="30", close_text_de="Bis bald!", close_text_en="", emergency_words="Gasgeruch"))
    kept = Desk.objects.get()
    assert (kept.acknowledge_minutes, kept.emergency_words) == (30, ["Gasgeruch"])
    assert kept.close_text == {"tr": "Hoşça kalın", "de": "Bis bald!"}  # a language that is switched off keeps its words


def test_a_reminder_may_name_the_moment_and_nothing_else(chief: Client) -> None:
    assert chief.post(f"{PLACE}texte/", texts(remind_text_de="Noch bis {moment}.")).status_code == 302
    answer = chief.post(f"{PLACE}texte/", texts(close_text_de="Bis {moment}."))
    assert "Dieser Text kennt keine Platzhalter." in answer.content.decode()


# ── Teams ─────────────────────────────────────────────────────────────────


@pytest.fixture
def bauhof(town: Organisation) -> Team:
    return Team.objects.create(organisation=town, name="Bauhof")


def promise(team: Team, **fields: str) -> dict[str, str]:
    return {f"t{team.pk}-{name}": value for name, value in ({"warn_minutes": "30"} | fields).items()}


def test_a_promise_is_kept_and_moves_what_is_open(
    chief: Client, bauhof: Team, thread: Conversation, django_capture_on_commit_callbacks: Any
) -> None:
    other = Team.objects.create(organisation=bauhof.organisation, name="Presse")
    thread.team = bauhof
    threads.keep(thread)
    typed = promise(bauhof, answer_minutes="60", deal="on", most_open="5", escalate_to=str(other.pk)) | promise(other)
    with django_capture_on_commit_callbacks(execute=True):
        chief.post(f"{PLACE}teams/", typed)
    rule = TeamRule.objects.get(team=bauhof)
    assert (rule.answer_minutes, rule.deal, rule.most_open, rule.escalate_to) == (60, True, 5, other)
    thread.refresh_from_db()
    assert thread.waiting_since is not None
    assert thread.due_at == thread.waiting_since + timedelta(minutes=60)
    assert logged("change_team_rule").subject == f"team:{bauhof.pk}"


def test_wrong_promises_are_refused_all_at_once(chief: Client, bauhof: Team, neighbour: Organisation) -> None:
    stranger = Team.objects.create(organisation=neighbour, name="Fremd")
    answer = chief.post(
        f"{PLACE}teams/", promise(bauhof, answer_minutes="20", warn_minutes="20", escalate_to=str(stranger.pk), signature="{amt}")
    )
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "höchstens 19" in shown
    assert "{amt}" in shown
    assert not TeamRule.objects.exists()


def test_without_teams_the_page_says_what_to_do(chief: Client) -> None:
    assert "Noch keine Teams" in chief.get(f"{PLACE}teams/").content.decode()


# ── Rules ─────────────────────────────────────────────────────────────────


def test_rules_are_added_moved_and_deleted(chief: Client, town: Organisation, bauhof: Team, kemal: Operator) -> None:
    chief.post(f"{PLACE}regeln/neu/", {"words": "Müll\ngelbe Tonne", "team": str(bauhof.pk), "active": "on"})
    chief.post(f"{PLACE}regeln/neu/", {"operator": str(kemal.pk), "active": "on"})
    first, second = AssignmentRule.objects.filter(organisation=town)
    assert (first.words, first.team, second.operator) == (["Müll", "gelbe Tonne"], bauhof, kemal)
    chief.post(f"{PLACE}regeln/{second.pk}/schieben/", {"hoch": "1"})
    assert list(AssignmentRule.objects.filter(organisation=town)) == [second, first]
    assert "Kommt nie an die Reihe" in chief.get(f"{PLACE}regeln/").content.decode()
    chief.post(f"{PLACE}regeln/{second.pk}/schieben/", {"hoch": "1"})  # it is first already
    chief.post(f"{PLACE}regeln/{second.pk}/loeschen/")
    assert list(AssignmentRule.objects.all()) == [first]
    said = AuditEntry.objects.filter(action__endswith="_rule").order_by("number").values_list("action", flat=True)
    assert list(said) == [f"conversations.{verb}_rule" for verb in ("save", "save", "move", "delete")]


def test_a_rule_must_lead_somewhere_in_this_house(chief: Client, stranger: Operator, neighbour: Organisation) -> None:
    Team.objects.create(organisation=neighbour, name="Fremd")
    assert "Sagen Sie, wohin" in chief.post(f"{PLACE}regeln/neu/", {"words": "Müll"}).content.decode()
    assert chief.post(f"{PLACE}regeln/neu/", {"operator": str(stranger.pk)}).status_code == 422
    assert not AssignmentRule.objects.exists()


def test_who_only_reads_is_given_nothing(chief: Client, reader: Operator) -> None:
    assert chief.post(f"{PLACE}regeln/neu/", {"operator": str(reader.pk)}).status_code == 422


def test_another_houses_rule_is_not_there(chief: Client, neighbour: Organisation) -> None:
    theirs = AssignmentRule.objects.create(organisation=neighbour)
    assert chief.get(f"{PLACE}regeln/{theirs.pk}/").status_code == 404
    assert chief.post(f"{PLACE}regeln/{theirs.pk}/loeschen/").status_code == 404
    assert AssignmentRule.objects.exists()


def test_a_probe_names_the_rule(chief: Client, town: Organisation, bauhof: Team) -> None:
    topic = Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    AssignmentRule.objects.create(organisation=town, words=["Müll"], team=bauhof, active=False)
    AssignmentRule.objects.create(organisation=town, position=1, topic=topic, team=bauhof)
    htmx = {"HX-Request": "true"}
    assert "Keine Regel nimmt sie" in chief.post(f"{PLACE}regeln/", {"probe": "Müll"}, headers=htmx).content.decode()
    assert (
        "Regel 2 nimmt sie: Bauhof" in chief.post(f"{PLACE}regeln/", {"probe": "x", "thema": str(topic.pk)}, headers=htmx).content.decode()
    )
    whole = chief.post(f"{PLACE}regeln/", {"probe": "x", "thema": str(topic.pk)}).content.decode()  # without JavaScript
    assert "Regel 2 nimmt sie: Bauhof" in whole
    assert "<html" in whole


# ── Labels ────────────────────────────────────────────────────────────────


def test_labels_are_added_renamed_and_deleted_everywhere(chief: Client, thread: Conversation) -> None:
    chief.post(f"{PLACE}etiketten/", {"name": " Rück  ruf ", "tone": "warn"})
    label = Label.objects.get()
    assert (label.name, label.tone) == ("Rück ruf", "warn")
    thread.labels.add(label)
    assert "an 1 Unterhaltung" in chief.get(f"{PLACE}etiketten/").content.decode()
    chief.post(f"{PLACE}etiketten/{label.pk}/", {f"l{label.pk}-name": "Rückruf", f"l{label.pk}-tone": "bad"})
    assert thread.labels.get().name == "Rückruf"
    chief.post(f"{PLACE}etiketten/{label.pk}/loeschen/")
    assert not Label.objects.exists()
    assert logged("delete_label").details == {"uses": 1}


def test_two_labels_of_one_name_are_refused(chief: Client, town: Organisation) -> None:
    one = Label.objects.create(organisation=town, name="Rückruf")
    other = Label.objects.create(organisation=town, name="Presse")
    answer = chief.post(f"{PLACE}etiketten/", {"name": "rückruf", "tone": "info"})
    assert answer.status_code == 422
    assert "gibt es schon" in answer.content.decode()
    answer = chief.post(f"{PLACE}etiketten/{other.pk}/", {f"l{other.pk}-name": "RÜCKRUF", f"l{other.pk}-tone": "info"})
    assert answer.status_code == 422
    assert set(Label.objects.values_list("name", flat=True)) == {one.name, other.name}


# ── Who is here ───────────────────────────────────────────────────────────


def test_a_page_says_who_looks_at_what(desk: Client, kemal: Operator, thread: Conversation) -> None:
    other = Client()
    other.force_login(kemal)
    other.post("/o/musterstadt/posteingang/anwesend/", {"unterhaltung": str(thread.pk)})
    shown = desk.post("/o/musterstadt/posteingang/anwesend/", {"unterhaltung": str(thread.pk)}).content.decode()
    assert "Kemal Özdemir" in shown
    assert "Andrea" not in shown
    assert "Kemal Özdemir" in desk.get(f"/o/musterstadt/posteingang/{thread.pk}/kopf/").content.decode()
    other.post("/o/musterstadt/posteingang/anwesend/", {"unterhaltung": ""})  # the page went out of sight
    assert "Kemal" not in desk.post("/o/musterstadt/posteingang/anwesend/", {"unterhaltung": str(thread.pk)}).content.decode()


def test_a_thread_one_may_not_see_is_not_noted(desk: Client, thread: Conversation, andrea: Operator) -> None:
    Conversation.objects.update(confidential=True)
    desk.post("/o/musterstadt/posteingang/anwesend/", {"unterhaltung": str(thread.pk)})
    assert Presence.objects.get(operator=andrea).conversation is None


def test_the_switch_is_in_the_account_menu_and_stays(desk: Client, andrea: Operator) -> None:
    assert 'aria-checked="false"' in desk.get("/o/musterstadt/posteingang/").content.decode()
    assert 'aria-checked="true"' in desk.post("/o/musterstadt/posteingang/annahme/", {"pause": "1"}).content.decode()
    desk.post("/o/musterstadt/posteingang/anwesend/", {})
    row = Presence.objects.get(operator=andrea)
    assert row.away
    assert row.seen_at > timezone.now() - timedelta(minutes=1)
    assert 'aria-checked="false"' in desk.post("/o/musterstadt/posteingang/annahme/", {"pause": "0"}).content.decode()


def test_who_only_reads_has_no_switch(client: Client, reader: Operator) -> None:
    client.force_login(reader)
    assert "annahme" not in client.get("/o/musterstadt/posteingang/").content.decode()
    assert client.post("/o/musterstadt/posteingang/annahme/", {"pause": "1"}).status_code == 403
    assert client.post("/o/musterstadt/posteingang/anwesend/", {}).status_code == 200
    assert Membership.objects.filter(operator=reader).exists()
