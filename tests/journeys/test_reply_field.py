"""Two at one thread: the reply field of each opens and closes with who is responsible, and nobody's words are lost or sent twice."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys.phones import new_phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INBOX = "/o/musterstadt/posteingang/"


def test_the_field_follows_who_is_responsible(program: Program, sign_in: Callable[[str], Page]) -> None:
    citizen = new_phone(program.phones, "telegram", "Vera Verzug")
    citizen.write("Wann kann ich meinen Antrag abgeben?")
    kemal, andrea = sign_in("kemal"), sign_in("andrea")
    kemal.goto(f"{INBOX}?ansicht=alle")
    kemal.locator("#zeilen .conv", has_text="Vera Verzug").click()
    kemal.wait_for_url(re.compile(r"/posteingang/\d+/"))
    andrea.goto(kemal.url)
    a_draft_that_was_sent_leaves_the_colleagues_field(kemal, andrea)
    own_words_stay_while_a_colleague_is_responsible(kemal, andrea)


def a_draft_that_was_sent_leaves_the_colleagues_field(kemal: Page, andrea: Page) -> None:
    words = "Montags ab 8 Uhr."
    kemal.locator("#antwort").press_sequentially(words)
    expect(andrea.locator("#antwort")).not_to_be_editable()
    kemal.locator("#antwort").blur()  # and after some seconds the pen is laid down
    expect(andrea.locator("#antwort")).to_have_value(words)
    kemal.get_by_role("button", name="Senden", exact=True).click()
    expect(andrea.locator("#verlauf")).to_contain_text(words)
    expect(andrea.locator("#kopf")).to_contain_text("Kemal Özdemir kümmert sich darum.")
    expect(andrea.get_by_label("Antwort", exact=True)).to_be_disabled()
    expect(andrea.locator("#antwort")).to_have_value("")


def own_words_stay_while_a_colleague_is_responsible(kemal: Page, andrea: Page) -> None:
    andrea.locator('#kopf .lockline [data-key="take"]').click()
    expect(andrea.get_by_label("Antwort", exact=True)).to_be_checked()
    andrea.wait_for_timeout(1500)  # the head follows the field, and nobody types within a moment
    andrea.locator("#antwort").press_sequentially("Und freitags bis 12 Uhr.")
    expect(andrea.locator("#stift")).to_contain_text("Entwurf gespeichert")
    kemal.locator('#kopf .lockline [data-key="take"]').click()
    expect(andrea.locator("#antwort")).not_to_be_editable()
    expect(andrea.get_by_role("button", name="Senden", exact=True)).to_be_disabled()
    examine(andrea)
    andrea.locator('#kopf .lockline [data-key="take"]').click()
    expect(andrea.locator("#antwort")).to_be_editable()
    expect(andrea.locator("#antwort")).to_have_value("Und freitags bis 12 Uhr.")
