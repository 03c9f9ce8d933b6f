"""Write an answer as XML or JSON: one value, two forms (GeoReport v2, Format Support; JSON by the Spark convention).

XML knows no namespace and no attributes; a list's children are named by the list. JSON is the same without the outermost name, so a list
is a bare array. None is an empty element, or null.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from buergerdraht.accounts.hours import BERLIN

TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
CHILDREN = {
    "services": "service", "attributes": "attribute", "values": "value", "service_requests": "request", "errors": "error",
    "endpoints": "endpoint", "formats": "format", "photos": "photo", "notes": "note", "service_request_updates": "request_update",
}  # fmt: skip
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2 Characters


def clean(text: str) -> str:
    """Take out what XML cannot write."""
    return UNWRITABLE.sub("", text)


def written(root: str, value: Any, form: str) -> bytes:
    """Write a value in a form of TYPES; `root` is the name XML gives it."""
    if form == "json":
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    top = Element(root)
    _fill(top, value)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode").encode()


def _fill(element: Element, value: Any) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            _fill(SubElement(element, name), each)
    elif isinstance(value, list):
        for each in value:
            _fill(SubElement(element, CHILDREN[element.tag]), each)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = clean(str(value))


def moment(at: datetime | None) -> str | None:
    """Write a time with its offset (W3C NOTE-datetime)."""
    return at.astimezone(BERLIN).isoformat(timespec="seconds") if at else None
