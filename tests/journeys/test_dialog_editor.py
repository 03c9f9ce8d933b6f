"""An editor builds "Sperrmüll anmelden" from nothing in the browser, tries it in the phone and publishes it.

Then citizens use it, an operator takes over in the middle and gives it back, and the figures show how it went.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys.phones import Phone, new_phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK = "/o/musterstadt"
STREETS = "Straße\nMarktstraße\nMarktplatz\nAm Bach\n"
QUESTION, DAY, PHOTOS = "In welcher Straße liegt der Sperrmüll?", "An welchem Tag?", "Bitte senden Sie Fotos."
READ = 1800  # ms after which words count as read


def test_built_from_nothing_published_and_used(program: Program, sign_in: Callable[[str], Page], tmp_path: Path) -> None:
    andrea = sign_in("andrea")
    bring_streets(andrea, tmp_path)
    begin(andrea)
    build(andrea)
    change_by_keyboard(andrea)
    say_what_begins_it(andrea)
    try_it(andrea)
    publish(andrea)
    look_around(andrea)
    kemal = sign_in("kemal")
    one_goes_through(new_phone(program.phones, "whatsapp", "Wilma Wiesner"))
    the_matter_is_before_people(kemal)
    an_operator_takes_over(kemal, new_phone(program.phones, "telegram", "Theo Tandler"))
    figures_show_it(andrea)


def bring_streets(andrea: Page, folder: Path) -> None:
    """The authority's own list of streets, which answers are checked against."""
    file = folder / "strassen.csv"
    file.write_text(STREETS)
    andrea.goto(f"{DESK}/einstellungen/tabellen/neu/")
    andrea.get_by_label("Name", exact=True).or_(andrea.get_by_label("Titel")).first.fill("Straßen der Stadt")
    andrea.locator("[name=key]").fill("meine_strassen")
    andrea.locator("[name=file]").set_input_files(file)
    andrea.get_by_role("button", name="Anlegen").click()
    expect(andrea.locator("main")).to_contain_text("Marktstraße")


def begin(andrea: Page) -> None:
    andrea.goto(f"{DESK}/dialoge/")
    andrea.get_by_role("link", name="Neuer Dialog").click()
    examine(andrea)
    andrea.get_by_label("Titel").fill("Sperrmüll anmelden")
    andrea.get_by_role("button", name="Dialog anlegen").click()
    expect(andrea.locator("h1")).to_have_text("Sperrmüll anmelden")
    expect(andrea.locator("#telefon .phone__log")).to_contain_text("Guten Tag.")
    examine(andrea)


def build(andrea: Page) -> None:
    """Street with a check, day, photo, a matter for a team, and a confirmation that repeats what was said."""
    insert(andrea, "begruessung", "Straße und Hausnummer", "strasse")
    expect(andrea.get_by_label("Frage", exact=True)).to_be_focused()
    andrea.get_by_label("Frage", exact=True).fill(QUESTION)
    andrea.get_by_label("Muss in dieser Tabelle stehen").select_option(label="Straßen der Stadt: strasse")
    expect(card(andrea, "strasse")).to_contain_text("wird geprüft gegen: Straßen der Stadt")
    expect(card(andrea, "strasse").locator(".ds__bub")).to_have_text(QUESTION)
    examine(andrea)
    insert(andrea, "strasse", "Datum", "datum")
    andrea.get_by_label("Kleinster Wert").fill("in 3 Tagen")
    andrea.get_by_label("Zeigen, was verstanden wurde").check()
    expect(card(andrea, "datum")).to_contain_text("mindestens in 3 Tagen · mit Rückfrage, ob es stimmt")
    insert(andrea, "datum", "Mehrere Fotos", "fotos")
    insert(andrea, "fotos", "Anliegen", "anliegen")
    andrea.get_by_label("Stichwort").fill("Sperrmüll")
    expect(card(andrea, "anliegen")).to_contain_text("Sperrmüll")
    andrea.locator("#oeffnen-ende").click()
    text = andrea.get_by_label("Abschied")
    text.fill("Danke, wir holen es ab: ")
    form = andrea.get_by_role("form", name="Schritt ende ändern")  # the one before is still there, out of sight, until its words are kept
    form.get_by_text("Platzhalter einfügen").click()
    form.get_by_role("button", name=f"Antwort: {QUESTION}").click()
    expect(text).to_have_value("Danke, wir holen es ab: {{ answers.strasse }}")
    expect(card(andrea, "ende").locator(".ds__slot")).to_have_text(f"Antwort: {QUESTION}")
    andrea.get_by_role("button", name="Fertig").click()
    expect(andrea.locator("#oeffnen-ende")).to_be_focused()


