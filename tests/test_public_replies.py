"""What people answer in public: shown to people and answered by people only, with a word of warning; no bot, no command, no subscriber."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.connectors.contract import Content, Received, Sender
from buergerdraht.contacts import audience, outreach
from buergerdraht.contacts.models import Address, Consent, Contact, Subscription, Topic
from buergerdraht.conversations import answering, composing, public
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway.models import Channel, Outbound, Part

ZOE = "@zoe@leute.example"


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt")


@pytest.fixture
def mastodon(town: Organisation) -> Channel:
    Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    config = {"host": "https://social.example", "access_token": "geheim", "account": "musterstadt"}
    return Channel.objects.create(organisation=town, kind="mastodon", name="Mastodon", config=json.dumps(config), state="running")


@pytest.fixture
def andrea(town: Organisation) -> Operator:
    operator = Operator.objects.create_user("andrea@musterstadt.example", "geheim", name="Andrea Berger")
    Membership.objects.create(organisation=town, operator=operator, roles=["agent"])
    return operator


@pytest.fixture
def post(mastodon: Channel) -> Outbound:
    letter = outreach.publish(mastodon, Content(title="Bad", text="Es öffnet wieder."), batch=77)
    Outbound.objects.filter(pk=letter.pk).update(state="accepted", accepted_at=timezone.now())
    Part.objects.create(outbound=letter, channel=mastodon, position=0, external_id="1100", state="accepted", at=timezone.now())
    return letter


def says(channel: Channel, text: str, number: str, who: str = ZOE, **fields: Any) -> Conversation:
    sender = Sender(address=who, name=who.strip("@").split("@")[0].title(), handle=who.removeprefix("direct:"))
    fields.setdefault("raw_kind", "direct" if who.startswith("direct:") else "public")
    inbound.handle(channel, Received(external_id=number, sender=sender, at=timezone.now(), text=text, **fields))
    return Message.objects.select_related("conversation__last_address__channel").get(external_id=number).conversation


@pytest.mark.parametrize("text", ["STOPP", "HILFE", "START", "ABO verkehr", "TERMIN", "Melden", "LÖSCHEN", "Wann öffnet das Bad?"])
def test_whatever_is_said_in_public_goes_to_people_and_starts_nothing(mastodon: Channel, text: str) -> None:
    conversation = says(mastodon, text, "2001")
    assert (conversation.state, conversation.unread) == ("open", 1)
    assert [each.author for each in conversation.messages.all()] == ["citizen"]
    assert not Outbound.objects.exists()
    assert Contact.objects.get().state == "new"
    assert not Subscription.objects.exists()
    assert not Consent.objects.exists()


def test_a_correction_to_stop_ends_nothing(mastodon: Channel) -> None:
    says(mastodon, "Hallo", "2001")
    edit = Received(external_id="2001:edit", sender=Sender(address=ZOE), at=timezone.now(), kind="edit", text="STOPP", quote="2001")
    inbound.handle(mastodon, edit)
    assert Contact.objects.get().state == "new"
    assert not Outbound.objects.exists()


def test_it_is_shown_below_the_post_it_answers_to_everyone_who_answers(mastodon: Channel, post: Outbound) -> None:
    for number, who in (("2001", ZOE), ("2002", "@omar@leute.example")):
        conversation = says(mastodon, "Und samstags?", number, who, quote="1100")
        shown, said = conversation.messages.order_by("at", "id")
        assert (shown.author, shown.broadcast, shown.outbound) == ("broadcast", 77, None)
        assert "Es öffnet wieder." in shown.text
        assert (said.author, said.broadcast, conversation.broadcast) == ("citizen", 77, 77)
    again = says(mastodon, "Und sonntags?", "2003", ZOE, quote="1100")
    assert again.messages.filter(author="broadcast").count() == 1


def test_the_answer_of_a_person_hangs_on_what_was_asked(mastodon: Channel, andrea: Operator) -> None:
    conversation = says(mastodon, "Wann?", "2001")
    answering.reply(conversation, Content(text="Um acht."), operator=andrea)
    letter = Outbound.objects.select_related("content").get()
    assert (letter.address, letter.content.content["quote"], letter.purpose) == (ZOE, "2001", "reply")


def test_the_field_says_that_everybody_reads_the_answer(mastodon: Channel, andrea: Operator, client: Client) -> None:
    client.force_login(andrea)
    for number, who, words in (("2001", ZOE, "Ihre Antwort ist öffentlich"), ("2002", f"direct:{ZOE}", "nicht verschlüsselt")):
        conversation = says(mastodon, "Wann?", number, who)
        page = client.get(reverse("conversations:thread", args=["musterstadt", conversation.pk])).content.decode()
        assert words in page


def test_what_was_said_to_us_alone_is_another_thread(mastodon: Channel, andrea: Operator) -> None:
    open_thread = says(mastodon, "Wann?", "2001")
    closed = says(mastodon, "Meine Straße ist …", "2002", f"direct:{ZOE}")
    assert open_thread.pk != closed.pk
    reach = [public.reach(thread, thread.last_address) for thread in (open_thread, closed)]
    assert reach == ["public", "direct"]
    answering.reply(closed, Content(text="Danke."), operator=andrea)
    assert Outbound.objects.get().address == f"direct:{ZOE}"


def test_nothing_confidential_is_answered_in_public(mastodon: Channel, andrea: Operator) -> None:
    conversation = says(mastodon, "Wann?", "2001")
    Conversation.objects.filter(pk=conversation.pk).update(confidential=True)
    conversation.refresh_from_db()
    with pytest.raises(ValidationError, match="vertraulich"):
        answering.reply(conversation, Content(text="Um acht."), operator=andrea)
    assert not Outbound.objects.exists()


@pytest.mark.parametrize("purpose", ["service", "newsletter", "alert"])
def test_the_door_lets_nothing_but_a_persons_answer_out_there(mastodon: Channel, purpose: str) -> None:
    says(mastodon, "Wann?", "2001")
    with pytest.raises(outreach.Refused) as refused:
        outreach.send(Address.objects.get(), Content(text="Hallo"), purpose=purpose)
    assert refused.value.reason in {"public", "no_consent"}
    assert not Outbound.objects.exists()


def test_who_answers_in_public_is_in_no_audience(mastodon: Channel, town: Organisation) -> None:
    says(mastodon, "ABO verkehr", "2001")
    assert audience.count(town, {}).total == 0


def test_an_insult_is_set_aside_and_answered_by_nobody(mastodon: Channel) -> None:
    conversation = says(mastodon, "Ihr Idioten", "2001")
    assert not Outbound.objects.exists()
    assert conversation.messages.count() >= 1


def test_an_answer_that_is_too_long_is_refused_in_the_field(mastodon: Channel) -> None:
    notes = composing.notes(mastodon, Content(text="x" * 490))
    assert [note.code for note in notes if note.level == "error"] == ["too_long"]
    assert not composing.notes(mastodon, Content(text="x" * 400))
