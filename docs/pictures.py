"""Draw docs/images/console.png: the console beside a citizen's phone, from a running `make demo`.

.venv/bin/python docs/pictures.py http://localhost:8000 <password>
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).parent / "images"
CONSOLE = {"width": 1280, "height": 820}
PHONE = {"width": 400, "height": 820}
SHEET = """<style>body{{margin:0;padding:48px;display:flex;gap:40px;background:#e9ebf2;width:max-content}}
img{{border-radius:10px;box-shadow:0 2px 30px #1c254533;height:820px}}</style>
<img src="data:image/png;base64,{0}"><img src="data:image/png;base64,{1}">"""


def console(browser: Browser, address: str, password: str) -> bytes:
    """Sign in as Maria Nowak and open the longest waiting conversation."""
    page = browser.new_page(viewport=CONSOLE, locale="de-DE", device_scale_factor=2)
    page.goto(f"{address}/konto/anmelden/")
    page.fill("input[type=email]", "maria@musterstadt.example")
    page.fill("input[type=password]", password)
    page.press("input[type=password]", "Enter")
    page.wait_for_url("**/o/musterstadt/**")
    page.goto(f"{address}/o/musterstadt/posteingang/naechste/")
    page.wait_for_load_state()
    return page.screenshot()


def phone(browser: Browser, address: str) -> bytes:
    page = browser.new_page(viewport=PHONE, locale="de-DE", device_scale_factor=2)
    page.goto(address)
    page.wait_for_timeout(1500)
    return page.screenshot()


def main(address: str, password: str) -> None:
    host, _, port = address.rpartition(":")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pictures = [
            base64.b64encode(shot).decode() for shot in (console(browser, address, password), phone(browser, f"{host}:{int(port) + 1}"))
        ]
        sheet = browser.new_page(viewport={"width": 1900, "height": 916})
        sheet.set_content(SHEET.format(*pictures))
        sheet.wait_for_timeout(500)
        IMAGES.mkdir(exist_ok=True)
        sheet.screenshot(path=IMAGES / "console.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:3])
