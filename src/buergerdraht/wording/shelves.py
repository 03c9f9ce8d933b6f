"""Say a sentence: the authority's own words first, else ours; in the citizen's language, else in the next one they may read.

On the way of every message. An authority that wrote nothing itself costs one comparison; of any other, what it wrote in a language is
read once per process and kept until it changes (`Organisation.worded_at` is part of the key, so nobody has to be told).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.utils.functional import Promise

from buergerdraht.accounts.models import Organisation
from buergerdraht.wording.models import OwnText

Versions = Mapping[str, str | Mapping[str, str]]  # language -> text, or in German by Sie and Du
SHELVES: dict[str, Shelf] = {}
MOST_KEPT = 256  # languages of authorities, some 100 KB each where everything is written


@dataclass(frozen=True)
class Shelf:
    """The sentences of one room.

    `foreign` is what somebody reads who speaks no language we have: the organisation's own where it is empty. `fixed` are sentences
    that are commands themselves. `basic`: without these no language is offered, because consent and leaving hang on them.
    """

    name: str
    title: str | Promise
    read: Callable[[], Mapping[str, Any]]
    foreign: str = ""
    fixed: frozenset[str] = field(default_factory=frozenset)
    basic: bool = False

    @cached_property
    def everything(self) -> Mapping[str, Any]:
        """What the file holds, lists of words among it."""
        return self.read()

    @cached_property
    def open(self) -> Mapping[str, Versions]:
        """The sentences an authority may put in its own words."""
        return {key: versions for key, versions in self.everything.items() if key not in self.fixed and _spoken(versions)}

    def say(self, organisation: Organisation, language: str, key: str, **values: str) -> str:
        return self.speak(self.everything[key], organisation, language, key, values)

    def speak(self, versions: Versions, organisation: Organisation, language: str, key: str, values: Mapping[str, str]) -> str:
        filled = {"organisation": organisation.name, "privacy_url": privacy_url(organisation), **values}
        for each in self.chain(organisation, language):
            if organisation.worded_at and (own := own_texts(organisation, each).get((self.name, key))):
                try:
                    return own.format_map(filled)
                except (KeyError, ValueError, IndexError):  # written for an earlier sentence of ours: it speaks of what is not there now
                    pass
            if each in versions:
                return in_form(versions[each], organisation).format_map(filled)
        return ""

    def chain(self, organisation: Organisation, language: str) -> Iterator[str]:
        """The languages to try, in order. Leichte Sprache is German."""
        yield language
        if "-" in language:
            yield language.split("-")[0]
        yield self.foreign or organisation.language
        yield "en"
        yield "de"


def shelf(name: str, title: str | Promise, read: Path | Callable[[], Mapping[str, Any]], **more: Any) -> Shelf:
    """Put up the sentences of a room: a file of them, or what reads them."""

    def load() -> Mapping[str, Any]:
        loaded: Mapping[str, Any] = read() if callable(read) else yaml.safe_load(read.read_text("utf-8"))
        return loaded

    SHELVES[name] = Shelf(name, title, load, **more)
    return SHELVES[name]


def _spoken(versions: Any) -> bool:
    """Say whether these are versions of a sentence; other things in the files are lists of words, forms for one and many, a bare slot."""
    if not isinstance(versions, Mapping) or not all(isinstance(each, str) or set(each) == {"sie", "du"} for each in versions.values()):
        return False
    return not re.fullmatch(r"\{\w+\}", str(versions.get("de")))


def in_form(version: str | Mapping[str, str], organisation: Organisation) -> str:
    return str(version if isinstance(version, str) else version[organisation.address_form])


def own_texts(organisation: Organisation, language: str) -> Mapping[tuple[str, str], str]:
    """Give what an authority wrote in a language, by shelf and key."""
    if organisation.worded_at is None or organisation.pk is None:
        return {}
    return _read(organisation.pk, organisation.worded_at, language)


@lru_cache(maxsize=MOST_KEPT)
def _read(organisation: int, _worded_at: datetime, language: str) -> Mapping[tuple[str, str], str]:
    rows = OwnText.objects.filter(organisation=organisation, language=language)
    return {(shelf, key): text for shelf, key, text in rows.values_list("shelf", "key", "text")}


def privacy_url(organisation: Organisation) -> str:
    return organisation.privacy_url or f"{settings.PUBLIC_URL}/p/{organisation.slug}/datenschutz"
