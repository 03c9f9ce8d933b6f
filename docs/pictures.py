"""Draw the pictures of the README and the handbook from a running `make demo`, all of them or those of some parts.

The poster is drawn by pypdfium2, which nothing else needs: `.venv/bin/uv pip install pypdfium2` once.

.venv/bin/python docs/pictures.py http://localhost:8000 <password> [handbook inbox dialogs cases reach website console]
"""

from __future__ import annotations

import base64
import shutil
import sys
import time
from importlib import import_module
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
CONSOLE = {"width": 1280, "height": 820}
POCKET = {"width": 390, "height": 800}
SHEET = """<style>body{{margin:0;padding:48px;display:flex;gap:40px;background:#e9ebf2;width:max-content}}
img{{border-radius:10px;box-shadow:0 2px 30px #1c254533;height:820px}}</style>
<img src="data:image/png;base64,{0}"><img src="data:image/png;base64,{1}">"""


def sign_in(browser: Browser, address: str, password: str) -> Page:
    page = browser.new_page(viewport=CONSOLE, locale="de-DE", device_scale_factor=1.5)
    page.goto(f"{address}/konto/anmelden/")
    page.fill("input[type=email]", "andrea@musterstadt.example")
    page.fill("input[type=password]", password)
    page.press("input[type=password]", "Enter")
    page.wait_for_url("**/o/musterstadt/**")
    return page


def console(page: Page, address: str) -> bytes:
    """Open the conversation that came with a photo, or else the longest waiting one."""
    page.goto(f"{address}/o/musterstadt/posteingang/?ansicht=neu")
    found = page.locator("a.conv", has_text="Renate Brandt")
    if found.count():
        found.first.click()
    else:
        page.goto(f"{address}/o/musterstadt/posteingang/naechste/")
    page.wait_for_timeout(1500)
    return page.screenshot()


def phone(browser: Browser, address: str) -> bytes:
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, locale="de-DE", device_scale_factor=1.5)
    page.goto(address)
    page.locator(".phone .pb").first.wait_for()
    page.wait_for_timeout(1500)
    return page.locator(".phone").first.screenshot()


def handbook(page: Page, address: str) -> None:
    """Draw the handbook's pages: start, an inbox thread, a draft, a result, the delivery."""
    desk = f"{address}/o/musterstadt"
    page.goto(f"{desk}/")
    page.screenshot(path=IMAGES / "heute.png")
    (IMAGES / "posteingang.png").write_bytes(console(page, address))
    for name, state, title in (("rundnachricht", "drafts", "(Muster)"), ("ergebnis", "sent", "")):
        page.goto(f"{desk}/rundnachrichten/?stand={state}")
        page.locator("a.cover", has_text=title).last.click()
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / f"{name}.png")
    for name, path in (("zustellung", "zustellung/"), ("ungeklaert", "zustellung/ungeklaert/")):
        page.goto(f"{desk}/{path}")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / f"{name}.png")


def inbox(page: Page, address: str) -> None:
    """Draw the inbox's other pages: figures, settings, a mayor's hour that runs, the list on a telephone."""
    desk = f"{address}/o/musterstadt"
    for name, path in (("zahlen", "zahlen/posteingang/"), ("einstellungen-posteingang", "einstellungen/posteingang/regeln/")):
        page.goto(f"{desk}/{path}")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / f"{name}.png")
    page.goto(f"{desk}/sprechstunden/")
    page.locator("main a", has_text="Bürgersprechstunde").first.click()
    begin = page.get_by_role("button", name="Jetzt schon beginnen")
    if begin.count():
        begin.first.click()
    page.wait_for_timeout(2500)
    page.screenshot(path=IMAGES / "sprechstunde.png")
    page.set_viewport_size(POCKET)
    page.goto(f"{desk}/posteingang/?ansicht=neu")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "posteingang-telefon.png")
    page.set_viewport_size(CONSOLE)


def dialogs(page: Page, address: str) -> None:
    """Draw what answers by itself: a dialog with its phone, its map, the next day with appointments, a meter to be checked."""
    desk = f"{address}/o/musterstadt"
    page.goto(f"{desk}/dialoge/")
    page.get_by_role("link", name="Bürgerbüro", exact=True).click()
    page.locator("#telefon .pb__acts button", has_text="Personalausweis").click()
    page.locator("#telefon .pb--out").wait_for()
    page.evaluate("document.activeElement?.blur()")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "dialoge.png")
    page.get_by_role("link", name="Karte", exact=True).click()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "dialog-karte.png")
    page.goto(f"{desk}/termine/")
    while not page.locator(".appt__day").count():
        page.locator("a[rel=next]").click()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "termine.png")
    page.goto(f"{desk}/zaehler/")
    page.evaluate("document.activeElement?.blur()")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "zaehler.png")


