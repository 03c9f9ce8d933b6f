"""The greeting: once a day, in the citizen's language, and a person after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import actions, automatic
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.conversations.tests.conftest import arrives, event
from buergerdraht.gateway.models import Channel


def said() -> list[str]:
    return list(Message.objects.filter(author="bot").order_by("id").values_list("text", flat=True))


def comes(channel: Channel, text: str = "Hallo") -> None:
    incoming = arrives(channel, event(text=text))
    actions.record(incoming)
    assert automatic.greet(incoming)


@pytest.fixture
def office(town: Organisation, monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """The office, open or closed as a test likes."""
    door = {"open": True}
    town.office_hours = {"mon": [["08:00", "12:00"]]}
    town.save()
    monkeypatch.setattr(hours, "is_open", lambda organisation, at: door["open"])
    monkeypatch.setattr(hours, "next_opening", lambda organisation, at: datetime(2026, 11, 23, 7, tzinfo=UTC))
    monkeypatch.setattr(hours, "spoken", lambda moment, language: "Montag, 8 Uhr")
    return door


def test_the_greeting_comes_once_a_day_and_people_are_called(telegram: Channel, office: dict[str, bool]) -> None:
    comes(telegram)
    comes(telegram)
    assert said() == [automatic.GREETING["de"]["sie"]]
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.unread) == ("open", 2)
    assert conversation.waiting_since


def test_the_away_text_names_the_next_opening(telegram: Channel, office: dict[str, bool]) -> None:
    office["open"] = False
    comes(telegram)
    assert said() == [f"{automatic.AWAY['de']['sie']} Wir antworten Ihnen ab Montag, 8 Uhr."]


def test_own_texts_win_and_follow_the_citizens_language(telegram: Channel, town: Organisation, office: dict[str, bool]) -> None:
    town.greeting, town.away = {"de": "Moin!", "en": "Ahoy!"}, {"de": "Zu bis {moment}."}
    town.save()
    arrives(telegram, event(text="hi"))
    Contact.objects.update(language="en")
    comes(telegram)
    assert said() == ["Ahoy!"]
    office["open"] = False
    Contact.objects.update(language="de")
    comes(telegram)
    assert said()[-1] == "Zu bis Montag, 8 Uhr."


def test_du_where_the_authority_says_du(telegram: Channel, town: Organisation, office: dict[str, bool]) -> None:
    town.address_form = "du"
    town.save()
    comes(telegram)
    assert said() == [automatic.GREETING["de"]["du"]]


def test_the_next_day_it_greets_again(telegram: Channel, office: dict[str, bool]) -> None:
    comes(telegram)
    Conversation.objects.update(greeted_on=timezone.localdate() - timedelta(days=1))
    comes(telegram)
    assert len(said()) == 2
