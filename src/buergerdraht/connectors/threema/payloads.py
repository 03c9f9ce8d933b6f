"""Read Threema's webhook: a form with an encrypted container, and what is in it.

https://gateway.threema.ch/en/developer/api#receiving
A message is named "<ID>:<message id>" in both directions, because ids are chosen by the sender and promised to nobody else:
so nobody's receipt can speak of what went to another person.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from buergerdraht.connectors.contract import (
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
from buergerdraht.connectors.threema import kinds
from buergerdraht.connectors.wire import item, moment, number, text

SIGNED = ("from", "to", "messageId", "date", "nonce", "box")  # in this order
_SHAPES = {
    "from": r"[0-9A-Z*][0-9A-Z]{7}",
    "messageId": r"[0-9a-f]{16}",
    "date": r"[0-9]{1,12}",
    "nonce": r"[0-9a-f]{48}",
    "box": r"([0-9a-f]{2})+",
}
_QUOTE = re.compile(r"> quote #([0-9a-f]{16})\r?\n\r?\n(.*)", re.DOTALL)


class Letter(NamedTuple):
    """An encrypted message as the webhook brings it."""

    sender: str
    number: str
    at: datetime
    nonce: bytes
    box: bytes
    nickname: str

    @property
    def name(self) -> str:
        return f"{self.sender}:{self.number}"

    @property
    def seal(self) -> str:
        """What no other message has, whatever its sender calls it."""
        return f"{self.sender}:{self.nonce.hex()}"


def fields(body: bytes) -> dict[str, str]:
    """Read the form; raise Malformed where it is none of Threema's."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=40)
    except (UnicodeDecodeError, ValueError) as problem:
        raise Malformed("not a form") from problem
    found = dict(pairs)
    if any(name not in found for name in SIGNED):
        raise Malformed("not from Threema")
    return found


def mac(secret: str, form: Mapping[str, str]) -> str:
    words = "".join(form[name] for name in SIGNED).encode(errors="replace")
    return hmac.new(secret.encode(), words, hashlib.sha256).hexdigest()


def letter(form: Mapping[str, str], ours: str) -> Letter:
    """Check what surrounds the box; raise ValueError or TypeError."""
    if form["to"].upper() != ours:
        raise ValueError("for another ID")
    for field, shape in _SHAPES.items():
        if not re.fullmatch(shape, form[field].lower() if field in {"messageId", "nonce", "box"} else form[field]):
            raise TypeError(f"{field} is malformed")
    return Letter(
        form["from"],
        form["messageId"].lower(),
        moment(form["date"]),
        bytes.fromhex(form["nonce"]),
        bytes.fromhex(form["box"]),
        text(form.get("nickname"))[:200],
    )


def read(envelope: Letter, kind: int, payload: bytes) -> list[Item]:
    """Read a container's payload: several items only where a receipt names several messages."""
    if kind in kinds.NOT_OURS:
        return []
    raw = {"type": kind, "message": envelope.number}
    if kind == kinds.RECEIPT:
        return _receipts(envelope, payload, raw)
    return [item(lambda: _message(envelope, kind, payload), raw)]


def _message(envelope: Letter, kind: int, payload: bytes) -> Event:
    reader = READERS.get(kind)
    found = reader(payload, envelope) if reader else {"kind": "unsupported", "raw_kind": kinds.name(kind)}
    known: dict[str, Any] = {
        "external_id": envelope.name,
        "sender": Sender(address=envelope.sender, name=envelope.nickname, handle=envelope.sender),
        "at": envelope.at,
        "raw_kind": f"0x{kind:02x}",
    }
    return Received(**{**known, **found})


# ── What citizens send ────────────────────────────────────────────────────


def _text(payload: bytes, envelope: Letter) -> dict[str, Any]:
    words = text(payload.decode("utf-8", "replace"))
    quoted = _QUOTE.fullmatch(words)  # how the apps write a quotation into the text
    if quoted:
        return {"kind": "text", "text": quoted[2], "quote": f"{envelope.sender}:{quoted[1]}"}
    return {"kind": "text", "text": words}


def _location(payload: bytes, envelope: Letter) -> dict[str, Any]:
    point, *lines = text(payload.decode("utf-8")).split("\n")
    latitude, longitude = (number(value) for value in point.split(",")[:2])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("no place on earth")
    name, address = (lines[0], lines[1]) if len(lines) > 1 else ("", lines[0] if lines else "")
    place = Location(latitude=latitude, longitude=longitude, name=name.strip(), address=address.replace("\\n", "\n").strip())
    return {"kind": "location", "location": place}


