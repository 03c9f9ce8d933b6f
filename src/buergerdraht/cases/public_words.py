"""The words of the public pages."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.wording.shelves import shelf

# The word by which one follows a case is a command: it stays.
SHELF = shelf("reports", _("Seiten zum Melden"), Path(__file__).parent / "public.yaml", foreign="en", fixed=frozenset({"follow_word"}))


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    return SHELF.say(organisation, language, key, **values)
