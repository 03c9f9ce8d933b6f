"""A town on Instagram: somebody subscribes by a link, reads, asks, blocks and comes back; the token runs out and is renewed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import Phone, new_phone, titles
from tests.journeys.walk import News, Office, Trouble

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANNEL = "Instagram"
FEAST = News(
    "Stadtfest",
    {
        "de": ("Das Stadtfest beginnt", "Am Freitag um **sechs** auf dem Markt."),
        "en": ("The feast begins", "Friday at **six** on the square."),
    },
    link={"de": "Zum Programm", "en": "See the programme"},
    choice={"de": "Ich helfe mit", "en": "I help"},
    picture="Der Markt am Abend",
)
RAIN = News(
    "Stadtfest", {"de": ("Stadtfest im Trockenen", "Es findet in der Halle statt."), "en": ("The feast moves inside", "In the hall.")}
)
SUN = News("Stadtfest", {"de": ("Stadtfest in der Sonne", "Doch auf dem Markt."), "en": ("The feast moves outside", "On the square.")})
DEAD = Trouble(
    CHANNEL, "state", {"revoked": True}, {"revoked": False}, words="gilt nicht mehr", found="Die Anmeldung beim Dienst gilt nicht mehr"
)


def test_a_town_is_on_instagram(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    ina = new_phone(program.phones, "instagram", "Ina Winter")
    subscribe(ina, walk.make_topic(office.andrea, "Stadtfest", "Feast", "https://ig.me/m/"))
    walk.broadcast(office, FEAST)
    she_sees_picture_and_buttons(ina)
    walk.reading_is_counted(office, CHANNEL, ina, delivered="–")  # Instagram tells of reading, never of delivery
    a_question_is_answered(office.andrea, ina)
    who_blocks_is_gone_and_comes_back(office, ina)
    walk.a_stopped_channel_loses_nothing(office, ina, SUN, DEAD)
    walk.stop_is_heard(ina)


def subscribe(ina: Phone, link: str) -> None:
    """There is no first button: the link's topic comes with the first words."""
    ina.follow(link)
    ina.write("Hallo")
    ina.tap("Ja, bestätigen")
    ina.shows("Sie erhalten ab jetzt: Stadtfest")


def she_sees_picture_and_buttons(ina: Phone) -> None:
    bubble = ina.shows(FEAST.heading)
    assert titles(bubble) == ["Zum Programm", "Ich helfe mit"]
    assert ina.received()[-2]["media"]["kind"] == "image"


def a_question_is_answered(andrea: Page, ina: Phone) -> None:
    walk.inbox(andrea)
    ina.tap("Ich helfe mit")
    ina.photo("Ist hier Platz für den Stand?")
    thread = walk.thread(andrea, "Ina Winter", "Ist hier Platz für den Stand?", "Ich helfe mit", FEAST.heading)
    expect(thread.locator("img[src*='/datei/']").first).to_be_visible()
    walk.answer(andrea, "Ja, neben dem Brunnen.")
    ina.react(ina.shows("Ja, neben dem Brunnen."), "❤️")
    expect(thread).to_contain_text("❤")
    examine(andrea)


def who_blocks_is_gone_and_comes_back(office: Office, ina: Phone) -> None:
    """Meta tells of a block when we write. Whoever writes again is back, and is answered."""
    walk.nothing_comes_while_blocked(office, ina, RAIN, CHANNEL, ["1", "0", "0", "–", "0", "1", "0"])
    known = {bubble["id"] for bubble in ina.received()}
    ina.write("HILFE")
    ina.sees(lambda bubble: bubble["id"] not in known, "an answer")
