"""STOP and its kin work in every state, in one transaction, and queued rows go with it (law 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, Sender
from buergerdraht.contacts import actions, commands, outreach
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Consent, Contact, Topic
from buergerdraht.contacts.tests.town import Say, heard, last, message, titles
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = pytest.mark.django_db


def test_stop_ends_everything_and_takes_queued_rows_back(say: Say, telegram: Channel, subscriber: Address) -> None:
    queued = outreach.send(subscriber, Content(text="Nachricht"), purpose="newsletter")
    assert say("STOPP!")
    queued.refresh_from_db()
    assert (queued.state, queued.reason) == ("cancelled", "stopped")
    contact = Contact.objects.get()
    assert contact.state == "stopped"
    assert not contact.subscriptions.exists()
    assert "schreiben Sie START" in last(telegram)
    assert Outbound.objects.filter(state="queued").count() == 1
    withdrawn = set(Consent.objects.filter(act="withdraw").values_list("purpose", flat=True))
    assert withdrawn == {"newsletter", "topic:verkehr", "topic:kultur"}
    with pytest.raises(outreach.Refused, match="stopped"):
        outreach.send(subscriber, Content(text="Noch eine"), purpose="newsletter")


def test_stop_ends_every_address_of_the_person(say: Say, whatsapp: Channel, subscriber: Address) -> None:
    other = actions.meet(whatsapp, Sender(address="+4917139200101"), timezone.now())
    actions.absorb(subscriber.contact, other.contact)
    other.refresh_from_db()
    queued = outreach.send(other, Content(text="x"), purpose="newsletter")
    say("stop")
    queued.refresh_from_db()
    assert queued.state == "cancelled"


def test_stop_finds_rows_queued_under_an_older_key(telegram: Channel, subscriber: Address) -> None:
    queued = outreach.send(subscriber, Content(text="x"), purpose="newsletter")
    incoming = message(telegram, "Stop", sender=Sender(address="neu", aliases=("4711",)))
    assert incoming.address.id == subscriber.id
    assert commands.take(incoming)
    queued.refresh_from_db()
    assert queued.state == "cancelled"


@pytest.mark.parametrize(
    "step", [None, {"name": "pick"}, {"name": "erase"}, {"name": "confirm", "at": "2020-01-01T00:00:00+00:00", "options": [], "picked": []}]
)
def test_stop_works_in_every_state(say: Say, telegram: Channel, subscriber: Address, step: object) -> None:
    Contact.objects.update(step=step)
    assert say("Bitte abmelden")
    assert Contact.objects.get().state == "stopped"


def test_an_edited_or_tapped_or_captioned_stop_counts_too(telegram: Channel, topics: list[Topic]) -> None:
    for fields in ({"kind": "edit"}, {"choice": "anything"}, {"kind": "media"}):
        assert commands.take(message(telegram, "Stop", **fields))
    assert not commands.take(message(telegram, "Stop", kind="reaction"))


def test_a_call_for_help_below_a_photo_is_heard(telegram: Channel) -> None:
    assert commands.take(message(telegram, "HILFE", kind="media"))
    assert len(heard(telegram)) == 1
    assert not commands.take(message(telegram, "Hier brauche ich Hilfe", kind="media"))


def test_a_barred_person_may_stop_but_hears_nothing(say: Say, telegram: Channel, subscriber: Address) -> None:
    Address.objects.update(state="blocked")
    assert say("STOP")
    assert Contact.objects.get().state == "stopped"
    assert heard(telegram) == []


def test_start_after_stop_needs_a_new_yes(say: Say, telegram: Channel, subscriber: Address) -> None:
    say("STOP")
    say("START")
    assert "Welche Themen" in last(telegram)
    say("1")
    say("fertig")
    assert Contact.objects.get().state == "stopped"
    say("ja")
    assert Contact.objects.get().state == "active"


def test_an_ordinary_sentence_is_left_to_the_others(say: Say) -> None:
    assert not say("Wann kommt am Ende der Woche die Müllabfuhr?")


def test_help_privacy_and_imprint(say: Say, telegram: Channel, town: Organisation) -> None:
    town.imprint = "Stadt Musterstadt\nRathausplatz 1"
    town.save()
    assert say("Hilfe")
    assert "STOPP: alles abbestellen" in last(telegram)
    assert say("DATENSCHUTZ")
    assert last(telegram).endswith("/p/musterstadt/datenschutz")
    assert say("impressum")
    assert "Rathausplatz 1" in last(telegram)


def test_pause_by_button_date_and_span(say: Say, telegram: Channel, subscriber: Address) -> None:
    assert say("PAUSE")
    assert titles(telegram) == ["1 Woche", "2 Wochen", "4 Wochen"]
    assert say("2")
    weeks = Contact.objects.get().paused_until - timezone.now()
    assert timedelta(days=13) < weeks <= timedelta(days=14)
    with pytest.raises(outreach.Refused, match="paused"):
        outreach.send(subscriber, Content(text="x"), purpose="newsletter")
    assert say("weiter")
    assert outreach.send(subscriber, Content(text="x"), purpose="newsletter")
    day = timezone.localtime() + timedelta(days=10)
    assert say(f"Pause bis {day.day}.{day.month}.")
    assert timezone.localtime(Contact.objects.get().paused_until).date() == day.date()
    assert say("pause 3 Wochen")
    assert not Outbound.objects.filter(purpose="newsletter", state="queued").exists()


def test_a_pause_that_cannot_be_read_is_asked_again(say: Say, telegram: Channel) -> None:
    assert say("Pause bis 31.2.")
    assert "nicht erkannt" in last(telegram)
    assert not say("Pause in der Kita ist wann?")


def test_weiter_without_a_pause_is_an_ordinary_word(say: Say) -> None:
    assert not say("weiter")


def test_language_by_button_and_by_name(say: Say, telegram: Channel) -> None:
    assert say("Sprache")
    assert titles(telegram) == ["Deutsch", "English", "العربية"]
    assert say("English", choice="language:en")
    assert last(telegram) == "From now on we write to you in English."
    assert say("العربية")
    assert Contact.objects.get().language == "ar"
    assert not say("Türkçe")  # not offered here


def test_what_asked_for_nothing_is_not_answered_by_numbers(say: Say) -> None:
    assert not say("2")


def test_provider_stop_and_block(telegram: Channel, subscriber: Address) -> None:
    from buergerdraht.connectors.contract import Gone

    later = timezone.now()
    queued = outreach.send(subscriber, Content(text="x"), purpose="newsletter")
    actions.gone(telegram, Gone(address="4711", at=later, external_id="g1", scope="newsletter"))
    queued.refresh_from_db()
    assert queued.state == "cancelled"
    assert Consent.objects.filter(purpose="provider_marketing", act="withdraw").count() == 1
    actions.gone(telegram, Gone(address="4711", at=later, external_id="g2", back=True, scope="newsletter"))
    actions.gone(telegram, Gone(address="4711", at=later, external_id="g3"))
    assert Address.objects.get().state == "gone"
    actions.gone(telegram, Gone(address="4711", at=later, external_id="g4", back=True))
    assert Address.objects.get().state == "active"


def test_a_late_block_does_not_undo_a_newer_message(telegram: Channel, subscriber: Address) -> None:
    from buergerdraht.connectors.contract import Gone

    actions.meet(telegram, Sender(address="4711"), timezone.now())
    actions.gone(telegram, Gone(address="4711", at=timezone.now() - timedelta(hours=1), external_id="g"))
    assert Address.objects.get().state == "active"


def test_a_changed_address_keeps_the_person(telegram: Channel, subscriber: Address) -> None:
    from buergerdraht.connectors.contract import Changed

    event = Changed(external_id="c", at=timezone.now(), what="address", values={"old": "4711", "new": "4712"})
    assert actions.changed_address(telegram, event).id == subscriber.id
    assert actions.meet(telegram, Sender(address="4712"), timezone.now()).id == subscriber.id
    assert actions.meet(telegram, Sender(address="x", aliases=("4711",)), timezone.now()).contact_id == subscriber.contact_id


def test_changing_to_a_known_address_makes_one_person_of_two(telegram: Channel, subscriber: Address) -> None:
    from buergerdraht.connectors.contract import Changed

    new = actions.meet(telegram, Sender(address="4712"), timezone.now())
    actions.changed_address(telegram, Changed(external_id="c", at=timezone.now(), what="address", values={"old": "4711", "new": "4712"}))
    assert Contact.objects.count() == 1
    new.refresh_from_db()
    assert new.contact.subscriptions.filter(confirmed_at__isnull=False).count() == 2
    assert new.contact.subscriptions.filter(address=new).count() == 2


def test_consent_text_is_kept_once(telegram: Channel, topics: list[Topic]) -> None:
    from buergerdraht.contacts.models import ConsentText

    for number in range(3):
        address = actions.meet(telegram, Sender(address=str(number)), timezone.now())
        actions.subscribe(address.contact, topics, address, Proof(channel=telegram, evidence="e", text="Hinweis"))
    assert ConsentText.objects.count() == 1
    assert Consent.objects.filter(act="grant").count() == 9
