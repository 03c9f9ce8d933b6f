"""What every dialog says by itself, in the citizen's language and the organisation's form of address."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def _texts() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "texts.yaml").read_text("utf-8"))
    return loaded


def ours(key: str, language: str, form: str, **values: str) -> str:
    """Give a sentence of the house; whoever speaks neither German nor a language we have hears English."""
    texts = _texts()[key]
    text = texts.get(language) or texts.get(language.split("-")[0]) or texts["en"]
    if isinstance(text, Mapping):
        text = text.get(form) or text.get("sie") or next(iter(text.values()))
    return str(text).format(**values) if values else str(text)


def files(number: int, language: str) -> str:
    texts = _texts()["got_files"]
    forms = texts.get(language) or texts["en"]
    return str(forms["one"] if number == 1 else forms["many"].format(number=number))
