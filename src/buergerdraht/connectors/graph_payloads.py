"""Read what Messenger and Instagram tell us: every entry and event on its own.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
https://developers.facebook.com/docs/messenger-platform/instagram/features/webhook
The address of a person is the id they have for this one account. Moments are milliseconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from buergerdraht.connectors.contract import (
    Changed,
    Event,
    Item,
    Location,
    Malformed,
    MediaKind,
    Receipt,
    ReceiptState,
    Received,
    Ref,
    Sender,
)
from buergerdraht.connectors.wire import UNREADABLE, item, listed, load, number, storable, text, worth

Data = Mapping[str, Any]
GET_STARTED = "GET_STARTED"  # the payload that `activate` puts behind the first button
_FILES = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.VOICE, "file": MediaKind.DOCUMENT}
# Events of the platform that concern shops, games, other apps and marketing we do not do.
_NOT_OURS = ("standby", "account_linking", "game_play", "order", "payment", "pre_checkout", "optin", "feedback", "customer_information")


class About(NamedTuple):
    """Whose body it is: `object` as the provider names it, and the id of our app, by which we know our own echoes."""

    object: str
    app_id: str = ""


def parse(body: bytes, about: About) -> list[Item]:
    data = load(body)
    if data.get("object") != about.object or not isinstance(data.get("entry"), list):
        raise Malformed(f"not from {about.object}")
    items: list[Item] = []
    for entry in data["entry"]:
        try:
            events = listed(entry.get("messaging"))
        except UNREADABLE as problem:
            items.append(Item(raw={"entry": str(storable(entry))[:2000]}, problem=f"{type(problem).__name__} entry"))
            continue
        for one in events:
            items += _event(one, about)
    return worth(items)


def _event(one: Any, about: About) -> list[Item]:
    """Read one event; what comes with mids makes an item for each."""
    try:
        if not isinstance(one, Mapping):
            raise TypeError("object expected")
        if "delivery" in one and listed(one["delivery"].get("mids")):
            return [item(partial(_delivered, mid, one), one) for mid in one["delivery"]["mids"]]
        for name, reader in READERS.items():
            if name in one:
                return [item(partial(reader, one[name], one, about), one)]
        if any(name in one for name in _NOT_OURS):
            return []
        raise KeyError(", ".join(sorted(set(one) - {"sender", "recipient", "timestamp"}))[:80])
    except UNREADABLE as problem:
        kept = storable(one) if isinstance(one, Mapping) else {"value": str(one)[:200]}
        words = str(problem) if isinstance(problem, LookupError) else ""
        return [Item(raw=kept, problem=text(f"{type(problem).__name__} {words}").strip()[:200])]


def moment(milliseconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except OSError as problem:
        raise ValueError("no moment") from problem


def _person(one: Data) -> str:
    found = text(one["sender"]["id"])
    if not found:
        raise KeyError("sender.id")
    return found


def _named(kind: str, one: Data) -> str:
    """Name an event that has no id of its own: the same body twice is the same event."""
    return f"{kind}:{hashlib.sha256(json.dumps(one, sort_keys=True, default=str).encode()).hexdigest()[:32]}"


# ── Messages ──────────────────────────────────────────────────────────────


def _message(part: Any, one: Data, about: About) -> Event | None:
    mid = text(part["mid"])
    if part.get("is_echo"):
        return _echo(part, one, about)
    referral = _referral(part.get("referral"))
    fields: dict[str, Any] = {
        "external_id": mid,
        "sender": Sender(address=_person(one)),
        "at": moment(one["timestamp"]),
        "quote": text((part.get("reply_to") or {}).get("mid")),
        "referral": referral,
        "start": "" if referral.get("source") == "ADS" else referral.get("ref", ""),  # a link that led to this first message
    }
    if part.get("is_deleted"):
        return Received(**{**fields, "external_id": f"{mid}:deleted", "kind": "deletion", "quote": mid})
    return Received(**{**fields, **_content(part)})


def _content(part: Data) -> dict[str, Any]:
    said = text(part.get("text"))
    if part.get("is_unsupported"):
        return {"kind": "unsupported", "raw_kind": "is_unsupported", "text": said}
    if payload := text((part.get("quick_reply") or {}).get("payload")):
        return {"kind": "choice", "choice": payload, "text": said}
    attached = [one for one in listed(part.get("attachments")) if isinstance(one, Mapping)]
    if not attached:
        story = {"raw_kind": "story_reply"} if (part.get("reply_to") or {}).get("story") else {}
        return {"kind": "text", "text": said, **story} if said else {"kind": "unsupported", "raw_kind": "empty"}
    files = [ref for one in attached if (ref := _file(one))]
    if len(files) == len(attached):
        return {"kind": "media", "text": said, "media": tuple(files)}
    return _other(attached[0], said)


def _file(one: Data) -> Ref | None:
    """Read a file; a sticker is a picture with a number."""
    kind, payload = text(one.get("type")), one.get("payload") or {}
    url = text(payload.get("url"))
    if not url or (kind not in _FILES and kind != "sticker"):
        return None
    found = MediaKind.STICKER if kind == "sticker" or payload.get("sticker_id") else _FILES[kind]
    return Ref(kind=found, external_id=hashlib.sha256(url.encode()).hexdigest(), url=url, file_name=text(payload.get("title")))


def _other(one: Data, said: str) -> dict[str, Any]:
    """Read what is neither text nor file: a place, a link somebody shared, or something we cannot show."""
    kind, payload = text(one.get("type")), one.get("payload") or {}
    if kind == "location" and (place := payload.get("coordinates")):
        return {"kind": "location", "location": Location(latitude=number(place["lat"]), longitude=number(place["long"])), "text": said}
    title, url = text(payload.get("title") or one.get("title")), text(payload.get("url") or one.get("url"))
    if kind == "fallback":
        shown = "\n".join(words for words in (said, *(more for more in (title, url) if more not in said)) if words)
        return {"kind": "text", "text": shown} if shown else {"kind": "unsupported", "raw_kind": kind}
    return {"kind": "unsupported", "raw_kind": kind or "attachment", "text": said or title}


def _echo(part: Data, one: Data, about: About) -> Changed | None:
    """Somebody of ours answered elsewhere, e.g. in Meta's inbox. What we sent ourselves is echoed too, and is known already."""
    app = text(str(part.get("app_id") or ""))
    if app and (app == about.app_id or not about.app_id):
        return None
    said = text(part.get("text"))
    return Changed(
        external_id=f"{text(part['mid'])}:echo",
        at=moment(one["timestamp"]),
        what="echo",
        text="Im Posteingang von Meta wurde geantwortet.",
        values={"address": text((one.get("recipient") or {}).get("id")), "kind": "text" if said else "media", "text": said},
    )


