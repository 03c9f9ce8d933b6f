"""What Threads' errors mean for us: Graph's own codes, and some words where the code is the same for everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buergerdraht.connectors import graph_errors
from buergerdraht.connectors.graph_errors import REFUSED, Rule

_LINKS = "THREADS_API__LINK_LIMIT_EXCEEDED"


def judge(error: Mapping[str, Any]) -> Rule:
    """Threads has no people to block us and no window: what Graph would call so was the content."""
    words = f"{error.get('message')} {error.get('error_user_title')}"
    if _LINKS in words:
        return REFUSED
    found = graph_errors.rule(error)
    return REFUSED if found.kind == "gone" or found.scope == "window" else found
