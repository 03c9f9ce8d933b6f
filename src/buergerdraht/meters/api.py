"""What citizens read on their meters, for the system that writes the bills. It reads; settling and handing on are done at the desk."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.paging import Moment, Number, Page, Paging, Text, page
from buergerdraht.conversations import sight
from buergerdraht.meters import actions
from buergerdraht.meters.models import MeterReading

router = Router(tags=["meters"])
State = Literal["confirmed", "doubtful", "checked", "refused", "exported"]
Kind = Literal["water", "gas", "electricity", "heat"]


class ReadingShown(Schema):
    """A value a citizen confirmed. `reasons`: why it was doubtful (lower, much, same, digits)."""

    id: int
    kind: Kind
    number: str = Field(description="Of the meter, as the citizen gave it, without what stands between its signs.")
    known: bool = Field(description="Whether the meter is among those brought in.")
    value: str = Field(description="In m³ (water, gas) or kWh (electricity, heat), with a point and three places: 1234.500.")
    read_on: date
    state: State
    reasons: list[str]
    photo: bool = Field(description="Whether a picture is kept as proof; it stays in the console.")
    contact: int | None
    exported_at: datetime | None
    created_at: datetime


class ReadingsWanted(Paging):
    kind: Kind | None = None
    state: State | None = None
    contact: Number | None = None
    number: Text | None = Field(None, min_length=1, max_length=60, description="Of the meter, however it is written.")
    received_since: Moment | None = None


@router.get("/readings", auth=needs("meters:read"), response=Page[ReadingShown], operation_id="readings")
def readings(request: ApiRequest, wanted: Query[ReadingsWanted]) -> dict[str, Any]:
    """List the values that fit."""
    rows = _visible(request).select_related("photo")
    for name in ("kind", "state", "contact"):
        if (value := getattr(wanted, name)) is not None:
            rows = rows.filter(**{name: value})
    if wanted.number is not None:
        rows = rows.filter(number_hash=actions.key(request.organisation, wanted.number)) if actions.plain(wanted.number) else rows.none()
    if wanted.received_since:
        rows = rows.filter(created_at__gte=wanted.received_since)
    return page(request, rows, wanted, _reading)


@router.get("/readings/{int:reading}", auth=needs("meters:read"), response=ReadingShown, operation_id="reading")
def one(request: ApiRequest, reading: Path[Number]) -> ReadingShown:
    """Show a value."""
    return _reading(get_object_or_404(_visible(request).select_related("photo"), pk=reading))


def _visible(request: ApiRequest) -> QuerySet[MeterReading]:
    """The values of people whose thread a token may see."""
    rows = MeterReading.objects.filter(organisation=request.organisation)
    return rows.filter(sight.beside(request.organisation, list(request.token.teams.values_list("pk", flat=True))))


def _reading(row: MeterReading) -> ReadingShown:
    return ReadingShown(
        id=row.pk, kind=row.kind, number=row.number, known=row.meter_id is not None, value=f"{row.value:.3f}",  # type: ignore[arg-type]
        read_on=row.read_on, state=row.state, reasons=row.reasons, photo=row.photo is not None and row.photo.state == "ready",  # type: ignore[arg-type]
        contact=row.contact_id, exported_at=row.export, created_at=row.created_at,
    )  # fmt: skip
