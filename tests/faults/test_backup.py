"""Backup, disaster, restore in mid-broadcast (F21): the copy sends nothing by itself, and in the end nobody was written to twice."""

from __future__ import annotations

import io
import subprocess
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest
import report
from django.core.management import CommandError, call_command
from django.db import connection
from parts import ECHO, PLAIN, Server, address_of, compare, found_town, providing, running, settled, until, write
from report import Outcome

from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox, restoring
from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.house import doctor, postgres

pytestmark = pytest.mark.slow
SILENCE = 4.0  # seconds in which an engine that may send would have sent hundreds


def tool(name: str) -> str:
    path = postgres.binaries() / name
    if not path.exists():
        pytest.skip(f"no {name} beside the server's binaries")
    return str(path)


def restore(server: Server, dump: Path) -> float:
    """Lose the database and bring the dump back. Returns the seconds it took."""
    began = time.monotonic()
    connection.close()
    admin = server.place.url("postgres")
    with psycopg.connect(admin, autocommit=True) as asking:
        asking.execute("drop database buergerdraht with (force)")
        asking.execute("create database buergerdraht")
    subprocess.run([tool("pg_restore"), "--no-owner", "-d", server.url, str(dump)], check=True)
    return time.monotonic() - began


def repeated(before: Counter[tuple[str, str]], now: Counter[tuple[str, str]]) -> int:
    """How many were written to again."""
    return sum(1 for key, times in now.items() if times > 1 and times > before[key])


def test_a_restored_database_repeats_nothing(server: Server, tmp_path: Path) -> None:
    people, dump = report.size(900, 20_000), tmp_path / "dump"
    with providing() as provider:
        channels = found_town(provider.port)
        write(channels[ECHO], range(people))
        write(channels[PLAIN], range(people, people + 200))
        with running(server, "engine") as parts:
            until(lambda: sum(provider.accepted.values()) > people // 5, 60, "the start")
            subprocess.run([tool("pg_dump"), "-Fc", "-f", str(dump), server.url], check=True)
            known = sum(provider.accepted.values())
            until(lambda: sum(provider.accepted.values()) > known + people // 4, 60, "what the backup knows nothing of")
            parts["engine"].kill()
        took = restore(server, dump)
        gone = Counter(provider.accepted)
        highest = max(Outbound.objects.values_list("id", flat=True))
        with running(server, "web", "engine", "worker") as parts:
            time.sleep(SILENCE)
            silent = provider.accepted == gone
            told = any("Sicherung" in finding.text and finding.level == "fault" for finding in doctor._home())
            began, said = time.monotonic(), io.StringIO()
            call_command("restored", stdout=said)
            until(settled, 30, "holding what is open")
            held = Outbound.objects.filter(state="unclear").count()
            time.sleep(1.5)
            still_silent = provider.accepted == gone
            provider.webhook = f"{address_of(parts['web'])}/webhook/{ECHO}/{ECHO}-token"  # the receipts of the lost time arrive
            until(lambda: not provider.receipts and not provider.working, 60, "late receipts")
            until(lambda: not server.run("select 1 from gateway_inboundevent where state = 'new' limit 1"), 60, "ingest")
            unsettled = Outbound.objects.filter(state="unclear", channel__kind=ECHO)
            wrong = [row.id for row in unsettled if gone[row.address, "news"]]
            for row in unsettled:  # the operator, looking at what no receipt settled
                outbox.settle(row, again=True)
            until(lambda: sum(provider.accepted.values()) > sum(gone.values()), 20, "the first letter")
            recovery = took + time.monotonic() - began
            until(settled, 60 + people / 100, "the rest")
            newest = outbox.put(Channel.objects.get(kind=ECHO), "citizen-new", Content(text="new"), purpose="reply").pk
    sums = compare(provider)
    doubled = repeated(gone, provider.accepted)
    report.record(
        Outcome(
            "F21", "backup, lost, restored, resumed in mid-broadcast", of=people + 200, lost=sums.lost,
            doubled=doubled, unclear=sums.unclear,
            recovery=recovery, passes="nothing sent before `restored`; 0 doubled; settled by late receipts",
            met=silent and still_silent and told and not doubled and not sums.lost and not wrong and newest > highest + 1_000_000
            and "Ungeklärt" in said.getvalue(),
            more={"held": held, "sent after the backup": sum(gone.values()) - known, "restore seconds": round(took, 1)},
        )
    )  # fmt: skip


def test_a_database_that_only_moved_goes_on_as_it_stood(server: Server, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    with providing() as provider:
        channels = found_town(provider.port)
        with running(server, "engine"):
            until(restoring.same_database, 20, "noting where we live")
        with pytest.raises(CommandError, match="keine erkennbare Kopie"):
            call_command("restored")
        write(channels[ECHO], range(50))
        subprocess.run([tool("pg_dump"), "-Fc", "-f", str(dump), server.url], check=True)
        restore(server, dump)
        assert restoring.same_database() is False
        call_command("restored", "--nothing-lost", stdout=io.StringIO())
        assert restoring.same_database() is True
        with running(server, "engine"):
            until(settled, 30, "sending")
        assert sorted(provider.accepted.values()) == [1] * 50
