"""Pass on what was told to the pages that listen in this process.

Most events pass as they are. For some topics a room above knows more: who may hear of them, and what they look like. It puts a
callable into `PREPARERS`; the hub gathers such events of an organisation for a moment and asks it once for all of them. Whoever is
not allowed to hear of an event gets nothing, not even its number.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
from django.db import close_old_connections, connection
from psycopg import AsyncConnection

from buergerdraht.gateway.database import conninfo

log = logging.getLogger("buergerdraht.live")

CHANNEL = "live"
MEMBER = "member"  # who works here, or their teams, changed
MOST_WAITING = 200  # a page that falls further behind gets `hello` instead
GATHER_SECONDS = 0.04
GATHER_EACH = 0.0006  # longer for every page that listens: each moment costs each page one parcel
MOST_GATHER = 0.16
PASSING = {"presence"}  # topics that leave no trace in a page that is fetched
SKEW = 0.5  # s; the page may have been made by another process
SUM_SECONDS = 1.0  # sums are told so often at most
THREADS = 2

Values = Mapping[str, Any]
Hears = Callable[[int, frozenset[int]], bool]  # operator, their teams


@dataclass(frozen=True, slots=True)
class Said:
    """An event as it was told: a topic and ids."""

    organisation: int
    topic: str
    values: dict[str, Any]
    only: frozenset[int] | None = None  # operators; None: everybody


def everybody(operator: int, teams: frozenset[int]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Ready:
    """An event as pages get it. `drawn` holds by language what is drawn in words."""

    topic: str
    values: Values
    hears: Hears = everybody
    drawn: Mapping[str, Values] = field(default_factory=dict)

    def sse(self, language: str) -> bytes:
        return sse(self.topic, {**self.values, **self.drawn.get(language, {})})


Preparer = Callable[[int, Sequence[Said], frozenset[str]], Sequence[Ready]]  # organisation, events, languages listening
Sums = Callable[[int, Mapping[int, frozenset[int]]], Mapping[int, Values]]  # organisation, operators and their teams
PREPARERS: dict[str, Preparer] = {}  # by topic
SUMS: dict[str, Sums] = {}  # by the topic they are told as, after events that were prepared


def sse(topic: str, values: Any) -> bytes:
    return f"event: {topic}\ndata: {json.dumps(values, separators=(',', ':'))}\n\n".encode()


HELLO = sse("hello", {})
ASIDE = b": a word aside\n\n"  # wakes the stream, says nothing to the page


@dataclass(slots=True, eq=False)
class Listener:
    """One open page."""

    organisation: int
    operator: int
    teams: frozenset[int] = frozenset()
    language: str = "de"
    doubts: int = 0  # whether they still work here must be looked up; until then they hear nothing
    told: dict[str, Values] = field(default_factory=dict)  # the sums they know
    waiting: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def put(self, event: bytes) -> None:
        try:
            self.waiting.put_nowait(event)
        except asyncio.QueueFull:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(HELLO)


@dataclass(slots=True)
class Hub:
    """All open pages of this process, and the one connection that listens for them."""

    listeners: dict[int, set[Listener]] = field(default_factory=dict)
    operators: Counter[int] = field(default_factory=Counter)
    listening: asyncio.Task[None] | None = None
    gathered: dict[int, dict[str, Said]] = field(default_factory=dict)
    work: dict[tuple[int, str], asyncio.Task[None]] = field(default_factory=dict)
    summed_at: dict[int, float] = field(default_factory=dict)
    listens_since: float = float("inf")  # s since 1970
    heard_at: dict[int, float] = field(default_factory=dict)  # organisation -> when something was last told there
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "live"))

    @asynccontextmanager
    async def join(self, listener: Listener) -> AsyncIterator[None]:
        self.listeners.setdefault(listener.organisation, set()).add(listener)
        self.operators[listener.operator] += 1
        if self.listening is None or self.listening.done():
            self.listening = asyncio.create_task(self.listen())
        try:
            yield
        finally:
            self.listeners[listener.organisation].discard(listener)
            if not self.listeners[listener.organisation]:
                del self.listeners[listener.organisation]
                self.summed_at.pop(listener.organisation, None)
            self.operators[listener.operator] -= 1

    def missed(self, organisation: int, since: float) -> bool:
        """Whether a page made at `since` (s since 1970) may be out of date: between its making and its stream something was told."""
        return self.listens_since > since or self.heard_at.get(organisation, 0.0) >= since - SKEW

    async def listen(self) -> None:
        """Listen and pass on; after a break everybody is told to fetch anew."""
        while True:
            try:
                async with await AsyncConnection.connect(conninfo("buergerdraht live"), autocommit=True) as listening:
                    await listening.execute(f"listen {CHANNEL}")
                    self.listens_since = time.time()
                    for organisation in self.listeners:
                        self._anew(organisation)
                    async for notice in listening.notifies():
                        self.pass_on(notice.payload)
            except psycopg.Error as problem:
                log.warning("live.reconnect problem=%s", type(problem).__name__)
            self.listens_since = float("inf")
            await asyncio.sleep(1.0)

    def pass_on(self, payload: str) -> None:
        try:
            told = json.loads(payload)
            only = told.get("w")
            said = Said(told["o"], str(told["t"]), dict(told["v"]), None if only is None else frozenset(only))
        except (ValueError, KeyError, TypeError):
            return
        if said.topic not in PASSING:
            self.heard_at[said.organisation] = time.time()
        if said.organisation not in self.listeners:
            return
        if said.topic == MEMBER:
            self._doubt(said)
        elif said.topic in PREPARERS:
            self.gathered.setdefault(said.organisation, {})[payload] = said
            self._begin(said.organisation, "prepare", self._prepare)
        else:
            self._give(said.organisation, Ready(said.topic, said.values), said.only)

    def _anew(self, organisation: int) -> None:
        for listener in self.listeners.get(organisation, ()):
            listener.told.clear()
            listener.put(HELLO)

    def _doubt(self, said: Said) -> None:
        for listener in self.listeners[said.organisation]:
            if listener.operator == said.values.get("operator"):
                listener.doubts += 1
                listener.put(ASIDE)

    def _give(self, organisation: int, ready: Ready, only: frozenset[int] | None = None) -> None:
        written: dict[str, bytes] = {}
        for listener in self.listeners.get(organisation, ()):
            if (only is None or listener.operator in only) and not listener.doubts and ready.hears(listener.operator, listener.teams):
                if listener.language not in written:
                    written[listener.language] = ready.sse(listener.language)
                listener.put(written[listener.language])

    # ── what must be prepared ─────────────────────────────────────────────

    def _begin(self, organisation: int, what: str, job: Callable[[int], Any]) -> None:
        """Run a job for an organisation unless it runs already."""
        key = (organisation, what)
        if key not in self.work:
            self.work[key] = task = asyncio.create_task(job(organisation))
            task.add_done_callback(lambda _: self.work.pop(key, None))

    async def _prepare(self, organisation: int) -> None:
        """Gather, ask once, tell; in order, and again while more came meanwhile."""
        while organisation in self.gathered:
            await asyncio.sleep(min(MOST_GATHER, GATHER_SECONDS + GATHER_EACH * len(self.listeners.get(organisation, ()))))
            said = list(self.gathered.pop(organisation).values())
            languages = frozenset(listener.language for listener in self.listeners.get(organisation, ()))
            if not languages:
                continue
            try:
                ready = await self._in_thread(partial(_prepared, organisation, said, languages))
            except Exception as problem:  # what they show may be old now
                log.error("live.unprepared problem=%s", type(problem).__name__)
                self._anew(organisation)
                continue
            for each in ready:
                self._give(organisation, each)
            self._begin(organisation, "sum", self._sum)

    async def _sum(self, organisation: int) -> None:
        """Tell everybody their sums where they changed, once in a while for all of them."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self.summed_at.get(organisation, 0.0) + SUM_SECONDS - loop.time()))
        self.summed_at[organisation] = loop.time()
        people = {listener.operator: listener.teams for listener in self.listeners.get(organisation, ())}
        if not people:
            return
        for topic, sums in SUMS.items():
            try:
                found = await self._in_thread(partial(sums, organisation, people))
            except Exception as problem:
                log.error("live.unsummed problem=%s", type(problem).__name__)
                continue
            for listener in self.listeners.get(organisation, ()):
                values = found.get(listener.operator)
                same = listener.teams == people.get(listener.operator) and not listener.doubts
                if values is not None and same and listener.told.get(topic) != values:
                    listener.told[topic] = values
                    listener.put(sse(topic, values))

    async def _in_thread(self, job: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.threads, _with_connection, job)

    async def close(self) -> None:
        tasks = [task for task in (self.listening, *self.work.values()) if task is not None]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        for _ in range(THREADS):
            await asyncio.get_running_loop().run_in_executor(self.threads, _disconnect)
        self.threads.shutdown(wait=True)


def _disconnect() -> None:
    connection.close()  # the thread's own


def _with_connection(job: Callable[[], Any]) -> Any:
    close_old_connections()
    try:
        return job()
    finally:
        close_old_connections()


def _prepared(organisation: int, said: Sequence[Said], languages: frozenset[str]) -> list[Ready]:
    """Ask each preparer once for all that is its own."""
    found: list[Ready] = []
    for preparer in dict.fromkeys(PREPARERS[each.topic] for each in said):
        found += preparer(organisation, [each for each in said if PREPARERS[each.topic] is preparer], languages)
    return found
