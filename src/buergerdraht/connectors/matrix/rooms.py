"""Whose room is whose: a room is private as long as one person alone is in it with us.

What one person is answered, nobody else may read. So an answer never goes into a room that holds a third person, and nobody's address moves
there; we leave it, and write to them in a room of their own. Once seen by a third, a room stays set aside.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from buergerdraht.connectors.contract import Changed, Gone, Item, Receipt, Received, Sender
from buergerdraht.connectors.learned import Learned
from buergerdraht.connectors.matrix import names

CROWD = "crowd"


class Rooms:
    """The rooms that one account knows. Shared with other processes by files."""

    def __init__(self, secret: str) -> None:
        self._learned = Learned(b"matrix rooms" + secret.encode())

    def whose(self, room: str) -> str:
        """The person who is alone with us in a room, CROWD, or "" where nobody has looked."""
        return (self._learned.get(room) or b"").decode()

    def note(self, room: str, people: Iterable[str]) -> str:
        """Keep who is in a room beside us. A crowd stays one."""
        known = self.whose(room)
        seen = {*people, *filter(None, [known])}
        found = CROWD if CROWD in seen or len(seen) > 1 else next(iter(seen), "")
        if found and found != known:
            self._learned.replace(room, found.encode())
        return found

    def forget(self, room: str) -> None:
        self._learned.forget(room)


@lru_cache(maxsize=256)
def rooms(secret: str) -> Rooms:
    return Rooms(secret)


def _place(item: Item) -> names.Place | None:
    """Where an event says that somebody is reached. An invitation says nothing yet: we are not in that room."""
    match item.event:
        case Received(kind="start"):
            return None
        case Received(sender=sender):
            return names.place(sender.address)
        case Gone(address=address) | Receipt(address=address):
            return names.place(address)
        case Changed(what="address", values=values):
            return names.place(values.get("new", ""))
    return None


def spoken_of(items: Sequence[Item]) -> dict[str, set[str]]:
    """The people that events speak of, by room."""
    found: dict[str, set[str]] = defaultdict(set)
    for place in filter(None, map(_place, items)):
        if place.room:
            found[place.room].add(place.person)
    return dict(found)


def unsure(items: Sequence[Item], known: Rooms) -> dict[str, set[str]]:
    """The rooms of which is not known whose they are, or in which somebody else turns up."""
    return {room: people for room, people in spoken_of(items).items() if (whose := known.whose(room)) != CROWD and people != {whose}}


def apart(items: Sequence[Item], known: Rooms) -> list[Item]:
    """Take out what ties a person to a room that others read, too; what they said there is kept, as said by them."""
    found: list[Item] = []
    for item in items:
        place = _place(item)
        if isinstance(item.event, Gone) and place is not None and not place.room:
            if known.whose(names.room_of(item.event.external_id)) == place.person:  # it was our invitation that was declined
                found.append(item)
        elif place is None or not place.room or known.whose(place.room) != CROWD:
            found.append(item)
        elif isinstance(item.event, Received):
            event = item.event
            sender = Sender(address=place.person, name=event.sender.name, handle=event.sender.handle)
            found += [Item(event=msgspec.structs.replace(event, sender=sender)), Item(event=_noted(event, place))]
        elif isinstance(item.event, Receipt) and item.event.external_id:
            found.append(item)
    return found


def _noted(event: Received, place: names.Place) -> Changed:
    """Say once that somebody wrote where others read."""
    mark = hashlib.sha256(place.person.encode()).hexdigest()[:20]
    return Changed(external_id=f"{place.room}/crowd/{mark}", at=event.at, what="crowd", values={"address": place.person})