def cases(page: Page, address: str) -> None:
    """Draw cases: list, board, one in progress, categories, ground."""
    desk = f"{address}/o/musterstadt/anliegen"
    for name, path in (("", ""), ("-tafel", "tafel/"), ("-kategorien", "einrichten/kategorien/"), ("-gebiet", "einrichten/gebiet/")):
        page.goto(f"{desk}/{path}")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / f"anliegen{name}.png")
    page.goto(f"{desk}/tafel/")
    page.locator("a[href*='/anliegen/20']", has_text="Straße, Gehweg, Radweg").first.click()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "anliegen-seite.png")


def reach(page: Page, address: str) -> None:
    """Draw one content on all messengers, a broadcast in public, somebody's ways, and a channel that stands still for a moment."""
    desk = f"{address}/o/musterstadt"
    page.goto(f"{desk}/kanaele/galerie/?inhalt=choices")
    page.wait_for_timeout(2500)
    page.set_viewport_size({"width": 1280, "height": 1180})
    page.screenshot(path=IMAGES / "galerie.png")
    page.set_viewport_size(CONSOLE)
    page.goto(f"{desk}/rundnachrichten/?stand=drafts")
    page.locator("a.cover", has_text="(Muster)").last.click()
    places = page.locator("section", has=page.locator("h2", has_text="Auch öffentlich"))
    for name in ("Mastodon", "Telegram-Kanal"):
        places.get_by_label(name).first.check()
    page.wait_for_timeout(2500)
    places.scroll_into_view_if_needed()
    page.screenshot(path=IMAGES / "oeffentlich.png")
    page.goto(f"{desk}/kontakte/")
    page.fill("#id_q", "Mansour")
    page.get_by_role("link", name="Ben Mansour").first.click()
    page.locator("section[aria-labelledby=wege]").screenshot(path=IMAGES / "wege.png")
    lost(page, desk)


def lost(page: Page, desk: str) -> None:
    """Pause a channel, draw what becomes of its people, let it go on."""
    page.goto(f"{desk}/einstellungen/kanaele/")
    page.get_by_role("link", name="Telegram", exact=True).first.click()
    page.get_by_role("button", name="Anhalten").click()
    page.get_by_role("link", name="Abonnements auf anderen Wegen weiter versorgen").click()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "kanal-verloren.png")
    page.go_back()
    page.get_by_role("button", name="Fortsetzen").click()
    page.wait_for_load_state()


def website(browser: Browser, page: Page, address: str) -> None:
    """Draw what everybody sees: subscribing, push and chat on a telephone, the poster as it is printed."""
    public = f"{address}/p/musterstadt"
    wide = browser.new_page(viewport={"width": 1280, "height": 1100}, locale="de-DE", device_scale_factor=1.5)
    wide.goto(f"{public}/abo")
    wide.wait_for_timeout(1000)
    wide.screenshot(path=IMAGES / "abonnieren.png")
    narrow = browser.new_page(viewport=POCKET, locale="de-DE", device_scale_factor=1.5)
    narrow.goto(f"{public}/push")
    narrow.wait_for_timeout(1000)
    narrow.screenshot(path=IMAGES / "push.png")
    narrow.goto(f"{public}/chat")
    narrow.fill("#text", "Hat das Bürgeramt am Samstag offen?")
    narrow.get_by_role("button", name="Senden").click()
    narrow.locator("#nachrichten > li").nth(1).wait_for()
    narrow.wait_for_timeout(1500)
    narrow.screenshot(path=IMAGES / "chat.png")
    paper = page.request.get(f"{address}/o/musterstadt/internetseite/aushang/?size=a4&language=de").body()
    import_module("pypdfium2").PdfDocument(paper)[0].render(scale=1.2).to_pil().save(IMAGES / "aushang.png")


def reduce(since: float) -> None:
    """Keep the pictures that were drawn since then small: they have few colours."""
    for path in (each for each in IMAGES.glob("*.png") if each.stat().st_mtime >= since):
        with Image.open(path) as image:
            small = image.convert("RGB").quantize(colors=256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


def readme(browser: Browser, page: Page, address: str, phones: str) -> None:
    """Put the console beside a citizen's telephone."""
    pictures = [base64.b64encode(shot).decode() for shot in (console(page, address), phone(browser, phones))]
    sheet = browser.new_page(viewport={"width": 1766, "height": 916})
    sheet.set_content(SHEET.format(*pictures))
    sheet.wait_for_timeout(500)
    sheet.screenshot(path=IMAGES / "console.png", full_page=True)


def main(address: str, password: str, *wanted: str) -> None:
    host, _, port = address.rpartition(":")
    began = time.time()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        IMAGES.mkdir(exist_ok=True)
        page = sign_in(browser, address, password)
        parts = {
            "handbook": lambda: handbook(page, address),
            "inbox": lambda: inbox(page, address),
            "dialogs": lambda: dialogs(page, address),
            "cases": lambda: cases(page, address),
            "reach": lambda: reach(page, address),
            "website": lambda: website(browser, page, address),
            "console": lambda: readme(browser, page, address, f"{host}:{int(port) + 1}"),
        }
        for name in wanted or parts:
            parts[name]()
        browser.close()
    reduce(began)


if __name__ == "__main__":
    main(*sys.argv[1:])
