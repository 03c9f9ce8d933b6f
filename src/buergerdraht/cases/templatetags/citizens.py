"""What the citizens' pages of cases are written with: `{% load citizens %}`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from buergerdraht.cases import public_words, states
from buergerdraht.cases.models import Case, Category
from buergerdraht.contacts import texts
from buergerdraht.ui.templatetags.ui import badge
from buergerdraht.wording import voice
from buergerdraht.wording.voice import spoken

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: Any, key: str, **values: Any) -> str:
    """Say one of our sentences to citizens, in Sie or Du as the authority does."""
    return public_words.say(context["organisation"], spoken(), key, **voice.apart(spoken(), values))


@register.simple_tag
def to(name: str, *args: Any) -> str:
    """An address of ours that keeps the language that was asked for."""
    return voice.carried(reverse(name, args=args))


@register.simple_tag
def tongue() -> str:
    """The same for an address that begins with a question mark."""
    carried = voice.carried("")
    return f"{carried[1:]}&" if carried else ""


@register.simple_tag
def keep_language() -> SafeString | str:
    """The same for a form that asks by its address."""
    carried = voice.carried("")
    return format_html('<input type="hidden" name="{}" value="{}">', voice.ASKED, spoken()) if carried else ""


@register.filter
def named(category: Category) -> str:
    return in_words(category.title) or category.key


@register.filter
def in_words(told: dict[str, str] | None) -> str:
    """A text that is there in several languages: the page's, the near one, else German."""
    found, near = told or {}, voice.screen(spoken())
    return next((found[each] for each in (spoken(), near, "de", *found) if found.get(each)), "")


@register.filter
def day(moment: datetime | None) -> str:
    return texts.day(moment, spoken()) if moment else ""


@register.simple_tag(takes_context=True)
def state(context: Any, case: Case) -> SafeString:
    """Show how a case stands."""
    return badge(states.TONES[case.state], state_title(context, case.state))


@register.simple_tag(takes_context=True)
def state_title(context: Any, state: str) -> str:
    return public_words.state(context["organisation"], spoken(), state)
