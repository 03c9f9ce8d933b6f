"""A case is open with one clerk while another works on it: everything on the page follows, and nobody who types is disturbed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser import WIDE, examine
from tests.conftest import Program

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CASES = "/o/musterstadt/anliegen/"
LOW = """new MutationObserver((_, all) => {
  const main = document.querySelector("main");
  if (main) { all.disconnect(); main.style.paddingTop = "3000px"; }
}).observe(document, {childList: true, subtree: true})"""  # much stands above the map
LINES = "form => [...document.querySelectorAll(form)].map(each => each.dataset.ready)"


def test_what_a_colleague_changes_comes_in_beside_what_is_being_typed(program: Program, sign_in: Callable[[str], Page]) -> None:
    andrea, kemal = sign_in("andrea"), sign_in("kemal")
    andrea.goto(f"{CASES}?ansicht=alle")
    case = andrea.locator("a[href*='/anliegen/2']").first.get_attribute("href")
    assert case
    kemal.goto(case)
    expect(kemal.locator("[data-map] canvas")).to_be_visible()
    kemal.evaluate("window.box = document.querySelector('[data-map]')")
    kemal.locator("#answer-words").fill("Ich schreibe gerade.")
    kemal.route(f"**{case}", moved)
    andrea.goto(case)
    andrea.locator("#notiz textarea").fill("Der Ort stimmt jetzt.")
    andrea.get_by_role("button", name="Notiz speichern").click()
    said = andrea.locator(".flash", has_text="Die Notiz ist gespeichert.")
    expect(said).to_be_focused()  # beside the panel where it was done, in sight
    expect(said).to_be_in_viewport()
    expect(kemal.locator("#verlauf")).to_contain_text("Der Ort stimmt jetzt.")
    expect(kemal.locator("#worum")).to_contain_text("Ort, berichtigt")
    assert kemal.evaluate("document.querySelector('#worum').contains(window.box)"), "the map shows this place already"
    expect(kemal.locator("[data-map] canvas")).to_have_count(1)
    expect(kemal.locator("#answer-words")).to_have_value("Ich schreibe gerade.")
    assert kemal.evaluate(LINES, "[data-say]") == ["1", "1"], "the proposals go into the field after that, too"
    examine(kemal)


def moved(route: Route) -> None:
    """As if the place had been put right, too: nobody at a desk can do that."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("<dt>Ort</dt>", "<dt>Ort, berichtigt</dt>"))


def test_a_map_is_fetched_where_it_is_looked_at(program: Program, visitor: Page) -> None:
    """A megabyte less for whoever only reads: on a telephone it waits for a tap, elsewhere until one scrolls there."""
    fetched: list[str] = []
    visitor.on("request", lambda request: fetched.append(request.url) if "maplibre-gl" in request.url else None)
    visitor.set_viewport_size({"width": 390, "height": 844})
    visitor.goto("/melden/musterstadt/")
    box = visitor.locator("[data-map]")
    expect(box).to_contain_text("Die Liste darunter zeigt dieselben Meldungen.")
    examine(visitor)
    visitor.set_viewport_size({"width": 390, "height": 844})
    assert not fetched
    visitor.goto("/melden/musterstadt/")
    box.get_by_role("button", name="Karte zeigen").click()
    expect(box.locator("canvas")).to_be_focused()
    assert fetched
    fetched.clear()
    visitor.set_viewport_size(WIDE)
    visitor.add_init_script(LOW)
    visitor.goto("/melden/musterstadt/", wait_until="networkidle")
    assert not fetched
    box.scroll_into_view_if_needed()
    expect(box.locator("canvas")).to_be_visible()
