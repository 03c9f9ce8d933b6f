"""Sections of rooms above, on the pages of a broadcast: `{% load beside %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from buergerdraht.broadcasts.beside import SECTIONS
from buergerdraht.broadcasts.models import Broadcast

register = template.Library()


@register.simple_tag(takes_context=True)
def beside(context: Any, broadcast: Broadcast) -> SafeString:
    return format_html_join("", "{}", ((section(context["request"], broadcast),) for section in SECTIONS))
