"""Every page one comes to by the console's own navigation, and the citizens' pages, stand before axe and on a small telephone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from tests.browser import examine
from tests.conftest import Program

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PUBLIC = [
    "konto/anmelden/",
    "konto/passwort/vergessen/",
    "p/musterstadt/datenschutz",
    "p/musterstadt/impressum",
    "auskunft/abgelaufen/",
    "gibt/es/nicht",
]
DEEPER = [
    "rundnachrichten/neu/",
    "rundnachrichten/kalender/",
    "kontakte/import/",
    "themen/neu",
    "ortsteile/",
    "einstellungen/team/einladen/",
    "zustellung/kanal/1/",
    "zustellung/kanal/1/pruefempfaenger/",
]


def test_the_citizens_pages_and_the_entrance(visitor: Page) -> None:
    for path in PUBLIC:
        visitor.goto(f"/{path}")
        examine(visitor)


def test_every_page_of_the_console(program: Program, sign_in: Callable[[str], Page]) -> None:
    andrea = sign_in("andrea")
    home = "/o/musterstadt/"
    seen: list[str] = []
    todo = [home, *(home + path for path in DEEPER)]
    while todo:
        path = todo.pop(0)
        seen.append(path)
        andrea.goto(path)
        examine(andrea)
        links = andrea.eval_on_selector_all("nav a[href]", "all => all.map(each => new URL(each.href).pathname)")
        todo += [link for link in dict.fromkeys(links) if link.startswith(home) and link not in [*seen, *todo]]
    assert len(seen) > 15, seen
