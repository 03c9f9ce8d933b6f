"""Cases as maps draw them: in a box, as many as can be drawn, gathered by the database. GeoJSON (RFC 7946), longitude first.

A screen of 1280 by 800 pixels holds some 250 squares of 64 pixels, and so an answer has that many features for ten cases as for 200,000.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from django.db.models import Count, F, Max, Min, QuerySet
from django.db.models.functions import Floor
from shapely.geometry import mapping as as_json

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import ground
from buergerdraht.cases.models import Case, Shape

Feature = dict[str, Any]
WORLD = 512  # pixels across at zoom 0, as MapLibre has it
SQUARE, MOST = 64, 700  # pixels of a square that is one cluster; squares of an answer
SPOT, MOST_SPOTS = 16, 6_000  # the same for heat
LINES = 10_000_000.0  # more than there can be between the poles
FINE = 0.0003  # degrees an outline may differ from the one that was entered


class Unreadable(ValueError):
    """A box that is none."""


@dataclass(frozen=True)
class Box:
    """What a screen shows, in degrees; `zoom` as MapLibre counts it."""

    west: float
    south: float
    east: float
    north: float
    zoom: float

    @property
    def size(self) -> tuple[float, float]:
        return self.east - self.west, self.north - self.south


def read(box: str, zoom: str) -> Box:
    """Read "west,south,east,north" and a zoom. Raises Unreadable."""
    try:
        west, south, east, north = (float(part) for part in box.split(","))
        level = float(zoom or 0)
    except ValueError as problem:
        raise Unreadable("bbox") from problem
    if not all(map(math.isfinite, (west, south, east, north, level))) or west > east or south > north:
        raise Unreadable("bbox")
    inside = (max(west, -180.0), max(south, -85.0), min(east, 180.0), min(north, 85.0))
    return Box(*inside, zoom=min(max(level, 0.0), 22.0))


def within(rows: QuerySet[Case], box: Box) -> QuerySet[Case]:
    """Keep those in the box that a map may show: confidential ones are on none, not even for their people."""
    return rows.filter(
        confidential=False, latitude__range=(box.south, box.north), longitude__range=(box.west, box.east)
    )  # fmt: skip


def clusters(rows: QuerySet[Case], box: Box, show: Callable[[Case], dict[str, Any]]) -> Feature:
    """Gather cases of a box by squares. A square with one case is that case, with what `show` says of it; others say how many."""
    squares = _squares(rows, box, SQUARE, MOST)
    alone = [square["one"] for square in squares if square["number"] == 1]
    cases = Case.objects.filter(pk__in=alone).select_related("category").defer("text", "answers", "reporter").in_bulk()
    return collection(_square(square, cases, show) for square in squares)


def _square(square: dict[str, Any], cases: dict[int, Case], show: Callable[[Case], dict[str, Any]]) -> Feature:
    west, south, east, north = (square[side] for side in ("west", "south", "east", "north"))
    case = cases.get(square["one"]) if square["number"] == 1 else None
    if case is not None:
        return point(west, south, show(case))
    return point((west + east) / 2, (south + north) / 2, {"count": square["number"]}) | {"bbox": [west, south, east, north]}


def heat(rows: QuerySet[Case], box: Box) -> Feature:
    """Say where how many are, in small squares, and nothing else of them."""
    squares = _squares(rows, box, SPOT, MOST_SPOTS)
    return collection(
        point((each["west"] + each["east"]) / 2, (each["south"] + each["north"]) / 2, {"count": each["number"]}) for each in squares
    )


def _squares(rows: QuerySet[Case], box: Box, pixels: int, most: int) -> list[dict[str, Any]]:
    wide, high = _steps(box, pixels, most)
    # One number for both: of two the database expects so many groups that it sorts all rows on disk first.
    square = Floor(F("longitude") / wide) * LINES + Floor(F("latitude") / high)
    squares = (
        within(rows, box)
        .order_by()
        .values(square=square)
        .annotate(
            number=Count("pk"), one=Min("pk"),
            west=Min("longitude"), east=Max("longitude"), south=Min("latitude"), north=Max("latitude"),
        )[:most]
    )  # fmt: skip
    return [dict(square) for square in squares]


def _steps(box: Box, pixels: int, most: int) -> tuple[float, float]:
    """How wide and high a square is, in degrees: as the zoom wants it, coarser where the box would hold too many."""
    wide = 360 / (WORLD * 2**box.zoom) * pixels
    flat = max(math.cos(math.radians((box.south + box.north) / 2)), 0.05)
    across, up = box.size
    while (across / wide + 2) * (up / (wide * flat) + 2) > most:
        wide *= 1.25
    return wide, wide * flat


def districts(rows: QuerySet[Case], organisation: Organisation) -> Feature:
    """Draw the outlines of the districts, each with its name and how many of the cases lie in it."""
    shapes = Shape.objects.filter(district__organisation=organisation).select_related("district")
    found = rows.filter(confidential=False, district__isnull=False).order_by().values_list("district").annotate(number=Count("pk"))
    counted: Counter[int] = Counter(dict(found))
    return collection(
        {
            "type": "Feature",
            "geometry": _outline(msgspec.json.encode(shape.area)),
            "properties": {"id": shape.district_id, "name": shape.district.name, "count": counted[shape.district_id]},
        }
        for shape in shapes
        if _outline(msgspec.json.encode(shape.area))
    )


@lru_cache(maxsize=1_000)
def _outline(area: bytes) -> Feature | None:
    """An outline with no more corners than can be seen."""
    try:
        found: Feature = as_json(ground.read(msgspec.json.decode(area)).simplify(FINE))
    except ground.Unreadable:
        return None
    return found


def point(longitude: float, latitude: float, properties: dict[str, Any]) -> Feature:
    geometry = {"type": "Point", "coordinates": [round(longitude, 6), round(latitude, 6)]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(features: Iterable[Feature]) -> Feature:
    return {"type": "FeatureCollection", "features": list(features)}
