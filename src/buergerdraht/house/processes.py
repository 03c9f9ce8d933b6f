"""Keep the parts of the program running: start in order, restart what fell over and say so, end everything cleanly."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

from buergerdraht.house import postgres

PATIENCE = 55.0  # seconds a part gets to end by itself; the engine waits 45 for calls that hang at a provider
CALM = 60.0  # seconds after which a part counts as healthy again
LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Part:
    """One process of the program. `ready` tells whether it serves already; None: as soon as it runs."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Running:
    part: Part
    child: subprocess.Popen[bytes]
    since: float
    falls: int = 0
    again_at: float | None = None  # it fell; when it is started again


def ours(command: str, *arguments: str) -> list[str]:
    """A command of this program, run by this Python."""
    return [sys.executable, "-m", "buergerdraht", command, *arguments]


def answers(url: str) -> bool:
    """Tell whether a page of ours answers at all; an error page of a running server counts."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status < 500)
    except urllib.error.HTTPError as problem:
        return problem.code < 500
    except OSError:
        return False


def say(text: str) -> None:
    print(f"Bürgerdraht: {text}", flush=True)


class Supervisor:
    """Runs the database (where it is ours) and the parts until told to stop."""

    def __init__(self, parts: Sequence[Part], database: postgres.Place | None) -> None:
        self.parts = parts
        self.database = database
        self.server: subprocess.Popen[bytes] | None = None
        self.running: dict[str, Running] = {}
        self.stopping = False

    def open(self) -> None:
        """Take the signals and start the database, so that tables can be made before the parts start."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        if self.database is not None:
            self.server = postgres.start(self.database)
            os.environ["DATABASE_URL"] = self.database.url()

    def run(self, when_ready: Callable[[], None]) -> None:
        """Start the parts, call `when_ready` once all serve, and watch over them until a signal comes."""
        for part in self.parts:
            self.running[part.name] = Running(part, _start(part), time.monotonic())
        announced = False
        while not self.stopping:
            self._watch()
            if not announced and self._all_ready():
                when_ready()
                announced = True
            time.sleep(0.2)

    def close(self) -> None:
        """End the parts together, then the database."""
        for running in self.running.values():
            if running.child.poll() is None:
                running.child.terminate()
        deadline = time.monotonic() + PATIENCE
        for running in self.running.values():
            try:
                running.child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"{running.part.name} endet nicht von selbst und wird abgebrochen.")
                running.child.kill()
                running.child.wait()
        if self.server is not None:
            postgres.stop(self.server)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if not self.stopping:
            say("wird beendet …")
        self.stopping = True

    def _watch(self) -> None:
        if self.server is not None and self.database is not None and self.server.poll() is not None:
            say(f"Die Datenbank ist ausgefallen ({_ending(self.server)}) und wird neu gestartet.")
            self._restart_database()
        now = time.monotonic()
        for running in self.running.values():
            self._mend(running, now)

    def _restart_database(self) -> None:
        """Try until it comes back: what keeps it from starting, a full disk above all, may be mended meanwhile."""
        assert self.database is not None
        pause = 1.0
        while not self.stopping:
            try:
                self.server = postgres.start(self.database)
            except postgres.Unavailable as problem:
                say(f"{problem} Nächster Versuch in {pause:.0f} s.")
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                say("Die Datenbank läuft wieder.")
                return

    def _mend(self, running: Running, now: float) -> None:
        """Restart a part that ended: at once the first time, then after growing pauses."""
        if running.again_at is None and running.child.poll() is not None:
            running.falls = running.falls + 1 if now - running.since < CALM else 1
            pause = 0.0 if running.falls == 1 else min(2.0 ** (running.falls - 2), LONGEST_PAUSE)
            later = f" in {pause:.0f} s" if pause else ""
            say(f"{running.part.name} ist ausgefallen ({_ending(running.child)}) und wird{later} neu gestartet.")
            running.again_at = now + pause
        if running.again_at is not None and now >= running.again_at:
            running.child, running.since, running.again_at = _start(running.part), now, None

    def _all_ready(self) -> bool:
        """Ask the parts. One without an address must have lasted a second: a wrong start falls over sooner."""
        return all(
            running.again_at is None and (running.part.ready() if running.part.ready else time.monotonic() - running.since > 1)
            for running in self.running.values()
        )


def _start(part: Part) -> subprocess.Popen[bytes]:
    """Start a part outside the terminal's reach (Ctrl-C comes to us alone) and let it end when we are killed."""
    setpriv = shutil.which("setpriv")
    command = [setpriv, "--pdeathsig", "TERM", *part.command] if setpriv else list(part.command)
    return subprocess.Popen(command, env={**os.environ, **part.environment}, stdin=subprocess.DEVNULL, start_new_session=True)


def _ending(child: subprocess.Popen[bytes]) -> str:
    code = child.returncode
    return f"Signal {-code}" if code < 0 else f"Ende mit {code}"
