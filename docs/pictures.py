"""Draw the pictures of the README and the handbook from a running `make demo`.

.venv/bin/python docs/pictures.py http://localhost:8000 <password>
"""

from __future__ import annotations

import base64
import shutil
import sys
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
    for name, state in (("rundnachricht", "drafts"), ("ergebnis", "sent")):
        page.goto(f"{desk}/rundnachrichten/?stand={state}")
        page.locator("a.cover").last.click()
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


def reduce() -> None:
    """Keep the pictures small: what is drawn has few colours."""
    for path in IMAGES.glob("*.png"):
        with Image.open(path) as image:
            small = image.convert("RGB").quantize(colors=256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


def main(address: str, password: str) -> None:
    host, _, port = address.rpartition(":")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        IMAGES.mkdir(exist_ok=True)
        page = sign_in(browser, address, password)
        handbook(page, address)
        inbox(page, address)
        dialogs(page, address)
        pictures = [base64.b64encode(shot).decode() for shot in (console(page, address), phone(browser, f"{host}:{int(port) + 1}"))]
        sheet = browser.new_page(viewport={"width": 1766, "height": 916})
        sheet.set_content(SHEET.format(*pictures))
        sheet.wait_for_timeout(500)
        sheet.screenshot(path=IMAGES / "console.png", full_page=True)
        browser.close()
    reduce()


if __name__ == "__main__":
    main(*sys.argv[1:3])
