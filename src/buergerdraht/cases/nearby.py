"""Open cases that may be the same: one category, within its radius and time."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import asin, cos, degrees, radians, sin, sqrt

from buergerdraht.cases.models import Case, Category

EARTH = 6_371_000.0  # metres
MOST = 3


def alike(category: Category, latitude: float, longitude: float, *, now: datetime) -> list[Case]:
    """Find open cases of a category near a point, the nearest first. Confidential ones are nobody's business."""
    if not category.radius:
        return []
    high = degrees(category.radius / EARTH)
    wide = high / max(cos(radians(latitude)), 0.01)
    rows = Case.objects.filter(
        organisation=category.organisation_id, category=category, state__in=Case.OPEN, confidential=False,
        latitude__range=(latitude - high, latitude + high), longitude__range=(longitude - wide, longitude + wide),
        received_at__gte=now - timedelta(days=category.alike_days),
    ).select_related("category")  # fmt: skip
    far = [(metres(latitude, longitude, row.latitude or 0.0, row.longitude or 0.0), row) for row in rows]
    return [row for distance, row in sorted(far, key=lambda each: (each[0], each[1].pk)) if distance <= category.radius][:MOST]


def metres(latitude: float, longitude: float, other: float, across: float) -> float:
    """The distance of two points on the globe, by haversine."""
    up, side = radians(other - latitude) / 2, radians(across - longitude) / 2
    part = sin(up) ** 2 + cos(radians(latitude)) * cos(radians(other)) * sin(side) ** 2
    return 2 * EARTH * asin(sqrt(min(1.0, part)))
