"""WhatsApp, what the first whole leaves open: a choice is tapped, somebody blocks us and comes back, the token dies and is renewed."""

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

CHANNEL = "WhatsApp"
THEATRE = News(
    "Theater",
    {"de": ("Das Theater spielt draußen", "Am **Sonntag** im Park."), "en": ("Theatre outdoors", "On **Sunday** in the park.")},
    link={"de": "Zum Spielplan", "en": "See what is on"},
    choice={"de": "Platz vormerken", "en": "Keep a seat"},
    picture="Die Bühne im Park",
)
RAIN = News("Theater", {"de": ("Theater fällt aus", "Wegen Regen."), "en": ("No theatre", "Because of rain.")})
AGAIN = News("Theater", {"de": ("Theater spielt doch", "Im Saal."), "en": ("Theatre after all", "In the hall.")})
DEAD = Trouble(CHANNEL, "token", {"good": False}, {"good": True}, words="gilt nicht mehr", found="gilt nicht mehr")


def test_a_town_is_on_whatsapp(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    vera = new_phone(program.phones, "whatsapp", "Vera Bühne")
    subscribe(vera, walk.make_topic(office.andrea, "Theater", "Theatre", "wa.me/"))
    walk.broadcast(office, THEATRE)
    she_sees_picture_link_and_button(vera)
    walk.reading_is_counted(office, CHANNEL, vera)
    a_question_is_answered(office.andrea, vera)
    who_blocks_is_not_reached_and_comes_back(office, vera)
    walk.a_stopped_channel_loses_nothing(office, vera, AGAIN, DEAD)
    walk.stop_is_heard(vera)


def subscribe(vera: Phone, link: str) -> None:
    vera.follow(link)
    vera.tap("Ja, bestätigen")
    vera.shows("Sie erhalten ab jetzt: Theater")


def she_sees_picture_link_and_button(vera: Phone) -> None:
    """WhatsApp shows links or answers as buttons, not both: the link stands in the text."""
    bubble = vera.shows(THEATRE.heading)
    assert titles(bubble) == ["Platz vormerken"]
    assert "Zum Spielplan: https://" in bubble["text"]
    assert bubble["media"]["kind"] == "image"


def a_question_is_answered(andrea: Page, vera: Phone) -> None:
    walk.inbox(andrea)
    vera.tap("Platz vormerken")
    vera.photo("Sieht man von hier?")
    thread = walk.thread(andrea, "Vera Bühne", "Sieht man von hier?", "Platz vormerken", THEATRE.heading)
    expect(thread.locator("img[alt*='Vera Bühne']")).to_be_visible()
    walk.answer(andrea, "Ja, sehr gut.")
    vera.react(vera.shows("Ja, sehr gut."), "👍")
    expect(thread).to_contain_text("👍")
    examine(andrea)


def who_blocks_is_not_reached_and_comes_back(office: Office, vera: Phone) -> None:
    """WhatsApp says that it could not be delivered and never why. Whoever writes again is heard."""
    walk.nothing_comes_while_blocked(office, vera, RAIN, CHANNEL, ["1", "0", "0", "0", "0", "1", "0"])
    vera.write("Ich bin wieder da")
    office.andrea.goto(f"{walk.DESK}/posteingang/")
    expect(office.andrea.locator("#liste .conv", has_text="Ich bin wieder da")).to_be_visible()
