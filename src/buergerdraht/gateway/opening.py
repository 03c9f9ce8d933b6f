"""Open what providers told us: a channel's connector reads the stored bodies into items."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
from django.db import connection
from msgspec import structs

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Changed, Connector, Event, Gone, Item, Malformed, Receipt, Received, Wanting
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Traffic
from buergerdraht.gateway.queries import ask, build, columns, queries, width

log = logging.getLogger("buergerdraht.ingest")
SQL = queries(Path(__file__).with_name("ingest.sql"))
CHANNEL = SQL["channel"].replace("/*channel*/", columns(Channel, "c")).replace("/*organisation*/", columns(Organisation, "o"))
SHARDS = 8  # of the people of a channel: more than hands that are at it
WORDS = {
    "Received": "Nachrichten",
    "Receipt": "Empfangsberichte",
    "Gone": "Abmeldungen",
    "Changed": "Änderungen",
    "NoneType": "unbekannt",
}
_connectors: dict[int, tuple[str, str, Connector]] = {}  # by channel: kind and config it was made of
_heard: dict[int, datetime] = {}  # by channel: what its row says of the last inbound event


class Row(NamedTuple):
    """An event as it is stored."""

    id: int
    source: str
    body: bytes
    tries: int
    received_at: datetime


@dataclass(slots=True)
class Opened:
    """An event with its items, or with the reason why it has none."""

    row: Row
    items: Sequence[Item] = ()
    problem: str = ""
    wanting: bool = False  # the provider must be asked before it can be read

    @property
    def order(self) -> tuple[datetime, int]:
        """Provider time, then arrival."""
        times = [item.event.at for item in self.items if isinstance(item.event, Received)]
        return (min(times) if times else self.row.received_at, self.row.id)

    @property
    def receipts(self) -> list[Receipt]:
        return [item.event for item in self.items if isinstance(item.event, Receipt)]

    @property
    def passing(self) -> list[Item]:
        """Everything but receipts, in provider time."""
        return sorted((item for item in self.items if not isinstance(item.event, Receipt)), key=_when)


def _when(item: Item) -> datetime:
    return item.event.at if isinstance(item.event, Received) else datetime.min.replace(tzinfo=UTC)


def query(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run one of ingest's queries."""
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], parameters)
        return cursor.fetchall() if cursor.description else []


def rows(name: str, **parameters: Any) -> list[Row]:
    return [Row(number, source, bytes(body), tries, at) for number, source, body, tries, at, *_ in query(name, **parameters)]


def channel(number: int) -> Channel | None:
    """The channel as it is now, with its organisation: asked for with every group."""
    found = ask(CHANNEL, {"channel": number})
    if not found:
        return None
    made = build(Channel, found[0][: width(Channel)])
    made.organisation = build(Organisation, found[0][width(Channel) :])
    return made


def connector(channel: Channel) -> Connector | None:
    """The channel's connector, made once for each config."""
    made = _connectors.get(channel.pk)
    if made is not None and made[:2] == (channel.kind, channel.config):
        return made[2]
    try:
        _connectors[channel.pk] = (channel.kind, channel.config, channels.connector(channel))
    except Exception as problem:  # a config that no longer fits: the events wait as kept
        log.error("ingest.unusable channel=%s problem=%s", channel.pk, type(problem).__name__)
        _connectors.pop(channel.pk, None)
        return None
    return _connectors[channel.pk][2]


def unfold(reader: Connector | None, row: Row) -> Opened:
    """Read an event's items."""
    try:
        if row.source == "engine":
            return Opened(row, [Item(event=msgspec.json.decode(row.body, type=Event))])
        if row.source == "stream":
            return Opened(row, _not_to_come(row, msgspec.json.decode(row.body, type=list[Item])))
        if row.source == "door":
            return Opened(row, msgspec.json.decode(vault.decrypt(row.body), type=list[Item]))
        if reader is None:
            return Opened(row, problem="channel_unusable")
        return Opened(row, _not_to_come(row, reader.parse(row.body)))
    except Malformed as problem:
        return Opened(row, problem=f"malformed: {problem}"[:500])
    except Wanting:
        return Opened(row, problem="wanting", wanting=True)
    except Exception as problem:
        log.error("ingest.unreadable event=%s problem=%s", row.id, type(problem).__name__)
        return Opened(row, problem=f"unreadable: {type(problem).__name__}")


