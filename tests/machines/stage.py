"""What the machines share: a PostgreSQL they reach over the network, a provider that notes who called when, and parts of the program."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from aiohttp import web
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.engine import ownership
from buergerdraht.gateway.models import Batch, Channel, Outbound
from buergerdraht.house import postgres
from buergerdraht.settings import database

HOST = Path(__file__).with_name("host.py")
RATE = 60  # letters a second and channel


# ── the database ──────────────────────────────────────────────────────────


@dataclass
class Database:
    """A PostgreSQL of our own that listens on the given addresses."""

    place: postgres.Place
    port: int
    child: subprocess.Popen[bytes] | None = None

    def start(self, addresses: Sequence[str], **options: str) -> None:
        values = {"listen_addresses": ",".join(addresses), "port": str(self.port), **options}
        command = postgres._command(self.place, home())
        command += [word for name, value in values.items() for word in ("-c", f"{name}={value}")]
        self.child = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
        until(self.answers, 30)

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url("postgres"), connect_timeout=2):
            return True
        return False

    def url(self, name: str = "buergerdraht", host: str = "") -> str:
        if host:
            return f"postgresql://postgres@{host}:{self.port}/{name}"
        return f"postgresql://postgres@/{name}?host={self.place.socket}&port={self.port}"

    def stop(self) -> None:
        if self.child is not None:
            postgres.stop(self.child)

    def kill(self) -> None:
        """Kill every process of it at once, as a loss of power does."""
        assert self.child is not None
        main = int((self.place.data / "postmaster.pid").read_text().split("\n")[0])
        for pid in [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait(10)


def home() -> Path:
    return postgres._reachable(postgres.binaries())


def make_database(folder: Path, *, durable: bool = False) -> Database:
    """Make an empty one that lets every machine of ours in."""
    where = postgres.place(folder, durable=durable)
    postgres._prepare(where)
    postgres._make(where, home())
    with (where.data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 198.18.0.0/15 trust\nhost replication all 127.0.0.1/32 trust\n")
    return Database(where, free_port())


@contextmanager
def own_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="buergerdraht-machines-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def pointed(url: str) -> Iterator[None]:
    """Let Django of the tests talk to another database for a while, in which the tables are made."""
    before = dict(connection.settings_dict)
    connections.close_all()
    connection.settings_dict.update({name: value for name, value in database(url).items() if name != "ENGINE"})
    try:
        with psycopg.connect(url.replace("/buergerdraht?", "/postgres?"), autocommit=True) as making:
            making.execute("create database buergerdraht")
        call_command("migrate", verbosity=0)
        yield
    finally:
        connections.close_all()
        connection.settings_dict.update(before)


# ── the provider ──────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Accepted:
    at: float
    machine: str  # the caller's address
    to: str
    text: str


@dataclass
class Provider:
    """Accepts everything after a while, and notes who called when. Knows nothing of the program."""

    hosts: Sequence[str]
    latency: float = 0.05
    accepted: list[Accepted] = field(default_factory=list)
    port: int = field(default_factory=lambda: free_port())

    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._serve(),), daemon=True)
        self.thread.start()
        assert self.started.wait(10)

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_post("/{kind}/send", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        for host in self.hosts:
            await web.TCPSite(runner, host, self.port).start()
        self.stopping = asyncio.Event()
        self.started.set()
        await self.stopping.wait()
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        what = await request.json()
        await asyncio.sleep(self.latency)
        self.accepted.append(Accepted(time.monotonic(), str(request.remote), what["to"], what["text"]))
        return web.json_response({"id": f"ext{len(self.accepted)}"})

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(10)

    def counts(self) -> Counter[tuple[str, str]]:
        return Counter((one.to, one.text) for one in list(self.accepted))


# ── the program ───────────────────────────────────────────────────────────


@dataclass
class Part:
    """A process of the program, on a machine or here."""

    name: str
    url: str
    inside: Sequence[str] = ()
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        keys = {"BUERGERDRAHT_VAULT_KEYS": ",".join(settings.VAULT_KEYS), "BUERGERDRAHT_SECRET_KEY": settings.SECRET_KEY}
        return {**os.environ, **keys, "DATABASE_URL": self.url, **self.more}

    def start(self) -> Part:
        self.process = subprocess.Popen([*self.inside, sys.executable, str(HOST), self.name], env=self.environment)
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def end(self, patience: float = 60.0) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def place(self) -> str:
        """What PostgreSQL shows of an engine's connections."""
        return f"buergerdraht engine {socket.gethostname()[:30]}:{self.process.pid}"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# ── the town ──────────────────────────────────────────────────────────────


def found_town(channels: Sequence[str]) -> list[Channel]:
    """One channel for each address of the provider."""
    town = Organisation.objects.create(slug="musterstadt", name="Musterstadt")
    Batch.objects.create(id=1, organisation=town)
    return [
        Channel.objects.create(organisation=town, kind="wire", name=f"Kanal {n}", config=f'{{"url": "{url}"}}', state="running", rate=RATE)
        for n, url in enumerate(channels)
    ]


def write(channels: Sequence[Channel], citizens: range, text: str = "news", purpose: str = "newsletter") -> None:
    """Queue one letter for each citizen, the channels in turn."""
    town = channels[0].organisation
    stored, letters = outbox.store(town, Content(text=text)), []
    for number in citizens:
        address = f"citizen{number}"
        sealed, hashed = vault.encrypt(address), vault.lookup(town.pk, address)
        channel = channels[number % len(channels)]
        letters.append(outbox.Letter(channel.pk, sealed, hashed, stored.pk, purpose, 1 if purpose == "newsletter" else None))
    outbox.put_many(letters)


def owners() -> dict[int, str]:
    """Which engine owns which channel."""
    with connection.cursor() as cursor:
        cursor.execute(ownership.SQL["owners"], ownership.LOCKS)
        return {channel: engine for channel, engine, _ in cursor.fetchall()}


def spread() -> dict[str, int]:
    return dict(Counter(owners().values()))


def states() -> Counter[str]:
    return Counter(Outbound.objects.values_list("state", flat=True))


def settled() -> bool:
    return not Outbound.objects.filter(state__in=["queued", "sending", "doubt"]).exists()


def until(condition: Callable[[], object], seconds: float) -> float:
    """Wait, and say how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"took longer than {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


def empty() -> None:
    """Leave the tables as they were made."""
    with connection.cursor() as cursor:
        cursor.execute("truncate accounts_organisation, gateway_traffic, gateway_outbound, gateway_part restart identity cascade")
