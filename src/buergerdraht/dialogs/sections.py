"""Ready-made sections of a dialog: a few steps that belong together, in German and English, to be put between others (ready/*.yaml)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import get_language

from buergerdraht.dialogs.knowing import House

FOLDER = Path(__file__).with_name("ready")
LANGUAGES = frozenset({"de", "en"})
FORMS = frozenset({"sie", "du"})
STREETS = ("street", "strasse", "straße")  # what the column of a list of streets is called


@dataclass(frozen=True)
class Section:
    """A few steps that belong together. Their texts are {language: words}, German ones {sie, du} where that makes a difference."""

    key: str
    icon: str
    titles: Mapping[str, str]
    helps: Mapping[str, str]
    steps: Sequence[Mapping[str, Any]]

    @property
    def title(self) -> str:
        return self.titles[_seen()]

    @property
    def help(self) -> str:
        return self.helps[_seen()]


@cache
def sections() -> dict[str, Section]:
    """Every section by its key, in the order in which they are shown."""
    read = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FOLDER.glob("*.yaml")}
    return {
        key: Section(key, each["icon"], each["title"], each["help"], each["steps"])
        for key, each in sorted(read.items(), key=lambda pair: int(pair[1]["number"]))
    }


def steps(section: Section, languages: Sequence[str], house: House) -> list[dict[str, Any]]:
    """Give the steps as a dialog in these languages has them. What must name something of the house names the first that fits."""
    found = [_spoken(in_form(each, house.organisation.address_form), languages) for each in section.steps]
    for step in found:
        if step["kind"] == "book":
            step["offer"] = next(iter(house.offers), "fehlt")
        if step.get("want") == "street" and (streets := _streets(house)):
            step["check"] = {"table": streets[0], "column": streets[1]}
    return found


def _streets(house: House) -> tuple[str, str] | None:
    return next(((key, column) for key, (_title, columns) in house.tables.items() for column in columns if column in STREETS), None)


def in_form(found: Any, form: str) -> Any:
    """Put the one form of address in the place of every {sie, du}, however deep."""
    if isinstance(found, Mapping):
        if set(found) == FORMS:
            return found["du" if form == "du" else "sie"]
        return {key: in_form(value, form) for key, value in found.items()}
    return [in_form(each, form) for each in found] if isinstance(found, list) else found


def _spoken(found: Any, languages: Sequence[str]) -> Any:
    """Every text in the languages of a dialog; one that speaks neither German nor English gets the English words to translate."""
    if isinstance(found, Mapping):
        if found and set(found) <= LANGUAGES:
            kept = {each: found[base] for each in languages if (base := each.split("-")[0]) in found}
            return kept or {languages[0]: found.get("en", found["de"])}
        return {key: _spoken(value, languages) for key, value in found.items()}
    return [_spoken(each, languages) for each in found] if isinstance(found, list) else found


def _seen() -> str:
    """The language of whoever looks."""
    return "de" if (get_language() or "de").startswith("de") else "en"
