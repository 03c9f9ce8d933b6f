"""Ask providers for what some events want before they can be read (`Connector.learn`): outside every transaction, so that nobody waits.

Such events are put off while their provider is asked, and while it is away; everybody else's go on. An absence uses up no try: however
long it lasts, nothing is lost and nothing is left to people. Only what a provider does not tell is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from buergerdraht.connectors.contract import ChannelBroken, Connector, SendError, Temporary
from buergerdraht.gateway import channels, opening
from buergerdraht.gateway.models import Channel
from buergerdraht.gateway.opening import Row, query

log = logging.getLogger("buergerdraht.ingest")
MOST_ASKED = 2  # providers at a time, in a process: fewer than hands, so that one is always there for everybody else
SOON_SECONDS = 1.0
LONGEST_SECONDS = 60.0  # between two questions to a provider that is away; and until another hand asks, where one was killed at it


@dataclass(slots=True)
class Asking:
    """Which channels' providers this process asks right now, and which it leaves alone for a while."""

    busy: set[int] = field(default_factory=set)
    away: dict[int, float] = field(default_factory=dict)  # until when
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, channel: int) -> float:
        """Take it upon oneself to ask. Returns 0, or how many seconds this has to wait."""
        with self.lock:
            if (rest := self.away.get(channel, 0.0) - time.monotonic()) > 0:
                return rest
            if channel in self.busy or len(self.busy) >= MOST_ASKED:
                return SOON_SECONDS
            self.busy.add(channel)
            return 0.0

    def end(self, channel: int, pause: float) -> None:
        with self.lock:
            self.busy.discard(channel)
            self.away.pop(channel, None)
            if pause:
                self.away[channel] = time.monotonic() + pause


asking = Asking()


def put_off(rows: Sequence[Row]) -> None:
    """Let events wait until their provider was asked, in the transaction that picked them."""
    query("put_off", ids=[row.id for row in rows], at=_in(LONGEST_SECONDS))


def ask(channel: Channel, reader: Connector, rows: Sequence[Row]) -> list[Row]:
    """Ask what events that were put off want, once for all of them. Returns those that the provider has no answer to."""
    ids = [row.id for row in rows]
    if wait := asking.begin(channel.pk):
        query("put_off", ids=ids, at=_in(wait))
        return []
    pause = 0.0
    try:
        if _away(channel, rows):
            pause = _pause(rows)
            query("put_off", ids=ids, at=_in(pause))
    finally:
        asking.end(channel.pk, pause)
    silent = [row for row in rows if opening.unfold(reader, row).wanting]
    readable = [row.id for row in rows if row not in silent]
    query("found_out", channel=channel.pk, ids=readable, all=not pause)
    return [] if pause else silent


def _away(channel: Channel, rows: Sequence[Row]) -> bool:
    """Ask, and say whether nobody was there, or nobody who knows us: that will change."""
    try:
        channels.ask(channel, lambda connector: connector.learn([row.body for row in rows]))
    except (DatabaseError, InterfaceError):
        raise
    except SendError as problem:
        log.warning("ingest.not_learned channel=%s events=%s reason=%s", channel.pk, len(rows), problem.reason)
        return isinstance(problem, Temporary | ChannelBroken)
    except Exception as problem:
        log.error("ingest.not_learned channel=%s events=%s problem=%s", channel.pk, len(rows), type(problem).__name__)
    return False


def _pause(rows: Sequence[Row]) -> float:
    """The longer they wait, the less often is asked."""
    age = (timezone.now() - min(row.received_at for row in rows)).total_seconds()
    return min(max(age / 4, 2.0), LONGEST_SECONDS)


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
