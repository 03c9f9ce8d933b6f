"""From the telephone to "erledigt": citizens report, follow and complain; the works yard finishes by link; the public sees no face."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys.phones import Phone, control, new_phone

from buergerdraht.cases import covering
from buergerdraht.cases.tests import streets

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK = "/o/musterstadt"
PLACE = (51.1492, 10.4208)  # a corner of the Gartenstadt where nothing was reported yet
WORDS = "Tief, mitten auf dem Radweg"
NUMBER = re.compile(r"\d{4}-\d{5}")


def a_face() -> bytes:
    return next(scene.image for scene in streets.faces(5) if scene.size == 180)


def send_photo(phone: Phone, data: bytes, caption: str = "") -> None:
    control(phone.simulator, f"people/{phone.person}/photo", {"account": phone.account, "hex": data.hex(), "caption": caption})


def number_in(bubble: dict[str, str]) -> str:
    found = NUMBER.search(bubble["text"])
    assert found
    return found[0]


def test_from_three_photos_to_erledigt(program: Program, sign_in: Callable[[str], Page], visitor: Page, tmp_path: Path) -> None:
    wilma = new_phone(program.phones, "whatsapp", "Wilma Wegner")
    number = reports_by_photos(wilma)
    emma = new_phone(program.phones, "telegram", "Emma Example", language="en")
    follows_instead(emma, number)
    theo = new_phone(program.phones, "telegram", "Theo Thoma")
    reports_in_another_order(theo)
    kemal = sign_in("kemal")
    the_yard_takes_it(kemal, number)
    shows_it_to_the_public(kemal, number)
    link = gives_it_to_a_firm(kemal, number)
    the_firm_finishes(visitor, link, tmp_path)
    both_hear_it(wilma, emma, number)
    nobody_is_to_be_recognised(visitor, number)
    it_can_be_taken_up_again(wilma, kemal, number)


def test_a_complaint_stays_with_two_people(program: Program, sign_in: Callable[[str], Page]) -> None:
    vera = new_phone(program.phones, "whatsapp", "Vera Vertraulich")
    vera.write("Melden")
    vera.shows("Worum geht es?")
    vera.write("Beschwerde")
    vera.shows("Beschreiben Sie bitte kurz")
    vera.write("Quittenmarmelade am Schalter")
    vera.tap("Ohne Foto")
    vera.tap("Absenden")
    number = number_in(vera.shows("Nummer:"))
    maria, kemal = sign_in("maria"), sign_in("kemal")
    maria.goto(f"{DESK}/anliegen/{number}/")
    expect(maria.locator("main")).to_contain_text("Quittenmarmelade")
    examine(maria)
    for path in ("anliegen/", "anliegen/?worte=Quittenmarmelade", "anliegen/tafel/", "anliegen/karte/", "posteingang/"):
        kemal.goto(f"{DESK}/{path}")
        expect(kemal.locator("main")).not_to_contain_text(number)
        expect(kemal.locator("main")).not_to_contain_text("Vera Vertraulich")
    answer = kemal.request.get(f"{DESK}/anliegen/{number}/")
    assert answer.status == 404
    assert number not in kemal.request.get(f"{DESK}/anliegen/anliegen.csv").text()


def reports_by_photos(wilma: Phone) -> str:
    """Three photos, then a pin, then words, on WhatsApp. Returns the number."""
    send_photo(wilma, a_face())
    wilma.photo("")
    wilma.photo("")
    wilma.shows("etwas melden?")
    wilma.tap("Ja, melden")
    wilma.shows("Worum geht es?")
    wilma.place(*PLACE)
    wilma.ends_with("Worum geht es?")
    wilma.write("Schlagloch")
    wilma.shows("Beschreiben Sie bitte kurz")
    wilma.write(WORDS)
    read_back = wilma.shows("Absenden?")["text"]
    assert "3 Fotos" in read_back
    assert WORDS in read_back
    wilma.tap("Absenden")
    return number_in(wilma.shows("Nummer:"))


def follows_instead(emma: Phone, number: str) -> None:
    """Another order, on Telegram, in English: words first; what is there already is shown, and she follows it."""
    emma.write("Report something")
    emma.shows("What is it about?")
    emma.write("pothole")
    emma.shows("Where is it?")
    emma.place(PLACE[0] + 0.0001, PLACE[1])
    assert number in emma.shows("Is this it?")["text"]
    emma.tap("Yes, this is it")
    emma.shows("no need to report it twice")


def reports_in_another_order(theo: Phone) -> None:
    """Category first, then a street typed, words, a photo at the end, something changed before it is sent; then how it stands."""
    theo.write("Melden")
    theo.shows("Worum geht es?")
    theo.write("Laterne flackert")
    theo.shows("Wo ist das?")
    theo.write("Hafenstr. 7")
    theo.shows("Beschreiben Sie bitte kurz")
    theo.write("Sie flackert die ganze Nacht")
    theo.shows("Nummer am Mast?")
    theo.write("L 204")
    theo.shows("mehrere Lampen")
    theo.tap("Nein")
    theo.shows("Foto davon?")
    theo.photo("")
    assert "Hafenstraße 7" in theo.shows("Absenden?")["text"]
    theo.tap("Ändern")
    theo.tap("Ort")
    theo.ends_with("Wo ist das?")
    theo.write("Hafenstraße 9")
    assert "Hafenstraße 9" in theo.ends_with("Absenden?")["text"]
    theo.tap("Absenden")
    number = number_in(theo.shows("Nummer:"))
    theo.write("Was ist mit meiner Meldung?")
    assert number in theo.shows("eingegangen")["text"]


def the_yard_takes_it(kemal: Page, number: str) -> None:
    """It is in the list of who has to do with it; opened, it shows covered pictures, words and who follows."""
    kemal.goto(f"{DESK}/anliegen/")
    examine(kemal)
    kemal.locator(".cases li").filter(has_text=number).get_by_role("link").click()
    main = kemal.locator("main")
    expect(main).to_contain_text(WORDS)
    expect(main).to_contain_text("Emma Example")
    examine(kemal)
    kemal.get_by_role("button", name="Annehmen").click()
    expect(main).to_contain_text("angenommen")


def shows_it_to_the_public(kemal: Page, number: str) -> None:
    """The covering is done by now, and a person reads what is to be shown."""
    for _round in range(30):
        kemal.goto(f"{DESK}/anliegen/{number}/")
        kemal.locator("#oeffentlich summary").first.click()
        if kemal.locator("#oeffentlich [name=photos]").count() == 3:
            break
        kemal.wait_for_timeout(1_000)
    form = kemal.locator("#freigabe")
    form.locator("[name=text]").fill("Tiefes Schlagloch auf dem Radweg.")
    for box in form.locator("[name=photos]").all():
        box.check()
    form.get_by_role("button", name="Öffentlich zeigen").click()
    expect(kemal.locator("#oeffentlich")).to_contain_text("öffentlich")


def gives_it_to_a_firm(kemal: Page, number: str) -> str:
    kemal.locator("#auftrag summary").first.click()
    form = kemal.locator("#auftrag form").last
    form.locator("[name=firm]").select_option(label="Straßenbau Beispiel GmbH")
    form.locator("[name=words]").fill("Bitte das Loch füllen und ein Foto schicken.")
    form.locator("[name=closes]").check()
    form.get_by_role("button", name="Beauftragen").click()
    link = kemal.locator("#auftragslink").inner_text()
    assert "/auftrag/" in link
    examine(kemal)
    return link


def the_firm_finishes(firm: Page, link: str, folder: Path) -> None:
    """By link, without an account, with a photo on which somebody stands."""
    file = folder / "fertig.jpg"
    file.write_bytes(a_face())
    firm.goto(link)
    examine(firm)
    expect(firm.locator("main")).to_contain_text("Bitte das Loch füllen")
    expect(firm.locator("main")).not_to_contain_text("Wilma")
    firm.get_by_role("button", name="Auftrag annehmen").click()
    firm.locator("#fertig-fotos").set_input_files(file)
    firm.get_by_role("button", name="Als erledigt melden").click()
    expect(firm.locator("main")).to_contain_text("als erledigt gemeldet")


def both_hear_it(wilma: Phone, emma: Phone, number: str) -> None:
    """Each in their messenger and language, once, with the picture of the work."""
    for done in (wilma.shows("ist erledigt"), emma.shows("is done")):
        assert number in done["text"]
        assert done["media"]["kind"] == "image"
    assert len([bubble for bubble in wilma.received() if "ist erledigt" in bubble.get("text", "")]) == 1
    assert len([bubble for bubble in emma.received() if "is done" in bubble.get("text", "")]) == 1


def nobody_is_to_be_recognised(visitor: Page, number: str) -> None:
    """The public list, map and page show the case, and none of its pictures a face."""
    visitor.goto("/melden/musterstadt/")
    examine(visitor)
    assert number in visitor.request.get("/melden/musterstadt/meldungen.geojson").text()
    here = f"{PLACE[1] - 0.001},{PLACE[0] - 0.001},{PLACE[1] + 0.001},{PLACE[0] + 0.001}"
    assert number in visitor.request.get(f"/melden/musterstadt/karte.json?bbox={here}&zoom=17").text()
    visitor.goto(f"/melden/musterstadt/{number}/")
    expect(visitor.locator("main")).to_contain_text("Tiefes Schlagloch auf dem Radweg.")
    expect(visitor.locator("main")).not_to_contain_text(WORDS)
    examine(visitor)
    pictures = visitor.locator("main img[src*='/bild/']")
    assert pictures.count() >= 3
    for picture in pictures.all():
        data = visitor.request.get(str(picture.get_attribute("src"))).body()
        assert Image.open(io.BytesIO(data)).getexif() == {}
        assert covering.find(data).faces == []


def it_can_be_taken_up_again(wilma: Phone, kemal: Page, number: str) -> None:
    wilma.tap("Ist nicht erledigt")
    wilma.shows("nehmen Nummer")
    wilma.write("Es ist wieder aufgebrochen")
    wilma.shows("liegt jetzt bei")
    kemal.goto(f"{DESK}/anliegen/{number}/")
    expect(kemal.locator("main")).to_contain_text("Es ist wieder aufgebrochen")
    expect(kemal.locator(".pagehead")).to_contain_text("In Arbeit")
