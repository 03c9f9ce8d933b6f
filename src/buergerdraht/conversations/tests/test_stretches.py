"""Matters: when one begins and ends, what it counts, how long the citizen waited in office time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.connectors.contract import Content
from buergerdraht.contacts import actions as contacts
from buergerdraht.conversations import actions, answering, holding, recording, stretches
from buergerdraht.conversations.models import Conversation, Stretch
from buergerdraht.conversations.tests.conftest import arrives, event
from buergerdraht.gateway.models import Channel

WEEK = {day: [["08:00", "12:00"], ["14:00", "16:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.fixture
def asks(telegram: Channel) -> Callable[..., Conversation]:
    """Let a citizen write what no automatic answers."""

    def ask(text: str = "Wann wird das repariert?", **fields: object) -> Conversation:
        incoming = arrives(telegram, event(text=text, **fields))
        recording.record(incoming)
        return Conversation.objects.get(pk=actions.need_person(incoming).pk)

    return ask


def the_one() -> Stretch:
    return Stretch.objects.get()


def test_a_matter_begins_when_people_are_needed(asks: Callable[..., Conversation], telegram: Channel) -> None:
    moment = timezone.now() - timedelta(minutes=3)
    conversation = asks(at=moment)
    assert conversation.stretch == the_one()
    assert (the_one().opened_at, the_one().channel, the_one().received, the_one().closed_at) == (moment, telegram, 1, None)


def test_what_only_automatics_answer_is_no_matter(telegram: Channel) -> None:
    recording.record(arrives(telegram, event(text="START")))
    assert not Stretch.objects.exists()


def test_messages_both_ways_are_counted(asks: Callable[..., Conversation], andrea: Operator) -> None:
    asks()
    asks("Hallo?")
    conversation = asks("Ist da wer?")
    answering.reply(conversation, Content(text="Morgen."), operator=andrea)
    asks("Danke!")
    assert (the_one().received, the_one().sent) == (4, 1)


def test_a_message_in_an_open_thread_costs_no_query_more(asks: Callable[..., Conversation], telegram: Channel) -> None:
    asks()
    incoming = arrives(telegram, event(text="Und noch etwas"))
    with CaptureQueriesContext(connection) as asked:
        recording.record(incoming)
    texts = [query["sql"] or "" for query in asked]
    assert not [text for text in texts if '"conversations_stretch"' in text]  # the ORM asks with quotes; the insert itself counts
    assert the_one().received == 2


def test_a_new_matter_costs_three_queries(telegram: Channel) -> None:
    incoming = arrives(telegram, event(text="Guten Tag"))
    recording.record(incoming)
    with CaptureQueriesContext(connection) as asked:
        actions.need_person(incoming)
    texts = [query["sql"] or "" for query in asked]
    assert len([text for text in texts if "stretch" in text and 'UPDATE "conversations_conversation' not in text]) == 2
    assert len([text for text in texts if "assignmentrule" in text]) == 1


def test_the_first_answer_is_timed_in_office_hours(town: Organisation, asks: Callable[..., Conversation], andrea: Operator) -> None:
    town.office_hours = WEEK
    town.save()
    conversation = asks(at=datetime(2026, 11, 20, 15, 30, tzinfo=hours.BERLIN))  # a Friday
    stretches.answered(conversation, andrea, datetime(2026, 11, 23, 9, 0, tzinfo=hours.BERLIN))
    stretches.answered(conversation, andrea, datetime(2026, 11, 23, 11, 0, tzinfo=hours.BERLIN))
    assert the_one().answer_seconds == 90 * 60
    assert (the_one().operator, the_one().sent) == (andrea, 2)


def test_who_closes_ends_it(asks: Callable[..., Conversation], andrea: Operator, kemal: Operator) -> None:
    conversation = asks()
    answering.reply(conversation, Content(text="Morgen."), operator=andrea)
    holding.close(conversation, operator=kemal)
    assert the_one().closed_at is not None
    assert the_one().operator == kemal


def test_within_a_day_the_matter_goes_on(asks: Callable[..., Conversation], andrea: Operator) -> None:
    holding.close(asks(), operator=andrea)
    asks("Danke!", at=timezone.now() + timedelta(hours=5))
    assert (the_one().closed_at, the_one().received) == (None, 2)


def test_later_a_new_one_begins(asks: Callable[..., Conversation], andrea: Operator) -> None:
    first = asks()
    holding.close(first, operator=andrea)
    later = timezone.now() + timedelta(days=2)
    again = asks("Etwas anderes", at=later)
    assert again.stretch is not None
    assert again.stretch_id != first.stretch_id
    assert (again.stretch.opened_at, again.stretch.received, again.stretch.operator) == (later, 1, None)
    assert Stretch.objects.get(pk=first.stretch_id).closed_at is not None


def test_a_close_that_is_undone_ended_nothing(asks: Callable[..., Conversation], andrea: Operator) -> None:
    conversation = asks()
    line = holding.close(conversation, operator=andrea)
    assert line is not None
    holding.undo(conversation, line.pk, operator=andrea)
    assert the_one().closed_at is None


def test_whoever_writes_first_is_not_late(asks: Callable[..., Conversation], write: Callable[..., object], andrea: Operator) -> None:
    """An operator begins; the citizen answers after a while: our answer time runs from there."""
    write("START")
    conversation = Conversation.objects.get()
    answering.reply(conversation, Content(text="Guten Tag!"), operator=andrea)
    assert (the_one().answered_at, the_one().sent) == (None, 1)
    wrote = timezone.now() - timedelta(minutes=2)
    conversation = asks("Guten Tag", at=wrote)
    stretches.answered(conversation, andrea, wrote + timedelta(minutes=1))
    assert the_one().answer_seconds == 60


def test_team_and_topic_of_the_matter_follow_the_thread(town: Organisation, asks: Callable[..., Conversation], andrea: Operator) -> None:
    team = Team.objects.create(organisation=town, name="Bauhof")
    holding.assign(asks(), by=andrea, team=team)
    assert the_one().team == team


def test_two_threads_of_one_person_have_one_matter(asks: Callable[..., Conversation], whatsapp: Channel) -> None:
    kept = asks()
    incoming = arrives(whatsapp, event(text="Hier noch einmal"))
    recording.record(incoming)
    other = actions.need_person(incoming)
    if other.contact_id == kept.contact_id:
        pytest.fail("they should be two contacts")
    contacts.joined.send(sender=None, into=kept.contact, other=other.contact)
    kept.refresh_from_db()
    assert kept.stretch == the_one()
    assert the_one().received == 2
