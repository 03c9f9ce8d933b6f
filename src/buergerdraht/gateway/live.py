"""Tell open pages that something changed: ids over PostgreSQL's NOTIFY, to browsers as server-sent events."""

from __future__ import annotations

import json

from django.db import connection

CHANNEL = "live"


def tell(organisation_id: int, topic: str, **values: int | str | None) -> None:
    """Tell all pages of an organisation, once the transaction is committed. Ids only, never text or names."""
    notify(CHANNEL, json.dumps({"o": organisation_id, "t": topic, "v": values}, separators=(",", ":")))


def notify(channel: str, payload: str = "") -> None:
    """Wake whoever listens, at commit; equal ones of one transaction arrive once."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, %s)", [channel, payload])
