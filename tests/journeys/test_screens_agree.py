"""Whatever happens in whatever order, with the stream cut in between: every screen ends equal to what a fresh load shows."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page
from tests.conftest import Program
from tests.journeys.phones import Phone, new_phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INBOX = "/o/musterstadt/posteingang/"
STEPS = 16
PATIENCE = 25.0
# A page that is open longer may show more rows than the fifty a new one loads; the first of them must be the same.
SHOWN = """() => {
  const plain = (node) => (node?.textContent ?? "").replace(/\\s+/g, " ").trim();
  const rows = [...document.querySelectorAll("#zeilen .conv")].slice(0, 40).map((row) => [
    row.dataset.number, plain(row.querySelector(".conv__who")), plain(row.querySelector(".conv__text")), row.className,
    row.parentElement.className, [...row.querySelectorAll(".conv__tags > :not([data-since], .conv__writes)")].map(plain).join(" · "),
  ].join(" | "));
  const bubbles = [...document.querySelectorAll("#verlauf [data-message]")].map((each) => [
    each.id, plain(each.querySelector(".bub") ?? each), plain(each.querySelector(".inbox__fate")),
  ].join(" | "));
  const counts = [...document.querySelectorAll("#liste [data-count]")].map((each) => `${each.dataset.count} ${plain(each)}`);
  return { rows, bubbles, counts };
}"""


@pytest.mark.parametrize("seed", [2, 3])
def test_all_screens_end_equal(program: Program, sign_in: Callable[[str], Page], seed: int) -> None:
    chance = random.Random(seed)
    screens = {"andrea": "alle", "kemal": "neu", "maria": "erledigt"}
    pages = {name: sign_in(name) for name in screens}
    phones = [new_phone(program.phones, kind, f"{name} Seed{seed}") for kind, name in
              [("whatsapp", "Ada"), ("telegram", "Ben"), ("whatsapp", "Cem")]]  # fmt: skip
    for phone in phones:
        phone.write(f"Guten Tag, hier ist {phone.person}")
    opener = pages["andrea"]
    numbers = [_thread(opener, f"{name} Seed{seed}") for name in ("Ada", "Ben", "Cem")]
    for page, view in zip(pages.values(), screens.values(), strict=True):
        page.goto(f"{INBOX}{numbers[0]}/?ansicht={view}")
        page.wait_for_selector("#verlauf [data-message]")
    cut = chance.choice(list(pages.values()))
    for step in range(STEPS):
        if step == STEPS // 3:
            cut.context.set_offline(True)
        if step == 2 * STEPS // 3:
            cut.context.set_offline(False)
        working = chance.choice([page for page in pages.values() if page is not cut])
        _happen(chance, step, phones, numbers, working)
        time.sleep(chance.choice([0, 0.05, 0.4]))
    for name, page in pages.items():
        _agrees(name, page)


def _thread(page: Page, name: str) -> int:
    """Wait for somebody's thread to be in the list, and find its number."""
    page.goto(f"{INBOX}?ansicht=alle")
    row = page.locator(".conv", has_text=name).first
    row.wait_for()
    return int(row.get_attribute("data-number") or 0)


def _happen(chance: random.Random, step: int, phones: list[Phone], numbers: list[int], page: Page) -> None:
    """Something a citizen or an operator does; not everything is possible at every moment, and a refusal is no harm."""
    at = chance.choice([0, 0, 1, 2])
    phone, number = phones[at], numbers[at]
    mine = [bubble for bubble in phone.bubbles() if not bubble["ours"]]
    did = chance.choice(["write", "write", "edit", "delete", "react", "read", "take", "free", "close", "label", "reply", "note"])
    if did == "write":
        phone.write(f"Nachricht {step}")
    elif did in {"edit", "delete"} and mine:
        _try(phone, did, message=chance.choice(mine)["id"], text=f"Geändert {step}")
    elif did == "react" and (ours := phone.received()):
        _try(phone, did, message=chance.choice(ours)["id"], emoji=chance.choice(["👍", "🙏"]))
    elif did == "read":
        phone.read()
    elif did == "label":
        _post(page, number, "etiketten", {"neu": f"Etikett {step}", "farbe": "info"})
    elif did == "free":
        _post(page, number, "zuweisen", {"an": ""})
    elif did in {"take", "close"}:
        _post(page, number, {"take": "uebernehmen", "close": "erledigt"}[did], {})
    elif did in {"reply", "note"}:
        _post(page, number, "antwort", {"art": "antwort" if did == "reply" else "notiz", "text": f"Von uns {step}"})


def _try(phone: Phone, verb: str, **wish: Any) -> None:
    try:
        phone._do(verb, **wish)
    except AssertionError:  # this messenger cannot do that
        return


def _post(page: Page, number: int, verb: str, form: dict[str, str]) -> None:
    token = page.evaluate("() => JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken']")
    answer = page.request.post(
        f"{INBOX}{number}/{verb}/", form=form, headers={"X-CSRFToken": token, "HX-Request": "true", "Referer": page.url}
    )
    assert answer.status < 500, f"{verb}: {answer.status}"


def _agrees(name: str, page: Page) -> None:
    """A page that was open all the time shows what a new tab shows."""
    deadline = time.monotonic() + PATIENCE
    fresh = page.context.new_page()
    while True:
        fresh.goto(page.url)
        fresh.wait_for_selector("#verlauf [data-message]")
        open_, new = page.evaluate(SHOWN), fresh.evaluate(SHOWN)
        if open_ == new:
            break
        differences = {key: ([each for each in open_[key] if each not in new[key]], [each for each in new[key] if each not in open_[key]])
                       for key in new if open_[key] != new[key]}  # fmt: skip
        assert time.monotonic() < deadline, f"{name} sees {differences}; order {[re.split(r' ', row)[0] for row in open_['rows']]}"
        time.sleep(0.7)
    fresh.close()
