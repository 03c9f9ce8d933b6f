"""Who is meant by an @ in a note: colleagues by their full names, as the completion writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import QuerySet

from buergerdraht.accounts.models import Operator, Organisation

AT = re.compile(r"(?<![\w@.])@")  # not inside an e-mail address


@dataclass(frozen=True, slots=True)
class Mentioned:
    """The people meant, and where their names stand in the text: [start, end] each."""

    people: tuple[Operator, ...]
    marks: tuple[tuple[int, int], ...]


def colleagues(organisation: Organisation) -> QuerySet[Operator]:
    return Operator.objects.filter(memberships__organisation=organisation, is_active=True).order_by("name", "pk")


def find(organisation: Organisation, text: str) -> Mentioned:
    """Read the mentions of a note; where two colleagues have one name, both are meant."""
    if not (places := [found.start() for found in AT.finditer(text)]):
        return Mentioned((), ())
    known = sorted(colleagues(organisation), key=lambda operator: -len(operator.name))
    people: dict[int, Operator] = {}
    marks = []
    for start in places:
        name = next((each.name for each in known if each.name and _stands(text, start + 1, each.name)), "")
        if name:
            marks.append((start, start + 1 + len(name)))
            people |= {each.pk: each for each in known if each.name.lower() == name.lower()}
    return Mentioned(tuple(people.values()), tuple(marks))


def _stands(text: str, at: int, name: str) -> bool:
    after = text[at + len(name) : at + len(name) + 1]
    return text[at : at + len(name)].lower() == name.lower() and not after.isalnum()