def _edited(part: Any, one: Data, about: About) -> Received:
    """A corrected message: what it says now, and in `quote` which one it was."""
    mid = text(part["mid"])
    return Received(
        external_id=f"{mid}:edit:{text(str(part.get('num_edit') or one.get('timestamp') or ''))}",
        sender=Sender(address=_person(one)),
        at=moment(one["timestamp"]),
        kind="edit",
        text=text(part.get("text")),
        quote=mid,
    )


def _pressed(part: Any, one: Data, about: About) -> Received:
    """A button, or the first one of all: "Los geht's", with what the link said that led here."""
    payload, referral = text(part.get("payload")), _referral(part.get("referral"))
    fields: dict[str, Any] = {
        "external_id": text(part.get("mid")) or _named("postback", one),
        "sender": Sender(address=_person(one)),
        "at": moment(one["timestamp"]),
        "referral": referral,
        "start": referral.get("ref", ""),
    }
    if payload == GET_STARTED or (referral.get("ref") and not payload):
        return Received(**fields, kind="start")
    return Received(**fields, kind="choice", choice=payload, text=text(part.get("title")))


def _led(part: Any, one: Data, about: About) -> Received:
    """A link led somebody here who knows us already."""
    referral = _referral(part)
    return Received(
        external_id=_named("referral", one),
        sender=Sender(address=_person(one)),
        at=moment(one["timestamp"]),
        kind="start",
        start=referral.get("ref", ""),
        referral=referral,
    )


