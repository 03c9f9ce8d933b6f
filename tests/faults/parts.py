"""A PostgreSQL of the tests' own and the program's processes on it, all of which can be killed.

The processes are the real ones; only the provider of wire.py is added to those they know, see one_part.py.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import wire
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.house import postgres
from buergerdraht.settings import database

KEPT = {"django_migrations", "django_content_type", "auth_permission"}
ONE_PART = Path(__file__).with_name("one_part.py")
OPEN = ["queued", "sending", "doubt"]
ECHO, PLAIN = "wire_echo", "wire"
GOES_ON = """select 1 where not exists (select from gateway_inboundevent where state = 'new')
             or (select count(*) from gateway_inboundevent where state = 'done') > %s"""


@dataclass
class Server:
    """A durable PostgreSQL in a folder of its own, with the tables of the program."""

    place: postgres.Place
    child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.place.url()

    def start(self) -> None:
        self.child = postgres.start(self.place)

    def pids(self) -> list[int]:
        """The server's first process and all its children."""
        assert self.child is not None
        main = int((self.place.data / "postmaster.pid").read_text().split("\n")[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, children)]

    def crash(self) -> None:
        """Kill every process of it at once, as a loss of power does."""
        assert self.child is not None
        for pid in self.pids():
            with_luck(lambda pid=pid: os.kill(pid, signal.SIGKILL))
        self.child.wait(10)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's fast stop, SIGQUIT its immediate one."""
        assert self.child is not None
        self.child.send_signal(how)
        self.child.wait(30)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It answers nobody, and nobody is told why."""
        pids = self.pids()
        for pid in pids:
            with_luck(lambda pid=pid: os.kill(pid, signal.SIGSTOP))
        try:
            yield
        finally:
            for pid in reversed(pids):
                with_luck(lambda pid=pid: os.kill(pid, signal.SIGCONT))

    def run(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Ask beside Django's own connection."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as asking:
            cursor = asking.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def empty(self) -> None:
        names = [str(name) for (name,) in self.run("select tablename from pg_tables where schemaname = 'public'") if name not in KEPT]
        self.run("truncate " + ", ".join(f'"{name}"' for name in names) + " restart identity")


def with_luck(what: Callable[[], object]) -> None:
    """Do it where it still can be done: the process may be gone."""
    try:
        what()
    except ProcessLookupError:
        return


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="buergerdraht-faults-"))
    folder.chmod(0o755)
    server = Server(postgres.place(folder))
    server.start()
    subprocess.run([sys.executable, "-m", "buergerdraht", "migrate", "--verbosity", "0"], env=environment(server.url), check=True)
    yield server
    if server.child is not None and server.child.poll() is None:
        postgres.stop(server.child)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(own_postgres: Server, request: pytest.FixtureRequest) -> Iterator[Server]:
    """An emptied PostgreSQL of our own, to which Django's connection points meanwhile."""
    if own_postgres.child is None or own_postgres.child.poll() is not None:
        own_postgres.start()
    own_postgres.empty()
    with request.getfixturevalue("django_db_blocker").unblock(), pointed(own_postgres.url):
        yield own_postgres


@contextmanager
def pointed(url: str) -> Iterator[None]:
    """Let Django talk to another database for a while."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update({name: value for name, value in database(url).items() if name != "ENGINE"})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def environment(url: str, **more: str) -> dict[str, str]:
    """What a process of the program needs to share the tests' keys."""
    keys = {"BUERGERDRAHT_VAULT_KEYS": ",".join(settings.VAULT_KEYS), "BUERGERDRAHT_SECRET_KEY": settings.SECRET_KEY}
    return {**os.environ, **keys, "DATABASE_URL": url, **more}


