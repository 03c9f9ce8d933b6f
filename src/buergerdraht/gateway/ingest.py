"""Handle what providers told us: messages in order and first, receipts in masses beside them.

Two lanes with threads of their own, so that a hundred thousand receipts delay no citizen. Messages are handled by a few hands, each at
other people of a channel, and workers share the people alike (`arrivals`); receipts by as many workers as there are, in any order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import psycopg
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction

from buergerdraht.gateway import arrivals, live, media_job, opening, receipts
from buergerdraht.gateway.arrivals import MOST_TRIES, Desk, Handle, Hurries, Outcome, never
from buergerdraht.gateway.database import conninfo
from buergerdraht.gateway.errands import acknowledge, mark_read
from buergerdraht.gateway.models import Channel, InboundEvent
from buergerdraht.gateway.opening import Log, Opened, Row, query

__all__ = ["MOST_TRIES", "Handle", "Hurries", "acknowledge", "mark_read", "replay", "run", "run_once"]

log = logging.getLogger("buergerdraht.ingest")
State = InboundEvent.State

MESSAGE, RECEIPT = "message", "receipt"
MOST_RECEIPTS = 1000  # bodies applied in one commit
REST_SECONDS = 0.1  # receipts are let gather: ten groups of a hundred cost less than a hundred of ten
MOST_REST_SECONDS = 0.5  # the more there is to do, the larger the groups: a rest is as long as the work before it
HANDS = 3  # at messages, in a worker: while one waits for the database, another thinks
POLL_SECONDS = 1.0
SWEEP_SECONDS = 60.0


def run(handle: Handle, stop: threading.Event, hurries: Hurries = never) -> None:
    """Handle events until told to stop; woken by NOTIFY, with a look of its own every second. Survives the database.

    `hurries` tells which events may pass an earlier one of the same person that is being tried again.
    """
    woken = {MESSAGE: threading.Event(), RECEIPT: threading.Event()}
    reports = Reports()
    hands = [_hand(Desk(handle, hurries), number) for number in range(HANDS)]
    beside = [
        *(
            threading.Thread(target=_lane, args=(hand, woken[MESSAGE], stop), name=f"messages-{number}", daemon=True)
            for number, hand in enumerate(hands[1:], 1)
        ),
        threading.Thread(target=_listen, args=(woken, stop), name="ingest-listen", daemon=True),
        threading.Thread(target=_lane, args=(reports.once, woken[RECEIPT], stop, REST_SECONDS), name="receipts", daemon=True),
        threading.Thread(target=media_job.run, args=(stop,), name="media", daemon=True),
    ]
    for thread in beside:
        thread.start()
    _lane(hands[0], woken[MESSAGE], stop)
    for thread in beside:
        thread.join(timeout=10)


def run_once(handle: Handle, hurries: Hurries = never) -> int:
    """Handle what is there now. Returns how many events were taken."""
    desk, events = Desk(handle, hurries), Reports().once().events
    while taken := _messages_once(desk, 0).events:
        events += taken
    return events


def replay(event: InboundEvent) -> None:
    """Let a kept event be tried again; what worked the first time is not repeated."""
    InboundEvent.objects.filter(id=event.id, state=State.KEPT).update(state=State.NEW, tries=0, retry_at=None, problem="")
    live.notify("inbound", event.lane)


class Taken(NamedTuple):
    """How many events a round through the channels took, and whether there is surely more."""

    events: int
    more: bool


def _lane(once: Callable[[], Taken], woken: threading.Event, stop: threading.Event, rest: float = 0.0) -> None:
    while not stop.is_set():
        woken.clear()
        began = time.monotonic()
        try:
            close_old_connections()
            taken = once()
        except (DatabaseError, InterfaceError) as problem:
            log.warning("ingest.reconnect problem=%s", type(problem).__name__)
            connection.close()
            stop.wait(1.0)
            continue
        except Exception as problem:  # a lane that ended would end silently: the others go on
            log.error("ingest.lane_failed problem=%s", type(problem).__name__)
            connection.close()
            stop.wait(1.0)
            continue
        if not taken.events:
            woken.wait(POLL_SECONDS)
        elif not taken.more:
            stop.wait(rest and min(max(rest, time.monotonic() - began), MOST_REST_SECONDS))
    connection.close()


def _listen(woken: Mapping[str, threading.Event], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with psycopg.connect(conninfo("buergerdraht worker listen"), autocommit=True) as listening:
                listening.execute("listen inbound")
                while not stop.is_set():
                    for notice in listening.notifies(timeout=1.0, stop_after=1):
                        for lane, event in woken.items():
                            if notice.payload in {lane, ""}:
                                event.set()
        except psycopg.Error:
            stop.wait(1.0)


def _hand(desk: Desk, number: int) -> Callable[[], Taken]:
    return lambda: _messages_once(desk, number)


def _messages_once(desk: Desk, number: int) -> Taken:
    """Go once through the channels and their shards; each hand begins elsewhere, so that they do not all reach for the same."""
    taken = 0
    for (channel_id,) in query("with_news", lane=MESSAGE):
        shards = [shard for (shard,) in query("shards", channel=channel_id, shards=opening.SHARDS)]
        begin = number * len(shards) // HANDS
        taken += sum(arrivals.take(channel_id, desk, shard) for shard in shards[begin:] + shards[:begin])
    desk.log.write()
    return Taken(taken, more=taken > 0)


# ── receipts ──────────────────────────────────────────────────────────────


class Reports:
    """The lane of receipts, with the clocks of what is done now and then."""

    def __init__(self) -> None:
        self.log = Log()
        self.early_at = self.swept_at = float("-inf")

    def once(self) -> Taken:
        """Apply what is there now."""
        self._now_and_then()
        taken = [self._take(channel_id) for (channel_id,) in query("with_news", lane=RECEIPT)]
        self.log.write()
        return Taken(sum(taken), more=max(taken, default=0) >= MOST_RECEIPTS)

    def _now_and_then(self) -> None:
        now = time.monotonic()
        if now - self.swept_at >= SWEEP_SECONDS:
            self.swept_at = self.early_at = now
            query("homeless")
            receipts.apply_early(old=True)
        elif now - self.early_at >= POLL_SECONDS:
            self.early_at = now
            receipts.apply_early()

    def _take(self, channel_id: int) -> int:
        channel = opening.channel(channel_id)
        return 0 if channel is None else self._apply(channel, MOST_RECEIPTS)

    def _apply(self, channel: Channel, limit: int) -> int:
        """Apply a group; where it fails as a whole, piece by piece, until the one that spoils it stands alone."""
        began = time.monotonic()
        taken: list[Row] = []
        try:
            opened = _apply_group(channel, limit, taken)
        except Exception as problem:
            if arrivals.is_away(problem) or not taken:
                raise
            log.error("receipts.failed channel=%s group=%s problem=%s", channel.pk, len(taken), type(problem).__name__)
            if len(taken) > 1:
                return sum(self._apply(channel, max(len(taken) // 8, 1)) for _ in range(8))
            arrivals.leave(taken[0], Outcome([f"Receipt: {type(problem).__name__}"], again=True))
            return 1
        if taken:
            opening.heard(channel.pk, taken)
            self.log.add(channel.pk, opened, seconds=time.monotonic() - began)
        return len(taken)


def _apply_group(channel: Channel, limit: int, taken: list[Row]) -> Sequence[Opened]:
    with transaction.atomic(), live.together():
        taken += opening.rows("share", channel=channel.pk, limit=limit)
        if not taken:
            return []
        reader = opening.connector(channel)
        opened = [opening.unfold(reader, row) for row in taken]
        pure = [one for one in opened if one.items and len(one.receipts) == len(one.items)]
        receipts.apply(channel.pk, (receipt for one in pure for receipt in one.receipts))
        query("applied", ids=[one.row.id for one in pure])
        if len(pure) < len(opened):
            query("go_with_messages", ids=[one.row.id for one in opened if one not in pure])
            live.notify("inbound", MESSAGE)
        return pure
