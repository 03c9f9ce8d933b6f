"""A town on Facebook Messenger: somebody subscribes by a link, reads, asks, blocks and comes back; the token runs out and is renewed."""

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

CHANNEL = "Facebook Messenger"
BATH = News(
    "Freibad",
    {
        "de": ("Das Freibad öffnet", "Ab Samstag von **acht** bis zwanzig Uhr."),
        "en": ("The outdoor pool opens", "From Saturday, **eight** to eight."),
    },
    link={"de": "Zu den Preisen", "en": "See the prices"},
    choice={"de": "Ich komme", "en": "I come"},
    picture="Das Becken am Morgen",
)
COLD = News("Freibad", {"de": ("Freibad: kühles Wasser", "Heute neunzehn Grad."), "en": ("Pool: cool water", "Nineteen degrees today.")})
WARM = News("Freibad", {"de": ("Freibad: warmes Wasser", "Heute 24 Grad."), "en": ("Pool: warm water", "24 degrees today.")})
DEAD = Trouble(
    CHANNEL, "state", {"revoked": True}, {"revoked": False}, words="gilt nicht mehr", found="Die Anmeldung beim Dienst gilt nicht mehr"
)


def test_a_town_is_on_messenger(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    mira = new_phone(program.phones, "messenger", "Mira Sonntag")
    subscribe(mira, walk.make_topic(office.andrea, "Freibad", "Pool", "https://m.me/"))
    walk.broadcast(office, BATH)
    she_sees_picture_and_buttons(mira)
    walk.reading_is_counted(office, CHANNEL, mira)  # Messenger names the messages that arrived, and of reading only the moment
    a_question_is_answered(office.andrea, mira)
    who_blocks_is_gone_and_comes_back(office, mira)
    walk.a_stopped_channel_loses_nothing(office, mira, WARM, DEAD)
    walk.stop_is_heard(mira)


def subscribe(mira: Phone, link: str) -> None:
    """The link leads to the first button of all, and brings the topic with it."""
    mira.follow(link)
    mira.tap("Ja, bestätigen")
    mira.shows("Sie erhalten ab jetzt: Freibad")


def she_sees_picture_and_buttons(mira: Phone) -> None:
    bubble = mira.shows(BATH.heading)
    assert titles(bubble) == ["Zu den Preisen", "Ich komme"]
    assert "von acht bis" in bubble["text"]  # no marks here
    before = mira.received()[-2]
    assert before["media"]["kind"] == "image"


def a_question_is_answered(andrea: Page, mira: Phone) -> None:
    """What was tapped below the broadcast stands in the thread, and the photo that came with the question."""
    walk.inbox(andrea)
    mira.tap("Ich komme")
    mira.photo("Ist das Becken frei?")
    thread = walk.thread(andrea, "Ist das Becken frei?", "Ich komme", BATH.heading)
    expect(thread.locator("img[src*='/datei/']").first).to_be_visible()
    walk.answer(andrea, "Ja, bis zwölf.")
    mira.react(mira.shows("Ja, bis zwölf."), "👍")
    expect(thread).to_contain_text("👍")
    examine(andrea)


def who_blocks_is_gone_and_comes_back(office: Office, mira: Phone) -> None:
    """Meta tells of a block when we write. Whoever writes again is back."""
    walk.nothing_comes_while_blocked(office, mira, COLD, CHANNEL, ["1", "0", "0", "0", "0", "1", "0"])
    mira.write("Ich bin wieder da")
    office.andrea.goto(f"{walk.DESK}/posteingang/")
    expect(office.andrea.locator("#liste .conv", has_text="Ich bin wieder da")).to_be_visible()
