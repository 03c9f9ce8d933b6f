"""The menu beside every page of the settings: `{% load places %}{% settings_menu %}`."""

from __future__ import annotations

from typing import Any

from django import template

from buergerdraht.accounts import places

register = template.Library()


@register.inclusion_tag("accounts/menu.html", takes_context=True)
def settings_menu(context: Any) -> dict[str, Any]:
    """Draw the groups of the settings with the place at hand marked."""
    return {"request": context["request"], "tab": context.get("tab", ""), "groups": places.shown(context["request"])}
