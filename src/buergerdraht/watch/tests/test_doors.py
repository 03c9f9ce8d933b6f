"""/healthz says that the process lives, /readyz that it can work, /metrics how it goes: to those who may ask."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core import mail
from django.db import OperationalError
from django.utils import timezone

from buergerdraht.asgi import application
from buergerdraht.gateway.database import conninfo
from buergerdraht.gateway.engine import ownership
from buergerdraht.gateway.models import InboundEvent, Traffic
from buergerdraht.watch import doors, guard, health, metrics, presence
from buergerdraht.watch.models import Alarm, AlarmReceiver, Minute

LINE = re.compile(r'^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+-]+$')


async def ask(path: str, *, method: str = "GET", query: bytes = b"", client: str = "127.0.0.1", **headers: str) -> tuple[int, bytes]:
    said: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": named, "client": (client, 1)}
    await application(scope, receive, send)
    return said[0]["status"], said[1]["body"]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_reading", metrics.Reading())
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(doors, "SECONDS", 60.0)  # a busy machine is no fault here


async def test_a_living_process_says_so_without_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "_asked", None)
    assert await ask("/healthz") == (200, b'{"alive":true}')
    assert await ask("/healthz", method="HEAD") == (200, b"")
    assert (await ask("/healthz", method="POST"))[0] == 405


@pytest.mark.django_db(transaction=True)
async def test_ready_is_who_can_store_even_when_nobody_sends() -> None:
    status, body = await ask("/readyz")
    found = json.loads(body)
    assert status == 200
    assert found == {"ready": True, "database": True, "tables": True, "storing": True, "engine": False, "worker": False}
    assert (await ask("/readyz", query=b"all"))[0] == 503


@pytest.fixture
def processes(transactional_db: None) -> Iterator[None]:
    """An engine that holds its lock, and a worker's heartbeat."""
    with psycopg.connect(conninfo("buergerdraht engine test:1"), autocommit=True) as engine:
        engine.execute("select pg_advisory_lock_shared(%s, 7)", [ownership.LIVING])
        engine.execute("insert into procrastinate_workers default values")
        yield
        engine.execute("delete from procrastinate_workers")


@pytest.mark.usefixtures("processes")
async def test_engine_and_worker_are_seen() -> None:
    status, body = await ask("/readyz", query=b"all")
    assert status == 200, body
    assert all(json.loads(body).values())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["_database", "_tables", "_storing"])
