"""Hold floods off from pages that anybody may write to. Kept are hashes of who asks, never the address itself, and not for long.

What comes too quickly is held off by each process for itself (`Dam`); what somebody may use up in a day is counted for all of them
together, in the database (`Quota`).
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import urlsplit

from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest

from buergerdraht.accounts import vault

MOST = 20_000  # askers remembered at once
SALT = secrets.token_bytes(16)  # of this process: what is remembered tells nobody who it was


@dataclass(slots=True)
class Dam:
    """Lets `burst` pass at once and `rate` a second in the long run, for each asker: calls, or what they cost."""

    rate: float
    burst: float
    levels: dict[bytes, tuple[float, float]] = field(default_factory=dict)  # asker -> what is left, when
    lock: Lock = field(default_factory=Lock)

    def passes(self, asker: str, now: float | None = None, *, cost: float = 1.0) -> bool:
        at = time.monotonic() if now is None else now
        key = hashlib.blake2b(asker.encode(), key=SALT, digest_size=12).digest()
        with self.lock:
            left, since = self.levels.get(key, (self.burst, at))
            left = min(self.burst, left + (at - since) * self.rate)
            if len(self.levels) >= MOST and key not in self.levels:
                self._forget(at)
            self.levels[key] = (left - cost if left >= cost else left, at)
            return left >= cost

    def _forget(self, now: float) -> None:
        """Forget who has all of it left; where that helps not enough, everybody."""
        self.levels = {key: (left, at) for key, (left, at) in self.levels.items() if left + (now - at) * self.rate < self.burst}
        if len(self.levels) >= MOST:
            self.levels = {}


@dataclass(frozen=True, slots=True)
class Quota:
    """Lets each asker of an organisation use up `amount` at once, and as much again in `seconds`."""

    name: str
    amount: float
    seconds: float

    def passes(self, organisation_id: int, asker: str, cost: float) -> bool:
        """Take what it costs, where as much is left. Processes and machines take from the same."""
        mark = vault.lookup(organisation_id, f"quota {self.name} {asker}")
        key, number = f"quota:{self.name}:{mark.hex()}", int.from_bytes(mark[:8], signed=True)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [number])  # one after the other, and each reads what the one before wrote
            now = time.time()
            left, since = cache.get(key, (self.amount, now))
            left = min(self.amount, left + max(now - since, 0.0) * self.amount / self.seconds)
            if left >= cost:
                cache.set(key, (left - cost, now), self.seconds)
            return bool(left >= cost)


def whence(request: HttpRequest) -> str:
    """Where a call comes from; of IPv6 the network, because a household has countless addresses."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    return ":".join(address.split(":")[:4]) if ":" in address else address


def ours(request: HttpRequest) -> bool:
    """Whether a call comes from a page of ours: browsers say whose page sends a form or a fetch, and other programs have no visitor."""
    origin, site = request.headers.get("Origin", ""), request.headers.get("Sec-Fetch-Site", "same-origin")
    return (not origin or urlsplit(origin).netloc == request.get_host()) and site == "same-origin"
