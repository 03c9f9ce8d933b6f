"""Signing up in the messenger, through the front door: name, wish, questions; interrupted, cancelled, stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Membership
from buergerdraht.consultations import signing
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.consultations.tests.conftest import Say
from buergerdraht.contacts.models import Contact, Subscription
from buergerdraht.conversations import holding
from buergerdraht.conversations.models import Conversation


@pytest.mark.parametrize("word", ["SPRECHSTUNDE", "Bürgermeisterin!", "buergermeister", "Sprechstnde", "mayor", "العمدة"])
def test_a_word_begins_it(say: Say, hour: Consultation, word: str) -> None:
    assert "Wie dürfen wir Sie nennen?" in say("paula", word)


def test_a_deep_link_begins_it(say: Say, hour: Consultation) -> None:
    assert "Wie dürfen wir Sie nennen?" in say("paula", "/start sprechstunde", kind="start", start="sprechstunde")


def test_where_no_hour_is_held_the_word_is_a_question_for_people(say: Say, hour: Consultation) -> None:
    Consultation.objects.update(state="draft")
    say("paula", "SPRECHSTUNDE")
    assert Conversation.objects.get().state == "open"
    assert not Guest.objects.exists()


def test_name_then_chat_gives_a_place(say: Say, hour: Consultation) -> None:
    say("paula", "SPRECHSTUNDE", name="paula 🌸")
    assert "Guten Tag, Paula Neumann" in say("paula", "Ich heiße Paula Neumann", name="paula 🌸")
    answer = say("paula", "1", name="paula 🌸")
    assert "Ihre Nummer ist 1" in answer
    assert "Bürgermeisterin Anna Muster" in answer
    guest, contact = Guest.objects.get(), Contact.objects.get()
    assert (guest.state, guest.consultation, guest.number, contact.name) == ("waiting", hour, 1, "Paula Neumann")
    conversation = Conversation.objects.get()
    assert (conversation.team, [label.name for label in conversation.labels.all()]) == (hour.team, ["Sprechstunde"])
    assert not Subscription.objects.exists()


def test_the_messengers_name_can_be_tapped(say: Say, hour: Consultation) -> None:
    say("paula", "SPRECHSTUNDE")
    assert "Guten Tag, Paula" in say("paula", "Paula", kind="choice", choice="hour:name")
    assert "Wie dürfen wir" in say("paula", "zurück")
    assert "Guten Tag, Paula" in say("paula", "1")


def test_information_is_confirmed_as_every_subscription(say: Say, hour: Consultation) -> None:
    say("paula", "SPRECHSTUNDE")
    say("paula", "Paula")
    assert "Aus dem Rathaus" in say("paula", "Information")
    assert not Subscription.objects.get().confirmed_at
    assert "Sie erhalten ab jetzt: Aus dem Rathaus" in say("paula", "Ja")
    assert not Guest.objects.filter(state__in=Guest.ALIVE).exists()
    say("paula", "SPRECHSTUNDE")
    assert "erhalten Sie schon" in say("paula", "2")


def test_both_gives_a_place_and_asks_to_confirm(say: Say, hour: Consultation) -> None:
    say("paula", "SPRECHSTUNDE")
    say("paula", "Paula")
    answer = say("paula", "Beides bitte")
    assert "Ihre Nummer ist 1" in answer
    assert "Bitte bestätigen Sie" in answer
    say("paula", "Ja, bestätigen")
    assert Subscription.objects.get().confirmed_at
    assert "notiert" in say("paula", "Wann kommt der Radweg?")
    assert Guest.objects.get().questions.get().text == "Wann kommt der Radweg?"


def test_a_question_instead_of_a_name_goes_to_people(say: Say, hour: Consultation) -> None:
    say("paula", "SPRECHSTUNDE")
    assert "SPRECHSTUNDE geht es jederzeit weiter" in say("paula", "Was kostet eigentlich ein neuer Ausweis?")
    assert Conversation.objects.get().state == "open"
    assert "Wie dürfen" in say("paula", "Sprechstunde")


def test_a_command_between_does_not_end_it(say: Say, hour: Consultation) -> None:
    say("paula", "SPRECHSTUNDE")
    assert "Das können Sie schreiben" in say("paula", "HILFE")
    say("paula", "SPRACHE")
    say("paula", "English")
    assert "Hello Paula. What would you like?" in say("paula", "Paula")
    assert "Your number is 1" in say("paula", "Chat")


def test_no_ends_it_kindly_and_a_day_lets_it_lapse(say: Say, hour: Consultation) -> None:
    say("paula", "SPRECHSTUNDE")
    assert "nicht angemeldet" in say("paula", "abbrechen")
    say("paula", "SPRECHSTUNDE")
    Guest.objects.filter(state="signing").update(joined_at=timezone.now() - timedelta(days=2))
    say("paula", "Guten Tag zusammen")
    assert not Guest.objects.filter(state__in=Guest.ALIVE).exists()
    assert Contact.objects.get().name == "Paula"


def test_stop_ends_it_in_every_step(say: Say, hour: Consultation, guest: Callable[[str], str]) -> None:
    say("otto", "SPRECHSTUNDE")
    say("otto", "STOPP")
    guest("paula")
    say("paula", "STOPP")
    assert set(Guest.objects.values_list("state", flat=True)) == {"left"}
    assert set(Contact.objects.values_list("errand", flat=True)) == {""}


def test_a_person_holding_the_thread_comes_first(say: Say, hour: Consultation, andrea: Membership) -> None:
    say("paula", "Guten Tag, ich habe eine Frage zum Ausweis")
    holding.assign(Conversation.objects.get(), by=andrea.operator, operator=andrea.operator)
    assert say("paula", "SPRECHSTUNDE") == ""
    assert not Guest.objects.exists()


def test_questions_are_noted_once_aloud_and_rest_until_the_hour(say: Say, hour: Consultation, guest: Callable[[str], str]) -> None:
    guest("paula")
    assert "notiert" in say("paula", "Wann wird der Radweg gebaut?")
    assert say("paula", "Und der an der Schule?") == ""
    assert Guest.objects.get().questions.count() == 2
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.snoozed_until) == ("open", hour.begins_at)


def test_whoever_waits_can_ask_again_and_leave(say: Say, hour: Consultation, guest: Callable[[str], str]) -> None:
    guest("paula")
    assert "Ihre Nummer ist 1" in say("paula", "SPRECHSTUNDE")
    assert Guest.objects.count() == 1
    assert "wieder frei" in say("paula", "ABBRECHEN")
    assert Guest.objects.get().state == "left"


def test_a_full_hour_leads_to_the_next_and_then_to_a_list(say: Say, hour: Consultation, guest: Callable[[str], str]) -> None:
    Consultation.objects.update(places=1)
    later = Consultation.objects.create(
        organisation=hour.organisation, title="Zweite", host="Bürgermeisterin Anna Muster", places=1, state="planned",
        begins_at=hour.begins_at + timedelta(days=7), ends_at=hour.ends_at + timedelta(days=7),
    )  # fmt: skip
    guest("paula")
    guest("otto")
    assert "vorgemerkt" in guest("emil")
    assert list(Guest.objects.order_by("pk").values_list("consultation", flat=True)) == [hour.pk, later.pk, None]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Paula", "Paula"), ("mein Name ist Aylin Öztürk.", "Aylin Öztürk"), ("*Paula*", "Paula"), ("محمد", "محمد"),
        ("Wann kommt der Bus?", ""), ("0171 123", ""), ("Ich wollte nur einmal fragen ob", ""), ("👍", ""), ("x" * 61, ""),
    ],
)  # fmt: skip
def test_a_name_is_told_from_a_question(text: str, name: str) -> None:
    assert signing.name_in(text) == name
