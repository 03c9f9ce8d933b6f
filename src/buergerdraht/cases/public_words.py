"""The words of the public pages."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.wording.shelves import shelf

# The word by which one follows a case is a command: it stays.
SHELF = shelf("reports", _("Seiten zum Melden"), Path(__file__).parent / "public.yaml", foreign="en", fixed=frozenset({"follow_word"}))


ON_MAP = ("many", "in", "out", "locate", "nowhere", "close", "sources", "gesture", "gesture_mac", "fingers", "pin")


def on_map(organisation: Organisation, language: str) -> dict[str, str]:
    """What stands on the map itself, by the names that map.js reads."""
    return {name.replace("_", "-"): say(organisation, language, f"map_{name}") for name in ON_MAP}


def state(organisation: Organisation, language: str, state: str) -> str:
    """Say how a report stands."""
    return say(organisation, language, f"state_{state}")


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    return SHELF.say(organisation, language, key, **values)
