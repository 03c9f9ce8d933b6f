"""Patterns that editors write, tried on what citizens write: in bounded time, and never an error."""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

LONGEST = 500  # characters that are looked at
SECONDS = 0.1  # "(a|a)*b" would think for years
NOT = (regex.error, TimeoutError, RecursionError, MemoryError)


def whole(pattern: str, text: str) -> bool:
    """Say whether the whole text is as the pattern says. A pattern that cannot be read, or takes too long, fits nothing."""
    return _tried(rf"\A(?:{pattern})\Z", text)


def found(pattern: str, text: str) -> bool:
    """Say whether the pattern is found in a text."""
    return _tried(pattern, text)


def problem(pattern: str) -> str:
    """Say what is wrong with a pattern, or ""."""
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError) as wrong:
        return str(wrong)[:100]
    return ""


def _tried(pattern: str, text: str) -> bool:
    try:
        return regex.search(pattern, text[:LONGEST], regex.IGNORECASE, timeout=SECONDS) is not None
    except NOT:
        return False
