"""Words of ours that fit a step, to begin an answer with: offered, edited by a person, never sent by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.texts import speak

ANSWER = "answer"  # beside the states, what is said without one


@dataclass(frozen=True)
class Proposal:
    """`key` names it in a form; `state` is the step it fits, or ANSWER."""

    key: str
    state: str
    text: str


@cache
def _texts() -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "proposals.yaml").read_text("utf-8"))
    return loaded


def of(organisation: Organisation, state: str, language: str = "de") -> list[Proposal]:
    """List what may be said of a state, in Sie or Du as the authority speaks."""
    rows = _texts().get(state, ())
    return [Proposal(f"{state}-{place}", state, speak(row, organisation, language)) for place, row in enumerate(rows)]


def text(organisation: Organisation, key: str, language: str = "de") -> str:
    """Give a proposal's text by its key; "" where there is none."""
    state, _dash, _place = key.rpartition("-")
    return next((each.text for each in of(organisation, state, language) if each.key == key), "")


def translated(organisation: Organisation, words: str, language: str) -> str:
    """Give words that a person took over unchanged in a follower's language; their own words stay as they are."""
    for row in (row for rows in _texts().values() for row in rows):
        if speak(row, organisation, organisation.language) == words.strip():
            return speak(row, organisation, language)
    return words
