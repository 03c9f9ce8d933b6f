"""The stage of a measurement: a database of its own, the product's processes, the provider beside them; all gone at the end.

The database stands on the server that DATABASE_URL names, else on the embedded one, both with fsync on. The processes are the
product's own commands; what they say below WARNING is not written.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from benchmarks.machine import Watch
from buergerdraht.gateway.database import conninfo

PROJECT = Path(__file__).resolve().parents[1]
EMPTY = "tables only"
_patterns: dict[str, str] = {}  # databases to copy from, by what they hold


@dataclass
class Stage:
    """`with Stage() as stage:` makes Django and all processes started here work on a fresh database."""

    name: str = field(default_factory=lambda: f"bench_{secrets.token_hex(4)}")
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    port: int = 0
    watch: Watch | None = None
    pattern: str = EMPTY
    prepare: Callable[[], None] | None = None  # fills the pattern, once per run

    def __enter__(self) -> Self:
        self._home = connection.settings_dict["NAME"]
        self._folder = tempfile.TemporaryDirectory(prefix="buergerdraht-bench-")
        self.port = free_port()
        if self.pattern not in _patterns:
            _make_pattern(self._home, self.pattern, self.prepare)
        _copy(self._home, _patterns[self.pattern], self.name)
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.end(*self.processes)
            if self.watch is not None:
                self.watch.close()
        finally:
            _use(self._home)
            drop(self._home, self.name)
            self._folder.cleanup()

    # ── processes ─────────────────────────────────────────────────────────

    @property
    def folder(self) -> str:
        """A folder that goes with the stage."""
        return self._folder.name

    @property
    def url(self) -> str:
        """The database as psycopg takes it."""
        return conninfo("bench")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str, command: str = "") -> subprocess.Popen[bytes]:
        """Start a part of the product (`web`, `engine`, `worker`) under a name."""
        self.processes[name] = _child([sys.executable, "-m", "buergerdraht", command or name], self._environment())
        return self.processes[name]

    def beside(self, name: str, module: str, *words: object) -> subprocess.Popen[bytes]:
        """Start a part of the bench."""
        self.processes[name] = _child([sys.executable, "-m", module, *map(str, words)], self._environment())
        return self.processes[name]

    def end(self, *names: str) -> None:
        for name in names:
            self.processes[name].terminate()
        for name in names:
            child = self.processes.pop(name)
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def look(self) -> Watch:
        """Watch the processes that run now; a watch before is ended."""
        if self.watch is not None:
            self.watch.close()
        self.watch = Watch(self.url, self.name, {name: child.pid for name, child in self.processes.items()})
        self.watch.start()
        return self.watch

    def ask(self, module: str, *words: object) -> dict[str, Any]:
        """Run a part of the bench to its end and read the JSON it prints."""
        command = [sys.executable, "-m", module, *map(str, words)]
        done = subprocess.run(command, env=self._environment(), cwd=PROJECT, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(f"{module} endete mit {done.returncode}: {done.stderr[-1500:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def provider(self) -> Partner:
        port = free_port()
        self.beside("provider", "benchmarks.provider", port)
        partner = Partner(f"http://127.0.0.1:{port}")
        until(lambda: partner.answers(), 20, "der Anbieter der Messung")
        return partner

    def web(self) -> None:
        self.start("web")
        until(lambda: self.lives() and answers(f"{self.address}/konto/anmelden/"), 60, "web")

    def lives(self) -> bool:
        """Tell that no process started here has ended by itself; raise where one has."""
        for name, child in self.processes.items():
            if child.poll() is not None:
                raise RuntimeError(f"„{name}“ ist während der Messung ausgefallen (Ende mit {child.returncode}).")
        return True

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": _database_url(),
            "BUERGERDRAHT_DATA": self._folder.name,
            "BUERGERDRAHT_SECRET_KEY": settings.SECRET_KEY,
            "BUERGERDRAHT_VAULT_KEYS": ",".join(settings.VAULT_KEYS),
            "BUERGERDRAHT_BIND": f"127.0.0.1:{self.port}",
            "BUERGERDRAHT_PUBLIC_URL": self.address,
            "BUERGERDRAHT_CHANNEL_NETWORKS": "127.0.0.0/8",  # the partner is on this machine
            "BUERGERDRAHT_LOG": os.environ.get("BUERGERDRAHT_BENCH_LOG", "WARNING"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH", "")])),
        }


@dataclass(frozen=True)
class Partner:
    """The provider's side, as it is set and asked."""

    address: str

    def tell(self, **wishes: Any) -> dict[str, Any]:
        return posted(f"{self.address}/control", wishes)

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            self.tell()
            return True
        return False


