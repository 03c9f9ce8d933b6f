"""The words of Open311 for citizens."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.wording.shelves import shelf
from buergerdraht.wording.voice import spoken

SHELF = shelf("open311", _("Meldungen aus anderen Apps (Open311)"), Path(__file__).parent / "words.yaml", foreign="en")


def say(house: Organisation, key: str, **values: str) -> str:
    """Say one of our sentences in the language that was asked for (Accept-Language), else in the authority's."""
    return SHELF.say(house, spoken(), key, **values)
