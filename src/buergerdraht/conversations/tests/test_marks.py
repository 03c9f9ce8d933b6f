"""How was it? Asked once, answered by tap, digit or stars; and people come first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import answering, holding, marks, sentences
from buergerdraht.conversations.models import Conversation, Desk, Message, Stretch
from buergerdraht.conversations.tests.conftest import event
from buergerdraht.gateway.models import Channel, Outbound, Part

pytestmark = pytest.mark.django_db


def says(channel: Channel, text: str, **fields: object) -> None:
    inbound.handle(channel, event(text=text, **fields))


def said() -> list[str]:
    return list(Message.objects.filter(author="bot").order_by("id").values_list("text", flat=True))


@pytest.fixture
def closed(telegram: Channel, town: Organisation, andrea: Operator) -> Conversation:
    """A matter that was answered and closed two minutes ago."""
    Desk.objects.create(organisation=town, ask_mark=True)
    says(telegram, "Wann hat das Bürgerbüro offen?")
    conversation = Conversation.objects.get()
    answering.reply(conversation, Content(text="Bis 18 Uhr."), operator=andrea)
    holding.close(conversation, operator=andrea)
    Stretch.objects.update(closed_at=timezone.now() - timedelta(minutes=2))
    conversation.refresh_from_db()
    return conversation


@pytest.fixture
def asked(closed: Conversation) -> Conversation:
    marks.ask(timezone.now())
    return closed


def test_it_is_asked_once_a_minute_after_the_close_with_five_choices(closed: Conversation) -> None:
    marks.ask(timezone.now() - timedelta(minutes=2))
    assert not Stretch.objects.get().asked_at
    marks.ask(timezone.now())
    marks.ask(timezone.now())
    assert said()[1:] == [sentences.MARK["de"]["sie"]]
    number = Stretch.objects.get().pk
    choices = Outbound.objects.latest("id").content.content["choices"]
    assert [choice["id"] for choice in choices] == [f"mark:{number}:{mark}" for mark in range(1, 6)]
    assert Conversation.objects.get().state == "closed"


@pytest.mark.parametrize("change", ["unwanted", "stopped", "reopened", "unanswered", "long ago"])
def test_when_nobody_is_asked(closed: Conversation, change: str) -> None:
    match change:
        case "unwanted":
            Desk.objects.update(ask_mark=False)
        case "stopped":
            Contact.objects.update(state="stopped")
        case "reopened":
            Conversation.objects.update(state="open")
        case "unanswered":
            Stretch.objects.update(answered_at=None)
        case "long ago":
            Stretch.objects.update(closed_at=timezone.now() - timedelta(hours=1))
    marks.ask(timezone.now())
    assert Stretch.objects.get().asked_at is None
    assert len(said()) == 1


def test_outside_the_window_nobody_is_asked(whatsapp: Channel, town: Organisation, andrea: Operator) -> None:
    Desk.objects.create(organisation=town, ask_mark=True)
    says(whatsapp, "Frage")
    conversation = Conversation.objects.get()
    answering.reply(conversation, Content(text="Antwort"), operator=andrea)
    holding.close(conversation, operator=andrea)
    Stretch.objects.update(closed_at=timezone.now() - timedelta(minutes=2))
    conversation.last_address.__class__.objects.update(last_inbound_at=timezone.now() - timedelta(hours=25))
    marks.ask(timezone.now())
    assert Stretch.objects.get().asked_at is None


def test_a_tap_is_kept_and_the_thread_stays_closed(telegram: Channel, asked: Conversation) -> None:
    number = Stretch.objects.get().pk
    says(telegram, "4", kind="choice", choice=f"mark:{number}:4")
    assert Stretch.objects.get().mark == 4
    assert Conversation.objects.get().state == "closed"
    assert said()[-1] == sentences.MARK_MORE["de"]["sie"]
    says(telegram, "Sehr freundlich, danke")
    assert Stretch.objects.get().mark_text == "Sehr freundlich, danke"
    assert said()[-1] == sentences.MARK_THANKS["de"]["sie"]
    assert (Conversation.objects.get().state, Conversation.objects.get().unread) == ("closed", 0)
    says(telegram, "Und noch etwas")
    assert Conversation.objects.get().state == "open"


def test_by_a_forged_sender_nobody_marks_for_somebody_else(telegram: Channel, asked: Conversation) -> None:
    says(telegram, "1", proven=False)
    assert Stretch.objects.get().mark is None
    assert "kann der Absender gefälscht sein" in said()[-1]
    choices = Outbound.objects.latest("id").content.content["choices"]
    assert [choice["title"] for choice in choices] == ["1", "2", "3", "4", "5"]
    assert (Conversation.objects.get().state, Conversation.objects.get().unread) == ("closed", 0)
    letter = Part.objects.create(
        outbound=Outbound.objects.latest("id"), channel=telegram, position=0, external_id="<l1>", state="accepted", at=timezone.now()
    )
    says(telegram, "5", proven=False, quote=letter.external_id)
    assert Stretch.objects.get().mark == 5
    says(telegram, "Furchtbar war es.", proven=False)  # people read that; it is no word of whoever marked
    assert Stretch.objects.get().mark_text == ""
    assert Conversation.objects.get().state == "open"


@pytest.mark.parametrize(
    ("text", "mark"),
    [("5", 5), (" 3 ", 3), ("4!", 4), ("4 Sterne", 4), ("5 von 5", 5), ("5/5", 5), ("⭐⭐⭐", 3), ("⭐️ ⭐️", 2), ("٥", 5)],
)
def test_digits_and_stars_count(telegram: Channel, asked: Conversation, text: str, mark: int) -> None:
    says(telegram, text)
    assert Stretch.objects.get().mark == mark


@pytest.mark.parametrize("text", ["6", "0", "12", "3 Fragen habe ich noch", "Am 5. komme ich", "⭐⭐⭐⭐⭐⭐", "Danke", "👍", ""])
def test_whatever_else_they_write_is_for_people(telegram: Channel, asked: Conversation, text: str) -> None:
    assert marks.typed(text) is None
    if text:
        says(telegram, text)
        assert Conversation.objects.get().state == "open"
        assert Stretch.objects.order_by("id")[0].mark is None


def test_after_the_mark_a_question_is_for_people(telegram: Channel, asked: Conversation) -> None:
    says(telegram, "2")
    says(telegram, "Warum dauert das so lange?")
    assert (Conversation.objects.get().state, Conversation.objects.get().unread) == ("open", 1)
    assert Stretch.objects.order_by("id")[0].mark_text == ""


def test_a_day_later_a_digit_is_only_a_digit(telegram: Channel, asked: Conversation) -> None:
    Stretch.objects.update(asked_at=timezone.now() - timedelta(hours=25))
    says(telegram, "5")
    assert Stretch.objects.order_by("id")[0].mark is None
    assert Conversation.objects.get().state == "open"


def test_in_a_new_matter_a_digit_is_an_answer_to_people_and_a_tap_is_kept_silently(
    telegram: Channel, asked: Conversation, andrea: Operator
) -> None:
    number = Stretch.objects.get().pk
    says(telegram, "Noch eine Frage habe ich")
    holding.assign(Conversation.objects.get(), by=andrea, operator=andrea)
    before = len(said())
    says(telegram, "5")
    assert Stretch.objects.get(pk=number).mark is None
    says(telegram, "1", kind="choice", choice=f"mark:{number}:1")
    assert Stretch.objects.get(pk=number).mark == 1
    assert Conversation.objects.get().state == "open"
    assert len(said()) == before


def test_a_choice_of_somebody_else_changes_nothing(telegram: Channel, asked: Conversation) -> None:
    other = Contact.objects.create(organisation=asked.organisation, name="X")
    thread = Conversation.objects.create(organisation=asked.organisation, contact=other)
    foreign = Stretch.objects.create(
        organisation=asked.organisation, conversation=thread, opened_at=timezone.now(), asked_at=timezone.now()
    )  # fmt: skip
    for choice in (f"mark:{foreign.pk}:5", "mark:x:5", f"mark:{foreign.pk}:9", "mark:99999999999999999999:1"):
        says(telegram, "5 Punkte gibt es", kind="choice", choice=choice)
    assert not Stretch.objects.filter(mark__isnull=False).exists()
