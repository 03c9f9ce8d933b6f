"""A town writes mail: somebody subscribes, reads, asks, leaves with one click, calls it spam, comes back; the password changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import Phone, control, new_phone, titles
from tests.journeys.walk import DESK, News, Office, Trouble

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANNEL = "E-Mail"
POST = News(
    "Stadtwald",
    {
        "de": ("Neues vom Stadtwald", "Der **Rundweg** ist wieder offen.\n\n- Wege sind trocken\n- Bänke sind neu"),
        "en": ("News of the town wood", "The **round path** is open again."),
    },
    link={"de": "Zur Karte", "en": "See the map"},
    choice={"de": "Ich pflanze mit", "en": "I plant with you"},
    picture="Der Weg am Bach",
)
STORM = News("Stadtwald", {"de": ("Stadtwald gesperrt", "Wegen Sturm bis Montag."), "en": ("Town wood closed", "Storm until Monday.")})


def test_a_town_writes_mail(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    andrea = office.andrea
    paula = new_phone(program.phones, "email", "Paula Postler")
    link = walk.make_topic(andrea, "Stadtwald", "Town wood", "mailto:")
    subscribe(paula, link)
    walk.broadcast(office, POST)
    she_sees_picture_buttons_and_way_out(paula)
    walk.it_is_counted(office, CHANNEL, ["1", "0", "1", "–", "–", "0", "0"])  # mail counts nobody: accepted is where our knowledge ends
    a_question_is_answered_in_its_thread(andrea, paula)
    one_click_ends_it_and_is_proven(andrea, paula)
    she_comes_back(paula, link)
    who_calls_it_spam_gets_no_more(andrea, paula)
    she_comes_back(paula, link)
    walk.a_stopped_channel_loses_nothing(office, paula, STORM, changed_password(paula))
    walk.stop_is_heard(paula)


def subscribe(paula: Phone, link: str) -> None:
    """The link opens a mail that is ready; so does the confirmation."""
    paula.follow(link)
    paula.tap("Ja, bestätigen")
    paula.ends_with("Sie erhalten ab jetzt: Stadtwald")


def she_sees_picture_buttons_and_way_out(paula: Phone) -> None:
    bubble = paula.shows(POST.heading)
    assert bubble["media"]["kind"] == "image"
    assert titles(bubble) == ["Zur Karte", "Ich pflanze mit"]
    assert "• Bänke sind neu" in bubble["text"]
    assert "[Der Weg am Bach]" in bubble["text"]
    assert "STOPP" not in bubble["text"]
    assert bubble["footer"] == "Abmelden"


def a_question_is_answered_in_its_thread(andrea: Page, paula: Phone) -> None:
    walk.inbox(andrea)
    paula.tap("Ich pflanze mit")
    paula.photo("Hier liegt ein Baum.")
    paula.write("Wann wird er weggeräumt?")
    thread = walk.thread(andrea, "Paula Postler", "Wann wird er weggeräumt?", "Ich pflanze mit", POST.heading)
    expect(thread.locator("img[alt*='Paula Postler']")).to_be_visible()
    walk.answer(andrea, "Morgen früh kommt der Forst.")
    assert "Re: Wann wird er weggeräumt?" in paula.shows("Morgen früh kommt der Forst.")["text"]
    examine(andrea)
    andrea.get_by_role("button", name="Erledigt", exact=True).click()  # while a person holds it, no automatic would answer
    expect(andrea.locator("#kopf")).to_contain_text("erledigt")


def she_has_left(andrea: Page) -> None:
    """The page of the contact says so, within the moment that a click takes to arrive."""
    andrea.goto(f"{DESK}/kontakte/?q=Paula+Postler")
    andrea.get_by_role("link", name="Paula Postler").click()
    expect(andrea.locator("h1")).to_have_text("Paula Postler")
    for _ in range(20):
        if "abgemeldet" in andrea.locator("main").inner_text():
            break
        andrea.wait_for_timeout(250)
        andrea.reload()
    expect(andrea.locator("main")).to_contain_text("abgemeldet")


def one_click_ends_it_and_is_proven(andrea: Page, paula: Phone) -> None:
    """What her mail program does by itself (RFC 8058): a call without cookies, and no mail to confirm it."""
    before = len(paula.received())
    paula.prefer("stop")
    she_has_left(andrea)
    examine(andrea)
    assert len(paula.received()) == before


def she_comes_back(paula: Phone, link: str) -> None:
    paula.unblock()
    seen = len(paula.received())
    paula.follow(link)
    paula.sees(lambda _bubble: len(paula.received()) > seen, "an answer")
    paula.tap("Ja, bestätigen")
    paula.ends_with("Sie erhalten ab jetzt: Stadtwald")


def who_calls_it_spam_gets_no_more(andrea: Page, paula: Phone) -> None:
    paula.block()
    she_has_left(andrea)


def changed_password(paula: Phone) -> Trouble:
    """The mail server no longer knows us."""
    other = {"password": "ein anderes"}
    was = control(paula.simulator, f"accounts/{paula.account}/password", other)["was"]
    return Trouble(CHANNEL, "password", other, {"password": was}, found="nimmt Anmeldename und Kennwort nicht an")
