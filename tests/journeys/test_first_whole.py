"""The first whole: a town informs, listens and answers, from the citizens' phones to the operators' screens."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys.phones import Phone, control, new_phone, titles
from tests.journeys.walk import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK = "/o/musterstadt"
MARKET = {
    "de": (
        "Der Wochenmarkt zieht um",
        "Ab Donnerstag stehen die Stände auf dem **Rathausplatz**.",
        "Zum Lageplan",
        "Stände vor dem Rathaus",
    ),
    "en": (
        "The weekly market moves",
        "From Thursday the stalls are on **Rathausplatz**.",
        "See the map",
        "Stalls in front of the town hall",
    ),
}
SNOW = {
    "de": ("Winterdienst", "Heute Nacht wird der Marktplatz geräumt.", "", ""),
    "en": ("Snow clearing", "Tonight the market square is cleared.", "", ""),
}


@dataclass
class Citizens:
    paula: Phone  # WhatsApp, German
    grace: Phone  # Telegram, English
    veit: Phone  # WhatsApp, hides his number


def test_a_town_informs_listens_and_answers(program: Program, sign_in: Callable[[str], Page], visitor: Page) -> None:
    kemal, andrea, jens = sign_in("kemal"), sign_in("andrea"), sign_in("jens")
    citizens = subscribe(program.phones, make_topic(andrea))
    address = compose(kemal, MARKET, picture())
    release(andrea, address)
    they_see_it_in_their_language(citizens)
    the_funnel_fills_to_read(kemal, address, citizens)
    a_question_is_answered(andrea, citizens.paula)
    stop_ends_it_while_a_broadcast_runs(kemal, andrea, citizens)
    access_shows_what_is_stored(visitor, citizens.paula)
    erasure_leaves_only_its_proof(andrea, jens, visitor, citizens.paula)
    the_chain_is_sound(jens)


def make_topic(andrea: Page) -> dict[str, str]:
    """Open a topic of its own and read its deep links off the page."""
    andrea.goto(f"{DESK}/themen/neu")
    andrea.get_by_label("Titel (Deutsch)").fill("Markt")
    andrea.get_by_label("Titel (English)").fill("Market")
    examine(andrea)
    andrea.get_by_role("button", name="Speichern").click()
    andrea.wait_for_url(re.compile(r"/themen/\d+/$"))
    examine(andrea)
    links = [link.get_attribute("href") or "" for link in andrea.locator(".qrs a[rel=noreferrer]").all()]
    return {kind: link for link in links for kind, mark in (("whatsapp", "wa.me/"), ("telegram", "?start=")) if mark in link}


def subscribe(simulator: str, links: dict[str, str]) -> Citizens:
    """Three people nobody knows follow the link and confirm."""
    citizens = Citizens(
        paula=new_phone(simulator, "whatsapp", "Paula Neumann"),
        grace=new_phone(simulator, "telegram", "Grace Miller", language="en"),
        veit=new_phone(simulator, "whatsapp", "Veit Verborgen", hidden=True),
    )
    for phone, kind, yes, welcome in (
        (citizens.paula, "whatsapp", "Ja, bestätigen", "Sie erhalten ab jetzt: Markt"),
        (citizens.grace, "telegram", "Yes, confirm", "From now on you receive: Market"),
        (citizens.veit, "whatsapp", "Ja, bestätigen", "Sie erhalten ab jetzt: Markt"),
    ):
        phone.follow(links[kind])
        phone.tap(yes)
        phone.shows(welcome)
    return citizens


def compose(kemal: Page, versions: dict[str, tuple[str, str, str, str]], image: bytes = b"") -> str:
    """Write a broadcast in two languages and hand it over for release; gives its address."""
    kemal.goto(f"{DESK}/rundnachrichten/neu/")
    kemal.fill("#title", versions["de"][0])
    if image:
        kemal.set_input_files("#attach-file", {"name": "markt.png", "mimeType": "image/png", "buffer": image})
        expect(kemal.locator(".upload img").first).to_be_visible()
    for language, (heading, text, button, alt) in versions.items():
        kemal.click(f"#tab-{language}")
        kemal.fill(f"#heading-{language}", heading)
        kemal.fill(f"#text-{language}", text)
        if image:
            kemal.fill(f"#label-{language}-0", button)
            kemal.locator(f"[name^=alt_{language}_]").fill(alt)
        if image and language == "de":
            kemal.fill("#url-0", "https://www.musterstadt.example/markt")
        expect(kemal.locator("#preview .phone:visible")).to_contain_text(heading)
    kemal.locator("label.chip", has=kemal.locator("[name=topics]"), has_text=re.compile("^Markt$")).click()
    expect(kemal.locator("#size")).to_contain_text(re.compile(r"^\s*3\s*von"))
    kemal.check("#urgent")  # else the night's rest would hold it
    examine(kemal)
    kemal.get_by_role("button", name="Zur Freigabe geben").click()
    expect(kemal.locator(".pagehead")).to_contain_text("wartet auf Freigabe")
    examine(kemal)
    return kemal.url


def release(andrea: Page, address: str) -> None:
    andrea.goto(address)
    examine(andrea)
    andrea.get_by_role("button", name="Freigeben", exact=True).click()
    expect(andrea.locator(".pagehead")).to_contain_text(re.compile("wird gesendet|gesendet"))


def they_see_it_in_their_language(citizens: Citizens) -> None:
    for phone, language in ((citizens.paula, "de"), (citizens.veit, "de"), (citizens.grace, "en")):
        heading, text, button, _ = MARKET[language]
        bubble = phone.shows(heading)
        assert re.sub(r"\*+", "", text) in re.sub(r"\*+", "", bubble["text"])
        assert titles(bubble) == [button]
        assert bubble["media"]["kind"] == "image"


def the_funnel_fills_to_read(kemal: Page, address: str, citizens: Citizens) -> None:
    """The page of the result fills by itself while the phones are read; Telegram tells nothing of reading."""
    expect(kemal).to_have_url(re.compile(re.escape(address)))  # it turned from review to result by itself
    expect(kemal.locator(".pagehead")).to_contain_text("gesendet")
    expect(kemal.locator(".pagehead")).not_to_contain_text("wird gesendet")  # the page turns by itself once more at the end
    kemal.wait_for_load_state()
    citizens.paula.read()
    citizens.veit.read()
    row = kemal.locator("#progress tbody tr", has_text="WhatsApp")
    expect(row.locator("td")).to_have_text(["2", "0", "2", "2", "2", "0", "0"])
    expect(kemal.locator("#progress tfoot td").first).to_have_text("3")
    examine(kemal)


def a_question_is_answered(andrea: Page, paula: Phone) -> None:
    """The inbox stands open; photo and question appear in it without a reload, and the answer on the phone."""
    expect(andrea.locator(".pagehead")).not_to_contain_text("wird gesendet")  # the page of the broadcast turns by itself once more
    andrea.wait_for_load_state()
    andrea.goto(f"{DESK}/posteingang/?ansicht=neu")
    examine(andrea)
    andrea.evaluate("() => { window.untouched = true; }")
    new = andrea.locator("#liste .conv", has_text="Paula Neumann")
    expect(new).to_have_count(0)
    paula.photo("Hier ist ein Loch im Platz.")
    paula.write("Wird das vor dem Markt repariert?")
    new.click()
    thread = andrea.locator("#verlauf")
    expect(thread).to_contain_text("Wird das vor dem Markt repariert?")
    expect(thread.locator("img[alt*='Paula Neumann']")).to_be_visible()
    expect(thread).to_contain_text(MARKET["de"][0])  # under the broadcast it answers
    andrea.fill("#antwort", "Ja, am Mittwoch kommt der Bauhof.")
    andrea.get_by_role("button", name="Senden", exact=True).click()
    assert not paula.shows("Ja, am Mittwoch kommt der Bauhof.").get("media")
    paula.write("Danke!")
    expect(thread).to_contain_text("Danke!")
    assert andrea.evaluate("() => window.untouched")
    examine(andrea)


def stop_ends_it_while_a_broadcast_runs(kemal: Page, andrea: Page, citizens: Citizens) -> None:
    """WhatsApp holds us off while Telegram is through; who says STOP in that time gets nothing but the farewell."""
    grace, veit, paula = citizens.grace, citizens.veit, citizens.paula
    whatsapp, before = f"accounts/{veit.account}/faults", len(veit.received())
    address = compose(kemal, SNOW)
    row = kemal.locator("#progress tbody tr", has_text="WhatsApp").locator("td")
    control(veit.simulator, whatsapp, {"too_many": 1})
    try:
        release(andrea, address)
        grace.shows(SNOW["en"][0])
        expect(kemal.locator(".pagehead")).to_contain_text("wird gesendet")  # it turned from review to result by itself
        kemal.wait_for_load_state()
        examine(kemal)
        veit.write("Stopp!")
        expect(row.nth(5)).to_have_text("1")
    finally:  # the other journeys use this town, too
        control(veit.simulator, whatsapp, {"too_many": 0})
    paula.shows(SNOW["de"][0])
    veit.shows("Sie sind abgemeldet")
    expect(kemal.locator(".pagehead")).not_to_contain_text("wird gesendet")
    expect(row).to_have_text(["2", "0", "1", "1", re.compile("[01]"), "1", "0"])
    assert len(veit.received()) == before + 1


def access_shows_what_is_stored(visitor: Page, paula: Phone) -> None:
    paula.write("AUSKUNFT")
    link = re.search(r"http\S+", paula.shows("/auskunft/")["text"])
    assert link
    visitor.goto(link[0])
    examine(visitor)
    visitor.get_by_role("button", name="Daten anzeigen").click()
    for words in ("Paula Neumann", "Markt", "Wird das vor dem Markt repariert?", "Ja, am Mittwoch kommt der Bauhof.", MARKET["de"][0]):
        expect(visitor.locator("main")).to_contain_text(words)
    examine(visitor)
    with visitor.expect_download() as download:
        visitor.get_by_role("button", name="Als Datei laden").click()
    assert "Wird das vor dem Markt repariert?" in download.value.path().read_text()


def erasure_leaves_only_its_proof(andrea: Page, jens: Page, visitor: Page, paula: Phone) -> None:
    search = f"{DESK}/kontakte/?q=Paula+Neumann"
    andrea.goto(search)
    andrea.get_by_role("link", name="Paula Neumann").click()
    expect(andrea.locator("h1")).to_have_text("Paula Neumann")
    examine(andrea)
    paula.write("LÖSCHEN")
    paula.tap("Ja, alles löschen")
    paula.shows("sind gelöscht")
    assert andrea.reload().status == 404  # type: ignore[union-attr]
    examine(andrea)
    andrea.goto(search)
    expect(andrea.locator("#inhalt")).not_to_contain_text("Paula Neumann")
    examine(andrea)
    visitor.goto(visitor.url)
    expect(visitor.locator("h1")).to_have_text("Dieser Link gilt nicht mehr")
    examine(visitor)
    jens.goto(f"{DESK}/einstellungen/datenschutz/")
    expect(jens.locator("tbody tr").first).to_contain_text("Wunsch der Person")
    examine(jens)


def the_chain_is_sound(jens: Page) -> None:
    jens.goto(f"{DESK}/einstellungen/protokoll/")
    jens.get_by_role("link", name="Kette prüfen").click()
    expect(jens.locator(".flash.is-ok")).to_contain_text("Die Kette ist unversehrt")
    examine(jens)
