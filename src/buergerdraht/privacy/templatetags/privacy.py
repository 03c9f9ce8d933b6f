"""Show what `access.collect` wrote for a file the way people read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format

from buergerdraht.privacy.words import SHELF
from buergerdraht.wording.voice import apart, spoken

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: Any, key: str, **values: Any) -> str:
    """Say one of our sentences in the language of the page."""
    return SHELF.say(context["organisation"], spoken(), key, **apart(spoken(), values))


@register.filter
def moment(text: str | None, pattern: str = "j. F Y") -> str:
    """Show an ISO moment as a day, or in another pattern; a day alone stays that day."""
    if not text:
        return ""
    found = datetime.fromisoformat(text)
    return date_format(timezone.localtime(found) if timezone.is_aware(found) else found, pattern)
