"""Dialogs through the front door: begun, interrupted, stopped, taken over, stepped back into."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts.models import Membership, Organisation, Team
from buergerdraht.appointments.tests.conftest import make_offer
from buergerdraht.connectors.contract import Content, Received, Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import ledger
from buergerdraht.contacts.models import Contact, Topic
from buergerdraht.conversations import actions, answering, holding, words
from buergerdraht.conversations.models import Conversation, Label, Message
from buergerdraht.dialogs import fates, people, sessions, timetable, world
from buergerdraht.dialogs.models import Dialog, Lock, Session, System, Trace, Version
from buergerdraht.dialogs.tests.conftest import Say, let_pass, make_live


@pytest.mark.parametrize("text", ["Sperrmüll", "sperrmuell", "SPERMÜLL", "Ich möchte Sperrmüll anmelden!", "bulky waste"])
def test_a_word_begins_it(say: Say, bulky: Dialog, text: str) -> None:
    assert "Was möchten Sie?" in say("paula", text)
    assert Conversation.objects.get().state == "bot"


def test_a_link_begins_it(say: Say, bulky: Dialog) -> None:
    assert "Was möchten Sie?" in say("paula", "/start sperrmuell", kind="start", start="sperrmuell")


def test_a_long_letter_with_the_word_in_it_goes_to_people(say: Say, bulky: Dialog) -> None:
    say("paula", "Gestern lag an der Ecke wieder der Sperrmüll vom Nachbarn und niemand hat ihn geholt, das ärgert uns")
    assert Conversation.objects.get().state == "open"
    assert not Session.objects.exists()


def test_walks_to_its_end_and_brings_the_matter_before_the_team(say: Say, bulky: Dialog, yard: Team) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    say("paula", "Am Bach 3")
    say("paula", "in einer Woche")
    assert "Ein Foto bitte." in say("paula", "ja")
    assert say("paula", photo=True) == ""
    assert say("paula", photo=True) == ""
    assert "Danke. Am Bach 3 am " in let_pass(seconds=4)
    session, conversation = Session.objects.get(), Conversation.objects.get()
    assert session.state == "done"
    assert len(sessions.walk_of(session).answers["photo"]) == 2
    assert (conversation.state, conversation.team, [each.name for each in conversation.labels.all()]) == ("open", yard, ["Sperrmüll"])
    assert "Am Bach 3" in Message.objects.get(author="note").text
    assert list(Trace.objects.filter(what="answered").values_list("step", flat=True)) == ["what", "street", "day", "photo"]


def test_a_running_walk_ends_in_the_version_it_began(say: Say, bulky: Dialog, town: Organisation) -> None:
    say("paula", "Sperrmüll")
    make_live(
        town,
        "key: bulky\ntitle: {de: Neu}\nsteps:\n- {id: only, kind: end, text: {de: Ganz neu.}}\n"
        + "triggers: [{on: words, words: {de: [Sperrmüll]}}]",
    )
    assert say("paula", "1") == "Welche Straße?"
    assert say("veit", "Sperrmüll") == "Ganz neu."


def test_stop_ends_it_at_every_step_and_nothing_comes_after(say: Say, bulky: Dialog) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    assert "abgemeldet" in say("paula", "STOP")
    assert Session.objects.get().state == "left"
    assert let_pass(days=3) == ""


def test_help_answers_and_the_question_still_stands(say: Say, bulky: Dialog) -> None:
    say("paula", "Sperrmüll")
    assert "STOPP" in say("paula", "HILFE")
    assert say("paula", "1") == "Welche Straße?"


def test_menu_shows_the_dialogs_of_the_house_by_name_and_number(say: Say, bulky: Dialog) -> None:
    assert "Womit kann ich Ihnen helfen?" in say("paula", "Menü")
    assert "Was möchten Sie?" in say("paula", "1")


def test_where_no_dialog_is_menu_asks_for_help(say: Say, town: Organisation) -> None:
    assert "STOPP" in say("paula", "Menü")


def test_while_a_person_holds_the_thread_the_dialog_is_silent(say: Say, bulky: Dialog, kemal: Membership) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    holding.assign(Conversation.objects.get(), by=kemal.operator, operator=kemal.operator)
    Conversation.objects.update(state="open")
    assert say("paula", "Am Bach 3") == ""
    assert let_pass(hours=2) == ""
    assert Session.objects.get().state == "held"
    assert people.resume(Session.objects.get(), operator=kemal.operator)
    said = list(Message.objects.filter(author="bot").order_by("-pk").values_list("text", flat=True)[:2])
    assert said == ["Welche Straße?", "Wir machen weiter, wo wir waren."]
    assert say("paula", "Am Bach 3") == "Wann?"


def test_an_answer_of_a_person_silences_it_without_assigning(say: Say, bulky: Dialog, kemal: Membership) -> None:
    say("paula", "Sperrmüll")
    conversation = Conversation.objects.get()
    answering.reply(conversation, Content(text="Ich helfe Ihnen."), operator=kemal.operator)
    conversation.refresh_from_db()
    actions.quiet(conversation)
    Conversation.objects.update(state="bot", operator=None)
    say("paula", "danke")
    assert Session.objects.get().state == "held"


def test_handing_over_brings_the_answers_before_people(say: Say, bulky: Dialog) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    say("paula", "Am Bach 3")
    assert "einen Menschen" in say("paula", "Mensch")
    assert Conversation.objects.get().state == "open"
    assert "Am Bach 3" in Message.objects.get(author="note").text


def test_restart_and_end_are_the_operators(say: Say, bulky: Dialog, kemal: Membership) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    again = people.restart(Session.objects.get(), operator=kemal.operator)
    assert again is not None
    assert [each.state for each in Session.objects.order_by("pk")] == ["ended", "running"]
    people.end(again, operator=kemal.operator)
    say("paula", "1")
    assert Conversation.objects.get().state == "open"


def test_one_walk_of_two_is_left_when_another_begins(say: Say, bulky: Dialog, town: Organisation) -> None:
    make_live(
        town,
        "key: other\ntitle: {de: Andere}\ntriggers: [{on: link, name: andere}]\nsteps:\n- {id: q, kind: ask, text: {de: Wie heißen Sie}}\n",
    )
    say("paula", "Sperrmüll")
    assert "Wie heißen Sie" in say("paula", "/start andere", kind="start", start="andere")
    assert [each.state for each in Session.objects.order_by("pk")] == ["left", "running"]


def test_the_neighbour_town_begins_nothing_of_ours(say: Say, bulky: Dialog, channel) -> None:
    other = Organisation.objects.create(slug="nachbar", name="Nachbarstadt")
    Dialog.objects.update(organisation=other)
    from buergerdraht.dialogs.models import Word

    Word.objects.update(organisation=other)
    from buergerdraht.dialogs import triggers

    triggers.forget()
    say("paula", "Sperrmüll")
    assert not Session.objects.exists()


def test_beside_the_thread_stand_the_answers_and_the_ways_to_act(say: Say, bulky: Dialog, kemal: Membership, client: Client) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    say("paula", "Am Bach 3")
    client.force_login(kemal.operator)
    thread = f"/o/musterstadt/posteingang/{Conversation.objects.get().pk}/"
    shown = client.get(thread).content.decode()
    assert "Am Bach 3" in shown
    session = Session.objects.get()
    strict = Client(enforce_csrf_checks=True)  # as browsers are
    strict.force_login(kemal.operator)
    token = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', strict.get(f"{thread}dialog/stand/").content.decode())[0]
    fields = {"csrfmiddlewaretoken": token}
    answer = strict.post(f"/o/musterstadt/posteingang/dialog/{session.pk}/uebernehmen/", fields, follow=True)
    assert "Kemal hat den Dialog Sperrmüll angehalten" in answer.content.decode()
    assert say("paula", "Noch da?") == ""
    client.post(f"/o/musterstadt/posteingang/dialog/{session.pk}/weiter/")
    assert say("paula", "in einer Woche").startswith("Ich habe verstanden")
    client.post(f"/o/musterstadt/posteingang/dialog/{session.pk}/beenden/")
    client.post(f"/o/musterstadt/posteingang/{Conversation.objects.get().pk}/dialog/", {"dialog": bulky.pk})
    assert [each.state for each in Session.objects.order_by("pk")] == ["ended", "running"]


def test_readers_do_not_act(say: Say, bulky: Dialog, kemal: Membership, client: Client) -> None:
    Membership.objects.update(roles=["reader"])
    say("paula", "Sperrmüll")
    client.force_login(kemal.operator)
    assert client.post(f"/o/musterstadt/posteingang/dialog/{Session.objects.get().pk}/beenden/").status_code == 403


def test_nobody_is_reminded_at_night(say: Say, bulky: Dialog, town: Organisation) -> None:
    say("paula", "Sperrmüll")
    now = timezone.localtime()
    town.quiet_from, town.quiet_until = (now - timedelta(hours=1)).time(), (now + timedelta(hours=3)).time()
    town.save()
    assert let_pass(hours=2) == ""
    assert Session.objects.get().wakes_at > timezone.now() + timedelta(hours=2)
    Organisation.objects.update(quiet_from=None)
    assert "Sind Sie noch da?" in let_pass(hours=4)


ASKED = """
key: check
title: {de: Nachfrage}
triggers: [{on: time, time: '%s', topic: news}]
steps: [{id: q, kind: ask, want: yes_no, text: {de: Alles gut}}]
"""
BANK = """
key: bank
title: {de: Bank}
triggers: [{on: words, words: {de: [Bank]}}]
steps:
  - {id: q, kind: ask, want: iban, text: {de: IBAN}}
  - {id: e, kind: end, text: {de: 'Danke {{ answers.q }}'}}
