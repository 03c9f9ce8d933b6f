"""What a blueprint brings to be reported: categories, from the set of the house or its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.blueprints.models import SwitchedOn
from buergerdraht.blueprints.pieces import Blueprint, CategoryPiece
from buergerdraht.blueprints.step import Step
from buergerdraht.cases import categories
from buergerdraht.cases.models import Category
from buergerdraht.dialogs.sections import in_form

CONFIDENTIAL = Category.Visibility.CONFIDENTIAL


def steps(organisation: Organisation, blueprint: Blueprint, operator: Operator | None) -> Iterator[Step]:
    """One that was made once is not made again, even when it was thrown away. Confidential ones rest until people are named."""
    switched = SwitchedOn.objects.filter(organisation=organisation, key=blueprint.key).values_list("made", flat=True)
    made = {name for names in switched for name in names}
    there = set(Category.objects.filter(organisation=organisation).values_list("key", flat=True))
    last = len(there)
    for number, piece in enumerate(blueprint.categories):
        name, fields = f"category:{piece.key}", columns(piece, organisation)

        def write(piece: CategoryPiece = piece, fields: dict[str, Any] = fields, position: int = last + number) -> None:
            team = organisation.teams.filter(name=piece.team).first()
            row = Category(organisation=organisation, key=piece.key, position=position, team=team, **fields)
            row.active = row.visibility != CONFIDENTIAL  # nobody would see what comes in
            categories.save(row, operator=operator)

        known = piece.key in there or name in made
        yield Step("category", name, fields["title"]["de"], _detail(fields), None if known else write)


def columns(piece: CategoryPiece, organisation: Organisation) -> dict[str, Any]:
    """Give the columns of Category: those of the set it is like, and over them its own, in the organisation's form of address."""
    base: dict[str, Any] = dict(categories.offered(organisation.address_form)[piece.like]) if piece.like else {}
    own = piece.model_dump(exclude={"key", "like", "team"}, exclude_unset=True)
    found: dict[str, Any] = in_form({**base, **own}, organisation.address_form)
    return found


def _detail(fields: dict[str, Any]) -> str:
    if fields.get("visibility") == CONFIDENTIAL:
        return _("vertraulich; ruht, bis Sie die Personen nennen, die es sehen dürfen")
    if fields.get("refusal"):
        return _("nicht meldbar; sagt, wohin man sich wendet")
    return str(fields.get("description", {}).get("de", ""))
