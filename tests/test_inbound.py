"""Who answers a message: recorded first, then commands, the person who holds it, sign-up, the greeting."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.connectors.contract import Changed, Gone, Received, Sender
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations import actions
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway.models import Channel

EMINE = Sender(address="4711", name="Emine Yıldırım", handle="@emine")


@pytest.fixture
def channel(db: None) -> Channel:
    town = Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])
    Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    return Channel.objects.create(organisation=town, kind="telegram", name="Telegram", config="{}", state="running")


@pytest.fixture
def andrea(channel: Channel) -> Operator:
    operator = Operator.objects.create_user("andrea@musterstadt.example", "geheim", name="Andrea Berger")
    Membership.objects.create(organisation=channel.organisation, operator=operator, roles=["agent"])
    return operator


def says(channel: Channel, text: str, number: str, **fields: Any) -> None:
    inbound.handle(channel, Received(external_id=number, sender=EMINE, at=fields.pop("at", timezone.now()), text=text, **fields))


def bots() -> int:
    return Message.objects.filter(author="bot").count()


def test_a_question_is_recorded_greeted_and_waits_for_a_person(channel: Channel) -> None:
    says(channel, "Wann wird das repariert?", "1")
    conversation = Conversation.objects.get()
    assert [each.author for each in conversation.messages.order_by("id")] == ["citizen", "bot"]
    assert (conversation.state, conversation.unread) == ("open", 1)


def test_a_command_is_recorded_and_bothers_nobody(channel: Channel) -> None:
    says(channel, "HILFE", "1")
    assert Message.objects.filter(author="citizen").get().text == "HILFE"
    assert Conversation.objects.get().state == "bot"
    assert bots() == 1


def test_a_deep_link_starts_the_sign_up_and_not_the_greeting(channel: Channel) -> None:
    says(channel, "/start", "1", kind="start", start="verkehr")
    assert Message.objects.filter(author="citizen").exists()
    assert Conversation.objects.get().state == "bot"
    assert Conversation.objects.get().greeted_on is None


def test_no_automatic_speaks_while_a_person_holds_it(channel: Channel, andrea: Operator) -> None:
    says(channel, "Ich habe eine Frage", "1")
    actions.assign(Conversation.objects.get(), by=andrea, operator=andrea)
    before = bots()
    says(channel, "Anmelden", "2")
    says(channel, "Sind Sie noch da?", "3")
    assert bots() == before
    assert Conversation.objects.get().unread == 3  # the first one was not read yet


def test_stop_works_while_a_person_holds_it(channel: Channel, andrea: Operator) -> None:
    says(channel, "Ich habe eine Frage", "1")
    actions.assign(Conversation.objects.get(), by=andrea, operator=andrea)
    says(channel, "STOPP", "2")
    assert Contact.objects.get().state == "stopped"


def test_edits_deletions_and_reactions_are_not_answered(channel: Channel) -> None:
    says(channel, "Um 8", "1")
    Conversation.objects.update(greeted_on=None, state="closed")
    before = bots()
    says(channel, "Um 9", "2", kind="edit", quote="1")
    says(channel, "👍", "3", kind="reaction", quote="1")
    says(channel, "", "4", kind="deletion", quote="1")
    assert bots() == before
    assert Conversation.objects.get().state == "closed"


def test_the_same_event_again_makes_no_second_message(channel: Channel) -> None:
    at = timezone.now()
    says(channel, "Hallo", "1", at=at)
    says(channel, "Hallo", "1", at=at)
    assert Message.objects.filter(author="citizen").count() == 1


def test_what_came_late_stands_in_the_providers_order(channel: Channel) -> None:
    now = timezone.now()
    says(channel, "zweitens", "2", at=now)
    says(channel, "erstens", "1", at=now - timedelta(minutes=3))
    assert [each.text for each in Message.objects.filter(author="citizen").order_by("at", "id")] == ["erstens", "zweitens"]


def test_a_block_and_a_new_address_reach_the_contacts(channel: Channel) -> None:
    says(channel, "Ich habe eine Frage", "1")
    inbound.handle(channel, Changed(external_id="c", at=timezone.now(), what="address", values={"old": "4711", "new": "4712"}))
    assert Address.objects.get().address == "4712"
    inbound.handle(channel, Gone(external_id="g", at=timezone.now(), address="4712"))
    assert Address.objects.get().state == "gone"
    assert Message.objects.filter(author="system").get().kind == "gone"


def test_a_message_corrected_to_stop_is_a_stop(channel: Channel) -> None:
    says(channel, "Stadt", "1")
    says(channel, "STOPP", "2", kind="edit", quote="1")
    assert Contact.objects.get().state == "stopped"
    assert bots() == 2  # the greeting, and the farewell


def test_stop_passes_an_earlier_message_that_is_being_tried_again(channel: Channel) -> None:
    """Law 9."""
    stop, question, tap = (
        Received(external_id="1", sender=EMINE, at=timezone.now(), text=text, kind=kind)
        for text, kind in [("Bitte STOPP!", "text"), ("Wann stoppt der Bus?", "text"), ("STOP", "choice")]
    )
    gone = Gone(external_id="g", at=timezone.now(), address="4711")
    assert [inbound.hurries(event) for event in (stop, question, tap, gone)] == [True, False, True, False]


def test_a_known_citizens_message_takes_few_questions_to_the_database(
    channel: Channel, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    says(channel, "Wann wird das repariert?", "1")
    with django_assert_max_num_queries(10):
        says(channel, "Und noch etwas", "2")
