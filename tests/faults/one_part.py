"""One process of the program, web, engine or worker, that also knows the provider of wire.py."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buergerdraht.settings")

import django

django.setup()

import wire  # noqa: E402 - the apps must be loaded first
from django.utils import timezone  # noqa: E402

from buergerdraht.house import program  # noqa: E402


def set_clock(path: Path) -> None:
    """Go by a clock that is wrong by the seconds in a file, which may change."""
    real, right = time.time, timezone.now

    def wrong_by() -> float:
        return float(path.read_text() or 0)

    time.time = lambda: real() + wrong_by()
    timezone.now = lambda: right() + timedelta(seconds=wrong_by())  # type: ignore[assignment]


if clock := os.environ.get("TEST_CLOCK"):
    set_clock(Path(clock))
wire.register()
faulthandler.register(signal.SIGUSR1)
{"web": program.web, "engine": program.engine, "worker": program.worker}[sys.argv[1]]()
