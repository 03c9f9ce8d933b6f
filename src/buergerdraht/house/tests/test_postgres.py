"""The embedded PostgreSQL: starts from nothing, recovers from a kill, ends with its parent, refuses a second one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from buergerdraht.house import postgres


@pytest.fixture
def where() -> Iterator[postgres.Place]:
    with tempfile.TemporaryDirectory(prefix="buergerdraht-pg-") as folder:
        Path(folder).chmod(0o755)
        yield postgres.place(Path(folder))


def rows(where: postgres.Place) -> int:
    with psycopg.connect(where.url()) as connection:
        found = connection.execute("SELECT count(*) FROM note").fetchone()
    return found[0] if found else 0


def test_what_was_committed_survives_a_kill(where: postgres.Place) -> None:
    child = postgres.start(where)
    with psycopg.connect(where.url()) as connection:
        connection.execute("CREATE TABLE note (text text)")
        connection.execute("INSERT INTO note SELECT 'x' FROM generate_series(1, 1000)")
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child = postgres.start(where)
    assert rows(where) == 1000
    postgres.stop(child)


def test_it_listens_on_no_port_and_lets_only_its_own_account_in(where: postgres.Place) -> None:
    child = postgres.start(where)
    with psycopg.connect(where.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    socket = where.socket / postgres.SOCKET
    assert socket.stat().st_mode & 0o777 == 0o700
    assert where.socket.stat().st_mode & 0o777 == 0o700
    postgres.stop(child)


def test_a_second_one_in_the_same_folder_is_refused_in_a_sentence(where: postgres.Place) -> None:
    child = postgres.start(where)
    with pytest.raises(postgres.Unavailable, match="Läuft dort schon ein Bürgerdraht"):
        postgres.start(where, patience=0.1)
    with postgres.serving(where) as url:  # a command beside it uses the one that runs
        psycopg.connect(url).close()
    assert child.poll() is None
    postgres.stop(child)


def test_it_ends_when_its_parent_is_killed(where: postgres.Place) -> None:
    script = "import sys, time, pathlib; from buergerdraht.house import postgres;"
    script += "print(postgres.start(postgres.place(pathlib.Path(sys.argv[1]))).pid, flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", script, str(where.data.parent)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    parent.stdout.readline()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while postgres.running(where) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not postgres.running(where)


def test_a_start_that_was_killed_leaves_nothing_in_the_way(where: postgres.Place) -> None:
    half = where.data.with_name("postgres.making")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    postgres.stop(postgres.start(where))


def test_data_of_a_foreign_version_is_not_touched(where: postgres.Place) -> None:
    where.data.mkdir(parents=True)
    (where.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(postgres.Unavailable, match="gehören zu PostgreSQL 9"):
        postgres.start(where)


def test_a_long_path_gets_a_short_folder_for_its_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("sehr-langer-ordner-" * 6)
    assert len(os.fsencode(postgres.place(deep).socket / postgres.SOCKET)) <= postgres.LONGEST_SOCKET


def test_the_wheel_is_taken_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUERGERDRAHT_POSTGRES", "wheel")
    assert "pginstall18" in str(postgres.binaries())
