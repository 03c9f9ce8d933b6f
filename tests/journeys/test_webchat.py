"""Somebody without a messenger: a chat on the authority's own page, from the first word to the last, in a browser and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.walk import News, Office

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHAT = "/p/musterstadt/chat"
LAKE = News(
    "Weiher",
    {
        "de": ("Badestelle gesperrt", "Am **Weiher** ist das Baden bis Freitag nicht erlaubt."),
        "en": ("No swimming", "No swimming at the lake until Friday."),
    },
    link={"de": "Mehr dazu", "en": "More"},
    choice={"de": "Wo dann?", "en": "Where else?"},
    picture="Der Weiher",
)


def test_a_citizen_chats_on_the_page_of_the_town(program: Program, browser: Browser, sign_in: Callable[[str], Page], visitor: Page) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    kemal, andrea = office
    walk.make_topic(andrea, "Weiher", "Lake")
    nothing_is_kept_before_the_first_word(visitor)
    subscribe(visitor)
    walk.broadcast(office, LAKE)
    it_is_shown_with_picture_and_link_and_told_to_have_been_read(visitor, kemal)
    a_question_is_answered(andrea, visitor)
    a_photo_arrives(andrea, visitor)
    it_is_still_there_after_reloading(visitor)
    without_scripts_it_works_too(program, browser, andrea)
    the_channel_stands_still_and_goes_on(andrea, visitor)
    whom_we_block_is_heard_by_nobody(andrea, visitor)
    stop_is_heard(visitor)
    deleting_leaves_nothing(visitor)


def newest(visitor: Page) -> Locator:
    return visitor.locator("#nachrichten > li:not(.is-own)").last


def write(visitor: Page, text: str) -> None:
    visitor.fill("#text", text)
    visitor.press("#text", "Enter")


def nothing_is_kept_before_the_first_word(visitor: Page) -> None:
    visitor.goto(CHAT)
    expect(visitor.locator("h1")).to_contain_text("Musterstadt")
    examine(visitor)
    visitor.locator(".chat__more summary").click()
    examine(visitor)
    visitor.keyboard.press("Escape")
    assert visitor.evaluate("() => [sessionStorage.length, localStorage.length, document.cookie.length]") == [0, 0, 0]


def subscribe(visitor: Page) -> None:
    write(visitor, "ABO Weiher")
    visitor.get_by_role("button", name="Ja, bestätigen").click()
    expect(newest(visitor)).to_contain_text("Sie erhalten ab jetzt: Weiher")
    assert visitor.evaluate("() => [sessionStorage.length, localStorage.length, document.cookie.length]") == [1, 0, 0]
    examine(visitor)


def it_is_shown_with_picture_and_link_and_told_to_have_been_read(visitor: Page, kemal: Page) -> None:
    visitor.bring_to_front()
    expect(newest(visitor)).to_contain_text(LAKE.heading)
    expect(newest(visitor).locator("img")).to_have_js_property("complete", True)
    expect(newest(visitor).locator("img")).to_have_attribute("alt", "Der Weiher")
    expect(newest(visitor).get_by_role("link", name="Mehr dazu")).to_have_attribute("href", re.compile("^https://"))
    examine(visitor)
    expect(kemal.locator("#progress tbody tr", has_text="Webchat").locator("td").nth(4)).to_have_text("1", timeout=30_000)


def a_question_is_answered(andrea: Page, visitor: Page) -> None:
    walk.inbox(andrea)
    newest(visitor).get_by_role("button", name="Wo dann?").click()
    expect(visitor.locator("#nachrichten > .is-own").last).to_contain_text("Wo dann?")
    write(visitor, "Gilt das auch für Hunde?")
    walk.thread(andrea, "Gilt das auch", "Gilt das auch für Hunde?", "Wo dann?")
    walk.answer(andrea, "Nein, Hunde dürfen ins Wasser.")
    expect(newest(visitor)).to_contain_text("Nein, Hunde dürfen ins Wasser.", timeout=30_000)
    expect(newest(visitor)).not_to_contain_text("automatische Nachricht")
    examine(andrea)


def a_photo_arrives(andrea: Page, visitor: Page) -> None:
    visitor.set_input_files("#datei", {"name": "hund.png", "mimeType": "image/png", "buffer": walk.picture()})
    write(visitor, "Das ist er.")
    expect(visitor.locator("#nachrichten > .is-own img").last).to_be_visible(timeout=30_000)
    expect(andrea.locator("#verlauf")).to_contain_text("Das ist er.")
    expect(andrea.locator("#verlauf img").last).to_be_visible(timeout=30_000)


def it_is_still_there_after_reloading(visitor: Page) -> None:
    visitor.reload()
    expect(visitor.locator("#nachrichten")).to_contain_text("Nein, Hunde dürfen ins Wasser.")
    visitor.locator(".chat__more summary").click()
    visitor.get_by_role("button", name="English").click()
    expect(visitor.locator("html")).to_have_attribute("lang", "en")
    expect(visitor.locator("#nachrichten")).to_contain_text("Nein, Hunde dürfen ins Wasser.")
    visitor.goto(CHAT)


def without_scripts_it_works_too(program: Program, browser: Browser, andrea: Page) -> None:
    context = browser.new_context(locale="de-DE", base_url=program.console, java_script_enabled=False)
    page = context.new_page()
    page.goto(CHAT)
    page.fill("#text", "Ich habe keine Skripte an.")
    page.get_by_role("button", name="Senden").click()
    expect(page.locator("#meldung")).to_have_text("Gesendet.")
    again = page.get_by_role("button", name="Antworten ansehen")
    for _ in range(20):
        again.click()
        if page.locator("#nachrichten > li:not(.is-own)").count():
            break
        page.wait_for_timeout(500)
    expect(page.locator("#nachrichten")).to_contain_text("Ich habe keine Skripte an.")
    assert page.locator("#nachrichten > li:not(.is-own)").count()
    assert not context.cookies()
    context.close()


def the_channel_stands_still_and_goes_on(andrea: Page, visitor: Page) -> None:
    walk.channel_page(andrea, "Webchat")
    examine(andrea)
    andrea.get_by_role("button", name="Anhalten").click()
    expect(andrea.get_by_role("button", name="Anhalten")).to_have_count(0)
    visitor.goto(CHAT)
    expect(visitor.locator("main")).to_contain_text("Hier wird zurzeit kein Chat angeboten.")
    examine(visitor)
    andrea.get_by_role("button", name=re.compile("Fortsetzen|Kanal starten|Weiter")).first.click()
    expect(andrea.get_by_role("button", name="Anhalten")).to_be_visible()
    visitor.goto(CHAT)
    expect(visitor.locator("#nachrichten")).to_contain_text("Nein, Hunde dürfen ins Wasser.")


def whom_we_block_is_heard_by_nobody(andrea: Page, visitor: Page) -> None:
    """Nobody can block us here but by going; the other way round the page says nothing of it, and nobody is called."""
    write(visitor, "Noch eine Frage.")
    andrea.goto(f"{walk.DESK}/posteingang/?ansicht=alle")
    walk.thread(andrea, "Noch eine Frage.", "Noch eine Frage.")
    walk.we_block(andrea)
    write(visitor, "Hört mich jemand?")
    walk.it_is_only_kept(andrea, "Hört mich jemand?")


def stop_is_heard(visitor: Page) -> None:
    write(visitor, "STOPP")
    expect(newest(visitor)).to_contain_text("Sie sind abgemeldet")


def deleting_leaves_nothing(visitor: Page) -> None:
    visitor.locator(".chat__more summary").click()
    visitor.get_by_role("button", name="Gespräch löschen").click()
    visitor.get_by_role("button", name="Ja, alles löschen").click()
    expect(visitor.locator("#meldung")).to_have_text("Das Gespräch ist gelöscht.", timeout=30_000)
    expect(visitor.locator("#nachrichten > li")).to_have_count(0)
    assert visitor.evaluate("() => [sessionStorage.length, localStorage.length]") == [0, 0]
