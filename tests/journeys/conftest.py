"""Who takes part in a journey: operators at their browsers, citizens at their phones."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright
from tests.browser import WIDE
from tests.conftest import Program

MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # one that hums, and nobody is asked
LAST = 40  # complaints of the town beside a failure, each with what hangs below it
COMPLAINTS = re.compile(r"^\d{4}-\S+ \S+ (?:(?:WARNING|ERROR|CRITICAL) .*(?:\n(?!\d{4}-).*)*|.* channel\..*)", re.MULTILINE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put beside a failed journey what its town complained of meanwhile."""
    report = yield
    town = getattr(item, "funcargs", {}).get("program")
    if report.failed and report.when == "call" and isinstance(town, Program):
        lines = COMPLAINTS.findall(town.said())
        report.sections.append(("the town said", "\n".join(lines[-LAST:])))
    return report


@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", *MICROPHONE])
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, program: Program) -> Iterator[Page]:
    """A browser nobody has signed in with."""
    yield from _page(browser, program)


@pytest.fixture
def sign_in(browser: Browser, program: Program) -> Iterator[Callable[[str], Page]]:
    """Sign an operator of Musterstadt in, in a browser of their own."""
    with ExitStack() as pages:

        def sign_in(name: str) -> Page:
            page = pages.enter_context(contextmanager(_page)(browser, program))
            page.goto("/konto/anmelden/")
            page.fill("[name=login]", f"{name}@musterstadt.example")
            page.fill("[name=password]", program.password)
            page.get_by_role("button", name="Anmelden").click()
            page.wait_for_url("**/o/musterstadt/**")
            return page

        yield sign_in


def _page(browser: Browser, program: Program) -> Iterator[Page]:
    """A page on which no script fails and no answer is a breakdown."""
    problems: list[str] = []
    context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin", viewport=WIDE, base_url=program.console)
    page = context.new_page()
    page.on("pageerror", lambda problem: problems.append(f"{page.url}: {problem}"))
    page.on("response", lambda answer: problems.append(f"{answer.status} {answer.url}") if _broken(answer) else None)
    yield page
    context.close()
    assert not problems, problems


def _broken(answer: Response) -> bool:
    """A breakdown, or a script or style that is not there."""
    return answer.status >= 500 or (answer.status >= 400 and answer.request.resource_type in {"script", "stylesheet"})
