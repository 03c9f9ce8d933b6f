"""The supervisor, driven as a program of its own so that signals are real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from buergerdraht.house import postgres

PROGRAM = """
import sys, pathlib
from buergerdraht.house import postgres
from buergerdraht.house.processes import Part, Supervisor, say
folder = pathlib.Path(sys.argv[1])
part = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(99)"
supervisor = Supervisor(
    [Part("engine", [sys.executable, "-c", part, str(folder / "engine.pid")])],
    postgres.place(folder) if "database" in sys.argv else None,
)
try:
    supervisor.open()
    supervisor.run(lambda: say("bereit"))
finally:
    supervisor.close()
"""


def begin(folder: Path, *words: str) -> subprocess.Popen[str]:
    folder.chmod(0o755)
    output = (folder / "output").open("w")
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), *words], stdout=output, stderr=output, text=True)


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def said(folder: Path, text: str) -> bool:
    return text in (folder / "output").read_text()


def pid_of(folder: Path) -> int:
    wait_for(lambda: (folder / "engine.pid").exists() and (folder / "engine.pid").read_text())
    return int((folder / "engine.pid").read_text())


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_killed_part_is_started_again_and_said(tmp_path: Path) -> None:
    program = begin(tmp_path)
    wait_for(lambda: said(tmp_path, "bereit"))
    first = pid_of(tmp_path)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: said(tmp_path, "engine ist ausgefallen (Signal 9) und wird neu gestartet."))
    wait_for(lambda: pid_of(tmp_path) != first and alive(pid_of(tmp_path)))
    program.terminate()
    assert program.wait(10) == 0
    assert not alive(pid_of(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_parts_and_the_database(tmp_path: Path, number: signal.Signals) -> None:
    program = begin(tmp_path, "database")
    wait_for(lambda: said(tmp_path, "bereit"))
    assert postgres.running(postgres.place(tmp_path))
    program.send_signal(number)
    assert program.wait(15) == 0
    assert not alive(pid_of(tmp_path))
    assert not postgres.running(postgres.place(tmp_path))
    assert "Traceback" not in (tmp_path / "output").read_text()


def test_a_killed_database_comes_back_with_what_was_committed(tmp_path: Path) -> None:
    program = begin(tmp_path, "database")
    wait_for(lambda: said(tmp_path, "bereit"))
    place = postgres.place(tmp_path)
    with psycopg.connect(place.url()) as connection:
        connection.execute("CREATE TABLE note AS SELECT 1")
    os.kill(int((place.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    wait_for(lambda: said(tmp_path, "Die Datenbank läuft wieder."))
    with psycopg.connect(place.url()) as connection:
        assert connection.execute("SELECT count(*) FROM note").fetchone() == (1,)
    program.terminate()
    assert program.wait(15) == 0


def test_nothing_is_left_when_the_supervisor_itself_is_killed(tmp_path: Path) -> None:
    program = begin(tmp_path, "database")
    wait_for(lambda: said(tmp_path, "bereit"))
    part = pid_of(tmp_path)
    program.kill()
    program.wait()
    wait_for(lambda: not alive(part))
    wait_for(lambda: not postgres.running(postgres.place(tmp_path)))
