"""Open screens, and the citizens who write to them: one process, so that one clock measures both.

`python -m benchmarks.watching <file>`: reads what to do as JSON and prints what was seen. Each screen is a signed-in operator's
stream with one thread open; it does what the page does: a message of that thread makes it fetch the new bubbles, whatever else
happens to the thread makes it fetch the head. What every screen got is counted by message.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import uvloop

from benchmarks.bodies import Hook, message
from benchmarks.caller import Caller
from benchmarks.table import percentile

MARK = re.compile(r"Wort(\d{6})\b")
BUBBLE = re.compile(r'data-message="(\d+)"')
HEAD = re.compile(r'data-head="(\w+)"')
HEAD_AFTER = 0.2  # the page waits so long before it draws the head anew


@dataclass(slots=True)
class Said:
    """A message on its way to the screens."""

    at: float
    person: int
    rows: dict[int, float] = field(default_factory=dict)  # screen -> seconds
    bubbles: dict[int, float] = field(default_factory=dict)


@dataclass(slots=True)
class Screen:
    number: int
    cookies: dict[str, str]
    conversation: int
    newest: int = 0
    fetching: bool = False
    again: bool = False
    head: asyncio.TimerHandle | None = None
    looks: list[str] = field(default_factory=list)


class Watch:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.said: dict[int, Said] = {}
        self.leaks: Counter[int] = Counter()
        self.asked: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        self.open = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.base = f"http://127.0.0.1:{plan['port']}/o/messung/"
        self.hidden = {int(number): set(screens) for number, screens in plan["hidden"].items()}  # conversation -> screens that may see it
        self.conversations = {int(person): number for person, number in plan["conversations"].items()}

    def keep(self, job: Any) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def listen(self, session: aiohttp.ClientSession, screen: Screen) -> None:
        async with session.get(self.base + "live", cookies=screen.cookies) as answer:
            if answer.status != 200:
                self.troubles[f"stream {answer.status}"] += 1
                return
            self.open += 1
            rest = b""
            async for piece in answer.content.iter_any():
                *blocks, rest = (rest + piece).split(b"\n\n")
                now = time.perf_counter()
                for block in blocks:
                    self.event(session, screen, block.decode(), now)

    def event(self, session: aiohttp.ClientSession, screen: Screen, block: str, now: float) -> None:
        if not block.startswith("event: "):
            return
        topic, _, data = block.removeprefix("event: ").partition("\ndata: ")
        values = json.loads(data)
        number = values.get("conversation")
        if number in self.hidden and screen.number not in self.hidden[number]:
            self.leaks[screen.number] += 1
        if topic == "conversation":
            for mark in MARK.findall(values.get("row", "")):
                said = self.said.get(int(mark))
                if said is not None:
                    said.rows.setdefault(screen.number, now - said.at)
        if number == screen.conversation and topic == "message":
            self.catch_up(session, screen)
        if number == screen.conversation and topic == "conversation" and screen.head is None and self.changed(screen, values):
            screen.head = asyncio.get_running_loop().call_later(HEAD_AFTER, lambda: self.keep(self._head(session, screen)))

    def changed(self, screen: Screen, values: dict[str, Any]) -> bool:
        """Whether what stands above the thread looks different now."""
        before, screen.looks = screen.looks, HEAD.findall(values.get("row", ""))
        return before != screen.looks

    def catch_up(self, session: aiohttp.ClientSession, screen: Screen) -> None:
        if screen.fetching:
            screen.again = True
        else:
            screen.fetching = True
            self.keep(self._bubbles(session, screen))

    async def _bubbles(self, session: aiohttp.ClientSession, screen: Screen) -> None:
        while True:
            screen.again = False
            text = await self._piece(session, screen, f"verlauf/?nach={screen.newest}&sichtbar=1")
            now = time.perf_counter()
            screen.newest = max([screen.newest, *map(int, BUBBLE.findall(text))])
            for mark in MARK.findall(text):
                said = self.said.get(int(mark))
                if said is not None:
                    said.bubbles.setdefault(screen.number, now - said.at)
            if not screen.again:
                break
        screen.fetching = False

    async def _head(self, session: aiohttp.ClientSession, screen: Screen) -> None:
        screen.head = None
        await self._piece(session, screen, "kopf/")

    async def _piece(self, session: aiohttp.ClientSession, screen: Screen, rest: str) -> str:
        self.asked[rest.split("/")[0]] += 1
        address = f"{self.base}posteingang/{screen.conversation}/{rest}"
        async with session.get(address, cookies=screen.cookies, headers={"HX-Request": "true"}) as answer:
            if answer.status != 200:
                self.troubles[f"piece {answer.status}"] += 1
                return ""
            return await answer.text()

    async def write(self, caller: Caller, hooks: list[Hook], rate: float, seconds: float) -> None:
        """Let citizens write in turn, on time; the clock begins when they meant to."""
        people, began = sorted(self.conversations), time.perf_counter()
        for count in range(int(rate * seconds)):
            due = began + count / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            serial, person = count + 1, people[count % len(people)]
            self.said[serial] = Said(due, person)
            wamid = f"wamid.screen{time.time_ns():x}{serial}".encode()
            number, words = b"49%d" % (1_600_000_000 + person), f"Guten Tag, Wort{serial:06d}".encode()
            caller.post(hooks[person % len(hooks)].request(message(number, wamid, words)), self._posted)

    def _posted(self, code: int) -> None:
        if code != 200:
            self.troubles[f"webhook {code}"] += 1

    def told(self) -> dict[str, Any]:
        screens = self.plan["screens"]
        rows, bubbles, missing = [], [], Counter[str]()
        for said in self.said.values():
            number = self.conversations[said.person]
            allowed = self.hidden.get(number, set(range(len(screens))))
            missing["rows"] += len(allowed - said.rows.keys())
            watchers = {index for index, screen in enumerate(screens) if screen["conversation"] == number}
            missing["bubbles"] += len(watchers - said.bubbles.keys())
            rows += said.rows.values()
            bubbles += said.bubbles.values()
        return {
            "open": self.open, "said": len(self.said), "leaks": sum(self.leaks.values()), "troubles": dict(self.troubles),
            "missing_rows": missing["rows"], "missing_bubbles": missing["bubbles"], "rows": len(rows), "bubbles": len(bubbles),
            "row_p50": percentile(rows, 0.5), "row_p95": percentile(rows, 0.95), "row_max": max(rows, default=0.0),
            "bubble_p50": percentile(bubbles, 0.5), "bubble_p95": percentile(bubbles, 0.95), "asked": dict(self.asked),
        }  # fmt: skip


async def watch(plan: dict[str, Any]) -> dict[str, Any]:
    seen = Watch(plan)
    screens = [Screen(number, **screen) for number, screen in enumerate(plan["screens"])]
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        for screen in screens:
            seen.keep(seen.listen(session, screen))
        end = time.monotonic() + 60
        while seen.open < len(screens) and time.monotonic() < end:  # noqa: ASYNC110 - it only waits
            await asyncio.sleep(0.1)
        for screen in screens:  # what stands there already
            await seen._bubbles(session, screen)
        await asyncio.sleep(1.0)
        seen.asked.clear()
        caller = Caller("127.0.0.1", plan["port"])
        await caller.open(20)
        await seen.write(caller, [Hook(**hook) for hook in plan["hooks"]], plan["rate"], plan["seconds"])
        end = time.monotonic() + 20
        while (told := seen.told())["missing_rows"] + told["missing_bubbles"] and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        caller.closing = True
        for task in list(seen.tasks):
            task.cancel()
        await asyncio.gather(*seen.tasks, return_exceptions=True)
    return told


async def bare(plan: dict[str, Any]) -> dict[str, Any]:
    """The same number of streams and messages: a notification to everybody, nothing else."""
    times: list[float] = []
    open_: list[int] = []

    async def listen(session: aiohttp.ClientSession) -> None:
        async with session.get(f"http://127.0.0.1:{plan['port']}/") as answer:
            open_.append(1)
            async for line in answer.content:
                if line.startswith(b"data: "):
                    times.append(time.perf_counter() - float(line[6:]))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)) as session:
        tasks = [asyncio.create_task(listen(session)) for _ in range(plan["streams"])]
        while len(open_) < len(tasks):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.0)
        async with await psycopg.AsyncConnection.connect(plan["database"], autocommit=True) as connection:
            for _ in range(int(plan["rate"] * plan["seconds"])):
                await connection.execute("select pg_notify('yardstick', %s)", [str(time.perf_counter())])
                await asyncio.sleep(1 / plan["rate"])
        await asyncio.sleep(1.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {"count": len(times), "p50": percentile(times, 0.5), "p95": percentile(times, 0.95)}


if __name__ == "__main__":
    wanted = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps(uvloop.run(bare(wanted) if "streams" in wanted else watch(wanted))))
