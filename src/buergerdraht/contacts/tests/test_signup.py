"""From the first word to the welcome, tapped or typed, in three languages."""

from __future__ import annotations

import pytest

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts.models import Consent, ConsentText, Contact, Subscription
from buergerdraht.contacts.tests.town import Say, heard, last, message, titles
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db


def _acts() -> list[tuple[str, str]]:
    return list(Consent.objects.order_by("id").values_list("act", "purpose"))


def test_start_to_welcome_by_tapping(say: Say, telegram: Channel) -> None:
    assert say("Start")
    assert "automatische Dienst von Musterstadt" in last(telegram)
    assert "/p/musterstadt/datenschutz" in last(telegram)
    assert titles(telegram) == ["Verkehr", "Kultur", "Bauen", "Abbrechen"]
    assert say("Verkehr", choice="topic:verkehr")
    assert titles(telegram) == ["✓ Verkehr", "Kultur", "Bauen", "Fertig"]
    assert say("Bauen", choice="topic:bauen")
    assert say("Fertig", choice="topics:done")
    assert "Nachrichten zu Verkehr und Bauen senden" in last(telegram)
    assert not Subscription.objects.filter(confirmed_at__isnull=False).exists()
    assert say("Ja, bestätigen", choice="confirm:yes")
    assert last(telegram).startswith("Willkommen. Sie erhalten ab jetzt: Verkehr und Bauen.")
    contact = Contact.objects.get()
    assert contact.state == "active"
    assert contact.step is None
    both = ["topic:verkehr", "topic:bauen"]
    assert _acts() == [("request", "newsletter"), *(("grant", each) for each in both), *(("confirm", each) for each in both)]
    texts = dict(ConsentText.objects.values_list("text_hash", "text"))
    assert all(texts[row.text_hash] and row.evidence.startswith("m") for row in Consent.objects.all())
    assert "Verkehr und Bauen" in texts[Consent.objects.filter(act="confirm").first().text_hash]


def test_typed_numbers_and_titles_do_as_well(say: Say, telegram: Channel) -> None:
    say("start")
    assert say("1, 3")
    assert "Verkehr und Bauen" in last(telegram)
    assert say("Kultr")  # a slip
    assert "Verkehr, Kultur und Bauen" in last(telegram)
    assert say("fertig")
    assert say("ja")
    assert Subscription.objects.filter(confirmed_at__isnull=False).count() == 3


def test_a_number_that_is_not_on_the_list_is_answered(say: Say, telegram: Channel) -> None:
    say("start")
    assert say("9")
    assert "nicht erkannt" in last(telegram)


def test_a_question_in_the_middle_is_left_to_people(say: Say, telegram: Channel) -> None:
    say("start")
    before = len(heard(telegram))
    assert not say("Wann hat das Rathaus am Samstag offen?")
    assert len(heard(telegram)) == before
    assert say("2")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "start", "start": "abo-kultur"},
        {"kind": "start", "start": "kultur"},
        {"text": "ABO kultur"},
        {"text": "abo  Kultur "},
        {"text": "Start Kultur!"},
    ],
)
def test_a_deep_link_goes_straight_to_its_topic(say: Say, telegram: Channel, fields: dict[str, str]) -> None:
    assert say(**fields)
    assert "Musterstadt darf Ihnen hier Nachrichten zu Kultur senden" in last(telegram)
    assert "automatische Dienst" in last(telegram)
    assert titles(telegram) == ["Ja, bestätigen", "Weitere Themen", "Abbrechen"]
    assert say("1")
    assert Subscription.objects.get(confirmed_at__isnull=False).topic.key == "kultur"


def test_more_topics_before_confirming(say: Say, telegram: Channel) -> None:
    say(kind="start", start="abo-kultur")
    say("Weitere Themen", choice="confirm:more")
    assert titles(telegram)[1] == "✓ Kultur"
    say("1")
    say("Fertig", choice="topics:done")
    say("ja")
    assert Subscription.objects.filter(confirmed_at__isnull=False).count() == 2


def test_saying_no_leaves_nothing_behind(say: Say, telegram: Channel) -> None:
    say(kind="start", start="abo-kultur")
    assert say("Abbrechen", choice="confirm:no")
    assert not Subscription.objects.exists()
    assert _acts()[-1] == ("withdraw", "topic:kultur")
    assert Contact.objects.get().state == "new"


def test_du_english_and_arabic(town: Organisation, say: Say, telegram: Channel) -> None:
    town.address_form = "du"
    town.save()
    say("Start", sender=Sender(address="1"))
    assert "deine Auswahl" in last(telegram)
    say("Start", sender=Sender(address="2", language="en-GB"))
    assert "Which topics would you like" in last(telegram)
    assert titles(telegram) == ["Traffic", "Culture", "Building", "Cancel"]
    say("ابدأ", sender=Sender(address="3", language="ar"))
    assert "ما المواضيع" in last(telegram)
    assert say("٢", sender=Sender(address="3", language="ar"))
    assert "الثقافة" in last(telegram)
    assert say("تم", sender=Sender(address="3", language="ar"))
    assert say("نعم", sender=Sender(address="3", language="ar"))
    assert Subscription.objects.get(confirmed_at__isnull=False).topic.key == "kultur"


def test_hello_of_a_stranger_begins_but_only_once(say: Say, telegram: Channel) -> None:
    assert say("Hallo!")
    assert "Welche Themen" in last(telegram)
    say("Abbrechen", choice="topics:cancel")
    assert not say("Hallo")


def test_themen_removes_at_once_and_confirms_what_is_new(say: Say, telegram: Channel, subscriber: object) -> None:
    assert say("THEMEN")
    assert "Sie erhalten zurzeit: Verkehr und Kultur" in last(telegram)
    say("Verkehr", choice="topic:verkehr")
    say("Bauen", choice="topic:bauen")
    say("fertig")
    assert "Nachrichten zu Bauen senden" in last(telegram)
    assert set(Subscription.objects.filter(confirmed_at__isnull=False).values_list("topic__key", flat=True)) == {"kultur"}
    say("ja")
    assert "Kultur und Bauen" in last(telegram)


def test_old_buttons_do_no_harm(say: Say, telegram: Channel) -> None:
    assert say("Ja, bestätigen", choice="confirm:yes")
    assert not Subscription.objects.exists()
    assert "Welche Themen" in last(telegram)


def test_a_town_without_topics_says_so(telegram: Channel) -> None:
    from buergerdraht.contacts import signup

    assert signup.take(message(telegram, "start"))
    assert "keine Themen" in last(telegram)
