"""Where the messenger's window is closed and a dialog speaks first: its template goes out once, or people read why nothing was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import ledger
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations import words
from buergerdraht.conversations.models import Message
from buergerdraht.dialogs import knowing, people, sessions, tasks, timetable
from buergerdraht.dialogs.models import Session, Trace
from buergerdraht.dialogs.tests.conftest import Say, let_pass, make_live
from buergerdraht.gateway.models import Channel, MessageTemplate

FOOD = """
key: food
title: {de: Essen, en: Food}
languages: [de, en]
template: weiter
triggers: [{on: words, words: {de: [Essen], en: [food]}}]
remind_after: 2000
expire_after: 5000
steps:
  - {id: code, kind: say, text: {de: Angemeldet., en: Registered.}}
  - {id: pause, kind: wait, minutes: 4320}
  - {id: seen, kind: set, what: field, name: asked, value: "yes"}
  - {id: still, kind: choose, text: {de: "Brauchen Sie **weiter** Essen?", en: "Still food?"}, options: [
      {id: more, title: {de: Ja, en: "Yes"}}, {id: enough, title: {de: Nein, en: "No"}}]}
  - {id: bye, kind: end, text: {de: Notiert., en: Noted.}}
"""
ASKING = """
key: asking
title: {de: Name}
expire_after: 9000
triggers: [{on: words, words: {de: [Name]}}]
steps: [{id: name, kind: ask, want: text, save: name, text: {de: "Wie heißen Sie?"}}]
"""
EVENING = """
key: evening
title: {de: Abfuhr, en: Collection}
languages: [de, en]
template: weiter
triggers: [{on: time, time: '%s', topic: news}]
steps: [{id: tell, kind: end, text: {de: Morgen die Biotonne., en: Organic waste tomorrow.}}]
"""


@pytest.fixture
def channel(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="whatsapp", name="WhatsApp", config="{}", state="running")


def approve(channel: Channel, language: str = "de", body: str = "{{1}}: {{2}}", status: str = "APPROVED") -> None:
    variables = [name for name in ("1", "2", "3") if f"{{{{{name}}}}}" in body]
    template = {"name": "weiter", "language": language, "body": body, "variables": variables, "status": status}
    MessageTemplate.objects.create(
        channel=channel, name="weiter", language=language, category="UTILITY", status=status, template=template, synced_at=timezone.now()
    )


def close(days: float = 3) -> None:
    """Let the window be closed since long."""
    Address.objects.update(last_inbound_at=timezone.now() - timedelta(days=days))


def lines() -> list[str]:
    rows = Message.objects.filter(author="system", kind__in=["dialog_knocked", "dialog_unsaid"]).order_by("pk")
    return [words.line(row) for row in rows]


def register(say: Say, who: str = "paula", word: str = "Essen", **fields: str) -> None:
    say(who, word, **fields)
    close()


def test_a_woken_walk_knocks_once_and_goes_on_where_it_stood(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    make_live(town, FOOD)
    register(say)
    assert let_pass(days=3) == "Essen: Brauchen Sie weiter Essen?"
    sent = Message.objects.filter(author="bot").order_by("-pk")[0]
    assert (sent.kind, sent.data["template"]) == ("template", "weiter")
    assert lines() == [
        "Das Antwortfenster ist zu. Statt des Dialogs Essen ging seine Vorlage hinaus; er geht weiter, wenn die Person antwortet"
    ]
    session = Session.objects.get()
    assert (session.state, session.step, session.contact.facts.count()) == ("knocks", "pause", 0), "what its turn did is undone"
    assert let_pass(days=1) == let_pass(days=1) == "", "once"
    assert "Brauchen Sie **weiter** Essen?" in say("paula", "Weiter", choice="Weiter")
    assert session.contact.facts.get().value == "yes"
    assert say("paula", "ja") == "Notiert."
    assert list(Trace.objects.order_by("pk").values_list("what", flat=True)) == [
        "started", "reached", "reached", "knocked", "reached", "reached", "answered", "reached", "done",
    ]  # fmt: skip


def test_in_their_language_and_with_as_many_values_as_it_asks_for(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    approve(channel, "en_GB", "News: {{1}}")
    make_live(town, FOOD)
    register(say, "ann", "food", language="en")
    assert let_pass(days=3) == "News: Food"


@pytest.mark.parametrize("status", ["", "PENDING", "too_many"])
def test_without_an_approved_template_people_read_that_nothing_was_said(
    say: Say, town: Organisation, channel: Channel, kemal: Membership, status: str, client: Client
) -> None:
    if status:
        approve(
            channel, body="{{1}} {{2}} {{3}}" if status == "too_many" else "{{1}}", status="APPROVED" if status == "too_many" else status
        )
    make_live(town, FOOD)
    register(say)
    assert let_pass(days=3) == ""
    why = "Das Antwortfenster ist zu: Die letzte Nachricht der Person ist zu lange her"
    assert lines() == [f"Der Dialog Essen wollte etwas sagen, und es ging nicht: {why}"]
    session = Session.objects.get()
    assert (session.state, sessions.walk_of(session).unsaid) == ("left", "window_closed")
    assert Trace.objects.get(what="unsaid").step == "still"
    client.force_login(kemal.operator)
    assert why in client.get(f"/o/musterstadt/dialoge/{session.dialog_id}/verlaeufe/").content.decode()


def test_in_an_open_window_and_where_there_is_none_it_speaks_as_before(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    make_live(town, FOOD)
    say("paula", "Essen")
    assert "Brauchen Sie **weiter** Essen?" in let_pass(days=3)
    Channel.objects.update(kind="telegram")
    say("veit", "Essen")
    close()
    assert "Brauchen Sie **weiter** Essen?" in let_pass(days=3)
    assert lines() == []


def test_a_reminder_knocks_and_what_they_write_answers_the_question(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    make_live(town, FOOD)
    say("paula", "Essen")
    let_pass(days=3)
    close(1.5)
    assert let_pass(minutes=2_001) == "Essen: Sind Sie noch da? Ich warte auf Ihre Antwort."
    assert say("paula", "Nein") == "Notiert."


def test_a_farewell_to_whoever_was_silent_is_not_worth_a_template(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    make_live(town, FOOD.replace("remind_after: 2000", "remind_after: 0"))
    say("paula", "Essen")
    let_pass(days=3)
    close()
    assert let_pass(minutes=5_001) == ""
    assert (Session.objects.get().state, lines()) == ("expired", [])


def subscribed(town: Organisation, say: Say, *who: str) -> None:
    topic, _made = Topic.objects.get_or_create(organisation=town, key="news", defaults={"title": {"de": "Neues"}})
    for name in who:
        say(name, "Hallo")
    for contact in Contact.objects.all():
        address = contact.addresses.get()
        proof = ledger.Proof(channel=address.channel, evidence="x")
        contacts.subscribe(contact, [topic], address, proof)
        contacts.confirm(contact, address, proof)


def evening(town: Organisation) -> None:
    make_live(town, EVENING % (timezone.localtime() - timedelta(minutes=1)).strftime("%H:%M"))


def test_a_dialog_that_begins_by_the_clock_knocks_each_day_and_tells_when_answered(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    subscribed(town, say, "paula")
    evening(town)
    close()
    assert timetable.begin_due(timezone.now()) == 1
    assert Message.objects.filter(kind="template").get().text == "Abfuhr: Morgen die Biotonne."
    assert timetable.begin_due(timezone.now()) == 0, "once a day"
    Session.objects.update(started_at=timezone.now() - timedelta(days=1))
    assert timetable.begin_due(timezone.now()) == 1
    assert sorted(Session.objects.values_list("state", flat=True)) == ["knocks", "left"]
    assert say("paula", "ok") == "Morgen die Biotonne."
    assert Session.objects.order_by("-pk")[0].state == "done"
    assert "Biotonne" not in say("paula", "ok"), "told once"


def test_by_the_clock_without_a_template_it_is_said_that_nothing_was(say: Say, town: Organisation, channel: Channel) -> None:
    subscribed(town, say, "paula")
    evening(town)
    close()
    timetable.begin_due(timezone.now())
    assert len(lines()) == 1
    assert not Message.objects.filter(kind="template").exists()


def test_who_answers_with_a_matter_of_their_own_is_told_and_heard(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    subscribed(town, say, "paula")
    make_live(town, FOOD)
    evening(town)
    close()
    timetable.begin_due(timezone.now())
    assert say("paula", "Essen") == "Morgen die Biotonne.\nAngemeldet."


def test_who_asks_for_a_person_gets_one_and_stop_ends_it(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    make_live(town, FOOD)
    register(say)
    register(say, "veit")
    let_pass(days=3)
    assert "einen Menschen" in say("paula", "Mensch")
    say("veit", "STOP")
    assert sorted(Session.objects.values_list("state", flat=True)) == ["handed", "left"]


def test_a_template_nobody_answers_ends_and_one_of_us_may_end_it(say: Say, town: Organisation, channel: Channel, kemal: Membership) -> None:
    approve(channel)
    make_live(town, FOOD)
    register(say)
    register(say, "veit")
    let_pass(days=3)
    veit = Session.objects.get(contact__addresses__address_hash=Address.objects.order_by("-pk")[0].address_hash)
    people.end(veit, operator=kemal.operator)
    assert sessions.expire(timezone.now() + timedelta(days=8)) == 1
    assert sorted(Session.objects.values_list("state", flat=True)) == ["ended", "expired"]
    assert "Brauchen" not in say("paula", "Bin wieder da")


def test_whoever_gives_a_held_one_back_lets_it_go_on(say: Say, town: Organisation, channel: Channel, kemal: Membership) -> None:
    approve(channel)
    make_live(town, FOOD)
    register(say)
    let_pass(days=3)
    Session.objects.update(state="held")  # a colleague had the word when they wrote
    Address.objects.update(last_inbound_at=timezone.now())
    assert people.resume(Session.objects.get(), operator=kemal.operator)
    assert "Brauchen Sie" in Message.objects.filter(author="bot").latest("pk").text


def test_while_another_dialog_waits_for_an_answer_none_knocks(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    make_live(town, FOOD)
    make_live(town, ASKING)
    say("paula", "Essen")
    assert "Wie heißen Sie?" in say("paula", "Name")
    close()
    assert let_pass(days=3) == ""
    assert Session.objects.get(dialog__key="food").state == "running"


def test_checking_says_so_before_publishing(town: Organisation, channel: Channel) -> None:
    food, none = make_live(town, FOOD), "WhatsApp verlangt nach 24 Stunden eine Vorlage, und „weiter“ ist dort nicht genehmigt."
    said = [(each.step, each.sentence) for each in knowing.findings(food) if each.path == "template"]
    assert said == [("pause", none)]
    food.draft = {**food.draft, "template": ""}
    assert "der Dialog nennt keine" in next(each.sentence for each in knowing.findings(food) if each.path == "template")
    food.draft = {**food.draft, "template": "weiter"}
    approve(channel)
    assert not [each for each in knowing.findings(food) if each.path == "template"]
    Channel.objects.create(organisation=town, kind="instagram", name="Instagram", config="{}", state="running")
    assert "kennt keine Vorlagen" in next(each.sentence for each in knowing.findings(food) if each.path == "template")
    Channel.objects.update(state="stopped")
    assert not [each for each in knowing.findings(food) if each.path == "template"]


def test_short_waits_need_none_and_a_time_of_day_does(town: Organisation, channel: Channel) -> None:
    Topic.objects.create(organisation=town, key="news", title={"de": "Neues"})
    short = make_live(town, FOOD.replace("4320", "60").replace("remind_after: 2000", "remind_after: 60"))
    assert not [each for each in knowing.findings(short) if each.path == "template"]
    clock = make_live(town, EVENING % "18:00")
    assert [each.step for each in knowing.findings(clock) if each.path == "template"] == [""]
    elsewhere = make_live(town, (EVENING % "18:00").replace("topic: news", "topic: news, channels: [telegram]"))
    assert not [each for each in knowing.findings(elsewhere) if each.path == "template"]


def test_the_head_of_the_editor_offers_the_templates(desk_of: Client, town: Organisation, channel: Channel) -> None:
    approve(channel)
    food = make_live(town, FOOD)
    drawn = desk_of.get(f"/o/musterstadt/dialoge/{food.pk}/kopf/").content.decode()
    assert '<option value="weiter" selected>weiter</option>' in drawn
    sent = {"stamp": food.stamp, "sprache": "de", "title": "Essen", "languages": ["de", "en"], "template": ""}
    assert desk_of.post(f"/o/musterstadt/dialoge/{food.pk}/kopf/", sent).status_code == 200
    food.refresh_from_db()
    assert food.draft.get("template", "") == ""


@pytest.fixture
def desk_of(client: Client, kemal: Membership) -> Client:
    client.force_login(kemal.operator)
    return client


def test_the_night_ends_what_nobody_answered(say: Say, town: Organisation, channel: Channel) -> None:
    approve(channel)
    make_live(town, FOOD)
    register(say)
    let_pass(days=3)
    Session.objects.update(wakes_at=timezone.now() - timedelta(minutes=1))
    tasks.forget_keys.func(0)
    assert Session.objects.get().state == "expired"
