"""The words of the citizens' pages: by language (also Leichte Sprache), and in German by Sie or Du."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.wording.shelves import shelf

HERE = Path(__file__).parent


@cache
def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / f"{name}.yaml").read_text("utf-8"))
    return loaded


def _ways() -> dict[str, Any]:
    return {f"{kind}.{what}": versions for kind, said in load("ways").items() for what, versions in said.items()}


# Who reads a page in a language we do not have is no reader of German: English.
SHELF = shelf("website", _("Internetseite"), HERE / "words.yaml", foreign="en")
WAYS = shelf("ways", _("Was jeder Messenger bedeutet"), _ways, foreign="en")


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    """Say one of our sentences in the language of the page; Leichte Sprache falls back to German, every other to English."""
    return SHELF.say(organisation, language, key, **values)


def pick(texts: Mapping[str, str], language: str, first: str = "de") -> str:
    """Choose among an authority's own texts: the language of the page, else its near one, else the first there is."""
    near = ["de"] if language == "de-simple" else ["en"] if language not in {"de", "en"} else []
    return next((texts[each] for each in (language, *near, first, *texts) if texts.get(each)), "")
