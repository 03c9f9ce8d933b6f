"""Draw the icons of the installed app from ui/img/icon.svg: `python docs/icons.py`. Needs Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[1] / "src/buergerdraht/ui/static/ui/img"
BLUE = "#2044aa"
# name, pixels, ground, part of the width that the symbol takes, drawn in white alone
ICONS = (
    ("icon-192", 192, "transparent", 0.92, False),
    ("icon-512", 512, "transparent", 0.92, False),
    ("icon-maskable", 512, BLUE, 0.56, False),
    ("icon-apple", 180, BLUE, 0.62, False),
    ("badge", 96, "transparent", 0.9, True),
)


def page(ground: str, part: float, white: bool) -> str:
    svg = (FOLDER / "icon.svg").read_text()
    if white:  # the system paints every opaque pixel: the line is cut out of the bubble
        line = svg[svg.rindex("<path") : svg.rindex("</svg>")]
        bubble = svg[svg.index("<path") : svg.rindex("<path")]
        cut = f'<mask id="m"><rect width="32" height="32" fill="#fff"/>{line.replace("#fff", "#000")}</mask>'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{cut}<g mask="url(#m)">{bubble.replace(BLUE, "#fff")}</g></svg>'
    elif ground == BLUE:
        svg = svg.replace("#fff", "#blue").replace(BLUE, "#fff").replace("#blue", BLUE)
    place = f"display:grid;place-items:center;width:100vw;height:100vh;background:{ground}"
    return f'<body style="margin:0"><div style="{place}"><div style="width:{part * 100}vw">{svg}</div></div></body>'


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, size, ground, part, white in ICONS:
            sheet = browser.new_page(viewport={"width": size, "height": size})
            sheet.set_content(page(ground, part, white))
            sheet.screenshot(path=FOLDER / f"{name}.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
