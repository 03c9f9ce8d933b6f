"""The greeting: once a day, in the citizen's language, and a person after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import answering, automatic, recording, sentences
from buergerdraht.conversations.models import Conversation, Desk, Message, Stretch
from buergerdraht.conversations.tests.conftest import arrives, event
from buergerdraht.gateway.models import Channel


def said() -> list[str]:
    return list(Message.objects.filter(author="bot").order_by("id").values_list("text", flat=True))


def comes(channel: Channel, text: str = "Hallo") -> None:
    incoming = arrives(channel, event(text=text))
    recording.record(incoming)
    assert automatic.greet(incoming)


@pytest.fixture
def office(town: Organisation, monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """The office, open or closed as a test likes."""
    door = {"open": True}
    town.office_hours = {"mon": [["08:00", "12:00"]]}
    town.save()
    monkeypatch.setattr(hours, "is_open", lambda organisation, at: door["open"])
    monkeypatch.setattr(hours, "next_opening", lambda organisation, at: datetime(2026, 11, 23, 7, tzinfo=UTC))
    monkeypatch.setattr(hours, "spoken", lambda moment, language: "Montag, 8 Uhr")
    return door


def test_the_greeting_comes_once_a_day_and_people_are_called(telegram: Channel, office: dict[str, bool]) -> None:
    comes(telegram)
    comes(telegram)
    assert said() == [automatic.GREETING["de"]["sie"]]
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.unread) == ("open", 2)
    assert conversation.waiting_since


def test_the_away_text_names_the_next_opening(telegram: Channel, office: dict[str, bool]) -> None:
    office["open"] = False
    comes(telegram)
    assert said() == [f"{automatic.AWAY['de']['sie']} Wir antworten Ihnen ab Montag, 8 Uhr."]


def test_own_texts_win_and_follow_the_citizens_language(telegram: Channel, town: Organisation, office: dict[str, bool]) -> None:
    town.greeting, town.away = {"de": "Moin!", "en": "Ahoy!"}, {"de": "Zu bis {moment}."}
    town.save()
    arrives(telegram, event(text="hi"))
    Contact.objects.update(language="en")
    comes(telegram)
    assert said() == ["Ahoy!"]
    office["open"] = False
    Contact.objects.update(language="de")
    comes(telegram)
    assert said()[-1] == "Zu bis Montag, 8 Uhr."


def test_du_where_the_authority_says_du(telegram: Channel, town: Organisation, office: dict[str, bool]) -> None:
    town.address_form = "du"
    town.save()
    comes(telegram)
    assert said() == [automatic.GREETING["de"]["du"]]


def test_the_next_day_it_greets_again(telegram: Channel, office: dict[str, bool]) -> None:
    comes(telegram)
    Conversation.objects.update(greeted_on=timezone.localdate() - timedelta(days=1))
    comes(telegram)
    assert len(said()) == 2


# ── By the clock ──────────────────────────────────────────────────────────


@pytest.fixture
def waiting(telegram: Channel, office: dict[str, bool]) -> Conversation:
    """Somebody who waits for an hour, with the matter open."""
    incoming = arrives(telegram, event(text="Wann ist offen?", at=timezone.now() - timedelta(hours=1)))
    recording.record(incoming)
    automatic.greet(incoming)
    return Conversation.objects.get()


def test_who_waits_long_in_office_time_is_told_once(waiting: Conversation, town: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    Desk.objects.create(organisation=town, acknowledge_minutes=30)
    counted = {"seconds": 29 * 60}
    monkeypatch.setattr(hours, "office_seconds", lambda organisation, start, end: counted["seconds"])
    automatic.acknowledge(timezone.now())
    assert len(said()) == 1
    counted["seconds"] = 30 * 60
    automatic.acknowledge(timezone.now())
    automatic.acknowledge(timezone.now())
    assert said()[1:] == [sentences.ACKNOWLEDGE["de"]["sie"]]


@pytest.mark.parametrize("why", ["closed office", "held", "answered", "stopped", "aside", "snoozed", "somebody writes", "unwanted"])
def test_when_nobody_is_told(waiting: Conversation, town: Organisation, andrea: Operator, office: dict[str, bool], why: str) -> None:
    Desk.objects.create(organisation=town, acknowledge_minutes=None if why == "unwanted" else 10)
    town.office_hours = {day: [["00:00", "23:59"]] for day in hours.DAYS}
    town.save()
    office["open"] = why != "closed office"
    soon = timezone.now() + timedelta(hours=1)
    change = {
        "held": {"operator": andrea}, "answered": {"waiting_since": None}, "aside": {"aside": "spam"}, "snoozed": {"snoozed_until": soon},
        "somebody writes": {"writer": andrea, "writing_until": soon},
    }.get(why)  # fmt: skip
    if change:
        Conversation.objects.update(**change)
    if why == "stopped":
        Contact.objects.update(state="stopped")
    automatic.acknowledge(timezone.now())
    assert len(said()) == 1


@pytest.fixture
def answered(whatsapp: Channel, andrea: Operator) -> Conversation:
    """A thread in which we answered last; the citizen wrote 23 hours ago."""
    incoming = arrives(whatsapp, event(text="Frage", at=timezone.now() - timedelta(hours=23)))
    recording.record(incoming)
    automatic.greet(incoming)
    conversation = Conversation.objects.get()
    answering.reply(conversation, Content(text="Wie viele Personen?"), operator=andrea)
    conversation.refresh_from_db()
    return conversation


def test_before_the_window_ends_they_are_reminded_once(answered: Conversation, town: Organisation) -> None:
    Desk.objects.create(organisation=town, remind=True)
    automatic.remind(timezone.now() - timedelta(hours=2))
    assert len(said()) == 1  # three hours are left
    automatic.remind(timezone.now())
    automatic.remind(timezone.now())
    assert len(said()) == 2
    assert "noch bis" in said()[-1]
    assert "{moment}" not in said()[-1]
    assert Conversation.objects.get().last_text == "Wie viele Personen?"


def test_nobody_is_reminded_unwanted_in_quiet_hours_or_who_waits_for_us(answered: Conversation, town: Organisation) -> None:
    desk = Desk.objects.create(organisation=town, remind=False)
    automatic.remind(timezone.now())
    desk.remind = True
    desk.save()
    now = timezone.localtime()
    Organisation.objects.update(quiet_from=(now - timedelta(hours=1)).time(), quiet_until=(now + timedelta(hours=1)).time())
    automatic.remind(timezone.now())
    Organisation.objects.update(quiet_from=None, quiet_until=None)
    Conversation.objects.update(waiting_since=timezone.now())
    automatic.remind(timezone.now())
    assert len(said()) == 1


def test_after_days_of_silence_it_is_closed_with_a_word_while_the_window_lets_us(answered: Conversation, town: Organisation) -> None:
    Desk.objects.create(organisation=town, close_days=3, close_text={"de": "Wir schließen ab."})
    automatic.close_silent(timezone.now() + timedelta(days=2))
    assert Conversation.objects.get().state == "open"
    Conversation.objects.update(last_at=timezone.now() - timedelta(days=4))
    automatic.close_silent(timezone.now())
    conversation = Conversation.objects.get()
    assert (conversation.state, said()[-1]) == ("closed", "Wir schließen ab.")
    assert Stretch.objects.get().closed_at
    assert Message.objects.filter(author="system").get().kind == "closed_silent"
    automatic.close_silent(timezone.now())
    assert Message.objects.filter(author="system").count() == 1


def test_outside_the_window_and_after_stop_it_is_closed_quietly(answered: Conversation, town: Organisation) -> None:
    Desk.objects.create(organisation=town, close_days=3)
    Address.objects.update(last_inbound_at=timezone.now() - timedelta(hours=25))
    automatic.close_silent(timezone.now() + timedelta(days=4))
    assert (Conversation.objects.get().state, len(said())) == ("closed", 1)
    Conversation.objects.update(last_at=timezone.now() - timedelta(days=4), state="open")
    Contact.objects.update(state="stopped")
    automatic.close_silent(timezone.now())
    assert Conversation.objects.get().state == "closed"
    assert len(said()) == 1


def test_what_waits_for_us_is_never_closed_by_the_clock(answered: Conversation, town: Organisation) -> None:
    Desk.objects.create(organisation=town, close_days=1)
    Conversation.objects.update(waiting_since=timezone.now() - timedelta(days=9), last_at=timezone.now() - timedelta(days=9))
    automatic.close_silent(timezone.now())
    assert Conversation.objects.get().state == "open"


def test_every_job_runs_each_minute() -> None:
    from buergerdraht.conversations import marks, tasks

    assert {automatic.acknowledge, automatic.remind, automatic.close_silent, marks.ask} <= set(tasks.JOBS)
