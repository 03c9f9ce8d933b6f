"""Keep a provider's limits: how soon the next call may go. Pure; the caller brings the clock (seconds, monotonic)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Gate:
    """Lets one through per `interval` in the long run, up to `burst` at once (the generic cell rate algorithm).

    A burst borrows from the future, as the providers' own limits do. `pause` keeps a Retry-After.
    """

    interval: float
    burst: float = 1.0
    next_at: float = 0.0  # when the long run allows the next one
    paused_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until one may go; 0 is now."""
        return max(self.paused_until - now, self.next_at - (self.burst - 1) * self.interval - now, 0.0)

    def take(self, now: float, count: float = 1) -> None:
        """Count one that goes, or others that the provider counts too."""
        self.next_at = max(self.next_at, now) + count * self.interval

    def pause(self, now: float, seconds: float) -> None:
        """Wait, and begin afterwards at the even pace: a burst right after a limit would meet it again."""
        self.paused_until = max(self.paused_until, now + seconds)
        self.next_at = max(self.next_at, self.paused_until + (self.burst - 1) * self.interval)

    def change(self, now: float, interval: float, burst: float) -> None:
        """Go on at another rate. What is owed stays owed, counted in calls; a pause goes on."""
        if (interval, burst) == (self.interval, self.burst):
            return
        begin = max(now, self.paused_until)
        self.next_at = begin + max(self.next_at - begin, 0.0) * interval / self.interval
        self.interval, self.burst = interval, burst
        if self.paused_until > now:
            self.pause(now, self.paused_until - now)

    def idle(self, now: float) -> bool:
        return self.next_at <= now and self.paused_until <= now


@dataclass(slots=True)
class Pairs:
    """One gate per address, forgotten when it is idle."""

    interval: float
    burst: float
    gates: dict[bytes, Gate] = field(default_factory=dict)
    strikes: dict[bytes, int] = field(default_factory=dict)  # limits met in a row

    def wait(self, address: bytes, now: float) -> float:
        gate = self.gates.get(address)
        return gate.wait(now) if gate else 0.0

    def take(self, address: bytes, now: float) -> None:
        if self.interval:
            self._gate(address).take(now)

    def pause(self, address: bytes, now: float, seconds: float) -> None:
        self._gate(address).pause(now, seconds)
        self.strikes[address] = self.strikes.get(address, 0) + 1

    def worked(self, address: bytes) -> None:
        self.strikes.pop(address, None)

    def forget_idle(self, now: float) -> None:
        self.gates = {address: gate for address, gate in self.gates.items() if not gate.idle(now)}
        if len(self.strikes) > 10_000:
            self.strikes.clear()

    def _gate(self, address: bytes) -> Gate:
        return self.gates.setdefault(address, Gate(self.interval, self.burst))


@dataclass(slots=True)
class Allowance:
    """What a provider still lets one account send. It outlives the runner: beginning anew with a channel resets nothing at the provider."""

    gate: Gate
    pairs: Pairs

    def idle(self, now: float) -> bool:
        """Tell whether a fresh one would be the same."""
        self.pairs.forget_idle(now)
        return not self.pairs.gates and self.gate.idle(now)


@dataclass(slots=True)
class Breaker:
    """After several failures in a row the provider is taken as down: few calls feel for it, and failing then burns no tries."""

    threshold: int = 8
    longest: float = 20.0
    failures: int = 0
    open_until: float = 0.0

    @property
    def open(self) -> bool:
        return self.failures >= self.threshold

    def wait(self, now: float) -> float:
        return max(self.open_until - now, 0.0) if self.open else 0.0

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.open:
            self.open_until = now + min(2.0 ** (self.failures - self.threshold), self.longest)

    def worked(self) -> None:
        self.failures = 0
        self.open_until = 0.0
