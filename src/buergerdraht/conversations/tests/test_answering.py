"""What operators do: reply, hold, note, hand over, close; and what the thread keeps of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation, Team
from buergerdraht.connectors.contract import Content, TemplateUse
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import actions
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.conversations.tests.conftest import Write, arrives, event
from buergerdraht.gateway.models import Channel, MessageTemplate, Outbound


def audited() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("action", flat=True))


def test_a_reply_is_queued_shown_and_ends_the_waiting(thread: Conversation, andrea: Operator) -> None:
    message = actions.reply(thread, Content(text="Am **Mittwoch**."), operator=andrea)
    thread.refresh_from_db()
    assert (message.author, message.operator, message.text) == ("operator", andrea, "Am **Mittwoch**.")
    assert message.outbound is not None
    assert message.outbound.purpose == "reply"
    assert (thread.unread, thread.waiting_since, thread.operator) == (0, None, andrea)
    assert audited() == ["conversations.reply"]


def test_a_reply_leaves_the_conversation_with_whoever_holds_it(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    actions.assign(thread, by=kemal, operator=kemal)
    actions.reply(thread, Content(text="Gern."), operator=andrea)
    thread.refresh_from_db()
    assert thread.operator == kemal


def test_a_closed_window_refuses_a_free_reply_and_keeps_nothing(write: Write, whatsapp: Channel, andrea: Operator) -> None:
    conversation = write("Hallo", channel=whatsapp, at=timezone.now() - timedelta(hours=25)).conversation
    with pytest.raises(outreach.Refused) as refusal:
        actions.reply(conversation, Content(text="Zu spät"), operator=andrea)
    assert refusal.value.reason == "window_closed"
    assert Message.objects.count() == 1


def test_a_template_opens_the_window_and_the_reply_follows_when_tapped(
    write: Write, whatsapp: Channel, town: Organisation, andrea: Operator
) -> None:
    conversation = write("Hallo", channel=whatsapp, at=timezone.now() - timedelta(hours=25)).conversation
    template = {"body": "Guten Tag {{1}}, wir haben eine Antwort für Sie.", "buttons": []}
    MessageTemplate.objects.create(
        channel=whatsapp, name="antwort", language="de", category="UTILITY", status="APPROVED", template=template, synced_at=timezone.now()
    )
    use = Content(template=TemplateUse(name="antwort", language="de", body={"1": "Frau Yıldırım"}))
    parked = actions.await_answer(conversation, Content(text="Am Mittwoch."), use, operator=andrea)
    shown = Message.objects.get(kind="template")
    assert shown.text == "Guten Tag Frau Yıldırım, wir haben eine Antwort für Sie."
    assert (parked.kind, Outbound.objects.count()) == ("parked", 1)

    answer = arrives(whatsapp, event(text="Ja bitte"))
    actions.record(answer)
    assert actions.hold(answer)
    assert not Message.objects.filter(kind="parked").exists()
    assert Message.objects.get(text="Am Mittwoch.").outbound is not None
    assert Outbound.objects.count() == 2


def test_a_note_never_leaves_the_house(thread: Conversation, andrea: Operator) -> None:
    note = actions.note(thread, "Bauhof ist informiert", operator=andrea)
    assert (note.author, note.outbound) == ("note", None)
    assert not Outbound.objects.exists()
    thread.refresh_from_db()
    assert thread.last_text != "Bauhof ist informiert"


def test_handing_over_leaves_a_line_and_only_goes_inside_the_house(
    thread: Conversation, andrea: Operator, kemal: Operator, stranger: Operator, neighbour: Organisation
) -> None:
    actions.assign(thread, by=andrea, operator=kemal)
    thread.refresh_from_db()
    assert (thread.operator, thread.messages.latest("id").kind) == (kemal, "assigned")
    with pytest.raises(ValidationError):
        actions.assign(thread, by=andrea, operator=stranger)
    with pytest.raises(ValidationError):
        actions.assign(thread, by=andrea, team=Team.objects.create(organisation=neighbour, name="Fremd"))


def test_closing_and_reopening(thread: Conversation, andrea: Operator) -> None:
    actions.close(thread, operator=andrea)
    actions.close(thread, operator=andrea)
    thread.refresh_from_db()
    assert (thread.state, thread.unread, thread.waiting_since) == ("closed", 0, None)
    actions.reopen(thread, operator=andrea)
    thread.refresh_from_db()
    assert (thread.state, thread.operator) == ("open", andrea)
    assert audited() == ["conversations.closed", "conversations.reopened"]


def test_reading_is_logged_once_an_hour(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    for operator in (andrea, andrea, kemal):
        actions.mark_read(thread, operator=operator, answers=True)
    assert audited() == ["conversations.read", "conversations.read"]
    thread.refresh_from_db()
    assert thread.unread == 0


def test_a_reader_does_not_take_the_news_away(thread: Conversation, reader: Operator) -> None:
    actions.mark_read(thread, operator=reader, answers=False)
    thread.refresh_from_db()
    assert thread.unread == 1


def test_a_failed_reply_can_be_sent_again_and_an_unclear_one_be_settled(thread: Conversation, andrea: Operator) -> None:
    message = actions.reply(thread, Content(text="Am Mittwoch."), operator=andrea)
    Outbound.objects.update(state="failed", reason="not_reachable")
    actions.try_again(message, operator=andrea)
    assert Outbound.objects.get().state == "queued"
    Outbound.objects.update(state="unclear")
    actions.settle(message, operator=andrea, again=False)
    assert Outbound.objects.get().state == "accepted"


def test_automatic_messages_are_shown_too(thread: Conversation) -> None:
    outreach.send(Address.objects.get(), Content(text="Willkommen"), purpose="service")
    assert Message.objects.latest("id").author == "bot"
    thread.refresh_from_db()
    assert thread.waiting_since is not None  # an automatic answer ends nobody's waiting


def test_two_contacts_joined_have_one_thread(write: Write, thread: Conversation, whatsapp: Channel) -> None:
    other = write("Ich bin es auch", channel=whatsapp).conversation
    contacts.absorb(thread.contact, other.contact)
    assert Conversation.objects.count() == 1
    assert Message.objects.filter(conversation=thread).count() == 2
    assert Contact.objects.count() == 1
