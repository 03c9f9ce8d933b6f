"""Where the authority is responsible: is a point inside, in which district, and whose is it otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from shapely import from_geojson, prepare
from shapely.errors import GEOSException
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases.models import Ground, Shape
from buergerdraht.contacts.models import District


@dataclass(frozen=True)
class Neighbour:
    """Who is responsible beyond our border. `ars` is the official regional key (Amtlicher Regionalschlüssel)."""

    name: str
    ars: str = ""
    link: str = ""


class Unreadable(ValueError):
    """A shape that is no polygon; the text says why."""


def read(geometry: Any) -> BaseGeometry:
    """Read a GeoJSON Polygon or MultiPolygon (RFC 7946). Raises Unreadable."""
    try:
        shape: BaseGeometry = from_geojson(msgspec.json.encode(geometry))
    except (GEOSException, TypeError, msgspec.EncodeError) as problem:
        raise Unreadable("Das ist keine Fläche in GeoJSON.") from problem
    if shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty or not shape.is_valid:
        raise Unreadable("Die Fläche muss ein Polygon sein, das sich nicht selbst schneidet.")
    return shape


@lru_cache(maxsize=2_000)
def _prepared(text: bytes) -> BaseGeometry:
    """A shape made ready to be asked often; by its own text, so that a change is another one."""
    shape = read(msgspec.json.decode(text))
    prepare(shape)
    return shape


def holds(geometry: Any, latitude: float, longitude: float) -> bool:
    """Say whether a shape holds a point; its border belongs to it. One that cannot be read holds nothing."""
    try:
        return bool(_prepared(msgspec.json.encode(geometry)).intersects(Point(longitude, latitude)))
    except Unreadable:
        return False


def of(organisation: Organisation) -> Ground:
    found, _made = Ground.objects.get_or_create(organisation=organisation)
    return found


def inside(organisation: Organisation, latitude: float, longitude: float) -> bool:
    """Say whether a point is ours; where no area was drawn, everywhere is."""
    area = Ground.objects.filter(organisation=organisation).values_list("area", flat=True).first()
    return area is None or holds(area, latitude, longitude)


def neighbour(organisation: Organisation, latitude: float, longitude: float) -> Neighbour | None:
    """Name whose a point is that is not ours, as far as the authority entered its neighbours."""
    rows = Ground.objects.filter(organisation=organisation).values_list("neighbours", flat=True).first() or []
    found = next((row for row in rows if holds(row.get("area"), latitude, longitude)), None)
    return Neighbour(found["name"], found.get("ars", ""), found.get("link", "")) if found else None


def district_of(organisation: Organisation, latitude: float, longitude: float) -> District | None:
    rows = Shape.objects.filter(district__organisation=organisation).select_related("district").order_by("district__name")
    return next((row.district for row in rows if holds(row.area, latitude, longitude)), None)
