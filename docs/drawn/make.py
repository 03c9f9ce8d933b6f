"""Make the files that blueprints bring: `python docs/drawn/make.py`.

It needs Chromium, and `npm ci` once for the colours. All of it is our own work, under EUPL-1.2 like the program.

Drawings stand in `occupations` and `trips`, sounds in `sounds`; `films` writes what messengers can play.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import films
import occupations
import sounds
import trips
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from shapes import HEIGHT, WIDTH

HOME = Path(__file__).parents[2] / "src/buergerdraht"
DATA = HOME / "blueprints/data"
EMPTY = "<!doctype html><style>body{margin:0}svg{display:block}</style>"
SHADES = 96  # of a drawing: it has few colours, and their edges
PACE, LENGTH = 12, 4  # frames a second, seconds


def main() -> None:
    with sync_playwright() as playwright:
        known = colours()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.route("**/*", lambda route: route.fulfill(body=EMPTY, content_type="text/html"))
        page.goto("http://localhost/")  # encoders work in safe surroundings alone
        for folder, drawings in (("career_chat", occupations.ALL), ("tourist_guide", trips.ALL)):
            for drawing in drawings:
                keep(folder, f"{drawing.__name__}.png", picture(page, coloured(drawing(), known)))
        for moving in occupations.MOVING:
            keep("career_chat", f"{moving.__name__}.mp4", film(page, moving, known))
        for sounding in sounds.ALL:
            keep("career_chat", f"{sounding.__name__}.ogg", films.sound(page, sounding().tolist()))
        browser.close()


def colours() -> dict[str, str]:
    """The design system's colours, as its sheet says them."""
    css = (HOME.parents[1] / "node_modules/@kern-ux/native/dist/kern.css").read_text("utf-8")
    return dict(re.findall(r"(--kern-color-[a-z]+-\d+):\s*(oklch\([\d.% ]+\))", css))


def keep(folder: str, name: str, data: bytes) -> None:
    path = DATA / folder / "files" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def picture(page: Page, svg: str) -> bytes:
    page.evaluate("svg => { document.body.innerHTML = svg }", svg)
    shot = Image.open(io.BytesIO(page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}))).convert("RGB")
    out = io.BytesIO()
    shot.quantize(SHADES, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def film(page: Page, moving: Callable[[float], str], known: dict[str, str]) -> bytes:
    """Some seconds in which the movement goes round twice."""
    frames = [coloured(moving(number / (PACE * LENGTH) * 2 % 1), known) for number in range(PACE * LENGTH)]
    return films.film(page, frames, WIDTH, HEIGHT, PACE)


def coloured(svg: str, known: dict[str, str]) -> str:
    return re.sub(r"var\((--[a-z0-9-]+)\)", lambda found: known[found[1]], svg)


if __name__ == "__main__":
    main()
