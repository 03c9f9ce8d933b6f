"""Hear providers that stream or are asked: what they told is stored and committed before they are asked for more (law 1)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing

import msgspec
import psycopg

from buergerdraht.connectors.contract import ChannelBroken, Item, Receipt, SendError, Temporary
from buergerdraht.gateway.engine.claim import SQL
from buergerdraht.gateway.engine.runner import Runner
from buergerdraht.gateway.opening import shard_of

log = logging.getLogger("buergerdraht.engine")
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


async def hear(runner: Runner) -> None:
    """Listen until cancelled; begin anew whenever the provider or the database was away."""
    pause = FIRST_PAUSE
    while True:
        try:
            async with aclosing(runner.connector.receive()) as told:  # type: ignore[type-var] # every `receive` is a generator
                async for items in told:
                    await _store(runner, items)
                    pause = FIRST_PAUSE
            wait = pause
        except ChannelBroken as problem:
            await runner.stop_channel(problem)
            return
        except Temporary as problem:
            log.info("hearing.again channel=%s reason=%s", runner.channel, problem.reason)
            wait = problem.retry_after or pause
        except (SendError, psycopg.Error) as problem:
            log.warning("hearing.again channel=%s problem=%s", runner.channel, type(problem).__name__)
            wait = pause
        except Exception as problem:  # our own mistake: what was told is told again, and the others go on
            log.error("hearing.failed channel=%s problem=%s", runner.channel, type(problem).__name__)
            wait = pause
        await asyncio.sleep(wait)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _store(runner: Runner, items: Sequence[Item]) -> None:
    if not items:
        return
    lane = "receipt" if all(type(item.event) is Receipt for item in items) else "message"
    body = msgspec.json.encode(list(items))
    values = {"channel": runner.channel, "lane": lane, "shard": shard_of(items) if lane == "message" else 0, "body": body}
    async with runner.desk.pool.connection() as connection:
        await connection.execute(SQL["add_heard"], values)
        await connection.execute("select pg_notify('inbound', %s)", [lane])
