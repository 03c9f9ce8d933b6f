"""Handle what providers told us, in order, each item once, each on its own (laws 2, 3, 5).

A worker takes a channel by advisory lock and handles its events in the order they came; other workers take other channels.
Receipts of many events are applied in one batch. A failing item is tried again, then kept with its problem; it never holds up
the others. What was handled before is known in `Seen`, so a retry or a replay repeats nothing.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Changed, Connector, Event, Gone, Item, Malformed, Receipt, Received
from buergerdraht.gateway import channels, effects, live, media_job, receipts
from buergerdraht.gateway.database import conninfo
from buergerdraht.gateway.models import Channel, InboundEvent, Traffic

log = logging.getLogger("buergerdraht.ingest")
Handle = Callable[[Channel, Event], None]
State = InboundEvent.State

LOCKS = 0x62640002  # first half of the advisory locks: "a worker handles this channel's events"
GROUP = 200
MOST_TRIES = 5
BACKOFF = (2, 10, 60, 300)
POLL_SECONDS = 1.0


@dataclass(slots=True)
class Opened:
    """An event with its items, or with the reason why it has none."""

    event: InboundEvent
    items: list[Item] = field(default_factory=list)
    problem: str = ""

    @property
    def only_receipts(self) -> bool:
        return bool(self.items) and all(isinstance(item.event, Receipt) for item in self.items)

    @property
    def order(self) -> tuple[datetime, int]:
        """Provider time, then arrival."""
        times = [item.event.at for item in self.items if isinstance(item.event, Received)]
        return (min(times) if times else self.event.received_at, self.event.id)


def run(handle: Handle, stop: threading.Event) -> None:
    """Handle events until told to stop; woken by NOTIFY, with a look of its own every second. Survives the database."""
    woken = threading.Event()
    listener = threading.Thread(target=_listen, args=(woken, stop), name="ingest-listen", daemon=True)
    fetcher = threading.Thread(target=media_job.run, args=(stop,), name="media", daemon=True)
    listener.start()
    fetcher.start()
    while not stop.is_set():
        woken.clear()
        try:
            close_old_connections()
            busy = run_once(handle)
        except (OperationalError, InterfaceError) as problem:
            log.warning("ingest.reconnect problem=%s", type(problem).__name__)
            connection.close()
            stop.wait(1.0)
            continue
        if not busy:
            woken.wait(POLL_SECONDS)
    fetcher.join(timeout=10)
    connection.close()


def run_once(handle: Handle) -> int:
    """Handle what is there now. Returns how many events were taken."""
    receipts.apply_early()
    taken = 0
    for channel_id in _channels_with_news():
        with _owning(channel_id) as mine:
            if mine:
                taken += _handle_channel(channel_id, handle)
    return taken


def replay(event: InboundEvent) -> None:
    """Let a kept event be tried again; what worked the first time is not repeated."""
    InboundEvent.objects.filter(id=event.id, state=State.KEPT).update(state=State.NEW, tries=0, retry_at=None, problem="")
    live.notify("inbound")


def _listen(woken: threading.Event, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with psycopg.connect(conninfo("buergerdraht worker listen"), autocommit=True) as listening:
                listening.execute("listen inbound")
                while not stop.is_set():
                    for _notice in listening.notifies(timeout=1.0, stop_after=1):
                        woken.set()
        except psycopg.Error:
            stop.wait(1.0)


def _channels_with_news() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """select distinct channel_id from (
                 select channel_id from gateway_inboundevent
                 where state = 'new' and (retry_at is null or retry_at <= now()) order by id limit 5000) news"""
        )
        return [row[0] for row in cursor.fetchall()]


@contextmanager
def _owning(channel_id: int) -> Iterator[bool]:
    """One worker per channel keeps a citizen's messages in order."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, %s)", [LOCKS, channel_id])
        row = cursor.fetchone()
    mine = bool(row and row[0])
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s, %s)", [LOCKS, channel_id])


def _handle_channel(channel_id: int, handle: Handle) -> int:
    channel = Channel.objects.select_related("organisation").get(id=channel_id)
    due = InboundEvent.objects.filter(channel=channel, state=State.NEW).exclude(retry_at__gt=timezone.now())
    events = list(due.order_by("id")[:GROUP])
    connector = _connector(channel)
    opened = [_open(connector, event) for event in events]
    if not opened:
        return 0
    started = time.monotonic()
    counted = Counter(type(item.event).__name__ for one in opened for item in one.items)
    rest = _apply_receipts(channel, opened)
    for one in sorted(rest, key=lambda opened: opened.order):
        _handle_event(channel, one, handle)
    _note(channel, opened, counted, round((time.monotonic() - started) * 1000))
    return len(events)


def _note(channel: Channel, opened: Sequence[Opened], counted: Counter[str], milliseconds: int) -> None:
    """Write one line per group into the channel's traffic log: numbers only."""
    kept = sum(one.event.state == State.KEPT for one in opened)
    words = {
        "Received": "Nachrichten",
        "Receipt": "Empfangsberichte",
        "Gone": "Abmeldungen",
        "Changed": "Änderungen",
        "NoneType": "unbekannt",
    }
    details = ", ".join(f"{words[kind]}: {count}" for kind, count in sorted(counted.items()) if count)
    status = "kept" if kept else "done"
    Traffic.objects.create(
        channel=channel, direction="in", what=f"Meldungen: {len(opened)}", status=status, milliseconds=milliseconds, details=details
    )


