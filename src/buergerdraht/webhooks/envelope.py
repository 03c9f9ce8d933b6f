"""What another system is told of an event: CloudEvents 1.0 in structured JSON, thin. Ids, the kind, and where the rest is to be read."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from django.conf import settings

from buergerdraht.webhooks.kinds import PREFIX, kind
from buergerdraht.webhooks.models import Event

TYPE = "application/cloudevents+json"


def said(event: Event) -> dict[str, Any]:
    """Of an event with its organisation at hand."""
    about = kind(event.what)
    return {
        "specversion": "1.0",
        "id": name(event),
        "source": f"{settings.PUBLIC_URL}/o/{event.organisation.slug}",
        "type": PREFIX + event.what,
        "subject": f"{about.subject}/{event.ids[about.subject]}",
        "time": event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {**event.ids, "url": f"{settings.PUBLIC_URL}/api/v1/{about.path.format(**event.ids)}"},
    }


def name(event: Event) -> str:
    return f"evt_{event.key.hex}"


def body(event: Event) -> bytes:
    return json.dumps(said(event), separators=(",", ":")).encode()
