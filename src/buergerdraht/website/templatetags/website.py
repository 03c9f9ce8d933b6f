"""What the public pages are written with: `{% load website %}`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from buergerdraht.accounts import languages
from buergerdraht.accounts.models import Organisation
from buergerdraht.website import dates, pages, prose, words
from buergerdraht.website.models import Dated, Look
from buergerdraht.wording.voice import apart, offered

register = template.Library()
LISTENING = {"website", "reports", "access"}  # apps whose pages speak the language their address asks for


@dataclass(frozen=True)
class Frame:
    """What stands around every public page."""

    organisation: Organisation | None
    voice: pages.Voice
    look: Look | None
    doors: list[pages.Door]
    languages: list[tuple[str, str, str, bool]]  # code, name, address, whether it is this page's
    place: str

    @property
    def facts(self) -> dict[str, str]:
        return self.look.facts if self.look else {}

    @property
    def colours(self) -> str:
        """The sheet of the authority's own colours; its address changes with them."""
        if self.look is None or self.look.pk is None or self.look._state.adding:
            return ""
        return reverse("website:colours", args=[self.organisation.slug]) + f"?v={self.look.edition}"  # type: ignore[union-attr]


@register.simple_tag(takes_context=True)
def frame(context: Any) -> Frame:
    request = context["request"]
    organisation = context["organisation"] = context.get("organisation") or _asked(request)
    voice = pages.voice_of(request, organisation)
    place = request.resolver_match.url_name if request.resolver_match else ""
    if request.resolver_match and request.resolver_match.app_name != "website":
        place = request.resolver_match.app_name
    if organisation is None:
        return Frame(None, voice, None, [], [], place)
    return Frame(
        organisation, voice, pages.look_of(organisation), pages.doors(request, organisation, voice),
        _languages(request, organisation, voice), place,
    )  # fmt: skip


def _asked(request: Any) -> Organisation | None:
    """Whose public page was asked for, where it is not there: what stands instead is the same authority's."""
    match = request.resolver_match
    if match is None or match.app_name not in {"website", "reports"}:
        return None
    return Organisation.objects.select_related("look__logo").filter(slug=match.kwargs.get("organisation", "")).first()


def _languages(request: Any, organisation: Organisation, voice: pages.Voice) -> list[tuple[str, str, str, bool]]:
    """The same page in every language the authority offers. Not on an answer to a form: what was typed would be lost."""
    match = request.resolver_match
    if match is None or match.app_name not in LISTENING or request.method == "POST":
        return []
    asked = request.GET.copy()
    found = []
    for code in offered(organisation):
        asked[pages.LANGUAGE] = code
        found.append((code, languages.NAMES.get(code, code), f"{request.path}?{asked.urlencode()}", code == voice.language))
    return found


@register.simple_tag(takes_context=True)
def say(context: Any, key: str, **values: Any) -> str:
    """Say one of our sentences in the language of the page."""
    voice = pages.voice_of(context["request"], context["organisation"])
    return words.say(context["organisation"], voice.language, key, **apart(voice.language, values))


@register.simple_tag(takes_context=True)
def to(context: Any, name: str, *args: Any, **query: str) -> str:
    """An address of this authority's pages that keeps the language."""
    organisation = context["organisation"]
    return pages.to(name, organisation.slug, *args, voice=pages.voice_of(context["request"], organisation), **query)


@register.simple_tag(takes_context=True)
def own(context: Any, texts: dict[str, str] | None) -> str:
    """One of the authority's texts that are there in several languages."""
    return words.pick(texts or {}, pages.voice_of(context["request"], context["organisation"]).language)


@register.simple_tag(takes_context=True)
def when(context: Any, row: Dated) -> str:
    """When something happens, "" where it has no date."""
    return dates.in_words(row, context["organisation"], pages.voice_of(context["request"], context["organisation"]).language)


@register.filter
def named(code: str) -> str:
    return languages.NAMES.get(code, code)


@register.filter
def direction(code: str) -> str:
    return languages.direction(code)


@register.filter
def html_language(code: str) -> str:
    """As an attribute wants it: Leichte Sprache is German."""
    return languages.tag(code)


@register.filter
def long_day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "l, j. F Y, H:i")


@register.filter
def short_day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j. F Y")


@register.filter
def as_prose(text: str) -> SafeString:
    return prose.prose(text)


@register.filter
def svg(code: str) -> SafeString:
    return mark_safe(code)  # noqa: S308 - drawn by segno from an address of ours
