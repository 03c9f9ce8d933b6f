"""Where is that? Read coordinates as people have them: typed, or inside a link copied from a map."""

from __future__ import annotations

import re
from urllib.parse import unquote

NUMBER = r"([-+]?\d{1,3}(?:[.]\d+)?)"
PATTERNS = [
    re.compile(rf"!3d{NUMBER}!4d{NUMBER}"),  # the pin itself, before the middle of the view
    re.compile(rf"[?&#](?:q|ll|query|destination|center|daddr)=(?:loc:)?\s*{NUMBER}\s*,\s*\+?{NUMBER}"),
    re.compile(rf"mlat={NUMBER}&mlon={NUMBER}"),
    re.compile(rf"/@{NUMBER},{NUMBER}"),
    re.compile(rf"#(?:map=)?\d+(?:\.\d+)?/{NUMBER}/{NUMBER}"),
    re.compile(rf"^geo:{NUMBER},{NUMBER}"),
    re.compile(rf"^{NUMBER}°?\s*[NS]?\s*[,;/ ]\s*{NUMBER}°?\s*[EOW]?$"),
]
GERMAN = re.compile(r"^([-+]?\d{1,3}),(\d+)\s*[;/ ]\s*([-+]?\d{1,3}),(\d+)$")  # 51,0504 13,7373


def read(text: str) -> tuple[float, float] | None:
    """Find latitude and longitude, or None."""
    text = unquote(text.strip())
    if german := GERMAN.match(text):
        text = f"{german[1]}.{german[2]}, {german[3]}.{german[4]}"
    for pattern in PATTERNS:
        if found := pattern.search(text):
            latitude, longitude = float(found[1]), float(found[2])
            if abs(latitude) <= 90 and abs(longitude) <= 180:
                return latitude, longitude
    return None
