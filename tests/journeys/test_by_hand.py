"""What only a person can post: WhatsApp's channel, status and app. Prepared, led to the telephone, confirmed, left out, reminded."""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser import AXE, FINDINGS, SIDEWAYS, TAGS, examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import new_phone
from tests.journeys.walk import DESK, News, Office

from buergerdraht.house import postgres

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOPIC = "Laternenfest"
KINDS = {"whatsapp_channel": "WhatsApp-Kanal", "whatsapp_status": "WhatsApp-Status", "whatsapp_app": "WhatsApp-App"}
FEAST = News(TOPIC, {"de": ("Der Umzug beginnt", "Um sechs am **Rathausplatz**.")}, link={"de": "Zum Weg"}, picture="Kinder mit Laternen")
WIND = News(TOPIC, {"de": ("Der Umzug fällt aus", "Es stürmt.")})
SMALL = {"width": 390, "height": 844}
FORGOTTEN = "update broadcasts_posting set remind_at = now() - interval '1 minute' where state = 'handed'"
REMINDED = "select count(*) from broadcasts_posting where state = 'handed' and reminded_at is not null"


def test_what_only_a_person_can_post(program: Program, sign_in: Callable[[str], Page], browser: Browser) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    kemal = office.kemal
    for kind, title in KINDS.items():
        set_up(office.andrea, kind, title)
    link = walk.make_topic(office.andrea, TOPIC, "Lantern walk", "?start=")
    ida = new_phone(program.phones, "telegram", "Ida Licht")
    ida.follow(link)
    ida.tap("Ja, bestätigen")
    ida.shows(f"Sie erhalten ab jetzt: {TOPIC}")
    post(office, FEAST)
    page = kemal.url
    on_the_telephone(kemal, browser)
    at_the_desk(kemal, page)
    left_out(kemal, page)
    expect(kemal.locator("#oe + *")).to_contain_text("2 von 3 veröffentlicht")
    examine(kemal)
    forgotten_and_reminded(program, office)


def place(title: str) -> str:
    return f"Umzug: {title}"


def set_up(andrea: Page, kind: str, title: str) -> None:
    """There is nobody to be asked: name, link and whether it is verified are noted, and the check says what is missing."""
    andrea.goto(f"{DESK}/einstellungen/kanaele/neu/{kind}/")
    andrea.locator("main [name=name]").first.fill(place(title))
    examine(andrea)
    andrea.get_by_role("button", name="Kanal anlegen").click()
    andrea.wait_for_url(re.compile(r"/kanaele/\d+/$"))
    andrea.get_by_role("button", name="Jetzt prüfen").click()
    expect(andrea.locator("#check")).to_contain_text("Der direkte Link fehlt")
    andrea.get_by_role("button", name="Kanal starten").click()
    expect(andrea.get_by_text("Der Kanal läuft.")).to_be_visible()
    examine(andrea)


def post(office: Office, news: News) -> None:
    walk.write(office.kemal, news)
    for title in KINDS.values():
        office.kemal.get_by_role("group", name=place(title), exact=True).get_by_label(place(title)).check()
    expect(office.kemal.locator(".checks")).to_contain_text(f"{place('WhatsApp-App')}: Diesen Beitrag veröffentlicht ein Mensch.")
    walk.release(office.andrea, walk.hand_in(office.kemal))
    expect(office.kemal.get_by_role("heading", name="Öffentlich", exact=True)).to_be_visible(timeout=30_000)


def open_post(kemal: Page, title: str) -> None:
    kemal.locator(".post", has_text=place(title)).get_by_role("link", name=re.compile("Jetzt veröffentlichen")).click()
    expect(kemal.get_by_role("img", name=re.compile("QR-Code"))).to_be_visible()
    examine(kemal)


