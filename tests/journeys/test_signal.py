"""Signal from both ends: somebody subscribes, is informed, asks and leaves; a block is silence; a riddle stops the channel and opens it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import Phone, control, new_phone
from tests.journeys.walk import News, Office

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANNEL = "Signal"
CAPTCHA = "signalcaptcha://signal-hcaptcha.5fad97ac.challenge.P1_" + "geloest" * 100
NIGHT = News(
    "Stillpost",
    {"de": ("Lesenacht in der Bücherei", "Am **Freitag** ab acht.")},
    link={"de": "Programm"},
    choice={"de": "Ich lese vor"},
    picture="Regale voller Bücher",
)


def test_a_small_circle_is_served_on_signal(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    link = walk.make_topic(office.andrea, "Stillpost", "Whispers", "signal.me")
    nora = new_phone(program.phones, "signal", "Nora Still", hidden=True)
    subscribe(nora, link)
    walk.broadcast(office, NIGHT)
    she_sees_it_as_signal_shows_it(nora)
    the_funnel_fills_to_read(office.kemal, nora)
    a_question_is_answered(office.andrea, nora)
    a_block_is_silence(office.andrea, nora)
    a_riddle_stops_the_channel_and_opens_it(office.andrea, nora)
    a_key_that_changed_is_trusted(office.andrea, nora)
    walk.stop_is_heard(nora)


def subscribe(nora: Phone, link: str) -> None:
    """Nothing stands ready in the chat, so she writes the word; there are no buttons, so she answers with numbers."""
    nora.follow(link)
    assert nora.bubbles() == []
    nora.write("ABO Stillpost")
    asked = nora.shows("1. Ja, bestätigen")
    assert "2. " in asked["text"]
    nora.write("1")
    nora.shows("Sie erhalten ab jetzt: Stillpost")


def she_sees_it_as_signal_shows_it(nora: Phone) -> None:
    bubble = nora.shows(NIGHT.heading)
    assert bubble["media"]["kind"] == "image"
    assert f"Programm: {walk.MORE}" in bubble["text"]
    assert "1. Ich lese vor" in bubble["text"]
    bold = [bubble["text"][one["offset"] : one["offset"] + one["length"]] for one in bubble["entities"] if one["type"] == "bold"]
    assert bold == [NIGHT.heading, "Freitag"]


def the_funnel_fills_to_read(kemal: Page, nora: Phone) -> None:
    walk.it_is_through(kemal)
    nora.read()
    expect(walk.figures(kemal, CHANNEL)).to_have_text(["1", "0", "1", "1", "1", "0", "0"])
    examine(kemal)


def a_question_is_answered(andrea: Page, nora: Phone) -> None:
    """Her question stands in the inbox without a number, for she shows none; the answer is on her phone."""
    walk.inbox(andrea)
    nora.write("1")
    nora.write("Darf mein Hund mit?")
    thread = walk.thread(andrea, "Nora Still", "Darf mein Hund mit?", NIGHT.heading)
    expect(thread.get_by_text(re.compile(r"(^|: )1$"))).to_have_count(2)  # to the question whether to subscribe, and to the broadcast
    walk.answer(andrea, "Leider nein.")
    nora.shows("Leider nein.")
    nora.edit("Darf mein Hund mit?", "Darf meine Katze mit?")
    expect(thread).to_contain_text("Darf meine Katze mit?")
    examine(andrea)


def a_block_is_silence(andrea: Page, nora: Phone) -> None:
    """Signal tells nobody of a block: the answer is accepted and no more; after she lets us in again the next one arrives."""
    nora.block()
    walk.answer(andrea, "Haben Sie das gelesen?")
    andrea.wait_for_timeout(5000)
    assert not [bubble for bubble in nora.received() if "Haben Sie das gelesen?" in bubble["text"]]
    nora.unblock()
    walk.answer(andrea, "Sind Sie wieder da?")
    nora.shows("Sind Sie wieder da?")


def a_riddle_stops_the_channel_and_opens_it(andrea: Page, nora: Phone) -> None:
    """The page of the channel says where the riddle is and where its answer goes; what waited goes out then."""
    thread = andrea.url
    challenge = control(nora.simulator, f"accounts/{nora.account}/captcha", {})["challenge"]
    walk.answer(andrea, "Die Antwort, die warten muss.")
    page = walk.channel_page(andrea, CHANNEL)
    for _ in range(20):  # one message in four seconds: the one that meets the riddle has to wait for its turn
        if andrea.locator(".flash.is-bad").count():
            break
        andrea.wait_for_timeout(1000)
        andrea.reload()
    expect(andrea.locator(".flash.is-bad")).to_contain_text("https://signalcaptchas.org/challenge/generate.html")
    expect(andrea.locator(".flash.is-bad")).to_contain_text(challenge)
    examine(andrea)
    enter(andrea, page, {"Kennung der Sperre": challenge, "Lösung des Rätsels": "signalcaptcha://falsch"})
    expect(andrea.locator("main")).to_contain_text("Signal hat die Lösung des Rätsels abgelehnt")
    nora.write("Hallo, sind Sie noch da?")
    enter(andrea, page, {"Lösung des Rätsels": CAPTCHA})
    expect(andrea.locator("main")).to_contain_text("Der Kanal läuft.")
    nora.shows("Die Antwort, die warten muss.")
    andrea.goto(thread)
    expect(andrea.locator("#verlauf")).to_contain_text("Hallo, sind Sie noch da?")  # it waited at Signal


def a_key_that_changed_is_trusted(andrea: Page, nora: Phone) -> None:
    """The message is held with its reason; once the key is trusted it is sent again."""
    thread = andrea.url
    control(nora.simulator, f"accounts/{nora.account}/key", {"person": nora.person})
    walk.answer(andrea, "Etwas Vertrauliches.")
    expect(andrea.locator("#verlauf")).to_contain_text("Der Schlüssel der Person hat sich geändert")
    examine(andrea)
    page = walk.channel_page(andrea, CHANNEL)
    enter(andrea, page, {"Neuem Schlüssel vertrauen": key_of(nora)})
    expect(andrea.locator("main")).to_contain_text("Der Kanal läuft.")
    andrea.goto(thread)
    walk.answer(andrea, "Noch einmal: etwas Vertrauliches.")
    nora.shows("Noch einmal: etwas Vertrauliches.")


def enter(andrea: Page, page: str, fields: dict[str, str]) -> None:
    """Enter what holds once, and start the channel, which hands it in."""
    andrea.goto(f"{page}einstellungen/")
    if not andrea.get_by_label(next(iter(fields))).is_visible():  # folded away as long as nothing stands in it
        walk.unfold(andrea)
    for label, value in fields.items():
        andrea.get_by_label(label).fill(value)
    andrea.get_by_role("button", name="Speichern").click()
    andrea.wait_for_url(page)
    andrea.get_by_role("button", name=re.compile("Kanal starten|Neu anmelden")).click()
    andrea.wait_for_load_state()


def key_of(phone: Phone) -> str:
    people = control(phone.simulator, "people")
    return str(next(person["ids"]["signal"] for person in people if person["id"] == phone.person))