@dataclass
class Part:
    """One process: web, engine or worker."""

    name: str
    url: str
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Part:
        self.process = subprocess.Popen([sys.executable, str(ONE_PART), self.name], env=environment(self.url, **self.more))
        return self

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def megabytes(self) -> float:
        """Resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def running(server: Server, *names: str, **more: str) -> Iterator[dict[str, Part]]:
    """Start parts; web is awaited. Ends them whatever happens."""
    port = free_port()
    more = {"BUERGERDRAHT_BIND": f"127.0.0.1:{port}", "BUERGERDRAHT_PUBLIC_URL": f"http://localhost:{port}"} | more
    started = {name: Part(name.rstrip("0123456789"), server.url, more).start() for name in names}
    try:
        if "web" in started:
            answering(started["web"])
        yield started
    finally:
        for part in started.values():
            if part.alive():
                part.end()


def address_of(web: Part) -> str:
    return f"http://{web.more['BUERGERDRAHT_BIND']}"


def answering(web: Part, seconds: float = 60.0) -> None:
    """Wait until a web process answers at all."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert web.alive(), "the web process ended"
        try:
            urllib.request.urlopen(f"{address_of(web)}/webhook/nobody/here", timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the web process does not answer")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# ── the town ──────────────────────────────────────────────────────────────


@contextmanager
def providing(faults: wire.Faults | None = None) -> Iterator[wire.Provider]:
    wire.register()
    provider = wire.Provider(faults or wire.Faults())
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


def found_town(provider_port: int) -> dict[str, Channel]:
    """A town with a channel whose receipts echo our token, and one without receipts."""
    town = Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de"])
    config = f'{{"url": "http://127.0.0.1:{provider_port}"}}'
    return {
        kind: Channel.objects.create(organisation=town, kind=kind, name=kind, token=f"{kind}-token", config=config, state="running")
        for kind in (ECHO, PLAIN)
    }


def write(channel: Channel, people: range, text: str = "news", purpose: str = "newsletter", batch: int | None = 1) -> None:
    """Queue one letter for each."""
    town = channel.organisation
    stored = outbox.store(town, Content(text=text))
    letters = []
    for number in people:
        address = f"citizen{number}"
        sealed, hashed = vault.encrypt(address), vault.lookup(town.pk, address)
        letters.append(outbox.Letter(channel.pk, sealed, hashed, stored.pk, purpose, batch))
    outbox.put_many(letters)


@dataclass(frozen=True)
class Sums:
    """The ledger beside the provider's own count."""

    lost: int
    doubled: int
    unclear: int
    failed: int
    open: int


def compare(provider: wire.Provider) -> Sums:
    """Hold each newsletter (of one line) against what the provider accepted. `lost`: said to be accepted, never seen there."""
    lost = doubled = unclear = failed = still = 0
    for row in Outbound.objects.filter(purpose="newsletter").select_related("content"):
        times = provider.accepted[row.address, row.content.content["text"]]
        lost += row.state == "accepted" and times == 0
        failed += row.state == "failed"
        unclear += row.state == "unclear"
        still += row.state in OPEN
        doubled += times > 1
    return Sums(lost, doubled, unclear, failed, still)


def until(condition: Callable[[], object], seconds: float, what: str = "it") -> float:
    """Wait, surviving a database that is away. Returns how long it took."""
    began = time.monotonic()
    while True:
        try:
            if condition():
                return time.monotonic() - began
        except (psycopg.Error, DatabaseError, InterfaceError):
            connection.close()
        assert time.monotonic() - began < seconds, f"{what} took longer than {seconds} s"
        time.sleep(0.05)


def ingest_goes_on(server: Server, seconds: float = 120.0) -> None:
    """Wait until what came in is handled, or at least visibly goes on being handled."""
    ((before,),) = server.run("select count(*) from gateway_inboundevent where state = 'done'")
    until(lambda: server.run(GOES_ON, int(before) + 20), seconds, "ingest")  # type: ignore[call-overload]


def settled() -> bool:
    return not Outbound.objects.filter(state__in=OPEN).exists()


def broadcast_settled() -> bool:
    """No newsletter is open any more: where citizens go on writing, there is always an answer on its way."""
    return not Outbound.objects.filter(state__in=OPEN, purpose="newsletter").exists()


def shuffled(items: list[bytes], dice: random.Random) -> list[bytes]:
    items = list(items)
    dice.shuffle(items)
    return items
