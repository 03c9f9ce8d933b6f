"""The words of the room for citizens."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.texts import speak
from buergerdraht.contacts.words import plain


@cache
def _texts() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "intake.yaml").read_text("utf-8"))
    return loaded


@cache
def listed(key: str) -> frozenset[str]:
    """The words of a list, bare."""
    return frozenset(plain(word) for word in _texts()[key].split(","))


def is_one(text: str, key: str) -> bool:
    """Say whether the whole message is one of a list's words."""
    return len(text) <= 80 and plain(text) in listed(key)


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    return speak(_texts()[key], organisation, language, **values)
