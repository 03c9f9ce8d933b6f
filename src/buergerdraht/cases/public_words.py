"""The words of the public pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.texts import speak


@cache
def _texts() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "public.yaml").read_text("utf-8"))
    return loaded


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    return speak(_texts()[key], organisation, language, **values)
