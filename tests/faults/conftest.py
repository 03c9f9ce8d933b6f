"""Beside the fault tests: their modules can be imported by name, and their table is printed at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from buergerdraht.connectors import registry

sys.path.insert(0, str(Path(__file__).parent))

import report
from parts import own_postgres, server  # noqa: F401 - fixtures


def pytest_report_header() -> str:
    return f"faults: {'full' if report.FULL else 'short'} form, BUERGERDRAHT_SEED={report.SEED}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not report.outcomes():
        return
    terminalreporter.section("faults survived")
    for text in report.printed():
        terminalreporter.line(text)
    if report.FULL:
        terminalreporter.line(f"kept in {report.keep().relative_to(report.ROOT)}")


@pytest.fixture(autouse=True)
def _own_connectors() -> Iterator[None]:
    """Providers of a test's own are gone with it: other tests in this process know only those of the house."""
    known = dict(registry.CONNECTORS)
    yield
    registry.CONNECTORS.clear()
    registry.CONNECTORS.update(known)
