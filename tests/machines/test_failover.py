"""The primary PostgreSQL dies in mid-broadcast and its replica takes over: what was committed is there, and nothing goes out twice."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import stage
import wire
from django.db import connection
from stage import Database, Part, Provider, settled, states, until

from buergerdraht.house import postgres

pytestmark = pytest.mark.slow
LETTERS = 800
STARTS = 90


@pytest.fixture
def provider() -> Iterator[Provider]:
    wire.register()
    provider = Provider(["127.0.0.1"], latency=0.02)
    provider.start()
    yield provider
    provider.stop()


def replica_of(primary: Database, folder: Path) -> Database:
    """Copy a running server, and let the copy follow it."""
    where = postgres.place(folder, durable=False)
    postgres._prepare(where)
    source = f"host=127.0.0.1 port={primary.port} user=postgres application_name=replica"
    copy = [str(stage.home() / "pg_basebackup"), "-D", str(where.data), "-R", "-X", "stream", "-c", "fast", "-d", source]
    postgres._own_folder(where.data)
    subprocess.run([*postgres._as_nobody(), *copy], check=True, capture_output=True, cwd="/")
    return Database(where, stage.free_port())


def let_commits_wait(primary: Database) -> None:
    """From now on a commit is one only when the replica has it, too."""
    with psycopg.connect(primary.url("postgres"), autocommit=True) as setting:
        setting.execute("alter system set synchronous_standby_names = 'replica'")
        setting.execute("select pg_reload_conf()")
        until(lambda: setting.execute("select sync_state from pg_stat_replication").fetchone() == ("sync",), 30)


@pytest.fixture
def primary() -> Iterator[Database]:
    with stage.own_folder() as folder:
        primary = stage.make_database(folder)
        primary.start(["127.0.0.1"], synchronous_commit="on")
        yield primary
        primary.stop()


@pytest.fixture
def replica(primary: Database) -> Iterator[Database]:
    with stage.own_folder() as folder:
        replica = replica_of(primary, folder)
        replica.start(["127.0.0.1"], synchronous_commit="on")
        let_commits_wait(primary)
        yield replica
        replica.stop()


def test_a_broadcast_goes_on_from_the_replica(
    primary: Database, replica: Database, provider: Provider, request: pytest.FixtureRequest
) -> None:
    url = f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{replica.port}/buergerdraht?target_session_attrs=read-write"
    with request.getfixturevalue("django_db_blocker").unblock(), stage.pointed(url):
        channel = stage.found_town([f"http://127.0.0.1:{provider.port}"])[0]
        stage.write([channel], range(LETTERS))
        engine = Part("engine", url).start()
        try:
            until(lambda: len(provider.accepted) > LETTERS // 4, STARTS)
            primary.kill()
            time.sleep(2)
            with psycopg.connect(replica.url("postgres"), autocommit=True) as promoting:
                promoting.execute("select pg_promote()")
            promoted_at, before = time.monotonic(), len(provider.accepted)
            until(lambda: len(provider.accepted) > before + 5, 30)
            recovered = time.monotonic() - promoted_at
            connection.close()  # ours led to the primary that is gone
            until(settled, 60)
            check(provider)
        finally:
            engine.end()
    assert recovered <= 10
    print(f"failover: first calls {recovered:.1f} s after the promotion")


def check(provider: Provider) -> None:
    counts, ended = provider.counts(), states()
    assert max(counts.values()) == 1, "a newsletter is never sent twice"
    assert ended["accepted"] + ended["unclear"] == LETTERS, "a committed letter is lost"
    assert len(counts) >= ended["accepted"]
    print(f"failover: {ended['unclear']} unclear of {LETTERS}")
