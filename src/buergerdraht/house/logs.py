"""Write process logs that never carry what citizens said (law 12): where and what kind, not the words of an exception or an address."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Silent(logging.Formatter):
    """Names the places of a traceback and its kind. The exception's text stays out: a database quotes values in it."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name.startswith("django.request"):  # its text is the address asked for, which may carry a token
            record = logging.makeLogRecord(record.__dict__)
            record.msg, record.args = "request failed, status %s", (getattr(record, "status_code", "?"),)
        record.exc_text = None
        return super().format(record)

    def formatException(self, ei: ExcInfo) -> str:
        kind, problem, trace = ei
        lines = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        chain = f"  from {type(problem.__cause__).__name__}" if problem and problem.__cause__ else ""
        return "\n".join([*lines, f"  {kind.__name__ if kind else '?'}{chain}"])


def configuration(level: str) -> dict[str, object]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"silent": {"()": "buergerdraht.house.logs.Silent", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "silent"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "buergerdraht": {"level": level},
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "ERROR"},
        },
    }
