"""Service discovery: which authorities take reports here, and where (Service Discovery of Open311)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from buergerdraht.accounts.models import AuditEntry, Organisation
from buergerdraht.cases.open311.calls import Call
from buergerdraht.cases.open311.shapes import TYPES
from buergerdraht.cases.open311.words import say

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGES = ("cases.put_categories", "cases.save_category", "cases.order_categories", "cases.remove_category")
KEPT = 60  # seconds
MOST = 1000


def discovery(call: Call) -> dict[str, Any]:
    """List the endpoints: one for each authority, so that none needs a jurisdiction_id; of one alone where it is named."""
    if call.jurisdiction or call.one("jurisdiction_id"):
        houses = [call.house()]
    else:
        houses = list(Organisation.objects.filter(ground__public=True).order_by("name", "pk")[:MOST])
    changes = [_changed(house) for house in houses]
    return {
        "changeset": max(changes, default="1970-01-01T00:00:00Z"),
        "contact": _said("contact", houses),
        "key_service": _said("key_service", houses),
        "endpoints": [
            {
                "specification": SPECIFICATION, "url": f"{settings.PUBLIC_URL}/open311/{house.slug}/v2", "changeset": changed,
                "type": "production", "formats": [kind.partition(";")[0] for kind in TYPES.values()],
            }
            for house, changed in zip(houses, changes, strict=True)
        ],
    }  # fmt: skip


def _said(key: str, houses: list[Organisation]) -> str:
    return " ".join(dict.fromkeys(say(house, key, link=_link(house)) for house in houses)) or settings.PUBLIC_URL


def _link(house: Organisation) -> str:
    return house.website or f"{settings.PUBLIC_URL}{reverse('reports:list', args=[house.slug])}"


def _changed(house: Organisation) -> str:
    """When what can be reported was last changed: sortable, so in UTC."""
    key = f"open311-changeset-{house.pk}"
    if (known := cache.get(key)) is not None:
        return str(known)
    rows = AuditEntry.objects.filter(organisation=house, action__in=CHANGES).order_by("-number")
    at: datetime = rows.values_list("at", flat=True).first() or house.created_at
    said = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    cache.set(key, said, KEPT)
    return said
