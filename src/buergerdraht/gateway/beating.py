"""A thread of the worker that beats: for what is due within moments, where the timetable's minute would be too long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, close_old_connections

log = logging.getLogger("buergerdraht.beat")
BEAT = 0.5  # seconds
CALM = 5.0  # after something went wrong


def run(stop: threading.Event, name: str, beat: Callable[[], int]) -> None:
    """Beat until told to stop, at once again while there was something to do; the database may go and come back meanwhile."""
    pause = BEAT
    while not stop.wait(pause):
        try:
            pause = 0.0 if beat() else BEAT
        except (DatabaseError, InterfaceError) as problem:
            log.warning("beat name=%s problem=%s", name, type(problem).__name__)
            close_old_connections()
            pause = CALM
        except Exception as problem:  # a fault of ours: the others of this thread's work must not end with it
            log.error("beat name=%s problem=%s at=%s", name, type(problem).__name__, place(problem))
            pause = CALM
    close_old_connections()


def place(problem: BaseException) -> str:
    """Where our code failed: a file and a line, nothing of what it held."""
    where = problem.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    return f"{where.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{where.tb_lineno}" if where else ""
