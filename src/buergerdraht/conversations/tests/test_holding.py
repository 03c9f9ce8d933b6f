"""What becomes of a thread: put off, labelled, escalated, noted, and every step taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation, Team
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations import asides, confidential, hold_forms, holding, page
from buergerdraht.conversations.models import Conversation, Label, Message, Notice, TeamRule
from buergerdraht.conversations.tests.conftest import Write

INBOX = "/o/musterstadt/posteingang/"
PIECE = {"HTTP_HX_REQUEST": "true"}
TOMORROW = timedelta(days=1)


def state(conversation: Conversation) -> tuple[object, ...]:
    fresh = Conversation.objects.get(pk=conversation.pk)
    return (*(getattr(fresh, name) for name in holding.CHANGED), *fresh.labels.values_list("name", flat=True))


@pytest.fixture
def bauhof(town: Organisation, kemal: Operator) -> Team:
    team = Team.objects.create(organisation=town, name="Bauhof")
    Membership.objects.get(operator=kemal).teams.add(team)
    return team


# ── Steps and steps back ──────────────────────────────────────────────────


@pytest.mark.parametrize("step", ["close", "take", "assign", "hand", "snooze", "topic", "labels"])
def test_a_step_taken_back_leaves_all_as_it_was(
    step: str, thread: Conversation, andrea: Operator, kemal: Operator, bauhof: Team, town: Organisation
) -> None:
    topic = Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    label = Label.objects.create(organisation=town, name="Straße")
    thread.labels.add(Label.objects.create(organisation=town, name="Presse"))
    before = state(thread)
    line = {
        "labels": lambda: holding.label(thread, [label], operator=andrea),
        "close": lambda: holding.close(thread, operator=andrea),
        "take": lambda: holding.assign(thread, by=andrea, operator=andrea),
        "assign": lambda: holding.assign(thread, by=andrea, operator=kemal),
        "hand": lambda: holding.assign(thread, by=andrea, team=bauhof),
        "snooze": lambda: holding.snooze(thread, datetime.now(hours.BERLIN) + TOMORROW, operator=andrea),  # as the form gives it
        "topic": lambda: holding.set_topic(thread, topic, operator=andrea),
    }[step]()
    assert line is not None
    assert state(thread) != before
    holding.undo(thread, line.pk, operator=andrea)
    assert state(thread) == before
    with pytest.raises(ValidationError):
        holding.undo(thread, line.pk, operator=andrea)


@pytest.mark.parametrize("step", ["take", "snooze", "hand"])
def test_who_takes_up_what_was_set_aside_brings_it_back(step: str, thread: Conversation, andrea: Operator, bauhof: Team) -> None:
    asides.set_aside(thread, "spam", operator=andrea)
    before = state(thread)
    line = {
        "take": lambda: holding.assign(thread, by=andrea, operator=andrea),
        "snooze": lambda: holding.snooze(thread, timezone.now() + TOMORROW, operator=andrea),
        "hand": lambda: holding.assign(thread, by=andrea, team=bauhof),
    }[step]()
    fresh = Conversation.objects.get()
    assert (fresh.aside, fresh.state) == ("", "open")
    assert fresh.waiting_since == thread.messages.filter(author="citizen").latest("id").at
    holding.undo(thread, line.pk, operator=andrea)
    assert state(thread) == before


def test_whoever_is_blocked_stays_so_whoever_takes_the_thread(thread: Conversation, andrea: Operator) -> None:
    asides.block(thread, reason="threat", operator=andrea)
    holding.assign(thread, by=andrea, operator=andrea)
    holding.reopen(thread, operator=andrea)
    fresh = Conversation.objects.get()
    assert (fresh.aside, fresh.state, fresh.waiting_since) == ("blocked", "bot", None)


def test_what_happened_since_is_not_undone(thread: Conversation, andrea: Operator, kemal: Operator, write: Write) -> None:
    line = holding.close(thread, operator=andrea)
    assert line is not None
    with pytest.raises(ValidationError):
        holding.undo(thread, line.pk, operator=kemal)  # not his step
    write("Noch etwas")
    with pytest.raises(ValidationError):
        holding.undo(thread, line.pk, operator=andrea)


def test_a_step_is_taken_back_from_the_page(desk: Client, thread: Conversation, andrea: Operator) -> None:
    shown = desk.post(f"{INBOX}{thread.pk}/erledigt/", **PIECE).content.decode()
    line = thread.messages.latest("id")
    way = f"{INBOX}{thread.pk}/verlauf/{line.pk}/rueckgaengig/"
    assert way in shown
    assert "Zurückgenommen" in desk.post(way, **PIECE).content.decode()
    assert Conversation.objects.get().state == "open"
    assert "Andrea Berger hat das zurückgenommen" in desk.get(f"{INBOX}{thread.pk}/").content.decode()
    assert "Inzwischen" in desk.post(way, **PIECE).content.decode()


# ── Put off ───────────────────────────────────────────────────────────────


def test_the_citizens_next_message_ends_the_rest(thread: Conversation, andrea: Operator, write: Write) -> None:
    holding.snooze(thread, timezone.now() + TOMORROW, operator=andrea)
    write("Ist noch jemand da?")
    assert Conversation.objects.get().snoozed_until is None


def test_when_its_time_has_come_it_is_back_and_said(thread: Conversation, andrea: Operator) -> None:
    until = timezone.now() + timedelta(hours=1)
    holding.snooze(thread, until, operator=andrea)
    holding.wake_due(until - timedelta(minutes=1))
    assert Conversation.objects.get().snoozed_until == until
    holding.wake_due(until)
    assert Conversation.objects.get().snoozed_until is None
    assert Notice.objects.get().kind == "due"
    assert thread.messages.latest("id").kind == "woken"


def test_the_usual_moments_follow_the_office(town: Organisation) -> None:
    town.office_hours = {"mon": [["07:30", "12:00"]], "tue": [["10:00", "12:00"]]}
    morning = datetime(2026, 11, 30, 9, 0, tzinfo=hours.BERLIN)  # a Monday
    found = {code: at for code, _words, at in hold_forms.moments(town, morning)}
    assert found["stunde"] == morning + timedelta(hours=1)
    assert found["nachmittag"] == morning.replace(hour=14)
    assert found["morgen"] == datetime(2026, 12, 1, 10, 0, tzinfo=hours.BERLIN)
    assert found["montag"] == datetime(2026, 12, 7, 7, 30, tzinfo=hours.BERLIN)
    evening = {code for code, _words, _at in hold_forms.moments(town, morning.replace(hour=18))}
    assert "nachmittag" not in evening


def test_a_day_that_is_over_is_refused(desk: Client, thread: Conversation) -> None:
    way = f"{INBOX}{thread.pk}/zurueckstellen/"
    assert desk.post(way, {"wann": "tag"}, **PIECE).status_code == 422
    assert desk.post(way, {"wann": "tag", "tag": "2020-01-01"}, **PIECE).status_code == 422
    assert desk.post(way, {"wann": "morgen"}, **PIECE).status_code == 200
    assert Conversation.objects.get().snoozed_until is not None


# ── Labels, topic, escalation ─────────────────────────────────────────────


def test_labels_are_chosen_and_made(desk: Client, thread: Conversation, town: Organisation, neighbour: Organisation) -> None:
    known = Label.objects.create(organisation=town, name="Straße")
    foreign = Label.objects.create(organisation=neighbour, name="Fremd")
    way = f"{INBOX}{thread.pk}/etiketten/"
    assert "Straße" in desk.get(way, **PIECE).content.decode()
    assert desk.post(way, {"etikett": [known.pk], "neu": "Presse", "farbe": "warn"}, **PIECE).status_code == 200
    assert [str(label) for label in thread.labels.all()] == ["Presse", "Straße"]
    assert desk.post(way, {"etikett": [foreign.pk]}, **PIECE).status_code == 422
    desk.post(way, {"neu": "presse"}, **PIECE)
    assert [label.name for label in thread.labels.all()] == ["Presse"]
    assert AuditEntry.objects.filter(action="conversations.label").count() == 2


def test_escalating_hands_over_with_a_reason(
    thread: Conversation, andrea: Operator, kemal: Operator, bauhof: Team, town: Organisation
) -> None:
    amt = Team.objects.create(organisation=town, name="Bürgeramt")
    TeamRule.objects.create(team=amt, escalate_to=bauhof)
    Conversation.objects.update(team=amt, operator=andrea)
    thread.refresh_from_db()
    holding.escalate(thread, "Rohrbruch, bitte sofort", by=andrea)
    fresh = Conversation.objects.get()
    assert (fresh.team, fresh.operator) == (bauhof, None)
    assert Message.objects.get(author="note").text == "Rohrbruch, bitte sofort"
    assert [(notice.operator, notice.kind) for notice in Notice.objects.all()] == [(kemal, "urgent")]
    with pytest.raises(ValidationError):
        holding.escalate(fresh, "Noch einmal", by=andrea)


# ── Notes and mentions ────────────────────────────────────────────────────


def test_a_mention_is_kept_drawn_and_told(desk: Client, thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    note = holding.note(thread, "@Kemal Özdemir schaust du <b>bitte</b>? Nicht a@Kemal Özdemir", operator=andrea)
    assert note.data["mentions"] == [kemal.pk]
    assert [(notice.operator, notice.kind, notice.by) for notice in Notice.objects.all()] == [(kemal, "mention", andrea)]
    shown = desk.get(f"{INBOX}{thread.pk}/verlauf/{note.pk}/").content.decode()
    assert '<mark class="mention">@Kemal Özdemir</mark> schaust du &lt;b&gt;bitte' in shown


def test_mentioning_somebody_who_may_not_see_asks_to_name_them(
    desk: Client, thread: Conversation, andrea: Operator, kemal: Operator
) -> None:
    confidential.confide(thread, [], by=andrea)
    sent = {"art": "notiz", "text": "@Kemal Özdemir bitte"}
    asked = desk.post(f"{INBOX}{thread.pk}/antwort/", sent, **PIECE)
    assert (asked.status_code, Message.objects.filter(author="note").count()) == (422, 0)
    assert f'name="einbeziehen" value="{kemal.pk}"' in asked.content.decode()
    assert desk.post(f"{INBOX}{thread.pk}/antwort/", {**sent, "einbeziehen": [kemal.pk]}, **PIECE).status_code == 200
    assert set(thread.named.all()) == {andrea, kemal}
    assert Notice.objects.get().operator == kemal


def test_a_note_is_taken_back_by_its_author_soon(desk: Client, thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    note = holding.note(thread, "@Kemal Özdemir falsch", operator=andrea)
    with pytest.raises(ValidationError):
        holding.remove_note(note, operator=kemal)
    assert desk.post(f"{INBOX}{thread.pk}/verlauf/{note.pk}/loeschen/", **PIECE).status_code == 200
    assert not Message.objects.filter(pk=note.pk).exists()
    assert not Notice.objects.exists()
    late = holding.note(thread, "bleibt", operator=andrea)
    Message.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    late.refresh_from_db()
    with pytest.raises(ValidationError):
        holding.remove_note(late, operator=andrea)


def test_whom_one_can_mention_says_who_does_not_see_it(desk: Client, thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    confidential.confide(thread, [], by=andrea)
    found = desk.get(f"{INBOX}{thread.pk}/kollegen/").json()["people"]
    assert [each["name"] for each in found] == ["Kemal Özdemir"]
    assert found[0]["note"]


# ── The menu ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["zurueckstellen", "etiketten", "thema", "hilfe", "vertraulich", "zusammenfuehren", "trennen"])
def test_each_entry_is_a_piece_and_a_page(way: str, desk: Client, thread: Conversation) -> None:
    piece = desk.get(f"{INBOX}{thread.pk}/{way}/", **PIECE).content.decode()
    assert 'id="vorgang-titel"' in piece
    assert "<html" not in piece
    whole = desk.get(f"{INBOX}{thread.pk}/{way}/").content.decode()
    assert 'id="vorgang-titel"' in whole
    assert "<html" in whole


def test_two_threads_are_looked_at_and_brought_together(desk: Client, thread: Conversation, write: Write) -> None:
    from buergerdraht.connectors.contract import Sender

    other = write("Ich bin es auch", sender=Sender(address="9", name="Emine Y.")).conversation
    way = f"{INBOX}{thread.pk}/zusammenfuehren/"
    assert f'value="{other.pk}"' in desk.post(way, {"name": "Emine"}, **PIECE).content.decode()
    both = desk.post(way, {"mit": other.pk}, **PIECE).content.decode()
    assert "Ich bin es auch" in both
    assert "Wann wird das repariert?" in both
    assert Conversation.objects.count() == 2
    assert desk.post(way, {"mit": other.pk, "ja": "ja"}, **PIECE)["HX-Redirect"] == f"{INBOX}{thread.pk}/"
    assert Conversation.objects.count() == 1
    address = thread.contact.addresses.latest("id")
    desk.post(f"{INBOX}{thread.pk}/trennen/", {"adresse": address.pk}, **PIECE)
    assert Conversation.objects.count() == 2


def test_who_read_is_shown_to_whom_it_concerns(desk: Client, thread: Conversation, andrea: Operator, client: Client) -> None:
    way = f"{INBOX}{thread.pk}/gelesen/"
    assert desk.get(way).status_code == 403
    holding.assign(thread, by=andrea, operator=andrea)
    desk.get(f"{INBOX}{thread.pk}/")
    assert "Andrea Berger" in desk.get(way, **PIECE).content.decode()


def test_a_room_above_adds_to_the_menu(desk: Client, thread: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Anliegen daraus machen" not in desk.get(f"{INBOX}{thread.pk}/kopf/").content.decode()
    monkeypatch.setattr(page, "TURNS", [lambda request, conversation: page.Turn("Anliegen daraus machen", "/anliegen/neu/")])
    assert "Anliegen daraus machen" in desk.get(f"{INBOX}{thread.pk}/kopf/").content.decode()


def test_whoever_only_reads_is_told_of_no_field(client: Client, thread: Conversation, andrea: Operator, reader: Operator) -> None:
    holding.assign(thread, by=andrea, operator=andrea)
    client.force_login(reader)
    head = client.get(f"{INBOX}{thread.pk}/kopf/", **PIECE).content.decode()
    assert "bei Andrea Berger" in head
    assert "Ihr Feld" not in head