"""


def test_begins_by_the_clock_once_a_day_with_those_who_subscribed(say: Say, town: Organisation) -> None:
    topic = Topic.objects.create(organisation=town, key="news", title={"de": "News"})
    for who in ("paula", "veit"):
        say(who, "hallo")
    paula = Contact.objects.order_by("pk").first()
    address = paula.addresses.get()
    proof = ledger.Proof(channel=address.channel, evidence="x")
    contacts.subscribe(paula, [topic], address, proof)
    contacts.confirm(paula, address, proof)
    now = timezone.localtime()
    make_live(town, ASKED % (now - timedelta(minutes=1)).strftime("%H:%M"))
    before = now.replace(hour=0, minute=0) if now.hour == 0 and now.minute < 2 else now
    assert timetable.begin_due(before) == 1
    assert timetable.begin_due(before) == 0
    assert Session.objects.get().contact == paula
    assert timetable.begin_due(before + timedelta(hours=2)) == 0


def test_account_numbers_are_welcome_where_a_dialog_asks_for_them(say: Say, town: Organisation) -> None:
    make_live(town, BANK)
    say("paula", "Bank")
    assert say("paula", "DE02 1203 0000 0000 2020 51") == "Danke DE02 … 2051"
    assert "nicht über den Messenger" in say("veit", "DE02 1203 0000 0000 2020 51")


SILENT = """
key: silent
title: {de: Still}
triggers: [{on: words, words: {de: [Still]}}]
steps:
  - {id: w, kind: wait, minutes: 60, silence: true, on_message: heard}
  - {id: quiet, kind: end, text: {de: Niemand sagte etwas.}}
  - {id: heard, kind: end, text: {de: Gehört.}}
