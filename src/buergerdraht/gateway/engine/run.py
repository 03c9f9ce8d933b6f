"""Own channels by advisory lock and run one runner for each; when this process dies, another takes them over."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import AsyncConnection, Notify
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Connector, SendError
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.registry import connector_class
from buergerdraht.gateway.database import conninfo
from buergerdraht.gateway.engine.claim import LAST, SQL
from buergerdraht.gateway.engine.limits import Gate, Pairs
from buergerdraht.gateway.engine.records import Call, Ledger
from buergerdraht.gateway.engine.runner import Desk, Runner

log = logging.getLogger("buergerdraht.engine")
LOCKS = 0x62640001  # first half of the advisory locks: "an engine owns this channel"
CHECK_SECONDS = 2.0
FINISH_SECONDS = 45.0
BURST_SECONDS = 0.05  # how much of a channel's rate may go at once


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it should run."""

    id: int
    organisation_id: int
    kind: str
    config: bytes
    rate: float | None
    drain_to: int  # the last letter that still goes; 0: all do


@dataclass(slots=True)
class Running:
    channel: Channel
    http: Http
    runner: Runner
    task: asyncio.Task[None]


@dataclass(slots=True)
class Engine:
    desk: Desk
    running: dict[int, Running] = field(default_factory=dict)
    errands: set[asyncio.Task[None]] = field(default_factory=set)


async def run(stop: asyncio.Event) -> None:
    """Run until `stop` is set; then finish what is in flight and write it down."""
    name = f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"
    pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
        conninfo("buergerdraht engine"),
        min_size=2,
        max_size=8,
        open=False,
        timeout=10,
        reconnect_timeout=5,
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open()
    engine = Engine(Desk(pool, Ledger(pool, name)))
    writing = asyncio.create_task(engine.desk.ledger.run())
    try:
        while not stop.is_set():
            try:
                await _session(engine, stop)
            except psycopg.Error as problem:
                log.warning("engine.reconnect problem=%s", type(problem).__name__)
                await _stop_all(engine)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 1.0)
    finally:
        await asyncio.shield(_finish(engine, writing))
        await pool.close()


async def _finish(engine: Engine, writing: asyncio.Task[None]) -> None:
    """Let what is in flight end and write it down, so that a planned stop leaves no doubts."""
    await _stop_all(engine)
    if engine.desk.doing:
        await asyncio.wait(set(engine.desk.doing), timeout=FINISH_SECONDS)
    if engine.errands:
        await asyncio.wait(set(engine.errands), timeout=5)
    engine.desk.ledger.closing = True
    engine.desk.ledger.more.set()
    with suppress(TimeoutError):
        await asyncio.wait_for(writing, FINISH_SECONDS)


async def _session(engine: Engine, stop: asyncio.Event) -> None:
    """One life of the connection that holds the locks; when it breaks, all locks are gone and so are the runners."""
    async with await AsyncConnection.connect(conninfo("buergerdraht engine locks"), autocommit=True) as connection:
        await connection.execute("listen outbox; listen channel; listen traffic; listen errand")
        checked_at = 0.0
        while not stop.is_set():
            now = time.monotonic()
            if now - checked_at >= CHECK_SECONDS:
                checked_at = now
                await _check(engine, connection)
            async for notice in connection.notifies(timeout=0.25, stop_after=1):
                if notice.channel == "channel":
                    checked_at = 0.0
                _noticed(engine, notice)
        await _stop_all(engine)


def _noticed(engine: Engine, notice: Notify) -> None:
    match notice.channel:
        case "outbox":
            for running in engine.running.values():
                if not notice.payload or notice.payload == str(running.channel.id):
                    running.runner.nudge()
        case "traffic":  # messages that came in count against the provider's rate, too
            channel, _, count = notice.payload.partition(":")
            if (counted := engine.running.get(int(channel))) and counted.runner.connector.limits.rate_counts_inbound:
                counted.runner.gate.take(time.monotonic(), int(count))
        case "errand":
            task = asyncio.create_task(_errand(engine, notice.payload))
            engine.errands.add(task)
            task.add_done_callback(engine.errands.discard)


