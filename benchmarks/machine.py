"""What the figures were measured on, and how much of it the processes took."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

PACKAGES = ("django", "aiohttp", "uvloop", "httptools", "uvicorn", "psycopg", "msgspec", "procrastinate")
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def described(url: str, project: Path) -> dict[str, Any]:
    """Machine, versions and commit, as they go with every result."""
    with psycopg.connect(url, autocommit=True) as connection:
        shown = {
            name: connection.execute(f"show {name}").fetchone()[0]
            for name in ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        }  # type: ignore[index]
    memory = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 1024**2, 1),
        "processor": _processor(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgresql": shown,
        "packages": {name: version(name) for name in PACKAGES},
        "commit": _commit(project),
    }


def _processor() -> str:
    lines = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return lines[0].split(":", 1)[1].strip() if lines else platform.machine()


def _commit(project: Path) -> str:
    found = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=project, capture_output=True, text=True)
    return found.stdout.strip()


def cpu(process: int) -> float:
    """Seconds of CPU a process has taken so far; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(process: int) -> float:
    """Resident memory in MB (1e6 bytes)."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e6
    except (OSError, IndexError):
        return 0.0


def private_memory(process: int) -> float:
    """Resident memory without what is shared (a PostgreSQL backend maps the common buffers), in MB."""
    try:
        words = Path(f"/proc/{process}/status").read_text().split("RssAnon:")[1].split()
    except (OSError, IndexError):
        return 0.0
    return int(words[0]) * 1024 / 1e6


class Watch(threading.Thread):
    """Looks at processes twice a second: CPU and memory of ours by name, and of PostgreSQL's backends that work for one database.

    `postgres` in the answers sums the backends of that database and the writers in the background; a backend that has ended
    keeps what it had taken when it was last seen. On another host PostgreSQL is not seen and stays 0.
    """

    def __init__(self, url: str, database: str, processes: Mapping[str, int]) -> None:
        super().__init__(daemon=True, name="watch")
        self.processes = dict(processes)
        self.database = database
        self.memory: dict[str, list[tuple[float, float]]] = {}
        self._connection = psycopg.connect(url, autocommit=True, application_name="bench watch")
        self._backends: dict[int, float] = {}
        self._halt = threading.Event()
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._local = Path(f"/proc/{self._connection.info.backend_pid}/comm").exists()

    def run(self) -> None:
        while not self._halt.wait(0.5):
            self._look()

    def _look(self) -> None:
        with self._lock:
            if self._local:
                rows = self._connection.execute(
                    "select pid from pg_stat_activity where (datname = %s or datname is null) and pid <> pg_backend_pid()", [self.database]
                ).fetchall()
                for (process,) in rows:
                    self._backends[process] = max(cpu(process), self._backends.get(process, 0.0))
                self._note("postgres", max((private_memory(process) for (process,) in rows), default=0.0))
            for name, process in self.processes.items():
                self._note(name, memory(process))

    def _note(self, name: str, megabytes: float) -> None:
        self.memory.setdefault(name, []).append((round(time.monotonic() - self._began, 1), round(megabytes, 1)))

    def taken(self) -> dict[str, float]:
        """Seconds of CPU so far, by name."""
        self._look()
        return {"postgres": sum(self._backends.values())} | {name: cpu(process) for name, process in self.processes.items()}

    def largest(self, name: str) -> float:
        return max((megabytes for _, megabytes in self.memory.get(name, [])), default=0.0)

    def close(self) -> None:
        self._halt.set()
        if self.is_alive():
            self.join(5)
        self._connection.close()


def spent(before: Mapping[str, float], after: Mapping[str, float], names: Iterable[str] = ()) -> dict[str, float]:
    return {name: after[name] - before.get(name, 0.0) for name in (names or after)}