"""


def test_a_wait_for_silence_hears_what_they_say(say: Say, town: Organisation) -> None:
    make_live(town, SILENT)
    say("paula", "Still")
    assert say("paula", "Ich bin noch da") == "Gehört."
    say("veit", "Still")
    assert let_pass(minutes=61) == "Niemand sagte etwas."


RESTING = """
key: rest
title: {de: Später}
triggers: [{on: words, words: {de: [Später]}}]
steps:
  - {id: w, kind: wait, minutes: 60}
  - {id: q, kind: ask, text: {de: Wie war es}}
"""


def test_what_was_to_come_later_is_held_where_one_of_us_wrote_meanwhile(
    say: Say, town: Organisation, kemal: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_live(town, RESTING)
    say("paula", "Später")
    answering.reply(Conversation.objects.get(), Content(text="Wie war es bei Ihnen?"), operator=kemal.operator)
    Conversation.objects.update(state="bot", operator=None)
    assert let_pass(minutes=61) == ""
    assert Session.objects.get().state == "held"
    line = Message.objects.get(kind="dialog_held")
    assert words.line(line) == "Der Dialog Später wäre jetzt weitergegangen. Er ist angehalten, weil ein Mensch das Wort hat"
    assert let_pass(minutes=61) == ""
    assert Message.objects.filter(kind="dialog_held").count() == 1
    later = timezone.now() + timedelta(minutes=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert people.resume(Session.objects.get(), operator=kemal.operator)
    assert Message.objects.filter(author="bot").order_by("pk").last().text == "Wie war es", "nobody waits for the same time twice"


TWO_CASES = """
key: two
title: {de: Zwei}
triggers: [{on: words, words: {de: [Zwei]}}]
steps:
  - {id: a, kind: case, save: first}
  - {id: q, kind: ask, text: {de: "{{ answers.first }}. Noch etwas?"}}
  - {id: b, kind: case, save: second}
  - {id: c, kind: case, save: third}
  - {id: e, kind: end, text: {de: "{{ answers.second }}, {{ answers.third }}"}}
