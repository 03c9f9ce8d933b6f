"""Own channels and run one runner for each; when this process ends or is cut off, another engine takes them over."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from django.conf import settings
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Connector, Limits
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.registry import CONNECTORS, connector_class
from buergerdraht.gateway.database import conninfo, home, steady
from buergerdraht.gateway.engine import errands, ownership
from buergerdraht.gateway.engine.claim import LAST, SQL, ready
from buergerdraht.gateway.engine.hearing import hear
from buergerdraht.gateway.engine.identity import same_database
from buergerdraht.gateway.engine.limits import Allowance, Gate, Pairs
from buergerdraht.gateway.engine.ownership import LEASE_SECONDS, Name, View
from buergerdraht.gateway.engine.records import Call, Ledger
from buergerdraht.gateway.engine.runner import Desk, Runner

log = logging.getLogger("buergerdraht.engine")
LOOK_SECONDS = 0.5  # how often we see who lives and owns what, and confirm that our own locks are held
CHANNELS_SECONDS = 2.0  # how often the channels are read again where nobody tells of a change
GIVE_SECONDS = 0.25  # how long a channel given up waits for its calls; longer ones go on while another engine owns it already
ADOPT_SECONDS = 2.0  # an engine that lost only its connection is back sooner; what is in flight there is no orphan
FINISH_SECONDS = 45.0
RECONNECT_SECONDS = 0.5
BURST_SECONDS = 0.2  # how much of a channel's rate may be made up for at once, after a hiccup of the loop or the database


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it should run."""

    id: int
    organisation_id: int
    kind: str
    token: str
    config: bytes
    rate: float | None
    drain_to: int  # the last letter that still goes; 0: all do
    paused: bool = False  # nothing goes; who streams is heard

    @property
    def account(self) -> Channel:
        """What must be the same for whoever hears to hear on."""
        return replace(self, drain_to=0, paused=False)


@dataclass(slots=True)
class Running:
    channel: Channel
    http: Http
    runner: Runner
    task: asyncio.Task[None]
    hearing: asyncio.Task[None] | None = None  # of a provider that streams
    former: list[Runner] = field(default_factory=list)  # sent before a pause; their calls may still be in flight

    @property
    def ended(self) -> bool:
        return self.hearing is not None and self.hearing.done() if self.channel.paused else self.task.done()