def _file(payload: bytes, envelope: Letter) -> dict[str, Any]:
    try:
        data = json.loads(payload)
    except RecursionError as problem:
        raise TypeError("file is malformed") from problem
    mime = text(data["m"])[:100]
    blob, key = text(data["b"]).lower(), text(data["k"]).lower()
    if not re.fullmatch(r"[0-9a-f]{32}", blob) or not re.fullmatch(r"[0-9a-f]{64}", key):
        raise TypeError("file is malformed")
    shown = data.get("j", data.get("i", kinds.DATA))
    ref = Ref(
        kind=_kind(mime, shown),
        external_id=f"{blob}.{key}",
        mime=mime,
        size=_size(data.get("s")),
        file_name=text(data.get("n"))[:200],
    )
    return {"kind": "media", "media": (ref,), "text": text(data.get("d"))}


def _kind(mime: str, shown: Any) -> MediaKind:
    """Say what a file is: what the phone shows as a file stays one, whatever is in it."""
    if shown == kinds.STICKER:
        return MediaKind.STICKER
    if shown != kinds.MEDIA:
        return MediaKind.DOCUMENT
    return {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.VOICE}.get(mime.partition("/")[0], MediaKind.DOCUMENT)


def _size(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**40 else 0


def _unpack(shape: str, payload: bytes) -> tuple[Any, ...]:
    if len(payload) != struct.calcsize(shape):
        raise TypeError("length is wrong")
    return struct.unpack(shape, payload)


def _old_image(payload: bytes, envelope: Letter) -> dict[str, Any]:
    blob, size, nonce = _unpack("<16sI24s", payload)
    ref = Ref(kind=MediaKind.IMAGE, external_id=f"{blob.hex()}.{nonce.hex()}.{envelope.sender}", mime="image/jpeg", size=size)
    return {"kind": "media", "media": (ref,)}


def _old_video(payload: bytes, envelope: Letter) -> dict[str, Any]:
    _seconds, blob, size, _thumbnail, _smaller, key = _unpack("<H16sI16sI32s", payload)
    ref = Ref(kind=MediaKind.VIDEO, external_id=f"{blob.hex()}.{key.hex()}", mime="video/mp4", size=size)
    return {"kind": "media", "media": (ref,)}


def _old_audio(payload: bytes, envelope: Letter) -> dict[str, Any]:
    _seconds, blob, size, key = _unpack("<H16sI32s", payload)
    ref = Ref(kind=MediaKind.VOICE, external_id=f"{blob.hex()}.{key.hex()}", mime="audio/aac", size=size)
    return {"kind": "media", "media": (ref,)}


READERS: dict[int, Callable[[bytes, Letter], dict[str, Any]]] = {
    kinds.TEXT: _text,
    kinds.LOCATION: _location,
    kinds.FILE: _file,
    kinds.IMAGE: _old_image,
    kinds.VIDEO: _old_video,
    kinds.AUDIO: _old_audio,
}


# ── What phones report ────────────────────────────────────────────────────


def _receipts(envelope: Letter, payload: bytes, raw: Mapping[str, Any]) -> list[Item]:
    """A receipt names one or more of our messages; a thumb is a reaction, and whoever gives it has read."""
    if len(payload) < 9 or (len(payload) - 1) % 8:
        return [Item(raw=raw, problem="receipt is malformed")]
    state, names = payload[0], [payload[at : at + 8].hex() for at in range(1, len(payload), 8)]
    if state not in {kinds.RECEIVED, kinds.READ, kinds.ACKNOWLEDGED, kinds.DECLINED}:
        return [Item(raw={**raw, "state": state}, problem="unknown receipt")]
    reached = ReceiptState.DELIVERED if state == kinds.RECEIVED else ReceiptState.READ
    items = [
        Item(event=Receipt(external_id=f"{envelope.sender}:{name}", state=reached, at=envelope.at, address=envelope.sender))
        for name in names
    ]
    if emoji := kinds.REACTIONS.get(state):
        items += [Item(event=_reaction(envelope, name, emoji)) for name in names]
    return items


def _reaction(envelope: Letter, name: str, emoji: str) -> Received:
    return Received(
        external_id=f"{envelope.name}:{name}",
        sender=Sender(address=envelope.sender, name=envelope.nickname, handle=envelope.sender),
        at=envelope.at,
        kind="reaction",
        text=emoji,
        quote=f"{envelope.sender}:{name}",
        raw_kind=f"0x{kinds.RECEIPT:02x}",
    )
