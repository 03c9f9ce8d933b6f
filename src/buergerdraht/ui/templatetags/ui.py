"""KERN and the console's own pieces as tags: `{% load ui %}`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from buergerdraht.ui import marks

register = template.Library()

TONES = {"ok": "success", "warn": "warning", "bad": "danger"}  # our short words for KERN's


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Draw an icon of icons.svg; decoration only, the word stands beside it."""
    css = "i i--s" if size == "s" else "i"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>', css, static("ui/icons.svg"), name)


@register.simple_tag
def channel_mark(kind: str) -> SafeString:
    """Draw a messenger's mark: two letters and a colour, no logos (visual language)."""
    hue, letters, title = marks.mark(kind)
    return format_html(
        '<span class="ch ch--{}" title="{}"><span aria-hidden="true">{}</span><span class="vh">{}</span></span>', hue, title, letters, title
    )


@register.filter
def channel_title(kind: str) -> str:
    return marks.mark(kind)[2]


@register.simple_tag(takes_context=True)
def desk_url(context: Any, name: str, *args: Any, **kwargs: Any) -> str:
    """Reverse a console address of the current organisation."""
    slug = context["request"].organisation.slug
    if kwargs:
        return reverse(name, kwargs={"organisation": slug, **kwargs})
    return reverse(name, args=(slug, *args))


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """Draw initials on one of four tints, always the same for a name."""
    words = [word for word in str(name).split() if word[:1].isalpha()]
    letters = (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper() if words else "?"
    tint = sum(map(ord, str(name))) % 4 + 1
    css = f"av av--{tint}" + (" av--s" if size == "s" else "")
    return format_html('<span class="{}" aria-hidden="true">{}</span>', css, letters)


@register.simple_tag
def badge(tone: str, text: str) -> SafeString:
    css = "badge--plain" if tone in {"", "plain"} else f"kern-badge--{TONES.get(tone, tone)}"
    return format_html(
        '<span class="kern-badge kern-badge--small {}"><span class="kern-label kern-label--small">{}</span></span>', css, text
    )


def _spoken(moment: datetime, now: datetime) -> str:
    past = now - moment
    minutes = int(past.total_seconds() // 60)
    if minutes < 1:
        return _("gerade eben")
    if minutes < 60:
        return ngettext("vor %(n)s Minute", "vor %(n)s Minuten", minutes) % {"n": minutes}
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    if local.date() == today:
        return date_format(local, "H:i")
    if local.date() == today - timedelta(days=1):
        return _("gestern, %(time)s") % {"time": date_format(local, "H:i")}
    return date_format(local, "j.n.Y, H:i" if local.year != today.year else "j.n., H:i")


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """Say when, the nearer the plainer; the full moment is in the title."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), date_format(local, "j. F Y, H:i"), _spoken(moment, timezone.now())
    )


@register.inclusion_tag("ui/field.html")
def field(bound: BoundField, **extra: Any) -> dict[str, Any]:
    """Draw a KERN field: label, hint, control, error beside it."""
    widget = bound.field.widget
    described = [f"{bound.auto_id}-hint"] if bound.help_text else []
    described += [f"{bound.auto_id}-error"] if bound.errors else []
    attributes: dict[str, Any] = dict(extra.pop("attrs", {}))
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        kind = "group"
        widget.attrs["class"] = f"kern-form-check__{'checkbox' if isinstance(widget, CheckboxSelectMultiple) else 'radio'}"
    elif isinstance(widget, CheckboxInput):
        kind, attributes["class"] = "check", "kern-form-check__checkbox"
    elif isinstance(widget, Select):
        kind, attributes["class"] = "select", "kern-form-input__select"
    else:
        kind = "input"
        attributes["class"] = "kern-form-input__input" + (" kern-form-input__input--error" if bound.errors else "")
    return {"bound": bound, "kind": kind, "control": bound.as_widget(attrs=attributes), "described": " ".join(described), **extra}


@register.inclusion_tag("ui/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """List what is wrong on top of a form, each with a link to its field."""
    fields = [(bound, error) for bound in form for error in bound.errors]
    return {"form": form, "fields": fields}


@register.inclusion_tag("ui/empty_state.html")
def empty_state(title: str, text: str = "", icon: str = "inbox", **extra: Any) -> dict[str, Any]:
    return {"title": title, "text": text, "icon": icon, **extra}


# icon, words, address, places that belong to it, right
NAVIGATION: tuple[tuple[tuple[str, str, str, str], ...], ...] = (
    (
        ("today", "Heute", "insights:today", "insights"),
        ("inbox", "Posteingang", "conversations:inbox", "conversations"),
        ("case", "Anliegen", "cases:list", "cases"),
        ("mic", "Sprechstunden", "consultations:list", "consultations"),
        ("calendar", "Termine", "appointments:list", "appointments"),
        ("megaphone", "Rundnachrichten", "broadcasts:list", "broadcasts"),
        ("bolt", "Dialoge", "dialogs:list", "dialogs meters"),
        ("globe", "Internetseite", "site:list", "site"),
    ),
    (
        ("people", "Kontakte", "contacts:list", "contacts"),
        ("flow", "Zustellung", "watch:delivery", "watch"),
        ("settings", "Einstellungen", "accounts:overview", "accounts gateway blueprints bridges webhooks"),
    ),
)


# What waits behind an entry, by its address: a room above adds its own, because this one knows no table.
NUMBERS: dict[str, Callable[[Any], tuple[int, str]]] = {}


@register.simple_tag(takes_context=True)
def waiting(context: Any, address: str) -> dict[str, Any]:
    """Say what waits behind an address: its number and its words."""
    number, said = NUMBERS[address](context["request"]) if address in NUMBERS else (0, "")
    return {"number": number, "said": said}


@register.filter
def may(request: Any, right: str) -> bool:
    """Say whether the signed-in person may do this here: a link to a closed door is not drawn."""
    asked = getattr(request, "may", None)
    return bool(asked and asked(right))


@register.inclusion_tag("ui/nav.html", takes_context=True)
def navigation(context: Any) -> dict[str, Any]:
    """Draw the main navigation of the current organisation."""
    request = context["request"]
    place = request.resolver_match.app_name if request.resolver_match else ""
    if "/einstellungen/" in request.path and (may(request, "manage") or may(request, "audit")):
        place = "accounts"  # a room's own settings are reached from there
    groups = []
    for group in NAVIGATION:
        items = []
        for name, words, address, places in group:
            if name == "settings" and not (may(request, "manage") or may(request, "audit")):
                continue
            try:
                href = reverse(address, args=(request.organisation.slug,))
            except NoReverseMatch:
                continue
            number, said = NUMBERS[address](request) if address in NUMBERS else (0, "")
            entry = {"icon": name, "words": _(words), "href": href, "current": place in places.split()}
            items.append({**entry, "counted": address in NUMBERS, "number": number, "said": said})
        groups.append(items)
    return {"groups": groups}
