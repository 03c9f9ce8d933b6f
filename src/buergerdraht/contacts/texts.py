"""The words the house says to citizens: by language, and in German by Sie or Du."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from django.conf import settings

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Topic

LANGUAGES = {
    "de": "Deutsch", "en": "English", "ar": "العربية", "tr": "Türkçe", "uk": "Українська", "ru": "Русский",
    "pl": "Polski", "fr": "Français",
    "es": "Español", "it": "Italiano", "ro": "Română", "fa": "فارسی",
}  # fmt: skip
LINKED = {"de": "und", "en": "and", "ar": "و"}


@cache
def _texts() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "texts.yaml").read_text("utf-8"))
    return loaded


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    """Say one of our sentences in the citizen's language, else in the organisation's, else in English."""
    return speak(_texts()[key], organisation, language, **values)


def speak(versions: Mapping[str, str | Mapping[str, str]], organisation: Organisation, language: str, **values: str) -> str:
    """Say a sentence that is there in several languages, and in German in Sie and Du."""
    text = next((versions[each] for each in (language, organisation.language, "en", "de") if each in versions), "")
    if isinstance(text, Mapping):
        text = text[organisation.address_form]
    return str(text).format_map({"organisation": organisation.name, "privacy_url": privacy_url(organisation), **values})


def privacy_url(organisation: Organisation) -> str:
    return organisation.privacy_url or f"{settings.PUBLIC_URL}/p/{organisation.slug}/datenschutz"


def offered(organisation: Organisation) -> list[str]:
    """List the languages a citizen may choose: those of the organisation."""
    return [each for each in organisation.languages if each in LANGUAGES] or ["de"]


def name_topics(topics: Iterable[Topic], organisation: Organisation, language: str) -> str:
    """Name topics as one would say them: "A, B und C"."""
    titles = [topic.title_in(language) for topic in topics]
    if not titles:
        return say(organisation, language, "none")
    if len(titles) == 1:
        return titles[0]
    comma = "، " if language == "ar" else ", "
    link = "و" if language == "ar" else f"{LINKED.get(language, 'und')} "
    return f"{comma.join(titles[:-1])} {link}{titles[-1]}"


def day(moment: datetime, language: str) -> str:
    """Write a day in figures, as read in Germany; English readers get the month in words."""
    local = moment.astimezone(ZoneInfo(settings.TIME_ZONE))
    return f"{local.day} {local:%B %Y}" if language == "en" else f"{local:%d.%m.%Y}"
