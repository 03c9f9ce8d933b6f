"""The map under the cases: which style, whose it is, and what the page may load for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.middleware import POLICY
from buergerdraht.cases.ground import Unreadable, read
from buergerdraht.cases.models import Ground

# basemap.de Web Vektor by BKG and the surveying authorities, CC BY 4.0: its source must be named on the map.
BASEMAP = "https://sgx.geodatenzentrum.de/gdz_basemapde_vektor/styles/bm_web_col.json"
# What stands on the map itself; on public pages the authority's own words take their place.
WORDS: dict[str, Promise] = {
    "many": gettext_lazy("Meldungen"), "in": gettext_lazy("Vergrößern"), "out": gettext_lazy("Verkleinern"),
    "locate": gettext_lazy("Meinen Standort zeigen"), "nowhere": gettext_lazy("Ihr Standort lässt sich gerade nicht bestimmen."),
    "close": gettext_lazy("Schließen"), "sources": gettext_lazy("Quellen der Karte"),
    "gesture": gettext_lazy("Mit Strg und Mausrad vergrößern"), "gesture-mac": gettext_lazy("Mit ⌘ und Mausrad vergrößern"),
    "fingers": gettext_lazy("Die Karte mit zwei Fingern bewegen"), "pin": gettext_lazy("Ort auf der Karte"),
}  # fmt: skip
HOST = re.compile(r"[\w.-]+(?::\d{1,5})?", re.ASCII)


def style(ground: Ground) -> str:
    return ground.style or BASEMAP


def source(ground: Ground) -> str:
    """Name whose map it is; a style of the authority's own says it itself."""
    return "" if ground.style else f"© {timezone.localdate().year} basemap.de / BKG | Datenquellen: © GeoBasis-DE"


def host(ground: Ground) -> str:
    """The one foreign house a map page may ask, for the policy; "" where the style is on our own."""
    parts = urlsplit(style(ground))
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"https", "http"} and HOST.fullmatch(parts.netloc) else ""


def open_for(response: HttpResponse, ground: Ground, *, locate: bool = False) -> HttpResponse:
    """Let this page load the map's style, pictures and tiles; every other page keeps the strict policy."""
    where = host(ground)
    policy = f"{POLICY}; connect-src 'self' {where}".rstrip()
    response.headers["Content-Security-Policy"] = policy.replace("blob:; media-src", f"blob: {where}; media-src") if where else policy
    if locate:
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(self), microphone=()"
    return response


def drawn(ground: Ground, about: str, *, tall: bool = False, said: Mapping[str, str] | None = None, **data: str) -> dict[str, Any]:
    """What `_map.html` draws: `about` names the map for those who do not see it, `said` are words on it, `data` more attributes."""
    begin = {"style": style(ground), "source": source(ground), "zoom": str(ground.zoom)}
    begin |= {"latitude": f"{ground.latitude:.6f}", "longitude": f"{ground.longitude:.6f}"}
    if bounds := _bounds(ground):
        begin["bounds"] = bounds
    return {"about": about, "tall": tall, "data": {**WORDS, **(said or {}), **begin, **data}}


def _bounds(ground: Ground) -> str:
    """The box around the authority's area: "west,south,east,north"."""
    if not ground.area:
        return ""
    try:
        return ",".join(f"{side:.5f}" for side in read(ground.area).bounds)
    except Unreadable:
        return ""
