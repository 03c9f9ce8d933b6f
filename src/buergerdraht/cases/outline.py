"""Outlines as a drawing: paths of an SVG, made here, so that no map has to be fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any

from shapely.geometry.base import BaseGeometry

from buergerdraht.cases import ground

WIDTH = 480.0
FINE = 0.4  # of a unit: finer is not drawn


@dataclass(frozen=True)
class Line:
    css: str
    path: str
    name: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Drawing:
    """`west` to `north` are the extent in degrees."""

    height: float
    lines: list[Line]
    west: float
    south: float
    east: float
    north: float

    @property
    def box(self) -> str:
        return f"0 0 {WIDTH:.0f} {self.height:.0f}"


def draw(shapes: Sequence[tuple[str, str, Any]]) -> Drawing | None:
    """Draw (css, name, geometry); those that cannot be read are left out. None: there is nothing to draw."""
    read = []
    for css, name, geometry in shapes:
        try:
            read.append((css, name, ground.read(geometry)))
        except ground.Unreadable:
            continue
    if not read:
        return None
    boxes = [shape.bounds for _css, _name, shape in read]
    west, south = min(box[0] for box in boxes), min(box[1] for box in boxes)
    east, north = max(box[2] for box in boxes), max(box[3] for box in boxes)
    across = cos(radians((south + north) / 2))
    scale = (WIDTH - 16) / max((east - west) * across, north - south, 1e-9)

    def place(longitude: float, latitude: float) -> tuple[float, float]:
        return 8 + (longitude - west) * across * scale, 8 + (north - latitude) * scale

    lines = []
    for css, name, shape in read:
        middle = shape.representative_point()
        x, y = place(middle.x, middle.y)
        slim = shape.simplify(FINE / scale)
        lines.append(Line(css, _path(slim, place), name, round(x, 1), round(y, 1)))
    return Drawing(16 + (north - south) * scale, lines, west, south, east, north)


def _path(shape: BaseGeometry, place: Any) -> str:
    parts = list(getattr(shape, "geoms", [shape]))
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return " ".join(_ring(ring.coords, place) for ring in rings)


def _ring(points: Iterable[Sequence[float]], place: Any) -> str:
    spots = [place(point[0], point[1]) for point in points]
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in spots) + " Z"
