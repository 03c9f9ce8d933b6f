"""Words of ours that fit a step, to begin an answer with: offered, edited by a person, never sent by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.wording.shelves import shelf

ANSWER = "answer"  # beside the states, what is said without one


@dataclass(frozen=True)
class Proposal:
    """`key` names it in a form; `state` is the step it fits, or ANSWER."""

    key: str
    state: str
    text: str


def _read() -> dict[str, Any]:
    loaded: dict[str, list[Any]] = yaml.safe_load((Path(__file__).parent / "proposals.yaml").read_text("utf-8"))
    return {f"{state}-{place}": row for state, rows in loaded.items() for place, row in enumerate(rows)}


SHELF = shelf("proposals", _("Vorschläge zum Stand eines Anliegens"), _read)


def of(organisation: Organisation, state: str, language: str = "de") -> list[Proposal]:
    """List what may be said of a state, in Sie or Du as the authority speaks."""
    keys = [key for key in SHELF.everything if key.rpartition("-")[0] == state]
    return [Proposal(key, state, SHELF.say(organisation, language, key)) for key in keys]


def text(organisation: Organisation, key: str, language: str = "de") -> str:
    """Give a proposal's text by its key; "" where there is none."""
    state, _dash, _place = key.rpartition("-")
    return next((each.text for each in of(organisation, state, language) if each.key == key), "")


def translated(organisation: Organisation, words: str, language: str) -> str:
    """Give words that a person took over unchanged in a follower's language; their own words stay as they are."""
    for key in SHELF.everything:
        if SHELF.say(organisation, organisation.language, key) == words.strip():
            return SHELF.say(organisation, language, key)
    return words
