"""The mayor's hour: citizens sign up on two messengers, wait, are called and answered, and nobody is forgotten at the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys.phones import Phone, new_phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK = "/o/musterstadt"
HOST = "Bürgermeisterin Anna Muster"


def test_citizens_wait_and_are_answered(program: Program, sign_in: Callable[[str], Page]) -> None:
    andrea, kemal = sign_in("andrea"), sign_in("kemal")
    address = plan(andrea)
    petra = new_phone(program.phones, "whatsapp", "Petra Nordhoff")
    gwen = new_phone(program.phones, "telegram", "Gwen Mercer", language="en")
    ole = new_phone(program.phones, "whatsapp", "Ole Kamp")
    they_sign_up(petra, gwen, ole)
    the_hour_begins(andrea, address, petra)
    two_at_the_desk(andrea, kemal, address, petra, gwen)
    the_hour_ends(andrea, address, ole)


def plan(andrea: Page) -> str:
    """Plan an hour before the town's own, so that whoever signs up now comes to this one."""
    day = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(days=1)
    andrea.goto(f"{DESK}/sprechstunden/")
    examine(andrea)
    andrea.get_by_role("link", name="Sprechstunde planen").click()
    andrea.get_by_label("Titel").fill("Abendsprechstunde")
    andrea.get_by_label("Wer antwortet").fill(HOST)
    andrea.get_by_label("Tag").fill(day.strftime("%Y-%m-%d"))
    andrea.get_by_label("Beginn").fill("00:05")
    andrea.get_by_label("Ende").fill("23:55")
    andrea.get_by_label("Team").select_option(label="Bürgermeisterbüro")
    andrea.get_by_label("Thema für Informationen").select_option(label="Woche in der Stadt")
    examine(andrea)
    andrea.get_by_role("button", name="Speichern und veröffentlichen").click()
    expect(andrea.locator("h1")).to_have_text("Abendsprechstunde")
    expect(andrea.locator("#schlange")).to_contain_text("Noch keine Anmeldungen")
    examine(andrea)
    return andrea.url


def they_sign_up(petra: Phone, gwen: Phone, ole: Phone) -> None:
    petra.write("SPRECHSTUNDE")
    petra.tap("Petra Nordhoff")
    petra.tap("Chat")
    petra.shows("Ihre Nummer ist 1")
    petra.write("Wann kommt der Radweg an der Schule?")
    petra.shows("Ihre Frage ist notiert")
    gwen.write("mayor")
    gwen.shows("What may we call you?")
    gwen.write("Gwen")
    gwen.tap("Both")
    gwen.shows("Your number is 2")
    gwen.tap("Yes, confirm")
    gwen.shows("From now on you receive")
    ole.write("Bürgermeisterin")
    ole.shows("Wie dürfen wir Sie nennen?")
    ole.write("Ole Kamp")
    ole.write("1")
    ole.shows("Ihre Nummer ist 3")


def the_hour_begins(andrea: Page, address: str, petra: Phone) -> None:
    """The page stands open and fills by itself; everybody hears that it begins."""
    line = andrea.locator(".hour__line > li")
    expect(line).to_have_count(3)
    expect(line.first).to_contain_text("Wann kommt der Radweg an der Schule?")
    andrea.get_by_role("button", name="Jetzt schon beginnen").click()
    expect(andrea.locator(".pagehead")).to_contain_text("läuft")
    petra.shows("hat begonnen")
    examine(andrea)


def two_at_the_desk(andrea: Page, kemal: Page, address: str, petra: Phone, gwen: Phone) -> None:
    kemal.goto(address)
    andrea.get_by_role("button", name="Nächste Person").click()
    expect(andrea).to_have_url(re.compile(r"/posteingang/\d+/$"))
    petra.shows("Jetzt sind Sie an der Reihe")
    expect(kemal.locator("#schlange")).to_contain_text("bei Andrea Berger")
    kemal.get_by_role("button", name="Nächste Person").click()
    expect(kemal).to_have_url(re.compile(r"/posteingang/\d+/$"))
    gwen.shows("It is your turn now")
    assert kemal.url != andrea.url
    andrea.fill("#antwort", "Der Radweg wird im Frühjahr gebaut.")
    andrea.get_by_role("button", name="Senden", exact=True).click()
    petra.shows("Der Radweg wird im Frühjahr gebaut.")


def the_hour_ends(andrea: Page, address: str, ole: Phone) -> None:
    andrea.goto(address)
    andrea.get_by_role("button", name=re.compile(r"Fertig ?: Petra Nordhoff")).click()
    expect(andrea.locator("#schlange")).not_to_contain_text("Petra Nordhoff")
    andrea.get_by_role("button", name="Sprechstunde beenden").click()
    ole.shows("Sie bekommen hier eine Antwort")
    expect(andrea.locator(".hour__figures")).to_contain_text("nicht erreicht")
    examine(andrea)
    andrea.goto(f"{DESK}/sprechstunden/")
    expect(andrea.locator("main")).to_contain_text("2 von 3 Gästen erreicht")
    examine(andrea)
