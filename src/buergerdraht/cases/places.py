"""What a typed street and number mean on the map: houses the authority knows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases.models import Doorway
from buergerdraht.contacts.words import plain

NEAR = 85  # of 100
MOST = 5
STREET = re.compile(r"\b(?:str|strasse)\b|(?<=\w)(?:str|strasse)\b")


@dataclass(frozen=True)
class Spot:
    """A place as it is shown, and where it is on the map, if we know."""

    name: str
    latitude: float | None = None
    longitude: float | None = None


def folded(text: str) -> str:
    """Fold an address so that its ways of writing are one: "Hauptstr. 12a" is "hauptstrasse 12a"."""
    words = re.sub(r"(?<=\d) (?=[a-z]\b)", "", plain(text))
    return re.sub(r"str(?:asse)?\b", "strasse", words)


def find(organisation: Organisation, text: str) -> list[Spot]:
    """Find the houses, else the streets, that a text may mean: exact ones first, then those a slip away. None known: none."""
    said = folded(text)
    if not said:
        return []
    rows = Doorway.objects.filter(organisation=organisation)
    exact = rows.filter(plain=said).first()
    if exact is not None:
        return [_spot(exact)]
    street, number = _parted(said)
    known = {folded(name): name for name in rows.values_list("street", flat=True).distinct()}
    near = process.extract(street, list(known), scorer=fuzz.ratio, score_cutoff=NEAR, limit=MOST)
    found: list[Spot] = []
    for plain_street, score, _place in near:
        if score == 100 or not found:
            found += _in_street(organisation, known[plain_street], number)
    return found[:MOST]


def _in_street(organisation: Organisation, street: str, number: str) -> list[Spot]:
    """The house itself; where the authority does not know the number, the middle of the street under the number that was said."""
    rows = Doorway.objects.filter(organisation=organisation, street=street)
    row = rows.filter(plain=folded(f"{street} {number}")).first() if number else None
    if row is not None:
        return [_spot(row)]
    middle = rows.order_by("number", "pk").first()
    name = f"{street} {number}".strip()
    return [Spot(name, middle.latitude, middle.longitude)] if middle else []


def _parted(said: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.*?\D)\s*(\d+[a-z]?(?: \d+[a-z]?)?)?", said)
    return (found[1].strip(), found[2] or "") if found else (said, "")


def _spot(row: Doorway) -> Spot:
    return Spot(f"{row.street} {row.number}".strip(), row.latitude, row.longitude)
