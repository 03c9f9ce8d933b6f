"""The ledger (law 6): every recipient in exactly one end state, counted in one query; the sums match at any moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.db import connection

from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Limits

# In the order of the way: a recipient stands on exactly one of these steps.
STEPS = ("waiting", "refused", "queued", "sending", "accepted", "delivered", "read", "failed", "unclear", "cancelled")
OPEN = ("waiting", "queued", "sending")

COUNT = """
select r.channel_id,
       case when r.refused <> '' then 'refused'
            when o.id is null then 'waiting'
            when o.state in ('sending', 'doubt') then 'sending'
            when o.state = 'accepted' and o.receipt in ('delivered', 'read', 'failed') then o.receipt
            else o.state end as step,
       case when r.refused <> '' then r.refused else coalesce(o.reason, '') end as reason,
       count(*)
  from broadcasts_recipient r left join gateway_outbound o on o.id = r.outbound_id
 where r.broadcast_id = %s
 group by 1, 2, 3
"""


@dataclass
class Sums:
    """How many stand on each step, and why some did not arrive."""

    steps: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

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


@dataclass
class Ledger:
    total: Sums
    channels: dict[int, Sums]


def count(broadcast: Broadcast) -> Ledger:
    """Count a broadcast's recipients by channel, step and reason."""
    ledger = Ledger(Sums(), {})
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [broadcast.pk])
        rows = cursor.fetchall()
    for channel, step, reason, number in rows:
        for sums in (ledger.total, ledger.channels.setdefault(channel, Sums())):
            sums.steps[step] += number
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
