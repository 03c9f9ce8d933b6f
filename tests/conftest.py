"""The whole program as processes, for journeys and faults: `program` starts it, the test talks to it from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

READY_WITHIN = 300.0  # several towns may be set up at once on two cores


@dataclass
class Program:
    """A running Musterstadt: console, phones, sign-in, and what it said."""

    console: str
    phones: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def password(self) -> str:
        return (self.folder / "demo.password").read_text()

    def said(self) -> str:
        return (self.folder / "output").read_text()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the program beside it, e.g. `doctor`."""
        command = [sys.executable, "-m", "buergerdraht", *words]
        return subprocess.run(command, env=self._environment(), capture_output=True, text=True)

    def _environment(self) -> dict[str, str]:
        return {
            **_clean(),
            "BUERGERDRAHT_DATA": str(self.folder),
            "BUERGERDRAHT_PUBLIC_URL": self.console,
            "BUERGERDRAHT_SIMULATOR_URL": self.phones,
        }


def _clean() -> dict[str, str]:
    """Our environment without the test database: the program brings its own."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


def two_ports() -> int:
    """Find two free ports in a row."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return int(port)


@pytest.fixture(scope="session")
def program() -> Iterator[Program]:
    """The Musterstadt that the journeys share."""
    with running_town() as town:
        yield town


@contextmanager
def running_town() -> Iterator[Program]:
    """Start the demo in a folder of its own and wait until it says it is ready."""
    with tempfile.TemporaryDirectory(prefix="buergerdraht-town-") as name:
        folder, port = Path(name), two_ports()
        folder.chmod(0o755)
        output = (folder / "output").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "buergerdraht", "demo", "--port", str(port)],
            env={**_clean(), "BUERGERDRAHT_DATA": str(folder)}, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        town = Program(f"http://localhost:{port}", f"http://localhost:{port + 1}", folder, process)
        deadline = time.monotonic() + READY_WITHIN
        while "ist bereit" not in town.said():
            assert process.poll() is None, town.said()[-3000:]
            assert time.monotonic() < deadline, town.said()[-3000:]
            time.sleep(0.3)
        yield town
        process.send_signal(signal.SIGINT)
        process.wait(40)
        output.close()
