"""Read what happens on a Page: comments and visitors' posts, each on its own.

https://developers.facebook.com/docs/graph-api/webhooks/reference/page/#feed
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from buergerdraht.connectors.contract import Event, Item, Malformed, MediaKind, Received, Ref, Sender
from buergerdraht.connectors.wire import UNREADABLE, item, listed, load, moment, storable, text, worth

Data = Mapping[str, Any]
_WRITTEN = {"comment": "comment_id", "post": "post_id", "status": "post_id", "photo": "post_id", "video": "post_id", "share": "post_id"}
_SEEN = {"reaction", "like", "album", "event", "story", "offer", "link", "coupon", "poll", "milestone", "mention", "note", "question"}


def parse(body: bytes, page: str) -> list[Item]:
    """Read a body; what the Page itself did is known already, and its messages are Messenger's."""
    data = load(body)
    if data.get("object") != "page" or not isinstance(data.get("entry"), list):
        raise Malformed("not from a Page")
    items: list[Item] = []
    for entry in data["entry"]:
        try:
            changes = listed(entry.get("changes"))
        except UNREADABLE as problem:
            items.append(Item(raw={"entry": str(storable(entry))[:2000]}, problem=f"{type(problem).__name__} entry"))
            continue
        items += [item(partial(_change, one, entry, page), one) for one in changes]
    return worth(items)


def _change(change: Data, entry: Data, page: str) -> Event | None:
    field, value = text(change["field"]), change["value"]
    if field != "feed":
        raise KeyError(field[:60])
    kind, verb = text(value["item"]), text(value.get("verb"))
    if kind in _SEEN or verb in {"hide", "unhide", "mute", "unblock", "block"}:
        return None
    if kind not in _WRITTEN:
        raise KeyError(kind[:60])
    writer = value.get("from") or {}
    person = text(writer.get("id"))
    if person == page:
        return None
    external_id = text(value[_WRITTEN[kind]])
    if not person or not external_id:
        raise KeyError("from")
    return _received(
        value, {"external_id": external_id, "at": _at(value, entry), "sender": Sender(address=person, name=_name(writer))}, kind
    )


def _name(writer: Data) -> str:
    return text(writer.get("name"))


def _at(value: Data, entry: Data) -> datetime:
    stamp = value.get("created_time") or entry.get("time")
    if isinstance(stamp, str) and not stamp.isdigit():
        found = datetime.fromisoformat(stamp)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return moment(stamp)


def since(post: Data, begun: datetime) -> bool:
    """Whether a post that the Page lists was made after a moment; their clock may differ from ours by a minute."""
    try:
        return _at(post, {}) >= begun - timedelta(minutes=1)
    except (TypeError, ValueError, OverflowError):
        return False


def _received(value: Data, fields: dict[str, Any], kind: str) -> Received:
    external_id, verb, words = fields["external_id"], text(value.get("verb")), text(value.get("message"))
    if verb in {"edited", "edit"}:
        stamp = hashlib.sha256(words.encode()).hexdigest()[:12]
        return Received(**{**fields, "external_id": f"{external_id}:edit:{stamp}"}, kind="edit", text=words, quote=external_id)
    if verb in {"remove", "delete"}:
        return Received(**{**fields, "external_id": f"{external_id}:removed"}, kind="deletion", quote=external_id)
    above = text(value.get("parent_id")) or text(value.get("post_id"))
    url = text(value.get("photo") or (value.get("link") if kind == "photo" else ""))
    media = (Ref(kind=MediaKind.IMAGE, external_id=hashlib.sha256(url.encode()).hexdigest(), url=url),) if url.startswith("http") else ()
    return Received(
        **fields,
        kind="media" if media else "text" if words else "unsupported",
        text=words,
        media=media,
        quote=above if kind == "comment" else "",
        raw_kind=kind,
    )