def change_by_keyboard(andrea: Page) -> None:
    """Everything a mouse can do, keys can: move, delete, take back, search."""
    order = ["begruessung", "strasse", "datum", "fotos", "anliegen", "ende"]
    stands(andrea, order)
    card(andrea, "datum").locator("[data-grip]").focus()
    andrea.keyboard.press("Alt+ArrowUp")
    stands(andrea, ["begruessung", "datum", "strasse", "fotos", "anliegen", "ende"])
    expect(card(andrea, "datum").locator("[data-grip]")).to_be_focused()
    andrea.keyboard.press("Control+z")
    stands(andrea, order)
    andrea.keyboard.press("Control+Shift+z")
    stands(andrea, ["begruessung", "datum", "strasse", "fotos", "anliegen", "ende"])
    andrea.keyboard.press("Control+z")
    stands(andrea, order)
    card(andrea, "fotos").get_by_role("button", name="Löschen").press("Enter")
    expect(andrea.locator("#toast")).to_contain_text("Gelöscht: Bitte senden Sie Fotos.")
    andrea.locator("#toast").get_by_role("button", name="Rückgängig").press("Enter")
    stands(andrea, order)
    andrea.locator("#oeffnen-fotos").focus()
    andrea.keyboard.press("/")
    andrea.keyboard.type("Anliegen")
    expect(card(andrea, "strasse")).to_be_hidden()
    expect(card(andrea, "anliegen")).to_be_visible()
    andrea.locator("#suche").fill("")
    expect(card(andrea, "strasse")).to_be_visible()


def say_what_begins_it(andrea: Page) -> None:
    andrea.get_by_role("button", name="Auslöser und Einstellungen").click()
    andrea.get_by_role("button", name="Auslöser hinzufügen").click()
    andrea.get_by_label("Wörter, mit Komma").fill("Sofa abholen, Sperrgut")
    expect(andrea.locator("#said-kopf")).to_contain_text("Sofa abholen, Sperrgut")
    examine(andrea)
    andrea.get_by_role("button", name="Fertig").click()
    expect(andrea.locator("#stand")).to_contain_text("nichts zu klären")


def try_it(andrea: Page) -> None:
    """The phone plays the draft, shows where it stands, and what was played is kept as an example."""
    phone = andrea.locator("#telefon")
    write(andrea, "Markt 5")
    expect(phone).to_contain_text("Meinten Sie eines davon?")
    phone.get_by_role("button", name="Marktstraße 5").click()
    expect(card(andrea, "datum")).to_have_attribute("aria-current", "step")
    write(andrea, "in einer Woche")
    phone.get_by_role("button", name="Ja").click()
    expect(phone).to_contain_text("Bitte senden Sie Fotos.")
    phone.get_by_role("button", name="2 Fotos").click()
    expect(phone).to_contain_text("Anliegen angelegt: ")
    expect(phone).to_contain_text("Danke, wir holen es ab: Marktstraße 5")
    phone.get_by_text("WhatsApp", exact=True).click()
    expect(phone.locator(".phone__head")).to_contain_text("WhatsApp")
    expect(phone).to_contain_text("Danke, wir holen es ab: Marktstraße 5")
    phone.get_by_text("Als Beispiel merken …").click()
    andrea.get_by_label("Name des Beispiels").fill("Sofa in der Marktstraße")
    andrea.get_by_role("button", name="Merken", exact=True).click()
    expect(andrea.locator("#gemerkt")).to_contain_text("Gemerkt")
    andrea.evaluate("scrollTo(0, 0)")
    examine(andrea)


def publish(andrea: Page) -> None:
    andrea.get_by_role("link", name="Veröffentlichen …").click()
    expect(andrea.locator("main")).to_contain_text("Ein Beispiel geht gut.")
    examine(andrea)
    andrea.get_by_label("Was ist neu?").fill("Der Anfang")
    andrea.get_by_role("button", name="Veröffentlichen").click()
    expect(andrea.locator(".flash").first).to_contain_text("Version 1 ist live.")
    expect(andrea.locator("#marke")).to_contain_text("live seit")


def look_around(andrea: Page) -> None:
    """The other views of it, each for everybody."""
    for name in ("Karte", "Übersetzungen", "Beispiele", "Verläufe", "Versionen"):
        andrea.get_by_role("navigation", name="Ansichten dieses Dialogs").get_by_role("link", name=name).click()
        expect(andrea.locator("[aria-current=page]").get_by_text(name)).to_be_visible()
        examine(andrea)
    andrea.get_by_role("link", name="Der Anfang").click()
    examine(andrea)
    andrea.get_by_role("navigation", name="Ansichten dieses Dialogs").get_by_role("link", name="Karte").click()
    andrea.locator(".map__box").nth(1).click()
    andrea.wait_for_url(re.compile(r"#schritt-strasse$"))
    expect(andrea.locator("#oeffnen-strasse")).to_be_focused()


