"""What opens over the inbox, and its settings with wrong values: before axe while it is open, and with nothing our own policy refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys.phones import new_phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INBOX = "/o/musterstadt/posteingang/"
SETTINGS = "/o/musterstadt/einstellungen/posteingang/"
DIALOGS = ["Zurückstellen", "Etiketten", "Um Hilfe bitten", "Vertraulich machen", "Zusammenführen", "Wer hat gelesen"]
WRONG = {
    "": {"signature": "{unsinn}", "undo_seconds": "-1", "insult_words": "x" * 61},
    "texte/": {"acknowledge_minutes": "99999", "remind_text_de": "Bis {unsinn}"},
    "antworten/neu/": {"title": "Noch einmal", "shortcut": "zeiten", "text_de": "Guten Tag {unsinn}"},
}
KEPT = "() => JSON.stringify([{...sessionStorage}, {...localStorage}])"


@pytest.fixture
def andrea(sign_in: Callable[[str], Page]) -> Iterator[Page]:
    """Andrea, on whose pages nothing is refused by our own policy."""
    page, refused = sign_in("andrea"), list[str]()

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            refused.append(message.text)

    page.on("console", note)
    yield page
    assert not refused


def test_what_opens_over_a_thread(program: Program, andrea: Page) -> None:
    """From the list, so that the page is put together by pieces."""
    asks = new_phone(program.phones, "whatsapp", "Paula Panel")
    asks.write("Wann hat das Standesamt geöffnet?")
    asks.photo("So sieht es hier aus")
    andrea.goto(f"{INBOX}?ansicht=alle")
    for name in ("filterfeld", "weitere"):
        with_open(andrea, f'[popovertarget="{name}"]', f"#{name}")
    andrea.locator("#zeilen .conv", has_text="Paula Panel").click()
    expect(andrea.locator("#th")).to_be_focused()
    expect(andrea.locator("h1")).to_have_count(1)
    with_open(andrea, '[popovertarget="vorlagen"]', "#vorlagen")
    andrea.locator("#antwort").press_sequentially("/")
    expect(andrea.locator("#antwortliste [aria-selected=true]")).to_be_visible()
    examine(andrea)
    andrea.keyboard.press("Escape")
    andrea.fill("#antwort", "")
    for name in ("auswahl", "ortfeld"):
        andrea.click(f'[data-open="{name}"]')
    examine(andrea)
    with_open(andrea, "[data-picture]", "#bild")
    with_open(andrea, '[data-key="more"]', "#mehr")
    for name in ("uebergabe", "beiseite"):
        andrea.click('[data-key="more"]')
        with_open(andrea, f'#mehr [popovertarget="{name}"]', f"#{name}")
        expect(andrea.locator("#mehr")).to_be_hidden()
    assert "Standesamt" not in andrea.evaluate(KEPT), "nothing of a citizen is kept in the browser"


def test_what_a_thread_asks_before_it_does_something(andrea: Page) -> None:
    andrea.goto(f"{INBOX}?ansicht=alle")
    andrea.locator("#zeilen .conv").last.click()
    expect(andrea.locator("#th")).to_be_focused()
    for name in DIALOGS:
        andrea.click('[data-key="more"]')
        with_open(andrea, f'#mehr a:has-text("{name}"), .hold__wide:has-text("{name}")', "#vorgang")


def test_what_opens_on_every_page(andrea: Page) -> None:
    andrea.goto(INBOX)
    with_open(andrea, "#glocke", "#hinweise")
    with_open(andrea, '[popovertarget="me"]', "#me")
    for keys, panel in (("Control+k", "#palette"), ("?", "#tasten")):
        andrea.keyboard.press(keys)
        expect(andrea.locator(panel)).to_be_visible()
        examine(andrea)
        andrea.keyboard.press("Escape")


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(andrea: Page) -> None:
    for part, values in WRONG.items():
        andrea.goto(SETTINGS + part)
        for name, value in values.items():
            andrea.fill(f"main [name={name}]", value)
        andrea.locator("main form .kern-btn--primary").last.click()
        expect(andrea.locator("[data-focus]")).to_be_focused()
        for name, value in values.items():
            field = andrea.locator(f"main [name={name}]")
            expect(field).to_have_value(value)
            if name != "title":
                expect(field).to_have_attribute("aria-invalid", "true")
        examine(andrea)


def test_the_other_settings_of_the_inbox(andrea: Page) -> None:
    for part in ("teams/", "regeln/", "regeln/neu/", "etiketten/", "antworten/"):
        andrea.goto(SETTINGS + part)
        expect(andrea.locator(".parts [aria-current]")).to_have_count(1)
        examine(andrea)


def with_open(page: Page, button: str, panel: str) -> None:
    """Open something, look at it, and close it again."""
    page.locator(button).locator("visible=true").first.click()
    expect(page.locator(panel)).to_be_visible()
    examine(page)
    page.keyboard.press("Escape")
    expect(page.locator(panel)).to_be_hidden()
