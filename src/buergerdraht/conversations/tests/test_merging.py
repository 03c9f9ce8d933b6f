"""Two threads of one person become one and part again: nothing is lost, and who said what stands where it was said."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.connectors.contract import Content, Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import records
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations import answering, confidential, holding, merging, notices
from buergerdraht.conversations.models import Conversation, Draft, Label, Message, Notice, Reading
from buergerdraht.conversations.tests.conftest import Write
from buergerdraht.gateway.models import Channel

SECOND = Sender(address="4712", name="Emine Yıldırım", handle="+49 152 28817387")


def said() -> dict[str, tuple[int, int | None]]:
    """Every text, with the contact it stands under and the contact its address belongs to."""
    owner = dict(Address.objects.values_list("pk", "contact"))
    rows = Message.objects.exclude(text="").values_list("text", "conversation__contact", "address")
    return {text: (contact, owner.get(address)) for text, contact, address in rows}


@pytest.fixture
def other(write: Write, thread: Conversation) -> Conversation:
    """A second thread on the same channel, which only the address tells apart."""
    conversation = write("Ich bin es auch", sender=SECOND).conversation
    Conversation.objects.filter(pk=conversation.pk).update(state="open", unread=1, waiting_since=timezone.now())
    conversation.refresh_from_db()
    return conversation


def test_everything_comes_along(thread: Conversation, other: Conversation, town: Organisation, andrea: Operator, kemal: Operator) -> None:
    label = Label.objects.create(organisation=town, name="Straße")
    holding.label(other, [label], operator=kemal)
    Draft.objects.create(conversation=thread, operator=andrea, text="Guten Tag")
    Draft.objects.create(conversation=other, operator=kemal, text="Moin")
    notices.tell(other, [andrea], Notice.Kind.MENTION, by=kemal)
    notices.tell(thread, [andrea], Notice.Kind.MENTION, by=kemal)
    Reading.objects.create(conversation=other, operator=kemal, hour=timezone.now())
    waiting = Conversation.objects.get(pk=thread.pk).waiting_since
    merging.merge(thread, other, operator=andrea)
    kept = Conversation.objects.get()
    assert (kept.pk, kept.state, kept.unread, kept.waiting_since) == (thread.pk, "open", 2, waiting)
    assert list(kept.labels.all()) == [label]
    assert kept.draft.text == "Guten Tag\n\nMoin"
    assert (kept.notices.count(), kept.readings.count()) == (1, 1)
    assert kept.stretches.count() <= 1
    assert kept.last_text == "Ich bin es auch"
    assert kept.last_address_id == Message.objects.get(text="Ich bin es auch").address_id  # the reply goes where they wrote last
    assert {"conversations.merge", "contacts.join"} <= set(AuditEntry.objects.values_list("action", flat=True))
    assert kept.messages.latest("id").kind == "merged"


def test_merged_and_split_each_stands_where_it_was_said(thread: Conversation, other: Conversation, write: Write, andrea: Operator) -> None:
    first = answering.reply(thread, Content(text="An die erste"), operator=andrea)
    answering.reply(other, Content(text="An die zweite"), operator=andrea)
    holding.note(other, "Notiz zur zweiten", operator=andrea)
    merging.merge(thread, other, operator=andrea)
    write("Später von der zweiten", sender=SECOND)
    address = Address.objects.get(pk=Message.objects.get(text="Ich bin es auch").address_id)
    made = merging.split(Conversation.objects.get(), address, operator=andrea)
    theirs = set(made.messages.exclude(text="").values_list("text", flat=True))
    assert theirs == {"Ich bin es auch", "An die zweite", "Notiz zur zweiten", "Später von der zweiten"}
    assert set(thread.messages.exclude(text="").values_list("text", flat=True)) == {"Wann wird das repariert?", "An die erste"}
    first.refresh_from_db()
    assert first.conversation_id == thread.pk
    made.refresh_from_db()
    assert made.last_address == address
    assert Contact.objects.count() == 2


def test_a_split_takes_the_subscriptions_and_consents_of_the_address(
    thread: Conversation, other: Conversation, town: Organisation, andrea: Operator
) -> None:
    address = other.last_address
    assert address is not None
    topic = Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    proof = Proof(channel=address.channel, evidence="m1", language="de")
    contacts.subscribe(other.contact, [topic], address, proof)
    merging.merge(thread, other, operator=andrea)
    assert thread.contact.consents.count() == 1
    made = merging.split(Conversation.objects.get(), address, operator=andrea)
    assert (made.contact.subscriptions.count(), made.contact.consents.count()) == (1, 1)
    assert (thread.contact.subscriptions.count(), thread.contact.consents.count()) == (0, 0)


def test_the_last_address_is_not_split_off(thread: Conversation, andrea: Operator) -> None:
    with pytest.raises(ValidationError):
        merging.split(thread, Address.objects.get(), operator=andrea)


def test_only_who_sees_both_brings_them_together(thread: Conversation, other: Conversation, andrea: Operator, kemal: Operator) -> None:
    confidential.confide(other, [], by=kemal)
    assert merging.candidates(thread, Membership.objects.get(operator=andrea), "Emine") == []
    assert merging.candidates(thread, Membership.objects.get(operator=kemal), "Emine") == [other]
    with pytest.raises(ValidationError):
        merging.merge(thread, other, operator=andrea)
    assert Conversation.objects.count() == 2


def test_what_was_confidential_stays_with_those_named_in_both(
    thread: Conversation, other: Conversation, andrea: Operator, kemal: Operator, reader: Operator
) -> None:
    confidential.confide(thread, [andrea, reader], by=kemal)
    confidential.confide(other, [andrea], by=kemal)
    merging.merge(thread, other, operator=kemal)
    kept = Conversation.objects.get()
    assert kept.confidential
    assert set(kept.named.all()) == {andrea, kemal}
    made = merging.split(kept, Address.objects.exclude(pk=kept.last_address_id).get(), operator=kemal)
    assert made.confidential
    assert set(made.named.all()) == {andrea, kemal}


def test_a_contact_joined_with_a_confidential_one_is_no_way_in(
    thread: Conversation, other: Conversation, andrea: Operator, kemal: Operator
) -> None:
    confidential.confide(other, [], by=kemal)
    records.join(thread.contact, other.contact, operator=andrea)
    kept = Conversation.objects.get()
    assert (kept.confidential, list(kept.named.all())) == (True, [kemal])


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_merged_and_split_nothing_is_lost(
    seed: int, write: Write, telegram: Channel, whatsapp: Channel, andrea: Operator
) -> None:
    dice = random.Random(seed)
    start = timezone.now() - timedelta(hours=2)
    for number in range(14):
        channel = dice.choice([telegram, whatsapp])
        sender = Sender(address=f"47{dice.randrange(4)}", name="Emine")
        write(f"Wort {number}", channel=channel, sender=sender, at=start + timedelta(minutes=dice.randrange(60)))
    for step in range(12):
        threads = list(Conversation.objects.order_by("pk"))
        if dice.random() < 0.55 and len(threads) > 1:
            merging.merge(*dice.sample(threads, 2), operator=andrea)
        else:
            address = dice.choice(list(Address.objects.order_by("pk")))
            if address.contact.addresses.count() > 1:
                merging.split(address.contact.conversation, address, operator=andrea)
        write(f"Danach {step}", channel=telegram, sender=Sender(address="470", name="Emine"), at=start + timedelta(hours=1, minutes=step))
        now = said()
        assert len(now) == 14 + step + 1
        assert all(contact == owner for contact, owner in now.values())
    for conversation in Conversation.objects.all():
        newest = conversation.messages.filter(author="citizen").order_by("-at", "-id").first()
        assert newest is not None
        assert conversation.last_text == newest.text
        assert conversation.last_address_id == newest.address_id or conversation.contact.addresses.count() > 1