def _not_to_come(row: Row, items: Sequence[Item]) -> list[Item]:
    """Let nothing be said later than it arrived: some providers pass on the time the sender chose, who would stay the newest."""
    return [
        structs.replace(item, event=structs.replace(item.event, at=row.received_at))
        if isinstance(item.event, Received) and item.event.at > row.received_at
        else item
        for item in items
    ]


def keys_of(event: Event | None) -> frozenset[str]:
    """The keys of who wrote, by which their messages are kept in order."""
    return frozenset((event.sender.address, *event.sender.aliases)) if isinstance(event, Received) else frozenset()


def shard_of(items: Iterable[Item]) -> int:
    """Say to which of SHARDS a body belongs: that of the one person it is about. 0: it is about several, or nobody."""
    people = {_person(item.event) for item in items}
    return crc32(people.pop().encode()) % SHARDS + 1 if len(people) == 1 and "" not in people else 0


def _person(event: Event | None) -> str:
    """Name who it is of, the same for every form in which a provider names them: who brings two keys in one message (WhatsApp: user id
    and number, Signal: account and number) brings the best one in the next, too, but perhaps not the others.
    """
    if isinstance(event, Received):
        return event.sender.steady or event.sender.address
    return event.address if isinstance(event, Gone) else ""


def once(items: Iterable[Item]) -> dict[str, Received | Gone | Changed]:
    """The items that are handled once, by what they are remembered by."""
    return {item.event.external_id[:200]: item.event for item in items if item.event and not isinstance(item.event, Receipt)}


# ── the traffic log ───────────────────────────────────────────────────────


@dataclass(slots=True)
class Tally:
    """What a lane handled of a channel since its last line in the traffic log."""

    events: int = 0
    kept: int = 0
    seconds: float = 0.0
    items: Counter[str] = field(default_factory=Counter)
    since: float = 0.0


class Log:
    """Writes a line per channel into the traffic log, at most one a second: numbers only. Each lane has its own."""

    def __init__(self) -> None:
        self.tallies: dict[int, Tally] = {}

    def add(self, channel_id: int, opened: Iterable[Opened], *, kept: int = 0, seconds: float = 0.0) -> None:
        tally = self.tallies.setdefault(channel_id, Tally())
        for one in opened:
            tally.events += 1
            tally.items.update(type(item.event).__name__ for item in one.items)
        tally.kept += kept
        tally.seconds += seconds

    def write(self, *, every: float = 1.0) -> None:
        now = time.monotonic()
        due = {number: tally for number, tally in self.tallies.items() if tally.events and now - tally.since >= every}
        Traffic.objects.bulk_create(_line(number, tally) for number, tally in due.items())
        for number in due:
            self.tallies[number] = Tally(since=now)


def _line(channel_id: int, tally: Tally) -> Traffic:
    details = ", ".join(f"{WORDS[kind]}: {count}" for kind, count in sorted(tally.items.items()) if count)
    return Traffic(
        channel_id=channel_id,
        direction="in",
        what=f"Meldungen: {tally.events}",
        status="kept" if tally.kept else "done",
        milliseconds=round(tally.seconds * 1000),
        details=details,
    )


def heard(channel_id: int, taken: Iterable[Row]) -> None:
    """Note on the channel that its provider spoke: once a minute, because every page of the console asks for it."""
    at = max((row.received_at for row in taken if row.source != "engine"), default=None)
    known = _heard.get(channel_id)
    if at is not None and (known is None or (at - known).total_seconds() > 60):
        query("heard", channel=channel_id, at=at)
        _heard[channel_id] = at
