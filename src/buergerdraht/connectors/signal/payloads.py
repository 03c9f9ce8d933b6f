"""Read what signal-cli tells: one envelope at a time, the same through both of its doors.

signal-cli-jsonrpc(5); the fields stand in signal-cli-rest-api's swagger under receive.*. A person's key is `sourceUuid`: the number is
missing wherever somebody hides it. An envelope holds one thing; what is none of our business (typing, stories, groups) makes no item.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote

from buergerdraht.connectors.contract import (
    Card,
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
from buergerdraht.connectors.signal.names import is_person, ours, theirs
from buergerdraht.connectors.wire import UNREADABLE, item, listed, load, moment, text, worth

Data = Mapping[str, Any]
_MAP = re.compile(r"https://maps\.google\.com/maps\?q=(-?\d{1,2}\.\d+)(?:%2C|,)(-?\d{1,3}\.\d+)", re.IGNORECASE)
_MOST_RECEIPTS = 500
REMEMBERED = timedelta(days=10)  # less than names of what was handled are kept


def parse(body: bytes, number: str = "") -> list[Item]:
    """Read a frame; `number` is our own: what is told of another account of the same signal-cli is not ours."""
    data = load(body)
    if isinstance(data.get("params"), dict):  # a JSON-RPC notice as it stands
        data = data["params"]
    if isinstance(data.get("result"), dict) and "envelope" not in data:  # of a subscription
        data = data["result"]
    envelope = data.get("envelope")
    if not isinstance(envelope, dict):
        if isinstance(data.get("error"), str) or data.get("exception") is not None:
            return [Item(problem="signal-cli reports an error")]
        raise Malformed("not from signal-cli")
    account = data.get("account")
    if number and isinstance(account, str) and account != number:
        return []
    if data.get("exception") is not None and not _filled(envelope):
        return [Item(raw={"exception": _kind_of(data["exception"])}, problem="a message could not be decrypted")]
    return _items(envelope, number)


def is_old(body: bytes) -> bool:
    """Say whether Signal handed this over so long ago that we may have forgotten having handled it: told again, it would be new."""
    try:
        delivered = at(load(body)["envelope"]["serverDeliveredTimestamp"])
    except (Malformed, *UNREADABLE):
        return False
    return datetime.now(UTC) - delivered > REMEMBERED


def _kind_of(exception: Any) -> str:
    return text(exception.get("type"))[:80] if isinstance(exception, Mapping) and isinstance(exception.get("type"), str) else ""


def _filled(envelope: Data) -> bool:
    return any(envelope.get(name) is not None for name in READERS)


def _items(envelope: Data, number: str) -> list[Item]:
    for name, reader in READERS.items():
        if envelope.get(name) is not None:
            return reader(envelope, envelope[name], number)
    return []


def _alone(read: Callable[[Data, Any, str], Event | None]) -> Callable[[Data, Any, str], list[Item]]:
    """Let a reader that finds one event make items."""
    return lambda envelope, value, number: worth([item(partial(read, envelope, value, number), envelope)])


def sender(envelope: Data) -> Sender:
    """Who wrote: by the Signal id, else by the number."""
    number = text(envelope.get("sourceNumber"))
    key = text(envelope.get("sourceUuid")) or number or text(envelope["source"])
    if not is_person(key):
        raise ValueError("nobody")
    return Sender(
        address=key, aliases=(number,) if number and number != key else (), name=text(envelope.get("sourceName")).strip(), handle=number
    )


def at(milliseconds: Any) -> datetime:
    return moment(int(milliseconds) / 1000)


# ── Messages ──────────────────────────────────────────────────────────────


def message(envelope: Data, data: Data, number: str) -> Event | None:
    if data.get("groupInfo") or _own(envelope, number):
        return None
    return _message(envelope, data, int(data["timestamp"]), number)


def edited(envelope: Data, data: Data, number: str) -> Event | None:
    """A corrected message: what it is now, and in `quote` which one it was."""
    inner = data["dataMessage"]
    if inner.get("groupInfo") or _own(envelope, number):
        return None
    found = _message(envelope, inner, int(inner["timestamp"]), number)
    if found is None:
        return None
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    return Received(**{**fields, "kind": "edit", "quote": theirs(found.sender.address, int(data["targetSentTimestamp"]))})


def _own(envelope: Data, number: str) -> bool:
    return bool(number) and envelope.get("sourceNumber") == number


def _message(envelope: Data, data: Data, sent: int, number: str) -> Received | None:
    who = sender(envelope)
    found = _read(data, who, number)
    if found is None:
        return None
    return Received(**{"external_id": theirs(who.address, sent), "sender": who, "at": at(sent), **found})


def _read(data: Data, who: Sender, number: str) -> dict[str, Any] | None:
    """Read the one thing a message is made of; None where it says nothing."""
    if gone := data.get("remoteDelete"):
        return {"kind": "deletion", "quote": theirs(who.address, int(gone["timestamp"])), "raw_kind": "remoteDelete"}
    if (reaction := data.get("reaction")) is not None:
        shown = "" if reaction.get("isRemove") else text(reaction.get("emoji"))
        return {"kind": "reaction", "text": shown, "quote": _pointed(reaction, who, int(reaction["targetSentTimestamp"]))}
    quote = data.get("quote") or {}
    found: dict[str, Any] = {"quote": _pointed(quote, who, int(quote["id"]))} if quote else {}
    if data.get("viewOnce"):  # meant to be seen once: not to be kept
        return {**found, "kind": "unsupported", "raw_kind": "viewOnce"}
    for kind in UNSHOWN:
        if data.get(kind):
            return {**found, "kind": "unsupported", "raw_kind": kind}
    return _content(data, found)


def _content(data: Data, found: dict[str, Any]) -> dict[str, Any] | None:
    said = _mentioned(text(data.get("message")), listed(data.get("mentions")))
    media = tuple(_file(one) for one in listed(data.get("attachments")))
    cards = tuple(_card(one) for one in listed(data.get("contacts")))
    if cards:
        return {**found, "kind": "contacts", "cards": cards, "text": said, "media": media}
    if place := _place(said):
        return {**found, "kind": "location", "location": place, "text": said, "media": media}
    if media:
        return {**found, "kind": "media", "media": media, "text": said}
    return {**found, "kind": "text", "text": said} if said else None


def _pointed(target: Data, who: Sender, sent: int) -> str:
    """Name the message that is answered or reacted to: theirs where they wrote it themselves, else ours."""
    prefix = "author" if "authorUuid" in target or "authorNumber" in target or "author" in target else "targetAuthor"
    authors = {text(target.get(prefix)), text(target.get(f"{prefix}Uuid")), text(target.get(f"{prefix}Number"))} - {""}
    own = authors & {who.address, *who.aliases}
    return theirs(who.address, sent) if own else ours(who.address, sent)


def _mentioned(said: str, mentions: Sequence[Data]) -> str:
    """Put names where Signal puts a placeholder; places are counted in UTF-16 units."""
    units = said.encode("utf-16-le")
    for one in sorted(mentions, key=lambda each: -int(each["start"])):
        start, stop = 2 * int(one["start"]), 2 * (int(one["start"]) + int(one["length"]))
        if not 0 <= start < stop <= len(units):
            continue
        units = units[:start] + f"@{text(one.get('name'))}".encode("utf-16-le") + units[stop:]
    return text(units.decode("utf-16-le", "replace"))


def _file(data: Data) -> Ref:
    mime = text(data.get("contentType")).lower()
    kinds = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.VOICE}
    name = text(data.get("filename"))
    kind = kinds.get(mime.partition("/")[0], MediaKind.DOCUMENT)
    if kind is MediaKind.VOICE and not data.get("isVoiceNote", not name):  # older ones do not say it; a voice message has no name
        kind = MediaKind.AUDIO
    return Ref(kind=kind, external_id=text(data["id"]), mime=mime, size=max(0, int(data.get("size") or 0)), file_name=name)


def _card(data: Data) -> Card:
    name = data.get("name") or {}
    parts = [text(name.get(part)).strip() for part in ("given", "middle", "family")]
    return Card(
        name=" ".join(part for part in parts if part) or text(name.get("nickname")) or text(data.get("organization")),
        phones=tuple(text(one["value"]) for one in listed(data.get("phone"))),
        emails=tuple(text(one["value"]) for one in listed(data.get("email"))),
    )


def _place(said: str) -> Location | None:
    """A place is shared as a link to a map, with its address before it."""
    found = _MAP.search(unquote(said))
    if not found:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return Location(latitude=latitude, longitude=longitude)


# ── What else an envelope may hold ────────────────────────────────────────


def receipts(envelope: Data, data: Data, number: str) -> list[Item]:
    """What became of our messages. Where we may know a person by their number, too, the receipt is told for both names."""
    try:
        who, moments = sender(envelope), [int(one) for one in listed(data["timestamps"])][:_MOST_RECEIPTS]
        state = ReceiptState.READ if data.get("isRead") or data.get("isViewed") else ReceiptState.DELIVERED
        when = at(data.get("when") or envelope["timestamp"])
    except (LookupError, TypeError, ValueError, OverflowError) as problem:
        return [Item(raw={"receipt": type(problem).__name__}, problem="unreadable receipt")]
    return [
        Item(event=Receipt(external_id=ours(key, sent), state=state, at=when, address=who.address))
        for sent in moments
        for key in (who.address, *who.aliases)
    ]


def synced(envelope: Data, data: Data, number: str) -> Event | None:
    """Somebody wrote from another device of this account: shown, answered by nobody."""
    sent = data.get("sentMessage")
    if not sent or sent.get("groupInfo"):
        return None
    inner = (sent.get("editMessage") or {}).get("dataMessage") or sent
    moment_ = int(inner.get("timestamp") or envelope["timestamp"])
    return Changed(
        external_id=f"echo:{moment_}",
        at=at(moment_),
        what="echo",
        text="Von einem anderen Gerät dieser Nummer wurde eine Nachricht geschrieben. Sie steht nicht in der Unterhaltung.",
    )


def called(envelope: Data, data: Data, number: str) -> Event | None:
    """Somebody rings: nobody here can pick up, and somebody should know."""
    if not data.get("offerMessage"):
        return None
    who, sent = sender(envelope), int(envelope["timestamp"])
    return Received(external_id=theirs(who.address, sent), sender=who, at=at(sent), kind="unsupported", raw_kind="callMessage")


def _nothing(envelope: Data, data: Any, number: str) -> list[Item]:
    return []


UNSHOWN = ("sticker", "payment", "pollCreate", "pollVote", "pollTerminate")
READERS: dict[str, Callable[[Data, Any, str], list[Item]]] = {
    "dataMessage": _alone(message),
    "editMessage": _alone(edited),
    "receiptMessage": receipts,
    "syncMessage": _alone(synced),
    "callMessage": _alone(called),
    "typingMessage": _nothing,
    "storyMessage": _nothing,
}
