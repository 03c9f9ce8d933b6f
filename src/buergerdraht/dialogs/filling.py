"""Fill texts with what is known: Liquid, with bounds. A placeholder that names nothing becomes nothing; `checking` finds it before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from liquid import Environment
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

MOST = 10_000  # characters a filled text may have


class _Bounded(Environment):
    loop_iteration_limit = 500
    local_namespace_limit = 20_000
    output_stream_limit = MOST
    context_depth_limit = 10


LIQUID = _Bounded()


@lru_cache(maxsize=4_000)
def _parsed(text: str) -> BoundTemplate:
    return LIQUID.from_string(text)


def fill(text: str, facts: Mapping[str, Any]) -> str:
    """Fill a text. One that cannot be filled is given back without its placeholders: the citizen is never shown an error."""
    if "{" not in text:
        return text
    try:
        return str(_parsed(text).render(**facts))
    except (LiquidError, ArithmeticError, ValueError, TypeError):
        return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)


def problem(text: str) -> str:
    """Say what is wrong with a text's placeholders, or ""."""
    if "{" not in text:
        return ""
    try:
        _parsed(text)
    except LiquidError as found:
        return str(found).split("\n")[0][:200]
    return ""


def names(text: str) -> Iterator[str]:
    """Give the names a text asks for: "answers.street", "contact.name"."""
    if "{" not in text or problem(text):
        return
    for name, found in _parsed(text).analyze(include_partials=False).globals.items():
        for each in found:
            segments = [str(part) for part in each.segments]
            yield ".".join(segments) if segments else name
