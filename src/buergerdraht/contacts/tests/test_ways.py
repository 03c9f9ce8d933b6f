"""Citizens put their ways in order themselves: by a word in the chat, or on their page; nobody is reached where they did not choose."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions, commands, ways, ways_page, words
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Consent, Contact
from buergerdraht.contacts.tests.town import last, message, titles
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(subscriber: Address, whatsapp: Channel) -> Address:
    """Aylin, on WhatsApp, too."""
    found = actions.meet(whatsapp, Sender(address="DE.7"), timezone.now() - timedelta(hours=1))
    actions.absorb(subscriber.contact, found.contact)
    return Address.objects.get(pk=found.pk)


def order_of(contact: Contact, kind: str) -> list[int]:
    return list(contact.ways.filter(kind=kind).values_list("address", flat=True))


def subscribed_at(contact: Contact) -> set[int]:
    return set(contact.subscriptions.values_list("address", flat=True))


def says(channel: Channel, text: str = "", **fields: str) -> str:
    assert commands.take(message(channel, text, **fields))
    return last(channel)


def test_with_one_way_there_is_nothing_to_order(subscriber: Address, telegram: Channel) -> None:
    """And the word that leads to another messenger is named only where there is one."""
    assert says(telegram, "WEGE") == "Zurzeit sind wir nur hier zu erreichen."
    assert titles(telegram) == []
    config = {
        "number": "+49 30 23125 100", "phone_number_id": "100001", "waba_id": "200002", "access_token": "t" * 20, "app_secret": "s" * 20,
    }  # fmt: skip
    Channel.objects.create(organisation=telegram.organisation, kind="whatsapp", name="Nummer", config=json.dumps(config), state="running")
    assert "WECHSELN" in says(telegram, "WEGE")


def test_the_word_shows_both_orders_and_asks_what_to_change(subscriber: Address, other: Address, telegram: Channel) -> None:
    said = says(telegram, "Meine Wege")
    assert "- Dringendes: 1. Telegram, 2. WhatsApp" in said
    assert "- Ihre Themen: 1. Telegram, 2. WhatsApp" in said
    assert titles(telegram) == ["Dringendes", "Ihre Themen", "So lassen"]
    assert says(telegram, "so lassen") == "In Ordnung, es bleibt so."


def test_one_way_tapped_becomes_the_first(subscriber: Address, other: Address, telegram: Channel) -> None:
    says(telegram, "WEGE")
    assert "zum Beispiel „WhatsApp, Telegram“" in says(telegram, choice="ways:alert")
    assert titles(telegram) == ["Telegram", "WhatsApp", "Alle zugleich"]
    assert says(telegram, choice=f"ways:alert:{other.pk}") == "Geändert. Dringendes: 1. WhatsApp, 2. Telegram"
    assert order_of(subscriber.contact, "alert") == [other.pk, subscriber.pk]
    assert subscribed_at(subscriber.contact) == {subscriber.pk}  # what is urgent moves no subscription


def test_the_whole_order_is_typed_by_number_or_by_name(subscriber: Address, other: Address, telegram: Channel) -> None:
    for typed in ("2, 1", "WhatsApp, Telegram", "Whatsapp und Telegram"):
        says(telegram, "WEGE")
        says(telegram, "Dringendes")
        assert says(telegram, typed) == "Geändert. Dringendes: 1. WhatsApp, 2. Telegram"
        assert order_of(subscriber.contact, "alert") == [other.pk, subscriber.pk]
        says(telegram, choice="ways:alert:usual")
        assert order_of(subscriber.contact, "alert") == []


def test_what_is_urgent_may_go_on_all_ways_and_stops_doing_so(subscriber: Address, other: Address, telegram: Channel) -> None:
    says(telegram, "WEGE")
    says(telegram, "Dringendes")
    assert says(telegram, "Alle zugleich") == "Geändert. Dringendes: auf allen Wegen zugleich (Telegram, WhatsApp)"
    assert Contact.objects.get(pk=subscriber.contact_id).everywhere
    assert "- Dringendes: auf allen Wegen zugleich" in says(telegram, "WEGE")
    says(telegram, "Dringendes")
    assert titles(telegram) == ["Telegram", "WhatsApp", "Wie üblich"]
    says(telegram, "WhatsApp")
    assert not Contact.objects.get(pk=subscriber.contact_id).everywhere
    says(telegram, choice="ways:newsletter:all")  # topics never go out several times
    assert not Contact.objects.get(pk=subscriber.contact_id).everywhere


def test_the_first_way_of_topics_is_where_they_are_subscribed(subscriber: Address, other: Address, telegram: Channel) -> None:
    says(telegram, "WEGE")
    says(telegram, "2")
    says(telegram, "WhatsApp")
    assert subscribed_at(subscriber.contact) == {other.pk}
    proofs = Consent.objects.filter(contact=subscriber.contact, act="confirm", subject=bytes(other.address_hash))
    assert set(proofs.values_list("purpose", flat=True)) == {"topic:verkehr", "topic:kultur"}
    assert {row.channel_id for row in proofs} == {telegram.pk}
    assert all(row.text_hash and row.evidence.startswith("m") for row in proofs)


def test_an_old_button_for_a_way_that_is_gone_asks_anew(subscriber: Address, other: Address, telegram: Channel, whatsapp: Channel) -> None:
    third = Channel.objects.create(organisation=telegram.organisation, kind="telegram", name="Zweiter Bot", config="{}", state="running")
    gone = actions.meet(third, Sender(address="4711"), timezone.now())
    actions.absorb(subscriber.contact, gone.contact)
    says(telegram, "WEGE")
    assert "Telegram (@aylin)" in says(telegram, choice="ways:alert") + "".join(titles(telegram))
    Address.objects.filter(pk=gone.pk).update(state="gone")
    assert "So erreichen wir Sie" in says(telegram, choice=f"ways:alert:{gone.pk}")
    assert order_of(subscriber.contact, "alert") == []


def test_where_everybody_reads_is_no_way(subscriber: Address, telegram: Channel) -> None:
    public = Channel.objects.create(organisation=telegram.organisation, kind="mastodon", name="Stadt", config="{}", state="running")
    found = actions.meet(public, Sender(address="aylin@social.example"), timezone.now())
    actions.absorb(subscriber.contact, found.contact)
    assert ways.ways_of(subscriber.contact) == []


def test_somebody_elses_way_is_not_taken(subscriber: Address, other: Address, telegram: Channel, whatsapp: Channel) -> None:
    strange = actions.meet(whatsapp, Sender(address="DE.8"), timezone.now())
    assert "So erreichen wir Sie" in says(telegram, choice=f"ways:alert:{strange.pk}")
    assert not strange.contact.ways.exists()
    assert not subscriber.contact.ways.exists()


def test_help_names_the_words_of_several_messengers_only_where_there_are(subscriber: Address, telegram: Channel, whatsapp: Channel) -> None:
    said = says(telegram, "HILFE")
    assert "WEGE" not in said
    found = actions.meet(whatsapp, Sender(address="DE.7"), timezone.now())
    actions.absorb(subscriber.contact, found.contact)
    said = says(telegram, "HILFE")
    assert "- WEGE: auf welchem Messenger zuerst\n- STOPP" in said


@pytest.mark.parametrize(
    "text", ["Die Wege im Park sind vereist", "Welche Kanäle gibt es im Stadtgebiet?", "In welcher Reihenfolge räumt ihr?"]
)
def test_a_word_in_a_sentence_is_none(text: str) -> None:
    assert words.command(text) == ""


# ── On the page ───────────────────────────────────────────────────────────


def test_the_page_offers_each_way_a_place(subscriber: Address, other: Address) -> None:
    page = ways_page.page(subscriber.contact, "en")
    assert page is not None
    assert [block.title for block in page.blocks] == ["Urgent messages", "Your topics"]
    assert [(row.name, row.place) for row in page.blocks[0].rows] == [("Telegram", 1), ("WhatsApp", 2)]


def change(contact: Contact, kind: str, **places: str) -> bool:
    fields = {f"weg-{kind}-{name.removeprefix('n')}": place for name, place in places.items()}
    return ways_page.change(contact, {"wege": kind, **fields}, Proof(channel=None, evidence="web: Einstellungen"))


def test_places_make_an_order_and_zero_leaves_out(subscriber: Address, other: Address) -> None:
    contact, first, second = subscriber.contact, f"n{subscriber.pk}", f"n{other.pk}"
    assert change(contact, "alert", **{first: "2", second: "1"})
    assert order_of(contact, "alert") == [other.pk, subscriber.pk]
    assert change(contact, "alert", **{first: "1", second: "1"})  # two at one place: as they stood
    assert order_of(contact, "alert") == [other.pk, subscriber.pk]
    assert change(contact, "alert", **{first: "1", second: "0"})
    assert order_of(contact, "alert") == [subscriber.pk]
    assert not change(contact, "alert", **{first: "0", second: "0"})
    assert not change(contact, "alert", **{first: "²", second: "-1"})
    assert order_of(contact, "alert") == [subscriber.pk]
    assert ways_page.change(contact, {"wege_ueblich": "alert"}, Proof(channel=None, evidence="web"))
    assert order_of(contact, "alert") == []


def test_all_ways_are_a_tick_on_the_page(subscriber: Address, other: Address) -> None:
    contact = subscriber.contact
    fields = {f"weg-alert-{subscriber.pk}": "1", f"weg-alert-{other.pk}": "2"}
    proof = Proof(channel=None, evidence="web: Einstellungen")
    assert ways_page.change(contact, {"wege": "alert", "alle": "1", **fields}, proof)
    assert Contact.objects.get(pk=contact.pk).everywhere
    page = ways_page.page(contact, "de")
    assert page is not None
    assert [(block.may_all, block.everywhere, block.usual) for block in page.blocks] == [(True, True, True), (False, False, True)]
    assert ways_page.change(contact, {"wege": "alert", **fields}, proof)
    assert not Contact.objects.get(pk=contact.pk).everywhere


def test_two_who_become_one_keep_the_wish_for_all_ways(subscriber: Address, whatsapp: Channel) -> None:
    found = actions.meet(whatsapp, Sender(address="DE.7"), timezone.now())
    ways.send_everywhere(found.contact, True, Proof(channel=whatsapp, evidence="m9"))
    actions.absorb(subscriber.contact, found.contact)
    assert Contact.objects.get().everywhere


def test_what_is_posted_for_other_people_or_kinds_changes_nothing(subscriber: Address, other: Address, whatsapp: Channel) -> None:
    strange = actions.meet(whatsapp, Sender(address="DE.8"), timezone.now())
    assert not change(subscriber.contact, "alert", **{f"n{strange.pk}": "1"})
    assert ways_page.change(subscriber.contact, {"wege": "everything"}, Proof(channel=None, evidence="web"))
    assert not Contact.objects.filter(ways__isnull=False).exists()
