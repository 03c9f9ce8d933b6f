"""In which language a public page speaks: the one its address asks for, else German or English as the browser says.

The language stands in the address and nowhere else: no cookie, and whoever passes a link on passes on its language.
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

from buergerdraht.accounts.languages import direction
from buergerdraht.accounts.models import Organisation

ASKED = "sprache"
_asked: ContextVar[str] = ContextVar("asked_language", default="")


def offered(organisation: Organisation) -> list[str]:
    """The languages a public page can be read in: German and English are always there, others where the authority offers them."""
    return list(dict.fromkeys(["de", *organisation.languages, "en"]))


def screen(language: str) -> str:
    """What Django speaks beside our sentences: it has German and English."""
    return "de" if language.startswith("de") else "en"


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
    """Let a page of an authority speak the language its address asks for, if the authority offers it."""

    @wraps(view)
    def heard(request: HttpRequest, organisation: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = request.GET.get(ASKED, "")
        house = Organisation.objects.filter(slug=organisation).first() if asked else None
        if house is None or asked not in offered(house):
            return view(request, organisation, *args, **kwargs)
        with speaking(asked):
            return view(request, organisation, *args, **kwargs)

    return heard