def on_the_telephone(kemal: Page, browser: Browser) -> None:
    """The QR code leads a telephone to this post: copied, shared, confirmed with its link; a second look finds it done."""
    open_post(kemal, "WhatsApp-Kanal")
    link = kemal.locator("#phone-link").get_attribute("href") or ""
    context = browser.new_context(viewport=SMALL, locale="de-DE", permissions=["clipboard-read", "clipboard-write"])  # type: ignore[arg-type]
    phone = context.new_page()
    phone.goto(link)
    expect(phone.locator("#post-text")).to_have_value(re.compile(r"\*Der Umzug beginnt\*"))
    expect(phone.locator("#post-text")).to_have_value(re.compile(re.escape(walk.MORE)))
    expect(phone.get_by_alt_text(FEAST.picture)).to_be_visible()
    phone.get_by_role("button", name="Text kopieren").click()
    expect(phone.get_by_text("Der Text ist kopiert.")).to_be_visible()
    assert "*Rathausplatz*" in phone.evaluate("() => navigator.clipboard.readText()")
    for scheme in ("light", "dark"):
        phone.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        phone.wait_for_timeout(800)  # buttons change their colour slowly
        if not phone.evaluate("() => Boolean(window.axe)"):
            phone.evaluate(AXE.read_text())
        assert phone.evaluate(FINDINGS, TAGS) + phone.evaluate(SIDEWAYS) == []
    phone.get_by_label(re.compile("Link des Beitrags")).fill("https://whatsapp.com/channel/0029VaMusterstadtBeispiel/101")
    phone.get_by_role("button", name="Ist veröffentlicht").click()
    expect(phone.get_by_text("Es ist festgehalten")).to_be_visible()
    phone.goto(link)
    expect(phone.get_by_role("button", name="Ist veröffentlicht")).to_have_count(0)
    context.close()


def at_the_desk(kemal: Page, page: str) -> None:
    """Whoever has the status on the same machine confirms it there."""
    kemal.goto(page)
    expect(kemal.locator(".post", has_text=place("WhatsApp-Kanal"))).to_contain_text("Kemal Özdemir")
    open_post(kemal, "WhatsApp-Status")
    expect(kemal.locator("main")).to_contain_text("Ein Status ist 24 Stunden zu sehen.")
    kemal.get_by_role("button", name=re.compile("Ist veröffentlicht")).click()
    expect(kemal.locator(".post", has_text=place("WhatsApp-Status"))).to_contain_text("von Hand veröffentlicht")


def left_out(kemal: Page, page: str) -> None:
    kemal.goto(page)
    open_post(kemal, "WhatsApp-App")
    skip(kemal, "Die Gruppe ruht")
    expect(kemal.locator(".post", has_text=place("WhatsApp-App"))).to_contain_text("Die Gruppe ruht")


def skip(kemal: Page, reason: str) -> None:
    kemal.get_by_text("Erscheint dort nicht").click()
    kemal.get_by_label("Grund").fill(reason)
    kemal.get_by_role("button", name="Auslassen").click()
    expect(kemal.locator(".post", has_text=reason).first).to_contain_text("ausgelassen")


def forgotten_and_reminded(program: Program, office: Office) -> None:
    """Nobody confirmed these: an hour later they are overdue, on the page, on the start page and by mail."""
    kemal = office.kemal
    post(office, WIND)
    page = kemal.url
    with psycopg.connect(postgres.place(program.folder).url(), autocommit=True) as connection:
        connection.execute(FORGOTTEN)
        for _ in range(90):
            kemal.wait_for_timeout(1000)
            if (connection.execute(REMINDED).fetchone() or (0,))[0] >= len(KINDS):
                break
        else:
            pytest.fail("nobody was reminded")
    for title in KINDS.values():
        kemal.goto(page)
        expect(kemal.locator(".post", has_text=place(title))).to_contain_text("überfällig")
        kemal.goto(f"{DESK}/")
        kemal.get_by_text(f"Von Hand veröffentlichen: {place(title)}").click()
        skip(kemal, f"{title} ruht")
