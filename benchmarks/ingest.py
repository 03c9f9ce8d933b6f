"""Citizens' messages to answers in the outbox per second: a quarter from people nobody knew, each writes four times; one and two workers.

Yardstick: as many single rows inserted and committed one by one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.db import connection

from benchmarks.arrived import arrive, bodies, through, workers
from benchmarks.bodies import message
from benchmarks.machine import spent
from benchmarks.stage import Stage, run, value
from benchmarks.table import Line, Options, compare, median
from benchmarks.town import channels, organisation
from buergerdraht.gateway.models import Channel

CHANNELS = 4
EACH = 4


def measure(options: Options) -> list[Line]:
    rows = options.size(3_000, 200)
    lines: list[Line] = []
    with Stage() as stage:
        made = channels(organisation(), CHANNELS, "", state="paused")
        run("create table yardstick_row (id bigserial primary key, body bytea not null, at timestamptz not null default now())")
        number = 0
        for count in (1, 2):
            workers(stage, count)
            ours, bare, cpu = [], [], []
            for _ in range(options.repeats()):
                number += 1
                rate, taken = _ours(stage, made, number, rows)
                ours.append(rate)
                cpu.append(taken)
                bare.append(_bare(rows))
            note = f"je Nachricht: Worker {median([w for w, _ in cpu]):.0f} µs, PostgreSQL {median([p for _, p in cpu]):.0f} µs"
            name = "ein Worker" if count == 1 else "zwei Worker"
            lines.append(
                compare(Line("ingest", f"Nachrichten bis zur Antwort im Ausgang, {name}", median(ours), "je s", median(bare), note=note))
            )
    return lines


def _ours(stage: Stage, made: Sequence[Channel], run_number: int, rows: int) -> tuple[float, tuple[float, float]]:
    people = max(rows // EACH, 1)
    inner = []
    for number in range(rows):
        person = number % people
        address = b"49%d" % (1_600_000_000 + run_number * 1_000_000 + person)
        wamid = b"wamid.in%d.%d" % (run_number, number)
        inner.append((person % len(made), message(address, wamid, b"Hilfe")))
    before = int(value("select coalesce(max(id), 0) from gateway_outbound"))
    run("truncate gateway_inboundevent")
    arrive("message", bodies(made, inner))
    watch = stage.look()
    cpu = watch.taken()
    took = through(stage, "message", 60 + rows / 5)
    taken = spent(cpu, watch.taken())
    answers = value("select count(*) from gateway_outbound where id > %s", before)
    if answers != rows:
        raise RuntimeError(f"{rows} Nachrichten, aber {answers} Antworten im Ausgang.")
    worked = sum(seconds for name, seconds in taken.items() if name.startswith("worker"))
    return rows / took, (worked / rows * 1e6, taken["postgres"] / rows * 1e6)


def _bare(rows: int) -> float:
    body = b"x" * 600
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for _ in range(rows):
            cursor.execute("insert into yardstick_row (body) values (%s)", [body])
    return rows / (time.perf_counter() - began)
