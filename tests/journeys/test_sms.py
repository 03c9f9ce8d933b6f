"""A town sends SMS: somebody subscribes, reads, answers, is out of reach, leaves; the money runs out and is put in again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import Phone, new_phone
from tests.journeys.walk import News, Office, Trouble

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANNEL = "SMS"
WATER = News(
    "Hafenwasser",
    {
        "de": ("Wasser abgestellt", "Im **Hafen** heute von 9 bis 12 Uhr kein Wasser."),
        "en": ("Water off", "No water at the harbour today from 9 to 12."),
    },
    link={"de": "Mehr dazu", "en": "More"},
    choice={"de": "Bitte Wasser bringen", "en": "Please bring water"},
    picture="Der Hafen",
)
BACK = News("Hafenwasser", {"de": ("Wasser da", "Das Wasser im Hafen läuft wieder."), "en": ("Water back", "The water is back.")})
AGAIN = News("Hafenwasser", {"de": ("Wasser wieder weg", "Bis drei Uhr kein Wasser."), "en": ("Water off again", "No water until three.")})
NO_MONEY = Trouble(CHANNEL, "credit", {"credit": 0}, {"credit": -1}, words=re.compile("Guthaben|Zahlungsart"))


def test_a_town_sends_sms(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    sam = new_phone(program.phones, "sms", "Sam Sender")
    subscribe(sam, walk.make_topic(office.andrea, "Hafenwasser", "Harbour water", "sms:"))
    walk.broadcast(office, WATER)
    words_link_and_number_are_what_arrives(sam)
    walk.it_is_counted(office, CHANNEL, ["1", "0", "1", "1", "–", "0", "0"])  # delivery is reported, reading is not
    a_question_is_answered(office.andrea, sam)
    # A phone that blocks us tells nobody: the network says delivered. That is all anybody knows.
    walk.nothing_comes_while_blocked(office, sam, BACK, CHANNEL, ["1", "0", "1", "1", "–", "0", "0"])
    walk.a_stopped_channel_loses_nothing(office, sam, AGAIN, NO_MONEY)
    walk.stop_is_heard(sam)


def subscribe(sam: Phone, link: str) -> None:
    """The link brings the words; there are no buttons, so the number is written."""
    sam.follow(link)
    sam.shows("1 Ja, bestätigen")
    sam.write("1")
    sam.shows("Sie erhalten ab jetzt: Hafenwasser")


def words_link_and_number_are_what_arrives(sam: Phone) -> None:
    bubble = sam.shows(WATER.heading)
    assert "media" not in bubble
    assert "Mehr dazu: https://" in bubble["text"]
    assert "1 Bitte Wasser bringen" in bubble["text"]
    assert "*" not in bubble["text"]
    assert bubble["text"].endswith("Abmelden: STOPP")


def a_question_is_answered(andrea: Page, sam: Phone) -> None:
    """Nobody's name comes with an SMS: the thread has the number."""
    walk.inbox(andrea)
    sam.write("1")
    sam.write("Gilt das auch für die Mole?")
    thread = walk.thread(andrea, "Gilt das auch", "Gilt das auch für die Mole?", WATER.heading)
    expect(thread.get_by_text(re.compile(r"(^|: )1$"))).to_have_count(2)  # to the question whether to subscribe, and to the broadcast
    walk.answer(andrea, "Ja, auch dort.")
    sam.shows("Ja, auch dort.")
    examine(andrea)
