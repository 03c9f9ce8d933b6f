"""What every public page stands on: whose it is, in which language it speaks, and how long it may be kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from buergerdraht.accounts.languages import direction
from buergerdraht.accounts.models import Organisation
from buergerdraht.website.models import Look
from buergerdraht.wording.voice import ASKED, MOSTLY, screen, wished, written

FRESH = 30  # seconds anybody between us and the reader may keep a page: what is hidden goes soon
LANGUAGE = ASKED


@dataclass(frozen=True)
class Voice:
    """`language` is what texts are chosen by, `screen` what Django speaks, `asked` whether the address says it, `page` its `lang`."""

    language: str
    screen: str
    asked: bool
    page: str = ""

    @property
    def html(self) -> str:
        return self.page or self.screen

    @property
    def direction(self) -> str:
        return direction(self.html)


@dataclass(frozen=True)
class Door:
    """A way to somewhere else on the public pages: for navigation and start page."""

    icon: str
    title: str
    text: str
    url: str
    place: str  # of which app's pages it is the entry


# What else an authority offers on public pages. A room above or beside adds its own: (request, organisation, voice) -> Door | None.
DOORS: list[Callable[[HttpRequest, Organisation, Voice], Door | None]] = []


def house(slug: str) -> Organisation:
    found = Organisation.objects.select_related("look__logo").filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def look_of(organisation: Organisation) -> Look:
    """How an authority shows itself; one that never chose has the house's own look, unsaved."""
    try:
        return organisation.look
    except Look.DoesNotExist:
        return Look(organisation=organisation)


def listen(request: HttpRequest, organisation: Organisation | None, asked: str | None = None) -> Voice:
    """Which language: the one asked for (by the address, where nothing else says it), else as the browser says."""
    asked = request.GET.get(LANGUAGE, "") if asked is None else asked
    language = wished(request, organisation, asked) if organisation else asked if asked in {"de", "en"} else ""
    if language:
        return Voice(language, screen(language), True, _written(request, organisation, language))
    found = screen(translation.get_language_from_request(request) or "de")
    return Voice(found, found, False)


def _written(request: HttpRequest, organisation: Organisation | None, language: str) -> str:
    """What a page is written in for the most part, as its `lang` says it: the language asked for, or the one we fall back to."""
    mostly = organisation is not None and written(request, organisation, language) >= MOSTLY
    return language if mostly and language != "de-simple" else screen(language)


def voice_of(request: HttpRequest, organisation: Organisation | None) -> Voice:
    """The same for the whole of a request."""
    found = getattr(request, "voice", None)
    if not isinstance(found, Voice):
        found = listen(request, organisation)
        request.voice = found  # type: ignore[attr-defined]
    return found


def to(name: str, *args: Any, voice: Voice | None = None, **query: str) -> str:
    """An address of ours that keeps the language where it was asked for."""
    chosen = {key: value for key, value in query.items() if value}
    if voice is not None and voice.asked:
        chosen[LANGUAGE] = voice.language
    return reverse(name, args=args) + (f"?{urlencode(chosen)}" if chosen else "")


def show(
    request: HttpRequest, organisation: Organisation, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a public page in its language; what anybody may read may be kept for a moment."""
    voice = voice_of(request, organisation)
    with translation.override(voice.screen):
        response = render(request, template, {"organisation": organisation, "voice": voice, **(context or {})}, status=status)
    response.headers["Content-Language"] = voice.screen
    if status == 200 and request.method in {"GET", "HEAD"}:
        keep(response)
    return response


def private(response: HttpResponseBase) -> HttpResponseBase:
    """A page behind a signed link, or an answer to a form: nobody keeps it, no search engine lists it, no other site hears of it."""
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def often(response: HttpResponseBase) -> HttpResponseBase:
    """A page that says it was too often: for programs as well as for people, and that an hour helps."""
    response.status_code = 429
    response.headers["Retry-After"] = "3600"
    return response


def keep(response: HttpResponseBase, seconds: int = FRESH) -> HttpResponseBase:
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    return response


def doors(request: HttpRequest, organisation: Organisation, voice: Voice) -> list[Door]:
    found = []
    for door in DOORS:
        try:
            opened = door(request, organisation, voice)
        except NoReverseMatch:  # a room whose pages are not there
            continue
        if opened is not None:
            found.append(opened)
    return found
