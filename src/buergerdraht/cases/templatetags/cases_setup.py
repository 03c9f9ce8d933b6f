"""What the forms of setting up need: `{% load cases_setup %}`."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def of(texts: Mapping[str, str], language: str) -> str:
    """Give the text of a language, empty where there is none."""
    return texts.get(language, "")
