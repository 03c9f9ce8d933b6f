"""What goes wrong with a call today, before the provider accepts anything: by the shares set on the account."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Literal

from buergerdraht.simulator.town import Account, Town

GRACE_SECONDS = 0.25  # calls on their way when a Retry-After was told are not early
Trouble = Literal["", "limit", "broken", "down"]


@dataclass
class Weather:
    """One per provider. `strict`: until a Retry-After has passed, every call of the account is refused, as Telegram does."""

    town: Town
    dice: random.Random
    strict: bool
    told: dict[str, tuple[float, float]] = field(default_factory=dict)  # account -> when a Retry-After was told, until when it holds

    async def meet(self, account: Account) -> tuple[Trouble, int]:
        """Count a call to send, and say what befalls it; for a limit, how many seconds to wait (0: nothing is said)."""
        faults, counts = account.faults, self.town.counts[account.id]
        counts.calls += 1
        if faults.latency:
            await asyncio.sleep(faults.latency)
        if self.dice.random() < faults.down:
            return "down", 0
        now = self.town.clock()
        told_at, until = self.told.get(account.id, (0.0, 0.0))
        if told_at + GRACE_SECONDS < now < until:
            counts.early += 1
        if self.strict and now < until:
            counts.stormed += 1
            return "limit", max(1, round(until - now + 0.5))
        if self.dice.random() < faults.too_many:
            counts.stormed += 1
            seconds = self.dice.randint(1, round(faults.retry_after)) if faults.retry_after >= 1 else 0
            if seconds:
                self.told[account.id] = (now, now + seconds)
            return "limit", seconds
        if self.dice.random() < faults.broken:
            counts.broken += 1
            return "broken", 0
        if self.dice.random() < faults.hang:
            counts.hung += 1
            await asyncio.sleep(faults.hang_seconds)
            return "down", 0
        return "", 0

    def tear(self, account: Account) -> bool:
        """Say if the connection is torn after the message was accepted."""
        torn = self.dice.random() < account.faults.reset
        self.town.counts[account.id].torn += torn
        return torn

    def fumbles(self, account: Account) -> bool:
        """Say if what was accepted is answered as if it had failed."""
        return self.dice.random() < account.faults.fumbled
