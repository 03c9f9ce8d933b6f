"""What an authority says and what we say, side by side; how far a language is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from buergerdraht.accounts.languages import Reach
from buergerdraht.accounts.models import Organisation
from buergerdraht.wording import checking
from buergerdraht.wording.shelves import SHELVES, SLOT, Shelf, fits, in_form, needed, own_texts

MISSING, OWN = "fehlt", "eigene"  # what a list can be narrowed to
EXAMPLES = {
    "topics": "Verkehr und Baustellen", "until": "24.12.2026", "day": "Dienstag, 1.12.", "when": "Dienstag, 1.12., 18:00 Uhr",
    "number": "2026-00042", "category": "Schlagloch", "place": "Marktplatz 1", "title": "Bürgermeisterin", "code": "K7M2",
    "url": "https://stadt.example/k/7", "link": "https://stadt.example/k/7", "days": "5", "minutes": "10", "ahead": "3", "most": "10",
    "least": "2", "body": "Kreis Beispielland", "here": "Signal", "there": "Telegram", "names": "Signal, Telegram", "name": "Foto 1",
    "phone": "110", "clock": "18:00", "host": "Kim Beispiel", "example": "Signal, Telegram",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One sentence in one language. `ours` is "" where we do not have it; `german` is what it says."""

    shelf: Shelf
    key: str
    german: str
    ours: str
    own: str

    @property
    def name(self) -> str:
        return f"{self.shelf.name}/{self.key}"

    @property
    def missing(self) -> bool:
        return not (self.ours or (self.own and not self.outdated))

    @property
    def outdated(self) -> bool:
        """Our sentence says more since an update: theirs is not said until it does, too."""
        return bool(self.own) and not fits(self.shelf.name, self.key, self.own)

    @property
    def slots(self) -> list[str]:
        versions = self.shelf.open[self.key]
        return [f"{{{each}}}" for each in sorted(needed(versions))]


def lines(organisation: Organisation, language: str, shelves: Iterable[Shelf] = ()) -> Iterator[Line]:
    """Give every sentence that can be put in own words, in the order of its room."""
    own = own_texts(organisation, language)
    for shelf in shelves or SHELVES.values():
        for key, versions in shelf.open.items():
            german, ours = versions.get("de", ""), versions.get(language, "")
            yield Line(shelf, key, in_form(german, organisation), in_form(ours, organisation), own.get((shelf.name, key), ""))


def narrowed(found: Iterable[Line], only: str, words: str) -> list[Line]:
    """Keep what is asked for: missing ones, own ones, those that say something."""
    said = words.casefold()
    return [
        line
        for line in found
        if (only != MISSING or line.missing)
        and (only != OWN or line.own)
        and (not said or any(said in each.casefold() for each in (line.name, line.german, line.ours, line.own)))
    ]


@dataclass(frozen=True)
class Count:
    there: int
    total: int

    @property
    def percent(self) -> int:
        """Rounded down: whole only where nothing is missing."""
        return self.there * 100 // self.total if self.total else 100


def count(organisation: Organisation, language: str, shelves: Iterable[Shelf] = ()) -> Count:
    """Count the sentences that a reader of the language gets in it."""
    own = own_texts(organisation, language)
    there = total = 0
    for shelf in shelves or SHELVES.values():
        total += len(shelf.open)
        there += sum(language in versions or fits(shelf.name, key, own.get((shelf.name, key), "")) for key, versions in shelf.open.items())
    return Count(there, total)


def lacking(organisation: Organisation, language: str) -> int:
    """Count what is missing of the sentences without which no language may be offered in a messenger."""
    found = count(organisation, language, [shelf for shelf in SHELVES.values() if shelf.basic])
    return found.total - found.there


def reach(organisation: Organisation, language: str) -> Reach:
    """Say how far a language is. Leichte Sprache is German: what is missing of it comes in German, so nothing keeps it back."""
    found = count(organisation, language)
    words = "" if found.there == found.total else _("%(there)s von %(total)s Sätzen") % {"there": found.there, "total": found.total}
    return Reach(0 if "-" in language else lacking(organisation, language), words)


def preview(organisation: Organisation, line: Line, text: str) -> str:
    """Fill a sentence with examples."""
    known = checking.allowed(line.shelf.open[line.key])
    values = {name: EXAMPLES.get(name, "…") for name in known} | {
        "organisation": organisation.name,
        "privacy_url": "https://stadt.example/datenschutz",
    }
    return SLOT.sub(lambda slot: values.get(slot[1], slot[0]), text)
