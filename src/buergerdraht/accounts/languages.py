"""The languages an authority may speak to citizens: what they are called, and how far each is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation

NAMES = {  # as their readers call them
    "de": "Deutsch", "en": "English", "de-simple": "Leichte Sprache", "ar": "العربية", "tr": "Türkçe", "uk": "Українська",
    "ru": "Русский", "pl": "Polski", "fr": "Français", "es": "Español", "it": "Italiano", "ro": "Română", "fa": "فارسی",
}  # fmt: skip
TITLES: dict[str, str | Promise] = {  # as operators call them
    "de": _("Deutsch"), "de-simple": _("Leichte Sprache"), "en": _("Englisch"), "ar": _("Arabisch"), "tr": _("Türkisch"),
    "uk": _("Ukrainisch"), "ru": _("Russisch"), "pl": _("Polnisch"), "fr": _("Französisch"), "es": _("Spanisch"),
    "it": _("Italienisch"), "ro": _("Rumänisch"), "fa": _("Persisch"),
}  # fmt: skip
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


@dataclass(frozen=True)
class Reach:
    """How far a language is: `lacking` sentences keep it from being offered; `words` say it to people."""

    lacking: int
    words: str


# Whoever keeps sentences says how far a language is: (organisation, language) -> Reach. A room above adds itself.
REACHES: list[Callable[[Organisation, str], Reach]] = []


def reach(organisation: Organisation, language: str) -> list[Reach]:
    return [each(organisation, language) for each in REACHES]


def direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def tag(language: str) -> str:
    """Write it as an attribute wants it: Leichte Sprache is German."""
    return "de-x-simple" if language == "de-simple" else language
