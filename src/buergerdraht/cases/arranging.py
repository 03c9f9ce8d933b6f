"""The verbs of setting up: the area and what lies in it and beyond, the houses, who stands in for whom. Whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import ground
from buergerdraht.cases.models import Deputy, Doorway, Ground, Shape
from buergerdraht.contacts.models import District

SETTINGS = ("latitude", "longitude", "zoom", "style", "public", "original_days")
MOST_NEIGHBOURS = 60
BATCH = 5_000


def _locked(organisation: Organisation) -> Ground:
    ground.of(organisation)
    return Ground.objects.select_for_update().get(organisation=organisation)


@transaction.atomic
def change_ground(organisation: Organisation, values: Mapping[str, Any], *, operator: Operator | None) -> None:
    """Set where maps begin, what they are drawn from, whether citizens see them, and how long originals stay."""
    row = _locked(organisation)
    for name in SETTINGS:
        setattr(row, name, values[name])
    row.save(update_fields=list(SETTINGS))
    audit.record(organisation, "cases.change_ground", operator=operator, public=row.public, original_days=row.original_days)


@transaction.atomic
def set_area(organisation: Organisation, area: Mapping[str, Any] | None, *, operator: Operator | None) -> None:
    """Draw the area where we are responsible, and begin maps in its middle; None: everywhere."""
    row = _locked(organisation)
    row.area = dict(area) if area is not None else None
    if area is not None:
        middle = ground.read(area).representative_point()
        row.latitude, row.longitude = round(middle.y, 6), round(middle.x, 6)
    row.save(update_fields=["area", "latitude", "longitude"])
    audit.record(organisation, "cases.set_area", operator=operator, drawn=area is not None)


@transaction.atomic
def set_shapes(shapes: Mapping[District, Mapping[str, Any]], *, organisation: Organisation, operator: Operator | None) -> None:
    """Give districts of ours their outlines; the others keep theirs."""
    for district, area in shapes.items():
        if district.organisation_id == organisation.pk:
            Shape.objects.update_or_create(district=district, defaults={"area": dict(area)})
    audit.record(organisation, "cases.set_shapes", operator=operator, districts=sorted(each.pk for each in shapes))


@transaction.atomic
def add_neighbour(organisation: Organisation, neighbour: Mapping[str, Any], *, operator: Operator | None) -> bool:
    """Add who is responsible beyond our border. Returns False where there are too many."""
    row = _locked(organisation)
    if len(row.neighbours) >= MOST_NEIGHBOURS:
        return False
    row.neighbours = sorted([*row.neighbours, dict(neighbour)], key=lambda each: str(each.get("name", "")).casefold())
    row.save(update_fields=["neighbours"])
    audit.record(organisation, "cases.add_neighbour", operator=operator)
    return True


@transaction.atomic
def part_with(organisation: Organisation, place: int, *, operator: Operator | None) -> bool:
    """Take a neighbour out, by its place in the list."""
    row = _locked(organisation)
    if place >= len(row.neighbours):
        return False
    row.neighbours = row.neighbours[:place] + row.neighbours[place + 1 :]
    row.save(update_fields=["neighbours"])
    audit.record(organisation, "cases.part_with_neighbour", operator=operator)
    return True


@transaction.atomic
def bring_houses(organisation: Organisation, houses: Iterable[Doorway], *, afresh: bool, operator: Operator | None) -> int:
    """Keep houses; one that is known moves to where it is said to be now. `afresh`: only these remain. Returns how many."""
    rows = list(houses)
    if afresh:
        Doorway.objects.filter(organisation=organisation).delete()
    Doorway.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["organisation", "plain"],
        update_fields=["street", "number", "latitude", "longitude"], batch_size=BATCH,
    )  # fmt: skip
    audit.record(organisation, "cases.bring_houses", operator=operator, number=len(rows), afresh=afresh)
    return len(rows)


@transaction.atomic
def stand_in(row: Deputy, *, operator: Operator) -> Deputy:
    """Say who stands in for somebody."""
    row.save()
    audit.record(row.organisation, "cases.stand_in", operator=operator, subject=f"operator:{row.operator_id}", deputy=row.deputy_id)
    return row


@transaction.atomic
def end_deputy(row: Deputy, *, operator: Operator) -> None:
    """Let nobody stand in any more."""
    audit.record(row.organisation, "cases.end_deputy", operator=operator, subject=f"operator:{row.operator_id}", deputy=row.deputy_id)
    row.delete()
