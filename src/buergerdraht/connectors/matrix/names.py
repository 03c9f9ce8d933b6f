"""How rooms, people and events are named in the house: addresses and external ids are opaque there, and taken apart only here.

An address is "@ada:stadt.example !room:stadt.example": the person, and the room in which they last wrote to us, so that an answer goes
there even after a restart. A person nobody has a room with yet is their bare name. A message is "!room:stadt.example/$event".
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PERSON = re.compile(r"^@[^\s/:]{1,255}:[^\s/@]{1,230}$")


class Place(NamedTuple):
    """Whom to write to; `room` is "" where none is known yet."""

    person: str
    room: str


def address(person: str, room: str) -> str:
    return f"{person} {room}" if room else person


def place(name: str) -> Place | None:
    """Take an address apart; None where it is none."""
    person, _, room = name.strip().partition(" ")
    if not _PERSON.match(person) or (room and not room.startswith("!")) or " " in room:
        return None
    return Place(person, room)


def message(room: str, event: str) -> str:
    return f"{room}/{event}"


def room_of(external_id: str) -> str:
    return external_id.partition("/$")[0] if "/$" in external_id else ""


def event_of(external_id: str) -> str:
    return "$" + external_id.partition("/$")[2] if "/$" in external_id else ""