async def test_who_cannot_work_gets_no_requests(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def fail() -> bool:
        raise OSError("Emine")

    monkeypatch.setattr(health, name, fail)
    status, body = await ask("/readyz")
    assert status == 503
    assert b"Emine" not in body


@pytest.mark.django_db(transaction=True)
async def test_a_data_folder_that_takes_no_files_is_not_ready(settings) -> None:
    from pathlib import Path

    settings.DATA = Path("/proc/nicht/hier")
    assert (await ask("/readyz"))[0] == 503


@pytest.mark.django_db(transaction=True)
async def test_a_database_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr(doors, "SECONDS", 0.1)
    monkeypatch.setattr(health, "_database", lambda: time.sleep(0.5))
    status, body = await ask("/readyz")
    assert status == 503
    assert json.loads(body)["ready"] is False


# ── Figures ───────────────────────────────────────────────────────────────


@pytest.fixture
def busy(transactional_db: None, town) -> Any:
    now = timezone.now()
    town.letters(3)
    town.letters(2, priority=5, created_at=now - timedelta(minutes=10))
    town.letters(1, state="unclear")
    town.letters(4, state="failed", reason="blocked", finished_at=now)
    town.letters(2, state="sending")
    InboundEvent.objects.create(channel=town.channel, body=b"Emine", state="kept")
    Traffic.objects.create(channel=town.channel, direction="out", what="POST messages", status="200", count=41)
    Minute.objects.create(channel=town.channel, at=now - timedelta(minutes=1), accepted=40, delivered=39, failed=1)
    Alarm.objects.create(kind="worker_missing", level="fault", since=now, seen_at=now, raised_at=now)
    return town


async def test_figures_are_numbers_in_the_form_prometheus_reads(busy) -> None:
    status, body = await ask("/metrics")
    assert status == 200
    text = body.decode()
    at = f'channel="{busy.channel.pk}"'
    for line in (
        f'buergerdraht_queue_letters{{{at},priority="reply"}} 3',
        f'buergerdraht_unclear_letters{{{at}}} 1',
        f'buergerdraht_flight_letters{{{at}}} 2',
        f'buergerdraht_failed_letters{{{at},reason="blocked"}} 4',
        f'buergerdraht_inbound_events{{{at},state="kept"}} 1',
        f'buergerdraht_minute_calls{{{at},direction="out",status="200"}} 41',
        f'buergerdraht_minute_accepted{{{at}}} 40',
        f'buergerdraht_channel_owned{{{at}}} 0',
        "buergerdraht_engines 0",
        'buergerdraht_alarm{kind="worker_missing",level="fault",organisation="",channel=""} 1',
    ):  # fmt: skip
        assert line in text.splitlines(), text
    oldest = re.search(r'buergerdraht_queue_oldest_seconds\{[^}]*priority="newsletter"\} (\S+)', text)
    assert oldest
    assert 600 <= float(oldest[1]) < 700
    assert "process_resident_memory_bytes" in text
    for line in text.splitlines():
        assert line.startswith("# ") or LINE.fullmatch(line), line
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(families) == len(set(families))


async def test_figures_name_nobody(busy) -> None:
    text = (await ask("/metrics"))[1].decode()
    for word in ("Emine", "Musterstadt", "musterstadt", "Nummer", "Hallo", busy.channel.token):
        assert word not in text


async def test_figures_are_read_at_most_every_five_seconds(busy, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    read = metrics.database
    monkeypatch.setattr(metrics, "database", lambda now: calls.append(now) or read(now))
    for _ in range(3):
        assert (await ask("/metrics"))[0] == 200
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("token", "client", "headers", "status"),
    [
        ("", "127.0.0.1", {}, 200),
        ("", "::1", {}, 200),
        ("", "192.0.2.7", {}, 404),
        ("", "127.0.0.1", {"x_forwarded_for": "192.0.2.7"}, 404),
        ("", "127.0.0.1", {"authorization": "Bearer x"}, 200),
        ("geheim", "127.0.0.1", {}, 404),
        ("geheim", "192.0.2.7", {"authorization": "Bearer geheim"}, 200),
        ("geheim", "192.0.2.7", {"authorization": "Bearer geheimer"}, 404),
        ("geheim", "192.0.2.7", {"authorization": "Bearer "}, 404),
    ],
)
async def test_who_may_read_the_figures(
    settings, monkeypatch: pytest.MonkeyPatch, token: str, client: str, headers: dict[str, str], status: int
) -> None:
    settings.METRICS_TOKEN = token
    monkeypatch.setattr(metrics, "page", lambda: "")
    assert (await ask("/metrics", client=client, **headers))[0] == status


def test_a_label_cannot_break_its_line() -> None:
    text = metrics.written([metrics.Family("x", "X.", [({"reason": 'a"b\\c\nd'}, 1)])])
    assert text == '# HELP buergerdraht_x X.\n# TYPE buergerdraht_x gauge\nbuergerdraht_x{reason="a\\"b\\\\c\\nd"} 1\n'


# ── The guard ─────────────────────────────────────────────────────────────


@pytest.fixture
def no_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's connection holds its transaction."""
    monkeypatch.setattr(guard.connections, "close_all", lambda: None)


@pytest.mark.usefixtures("no_close")
def test_the_web_processes_call_when_no_worker_lives(town, monkeypatch: pytest.MonkeyPatch) -> None:
    AlarmReceiver.objects.create(organisation=town.organisation, way="email", email="b@musterstadt.example")
    now = timezone.now()
    for seconds in (0, 30, 60, 90):
        monkeypatch.setattr(guard.timezone, "now", lambda seconds=seconds: now + timedelta(seconds=seconds))
        guard.look()
    alarm = Alarm.objects.open().get()
    assert alarm.kind == "worker_missing"
    assert len(mail.outbox) == 1
    assert "Arbeitsprozess" in mail.outbox[0].subject


@pytest.mark.usefixtures("no_close")
def test_the_guard_is_silent_while_a_worker_lives(town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "worker_lives", lambda now: True)
    guard.look()
    assert not Alarm.objects.exists()


@pytest.mark.usefixtures("no_close")
@pytest.mark.parametrize("how", ["away", "full"])
def test_without_a_database_the_installations_own_addresses_are_told_once(
    town, monkeypatch: pytest.MonkeyPatch, settings, how: str
) -> None:
    settings.ALARM_MAIL = ["betrieb@rechenzentrum.example"]
    monkeypatch.setattr(guard, "_outage", guard.Outage())
    now = timezone.now()
    at = [now]
    broken = [True]

    def lives(moment: object) -> bool:
        if broken[0] and how == "away":
            raise OperationalError("Emine")
        return True

    monkeypatch.setattr(guard.timezone, "now", lambda: at[0])
    monkeypatch.setattr(presence, "worker_lives", lives)
    monkeypatch.setattr(guard.webhook, "refuses", lambda: broken[0] and how == "full")
    for seconds in (0, 30, 60, 90):
        at[0] = now + timedelta(seconds=seconds)
        guard.look()
    assert not mail.outbox
    for seconds in (120, 150):
        at[0] = now + timedelta(seconds=seconds)
        guard.look()
    assert [sent.to for sent in mail.outbox] == [["betrieb@rechenzentrum.example"]]
    assert "Die Datenbank nimmt nichts an" in mail.outbox[0].subject
    broken[0] = False
    for seconds in (180, 210):
        at[0] = now + timedelta(seconds=seconds)
        guard.look()
    assert "Entwarnung" in mail.outbox[1].subject
    assert len(mail.outbox) == 2
    assert not Alarm.objects.exists()


async def test_a_look_that_hangs_counts_as_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, calls = threading.Event(), []
    monkeypatch.setattr(guard, "SECONDS", 0.02)
    monkeypatch.setattr(guard, "PATIENCE", 0.02)
    monkeypatch.setattr(guard, "look", lambda: calls.append("look") or hanging.wait(5))
    monkeypatch.setattr(guard, "_away", lambda now: calls.append("away"))
    watching = asyncio.create_task(guard.run())
    await asyncio.sleep(0.5)
    assert calls[:3] == ["look", "away", "away"]
    assert calls.count("look") == 1
    hanging.set()
    await asyncio.sleep(0.3)
    assert calls.count("look") > 1
    watching.cancel()
