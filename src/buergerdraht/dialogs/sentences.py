"""What every dialog says by itself, in the citizen's language and the organisation's form of address."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from buergerdraht.wording.shelves import shelf

SHELF = shelf("dialogs", _("Dialoge"), Path(__file__).parent / "texts.yaml", foreign="en")


def _texts() -> Mapping[str, Any]:
    return SHELF.everything


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
