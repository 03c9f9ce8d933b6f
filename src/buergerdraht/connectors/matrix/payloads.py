"""Read what the homeserver pushes: a transaction of room events, and of what passes (read marks).

https://spec.matrix.org/v1.15/application-service-api/#pushing-events
The transaction's number is not needed: every event has an id of its own, and what is pushed again is known by it (law 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from buergerdraht.connectors.contract import (
    Changed,
    Event,
    Gone,
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
from buergerdraht.connectors.matrix import names
from buergerdraht.connectors.wire import item, load, number, text, worth

Data = Mapping[str, Any]
TOKEN = "de.buergerdraht.letter"  # noqa: S105 - where our token stands in what we send; the homeserver tells us our own events
VOICE = ("org.matrix.msc3245.voice", "m.voice")
EPHEMERAL = ("ephemeral", "de.sorunome.msc2409.ephemeral")  # since Matrix 1.13, and before
JOIN, UNREADABLE = "join", "unreadable"  # what the engine is to do about an invitation, or about a room we cannot read
# What people's apps tell each other in a room, said by nobody.
_QUIET = ("m.call.", "m.key.", "m.poll.response", "m.poll.end", "org.matrix.msc3381.poll.response", "org.matrix.msc3381.poll.end")


def parse(body: bytes, account: str) -> list[Item]:
    """Read a transaction, or the ping of a check, which tells nothing."""
    data = load(body)
    if "events" not in data:
        if data.keys() <= {"transaction_id"}:
            return []
        raise Malformed("not from a homeserver")
    events = data["events"]
    if not isinstance(events, list):
        raise Malformed("not from a homeserver")
    found: list[Item] = []
    for event in events:
        found += _event(event, account)
    return worth([*found, *_passing(data, account)])


def _event(event: Any, account: str) -> list[Item]:
    if isinstance(event, Mapping) and event.get("type") == "m.room.member":
        return [item(partial(read, event, account), event) for read in (_moved, _membership)]
    return [item(partial(_read, event, account), event)]


def _moment(milliseconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except OSError as problem:
        raise ValueError("no moment") from problem


def _named(event: Data) -> tuple[str, str, str]:
    """Name room, person and message of an event; raise where one is missing or no name."""
    room, person, number_ = text(event["room_id"]), text(event["sender"]), text(event["event_id"])
    if not room.startswith("!") or " " in room or not number_.startswith("$") or names.place(person) is None:
        raise ValueError("no name")
    return room, person, number_


# ── Messages ──────────────────────────────────────────────────────────────


def _read(event: Data, account: str) -> Event | None:
    kind = text(event["type"])
    if "state_key" in event or kind.startswith(_QUIET):
        return None  # what a room is called, who may do what
    room, person, event_id = _named(event)
    content = event.get("content")
    if not isinstance(content, Mapping):
        raise TypeError("content expected")
    if person == account:
        return _ours(event, names.message(room, event_id))
    fields: dict[str, Any] = {
        "external_id": names.message(room, event_id),
        "sender": Sender(address=names.address(person, room), aliases=(person,), steady=person, handle=person),
        "at": _moment(event["origin_server_ts"]),
        "raw_kind": kind[:60],
    }
    said = KINDS.get(kind, _unsupported)(content, event)
    return Received(**{**fields, **said}) if said is not None else None


def _ours(event: Data, external_id: str) -> Receipt | None:
    """What we sent has reached the homeserver: it settles every doubt, because our token stands in it."""
    token = event["content"].get(TOKEN)
    if not isinstance(token, str):
        return None
    return Receipt(external_id=external_id, state=ReceiptState.SENT, at=_moment(event["origin_server_ts"]), token=text(token)[:100])


def _message(content: Data, event: Data) -> dict[str, Any] | None:
    if not content:
        return None  # deleted before we saw it
    relation = content.get("m.relates_to")
    relation = relation if isinstance(relation, Mapping) else {}
    room = text(event["room_id"])
    if relation.get("rel_type") == "m.replace":
        new = content.get("m.new_content")
        said = _said(new if isinstance(new, Mapping) else content)
        return None if said is None else {**said, "kind": "edit", "quote": names.message(room, text(relation["event_id"]))}
    said = _said(content)
    answered = relation.get("m.in_reply_to")
    if said is None or not isinstance(answered, Mapping) or relation.get("is_falling_back"):
        return said
    return {**said, "text": _bare(said.get("text", "")), "quote": names.message(room, text(answered["event_id"]))}


def _bare(words: str) -> str:
    """Take away the answered message that older apps copy above the answer."""
    lines = words.split("\n")
    if not lines[0].startswith("> "):
        return words
    while lines and lines[0].startswith(">"):
        lines.pop(0)
    return "\n".join(lines).lstrip("\n")


def _said(content: Data) -> dict[str, Any] | None:
    """Read the one thing a message is made of; None for what automata tell each other."""
    kind = text(content.get("msgtype"))
    if kind == "m.notice":
        return None  # an automaton's, and answering it would never end
    if kind in {"m.text", "m.emote"}:
        return {"kind": "text", "text": text(content.get("body")), "raw_kind": kind}
    if kind == "m.location":
        return {"kind": "location", "location": _place(content), "raw_kind": kind}
    if kind in FILES:
        return {**_file(content, FILES[kind]), "raw_kind": kind}
    return {"kind": "unsupported", "text": text(content.get("body")), "raw_kind": kind[:60]}


def _file(content: Data, kind: MediaKind) -> dict[str, Any]:
    if kind is MediaKind.AUDIO and any(name in content for name in VOICE):
        kind = MediaKind.VOICE
    body, name = text(content.get("body")), text(content.get("filename"))
    url = content.get("url")
    if not isinstance(url, str):  # a file that is encrypted though the room is not
        return {"kind": "unsupported", "text": body if name and name != body else ""}
    info = content.get("info")
    info = info if isinstance(info, Mapping) else {}
    size = info.get("size")
    ref = Ref(
        kind=kind,
        external_id=text(url),
        mime=text(info.get("mimetype") or ""),
        size=int(size) if isinstance(size, int | float) else 0,
        file_name=(name or body)[:200],
    )
    return {"kind": "media", "media": (ref,), "text": body if name and name != body else ""}


def _place(content: Data) -> Location:
    """Read "geo:52.5,13.4;u=10" (RFC 5870)."""
    scheme, _, rest = text(content["geo_uri"]).partition(":")
    latitude, longitude = rest.partition(";")[0].split(",")[:2]
    if scheme != "geo":
        raise ValueError("geo address expected")
    return Location(latitude=number(latitude), longitude=number(longitude))


def _sticker(content: Data, event: Data) -> dict[str, Any]:
    return {**_file(content, MediaKind.STICKER), "text": ""}


def _reaction(content: Data, event: Data) -> dict[str, Any]:
    relation = content["m.relates_to"]
    quote = names.message(text(event["room_id"]), text(relation["event_id"]))
    return {"kind": "reaction", "text": text(relation["key"])[:40], "quote": quote}


def _deletion(content: Data, event: Data) -> dict[str, Any]:
    deleted = event.get("redacts") or content.get("redacts")  # since room version 11 it stands in the content
    if not isinstance(deleted, str):
        raise KeyError("redacts")
    return {"kind": "deletion", "quote": names.message(text(event["room_id"]), text(deleted))}


def _encrypted(content: Data, event: Data) -> dict[str, Any]:
    """We hold no keys. The engine says so, once, and opens a room that we can read: so the answer goes to the person, not to this room."""
    person, room = text(event["sender"]), text(event["room_id"])
    return {"kind": "unsupported", "sender": Sender(address=person, handle=person), "callback": f"{UNREADABLE}:{person} {room}"}


def _unsupported(content: Data, event: Data) -> dict[str, Any]:
    return {"kind": "unsupported", "text": text(content["body"]) if isinstance(content.get("body"), str) else ""}


FILES = {"m.image": MediaKind.IMAGE, "m.video": MediaKind.VIDEO, "m.audio": MediaKind.AUDIO, "m.file": MediaKind.DOCUMENT}
KINDS: dict[str, Callable[[Data, Data], dict[str, Any] | None]] = {
    "m.room.message": _message,
    "m.sticker": _sticker,
    "m.reaction": _reaction,
    "m.room.redaction": _deletion,
    "m.room.encrypted": _encrypted,
}


# ── Who comes and who goes ────────────────────────────────────────────────


def _before(event: Data) -> str:
    """What somebody was in the room before."""
    unsigned = event.get("unsigned")
    for holder in (unsigned, event):
        found = holder.get("prev_content") if isinstance(holder, Mapping) else None
        if isinstance(found, Mapping) and isinstance(found.get("membership"), str):
            return str(found["membership"])
    return ""


def _membership(event: Data, account: str) -> Event | None:
    room, sender, event_id = _named(event)
    who, now, before = text(event["state_key"]), text(event["content"]["membership"]), _before(event)
    at, external_id = _moment(event["origin_server_ts"]), names.message(room, event_id)
    if who == account:
        if sender == account:
            return None
        if now == "invite":
            return _invited(event, room, sender)
        left = now in {"leave", "ban"}
        return Gone(address=names.address(sender, room), at=at, external_id=external_id, reason="blocked") if left else None
    if names.place(who) is None:
        raise ValueError("no name")
    if now in {"leave", "ban"} and before not in {"leave", "ban"} and sender == who:  # whom somebody else throws out has not gone
        address = names.address(who, "" if before == "invite" else room)
        return Gone(address=address, at=at, external_id=external_id, reason="blocked")
    if now == "join" and before in {"leave", "ban"}:
        return Gone(address=names.address(who, room), at=at, external_id=external_id, back=True)
    return None


def _moved(event: Data, account: str) -> Event | None:
    """Somebody came into a room: from now on they are reached there. Who only got a new picture was there before."""
    room, _, event_id = _named(event)
    who = text(event["state_key"])
    if who == account or event["content"]["membership"] != "join" or _before(event) == "join" or names.place(who) is None:
        return None
    values = {"old": who, "new": names.address(who, room), "handle": who}
    at = _moment(event["origin_server_ts"])
    return Changed(external_id=f"{names.message(room, event_id)}:moved", at=at, what="address", values=values)


def _invited(event: Data, room: str, person: str) -> Event | None:
    """Somebody opens a conversation. Into rooms of many we do not go: everybody there would read what we answer one."""
    if event["content"].get("is_direct") is not True:
        return None
    seen = list(_seen_through_the_door(event))
    name = next((_name(one) for one in seen if one.get("type") == "m.room.member" and one.get("state_key") == person), "")
    readable = not any(one.get("type") == "m.room.encryption" for one in seen)
    address, aliases = (names.address(person, room), (person,)) if readable else (person, ())
    sender = Sender(address=address, aliases=aliases, steady=person, name=name, handle=person)
    return Received(
        external_id=names.message(room, text(event["event_id"])),
        sender=sender,
        at=_moment(event["origin_server_ts"]),
        kind="start",
        raw_kind="m.room.member",
        callback=f"{JOIN if readable else UNREADABLE}:{person} {room}",
    )


def _seen_through_the_door(event: Data) -> Iterator[Data]:
    """What a homeserver tells of a room before one is in it."""
    unsigned = event.get("unsigned")
    holders = (event, unsigned if isinstance(unsigned, Mapping) else {})
    for holder in holders:
        state = holder.get("invite_room_state")
        yield from (one for one in state if isinstance(one, Mapping)) if isinstance(state, list) else ()


def _name(event: Data) -> str:
    content = event.get("content")
    found = content.get("displayname") if isinstance(content, Mapping) else None
    return text(found)[:120] if isinstance(found, str) else ""


# ── What passes ───────────────────────────────────────────────────────────


def _passing(data: Data, account: str) -> list[Item]:
    """Read marks: one notice may name many events and people. Who is typing is none of our business."""
    passing: list[Any] = next((data[name] for name in EPHEMERAL if isinstance(data.get(name), list)), [])
    found: list[Item] = []
    for notice in passing:
        if isinstance(notice, Mapping) and notice.get("type") != "m.receipt":
            continue
        try:
            marks = list(_marks(notice, account))
        except (LookupError, TypeError, ValueError, AttributeError) as problem:
            kept = dict(notice) if isinstance(notice, Mapping) else {"value": None}
            found.append(Item(raw=kept, problem=f"{type(problem).__name__} in a receipt"))
            continue
        found += marks
    return found


def _marks(notice: Data, account: str) -> Iterator[Item]:
    room = text(notice["room_id"])
    for event_id, kinds in notice["content"].items():
        read = kinds.get("m.read") or {}
        for person, mark in read.items():
            if person != account:
                yield item(partial(_seen, room, text(event_id), text(person), mark), notice)
                yield item(partial(_seen_before, room, text(person), mark), notice)


def _seen(room: str, event_id: str, person: str, mark: Data) -> Receipt:
    return Receipt(
        external_id=names.message(room, event_id), state=ReceiptState.READ, at=_moment(mark["ts"]), address=names.address(person, room)
    )


def _seen_before(room: str, person: str, mark: Data) -> Receipt:
    """The mark stands at the newest event; what came before it is read, too."""
    at = _moment(mark["ts"])
    return Receipt(external_id="", state=ReceiptState.READ, at=at, address=names.address(person, room), until=at)
