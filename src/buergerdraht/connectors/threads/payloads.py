"""Read what Threads tells us: answers to our posts, and mentions.

https://developers.facebook.com/docs/threads/webhooks
`values` is one object on some of Meta's pages and a list on others: both are read. Who writes is known by the name alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from buergerdraht.connectors.contract import Event, Item, Malformed, Received, Sender
from buergerdraht.connectors.wire import item, load, moment, text, worth

Data = Mapping[str, Any]
_NOT_OURS = {"publish", "likes", "quotes", "reposts"}


def parse(body: bytes, own: str) -> list[Item]:
    """Read a body; `own` is our account's name: what we answered ourselves is known already."""
    data = load(body)
    values = data.get("values")
    if not isinstance(data.get("topic"), str) or not isinstance(values, list | dict):
        raise Malformed("not from Threads")
    found = values if isinstance(values, list) else [values]
    return worth(item(partial(_change, one, data, own.lower()), one) for one in found)


def _change(change: Data, about: Data, own: str) -> Event | None:
    field, value = text(change["field"]), change["value"]
    if field in _NOT_OURS:
        return None
    number = _number(value["id"])
    if field == "delete":
        at = moment(about["time"])
        writer = text(value.get("username")) or "?"
        return Received(external_id=f"{number}:removed", sender=_sender(writer), at=at, kind="deletion", quote=number)
    if field not in {"replies", "mentions"}:
        raise KeyError(field[:60])
    writer, words = text(value["username"]), text(value.get("text"))
    if writer.lower() == own:
        return None
    above = value.get("replied_to")
    return Received(
        external_id=number,
        sender=_sender(writer),
        at=_at(value, about),
        kind="text" if words else "unsupported",
        text=words,
        quote=text(str(above.get("id") or "")) if isinstance(above, Mapping) else "",
        raw_kind=text(value.get("media_type")) or field,
    )


def _number(value: Any) -> str:
    found = text(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not found:
        raise KeyError("id")
    return found


def _sender(writer: str) -> Sender:
    if not writer:
        raise KeyError("username")
    return Sender(address=writer.lower(), name=writer, handle=f"@{writer}")


def _at(value: Data, about: Data) -> datetime:
    stamp = value.get("timestamp") or about["time"]
    if isinstance(stamp, str) and not stamp.isdigit():
        found = datetime.fromisoformat(stamp)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return moment(stamp)
