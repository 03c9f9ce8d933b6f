"""Who answers a message: recorded first, then commands, the person who holds it, sign-up, the greeting."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.connectors.contract import Changed, Gone, MediaKind, Received, Ref, Sender
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations import asides, automatic, care, holding, sentences, words
from buergerdraht.conversations.models import Conversation, Desk, Message
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
    holding.assign(Conversation.objects.get(), by=andrea, operator=andrea)
    before = bots()
    says(channel, "Anmelden", "2")
    says(channel, "Sind Sie noch da?", "3")
    assert bots() == before
    assert Conversation.objects.get().unread == 3  # the first one was not read yet


def test_stop_works_while_a_person_holds_it(channel: Channel, andrea: Operator) -> None:
    says(channel, "Ich habe eine Frage", "1")
    holding.assign(Conversation.objects.get(), by=andrea, operator=andrea)
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


def test_another_key_of_somebody_is_said_in_their_thread(channel: Channel) -> None:
    says(channel, "Ich habe eine Frage", "1")
    inbound.handle(channel, Changed(external_id="k", at=timezone.now(), what="key", values={"address": "4711"}))
    line = Message.objects.filter(author="system").get()
    assert (line.kind, line.data["name"]) == ("key", channel.name)
    assert "anderen Schlüssel" in words.line(line)
    inbound.handle(channel, Changed(external_id="l", at=timezone.now(), what="key", values={"address": "niemand"}))
    assert Message.objects.filter(author="system").count() == 1


def test_who_writes_like_a_machine_is_kept_and_not_answered_but_a_stop_is_one(channel: Channel) -> None:
    says(channel, "Ticket 4711 wurde angelegt", "1", flooding=True)
    says(channel, "Ticket 4711 wurde angelegt.", "2", flooding=True)
    assert Message.objects.filter(author="citizen").count() == 2
    assert bots() == 0
    assert Conversation.objects.get().state == "open"
    says(channel, "STOPP", "3", flooding=True)
    assert Contact.objects.get().state == "stopped"


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


# ── Care: end to end ──────────────────────────────────────────────────────


def said() -> list[str]:
    return list(Message.objects.filter(author="bot").order_by("id").values_list("text", flat=True))


def test_a_chain_letter_is_set_aside_unanswered(channel: Channel) -> None:
    says(channel, "Bitte lesen! Ein Wunder geschieht.", "1", forwarded="often")
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.aside, conversation.unread, conversation.waiting_since) == ("bot", "chain", 0, None)
    assert bots() == 0
    says(channel, "Wann hat das Bürgerbüro offen?", "2")
    conversation.refresh_from_db()
    assert (conversation.state, conversation.aside, conversation.unread) == ("open", "", 1)
    assert bots() == 1


def test_the_third_copy_makes_a_mass_forward_and_takes_the_earlier_ones_along(channel: Channel, andrea: Operator) -> None:
    text = "Achtung! Morgen wird überall das Wasser abgestellt, füllt eure Wannen und sagt es allen Nachbarn."

    def forwards(who: str, number: str) -> Conversation:
        sender = Sender(address=who, name=who)
        inbound.handle(channel, Received(external_id=number, sender=sender, at=timezone.now(), text=text))
        return Conversation.objects.get(contact__addresses__address_hash=hash_of(channel, who))

    first, second = forwards("1", "a"), forwards("2", "b")
    assert (first.state, second.state) == ("open", "open")
    holding.assign(second, by=andrea, operator=andrea)
    third = forwards("3", "c")
    assert (third.state, third.aside) == ("bot", "chain")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.aside, first.waiting_since) == ("bot", "chain", None)
    assert (second.state, second.aside) == ("open", "")  # somebody is at it
    assert all(message.flags == ["chain"] for message in Message.objects.filter(author="citizen"))


def hash_of(channel: Channel, address: str) -> bytes:
    return vault.lookup(channel.organisation_id, address)


def test_a_chain_letter_in_the_middle_of_a_matter_is_only_flagged(channel: Channel) -> None:
    says(channel, "Wann hat das Bürgerbüro offen?", "1")
    before = Conversation.objects.get()
    says(channel, "Bitte lesen!", "2", forwarded="often")
    after = Conversation.objects.get()
    assert (after.state, after.aside, after.unread, after.waiting_since) == ("open", "", before.unread, before.waiting_since)
    assert Message.objects.latest("id").flags == ["chain"]


def test_an_insult_waits_aside_and_whoever_says_more_is_heard(channel: Channel) -> None:
    says(channel, "Ihr Arschlöcher", "1")
    assert Conversation.objects.get().aside == "insult"
    assert bots() == 0
    says(
        channel, "Ihr Arschlöcher, seit drei Wochen wird bei uns in der Lindenstraße der Müll nicht mehr abgeholt, wann kommt jemand?", "2"
    )
    assert (Conversation.objects.get().aside, Conversation.objects.get().state) == ("", "open")
    assert Message.objects.filter(author="citizen").latest("id").flags == ["insult"]


def test_a_blocked_person_reaches_nobody_and_stop_still_works(channel: Channel, andrea: Operator) -> None:
    says(channel, "Ich habe eine Frage", "1")
    asides.block(Conversation.objects.get(), reason="threat", operator=andrea)
    before = Message.objects.exclude(author="citizen").count()
    says(channel, "Hallo?", "2")
    says(channel, "Es brennt bei uns im Keller", "3")
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.aside, conversation.unread, conversation.urgent_at) == ("bot", "blocked", 0, None)
    assert Message.objects.exclude(author="citizen").count() == before
    assert Message.objects.filter(author="citizen").count() == 3
    says(channel, "STOPP", "4")
    assert Contact.objects.get().state == "stopped"
    asides.unblock(Conversation.objects.get(), operator=andrea)
    conversation.refresh_from_db()
    assert (conversation.state, conversation.aside, Address.objects.get().state) == ("open", "", "active")


def test_an_emergency_is_answered_at_once_and_stands_on_top(channel: Channel, andrea: Operator) -> None:
    says(channel, "Hilfe, es brennt bei uns im Keller!", "1")
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.unread) == ("open", 1)
    assert conversation.urgent_at
    assert said() == [sentences.EMERGENCY["de"]["sie"]]
    assert andrea.notices.get().kind == "urgent"
    says(channel, "Feuer!!!", "2")
    assert len(said()) == 1  # once an hour
    asides.calm(conversation, operator=andrea)
    conversation.refresh_from_db()
    assert conversation.urgent_at is None


def test_an_emergency_is_answered_while_a_person_holds_it(channel: Channel, andrea: Operator) -> None:
    says(channel, "Ich habe eine Frage", "1")
    holding.assign(Conversation.objects.get(), by=andrea, operator=andrea)
    says(channel, "Evde yangın var", "2")
    assert said()[-1] == sentences.EMERGENCY["tr"]["sie"]
    says(channel, "Ich bringe mich um", "3")
    assert said()[-1] == sentences.CRISIS["de"]["sie"]
    assert Conversation.objects.get().operator == andrea


def test_a_message_corrected_to_a_call_for_help_is_one(channel: Channel) -> None:
    says(channel, "Es brent", "1")
    says(channel, "Es brennt bei uns!", "2", kind="edit", quote="1")
    assert Conversation.objects.get().urgent_at
    assert said()[-1] == sentences.EMERGENCY["de"]["sie"]


def test_the_organisations_own_emergency_words_and_text(channel: Channel) -> None:
    Desk.objects.create(organisation=channel.organisation, emergency_words=["Deichbruch"], emergency_text={"de": "Bitte 112!"})
    channel.organisation.refresh_from_db()
    vars(channel.organisation).pop("_desk", None)
    says(channel, "Deichbruch bei Kilometer 4", "1")
    assert said() == ["Bitte 112!"]


def test_who_sends_an_account_number_is_warned_once_a_day_and_the_list_hides_it(channel: Channel, andrea: Operator) -> None:
    says(channel, "Meine IBAN: DE89 3704 0044 0532 0130 00", "1")
    assert said() == [sentences.SENSITIVE["de"]["sie"], automatic.GREETING["de"]["sie"]]
    says(channel, "DE89370400440532013000", "2")
    assert len(said()) == 2
    conversation = Conversation.objects.get()
    assert conversation.last_text == care.HIDDEN
    assert Message.objects.filter(author="citizen").first().text.endswith("0130 00")  # whoever answers may read it
    holding.assign(conversation, by=andrea, operator=andrea)
    Message.objects.filter(author="bot").update(at=timezone.now() - timedelta(days=2))
    says(channel, "Oder DE89370400440532013000", "3")
    assert len(said()) == 2  # no automatic speaks while a person holds it


def test_a_photo_with_a_number_in_its_caption_counts_too(channel: Channel) -> None:
    photo = Ref(kind=MediaKind.IMAGE, external_id="p", mime="image/jpeg", size=10)
    says(channel, "Steuer-ID 86095742719", "1", kind="media", media=[photo])
    assert Message.objects.get(author="citizen").flags == ["tax"]
    assert Conversation.objects.get().last_text == f"Steuer-ID {care.HIDDEN}"


def test_a_correction_is_looked_at_anew(channel: Channel) -> None:
    says(channel, "DE89370400440532013000", "1")
    says(channel, "Wann ist offen?", "2", kind="edit", quote="1")
    assert Message.objects.get(author="citizen").flags == []
