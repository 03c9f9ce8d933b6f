"""Small words and shapes the screens of broadcasts need: `{% load broadcasts %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from buergerdraht.connectors import markdown

register = template.Library()

STATES = {
    "draft": ("plain", gettext_noop("Entwurf")), "submitted": ("warning", gettext_noop("wartet auf Freigabe")),
    "approved": ("success", gettext_noop("freigegeben")), "sending": ("info", gettext_noop("wird gesendet")),
    "paused": ("warning", gettext_noop("angehalten")), "done": ("success", gettext_noop("gesendet")),
    "stopped": ("danger", gettext_noop("abgebrochen")), "withdrawn": ("plain", gettext_noop("zurückgezogen")),
}  # fmt: skip
EVENTS = {
    "create": gettext_noop("angelegt"), "change": gettext_noop("geändert"), "submit": gettext_noop("zur Freigabe gegeben"),
    "approve": gettext_noop("freigegeben"), "send_back": gettext_noop("zurückgegeben"), "withdraw": gettext_noop("zurückgezogen"),
    "start": gettext_noop("Versand begonnen"), "pause": gettext_noop("angehalten"), "resume": gettext_noop("fortgesetzt"),
    "stop": gettext_noop("abgebrochen"), "finish": gettext_noop("Versand beendet"), "archive": gettext_noop("abgelegt"),
    "settle": gettext_noop("Ungeklärte entschieden"), "rework": gettext_noop("wieder in Arbeit"),
    "post_sent": gettext_noop("öffentlich erschienen"), "post_confirm": gettext_noop("von Hand veröffentlicht"),
    "post_skip": gettext_noop("öffentlich ausgelassen"), "post_link": gettext_noop("Link fürs Telefon erneuert"),
    "post_retry": gettext_noop("Beitrag erneut gesendet"), "post_settle": gettext_noop("Ungeklärten Beitrag entschieden"),
}  # fmt: skip
SAMPLE = "00000000-0000-4000-8000-00000000da7a"  # the picture of the gallery's samples, which no organisation holds
MARKS = {"whatsapp": "wa", "telegram": "tg", "signal": "si", "threema": "th", "email": "em", "push": "pu"}


@register.simple_tag
def state_badge(state: str) -> SafeString:
    tone, word = STATES[state]
    css = "badge--plain" if tone == "plain" else f"kern-badge--{tone}"
    html = '<span class="kern-badge kern-badge--small {}"><span class="kern-label kern-label--small">{}</span></span>'
    return format_html(html, css, _(word))


@register.filter
def event_words(what: str) -> str:
    return _(EVENTS.get(what, what))


@register.filter
def mark_class(kind: str) -> str:
    return MARKS.get(kind, "si")


@register.filter
def is_sample(media_id: str) -> bool:
    return media_id == SAMPLE


@register.filter
def phone_class(kind: str) -> str:
    """Colour a drawn telephone: as the two everybody knows, else plainly."""
    return {"whatsapp": "wa", "telegram": "tg"}.get(kind.split("_")[0], "si")


@register.filter
def at(values: list[Any], number: int) -> Any:
    return values[number]


@register.filter
def get(values: dict[str, Any], name: str) -> Any:
    return values.get(name, "")


@register.filter
def words(text: str) -> list[str]:
    return text.split()


@register.filter
def unlocalised(value: Any) -> str:
    """Write a number the way SVG and <progress> read it: with a point, without groups."""
    return str(value)


@register.filter
def marked(text: str) -> SafeString:
    """Show a text as written in the Markdown subset."""
    return mark_safe(markdown.safe_html(markdown.read(text)))  # noqa: S308 - escapes every letter itself


@register.filter
def trusted(html: str) -> SafeString:
    """Take a bubble's HTML as it is: connectors make it from the Markdown subset, everything else escaped (contract.Shown)."""
    return mark_safe(html)  # noqa: S308
