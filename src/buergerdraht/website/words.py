"""The words of the citizens' pages: by language (also Leichte Sprache), and in German by Sie or Du."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.texts import speak

HERE = Path(__file__).parent
SPOKEN = ("de", "en", "de-simple")  # what the pages' own words are written in
NAMES = {
    "de": "Deutsch", "en": "English", "de-simple": "Leichte Sprache", "ar": "العربية", "tr": "Türkçe", "uk": "Українська",
    "ru": "Русский", "fr": "Français", "pl": "Polski", "es": "Español", "it": "Italiano", "ro": "Română", "fa": "فارسی",
}  # fmt: skip
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


@cache
def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / f"{name}.yaml").read_text("utf-8"))
    return loaded


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    """Say one of our sentences in the language of the page; Leichte Sprache falls back to German, every other to English."""
    return speak(_fallen(load("words")[key], language), organisation, _spoken(language), **values)


def speak_of(versions: Mapping[str, Any], organisation: Organisation, language: str, **values: str) -> str:
    return speak(_fallen(versions, language), organisation, _spoken(language), **values)


def pick(texts: Mapping[str, str], language: str, first: str = "de") -> str:
    """Choose among an authority's own texts: the language of the page, else its near one, else the first there is."""
    near = ["de"] if language == "de-simple" else ["en"] if language not in {"de", "en"} else []
    return next((texts[each] for each in (language, *near, first, *texts) if texts.get(each)), "")


def _spoken(language: str) -> str:
    return language if language in SPOKEN else "en"


def _fallen(versions: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    return {**versions, "de-simple": versions["de"]} if language == "de-simple" and "de-simple" not in versions else versions
