"""The program's own processes on the tests' database, each of which can be killed and started again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection
from simulated import free_port

SECONDS_TO_END = 60


def database_url() -> str:
    known = connection.settings_dict
    account = f"{known['USER']}:{known['PASSWORD']}@"
    if known["HOST"].startswith("/"):
        return f"postgresql://{account}/{known['NAME']}?host={known['HOST']}&port={known['PORT']}"
    return f"postgresql://{account}{known['HOST']}:{known['PORT']}/{known['NAME']}"


@dataclass
class Running:
    """Engine, web and worker by name ("engine", "worker 2"); what they say lands in `folder`."""

    folder: Path
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *names: str) -> None:
        environment = os.environ | {"DATABASE_URL": database_url(), "BUERGERDRAHT_BIND": f"127.0.0.1:{self.port}"}
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as said:
                command = [sys.executable, "-m", "buergerdraht", name.split()[0]]
                self.processes[name] = subprocess.Popen(command, env=environment, stdout=said, stderr=said)

    def kill(self, *names: str) -> None:
        """kill -9, all at once."""
        for name in names:
            self.processes[name].kill()
        for name in names:
            self.processes[name].wait(10)

    def again(self, *names: str) -> None:
        self.kill(*names)
        self.start(*names)

    def wait_for_web(self, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                urllib.request.urlopen(f"{self.web}/webhook/telegram/nobody", timeout=2)
            except urllib.error.HTTPError:
                return
            except OSError:
                assert time.monotonic() < deadline, self.said("web")
            time.sleep(0.1)

    def said(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text()[-3000:] if path.exists() else ""

    def end(self, *names: str) -> None:
        chosen = names or tuple(self.processes)
        for name in chosen:
            self.processes[name].terminate()
        for name in chosen:
            process = self.processes.pop(name)
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
