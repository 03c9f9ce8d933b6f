"""The words the house says to citizens: by language, and in German by Sie or Du."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.languages import NAMES as LANGUAGES
from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts import words
from buergerdraht.contacts.models import Topic
from buergerdraht.wording import checking, reading
from buergerdraht.wording.shelves import privacy_url, shelf

__all__ = ["LANGUAGES", "day", "name_topics", "offered", "privacy_url", "say"]
LINKED = {
    "de": "und", "en": "and", "ar": "و", "tr": "ve", "uk": "і", "ru": "и", "pl": "i", "fr": "et", "es": "y", "it": "e", "ro": "și",
    "fa": "و",
}  # fmt: skip
SHELF = shelf("contacts", _("Anmelden, Abmelden, Befehle"), Path(__file__).parent / "texts.yaml", basic=True)
checking.UNDERSTOOD.append(words.names)


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    """Say one of our sentences in the citizen's language, else in the organisation's, else in English."""
    return SHELF.say(organisation, language, key, **values)


def offered(organisation: Organisation) -> list[str]:
    """List the languages a citizen may choose in a messenger: those of the organisation.

    Leichte Sprache is offered for the pages, where we have it; here only once somebody wrote every sentence of it.
    """
    known = [each for each in organisation.languages if each in LANGUAGES]
    return [each for each in known if each != "de-simple" or not reading.lacking(organisation, each)] or ["de"]


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
