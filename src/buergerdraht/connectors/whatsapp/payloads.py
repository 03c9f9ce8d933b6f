"""Read WhatsApp's webhook: every entry, change, message and status on its own.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
Addresses: the business-scoped id ("DE.1349…") where there is one, else the phone number with "+". A phone number known beside
an id is its alias. Account events live in events.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

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
from buergerdraht.connectors.whatsapp import events
from buergerdraht.connectors.whatsapp.errors import code_of, rule, words_of
from buergerdraht.connectors.wire import UNREADABLE, item, listed, load, moment, number, text, worth

Data = Mapping[str, Any]
_ID = re.compile(r"^[A-Z]{2}\.")


def phone(number: Any) -> str:
    """Write a wa_id as the address we keep: digits with "+"."""
    digits = re.sub(r"\D", "", text(number))
    return f"+{digits}" if digits else ""


def is_phone(address: str) -> bool:
    return not _ID.match(address)


def parse(body: bytes) -> list[Item]:
    data = load(body)
    if data.get("object") != "whatsapp_business_account" or not isinstance(data.get("entry"), list):
        raise Malformed("not from WhatsApp")
    items: list[Item] = []
    for entry in data["entry"]:
        try:
            for change in entry["changes"]:
                items += _change(change, entry)
        except UNREADABLE as problem:
            items.append(Item(raw={"entry": str(entry)[:2000]}, problem=f"{type(problem).__name__} entry"))
    return worth(items)


def _change(change: Any, entry: Data) -> list[Item]:
    try:
        field, value = text(change["field"]), change["value"]
        if field != "messages":
            return events.read(field, value, entry)
        return _messages(value)
    except UNREADABLE as problem:
        return [Item(raw={"change": str(change)[:2000]}, problem=f"{type(problem).__name__} change")]


def _messages(value: Data) -> list[Item]:
    contacts = [contact for contact in listed(value.get("contacts")) if isinstance(contact, Mapping)]
    about = {"metadata": value.get("metadata"), "contacts": contacts}
    items = [item(partial(message, one, contacts), {**about, "message": one}) for one in listed(value.get("messages"))]
    items += [item(partial(status, one), {"status": one}) for one in listed(value.get("statuses"))]
    items += [item(partial(events.out_of_band, one), {"error": one}) for one in listed(value.get("errors"))]
    return items


# ── Messages ──────────────────────────────────────────────────────────────


def message(data: Data, contacts: list[Data]) -> Event | None:
    if data.get("group_id"):
        return None  # a group we did not open is not a citizen's conversation
    kind = text(data["type"])
    if kind == "system":
        return _system(data)
    reader = READERS.get(kind, _unsupported)
    context = data.get("context") or {}
    fields: dict[str, Any] = {
        "external_id": text(data["id"]),
        "sender": sender(data, contacts),
        "at": moment(data["timestamp"]),
        "quote": text(context.get("id")),
        "forwarded": "often" if context.get("frequently_forwarded") else "forwarded" if context.get("forwarded") else "",
        "referral": _referral(data.get("referral")),
        "raw_kind": kind,
    }
    return Received(**{**fields, **reader(data.get(kind), data)})


def sender(data: Data, contacts: list[Data]) -> Sender:
    number, person = text(data.get("from")), text(data.get("from_user_id"))
    contact: Data = next(
        (one for one in contacts if (person and one.get("user_id") == person) or (number and one.get("wa_id") == number)),
        contacts[0] if len(contacts) == 1 else {},
    )
    person = person or text(contact.get("user_id"))
    number = phone(number or contact.get("wa_id"))
    parent = text(data.get("from_parent_user_id") or contact.get("parent_user_id"))
    address = person or number
    if not address:
        raise KeyError("from")
    profile = contact.get("profile") or {}
    handle = text(profile.get("username"))
    return Sender(
        address=address,
        aliases=tuple(alias for alias in (number, parent) if alias and alias != address),
        name=text(profile.get("name")),
        handle=number or (handle if not handle or handle.startswith("@") else f"@{handle}"),
    )


def _referral(data: Any) -> dict[str, str]:
    if not isinstance(data, Mapping):
        return {}
    found = {text(str(key)): text(value) for key, value in data.items() if isinstance(value, str)}
    welcome = data.get("welcome_message")
    if isinstance(welcome, Mapping):
        found["welcome_message"] = text(welcome.get("text"))
    return found


def _text(part: Any, data: Data) -> dict[str, Any]:
    return {"kind": "text", "text": text(part["body"])}


def _media(kind: MediaKind) -> Callable[[Any, Data], dict[str, Any]]:
    def read(part: Any, data: Data) -> dict[str, Any]:
        found = MediaKind.VOICE if kind is MediaKind.AUDIO and part.get("voice") else kind
        ref = Ref(
            kind=found,
            external_id=text(part["id"]),
            mime=text(part.get("mime_type")),
            file_name=text(part.get("filename")),
            url=text(part.get("url")),
            sha256=text(part.get("sha256")),
        )
        return {"kind": "media", "text": text(part.get("caption")), "media": (ref,)}

    return read


def _location(part: Any, data: Data) -> dict[str, Any]:
    place = Location(
        latitude=number(part["latitude"]),
        longitude=number(part["longitude"]),
        name=text(part.get("name")),
        address=text(part.get("address")),
    )
    return {"kind": "location", "location": place}


def _contacts(part: Any, data: Data) -> dict[str, Any]:
    cards = tuple(
        Card(
            name=text((one.get("name") or {}).get("formatted_name")),
            phones=tuple(text(entry.get("phone") or entry.get("wa_id")) for entry in listed(one.get("phones"))),
            emails=tuple(text(entry.get("email")) for entry in listed(one.get("emails"))),
        )
        for one in listed(part)
    )
    return {"kind": "contacts", "cards": cards}


def _reaction(part: Any, data: Data) -> dict[str, Any]:
    return {"kind": "reaction", "text": text(part.get("emoji")), "quote": text(part["message_id"])}


def _button(part: Any, data: Data) -> dict[str, Any]:
    return {"kind": "choice", "choice": text(part.get("payload")), "text": text(part.get("text"))}


def _interactive(part: Any, data: Data) -> dict[str, Any]:
    kind = text(part["type"])
    if kind in {"button_reply", "list_reply"}:
        return {"kind": "choice", "choice": text(part[kind]["id"]), "text": text(part[kind].get("title"))}
    reply = part.get(kind)
    return {"kind": "unsupported", "raw_kind": kind, "text": text(reply.get("body")) if isinstance(reply, Mapping) else ""}


def _edit(part: Any, data: Data) -> dict[str, Any]:
    """A corrected message: what it says now, and in `quote` which one it was."""
    inner = part.get("message") or {}
    kind = text(inner.get("type"))
    read = READERS[kind](inner.get(kind), inner) if kind in READERS and kind not in {"edit", "revoke"} else {}
    return {**read, "kind": "edit", "quote": text(part["original_message_id"])}


def _revoke(part: Any, data: Data) -> dict[str, Any]:
    return {"kind": "deletion", "quote": text(part["original_message_id"])}


def _order(part: Any, data: Data) -> dict[str, Any]:
    return {"kind": "unsupported", "text": text(part.get("text"))}


def _welcome(part: Any, data: Data) -> dict[str, Any]:
    return {"kind": "start"}


def _unsupported(part: Any, data: Data) -> dict[str, Any]:
    inner = part.get("type") if isinstance(part, Mapping) else None
    return {"kind": "unsupported", "raw_kind": text(inner) if isinstance(inner, str) else text(data.get("type"))}


READERS: dict[str, Callable[[Any, Data], dict[str, Any]]] = {
    "text": _text,
    "image": _media(MediaKind.IMAGE),
    "video": _media(MediaKind.VIDEO),
    "audio": _media(MediaKind.AUDIO),
    "document": _media(MediaKind.DOCUMENT),
    "sticker": _media(MediaKind.STICKER),
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "button": _button,
    "interactive": _interactive,
    "edit": _edit,
    "revoke": _revoke,
    "order": _order,
    "request_welcome": _welcome,
}


def _system(data: Data) -> Changed:
    """A person has a new number or id, or a new device: the old address leads to the new one."""
    part = data["system"]
    kind = text(part.get("type"))
    old = text(data.get("from_user_id")) or phone(data.get("from"))
    new = text(part.get("user_id")) or phone(part.get("wa_id") or part.get("new_wa_id"))
    values = {"old": old, "new": new}
    if kind in {"user_changed_number", "user_changed_user_id"} and not (old and new):
        raise KeyError("system.wa_id")
    what = "address" if new and new != old else "identity"
    spoken = "Die Person schreibt jetzt unter einer neuen Adresse." if what == "address" else "Die Person nutzt ein neues Gerät oder Konto."
    if phone(data.get("from")) and old != phone(data.get("from")):
        values["old_alias"] = phone(data.get("from"))
    if what == "address" and phone(part.get("wa_id")) not in {"", new}:
        values["new_alias"] = phone(part.get("wa_id"))
    return Changed(external_id=text(data["id"]), at=moment(data["timestamp"]), what=what, text=spoken, values=values)


# ── Receipts ──────────────────────────────────────────────────────────────

_STATES = {
    "accepted": ReceiptState.ACCEPTED,
    "sent": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "played": ReceiptState.READ,
    "failed": ReceiptState.FAILED,
}


def status(data: Data) -> Receipt:
    errors = [error for error in listed(data.get("errors")) if isinstance(error, Mapping)]
    pricing = data.get("pricing") or {}
    return Receipt(
        external_id=text(data["id"]),
        state=_STATES[text(data["status"])],
        at=moment(data["timestamp"]) if data.get("timestamp") else datetime.now(UTC),
        token=text(data.get("biz_opaque_callback_data")),
        reason=rule(code_of(errors[0])).reason if errors else "unknown" if data["status"] == "failed" else "",
        details=words_of(errors[0]) if errors else "",
        address=text(data.get("recipient_user_id")) or phone(data.get("recipient_id")),
        price_category=text(pricing.get("category")) if isinstance(pricing, Mapping) else "",
    )
