"""What the citizens' pages of cases are written with: `{% load citizens %}`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils import translation
from django.utils.safestring import SafeString

from buergerdraht.cases import public_words, states
from buergerdraht.cases.models import Case, Category
from buergerdraht.contacts import texts
from buergerdraht.ui.templatetags.ui import badge

register = template.Library()


def spoken() -> str:
    """The language of the page: German or English, as the browser asks."""
    return "en" if (translation.get_language() or "de").startswith("en") else "de"


@register.simple_tag(takes_context=True)
def say(context: Any, key: str, **values: Any) -> str:
    """Say one of our sentences to citizens, in Sie or Du as the authority does."""
    given = {name: str(value) for name, value in values.items()}
    return public_words.say(context["organisation"], spoken(), key, **given)


@register.filter
def named(category: Category) -> str:
    return category.title_in(spoken())


@register.filter
def in_words(told: dict[str, str] | None) -> str:
    """A text that is there in several languages."""
    return (told or {}).get(spoken()) or (told or {}).get("de") or next(iter((told or {}).values()), "")


@register.filter
def day(moment: datetime | None) -> str:
    return texts.day(moment, spoken()) if moment else ""


@register.simple_tag
def state(case: Case) -> SafeString:
    """Show how a case stands."""
    return badge(states.TONES[case.state], str(states.TITLES[case.state]))


@register.filter
def state_title(state: str) -> str:
    return str(states.TITLES[state])