def test_taking_back_comes_after_the_words_still_under_way(sign_in: Callable[[str], Page]) -> None:
    """What is typed is kept first, then taken back. Where somebody was faster, nothing is taken back and the words stay."""
    andrea, kemal = sign_in("andrea"), sign_in("kemal")
    andrea.goto(f"{DESK}/dialoge/neu/")
    andrea.get_by_label("Titel").fill("Gleich zurück")
    andrea.get_by_role("button", name="Dialog anlegen").click()
    words = greeting(andrea)
    words.fill("Ich tippe noch.")
    andrea.route("**/schritt/**", held)
    andrea.locator("[data-undo]").click()
    expect(andrea.locator("#toast")).to_contain_text("Zurückgenommen")
    expect(card(andrea, "begruessung").locator(".ds__bub")).to_have_text("Guten Tag.")
    andrea.unroute("**/schritt/**")
    andrea.locator("[data-redo]").click()
    expect(card(andrea, "begruessung").locator(".ds__bub")).to_have_text("Ich tippe noch.")
    kemal.goto(andrea.url)
    words = greeting(andrea)
    greeting(kemal).fill("Kemal war schneller.")
    expect(kemal.locator("#stand")).to_contain_text("gespeichert um")
    words.fill("Zu spät.")
    andrea.locator("[data-undo]").click()
    expect(andrea.locator("#meldung")).to_contain_text("Kemal Özdemir hat hier")
    expect(words).to_have_value("Zu spät.")
    expect(andrea.locator("#toast")).to_be_empty()
    andrea.locator("[data-undo]").click()
    expect(andrea.locator("#toast")).to_contain_text("Das ist der neue Stand.")
    expect(card(andrea, "begruessung").locator(".ds__bub")).to_have_text("Kemal war schneller.")


def greeting(page: Page) -> Locator:
    """Open the form of the first step, and give the field of its words."""
    page.locator("#oeffnen-begruessung").click()
    words = page.locator("[data-form=begruessung] textarea").first
    expect(words).to_be_visible()
    return words


def held(route: Route) -> None:
    """A slow line: the words are long under way."""
    time.sleep(0.8)
    route.continue_()


# ── It is used ────────────────────────────────────────────────────────────


def one_goes_through(wilma: Phone) -> None:
    """A street that is not ours, a day too early, then all as it should be; the end repeats what was said."""
    wilma.write("Sofa abholen")
    wilma.shows(QUESTION)
    wilma.write("Kiesweg 9")
    assert QUESTION in wilma.shows("Diese Straße finde ich bei uns nicht.")["text"]
    wilma.write("Marktstr. 5")
    wilma.ends_with(DAY)
    wilma.write("morgen")
    assert DAY in wilma.shows("Das ist zu früh: frühestens")["text"]
    wilma.write("in einer Woche")
    wilma.tap("Ja")
    wilma.ends_with(PHOTOS)
    wilma.photo("Das Sofa")
    wilma.photo("")
    wilma.ends_with("Danke, wir holen es ab: Marktstraße 5")


def the_matter_is_before_people(kemal: Page) -> None:
    """It waits with its label; a note nobody outside sees says all that was answered, and both photos are there."""
    open_thread(kemal, "neu", "Wilma Wiesner")
    expect(kemal.locator("#kopf")).to_contain_text("noch bei niemandem")
    expect(kemal.locator("#kopf .hold__chips")).to_contain_text("Sperrmüll")
    note = kemal.locator("#verlauf .msg--note")
    expect(note).to_contain_text("Interne Notiz von Sperrmüll anmelden")
    for words in (f"{QUESTION} Marktstraße 5", f"{PHOTOS} 2 Dateien", "Dazu geschrieben: Das Sofa"):
        expect(note).to_contain_text(words)
    expect(kemal.locator("#verlauf img[alt*='Wilma Wiesner']")).to_have_count(2)
    expect(beside(kemal)).to_contain_text("zu Ende gegangen")
    examine(kemal)


