"""Say a sentence: the authority's own words first, else ours; in the citizen's language, else in the next one they may read.

On the way of every message. An authority that wrote nothing itself costs one comparison; of any other, all that it wrote is read once per
process and kept until it changes (`Organisation.worded_at` is part of the key, so nobody has to be told).
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
Texts = Mapping[tuple[str, str], str]  # by shelf and key
SHELVES: dict[str, Shelf] = {}
MOST_KEPT = 512  # authorities, some 100 KB for each language where everything is written
SLOT = re.compile(r"\{([a-z_]+)\}")


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
            if organisation.worded_at and (own := _fitting(organisation.pk, organisation.worded_at, each).get((self.name, key))):
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


def slots(text: str) -> frozenset[str]:
    return frozenset(SLOT.findall(text))


def forms(versions: Versions) -> list[str]:
    """Every wording of ours, in all languages and forms of address."""
    return [text for each in versions.values() for text in ([each] if isinstance(each, str) else each.values())]


def needed(versions: Versions) -> frozenset[str]:
    """Name the placeholders that all of our wordings have: what they fill in must be said."""
    return frozenset.intersection(*map(slots, forms(versions)))


def own_texts(organisation: Organisation, language: str) -> Texts:
    """Give what an authority wrote in a language, by shelf and key."""
    if organisation.worded_at is None or organisation.pk is None:
        return {}
    return _read(organisation.pk, organisation.worded_at).get(language, {})


def fits(shelf: str, key: str, text: str) -> bool:
    """Say whether an own sentence still says what must be said: ours may have changed since it was written."""
    versions = SHELVES[shelf].open.get(key) if shelf in SHELVES else None
    return bool(text) and versions is not None and needed(versions) <= slots(text)


def _fitting(organisation: int, worded_at: datetime, language: str) -> Texts:
    return _all_fitting(organisation, worded_at).get(language, {})


@lru_cache(maxsize=MOST_KEPT)
def _all_fitting(organisation: int, worded_at: datetime) -> Mapping[str, Texts]:
    return {
        language: {(shelf, key): text for (shelf, key), text in texts.items() if fits(shelf, key, text)}
        for language, texts in _read(organisation, worded_at).items()
    }


@lru_cache(maxsize=MOST_KEPT)
def _read(organisation: int, _worded_at: datetime) -> Mapping[str, Texts]:
    found: dict[str, dict[tuple[str, str], str]] = {}
    for language, shelf, key, text in OwnText.objects.filter(organisation=organisation).values_list("language", "shelf", "key", "text"):
        found.setdefault(language, {})[shelf, key] = text
    return found


def privacy_url(organisation: Organisation) -> str:
    return organisation.privacy_url or f"{settings.PUBLIC_URL}/p/{organisation.slug}/datenschutz"
