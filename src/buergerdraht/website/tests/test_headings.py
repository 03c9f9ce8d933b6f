"""A page needs a heading: a bold first line is one."""

from __future__ import annotations

import pytest

from buergerdraht.website.publishing import _kept


@pytest.mark.parametrize(
    ("version", "title", "text"),
    [
        ({"text": "**Der Markt zieht um**\n\nAb Samstag."}, "Der Markt zieht um", "Ab Samstag."),
        ({"title": "Markt", "text": "**Achtung**\nAb Samstag."}, "Markt", "**Achtung**\nAb Samstag."),
        ({"text": "**Achtung**: ab Samstag."}, "", "**Achtung**: ab Samstag."),
        ({"text": "Ab Samstag."}, "", "Ab Samstag."),
        ({}, "", ""),
    ],
)
def test_a_bold_first_line_is_the_heading(version: dict[str, str], title: str, text: str) -> None:
    kept = _kept(version)
    assert (kept["title"], kept["text"]) == (title, text)
