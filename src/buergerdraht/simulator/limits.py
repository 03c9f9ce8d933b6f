"""Token buckets: how the providers count."""

from __future__ import annotations


class Bucket:
    """Refills `rate` per second up to `burst`; `take` says 0.0, or how many seconds are missing."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.level, self.at = rate, burst, burst, 0.0

    def take(self, now: float, amount: float = 1.0) -> float:
        if self.at:
            self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= amount:
            self.level -= amount
            return 0.0
        return (amount - self.level) / self.rate