def an_operator_takes_over(kemal: Page, theo: Phone) -> None:
    """In the middle: the dialog is silent while people have the word, and goes on where it stood when they give it back."""
    theo.write("Bitte mein altes Sofa abholen")
    theo.shows(QUESTION)
    open_thread(kemal, "alle&automatisch=on", "Theo Tandler")  # nobody of ours is needed yet
    theo.write("Am Bach 3")
    theo.shows(DAY)
    expect(beside(kemal)).to_contain_text("Am Bach 3")
    beside(kemal).get_by_role("button", name="Übernehmen").click()
    expect(beside(kemal)).to_contain_text("angehalten")
    expect(kemal.locator("#kopf")).to_contain_text("bei Ihnen")
    expect(kemal.locator("#verlauf")).to_contain_text("Kemal Özdemir hat den Dialog Sperrmüll anmelden angehalten")
    examine(kemal)
    heard = len(theo.received())
    theo.write("in einer Woche, wenn es abends geht?")
    expect(kemal.locator("#verlauf")).to_contain_text("wenn es abends geht?")
    kemal.fill("#antwort", "Ja, bis 19 Uhr.")
    kemal.wait_for_timeout(READ)
    kemal.get_by_role("button", name="Senden", exact=True).click()
    theo.ends_with("Ja, bis 19 Uhr.")
    assert len(theo.received()) == heard + 1  # what the dialog had said would have come before
    beside(kemal).get_by_role("button", name="Zurück an den Dialog").click()
    expect(kemal.locator("#kopf")).to_contain_text("bisher nur automatische Antworten")
    theo.shows("Wir machen weiter, wo wir waren.")
    theo.ends_with(DAY)
    theo.write("in einer Woche")
    theo.tap("Ja")
    theo.ends_with(PHOTOS)
    theo.photo("")
    theo.ends_with("Danke, wir holen es ab: Am Bach 3")
    expect(beside(kemal)).to_contain_text("zu Ende gegangen")
    expect(kemal.locator("#kopf")).to_contain_text("noch bei niemandem")


def figures_show_it(andrea: Page) -> None:
    """Two began, two came to the end; where they were not understood stands what they wrote."""
    andrea.goto(f"{DESK}/dialoge/")
    line = andrea.locator(".rows li", has=andrea.get_by_role("link", name="Sperrmüll anmelden", exact=True))
    expect(line).to_contain_text("2 begonnen: 2 zu Ende geführt, 0 übergeben, 0 verlassen")
    line.get_by_role("link").click()
    views = andrea.get_by_role("navigation", name="Ansichten dieses Dialogs")
    views.get_by_role("link", name="Karte").click()
    for question, missed, written in ((QUESTION, "1 ansehen", "Kiesweg 9"), (DAY, "1 ansehen", "morgen"), (PHOTOS, "0", "")):
        row = andrea.locator("tbody tr", has=andrea.get_by_role("rowheader", name=question))
        expect(row.locator("td.num")).to_have_text(["2", "2", missed, "0", "0", "0", "0"])
        if written:
            row.locator("summary").click()
            expect(row.locator(".map__texts li")).to_have_text([written])
    examine(andrea)
    views.get_by_role("link", name="Verläufe").click()
    andrea.get_by_label("Stand").select_option("zu Ende geführt")
    andrea.get_by_role("button", name="Zeigen").click()
    walks = andrea.locator(".rows > li")
    expect(walks).to_have_count(2)
    for walk, name, street in ((walks.nth(0), "Theo Tandler", "Am Bach 3"), (walks.nth(1), "Wilma Wiesner", "Marktstraße 5")):
        expect(walk.get_by_role("link")).to_have_text(name)
        walk.locator("summary").click()
        expect(walk.locator(".ds__answers")).to_contain_text(street)
    examine(andrea)


# ── Hands ─────────────────────────────────────────────────────────────────


def card(page: Page, step: str) -> Locator:
    return page.locator(f"#schritt-{step}")


def insert(page: Page, after: str, name: str, made: str) -> None:
    """Put a step in behind another, and wait for its form."""
    card(page, after).locator("[data-plus]").click()
    page.locator(".ds__palette .ds__entry").filter(has=page.locator("b", has_text=re.compile(f"^{name}$"))).click()
    expect(page.locator(f"[data-form={made}]")).to_be_visible()


def open_thread(page: Page, view: str, name: str) -> None:
    page.goto(f"{DESK}/posteingang/?ansicht={view}")
    page.locator("#zeilen .conv", has_text=name).click()
    expect(page.locator("#th")).to_contain_text(name)


def beside(page: Page) -> Locator:
    """The block of the dialog beside the thread."""
    return page.locator("#neben-dialog")


def stands(page: Page, order: list[str]) -> None:
    expect(page.locator("[data-step]")).to_have_count(len(order))
    for number, step in enumerate(order):
        expect(page.locator("[data-step]").nth(number)).to_have_attribute("data-step", step)


def write(page: Page, text: str) -> None:
    field = page.get_by_label("Antworten wie ein Bürger")
    field.fill(text)
    field.press("Enter")
    expect(page.locator("#telefon .pb--out").last).to_have_text(text)
