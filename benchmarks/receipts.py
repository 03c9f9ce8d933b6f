"""Receipts applied per second: one per event, in the order of a real stream (the states of neighbours mixed), by one and two workers.

Yardstick: the same receipts on a table like the parts', as bare UPDATE .. FROM unnest in groups of 500, one connection.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection, transaction

from benchmarks.arrived import arrive, bodies, through, workers
from benchmarks.bodies import status, statuses
from benchmarks.machine import spent
from benchmarks.send import put
from benchmarks.stage import Stage, run, value
from benchmarks.table import Line, Options, compare, median
from benchmarks.town import channels, organisation
from buergerdraht.gateway.models import Channel

CHANNELS = 4
STATES = (b"sent", b"delivered", b"read")
LAGS = (0, 400, 1_500)  # how many letters later a state is told
GROUP = 500
ACCEPTED = """
update gateway_outbound set state = 'accepted', parts_total = 1, parts_done = 1, accepted_at = now(), finished_at = now() where id > %s
"""
PARTS = """
insert into gateway_part (outbound_id, channel_id, position, external_id, state, reason, at)
select id, channel_id, 0, 'wamid.letter' || id, 'accepted', '', now() from gateway_outbound where id > %s
"""
UPDATE = """
update yardstick_part p set state = v.state, at = v.at
from unnest(%s::bigint[], %s::text[], %s::timestamptz[]) as v(outbound_id, state, at) where p.outbound_id = v.outbound_id and p.position = 0
"""


def measure(options: Options) -> list[Line]:
    letters = options.size(20_000, 1_000)
    lines: list[Line] = []
    with Stage() as stage:
        made = channels(organisation(), CHANNELS, "", state="paused")
        run("create table yardstick_part (like gateway_part including all)")
        for count in (1, 2):
            workers(stage, count)
            ours, bare, cpu = [], [], []
            for _ in range(options.repeats()):
                last = _letters(made, letters)
                rate, taken = _ours(stage, made, last, letters)
                ours.append(rate)
                cpu.append(taken)
                bare.append(_bare(last, letters))
            note = f"je Empfangsbericht: Worker {median([w for w, _ in cpu]):.0f} µs, PostgreSQL {median([p for _, p in cpu]):.0f} µs"
            name = "ein Worker" if count == 1 else "zwei Worker"
            lines.append(compare(Line("receipts", f"Empfangsberichte, {name}", median(ours), "je s", median(bare), note=note)))
    return lines


def _letters(made: Sequence[Channel], rows: int) -> int:
    """Letters the provider has accepted. Returns the number before the first."""
    last = int(value("select coalesce(max(id), 0) from gateway_outbound"))
    put(made, rows, first=last)
    run(ACCEPTED, last)
    run(PARTS, last)
    run("truncate yardstick_part")
    run("insert into yardstick_part select * from gateway_part where outbound_id > %s", last)
    run("truncate gateway_inboundevent")
    run("vacuum analyze gateway_outbound, gateway_part, yardstick_part")
    return last


def _stream(last: int, rows: int) -> list[tuple[int, bytes]]:
    """(letter, state) in the order they are told."""
    told = [(number + lag, last + 1 + number, state) for number in range(rows) for state, lag in zip(STATES, LAGS, strict=True)]
    return [(letter, state) for _, letter, state in sorted(told, key=lambda each: each[0])]


def _ours(stage: Stage, made: Sequence[Channel], last: int, rows: int) -> tuple[float, tuple[float, float]]:
    stream = _stream(last, rows)
    of = {channel.pk: number for number, channel in enumerate(made)}
    with connection.cursor() as cursor:
        cursor.execute("select id, channel_id from gateway_outbound where id > %s", [last])
        owner = {letter: of[channel] for letter, channel in cursor.fetchall()}
    events = bodies(made, ((owner[letter], statuses([_status(letter, state)])) for letter, state in stream))
    arrive("receipt", events)
    run("analyze gateway_inboundevent")
    watch = stage.look()
    before = watch.taken()
    took = through(stage, "receipt", 60 + len(events) / 200)
    taken = spent(before, watch.taken())
    if open_letters := value("select count(*) from gateway_outbound where id > %s and receipt <> 'read'", last):
        raise RuntimeError(f"{open_letters} Briefe sind nicht als gelesen vermerkt.")
    worked = sum(seconds for name, seconds in taken.items() if name.startswith("worker"))
    return len(events) / took, (worked / len(events) * 1e6, taken["postgres"] / len(events) * 1e6)


def _status(letter: int, state: bytes) -> bytes:
    return status(f"wamid.letter{letter}".encode(), state, b"4915100000", f"{letter}.0".encode())


def _bare(last: int, rows: int) -> float:
    """The highest of each group, as ours does it; committed group by group."""
    stream = _stream(last, rows)
    now = datetime.now(UTC)
    began = time.perf_counter()
    for start in range(0, len(stream), GROUP):
        highest: dict[int, bytes] = {}
        for letter, state in stream[start : start + GROUP]:
            if letter not in highest or STATES.index(state) > STATES.index(highest[letter]):
                highest[letter] = state
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(UPDATE, [list(highest), [state.decode() for state in highest.values()], [now] * len(highest)])
    return len(stream) / (time.perf_counter() - began)
