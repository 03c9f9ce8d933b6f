"""Post receipts to a webhook from a process of its own: `python -m benchmarks.load '<json>'` prints what came of it.

`open`: at a fixed schedule, and an answer's time counts from the moment the request was due, waiting included. `closed`: every
connection posts again as soon as it is answered; that finds the maximum. The requests are made before the clock starts.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import uvloop

from benchmarks.bodies import Hook, status, statuses
from benchmarks.caller import Caller
from benchmarks.table import percentile

MOST_MADE = 80_000
PATIENCE = 20.0


class Load:
    def __init__(self, wishes: dict[str, Any]) -> None:
        self.wishes = wishes
        self.seconds = float(wishes["seconds"])
        self.loop = asyncio.get_running_loop()
        self.caller = Caller(wishes["host"], wishes["port"])
        self.times: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.sent = 0
        self.requests: list[bytes] = []
        self.all_sent = False
        self.through = asyncio.Event()

    async def run(self) -> dict[str, Any]:
        rate = float(self.wishes.get("rate", 0))
        self.requests = made(self.wishes, min(MOST_MADE, int(rate * self.seconds) or 20_000))
        gc.freeze()
        await self.caller.open(self.wishes["connections"])
        cpu, began = time.process_time(), time.perf_counter()
        if rate:
            await self._open(rate)
        else:
            await self._closed()
        took = time.perf_counter() - began
        self.caller.closing = True
        return self._told(took, time.process_time() - cpu)

    def _told(self, took: float, cpu: float) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "answered": len(self.times),
            "ok": self.statuses[200],
            "statuses": dict(self.statuses),
            "seconds": took,
            "rate": self.statuses[200] / took,
            "p50": percentile(self.times, 0.5),
            "p95": percentile(self.times, 0.95),
            "p99": percentile(self.times, 0.99),
            "longest": max(self.times, default=0.0),
            "over_a_second": sum(each > 1.0 for each in self.times) / max(len(self.times), 1),
            "most_waiting": self.caller.most_waiting,
            "broken": self.caller.broken,
            "cpu": cpu,
        }

    def _post(self, due: float) -> None:
        def done(status: int) -> None:
            self._answered(status, due)

        request = self.requests[self.sent % len(self.requests)]
        self.sent += 1
        self.caller.post(request, done)

    def _answered(self, status: int, since: float) -> None:
        self.statuses[status] += 1
        self.times.append(time.perf_counter() - since)
        if self.all_sent and len(self.times) >= self.sent:
            self.through.set()

    async def _open(self, rate: float) -> None:
        began = time.perf_counter()
        total = int(rate * self.seconds)
        while self.sent < total:
            now = time.perf_counter()
            while self.sent < total and (due := began + self.sent / rate) <= now:
                self._post(due)
            await asyncio.sleep(0.001)
        await self._rest()

    async def _closed(self) -> None:
        end = time.perf_counter() + self.seconds

        def again() -> None:
            began = time.perf_counter()
            if began < end:
                self.sent += 1
                self.caller.post(self.requests[self.sent % len(self.requests)], lambda status: done(status, began))

        def done(status: int, since: float) -> None:
            self._answered(status, since)
            again()

        for _ in range(self.wishes["connections"]):
            again()
        await asyncio.sleep(self.seconds)
        await self._rest()

    async def _rest(self) -> None:
        """Wait for what is still under way."""
        self.all_sent = True
        if len(self.times) < self.sent:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.through.wait(), PATIENCE)


def made(wishes: dict[str, Any], count: int) -> list[bytes]:
    hooks = [Hook(**hook) for hook in wishes["hooks"]]
    mark = f"{time.time_ns():x}"
    states = (b"sent", b"delivered", b"read")
    requests = []
    for number in range(count):
        wamid, to = f"wamid.{mark}{number // 3:08d}".encode(), f"49{1_510_000_000 + number // 3}".encode()
        inner = statuses([status(wamid, states[number % 3], to, f"{number // 3 + 1}.0".encode())])
        requests.append(hooks[number % len(hooks)].request(inner))
    return requests


async def main() -> None:
    print(json.dumps(await Load(json.loads(sys.argv[1])).run()))


if __name__ == "__main__":
    uvloop.run(main())
