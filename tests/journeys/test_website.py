"""The authority's pages: subscribing by link and by mail, reading without a messenger, colours that can be read; all without a script."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser import WIDE, examine
from tests.conftest import Program
from tests.journeys.phones import Phone, new_phone
from tests.journeys.walk import picture

from buergerdraht.simulator.providers.email import HOME as MAIL_HOME

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK, HOME = "/o/musterstadt", "/p/musterstadt/"
HEADING, TEXT = "Neue Bänke am Ufer", "Am Ufer stehen **zwölf** neue Bänke."


@pytest.fixture
def reader(browser: Browser, program: Program) -> Iterator[Page]:
    """A browser that runs no script."""
    context = browser.new_context(locale="de-DE", viewport=WIDE, base_url=program.console, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_a_town_has_pages_of_its_own(program: Program, sign_in: Callable[[str], Page], reader: Page, visitor: Page) -> None:
    kemal, andrea = sign_in("kemal"), sign_in("andrea")
    theo = new_phone(program.phones, "telegram", "Theo Uferlos")
    subscribe_by_link(reader, theo)
    mia = new_phone(program.phones, "email", "Mia Postfach")
    subscribe_by_mail(reader, mia)
    broadcast(kemal, andrea)
    assert TEXT.split("**")[0] in theo.shows(HEADING)["text"]
    mia.shows(HEADING)
    read_without_a_messenger(reader, visitor)
    she_changes_her_settings(reader, theo)
    colours_that_cannot_be_read_are_refused(andrea, reader)
    it_is_hidden(kemal, reader)
    the_desk_pages_are_sound(andrea)


def subscribe_by_link(reader: Page, theo: Phone) -> None:
    """Topics are chosen on the page and travel in the link."""
    reader.goto(HOME)
    reader.get_by_role("link", name="Jetzt abonnieren").click()
    for topic in ("Veranstaltungen", "Verkehr und Baustellen"):
        reader.get_by_role("checkbox", name=topic).check()
    reader.get_by_role("button", name="Auswahl übernehmen").click()
    expect(reader.locator("#wege + .lead")).to_contain_text("Gewählt: Verkehr und Baustellen und Veranstaltungen.")
    theo.follow(reader.get_by_role("link", name="Mit Telegram abonnieren").get_attribute("href") or "")
    theo.shows("Nachrichten zu Verkehr und Baustellen und Veranstaltungen")
    theo.tap("Ja, bestätigen")
    theo.ends_with("Veranstaltungen")


def subscribe_by_mail(reader: Page, mia: Phone) -> None:
    """Double opt-in: the page says the same to everybody, and the link in the letter asks once more."""
    reader.get_by_label("Ihre E-Mail-Adresse").fill(mailbox(mia.person))
    reader.get_by_role("button", name="Bestätigung anfordern").click()
    expect(reader.locator("h1")).to_have_text("Bitte sehen Sie in Ihr Postfach")
    letter = mia.shows("Waren Sie das? Dann bestätigen Sie bitte hier")
    reader.goto(found(letter["text"], "abo/bestaetigen"))
    reader.get_by_role("button", name="Ja, bestätigen").click()
    expect(reader.locator("h1")).to_have_text("Vielen Dank, das Abo ist bestätigt")


def mailbox(person: str) -> str:
    """The address somebody has who never wrote, as the double makes it of name and id."""
    return f"mia.postfach.{re.sub(r'[^a-z0-9]', '', person.lower())}@{MAIL_HOME}"


def found(text: str, kind: str) -> str:
    link = re.search(rf"https?://[^/\s]+(/p/musterstadt/{kind}/[^\s)>]+)", text)
    assert link, text
    return link[1]


def broadcast(kemal: Page, andrea: Page) -> None:
    kemal.goto(f"{DESK}/rundnachrichten/neu/")
    kemal.fill("#title", HEADING)
    kemal.set_input_files("#attach-file", {"name": "ufer.png", "mimeType": "image/png", "buffer": picture()})
    expect(kemal.locator(".upload img").first).to_be_visible()
    kemal.click("#tab-de")
    kemal.fill("#heading-de", HEADING)
    kemal.fill("#text-de", TEXT)
    kemal.fill("#label-de-0", "Zum Lageplan")
    kemal.locator("[name^=alt_de_]").fill("Eine Bank am Fluss")
    kemal.fill("#url-0", "https://www.musterstadt.example/ufer")
    kemal.locator("label.chip", has=kemal.locator("[name=topics]"), has_text=re.compile("^Veranstaltungen$")).click()
    expect(kemal.get_by_label("Auch auf der Internetseite zeigen")).to_be_checked()
    kemal.check("#urgent")
    examine(kemal)
    kemal.get_by_role("button", name="Zur Freigabe geben").click()
    expect(kemal.locator(".pagehead")).to_contain_text("wartet auf Freigabe")
    andrea.goto(kemal.url)
    andrea.get_by_role("button", name="Freigeben", exact=True).click()
    expect(andrea.locator(".pagehead")).to_contain_text(re.compile("wird gesendet|gesendet"))
    andrea.wait_for_load_state()


def read_without_a_messenger(reader: Page, visitor: Page) -> None:
    reader.goto(f"{HOME}nachrichten/?worte=Bank")  # another form of the word
    reader.get_by_role("link", name=HEADING).click()
    expect(reader.locator("h1")).to_have_text(HEADING)
    expect(reader.get_by_alt_text("Eine Bank am Fluss")).to_be_visible()
    expect(reader.get_by_role("link", name="Zum Lageplan")).to_have_attribute("href", "https://www.musterstadt.example/ufer")
    for path in (reader.url, HOME, f"{HOME}abo", f"{HOME}nachrichten/", f"{HOME}barrierefreiheit", f"{HOME}einstellungen/"):
        visitor.goto(path)
        examine(visitor)
        assert not visitor.context.cookies()


def she_changes_her_settings(reader: Page, theo: Phone) -> None:
    theo.write("EINSTELLUNGEN")
    reader.goto(found(theo.shows("/einstellungen/")["text"], "einstellungen"))
    reader.get_by_role("checkbox", name="Verkehr und Baustellen").uncheck()
    reader.get_by_role("button", name="Speichern").click()
    expect(reader.get_by_role("status")).to_have_text("Gespeichert.")
    reader.get_by_role("button", name="Alles abbestellen").click()
    expect(reader.get_by_role("status")).to_contain_text("Sie sind abgemeldet")


def colours_that_cannot_be_read_are_refused(andrea: Page, reader: Page) -> None:
    andrea.goto(f"{DESK}/internetseite/aussehen/")
    andrea.get_by_label("Farbe für Links und Knöpfe").fill("#ffcc00")
    andrea.get_by_role("button", name="Speichern", exact=True).click()
    expect(andrea.get_by_text("schwer zu lesen").first).to_be_visible()
    andrea.get_by_label("Farbe für Links und Knöpfe").fill("#8a1f5f")
    andrea.get_by_role("button", name="Speichern", exact=True).click()
    expect(andrea.get_by_text("Gespeichert.").first).to_be_visible()

    def dressed() -> None:
        reader.goto(HOME)
        colour = reader.get_by_role("link", name="Jetzt abonnieren").evaluate("each => getComputedStyle(each).backgroundColor")
        assert colour == "rgb(138, 31, 95)"

    patiently(dressed)


def it_is_hidden(kemal: Page, reader: Page) -> None:
    kemal.goto(f"{DESK}/internetseite/")
    examine(kemal)
    kemal.get_by_role("button", name=re.compile(f"Verbergen ?: {HEADING}")).click()
    expect(kemal.get_by_role("button", name=re.compile(f"Wieder zeigen ?: {HEADING}"))).to_be_visible()

    def gone() -> None:
        reader.goto(f"{HOME}nachrichten/")
        assert reader.get_by_role("link", name=HEADING).count() == 0

    patiently(gone)


def patiently(look: Callable[[], None]) -> None:
    """A browser may keep a page for half a minute."""
    deadline = time.monotonic() + 45
    while True:
        try:
            look()
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def the_desk_pages_are_sound(andrea: Page) -> None:
    for path in ("", "aussehen/", "rechtliches/", "aushang/"):
        andrea.goto(f"{DESK}/internetseite/{path}")
        examine(andrea)