"""


def test_each_case_of_a_walk_has_a_number_of_its_own(say: Say, town: Organisation) -> None:
    make_live(town, TWO_CASES)
    first = say("paula", "Zwei").partition(".")[0]
    assert first.endswith(f"-{Session.objects.get().pk}")
    assert say("paula", "Ja") == f"{first}-2, {first}-3"
    assert [each.split()[0] for each in notes()] == [first, f"{first}-2", f"{first}-3"]


def notes() -> list[str]:
    return list(Message.objects.filter(author="note").order_by("pk").values_list("text", flat=True))


BOOKING = """
key: desk
title: {de: Ausweis}
triggers: [{on: words, words: {de: [Ausweis]}}]
steps:
  - {id: day, kind: book, offer: ausweis, text: {de: Wann}}
  - {id: e, kind: end, text: {de: Gebucht}}
"""


def test_a_second_time_of_one_who_may_have_one_is_refused_with_the_reason(say: Say, town: Organisation) -> None:
    make_offer(town)
    make_live(town, BOOKING)
    for said in ("Ausweis", "2"):
        say("paula", said)
    assert say("paula", "1") == "Gebucht"
    for said in ("Ausweis", "2"):
        say("paula", said)
    assert "schon so viele Termine" in say("paula", "1")
    assert Session.objects.order_by("pk").last().state == "handed"


def test_a_walk_that_rested_waits_until_the_other_is_over(say: Say, bulky: Dialog, town: Organisation) -> None:
    make_live(town, RESTING)
    say("paula", "Später")
    say("paula", "Sperrmüll")
    say("veit", "Später")
    assert let_pass(minutes=61) == "Sind Sie noch da? Ich warte auf Ihre Antwort.\nWie war es"  # Paula's other walk, and Veit's own
    assert say("paula", "2") == "Der Hof hat Mo bis Sa offen."
    assert let_pass(minutes=61) == "Wie war es"


def spoil(dialog: Dialog) -> None:
    """A document from before the last change of what documents are."""
    Version.objects.filter(dialog=dialog).update(document={"key": "bulky", "steps": [{"id": "x", "kind": "gone"}]})
    world._documents.clear()


def test_a_walk_whose_document_cannot_be_read_any_more_goes_to_people(say: Say, bulky: Dialog) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    say("veit", "Sperrmüll")
    spoil(bulky)
    assert "einen Menschen" in say("paula", "Am Bach 3")
    assert "einen Menschen" in let_pass(hours=25)
    assert list(Session.objects.values_list("state", flat=True)) == ["handed", "handed"]
    assert list(Conversation.objects.values_list("state", flat=True)) == ["open", "open"]
    say("emil", "Sperrmüll")
    assert Conversation.objects.order_by("pk").last().state == "open"


def test_a_walk_that_cannot_be_read_or_fails_goes_to_people(say: Say, bulky: Dialog, monkeypatch: pytest.MonkeyPatch) -> None:
    say("paula", "Sperrmüll")
    Session.objects.update(walk='{"frames": 7}')
    assert "einen Menschen" in say("paula", "1")
    say("veit", "Sperrmüll")

    def fail(*anything: object) -> None:
        Label.objects.create(organisation_id=0, name="x")
        raise RuntimeError

    monkeypatch.setattr(sessions.machine, "answer", fail)
    assert "einen Menschen" in say("veit", "1")
    assert [each.state for each in Session.objects.order_by("pk")] == ["handed", "handed"]


def test_one_that_cannot_be_woken_goes_to_people_and_holds_up_no_other(say: Say, bulky: Dialog, monkeypatch: pytest.MonkeyPatch) -> None:
    say("paula", "Sperrmüll")
    say("veit", "Sperrmüll")
    real, first = sessions.machine.wake, Session.objects.order_by("pk").first()

    def fail(walk, house) -> None:
        if house.session.pk == first.pk:
            raise IntegrityError
        real(walk, house)

    monkeypatch.setattr(sessions.machine, "wake", fail)
    said = let_pass(minutes=61)
    assert "einen Menschen" in said
    assert "Sind Sie noch da?" in said


def test_who_may_not_be_written_to_is_asked_nothing(say: Say, bulky: Dialog, kemal: Membership) -> None:
    say("paula", "hallo")
    contact = Contact.objects.get()
    session = sessions.begin(bulky, contact, contact.addresses.get(), sessions.Cause("time", "newsletter"))
    assert session.state == "left"
    say("paula", "1")
    assert Conversation.objects.get().state == "open"


CALLS = """
key: calls
title: {de: Ruft}
triggers: [{on: words, words: {de: [Ruft]}}]
steps:
  - {id: c, kind: call, system: crm, on_failure: e, on_no: e}
  - {id: e, kind: end, text: {de: Fertig.}}
