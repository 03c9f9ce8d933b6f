"""A failure has plain words (law 17): every code a connector or the engine gives is one that operators can read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from buergerdraht.connectors.reasons import REASONS
from buergerdraht.connectors.whatsapp.errors import RULES

HOUSE = Path(__file__).resolve().parents[2]
FAILURES = {"Temporary", "Rejected", "AddressGone", "ChannelBroken"}
SOURCES = [*(HOUSE / "connectors").rglob("*.py"), *(HOUSE / "gateway").rglob("*.py")]


def given() -> Iterator[tuple[str, str]]:
    """Every code that stands literally as a failure's reason, with the file it stands in."""
    for source in SOURCES:
        if "tests" in source.parts:
            continue
        for node in ast.walk(ast.parse(source.read_text())):
            named = node.func if isinstance(node, ast.Call) else None
            if isinstance(named, ast.Name) and named.id in FAILURES and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), source.name


def test_every_failure_that_is_raised_has_words() -> None:
    codes = set(given())
    assert len(codes) > 5
    assert not {(code, file) for code, file in codes if code not in REASONS}


def test_every_error_code_of_whatsapp_has_words() -> None:
    assert not {code for code, rule in RULES.items() if rule.reason not in REASONS}


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_says_what_happened_whether_again_and_what_to_do(code: str) -> None:
    reason = REASONS[code]
    assert reason.title
    assert reason.again
    assert reason.advice.endswith(".")
