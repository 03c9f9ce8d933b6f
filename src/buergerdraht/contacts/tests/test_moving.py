"""A code brings somebody over to another messenger, with everything that is theirs; nobody else gets in by it."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, Sender
from buergerdraht.contacts import actions, moving, outreach
from buergerdraht.contacts.models import Address, Consent, Contact, MovingCode, Topic, Way
from buergerdraht.contacts.tests.town import heard, last, message, titles
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = pytest.mark.django_db
NEW = Sender(address="DE.77", aliases=["4917139200077"], name="Aylin", handle="+4917139200077")


@pytest.fixture
def number(town: Organisation) -> Channel:
    config = {
        "number": "+49 30 23125 100", "phone_number_id": "100001", "waba_id": "200002", "access_token": "t" * 20, "app_secret": "s" * 20,
    }  # fmt: skip
    return Channel.objects.create(organisation=town, kind="whatsapp", name="Nummer", config=json.dumps(config), state="running")


def asked(telegram: Channel) -> str:
    """Ask for a code, and read it off the answer."""
    assert moving.take(message(telegram, "WECHSELN"))
    found = re.search(r"[A-Z2-9]{5}-[A-Z2-9]{5}", last(telegram))
    assert found
    return found[0]


def test_topics_consents_and_the_person_come_along(subscriber: Address, telegram: Channel, number: Channel) -> None:
    code = asked(telegram)
    assert "wa.me/493023125100" in last(telegram)
    assert moving.take(message(number, code, sender=NEW))
    contact = Contact.objects.get()
    assert contact.pk == subscriber.contact_id
    fresh = Address.objects.get(channel=number)
    assert {row.address_id for row in contact.subscriptions.all()} == {fresh.pk}
    assert contact.subscriptions.filter(confirmed_at__isnull=False).count() == 2
    proofs = Consent.objects.filter(contact=contact, channel=number, act="confirm").values_list("purpose", flat=True)
    assert set(proofs) == {"topic:verkehr", "topic:kultur"}
    assert "Willkommen auf WhatsApp" in last(number)
    assert "Verkehr und Kultur" in last(number)
    assert titles(number) == ["Ja, als Reserve", "Nein, nur hier"]


def test_who_comes_without_topics_is_not_told_of_any(telegram: Channel, number: Channel, topics: list[Topic]) -> None:
    assert moving.take(message(number, asked(telegram), sender=NEW))
    assert "Themen haben Sie noch keine abonniert" in last(number)
    assert "keine Themen" not in last(number)


def test_the_new_messenger_comes_first_in_an_order_chosen_before(subscriber: Address, telegram: Channel, number: Channel) -> None:
    Way.objects.create(contact=subscriber.contact, kind="alert", position=0, address=subscriber)
    moving.take(message(number, asked(telegram), sender=NEW))
    kinds = Way.objects.filter(contact=subscriber.contact, kind="alert").values_list("address__channel__kind", flat=True)
    assert list(kinds) == ["whatsapp", "telegram"]


def test_a_deep_link_carries_the_code(subscriber: Address, telegram: Channel, number: Channel) -> None:
    code = moving.code_for(subscriber.contact)
    assert moving.take(message(number, f"wechsel-{code}", sender=NEW))
    assert Contact.objects.count() == 1


def button(channel: Channel, title: str) -> str:
    """The id of a button of the newest message."""
    row = Outbound.objects.filter(channel=channel).select_related("content").latest("id")
    return str(next(choice["id"] for choice in row.content.content["choices"] if choice["title"] == title))


def test_the_old_address_is_a_reserve_or_ends(subscriber: Address, telegram: Channel, number: Channel) -> None:
    moving.take(message(number, asked(telegram), sender=NEW))
    keep, only = button(number, "Ja, als Reserve"), button(number, "Nein, nur hier")
    moving.take(message(number, choice=keep, sender=NEW))
    assert set(Address.objects.values_list("state", flat=True)) == {"active"}
    queued = outreach.send(subscriber, Content(text="Nachricht"), purpose="newsletter")
    moving.take(message(number, choice=only, sender=NEW))
    assert dict(Address.objects.values_list("channel__kind", "state")) == {"telegram": "gone", "whatsapp": "active"}
    queued.refresh_from_db()
    assert queued.state == "cancelled"  # what was on its way there does not go any more
    withdrawn = Consent.objects.get(act="withdraw")
    assert (withdrawn.channel_id, bytes(withdrawn.subject)) == (number.pk, bytes(subscriber.address_hash))


@pytest.mark.parametrize(
    ("typed", "state"), [("2", "gone"), ("Nein, nur hier", "gone"), ("nein", "gone"), ("ja", "active"), ("1", "active")]
)
def test_the_question_is_answered_by_typing_too(subscriber: Address, telegram: Channel, number: Channel, typed: str, state: str) -> None:
    moving.take(message(number, asked(telegram), sender=NEW))
    assert moving.take(message(number, typed, sender=NEW))
    subscriber.refresh_from_db()
    assert subscriber.state == state
    assert not moving.take(message(number, typed, sender=NEW))  # the question is over


def test_the_button_of_an_earlier_move_ends_nothing_that_came_later(
    subscriber: Address, telegram: Channel, number: Channel, town: Organisation
) -> None:
    moving.take(message(number, asked(telegram), sender=NEW))
    old = button(number, "Nein, nur hier")
    third = Channel.objects.create(organisation=town, kind="telegram", name="Zweiter", config="{}", state="running")
    moving.take(message(third, moving.code_for(Contact.objects.get()), sender=Sender(address="4712")))
    moving.take(message(number, choice=old, sender=NEW))
    assert dict(Address.objects.values_list("channel__name", "state")) == {"Bot": "gone", "Nummer": "active", "Zweiter": "active"}


# ── Nobody is read by somebody else without a word ────────────────────────


@pytest.fixture
def known(number: Channel) -> Address:
    """Somebody who wrote before."""
    return message(number, "Ich brauche Hilfe", sender=NEW).address


def test_who_is_known_is_asked_before_two_become_one(subscriber: Address, telegram: Channel, number: Channel, known: Address) -> None:
    code = asked(telegram)
    assert moving.take(message(number, "", kind="start", start=f"wechsel-{code}", sender=NEW))
    assert Contact.objects.count() == 2
    assert "Wer über Telegram schreibt, kann dann auch sehen" in last(number)
    assert titles(number) == ["Ja, zusammenführen", "Nein"]
    assert moving.take(message(number, "Ja", sender=NEW))
    assert Contact.objects.get().pk == subscriber.contact_id
    assert "Willkommen auf WhatsApp" in last(number)


def test_who_says_no_stays_apart_and_an_old_yes_joins_nothing(
    subscriber: Address, telegram: Channel, number: Channel, known: Address
) -> None:
    moving.take(message(number, asked(telegram), sender=NEW))
    yes = button(number, "Ja, zusammenführen")
    assert moving.take(message(number, "nein", sender=NEW))
    assert "bleibt alles getrennt" in last(number)
    assert moving.take(message(number, choice=yes, sender=NEW))
    assert Contact.objects.count() == 2
    assert "abgelaufen" in last(number)


def test_a_yes_after_the_code_ended_joins_nothing(subscriber: Address, telegram: Channel, number: Channel, known: Address) -> None:
    moving.take(message(number, asked(telegram), sender=NEW))
    yes = button(number, "Ja, zusammenführen")
    MovingCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert moving.take(message(number, choice=yes, sender=NEW))
    assert Contact.objects.count() == 2


def test_a_yes_without_a_question_joins_nothing(subscriber: Address, telegram: Channel, number: Channel, known: Address) -> None:
    asked(telegram)
    assert moving.take(message(number, choice=moving.JOIN, sender=NEW))
    assert Contact.objects.count() == 2


def test_a_code_works_once_and_for_half_an_hour(subscriber: Address, telegram: Channel, number: Channel) -> None:
    code = asked(telegram)
    assert moving.take(message(number, code, sender=NEW))
    other = Sender(address="DE.78", name="Mallory")
    assert not moving.take(message(number, code, sender=other))
    assert Contact.objects.count() == 2

    code = moving.code_for(subscriber.contact)
    MovingCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not moving.take(message(number, code, sender=other))
    assert moving.take(message(number, "", kind="start", start=f"wechsel-{code}", sender=other))
    assert "abgelaufen" in last(number)


def test_a_new_code_ends_the_one_before(subscriber: Address, telegram: Channel, number: Channel) -> None:
    first = asked(telegram)
    asked(telegram)
    assert not moving.take(message(number, first, sender=NEW))


def test_the_code_of_another_authority_opens_nothing(subscriber: Address, number: Channel) -> None:
    town = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    theirs = Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="running")
    code = moving.code_for(subscriber.contact)
    assert not moving.take(message(theirs, code, sender=NEW))


def test_the_code_is_kept_nowhere(subscriber: Address) -> None:
    code = moving.code_for(subscriber.contact).replace("-", "")
    row = MovingCode.objects.get()
    assert code.encode() not in bytes(row.code_hash)
    assert len(bytes(row.code_hash)) >= 16


def test_sent_where_it_came_from_it_is_explained(subscriber: Address, telegram: Channel, number: Channel) -> None:
    assert moving.take(message(telegram, asked(telegram)))
    assert "auf dem anderen Messenger" in last(telegram)


def test_who_stopped_stays_stopped(subscriber: Address, telegram: Channel, number: Channel) -> None:
    code = asked(telegram)
    actions.stop(subscriber.contact, evidence="m9", channel=telegram)
    moving.take(message(number, code, sender=NEW))
    assert Contact.objects.get().state == Contact.State.STOPPED
    assert not Contact.objects.get().subscriptions.exists()


def test_where_there_is_nowhere_to_go_it_is_said(subscriber: Address, telegram: Channel) -> None:
    assert moving.take(message(telegram, "Messenger wechseln"))
    assert heard(telegram) == ["Zurzeit sind wir nur hier zu erreichen."]


@pytest.mark.parametrize("text", ["Guten Tag", "HALLO-WELTA", "ABCDE-FGHJ", "12345-67890", "Mein Code ist ABCDE-FGHJK"])
def test_other_words_are_left_to_the_next(subscriber: Address, telegram: Channel, text: str) -> None:
    assert not moving.take(message(telegram, text))


def test_a_link_whose_word_looks_like_a_code_is_left_to_the_next(subscriber: Address, telegram: Channel) -> None:
    assert not moving.take(message(telegram, "", kind="start", start="sperrmuell"))
