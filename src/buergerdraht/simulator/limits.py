"""Token buckets: how the providers count."""

from __future__ import annotations


class Bucket:
    """Refills `rate` per second up to `burst`; `take` says 0.0, or how many seconds are missing."""

    __slots__ = ("at", "burst", "level", "rate")

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


class Buckets:
    """One bucket per key, all alike; full ones are forgotten, for a new one would be full, too."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self.swept_at = 0.0

    def take(self, key: tuple[str, str], now: float, amount: float = 1.0) -> float:
        if now - self.swept_at > self.burst / self.rate or now < self.swept_at:
            self.swept_at = now
            self.buckets = {known: each for known, each in self.buckets.items() if each.level + (now - each.at) * each.rate < each.burst}
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = Bucket(self.rate, self.burst)
        return bucket.take(now, amount)
