"""From nothing to the first page: `buergerdraht up` with an empty data folder (a database is made, tables too), and again with it.

Yardstick: a bare ASGI app under the same server, until its first answer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.stage import PROJECT, answers, free_port, until
from benchmarks.table import Line, Options, compare, median

PATIENCE = 180.0


def measure(options: Options) -> list[Line]:
    cold, warm, bare = [], [], []
    for _ in range(options.repeats()):
        with tempfile.TemporaryDirectory(prefix="buergerdraht-bench-") as folder:
            Path(folder).chmod(0o755)  # else root's database would lie elsewhere and stay
            cold.append(_up(folder))
            warm.append(_up(folder))
        bare.append(_bare())
    plain = median(bare)
    return [
        compare(Line("start", "kalt, mit leerem Datenordner", median(cold), "s", plain)),
        compare(Line("start", "warm", median(warm), "s", plain)),
    ]


def _up(folder: str) -> float:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"BUERGERDRAHT_DATA": folder, "BUERGERDRAHT_BIND": f"127.0.0.1:{port}", "BUERGERDRAHT_LOG": "ERROR"}
    return _until_answer([sys.executable, "-m", "buergerdraht", "up"], environment, f"http://127.0.0.1:{port}/")


def _bare() -> float:
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return _until_answer([sys.executable, "-m", "benchmarks.bare_webhook", str(port), ""], environment, f"http://127.0.0.1:{port}/")


def _until_answer(command: list[str], environment: dict[str, str], url: str) -> float:
    began = time.perf_counter()
    child = subprocess.Popen(
        command, env=environment, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until(lambda: child.poll() is None and answers(url), PATIENCE, "die erste Antwort", every=0.02)
        return time.perf_counter() - began
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(40)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
