"""Read Telegram's updates. One body is one update; its kinds are read one by one.

https://core.telegram.org/bots/api#update
Addresses are the ids of private chats. A message's external id is "<chat>:<message>", so that quotes, edits and reactions find it;
edits, reactions and presses get ids of their own from the update's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from buergerdraht.connectors.contract import Card, Event, Gone, Item, Location, Malformed, MediaKind, Received, Ref, Sender
from buergerdraht.connectors.telegram.kinds import ENVELOPE, NOT_OURS, NOTICES
from buergerdraht.connectors.wire import item, listed, load, moment, number, text, worth

Data = Mapping[str, Any]


def parse(body: bytes) -> list[Item]:
    data = load(body)
    if type(data.get("update_id")) is not int:
        raise Malformed("not from Telegram")
    kinds = [key for key in data if key != "update_id"]
    if not kinds:
        return [Item(raw=dict(data), problem="empty update")]
    kind = kinds[0]
    if kind in READERS:
        return worth([item(partial(READERS[kind], data[kind], data["update_id"]), data)])
    if kind in NOT_OURS:
        return []
    return [item(partial(_unknown, kind), data)]


def _unknown(kind: str) -> Event:
    raise TypeError(f"unknown update {kind[:60]}")


def _private(data: Data) -> bool:
    return bool(data["chat"]["type"] == "private")


def name_of(data: Data) -> str:
    """Name a message as quotes, edits and reactions will."""
    return f"{int(data['chat']['id'])}:{int(data['message_id'])}"


def sender(person: Data, chat: Data) -> Sender:
    handle = text(person.get("username"))
    return Sender(
        address=str(int(chat["id"])),
        name=f"{text(person.get('first_name'))} {text(person.get('last_name'))}".strip(),
        handle=f"@{handle}" if handle else "",
        language=text(person.get("language_code")),
    )


# ── Messages ──────────────────────────────────────────────────────────────


def message(data: Data, update: int) -> Event | None:
    if not _private(data) or data["from"].get("is_bot"):
        return None
    found = _read(data)
    if found is None:
        return None
    reply = data.get("reply_to_message")
    fields: dict[str, Any] = {
        "external_id": name_of(data),
        "sender": sender(data["from"], data["chat"]),
        "at": moment(data["date"]),
        "quote": name_of({"chat": data["chat"], **reply}) if isinstance(reply, Mapping) else "",
        "album": text(data.get("media_group_id")),
        "forwarded": "forwarded" if data.get("forward_origin") else "",
    }
    return Received(**{**fields, **found})


def edited(data: Data, update: int) -> Event | None:
    """A corrected message, or a live location that moved: what it is now, and in `quote` which one it was."""
    event = message(data, update)
    if not isinstance(event, Received):
        return None
    original = event.external_id
    changed = {name: getattr(event, name) for name in event.__struct_fields__}
    at = moment(data.get("edit_date") or data["date"])
    return Received(**{**changed, "external_id": f"{original}:edit:{update}", "kind": "edit", "quote": original, "at": at})


def _read(data: Data) -> dict[str, Any] | None:
    """Read the one thing a message is made of; None for a notice."""
    for kind, reader in CONTENTS.items():
        if kind in data:
            return {"raw_kind": kind, **reader(data[kind], data)}
    unknown = next((key for key in data if key not in ENVELOPE), "")
    if unknown in NOTICES:
        return None
    return {"kind": "unsupported", "raw_kind": text(unknown), "text": text(data.get("caption"))}


def _text(value: Any, data: Data) -> dict[str, Any]:
    said = text(value)
    word, _, rest = said.partition(" ")
    if word.split("@")[0] == "/start":
        return {"kind": "start", "text": said, "start": rest.strip()}
    return {"kind": "text", "text": said}


def _file(kind: MediaKind) -> Callable[[Any, Data], dict[str, Any]]:
    def read(value: Any, data: Data) -> dict[str, Any]:
        largest = max(listed(value), key=lambda size: size.get("file_size") or size.get("width") or 0) if isinstance(value, list) else value
        ref = Ref(
            kind=kind,
            external_id=text(largest["file_id"]),
            mime=text(largest.get("mime_type")) or ("image/jpeg" if kind is MediaKind.IMAGE else ""),
            size=int(largest.get("file_size") or 0),
            file_name=text(largest.get("file_name")),
        )
        return {"kind": "media", "media": (ref,), "text": text(data.get("caption"))}

    return read


def _place(value: Any, data: Data) -> dict[str, Any]:
    return {"kind": "location", "location": Location(latitude=number(value["latitude"]), longitude=number(value["longitude"]))}


def _venue(value: Any, data: Data) -> dict[str, Any]:
    point = value["location"]
    place = Location(
        latitude=number(point["latitude"]),
        longitude=number(point["longitude"]),
        name=text(value.get("title")),
        address=text(value.get("address")),
    )
    return {"kind": "location", "location": place}


def _card(value: Any, data: Data) -> dict[str, Any]:
    name = f"{text(value.get('first_name'))} {text(value.get('last_name'))}".strip()
    return {"kind": "contacts", "cards": (Card(name=name, phones=(text(value["phone_number"]),)),)}


def _dice(value: Any, data: Data) -> dict[str, Any]:
    return {"kind": "text", "text": f"{text(value.get('emoji'))} {int(value.get('value') or 0)}"}


# The order matters: an animation also carries `document`, a venue also `location`.
CONTENTS: dict[str, Callable[[Any, Data], dict[str, Any]]] = {
    "text": _text,
    "animation": _file(MediaKind.VIDEO),
    "photo": _file(MediaKind.IMAGE),
    "video": _file(MediaKind.VIDEO),
    "video_note": _file(MediaKind.VIDEO),
    "voice": _file(MediaKind.VOICE),
    "audio": _file(MediaKind.AUDIO),
    "sticker": _file(MediaKind.STICKER),
    "document": _file(MediaKind.DOCUMENT),
    "venue": _venue,
    "location": _place,
    "contact": _card,
    "dice": _dice,
}


# ── Presses, reactions, blocks ────────────────────────────────────────────


def press(data: Data, update: int) -> Event | None:
    """A button was tapped. Telegram tells no time for it, so ours must do."""
    shown = data.get("message") or {}
    if shown and not _private(shown):
        return None
    chosen = text(data.get("data"))
    return Received(
        external_id=f"press:{text(data['id'])}",
        sender=sender(data["from"], shown.get("chat") or {"id": data["from"]["id"]}),
        at=datetime.now(UTC),
        kind="choice",
        choice=chosen,
        text=_pressed(shown, chosen),
        quote=name_of(shown) if shown.get("message_id") else "",
        raw_kind="callback_query",
        callback=text(data["id"]),
    )


def _pressed(shown: Data, chosen: str) -> str:
    """Find the words on the button that was tapped."""
    markup = shown.get("reply_markup") or {}
    for row in listed(markup.get("inline_keyboard")):
        for button in row:
            if button.get("callback_data") == chosen:
                return text(button.get("text"))
    return chosen


def reaction(data: Data, update: int) -> Event | None:
    if not _private(data) or not data.get("user"):
        return None
    new = [text(one.get("emoji") or "") for one in listed(data.get("new_reaction"))]
    return Received(
        external_id=f"{name_of(data)}:reaction:{update}",
        sender=sender(data["user"], data["chat"]),
        at=moment(data["date"]),
        kind="reaction",
        text=next((emoji for emoji in new if emoji), ""),
        quote=name_of(data),
        raw_kind="message_reaction",
    )


def membership(data: Data, update: int) -> Event | None:
    """The citizen blocked the bot, or let it in again."""
    if not _private(data):
        return None
    status = text(data["new_chat_member"]["status"])
    if status not in {"kicked", "left", "member"}:
        return None
    return Gone(
        address=str(int(data["chat"]["id"])),
        at=moment(data["date"]),
        external_id=f"membership:{update}",
        back=status == "member",
        reason="" if status == "member" else "blocked",
    )


READERS: dict[str, Callable[[Data, int], Event | None]] = {
    "message": message,
    "edited_message": edited,
    "callback_query": press,
    "message_reaction": reaction,
    "my_chat_member": membership,
}
