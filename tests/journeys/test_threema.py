"""A town on Threema: somebody subscribes by a link, reads, asks, leaves and comes back; the money runs out and is put in again."""

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

CHANNEL = "Threema"
FERRY = News(
    "Fähre",
    {
        "de": ("Die Fähre fährt wieder", "Ab Montag alle **zehn** Minuten."),
        "en": ("The ferry is back", "From Monday every **ten** minutes."),
    },
    link={"de": "Zum Fahrplan", "en": "See the timetable"},
    choice={"de": "Ich fahre mit", "en": "I come along"},
    picture="Die Fähre am Kai",
)
LATE = News("Fähre", {"de": ("Fähre verspätet", "Heute erst ab neun Uhr."), "en": ("Ferry delayed", "Today only from nine.")})
FULL = News("Fähre", {"de": ("Fähre ausgebucht", "Erst morgen wieder."), "en": ("Ferry booked out", "Not before tomorrow.")})
NO_CREDITS = Trouble(
    CHANNEL, "credits", {"credits": 0}, {"credits": 5000}, words=re.compile("Guthaben|Zahlungsart"), found="Das Guthaben ist aufgebraucht"
)  # fmt: skip


def test_a_town_is_on_threema(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    thea = new_phone(program.phones, "threema", "Thea Kaiser")
    subscribe(thea, walk.make_topic(office.andrea, "Fähre", "Ferry", "https://threema.id/"))
    walk.broadcast(office, FERRY)
    she_sees_picture_link_and_number(thea)
    walk.reading_is_counted(office, CHANNEL, thea)
    a_question_is_answered(office.andrea, thea)
    # Threema tells nobody of a block: the letter counts as accepted, and no report comes. Back again, everything goes on.
    walk.nothing_comes_while_blocked(office, thea, LATE, CHANNEL, ["1", "0", "1", "0", "0", "0", "0"])
    walk.a_stopped_channel_loses_nothing(office, thea, FULL, NO_CREDITS)
    walk.stop_is_heard(thea)


def subscribe(thea: Phone, link: str) -> None:
    """The link brings the words; the question has no button, so the number is written."""
    thea.follow(link)
    thea.shows("1. Ja, bestätigen")
    thea.write("1")
    thea.shows("Sie erhalten ab jetzt: Fähre")


def she_sees_picture_link_and_number(thea: Phone) -> None:
    bubble = thea.shows(FERRY.heading)
    assert bubble["media"]["kind"] == "image"
    assert "Zum Fahrplan: https://" in bubble["text"]
    assert "1. Ich fahre mit" in bubble["text"]
    assert "*zehn*" in bubble["text"]


def a_question_is_answered(andrea: Page, thea: Phone) -> None:
    walk.inbox(andrea)
    thea.write("1")
    thea.photo("Der Steg ist kaputt.")
    thea.write("Wird das repariert?")
    thread = walk.thread(andrea, "Thea Kaiser", "Wird das repariert?", FERRY.heading)
    expect(thread.get_by_text(re.compile(r"(^|: )1$"))).to_have_count(2)  # to the question whether to subscribe, and to the broadcast
    expect(thread.locator("img[alt*='Thea Kaiser']")).to_be_visible()
    walk.answer(andrea, "Ja, am Mittwoch.")
    thea.react(thea.shows("Ja, am Mittwoch."), "👍")
    expect(thread).to_contain_text("👍")
    examine(andrea)
