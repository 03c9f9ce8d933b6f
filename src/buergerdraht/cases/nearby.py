"""What lies near: open cases that may be the same (one category, within its radius and time), and all within a distance."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import asin, cos, degrees, radians, sin, sqrt

from django.db.models import ExpressionWrapper, F, FloatField, QuerySet
from django.db.models.functions import ASin, Cos, Least, Power, Radians, Sin, Sqrt

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


def within(rows: QuerySet[Case], latitude: float, longitude: float, radius: float) -> QuerySet[Case]:
    """Keep what lies within so many metres: a box by the index, then the distance on the globe (haversine)."""
    high = degrees(radius / EARTH)
    wide = min(high / max(cos(radians(latitude)), 0.01), 180.0)
    rows = rows.filter(
        latitude__range=(latitude - high, latitude + high), longitude__range=(longitude - wide, longitude + wide)
    )  # fmt: skip
    up, side = Sin(Radians(F("latitude") - latitude) / 2.0), Sin(Radians(F("longitude") - longitude) / 2.0)
    part = Power(up, 2) + Cos(Radians(F("latitude"))) * cos(radians(latitude)) * Power(side, 2)
    far = ExpressionWrapper(ASin(Least(1.0, Sqrt(part))) * (2 * EARTH), output_field=FloatField())
    return rows.annotate(far=far).filter(far__lte=radius)


def metres(latitude: float, longitude: float, other: float, across: float) -> float:
    """The distance of two points on the globe, by haversine."""
    up, side = radians(other - latitude) / 2, radians(across - longitude) / 2
    part = sin(up) ** 2 + cos(radians(latitude)) * cos(radians(other)) * sin(side) ** 2
    return 2 * EARTH * asin(sqrt(min(1.0, part)))
