"""Read named SQL: each block begins with `-- name: …` and a line saying what it does."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def queries(path: Path) -> dict[str, str]:
    """Read a file of named queries."""
    pieces = NAME.split(path.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