def _referral(data: Any) -> dict[str, str]:
    if not isinstance(data, Mapping):
        return {}
    return {text(str(key)): text(value) for key, value in data.items() if isinstance(value, str)}


def _reaction(part: Any, one: Data, about: About) -> Received:
    gone = text(part.get("action")) == "unreact"
    return Received(
        external_id=_named("reaction", one),
        sender=Sender(address=_person(one)),
        at=moment(one["timestamp"]),
        kind="reaction",
        text="" if gone else text(part.get("emoji")) or text(part.get("reaction")),
        quote=text(part["mid"]),
    )


# ── Receipts ──────────────────────────────────────────────────────────────


def _delivered(mid: Any, one: Data) -> Receipt:
    at = moment(one["delivery"].get("watermark") or one["timestamp"])
    return Receipt(external_id=_id(mid), state=ReceiptState.DELIVERED, at=at, address=_person(one))


def _delivered_all(part: Any, one: Data, about: About) -> Receipt:
    """The messages are not named: everything up to then has arrived."""
    at = moment(part["watermark"])
    return Receipt(external_id="", state=ReceiptState.DELIVERED, at=at, address=_person(one), until=at)


def _read(part: Any, one: Data, about: About) -> Receipt:
    """Say up to when was read. Instagram names the newest message of it instead: what went before that one is read as well."""
    at = moment(part["watermark"] if "watermark" in part else one["timestamp"])
    if "watermark" not in part:
        _id(part["mid"])
    return Receipt(external_id="", state=ReceiptState.READ, at=at, address=_person(one), until=at)


def _id(mid: Any) -> str:
    found = text(mid)
    if not found:
        raise KeyError("mid")
    return found


# ── What concerns the account ─────────────────────────────────────────────


def _policy(part: Any, one: Data, about: About) -> Changed:
    action, reason = text(part.get("action")), text(part.get("reason"))
    effect, said = {
        "block": ("pause_channel", "Meta hat der Seite das Senden von Nachrichten untersagt."),
        "unblock": ("resume_channel", "Meta lässt die Seite wieder Nachrichten senden."),
    }.get(action, ("", "Meta verwarnt die Seite."))
    return Changed(
        external_id=_named("policy", one), at=moment(one["timestamp"]), what="account", effect=effect, text=said, values={"reason": reason}
    )


def _handed(kind: str) -> Callable[[Any, Data, About], Changed]:
    said = {
        "pass_thread_control": "Ein anderes Programm hat eine Unterhaltung an uns abgegeben.",
        "take_thread_control": "Ein anderes Programm hat eine Unterhaltung übernommen. Wir können dort nicht antworten.",
        "request_thread_control": "Ein anderes Programm möchte eine Unterhaltung übernehmen.",
    }[kind]

    def read(part: Any, one: Data, about: About) -> Changed:
        return Changed(external_id=_named(kind, one), at=moment(one["timestamp"]), what="account", text=said)

    return read


Reader = Callable[[Any, Data, About], Event | None]
READERS: dict[str, Reader] = {
    "message": _message,
    "message_edit": _edited,
    "postback": _pressed,
    "reaction": _reaction,
    "delivery": _delivered_all,
    "read": _read,
    "referral": _led,
    "policy-enforcement": _policy,
    "policy_enforcement": _policy,
    **{kind: _handed(kind) for kind in ("pass_thread_control", "take_thread_control", "request_thread_control")},
}
