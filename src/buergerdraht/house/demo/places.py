"""The ground of Musterstadt: an invented outline over fields in the middle of Germany, six districts, streets with their houses."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, radians
from typing import Any, NamedTuple

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import ground
from buergerdraht.cases.models import Doorway, Shape
from buergerdraht.cases.places import folded
from buergerdraht.contacts.models import District

LATITUDE, LONGITUDE = 51.165, 10.45  # no town is here
DEGREE = 111_195.0  # metres of latitude
HOUSES = 24  # of every street
# Corners in metres east and north of the middle, three rows of four: the districts lie between them.
CORNERS = (
    ((-3100, -2300), (-1100, -2600), (1000, -2400), (3000, -2100)),
    ((-3400, -100), (-1000, -250), (900, 150), (3300, 0)),
    ((-2900, 2300), (-900, 2500), (1100, 2400), (2900, 2200)),
)
STREETS = {
    "Gartenstadt": ("Gartenstraße", "Rosenweg", "Ahornweg"),
    "Südhöhe": ("Höhenweg", "Südring", "Waldstraße"),
    "Hafen": ("Hafenstraße", "Speicherweg", "Kaistraße"),
    "Am Kanal": ("Kanalufer", "Schleusenweg", "Brückenstraße"),
    "Altstadt": ("Marktstraße", "Rathausplatz", "Kirchgasse"),
    "Nordviertel": ("Lindenallee", "Nordring", "Schulstraße"),
}
EAST = {"ars": "059999999002", "name": "Nachbarstadt", "link": "https://www.nachbarstadt.example/melden"}
EAST_CORNERS = ((3000, -2100), (3300, 0), (2900, 2200), (6400, 2400), (6600, -2300))

Point = tuple[float, float]


class House(NamedTuple):
    district: str
    street: str
    number: str
    latitude: float
    longitude: float


def lay(organisation: Organisation) -> list[House]:
    """Give the town its area, its neighbour, the outlines of its districts and the houses it knows."""
    row = ground.of(organisation)
    ring = [*CORNERS[0], CORNERS[1][3], *reversed(CORNERS[2]), CORNERS[1][0]]
    row.area, row.neighbours = _polygon(ring), [{**EAST, "area": _polygon(EAST_CORNERS)}]
    row.latitude, row.longitude, row.zoom, row.public = LATITUDE, LONGITUDE, 13, True
    row.save(update_fields=["area", "neighbours", "latitude", "longitude", "zoom", "public"])
    rows = {each.name: each for each in District.objects.filter(organisation=organisation)}
    Shape.objects.bulk_create(Shape(district=rows[name], area=_polygon(_between(name))) for name in STREETS)
    found = list(houses())
    Doorway.objects.bulk_create(
        Doorway(organisation=organisation, street=each.street, number=each.number, plain=folded(f"{each.street} {each.number}"),
                latitude=each.latitude, longitude=each.longitude)
        for each in found
    )  # fmt: skip
    return found


def houses() -> Iterator[House]:
    """Name every house: three streets cross each district from west to east."""
    for district, streets in STREETS.items():
        south_west, south_east, north_east, north_west = _between(district)
        for line, street in enumerate(streets, 1):
            for number in range(1, HOUSES + 1):
                east, north = 0.12 + 0.76 * number / HOUSES, 0.25 * line + 0.02 * (number % 2)
                low, high = _on(south_west, south_east, east), _on(north_west, north_east, east)
                yield House(district, street, str(number), *_place(_on(low, high, north)))


def _between(district: str) -> tuple[Point, Point, Point, Point]:
    row, column = divmod(list(STREETS).index(district), 3)
    low, high = CORNERS[row], CORNERS[row + 1]
    return low[column], low[column + 1], high[column + 1], high[column]


def _on(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _place(point: Point) -> Point:
    """Latitude and longitude of a point in metres."""
    return round(LATITUDE + point[1] / DEGREE, 6), round(LONGITUDE + point[0] / (DEGREE * cos(radians(LATITUDE))), 6)


def _polygon(corners: Any) -> dict[str, Any]:
    ring = [[longitude, latitude] for latitude, longitude in map(_place, corners)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
