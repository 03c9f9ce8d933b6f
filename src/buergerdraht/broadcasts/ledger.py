"""The ledger (law 6): every recipient in exactly one end state, counted in one query; the sums match at any moment.

A small broadcast is counted whenever somebody looks. A large one is counted by the worker now and then, and the screens say when.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Limits
from buergerdraht.gateway.models import Batch
from buergerdraht.gateway.queries import queries

# In the order of the way: a recipient stands on exactly one of these steps.
STEPS = ("waiting", "refused", "queued", "sending", "accepted", "delivered", "read", "failed", "unclear", "cancelled")
OPEN = ("waiting", "queued", "sending")

LIVE = 20_000  # people; up to here a page counts for itself
PAUSES = (
    (timedelta(minutes=1), timedelta(seconds=5)),
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(days=3), timedelta(minutes=15)),
)
LAST = timedelta(days=30)  # receipts that come later are not waited for
SQL = queries(Path(__file__).with_name("queries.sql"))


@dataclass
class Sums:
    """How many stand on each step, and why some did not arrive; `relayed` are those of them who were tried on another way before."""

    steps: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    relayed: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.steps.values())

    @property
    def open(self) -> int:
        return sum(self.steps[step] for step in OPEN)

    @property
    def tried(self) -> int:
        return self.total - self.steps["refused"]

    @property
    def sent(self) -> int:
        """Accepted by the provider, whatever became of it."""
        return self.steps["accepted"] + self.delivered

    @property
    def delivered(self) -> int:
        return self.steps["delivered"] + self.steps["read"]

    @property
    def read(self) -> int:
        return self.steps["read"]

    @property
    def missed(self) -> int:
        """Whom it did not reach, for sure."""
        return self.steps["failed"] + self.steps["refused"] + self.steps["cancelled"]

    @property
    def other_way(self) -> int:
        """Whose message went on by another way, to this channel."""
        return self.relayed.total()

    @property
    def reached_other_way(self) -> int:
        return sum(self.relayed[step] for step in ("accepted", "delivered", "read"))


Counted = list[tuple[int, str, str, int, int]]  # channel, step, reason, number, and how many of them by another way


@dataclass
class Ledger:
    total: Sums
    channels: dict[int, Sums]
    at: datetime | None = None  # when it was counted; None: just now


def count(broadcast: Broadcast) -> Ledger:
    """Count a broadcast's recipients by channel, step and reason."""
    return _sum(_count(broadcast))


def figures(broadcast: Broadcast) -> Ledger:
    """Give what the screens show: counted now, or for a large one as the worker counted it last."""
    if (broadcast.size or 0) <= LIVE or broadcast.figures_at is None:
        return count(broadcast)
    ledger = _sum([(*row, 0)[:5] for row in broadcast.figures["rows"]])  # those kept before know nothing of other ways
    ledger.at = broadcast.figures_at
    return ledger


def refresh_due() -> int:
    """Count the large ones whose figures are too old. Returns how many."""
    refreshed = 0
    begun = Broadcast.objects.filter(size__gt=LIVE).filter(Q(figures_at=None) | Q(started_at__gt=timezone.now() - LAST))
    for broadcast in begun.only("state", "figures", "figures_at", "finished_at"):
        if _too_old(broadcast, timezone.now()):
            refresh(broadcast)
            refreshed += 1
    return refreshed


def refresh(broadcast: Broadcast) -> None:
    """Count a large one and keep the figures, with how long that took."""
    began, at = time.monotonic(), timezone.now()
    rows = _count(broadcast)
    kept = {"rows": rows, "seconds": round(time.monotonic() - began, 3), "state": broadcast.state}
    Broadcast.objects.filter(pk=broadcast.pk).update(figures=kept, figures_at=at)


def _too_old(broadcast: Broadcast, now: datetime) -> bool:
    """While it is sent every few seconds, later as receipts grow rare; counting never takes more than a fortieth of the time."""
    if broadcast.figures_at is None or broadcast.figures.get("state") != broadcast.state:
        return True
    pause = next((pause for age, pause in PAUSES if broadcast.finished_at is None or now - broadcast.finished_at < age), LAST)
    return now - broadcast.figures_at > max(pause, timedelta(seconds=40 * broadcast.figures["seconds"]))


def _count(broadcast: Broadcast) -> Counted:
    values = {
        "broadcast": broadcast.pk,
        "stopped": broadcast.state == Broadcast.State.STOPPED,
        "ended": Batch.objects.filter(pk=broadcast.pk, state=Batch.State.STOPPED).exists(),
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["count"], values)
        rows: Counted = cursor.fetchall()
    return rows


def _sum(rows: Counted) -> Ledger:
    ledger = Ledger(Sums(), {})
    for channel, step, reason, number, relayed in rows:
        for sums in (ledger.total, ledger.channels.setdefault(channel, Sums())):
            sums.steps[step] += number
            sums.relayed[step] += relayed
            if step in {"refused", "failed", "cancelled"}:  # unclear ones are not missed: they wait to be decided
                sums.reasons[reason or "unknown"] += number
    return ledger


@dataclass
class Row:
    """A channel's line in the tables: what a provider does not report is None, never 0."""

    kind: str
    name: str
    sums: Sums
    delivered: int | None
    read: int | None
    state: str


def row(kind: str, name: str, state: str, sums: Sums, limits: Limits) -> Row:
    return Row(kind, name, sums, sums.delivered if limits.delivered else None, sums.read if limits.read else None, state)
