"""What the provider's side says by itself: receipts of what it accepted, and what citizens write, posted to our webhook."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from typing import Any

from benchmarks.bodies import Hook, message, status, statuses
from benchmarks.caller import Caller
from benchmarks.table import percentile

STATES = (b"sent", b"delivered", b"read")
DELAYS = (0.1, 0.6, 1.5)  # seconds after the answer, by state
TICK = 0.005
MOST_TIMES = 200_000


class Post:
    """The way to our webhook, with what the answers were."""

    def __init__(self) -> None:
        self.hooks: dict[bytes, Hook] = {}
        self.caller: Caller | None = None
        self.statuses: Counter[int] = Counter()
        self.times: deque[float] = deque(maxlen=MOST_TIMES)
        self.tasks: set[asyncio.Task[None]] = set()

    def open(self, web: list[Any], connections: int) -> None:
        self.caller = Caller(str(web[0]), int(web[1]))
        self.keep(asyncio.get_running_loop().create_task(self.caller.open(connections)))

    def keep(self, task: asyncio.Task[None]) -> None:
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def send(self, request: bytes, due: float) -> None:
        def done(code: int) -> None:
            self.statuses[code] += 1
            self.times.append(time.perf_counter() - due)

        if self.caller is not None:
            self.caller.post(request, done)

    def forget(self) -> None:
        self.statuses.clear()
        self.times.clear()

    def told(self) -> dict[str, Any]:
        return {
            "posted": sum(self.statuses.values()),
            "posted_ok": self.statuses[200],
            "post_p50": percentile(self.times, 0.5),
            "post_p99": percentile(self.times, 0.99),
            "post_waiting": len(self.caller.waiting) if self.caller else 0,
        }


class Reports:
    """Receipts: sent, delivered and read of everything accepted, each a little later. `together` puts up to so many in one request."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.on = False
        self.together = 1
        self.told = 0
        self.queues: tuple[deque[tuple[float, bytes, bytes, bytes, bytes]], ...] = (deque(), deque(), deque())

    @property
    def waiting(self) -> int:
        return sum(map(len, self.queues))

    def switch(self, on: bool, together: int) -> None:
        started, self.on, self.together = self.on, on, max(together, 1)
        if on and not started:
            self.told = 0
            self.post.keep(asyncio.get_running_loop().create_task(self._run()))

    def add(self, phone: bytes, wamid: bytes, to: bytes, token: bytes) -> None:
        now = time.perf_counter()
        for queue, delay in zip(self.queues, DELAYS, strict=True):
            queue.append((now + delay, phone, wamid, to, token))

    async def _run(self) -> None:
        while self.on or self.waiting:
            now = time.perf_counter()
            for state, queue in zip(STATES, self.queues, strict=True):
                self._due(state, queue, now)
            await asyncio.sleep(TICK)

    def _due(self, state: bytes, queue: deque[tuple[float, bytes, bytes, bytes, bytes]], now: float) -> None:
        groups: dict[bytes, list[bytes]] = {}
        while queue and queue[0][0] <= now:
            due, phone, wamid, to, token = queue.popleft()
            group = groups.setdefault(phone, [])
            group.append(status(wamid, state, to, token))
            self.told += 1
            if len(group) >= self.together:
                self.post.send(self.post.hooks[phone].request(statuses(groups.pop(phone))), due)
        for phone, group in groups.items():
            self.post.send(self.post.hooks[phone].request(statuses(group)), now)


class Citizens:
    """People who write at a fixed schedule, in turn, and wait for an answer; the time counts from the moment they meant to write."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.count = 0
        self.asked: dict[bytes, float] = {}
        self.answered: list[float] = []
        self.mark = ""

    def begin(self, wishes: dict[str, Any]) -> None:
        self.count = 0
        self.mark = f"{time.time_ns():x}"
        self.post.keep(asyncio.get_running_loop().create_task(self._write(wishes)))

    async def _write(self, wishes: dict[str, Any]) -> None:
        """`rate` a second for `seconds`, by `people` from `first` on, each saying `words`, to the first `numbers` of ours (else all)."""
        rate, people, first = float(wishes["rate"]), int(wishes["people"]), int(wishes.get("first", 0))
        words = str(wishes.get("words", "Hilfe")).encode()
        hooks = list(self.post.hooks.values())[: wishes.get("numbers")]
        began = time.perf_counter()
        while self.count < int(rate * float(wishes["seconds"])):
            due = began + self.count / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            person = first + self.count % people
            number = b"49%d" % (1_600_000_000 + person)
            self.count += 1
            self.asked[number] = due
            wamid = f"wamid.in{self.mark}{self.count:08d}{person}".encode()
            self.post.send(hooks[person % len(hooks)].request(message(number, wamid, words)), due)
