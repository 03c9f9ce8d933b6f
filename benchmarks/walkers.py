"""Citizens who go through a dialog at the provider's side: each says its next words once all that was to be said has arrived.

A walk is a list of (words, how many messages come of them), reckoned beforehand in memory. The time of a step counts from the moment a
citizen meant to write to the arrival of the last message that comes of it.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bodies import message
from benchmarks.citizens import Post

TICK = 0.002


@dataclass(slots=True)
class Walker:
    number: bytes
    moves: list[tuple[bytes, int]]
    at: int = 0  # the move that stands
    missing: int = 0  # messages that are still to come of it
    since: float = 0.0
    extra: int = 0  # messages beyond what was reckoned


class Walkers:
    """All of them; `pause` is how long a citizen reads and types, on average, in seconds."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.people: dict[bytes, Walker] = {}
        self.times: list[float] = []
        self.due: list[tuple[float, bytes]] = []
        self.pause = 10.0
        self.sent = 0
        self.lot = random.Random(5)

    def begin(self, wishes: dict[str, Any]) -> None:
        """Read the walks from a file and set out, spread over `within` seconds."""
        found = json.loads(Path(wishes["file"]).read_text("utf-8"))
        self.people = {
            b"49%d" % (1_700_000_000 + number): Walker(
                b"49%d" % (1_700_000_000 + number), [(words.encode(), count) for words, count in moves]
            )
            for number, moves in enumerate(found)
        }
        self.times, self.sent, self.pause = [], 0, float(wishes["pause"])
        now = time.perf_counter()
        self.due = [(now + self.lot.random() * float(wishes["within"]), number) for number in self.people]
        heapq.heapify(self.due)
        self.post.keep(asyncio.get_running_loop().create_task(self._walk()))

    async def _walk(self) -> None:
        hooks = list(self.post.hooks.values())  # citizens are spread evenly over the authority's numbers
        while self.due or any(walker.missing > 0 for walker in self.people.values()):
            now = time.perf_counter()
            while self.due and self.due[0][0] <= now:
                due, number = heapq.heappop(self.due)
                walker = self.people[number]
                words, walker.missing = walker.moves[walker.at]
                walker.since = due
                self.sent += 1
                quoted = json.dumps(words.decode(), ensure_ascii=False).encode()[1:-1]
                hook = hooks[int(number) % len(hooks)]
                self.post.send(hook.request(message(number, b"wamid.walk%b.%d" % (number, walker.at), quoted)), due)
            await asyncio.sleep(TICK)

    def arrived(self, to: bytes) -> None:
        """A message arrived at a phone."""
        walker = self.people.get(to)
        if walker is None:
            return
        walker.missing -= 1
        if walker.missing < 0:
            walker.extra += 1
        elif walker.missing == 0:
            now = time.perf_counter()
            self.times.append(now - walker.since)
            walker.at += 1
            if walker.at < len(walker.moves):
                heapq.heappush(self.due, (now + self.lot.uniform(0.5, 1.5) * self.pause, walker.number))

    def told(self, times: bool) -> dict[str, Any]:
        walkers = self.people.values()
        return {
            "walk_sent": self.sent,
            "walk_done": sum(walker.at >= len(walker.moves) for walker in walkers),
            "walk_extra": sum(walker.extra for walker in walkers),
            "walk_steps": [round(each, 4) for each in self.times] if times else len(self.times),
        }