async def _errand(engine: Engine, payload: str) -> None:
    """A courtesy to the messenger: a read mark, typing, the answer to a press. Nothing is lost when it fails."""
    values = json.loads(payload)
    if (running := engine.running.get(values["channel"])) is None:
        return
    try:
        async with asyncio.timeout(15):
            if values["verb"] == "acknowledge":
                await running.runner.connector.acknowledge(values["callback"])
            else:
                address = vault.decrypt(bytes.fromhex(values["address"]))
                await running.runner.connector.mark_read(values["external_id"], address, typing=values["typing"])
    except (SendError, TimeoutError) as problem:
        log.info("errand.failed channel=%s verb=%s problem=%s", values["channel"], values["verb"], type(problem).__name__)


async def _check(engine: Engine, connection: AsyncConnection[Any]) -> None:
    """Bring what runs here in line with the channels that should run and that nobody else owns."""
    async with connection.cursor(row_factory=class_row(Channel)) as cursor:
        wanted = {channel.id: channel for channel in await (await cursor.execute(SQL["channels"])).fetchall()}
    for number, running in list(engine.running.items()):
        if running.task.done() and not running.task.cancelled() and (problem := running.task.exception()):
            log.error("runner.died channel=%s problem=%s", number, type(problem).__name__)
        if wanted.get(number) != running.channel or running.task.done():
            await _stop_one(engine, number)
            await connection.execute("select pg_advisory_unlock(%s, %s)", [LOCKS, number])
    for number, channel in wanted.items():
        if number not in engine.running and await _locked(connection, number):
            _start(engine, channel)


async def _locked(connection: AsyncConnection[Any], channel: int) -> bool:
    row = await (await connection.execute("select pg_try_advisory_lock(%s, %s)", [LOCKS, channel])).fetchone()
    return bool(row and row[0])


def _start(engine: Engine, channel: Channel) -> None:
    http = Http(_logged(engine.desk.ledger, channel.id))
    try:
        connector = build(channel, http)
    except Exception as problem:  # a config that no longer fits its connector must not stop the others
        log.error("channel.unusable channel=%s problem=%s", channel.id, type(problem).__name__)
        return
    limits = connector.limits
    rate = min(channel.rate or limits.rate, limits.rate) if limits.rate else channel.rate or 1000.0
    runner = Runner(
        desk=engine.desk,
        channel=channel.id,
        organisation=channel.organisation_id,
        connector=connector,
        gate=Gate(1.0 / rate, max(1.0, rate * BURST_SECONDS)),
        pairs=Pairs(limits.pair_interval, limits.pair_burst),
        last=channel.drain_to or LAST,
    )
    engine.running[channel.id] = Running(channel, http, runner, asyncio.create_task(runner.run()))
    log.info("channel.owned channel=%s", channel.id)


def build(channel: Channel, http: Http) -> Connector:
    """The connector of a channel, with its secrets opened."""
    made = connector_class(channel.kind)
    return made(made.Config.model_validate_json(vault.decrypt(channel.config)), http)


def _logged(ledger: Ledger, channel: int) -> Any:
    def called(what: str, status: int, milliseconds: int, reason: str) -> None:
        ledger.called(Call(channel, what, status, reason), milliseconds)

    return called


async def _stop_one(engine: Engine, number: int) -> None:
    running = engine.running.pop(number)
    running.runner.stop()
    done, _ = await asyncio.wait({running.task}, timeout=5)
    if not done:
        running.task.cancel()
    for task in done:
        if not task.cancelled() and (problem := task.exception()):
            log.warning("runner.ended channel=%s problem=%s", number, type(problem).__name__)
    # Calls still in flight use the session; it is closed when they are through.
    task_close = asyncio.create_task(_close_later(running))
    engine.errands.add(task_close)
    task_close.add_done_callback(engine.errands.discard)


async def _close_later(running: Running) -> None:
    for _ in range(int(FINISH_SECONDS * 10)):
        if running.runner.flights == 0:
            break
        await asyncio.sleep(0.1)
    await running.http.close()


async def _stop_all(engine: Engine) -> None:
    await asyncio.gather(*(_stop_one(engine, number) for number in list(engine.running)))
