"""In which language a public page speaks: the one its address asks for, else as the browser says.

German and English are always there, another language where the authority offers it and the page is mostly written in it. From then on
the language stands in the address and nowhere else: no cookie, and whoever passes a link on passes on its language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from buergerdraht.accounts.languages import NAMES, direction
from buergerdraht.accounts.models import Organisation
from buergerdraht.wording import reading
from buergerdraht.wording.shelves import SHELVES

ASKED = "sprache"
ALWAYS = {"de", "en"}
MOSTLY, WHOLLY = 50, 100  # percent of its sentences
PAGES = {"reports": "reports", "access": "access"}  # apps whose pages have sentences of their own
_asked: ContextVar[str] = ContextVar("asked_language", default="")


def offered(organisation: Organisation) -> list[str]:
    """The languages a public page can be read in: German and English are always there, others where the authority offers them."""
    return list(dict.fromkeys(["de", *organisation.languages, "en"]))


def screen(language: str) -> str:
    """What Django speaks beside our sentences: it has German and English."""
    return "de" if language.startswith("de") else "en"


def tongues(header: str) -> list[str]:
    """What a browser likes to read, the best first: other languages we know of before the first that is always there, if it names one."""
    found: list[str] = []
    for code, _weight in parse_accept_lang_header(header[:500]):
        base = code.split("-")[0]
        if base in ALWAYS:
            return [*found[:2], base]
        if base in NAMES and base not in found:
            found.append(base)
    return found[:2]


def written(request: HttpRequest, organisation: Organisation, language: str) -> int:
    """Tell how much of a page is written in a language, in percent."""
    match = request.resolver_match
    shelf = SHELVES[PAGES.get(match.app_name if match else "", "website")]
    return reading.count(organisation, language, [shelf]).percent


def wished(request: HttpRequest, organisation: Organisation, asked: str) -> str:
    """The language to speak: the one asked for, else one the browser likes; "" where Django hears by itself.

    What is not written in it comes in English: whoever reads German next, and never named English, is better off with a German page.
    """
    known = offered(organisation)
    if asked in known:
        return asked
    likes = tongues(request.headers.get("Accept-Language", ""))
    least = WHOLLY if likes[-1:] == ["de"] else MOSTLY
    return next((each for each in likes if each not in ALWAYS and each in known and written(request, organisation, each) >= least), "")


def spoken() -> str:
    """The language of this page: what its address asks for, else as the browser does."""
    return _asked.get() or screen(translation.get_language() or "de")


def apart(language: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Give each value its own direction in a sentence that runs from right to left: else 2026-00042 is read as 00042-2026."""
    if direction(language) == "ltr":
        return {name: str(value) for name, value in values.items()}
    return {name: f"\u2068{value}\u2069" for name, value in values.items()}


def carried(address: str) -> str:
    """Keep the language that was asked for on the way to another page of ours."""
    asked = _asked.get()
    return f"{address}{'&' if '?' in address else '?'}{urlencode({ASKED: asked})}" if asked else address


@contextmanager
def speaking(language: str) -> Iterator[None]:
    token = _asked.set(language)
    try:
        with translation.override(screen(language)):
            yield
    finally:
        _asked.reset(token)


def listening(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a page of an authority speak the language its address or its reader's browser asks for, if the authority offers it."""

    @wraps(view)
    def heard(request: HttpRequest, organisation: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = request.GET.get(ASKED, "")
        curious = asked or set(tongues(request.headers.get("Accept-Language", ""))) - ALWAYS
        house = Organisation.objects.filter(slug=organisation).first() if curious else None
        asked = wished(request, house, asked) if house else ""
        if not asked:
            return view(request, organisation, *args, **kwargs)
        with speaking(asked):
            return view(request, organisation, *args, **kwargs)

    return heard
