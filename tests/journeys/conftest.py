"""Who takes part in a journey: operators at their browsers, citizens at their phones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.browser import WIDE, examine
from tests.conftest import Program


@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def sign_in(browser: Browser, program: Program) -> Callable[[str], Page]:
    """Sign an operator of Musterstadt in, in a browser of their own."""

    def sign_in(name: str) -> Page:
        page = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin", viewport=WIDE, base_url=program.console).new_page()
        page.set_default_timeout(15_000)
        page.goto("/konto/anmelden/")
        examine(page)
        page.fill("[name=login]", f"{name}@musterstadt.example")
        page.fill("[name=password]", program.password)
        page.get_by_role("button", name="Anmelden").click()
        page.wait_for_url("**/o/musterstadt/**")
        examine(page)
        return page

    return sign_in
