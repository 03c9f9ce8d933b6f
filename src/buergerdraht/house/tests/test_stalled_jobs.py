"""A worker that is gone leaves jobs behind: others take them up, and no lock is held for ever."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from django.db import connection
from procrastinate.contrib.django import app as jobs

from buergerdraht.house import program

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_jobs(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs; delete from procrastinate_workers")


def worker(seconds_ago: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now() - make_interval(secs => %s)) returning id", [seconds_ago]
        )
        return int(cursor.fetchone()[0])


def job(status: str, worker_id: int | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status, worker_id)
               values ('default', 'town.round', 'town.round', 'town.round', '{}', %s, %s) returning id""",
            [status, worker_id],
        )
        return int(cursor.fetchone()[0])


def states() -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("select id, status from procrastinate_jobs")
        return dict(cursor.fetchall())


def mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker look once."""
    monkeypatch.setattr(program, "BEAT_SECONDS", 0.05)

    async def look() -> None:
        app = jobs.with_connector(jobs.connector.get_worker_connector())
        async with app.open_async():
            with suppress(TimeoutError):
                await asyncio.wait_for(program._mend(app), 1.0)

    asyncio.run(look())


def test_the_job_of_a_dead_worker_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    left = job("doing", worker(60))
    mend(monkeypatch)
    assert states() == {left: "todo"}


def test_it_makes_way_where_the_next_of_its_kind_waits_already(monkeypatch: pytest.MonkeyPatch) -> None:
    left, waiting = job("doing", worker(60)), job("todo")
    mend(monkeypatch)
    assert states() == {waiting: "todo"}
    assert left != waiting


def test_the_job_of_a_living_worker_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = job("doing", worker(3))
    mend(monkeypatch)
    assert states() == {mine: "doing"}
