"""The words of the room for citizens."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.words import plain
from buergerdraht.wording.shelves import shelf

SHELF = shelf("cases", _("Anliegen im Messenger"), Path(__file__).parent / "intake.yaml")


@cache
def listed(key: str) -> frozenset[str]:
    """The words of a list, bare."""
    return frozenset(plain(word) for word in SHELF.everything[key].split(","))


def is_one(text: str, key: str) -> bool:
    """Say whether the whole message is one of a list's words."""
    return len(text) <= 80 and plain(text) in listed(key)


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    return SHELF.say(organisation, language, key, **values)