def _connector(channel: Channel) -> Connector | None:
    try:
        return channels.connector(channel)
    except Exception as problem:  # a config that no longer fits: the events wait as kept
        log.error("ingest.unusable channel=%s problem=%s", channel.id, type(problem).__name__)
        return None


def _open(connector: Connector | None, event: InboundEvent) -> Opened:
    body = bytes(event.body)
    try:
        if event.source == "engine":
            return Opened(event, [Item(event=msgspec.json.decode(body, type=Event))])
        if event.source == "stream":
            return Opened(event, msgspec.json.decode(body, type=list[Item]))
        if connector is None:
            return Opened(event, problem="channel_unusable")
        return Opened(event, connector.parse(body))
    except Malformed as problem:
        return Opened(event, problem=f"malformed: {problem}"[:500])
    except Exception as problem:
        log.error("ingest.unreadable event=%s problem=%s", event.id, type(problem).__name__)
        return Opened(event, problem=f"unreadable: {type(problem).__name__}")


# ── receipts ──────────────────────────────────────────────────────────────


def _apply_receipts(channel: Channel, opened: Sequence[Opened]) -> list[Opened]:
    """Apply all receipts of the group at once. Returns the events that hold something else, without their receipts."""
    found = [item.event for one in opened for item in one.items if isinstance(item.event, Receipt)]
    if not found:
        return list(opened)
    pure = [one.event.id for one in opened if one.only_receipts]
    try:
        with transaction.atomic():
            receipts.apply(channel.id, found)
            InboundEvent.objects.filter(id__in=pure).update(state=State.DONE, done_at=timezone.now())
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError as problem:
        log.error("receipts.failed channel=%s count=%s problem=%s", channel.id, len(found), type(problem).__name__)
        return list(opened)  # one by one, each in its own savepoint
    for one in opened:
        one.items = [item for item in one.items if not isinstance(item.event, Receipt)]
    return [one for one in opened if one.event.id not in set(pure)]


# ── everything else ───────────────────────────────────────────────────────


@transaction.atomic
def _handle_event(channel: Channel, opened: Opened, handle: Handle) -> None:
    """Handle an event's items, each in its own savepoint, and say how it went."""
    problems = [opened.problem] if opened.problem else []
    again = False
    for item in sorted(opened.items, key=_when):
        if item.event is None:
            problems.append(item.problem or "unknown")
            continue
        if problem := _handle_item(channel, item.event, handle):
            problems.append(problem)
            again = True
    _count_inbound(channel, opened)
    _finish(opened.event, problems, again=again)


def _when(item: Item) -> datetime:
    return item.event.at if isinstance(item.event, Received) else datetime.min.replace(tzinfo=UTC)


def _handle_item(channel: Channel, event: Event, handle: Handle) -> str:
    """Handle one item once. Returns the problem, empty when all is well."""
    try:
        with transaction.atomic():
            if isinstance(event, Receipt):
                receipts.apply(channel.id, [event])
            elif _first_time(channel, event):
                _pass_on(channel, event, handle)
        return ""
    except Exception as problem:
        if isinstance(problem, OperationalError | InterfaceError) and not connection.is_usable():
            raise  # the database is away: nobody's fault, tried again as it is
        where = problem.__traceback__
        while where and where.tb_next:
            where = where.tb_next
        place = f"{where.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{where.tb_lineno}" if where else ""
        log.error("ingest.failed channel=%s kind=%s problem=%s at=%s", channel.id, type(event).__name__, type(problem).__name__, place)
        return f"{type(event).__name__}: {type(problem).__name__} {place}"


def _first_time(channel: Channel, event: Received | Gone | Changed) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into gateway_seen (channel_id, external_id, at) values (%s, %s, now()) on conflict do nothing",
            [channel.id, event.external_id[:200]],
        )
        return bool(cursor.rowcount)


def _pass_on(channel: Channel, event: Received | Gone | Changed, handle: Handle) -> None:
    if isinstance(event, Changed):
        effects.apply(channel, event)
    handle(channel, event)
    if isinstance(event, Received) and event.callback:
        acknowledge(channel, event.callback)


def _count_inbound(channel: Channel, opened: Opened) -> None:
    """Where a provider counts what comes in against the rate, the engine is told."""
    count = sum(isinstance(item.event, Received) for item in opened.items)
    if count and channels.limits_of(channel.kind).rate_counts_inbound:
        live.notify("traffic", f"{channel.id}:{count}")


def _finish(event: InboundEvent, problems: Sequence[str], *, again: bool) -> None:
    now = timezone.now()
    event.problem = "; ".join(dict.fromkeys(problems))[:500]
    if again and event.tries + 1 < MOST_TRIES:
        event.tries += 1
        event.retry_at = now + timedelta(seconds=BACKOFF[min(event.tries - 1, len(BACKOFF) - 1)])
    else:
        event.state = State.KEPT if problems else State.DONE
        event.done_at = now
    event.save(update_fields=["state", "problem", "tries", "retry_at", "done_at"])


# ── courtesies ────────────────────────────────────────────────────────────


def acknowledge(channel: Channel, callback: str) -> None:
    """Let the engine answer a press, so that the button stops spinning."""
    live.notify("errand", json.dumps({"channel": channel.id, "verb": "acknowledge", "callback": callback}))


def mark_read(channel: Channel, external_id: str, address: str, *, typing: bool = False) -> None:
    """Let the engine set the read mark, and show that somebody types."""
    sealed = vault.encrypt(address).hex()
    values = {"channel": channel.id, "verb": "read", "external_id": external_id, "address": sealed, "typing": typing}
    live.notify("errand", json.dumps(values))
