"""An operator watches what goes out: figures that move by themselves, a channel that runs dry, letters in doubt."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOME = "/o/musterstadt/zustellung/"


def test_figures_move_by_themselves_and_leave_the_reader_in_peace(sign_in: Callable[[str], Page]) -> None:
    andrea = sign_in("andrea")
    andrea.goto(HOME)
    stand = andrea.get_by_text(re.compile(r"Stand \d\d:\d\d:\d\d Uhr"))
    before = stand.inner_text()
    andrea.get_by_text("Als Tabelle anzeigen").click()
    andrea.locator("#stand a", has_text="Telegram").first.focus()
    expect(stand).not_to_have_text(before)
    expect(andrea.get_by_role("table")).to_be_visible()
    expect(andrea.locator("#stand a", has_text="Telegram").first).to_be_focused()


def test_a_channel_runs_dry_pauses_itself_and_goes_on(sign_in: Callable[[str], Page]) -> None:
    andrea = sign_in("andrea")
    andrea.goto(HOME)
    andrea.locator("#stand a", has_text="Telegram").first.click()
    andrea.get_by_role("button", name="Leerlaufen lassen …").click()
    question = andrea.get_by_role("dialog")
    examine(andrea)
    andrea.wait_for_timeout(6000)  # the figures would have been fetched anew
    expect(question).to_be_visible()
    question.get_by_role("button", name="Leerlaufen lassen").click()
    andrea.get_by_role("button", name="Fortsetzen").click()  # drawn by itself, once the engine has paused it
    expect(andrea.get_by_text("Der Kanal läuft wieder.")).to_be_visible()


def test_letters_in_doubt_are_decided_after_a_question(sign_in: Callable[[str], Page]) -> None:
    andrea = sign_in("andrea")
    andrea.goto(HOME + "ungeklaert/")
    boxes = andrea.get_by_role("checkbox")
    number = boxes.count()
    assert number > 1
    boxes.first.focus()
    andrea.keyboard.press("Space")
    andrea.get_by_role("button", name="Erneut senden …").press("Enter")
    expect(andrea.get_by_role("heading", name="1 Nachricht erneut senden?")).to_be_visible()
    examine(andrea)
    andrea.get_by_role("button", name="1 Nachricht senden").press("Enter")
    expect(andrea.get_by_text("Eine Nachricht geht erneut hinaus.")).to_be_visible()
    expect(andrea.get_by_role("checkbox")).to_have_count(number - 1)
    andrea.get_by_text(f"Alle {number - 1}", exact=True).click()
    andrea.get_by_role("button", name="Als angekommen werten …").click()
    andrea.get_by_role("button", name="Als angekommen werten").click()
    expect(andrea.get_by_role("heading", name="Nichts ist ungeklärt")).to_be_visible()
