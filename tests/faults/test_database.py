"""The database goes away, stands still, or cuts us off, in mid-broadcast and in mid-webhook (F7, F9; law 1)."""

from __future__ import annotations

import os
import signal
import threading
import time

import psycopg
import pytest
import report
from parts import (
    ECHO,
    PLAIN,
    Part,
    Server,
    address_of,
    answering,
    broadcast_settled,
    compare,
    found_town,
    ingest_goes_on,
    providing,
    running,
    settled,
    until,
    write,
)
from report import Outcome
from storm import UNANSWERED, Storm, stored

from buergerdraht.gateway.models import Outbound

pytestmark = pytest.mark.slow
RECOVERED = report.size(30, 10)  # seconds; the short form runs where others run, too
SHARE = 0.8 if report.FULL else 0.5


def test_what_was_answered_200_is_there_whoever_was_killed(server: Server) -> None:
    """kill -9 of the web process, of the database, of both, in mid-webhook: law 1."""
    dice = report.dice("F7 kills")
    kills, slowest = report.size(4, 40), 0.0
    with providing() as provider, running(server, "web") as parts:
        web = parts["web"]
        found_town(provider.port)
        with Storm(f"{address_of(web)}/webhook/{ECHO}/{ECHO}-token", rate=200) as storm:
            for round_ in range(kills):
                time.sleep(dice.uniform(0.5, 2.0))
                victim = ("web", "database", "both", "database")[round_ % 4]
                if victim != "database":
                    os.kill(web.pid, signal.SIGKILL)
                if victim != "web":
                    server.crash()
                    server.start()
                began = time.monotonic()
                if victim != "database":
                    assert web.process is not None
                    web.process.wait(10)
                    web.start()
                    answering(web)
                known = len(storm.believed())
                until(lambda known=known: len(storm.believed()) > known, 30, "storing again")
                slowest = max(slowest, time.monotonic() - began)
        lost = storm.believed() - stored(server)
    statuses = storm.counted
    report.record(
        Outcome(
            "F7", f"{kills} kill -9 of web and database in mid-webhook", of=len(storm.answers), lost=len(lost), doubled=None,
            recovery=slowest, passes=f"0 lost of those answered 200; else 503 or none; storing again <= {RECOVERED} s",
            met=not lost and set(statuses) <= {200, 503, UNANSWERED} and slowest <= RECOVERED,
            more=storm.figures,
        )
    )  # fmt: skip


def fast_restart(server: Server) -> None:
    server.stop(signal.SIGINT)
    server.start()


def immediate_restart(server: Server) -> None:
    server.stop(signal.SIGQUIT)
    server.start()


def standstill(server: Server) -> None:
    with server.frozen():
        time.sleep(report.size(5, 30))


def cut_off(server: Server) -> None:
    """One connection in twenty is ended each second."""
    dice = report.dice("F7 cut off")
    for _ in range(report.size(6, 60)):
        for (pid,) in server.run("select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"):
            if dice.random() < 0.05:
                server.run("select pg_terminate_backend(%s)", pid)
        time.sleep(1.0)


TROUBLES = {"restarted fast": fast_restart, "restarted at once": immediate_restart, "standing still": standstill, "cut off": cut_off}


def timetable(server: Server) -> float:
    """When the timetable last had something done."""
    ((newest,),) = server.run("select coalesce(max(defer_timestamp), 0) from procrastinate_periodic_defers")
    return float(newest)  # type: ignore[arg-type]


def keep_up(parts: dict[str, Part], done: threading.Event, falls: list[str]) -> None:
    """Restart what fell over, as the program's own watcher does."""
    while not done.wait(0.2):
        for name, part in parts.items():
            if not part.alive():
                falls.append(name)
                part.start()


def test_a_broadcast_outlives_its_database(server: Server) -> None:
    people, slowest, falls = report.size(1_200, 20_000), 0.0, []
    done = threading.Event()
    with providing() as provider, running(server, "web", "engine", "worker") as parts:
        channels = found_town(provider.port)
        address = address_of(parts["web"])
        provider.webhook = f"{address}/webhook/{ECHO}/{ECHO}-token"
        watcher = threading.Thread(target=keep_up, args=(parts, done, falls))
        watcher.start()
        try:
            write(channels[ECHO], range(people * 2 // 3))
            write(channels[PLAIN], range(people * 2 // 3, people))
            with Storm(f"{address}/webhook/{ECHO}/{ECHO}-token", rate=10) as storm:
                for trouble in TROUBLES.values():
                    time.sleep(1.0)
                    trouble(server)
                    began, before = time.monotonic(), sum(provider.accepted.values())
                    if before < people:
                        until(lambda before=before: sum(provider.accepted.values()) > before, 30, "sending again")
                        slowest = max(slowest, time.monotonic() - began)
                until(broadcast_settled, 120 + people / 100, "the broadcast")
            ended_at = time.time()
            lost_hooks = storm.believed() - stored(server)
            ingest_goes_on(server)
            until(settled, 60, "the last answers")
            until(lambda: timetable(server) > ended_at, 60, "the timetable")
        finally:
            done.set()
            watcher.join(10)
    sums = compare(provider)
    rows = Outbound.objects.filter(purpose="newsletter").count()
    report.record(
        Outcome(
            "F7", f"database {', '.join(TROUBLES)} in mid-broadcast", of=people, lost=sums.lost + (people - rows) + len(lost_hooks),
            doubled=sums.doubled, unclear=sums.unclear, recovery=slowest,
            passes=f"0 lost, 0 doubled; webhooks 200 or 503; sending again <= {RECOVERED} s",
            met=(sums.lost, sums.doubled, sums.failed, sums.open, rows, len(lost_hooks)) == (0, 0, 0, 0, people, 0) and slowest <= RECOVERED
            and set(storm.counted) <= {200, 503, UNANSWERED},
            more={"fallen": ",".join(falls) or "none", **storm.figures},
        )
    )  # fmt: skip


def test_sending_goes_on_where_others_hold_every_connection(server: Server) -> None:
    """Someone leaves connections idle until the database takes no more: what runs goes on with what it has."""
    people, idle = report.size(2_500, 6_000), []
    with providing() as provider, running(server, "web", "engine") as parts:
        channel = found_town(provider.port)[ECHO]
        write(channel, range(people))
        with Storm(f"{address_of(parts['web'])}/webhook/{ECHO}/{ECHO}-token", rate=30) as storm:
            until(lambda: sum(provider.accepted.values()) > 200, 30, "the start")
            before = pace(provider, 2.0)
            try:
                while len(idle) < 300:
                    idle.append(psycopg.connect(server.url, connect_timeout=5))
            except psycopg.OperationalError:  # too many clients already
                pass
            during = pace(provider, 2.0)
            for connection in idle:
                connection.close()
            until(settled, 60, "the broadcast")
        lost = storm.believed() - stored(server)
    sums = compare(provider)
    report.record(
        Outcome(
            "F9", f"{len(idle)} idle connections, none left for us", of=people, lost=sums.lost + len(lost), doubled=sums.doubled,
            unclear=sums.unclear, passes=f"0 lost, send rate >= {SHARE:.0%}",
            met=not sums.lost and not lost and during >= SHARE * before,
            more={"before": round(before), "during": round(during), **storm.figures},
        )
    )  # fmt: skip


def pace(provider: object, seconds: float) -> float:
    """Count what a provider accepts per second."""
    accepted = provider.accepted  # type: ignore[attr-defined]
    before = sum(accepted.values())
    time.sleep(seconds)
    return (sum(accepted.values()) - before) / seconds