def posted(url: str, values: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(values).encode(), {"Content-Type": "application/json"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        found: dict[str, Any] = json.loads(answer.read())
        return found


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status < 500)
    except urllib.error.HTTPError as problem:
        return problem.code < 500
    except OSError:
        return False


def until(true: Callable[[], bool], seconds: float, what: str, *, every: float = 0.1) -> float:
    """Wait until something is so and return how long it took; raise where it does not come."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"Die Messung wartet vergeblich auf: {what}")
        time.sleep(every)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def value(query: str, *parameters: Any) -> Any:
    """The first column of the first row."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        row = cursor.fetchone()
    return row[0] if row else None


def run(query: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)


@contextlib.contextmanager
def without_indexes(*tables: str) -> Iterator[None]:
    """Fill tables quickly: their indexes, except those of constraints, are made afterwards, as they were."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select indexname, indexdef from pg_indexes
               where tablename = any(%s) and indexname not in (select conname from pg_constraint)""",
            [list(tables)],
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
        yield
        cursor.execute("set maintenance_work_mem = '512MB'")
        for _, definition in found:
            cursor.execute(definition)
        cursor.execute("reset maintenance_work_mem")


# ── databases ─────────────────────────────────────────────────────────────


def _make_pattern(home: str, key: str, prepare: Callable[[], None] | None) -> None:
    """Make a database with the tables, or one filled on top of that, to copy for every part that wants it."""
    name = f"bench_{secrets.token_hex(4)}_pattern"
    try:
        if prepare is None:
            _copy(home, "template1", name)
            call_command("migrate", verbosity=0, interactive=False)
        else:
            if EMPTY not in _patterns:
                _make_pattern(home, EMPTY, None)
            _copy(home, _patterns[EMPTY], name)
            prepare()
    except BaseException:
        _use(home)
        drop(home, name)
        raise
    _use(home)
    _patterns[key] = name


def _copy(home: str, pattern: str, name: str) -> None:
    """Make a database like another and work on it from here on."""
    with _administrator(home) as admin:
        admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(pattern)))
    _use(name)


def clear() -> None:
    """Drop what the parts were copied from."""
    while _patterns:
        drop(connection.settings_dict["NAME"], _patterns.popitem()[1])


def drop(home: str, name: str) -> None:
    with _administrator(home) as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


@contextlib.contextmanager
def _administrator(home: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the database that was there before, to make and drop others."""
    _use(home)
    try:
        admin = psycopg.connect(conninfo("bench"), autocommit=True)
    except psycopg.OperationalError:  # it need not exist for measuring
        _use("postgres")
        admin = psycopg.connect(conninfo("bench"), autocommit=True)
    with admin:
        yield admin


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _database_url() -> str:
    known = connection.settings_dict
    host, port = known["HOST"], known["PORT"]
    words = f"{known['USER']}:{known['PASSWORD']}@" if known["PASSWORD"] else f"{known['USER']}@"
    if host.startswith("/"):
        return f"postgresql://{words}/{known['NAME']}?host={host}" + (f"&port={port}" if port else "")
    return f"postgresql://{words}{host}{f':{port}' if port else ''}/{known['NAME']}"


def _child(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment, cwd=PROJECT, stdin=subprocess.DEVNULL, start_new_session=True)