"""


@pytest.fixture
def calling(town: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.House, "call", lambda *anything: True)
    make_live(town, CALLS)


def test_what_was_said_during_a_call_is_read_by_people_where_the_dialog_ended(say: Say, calling: None) -> None:
    say("paula", "Ruft")
    assert "geht nicht verloren" in say("paula", "Und was kostet das?")
    assert say("paula", "Ich brauche es bis morgen") == ""
    session = Session.objects.get()
    assert sessions.called(session.pk, sessions.walk_of(session).serial, "yes", {})
    said = list(Message.objects.filter(author="bot").order_by("-pk").values_list("text", flat=True)[:2])
    assert "einen Menschen" in said[0]
    assert said[1] == "Fertig."
    assert Conversation.objects.get().state == "open"


def test_a_thank_you_during_a_call_bothers_nobody(say: Say, calling: None) -> None:
    say("paula", "Ruft")
    say("paula", "ok danke")
    session = Session.objects.get()
    sessions.called(session.pk, sessions.walk_of(session).serial, "yes", {})
    assert Message.objects.filter(author="bot").order_by("-pk").first().text == "Fertig."
    assert Conversation.objects.get().state == "bot"


def test_stop_during_a_call_ends_it_and_forgets_what_was_said(say: Say, calling: None) -> None:
    say("paula", "Ruft")
    say("paula", "Moment noch")
    session = Session.objects.get()
    assert "abgemeldet" in say("paula", "STOP")
    assert not sessions.called(session.pk, sessions.walk_of(session).serial, "yes", {})
    session.refresh_from_db()
    assert (session.state, session.pending) == ("left", "")


def test_a_message_that_was_answered_is_not_answered_again(say: Say, bulky: Dialog, channel) -> None:
    event = Received(external_id="same", sender=Sender(address="paula"), at=timezone.now(), text="Sperrmüll")
    for _ in range(3):
        inbound.handle(channel, event)
    assert Message.objects.filter(author="bot").count() == 2  # a greeting and a question
    event = Received(external_id="next", sender=Sender(address="paula"), at=timezone.now(), text="1")
    for _ in range(3):
        inbound.handle(channel, event)
    assert Message.objects.filter(author="bot").count() == 3
    assert sessions.walk_of(Session.objects.get()).misses == 0


def test_a_forgotten_walk_cannot_be_stepped_back_into(say: Say, bulky: Dialog, town: Organisation, kemal: Membership) -> None:
    say("paula", "Sperrmüll")
    people.hold(Session.objects.get(), operator=kemal.operator)
    sessions.forget(town, timezone.now() + timedelta(days=1))
    assert not people.resume(Session.objects.get(), operator=kemal.operator)


def test_a_link_of_somebody_else_is_no_answer_and_leads_out(say: Say, bulky: Dialog, town: Organisation) -> None:
    Topic.objects.create(organisation=town, key="news", title={"de": "News"})
    say("paula", "Sperrmüll")
    say("paula", "/start news", kind="start", start="news")
    assert Session.objects.get().state == "left"
    assert "News" in Message.objects.filter(author="bot").order_by("-pk").first().text


def test_what_cannot_be_read_as_a_message_gets_a_kind_hint(say: Say, bulky: Dialog) -> None:
    say("paula", "Sperrmüll")
    assert "als Text" in say("paula", kind="unsupported")


def test_two_contacts_that_become_one_keep_their_wrong_tries(say: Say, town: Organisation) -> None:
    say("paula", "hallo")
    say("veit", "hallo")
    into, other = Contact.objects.order_by("pk")
    crm = System.objects.create(organisation=town, key="crm", title="CRM", url="https://crm.example")
    Lock.objects.create(contact=other, system=crm, wrong=2)
    fates.on_joined(None, into=into, other=other)
    Lock.objects.get(contact=into, wrong=2)
    Lock.objects.filter(contact=other).update(until=timezone.now() + timedelta(hours=1))
    fates.on_joined(None, into=into, other=other)
    assert Lock.objects.get(contact=into).until is not None
