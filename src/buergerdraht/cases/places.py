"""What a typed street and number mean on the map: houses the authority knows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import nearby
from buergerdraht.cases.models import Doorway
from buergerdraht.contacts.words import plain

NEAR = 85  # of 100
MOST = 5
CLOSE = 40.0  # metres within which a house gives a point its name


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
    if near and near[0][1] == 100:
        near = near[:1]
    found = [spot for plain_street, _score, _place in near for spot in _in_street(organisation, known[plain_street], number)]
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


def near(organisation: Organisation, latitude: float, longitude: float) -> str:
    """Name the house at a point, if the authority knows one close by."""
    high, wide = CLOSE / 111_000, CLOSE / 65_000
    rows = Doorway.objects.filter(
        organisation=organisation, latitude__range=(latitude - high, latitude + high), longitude__range=(longitude - wide, longitude + wide)
    )
    far = [(nearby.metres(latitude, longitude, row.latitude, row.longitude), row) for row in rows[:200]]
    closest = min(far, key=lambda each: each[0], default=None)
    return f"{closest[1].street} {closest[1].number}".strip() if closest and closest[0] <= CLOSE else ""
