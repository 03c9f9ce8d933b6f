"""Put events into the table as the webhook stores them, and wait until the workers are through."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db import connection

from benchmarks.bodies import Hook
from benchmarks.stage import Stage, run, until, value
from benchmarks.town import hooks
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.registry import connector_class
from buergerdraht.gateway.models import Channel
from buergerdraht.gateway.opening import shard_of

COPY = "copy gateway_inboundevent (channel_id, source, lane, shard, body, state, problem, tries, received_at) from stdin"


def bodies(made: Sequence[Channel], inner: Iterable[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Events of numbers: (index of the number, value of the envelope) becomes (channel, body)."""
    known = [Hook(**hook) for hook in hooks(made)]
    return [(made[number].pk, known[number].request(value).partition(b"\r\n\r\n")[2]) for number, value in inner]


def arrive(lane: str, events: Sequence[tuple[int, bytes]]) -> None:
    """All at once, in their order; nobody is told yet."""
    now, reader = datetime.now(UTC), connector_class("whatsapp")
    reads = reader(reader.Config.model_construct(), Http())
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for channel, body in events:
            shard = shard_of(reads.parse(body)) if lane == "message" else 0
            copy.write_row((channel, "webhook", lane, shard, body, "new", "", 0, now))


def through(stage: Stage, lane: str, seconds: float) -> float:
    """Wake the workers and wait until nothing is new. Returns the seconds it took."""
    began = time.perf_counter()
    run("select pg_notify('inbound', %s)", lane)
    until(
        lambda: stage.lives() and not value("select exists (select from gateway_inboundevent where state = 'new')"),
        seconds,
        "die Worker",
        every=0.02,
    )
    took = time.perf_counter() - began
    if kept := value("select count(*) from gateway_inboundevent where state = 'kept'"):
        raise RuntimeError(f"{kept} Meldungen ließen sich nicht verarbeiten.")
    return took


def workers(stage: Stage, count: int) -> None:
    """Start workers until there are so many, and wait until they listen."""
    running = sum(name.startswith("worker") for name in stage.processes)
    for number in range(running, count):
        stage.start(f"worker {number + 1}", "worker")
    listening = (
        "select count(distinct application_name || pid) from pg_stat_activity where datname = current_database() and application_name = %s"
    )
    until(lambda: stage.lives() and value(listening, "buergerdraht worker listen") >= count, 60, "die Worker")
    time.sleep(0.5)
