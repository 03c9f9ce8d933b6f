"""Every page one comes to by the console's own navigation, and the citizens' pages, stand before axe and on a small telephone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page
from tests.browser import PHONE, examine
from tests.conftest import Program
from tests.journeys.phones import new_phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SITE = "/p/musterstadt/"
# What no link of a public page leads to: entrances, addresses that no longer lead anywhere, other languages.
PUBLIC = [
    "/konto/anmelden/",
    "/konto/passwort/vergessen/",
    "/einladung/abgelaufen/",
    "/auskunft/abgelaufen/",
    "/auftrag/abgelaufen/",
    "/beitrag/abgelaufen/",
    "/k/gibtesnicht",
    "/gibt/es/nicht",
    SITE,
    f"{SITE}?sprache=en",
    f"{SITE}abo/rahmen",
    f"{SITE}abo/bestaetigen/abgelaufen/",
    f"{SITE}chat",
    f"{SITE}chat/",
    f"{SITE}einstellungen/",
    f"{SITE}einstellungen/abgelaufen/",
    f"{SITE}nachrichten/?worte=gibtesnicht",
    f"{SITE}nachrichten/gibt-es-nicht/",
    f"{SITE}push",
    f"{SITE}push?sprache=en",
    f"{SITE}sprechstunde",
    f"{SITE}termine",
    "/p/gibt-es-nicht/",
    *(f"{SITE}{each}?sprache={language}" for each in ("datenschutz", "impressum", "barrierefreiheit") for language in ("en", "de-simple")),
    "/melden/musterstadt/neu/",
    "/melden/musterstadt/neu/road/",
    "/melden/musterstadt/neu/lamp/",
    "/melden/musterstadt/stand/abgelaufen/",
]
OURS = re.compile(r"/(p|melden)/musterstadt/(?!.*(\.\w+|\b(datei|bild)/.*|logo)$)")  # no pictures, feeds and files
SAME = 1  # so many more pages of one kind are looked at; other languages are named above
DEEPER = [
    "rundnachrichten/neu/",
    "rundnachrichten/kalender/",
    "kanaele/galerie/?inhalt=bild",
    "kontakte/import/",
    "themen/neu",
    "ortsteile/",
    "einstellungen/team/einladen/",
    "zustellung/kanal/1/",
    "zustellung/kanal/1/pruefempfaenger/",
    "anliegen/neu/",
    "anliegen/?stand=alle&worte=gibtesnicht",
    "anliegen/einrichten/kategorien/neu/",
    "anliegen/einrichten/kategorien/1/",
    "einstellungen/weitergabe/neu/mail/",
    "einstellungen/weitergabe/neu/zammad/",
    "einstellungen/weitergabe/neu/open311/",
    "einstellungen/webhooks/neu/",
]


def test_the_citizens_pages_and_the_entrance(visitor: Page) -> None:
    """From these on, wherever a link of a public page leads; of lists' rows and of the turns of a filter the first ones."""
    todo, seen, kinds = list(PUBLIC), set(PUBLIC), Counter[str]()
    while todo:
        visitor.goto(todo.pop(0))
        examine(visitor, (PHONE, "light"))
        links = visitor.eval_on_selector_all("a[href]", "all => all.map(each => each.href)")
        for link in links:
            path = urlsplit(link)
            place = path.path + (f"?{path.query}" if path.query else "")
            if OURS.match(path.path) and "sprache=" not in path.query and place not in seen:
                seen.add(place)
                kinds[kind(place)] += 1
                todo += [place] * (kinds[kind(place)] <= SAME)
    for one in ("abo", "nachrichten", "datenschutz", "impressum", "barrierefreiheit", "nachrichten/*"):
        assert kinds[f"{SITE}{one}"], kinds


def kind(place: str) -> str:
    """Name what page it is: rows of a list are of one kind, and so are the values of a filter."""
    path, _, query = place.partition("?")
    path = re.sub(r"(?<=/nachrichten/)[^/]+|(?<=/neu/)\w+|\d{4}-\d{5,9}", "*", path).rstrip("/")
    return "?".join([path, *sorted(each.partition("=")[0] for each in query.split("&") if each)])


def test_the_pages_that_only_a_link_of_ones_own_opens(program: Program, visitor: Page) -> None:
    """Somebody's settings and what is stored of them."""
    lara = new_phone(program.phones, "telegram", "Lara Link")
    for word, path in (("EINSTELLUNGEN", "/einstellungen/"), ("AUSKUNFT", "/auskunft/")):
        lara.write(word)
        found = re.search(r"https?://\S+", lara.shows(path)["text"])
        assert found
        visitor.goto(found[0])
        examine(visitor, (PHONE, "light"))


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
