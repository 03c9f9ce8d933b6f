"""What our own page puts at the door -> items. It came in from a citizen's browser, so it is read as carefully as any provider's.

A body: {"visit": <secret>, "language": "de", "items": [...]}. An item: {"kind": "text" | "choice" | "media", "id", "at" (Unix
seconds), "text", "choice", "quote", "files": [{"id", "kind", "mime", "size", "name"}]} or {"kind": "receipt", "part", "state", "at"}.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from buergerdraht.connectors.contract import Event, Item, Malformed, MediaKind, Receipt, ReceiptState, Received, Ref, Sender
from buergerdraht.connectors.webchat import limits
from buergerdraht.connectors.wire import item, listed, load, moment, text

VISIT = re.compile(r"[A-Za-z0-9_-]{43}")
ONCE = re.compile(r"[A-Za-z0-9-]{8,64}")
PART = re.compile(r"chat:[A-Za-z0-9.-]{1,80}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")


def parse(body: bytes) -> list[Item]:
    data = load(body)
    visit = data.get("visit")
    if not isinstance(visit, str) or not VISIT.fullmatch(visit):
        raise Malformed("no visit")
    items = data.get("items")
    if not isinstance(items, list):
        raise Malformed("no items")
    return [item(lambda raw=raw: _event(visit, data, raw), raw) for raw in items]  # type: ignore[misc]


def external_id(visit: str, once: str) -> str:
    """Name a citizen's message; nothing of the visit can be read out of it."""
    return "besuch:" + hashlib.sha256(f"{visit} {once}".encode()).hexdigest()[:40]


def handle(visit: str) -> str:
    """What operators see of a visit: enough to tell two apart, nothing to get in with."""
    return "Webchat " + hashlib.sha256(f"handle {visit}".encode()).hexdigest()[:5].upper()


def _event(visit: str, data: Mapping[str, Any], raw: Any) -> Event:
    if not isinstance(raw, Mapping):
        raise TypeError("object expected")
    kind, at = text(raw["kind"]), moment(raw["at"])
    if kind == "receipt":
        part = text(raw["part"])
        if not PART.fullmatch(part):
            raise ValueError("no part")
        return Receipt(external_id=part, state=ReceiptState(text(raw["state"])), at=at)
    once = text(raw["id"])
    if not ONCE.fullmatch(once):
        raise ValueError("no id")
    language = text(data.get("language"))
    sender = Sender(address=visit, handle=handle(visit), language=language if LANGUAGE.fullmatch(language) else "")
    return Received(
        external_id=external_id(visit, once),
        sender=sender,
        at=at,
        kind=kind if kind in {"text", "choice", "media"} else "unsupported",
        text=text(raw.get("text"))[: limits.WRITTEN],
        choice=text(raw.get("choice"))[:200] if kind == "choice" else "",
        quote=text(raw.get("quote"))[:200],
        media=[_ref(each) for each in listed(raw.get("files"))] if kind == "media" else (),
        raw_kind=kind[:40] if kind not in {"text", "choice", "media"} else "",
    )


def _ref(raw: Any) -> Ref:
    return Ref(
        kind=MediaKind(text(raw["kind"])),
        external_id=text(raw["id"])[:100],
        mime=text(raw.get("mime"))[:100],
        size=int(raw.get("size", 0)),
        file_name=text(raw.get("name"))[:200],
    )