@dataclass(slots=True)
class Engine:
    name: Name
    desk: Desk
    channels: dict[int, Channel] = field(default_factory=dict)  # those that should run
    running: dict[int, Running] = field(default_factory=dict)
    allowances: dict[int, Allowance] = field(default_factory=dict)  # by channel; kept for its next runner while anything is owed
    unusable: dict[int, Channel] = field(default_factory=dict)  # owned, but their config fits no connector
    giving: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    living: frozenset[int] = frozenset()
    read_at: float = -1000.0
    strange: bool = False  # the database is a copy of the one we live in
    adopt_at: float | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def aside(self, work: Awaitable[None]) -> None:
        """Do something beside, and keep it until it is done."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def run(stop: asyncio.Event) -> None:
    """Run until `stop` is set; then hand over, finish what is in flight and write it down."""
    name = Name()
    pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
        conninfo("buergerdraht engine"),
        min_size=2,
        max_size=8,
        open=False,
        timeout=10,
        reconnect_timeout=5,
        configure=ready,
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open()
    engine = Engine(name, Desk(pool, Ledger(str(name))))
    writing = asyncio.create_task(engine.desk.ledger.run())
    listening = asyncio.create_task(_listen(engine))
    feeding = asyncio.create_task(engine.desk.feed.run())
    settling = asyncio.create_task(_settle(engine))
    stopping = asyncio.create_task(_tell_stop(engine, stop))
    try:
        while not stop.is_set():
            try:
                await _session(engine, stop, writing)
            except psycopg.Error as problem:
                log.warning("engine.reconnect problem=%s", type(problem).__name__)
                _drop(engine, list(engine.running))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)
    finally:
        await asyncio.shield(_finish(engine, writing))
        beside = (listening, feeding, settling, stopping)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await pool.close()


async def _tell_stop(engine: Engine, stop: asyncio.Event) -> None:
    await stop.wait()
    engine.changed.set()


async def _settle(engine: Engine) -> None:
    """Once a second, decide about doubts whose time is over."""
    while True:
        await asyncio.sleep(1.0)
        try:
            if engine.running:
                for number in await engine.desk.doubts.settle_due(engine.running.keys()):
                    if running := engine.running.get(number):
                        running.runner.nudge()
        except psycopg.Error as problem:
            log.warning("doubts.retry problem=%s", type(problem).__name__)


async def _finish(engine: Engine, writing: asyncio.Task[None]) -> None:
    """Let what is in flight end and write it down, so that a planned stop leaves no doubts."""
    _drop(engine, list(engine.running))
    if engine.desk.doing:
        await asyncio.wait(set(engine.desk.doing), timeout=FINISH_SECONDS)
    if engine.tasks:
        await asyncio.wait(set(engine.tasks), timeout=5)
    engine.desk.ledger.closing = True
    engine.desk.ledger.more.set()
    await asyncio.wait({writing}, timeout=FINISH_SECONDS)


# ── the connection that holds the locks ───────────────────────────────────


async def _session(engine: Engine, stop: asyncio.Event, writing: asyncio.Task[None]) -> None:
    """One life of the connection that holds the locks; when it breaks, all locks are gone and so are the runners."""
    async with await ownership.connect(engine.name) as connection:
        engine.living, engine.giving, engine.unusable, engine.read_at = frozenset(), {}, {}, -1000.0
        while not stop.is_set():
            engine.changed.clear()
            await _look(engine, connection)
            with suppress(TimeoutError):
                await asyncio.wait_for(engine.changed.wait(), LOOK_SECONDS)
        await ownership.retire(connection, engine.name)
        await asyncio.gather(*(_give(engine, connection, number) for number in [*engine.running, *engine.unusable]))
        await asyncio.gather(*engine.giving.values())
        log.info("engine.handed_over")
        await _finish(engine, writing)  # we live until the last call is written down: nobody adopts it


async def _look(engine: Engine, connection: AsyncConnection[Any]) -> None:
    """Confirm that our locks are held, and bring what runs here in line with what should."""
    began = time.monotonic()
    view = await ownership.look(connection)
    engine.desk.lease_until = began + LEASE_SECONDS
    if began - engine.read_at >= CHANNELS_SECONDS:
        await _read_channels(engine, connection)
        engine.read_at = began
    if engine.living - view.living:
        engine.adopt_at = began + ADOPT_SECONDS
    engine.living = view.living
    if engine.adopt_at is not None and engine.adopt_at <= began:
        engine.adopt_at = None
        for running in engine.running.values():
            running.runner.adopt()
    share = view.share(engine.name.number, engine.channels)
    _give_up(engine, connection, share)
    await _take_up(engine, connection, view, share)


async def _read_channels(engine: Engine, connection: AsyncConnection[Any]) -> None:
    """Read which channels should run: none in a copy of our database, before an operator has decided about it."""
    strange = not await same_database(connection)
    if strange and not engine.strange:
        log.error("engine.restored_database")
    engine.strange = strange
    if strange:
        engine.channels = {}
        return
    async with connection.cursor(row_factory=class_row(Channel)) as cursor:
        rows = await (await cursor.execute(SQL["channels"])).fetchall()
    engine.channels = {channel.id: channel for channel in rows if not channel.paused or _streams(channel.kind)}
    now = time.monotonic()
    for number in [number for number in engine.allowances if number not in engine.running]:
        if engine.allowances[number].idle(now):
            del engine.allowances[number]


def _give_up(engine: Engine, connection: AsyncConnection[Any], share: int) -> None:
    """Let go what should not run, what fell over, and what is more than our share."""
    leaving = [number for number, channel in engine.unusable.items() if engine.channels.get(number) != channel]
    for number, running in engine.running.items():
        wanted = engine.channels.get(number)
        if wanted is not None and wanted != running.channel and running.hearing and wanted.account == running.channel.account:
            _turn(engine, running, wanted)
        if wanted != running.channel or running.ended:
            leaving.append(number)
    keeping = [number for number in [*engine.running, *engine.unusable] if number not in leaving]
    for number in [*leaving, *keeping[share:]]:
        engine.giving[number] = asyncio.create_task(_give(engine, connection, number))


async def _take_up(engine: Engine, connection: AsyncConnection[Any], view: View, share: int) -> None:
    """Take channels nobody owns, up to our share; in any order, so that engines do not all reach for the same."""
    free = [number for number in engine.channels if number not in view.owned]
    random.shuffle(free)
    for number in free:
        if len(engine.running) + len(engine.unusable) >= share:
            return
        if number not in engine.giving and await ownership.take(connection, number):
            _start(engine, engine.channels[number])
            engine.adopt_at = time.monotonic() + ADOPT_SECONDS


async def _give(engine: Engine, connection: AsyncConnection[Any], number: int) -> None:
    """Let a channel go: its runner stops, its calls get a moment, then another engine may own it."""
    engine.unusable.pop(number, None)
    runners = _drop(engine, [number])
    deadline = time.monotonic() + GIVE_SECONDS
    while any(runner.flights for runner in runners) and time.monotonic() < deadline:  # noqa: ASYNC110 - flights are counted, not told
        await asyncio.sleep(0.01)
    try:
        await ownership.give(connection, number)
        log.info("channel.given channel=%s", number)
    except psycopg.Error:
        pass  # with the connection all locks are gone
    finally:
        engine.giving.pop(number, None)


# ── the connection that hears ─────────────────────────────────────────────


async def _listen(engine: Engine) -> None:
    """Hear what is new; apart from the locks, so that nothing is on the way to a host that is cut off but its own looks."""
    while True:
        try:
            async with await AsyncConnection.connect(conninfo("buergerdraht engine listen"), autocommit=True) as connection:
                await steady(connection)
                await connection.execute("listen outbox; listen channel; listen traffic; listen errand")
                for running in engine.running.values():
                    running.runner.nudge()
                async for notice in connection.notifies():
                    _noticed(engine, notice)
        except psycopg.Error as problem:
            log.warning("engine.deaf problem=%s", type(problem).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)


def _noticed(engine: Engine, notice: psycopg.Notify) -> None:
    match notice.channel:
        case "outbox":
            for number in [int(notice.payload)] if notice.payload.isdigit() else list(engine.running):  # without a name: all
                if (filled := engine.running.get(number)) is not None:
                    filled.runner.nudge()
        case "channel":
            engine.read_at = -1000.0
            engine.changed.set()
        case "traffic":  # messages that came in count against the provider's rate, too
            channel, _, count = notice.payload.partition(":")
            if (counted := engine.running.get(int(channel))) and counted.runner.connector.limits.rate_counts_inbound:
                counted.runner.gate.take(time.monotonic(), int(count))
        case "errand":
            errand = errands.read(notice.payload)
            if errand is not None and (meant := engine.running.get(errand.channel)) is not None and not meant.channel.paused:
                engine.aside(errands.run(errand, meant.runner.connector))


# ── runners ───────────────────────────────────────────────────────────────


def _start(engine: Engine, channel: Channel) -> None:
    note, networks = _logged(engine.desk.ledger, channel.id), settings.CHANNEL_NETWORKS
    http = Http(note, home=home(channel.kind, channel.token), networks=networks)
    try:
        connector = build(channel, http)
    except Exception as problem:  # a config that no longer fits its connector must not stop the others
        log.error("channel.unusable channel=%s problem=%s", channel.id, type(problem).__name__)
        engine.unusable[channel.id] = channel
        return
    runner = _runner(engine, channel, connector)
    hearing = asyncio.create_task(hear(runner)) if connector.streams else None
    engine.running[channel.id] = Running(channel, http, runner, asyncio.create_task(runner.run()), hearing)
    log.info("channel.owned channel=%s", channel.id)


def _runner(engine: Engine, channel: Channel, connector: Connector) -> Runner:
    allowance = _allowance(engine, channel, connector.limits)
    runner = Runner(
        desk=engine.desk,
        channel=channel.id,
        organisation=channel.organisation_id,
        connector=connector,
        gate=allowance.gate,
        pairs=allowance.pairs,
        last=channel.drain_to or LAST,
    )
    if channel.paused:
        runner.stop()
    return runner


def _turn(engine: Engine, running: Running, wanted: Channel) -> None:
    """Pause or go on where somebody hears: they hear on, because some providers forget what they told nobody."""
    running.runner.stop()
    engine.aside(running.task)
    running.former = [runner for runner in [*running.former, running.runner] if runner.flights]
    running.channel, running.runner = wanted, _runner(engine, wanted, running.runner.connector)
    running.task = asyncio.create_task(running.runner.run())
    engine.adopt_at = time.monotonic() + ADOPT_SECONDS


def _allowance(engine: Engine, channel: Channel, limits: Limits) -> Allowance:
    """What the channel may send: of one that ran here before, what that runner has left of it."""
    rate = limits.allowed(channel.rate)
    interval, burst = 1.0 / rate, max(1.0, rate * BURST_SECONDS)
    if (known := engine.allowances.get(channel.id)) is not None:
        known.gate.change(time.monotonic(), interval, burst)
        return known
    pairs = Pairs(limits.pair_interval, max(limits.pair_burst - 1, 1))  # one less: calls do not arrive as evenly as they go
    engine.allowances[channel.id] = made = Allowance(Gate(interval, burst), pairs)
    return made


def _streams(kind: str) -> bool:
    return kind in CONNECTORS and connector_class(kind).streams


def build(channel: Channel, http: Http) -> Connector:
    """The connector of a channel, with its secrets opened."""
    made = connector_class(channel.kind)
    return made(made.Config.model_validate_json(vault.decrypt(channel.config)), http)


def _logged(ledger: Ledger, channel: int) -> Callable[[str, int, int, str], None]:
    def called(what: str, status: int, milliseconds: int, reason: str) -> None:
        ledger.called(Call(channel, what, status, reason), milliseconds)

    return called


def _drop(engine: Engine, numbers: Iterable[int]) -> list[Runner]:
    """Stop runners: from now on they start no call. What is in flight goes on; their sessions are closed when it is through."""
    dropped = [engine.running.pop(number) for number in numbers if number in engine.running]
    for running in dropped:
        running.runner.stop()
        if running.hearing is not None:
            running.hearing.cancel()
        engine.aside(_close(running))
    return [runner for running in dropped for runner in (running.runner, *running.former)]


async def _close(running: Running) -> None:
    if running.hearing is not None:
        await asyncio.wait({running.hearing}, timeout=15)
    done, _ = await asyncio.wait({running.task}, timeout=15)
    if not done:
        running.task.cancel()
    elif not running.task.cancelled() and (problem := running.task.exception()):
        log.warning("runner.ended channel=%s problem=%s", running.channel.id, type(problem).__name__)
    for _ in range(int(FINISH_SECONDS * 10)):
        if not any(runner.flights for runner in (running.runner, *running.former)):
            break
        await asyncio.sleep(0.1)
    await running.http.close()
