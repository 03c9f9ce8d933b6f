"""Telegram, what the first whole leaves open: a choice is tapped, somebody blocks us and comes back, the token dies and is renewed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import Phone, new_phone, titles
from tests.journeys.walk import News, Office, Trouble

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANNEL = "Telegram"
ZOO = News(
    "Tierpark",
    {"de": ("Junge Luchse", "Ab **Mai** zu sehen."), "en": ("Young lynxes", "To be seen from **May**.")},
    link={"de": "Zum Tierpark", "en": "To the zoo"},
    choice={"de": "Führung anfragen", "en": "Ask for a tour"},
    picture="Zwei Luchse im Gras",
)
SHY = News("Tierpark", {"de": ("Luchse verstecken sich", "Heute nicht zu sehen."), "en": ("Lynxes hide", "Not to be seen today.")})
BOLD = News("Tierpark", {"de": ("Luchse sind draußen", "Am Zaun."), "en": ("Lynxes are out", "At the fence.")})
DEAD = Trouble(CHANNEL, "token", {"good": False}, {"good": True}, words="gilt nicht mehr", found="Token")


def test_a_town_is_on_telegram(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    timo = new_phone(program.phones, "telegram", "Timo Luchs")
    subscribe(timo, walk.make_topic(office.andrea, "Tierpark", "Zoo", "?start="))
    walk.broadcast(office, ZOO)
    he_sees_picture_and_buttons(timo)
    walk.it_is_counted(office, CHANNEL, ["1", "0", "1", "–", "–", "0", "0"])  # Telegram tells nothing but that it took it
    a_question_is_answered(office.andrea, timo)
    who_blocks_is_gone_and_comes_back(office, timo)
    walk.a_stopped_channel_loses_nothing(office, timo, BOLD, DEAD)
    walk.stop_is_heard(timo)


def subscribe(timo: Phone, link: str) -> None:
    timo.follow(link)
    timo.tap("Ja, bestätigen")
    timo.shows("Sie erhalten ab jetzt: Tierpark")


def he_sees_picture_and_buttons(timo: Phone) -> None:
    bubble = timo.shows(ZOO.heading)
    assert titles(bubble) == ["Zum Tierpark", "Führung anfragen"]
    assert bubble["media"]["kind"] == "image"


def a_question_is_answered(andrea: Page, timo: Phone) -> None:
    walk.inbox(andrea)
    timo.tap("Führung anfragen")
    timo.photo("Ist das ein Luchs?")
    thread = walk.thread(andrea, "Timo Luchs", "Ist das ein Luchs?", "Führung anfragen", ZOO.heading)
    expect(thread.locator("img[alt*='Timo Luchs']")).to_be_visible()
    walk.answer(andrea, "Nein, eine Katze.")
    timo.react(timo.shows("Nein, eine Katze."), "👍")
    expect(thread).to_contain_text("👍")
    examine(andrea)


def who_blocks_is_gone_and_comes_back(office: Office, timo: Phone) -> None:
    """A bot is told at once: nobody writes in vain, and he is in no audience until he lets us in again."""
    thread = office.andrea.locator("#verlauf")
    timo.block()
    expect(thread).to_contain_text("blockiert")
    walk.write(office.kemal, SHY)
    expect(office.kemal.locator("#size")).to_contain_text(re.compile(r"^\s*0\s*von"))
    timo.unblock()
    expect(thread).to_contain_text("wieder erreichbar")
    office.kemal.reload()
    walk.release(office.andrea, walk.hand_in(office.kemal))
    timo.shows(SHY.heading)
