"""The tables change while everything runs (F19): expand first, and nobody in the house notices."""

from __future__ import annotations

import subprocess
import sys
import time

import psycopg
import pytest
import report
from parts import (
    ECHO,
    PLAIN,
    Server,
    address_of,
    broadcast_settled,
    compare,
    environment,
    found_town,
    ingest_goes_on,
    providing,
    running,
    settled,
    until,
    write,
)
from report import Outcome
from storm import Storm, stored

from buergerdraht.gateway.models import Outbound

pytestmark = pytest.mark.slow
# What a later version may add while this one still runs: columns that may be empty or have a value of the database's, an index beside.
EXPAND = (
    "alter table gateway_outbound add column later text",
    "alter table gateway_inboundevent add column later integer not null default 0",
    "alter table gateway_channel add column later boolean not null default false",
    "create index concurrently later_outbound on gateway_outbound (channel_id) where later is not null",
    "create table later_thing (id bigint primary key, said text)",
)
CONTRACT = (
    "drop index concurrently later_outbound",
    *(f"alter table gateway_{name} drop column later" for name in ("outbound", "inboundevent", "channel")),
    "drop table later_thing",
)


def change(server: Server, steps: tuple[str, ...]) -> None:
    """Change tables as a migration should: it waits for a lock only briefly, because everyone behind it waits, too."""
    for step in steps:
        patience = 0 if "concurrently" in step else 500  # that one blocks nobody while it waits
        for _ in range(200):
            try:
                with psycopg.connect(server.url, autocommit=True, options=f"-c lock_timeout={patience}ms") as asking:
                    asking.execute(step)
                break
            except psycopg.errors.LockNotAvailable:
                time.sleep(0.2)
        else:
            raise AssertionError(f"never got through: {step}")
        time.sleep(0.3)


def test_tables_change_under_load(server: Server) -> None:
    people = report.size(800, 20_000)
    with providing() as provider, running(server, "web", "engine", "worker") as parts:
        channels = found_town(provider.port)
        address = address_of(parts["web"])
        provider.webhook = f"{address}/webhook/{ECHO}/{ECHO}-token"
        write(channels[ECHO], range(people * 2 // 3))
        write(channels[PLAIN], range(people * 2 // 3, people))
        with Storm(f"{address}/webhook/{ECHO}/{ECHO}-token", rate=20) as storm:
            until(lambda: sum(provider.accepted.values()) > 100, 30, "the start")
            change(server, EXPAND)
            subprocess.run([sys.executable, "-m", "buergerdraht", "migrate", "-v0"], env=environment(server.url), check=True)
            change(server, CONTRACT)
            until(broadcast_settled, 60 + people / 50, "the broadcast")
        ingest_goes_on(server)
        until(settled, 60, "the last answers")
        kept = server.run("select count(*) from gateway_inboundevent where state = 'kept'")[0][0]
        alive = all(part.alive() for part in parts.values())
        lost = storm.believed() - stored(server)
    sums, rows = compare(provider), Outbound.objects.filter(purpose="newsletter").count()
    report.record(
        Outcome(
            "F19", "columns, an index and a table come and go while sending", of=people, lost=sums.lost + len(lost) + people - rows,
            doubled=sums.doubled, unclear=sums.unclear, passes="0 lost, 0 doubled, no 5xx but 503",
            met=(sums.lost, sums.doubled, sums.failed, sums.unclear, len(lost), kept) == (0, 0, 0, 0, 0, 0) and rows == people and alive
            and set(storm.counted) <= {200, 503},
            more=storm.figures,
        )
    )  # fmt: skip
