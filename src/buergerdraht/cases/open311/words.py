"""The words of Open311 for citizens."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases.templatetags.citizens import spoken
from buergerdraht.contacts.texts import speak


@cache
def _texts() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text("utf-8"))
    return loaded


def say(house: Organisation, key: str, **values: str) -> str:
    """Say one of our sentences in the language that was asked for (Accept-Language), else in the authority's."""
    return speak(_texts()[key], house, spoken(), **values)
