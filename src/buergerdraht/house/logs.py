"""Write process logs that never carry what citizens said (law 12): where and what kind, not the words of an exception or an address."""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from types import TracebackType

EVENT = re.compile(r"[a-z_]+\.[a-z_.]+$")  # how our own lines begin: room.what
FIELD = re.compile(r"(\w+)=(\S*)")
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Silent(logging.Formatter):
    """Names the places of a traceback and its kind. The exception's text stays out: a database quotes values in it."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(_bare(record))

    def formatException(self, ei: ExcInfo) -> str:
        kind, problem, trace = ei
        lines = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        chain = f"  from {type(problem.__cause__).__name__}" if problem and problem.__cause__ else ""
        return "\n".join([*lines, f"  {kind.__name__ if kind else '?'}{chain}"])


class Json(Silent):
    """One object per line: time, level, logger, event, and what the line says as `name=value`; of other lines the text."""

    def format(self, record: logging.LogRecord) -> str:
        record = _bare(record)
        event, _, rest = record.getMessage().partition(" ")
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if EVENT.fullmatch(event):
            line |= {"event": event} | {name: _value(value) for name, value in FIELD.findall(rest) if name not in line}
        else:
            line |= {"event": "text", "text": f"{event} {rest}".strip()}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info).splitlines()
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _bare(record: logging.LogRecord) -> logging.LogRecord:
    """Leave out what others put into a record: the address asked for, which may carry a token, and the exception's words."""
    record = logging.makeLogRecord(record.__dict__)
    if record.name.startswith("django.request"):
        record.msg, record.args = "request failed, status %s", (getattr(record, "status_code", "?"),)
    record.exc_text = None
    return record


def _value(value: str) -> object:
    if value == "None":
        return None
    return int(value) if re.fullmatch(r"-?\d{1,18}", value) else value


def configuration(level: str, form: str = "TEXT") -> dict[str, object]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"()": "buergerdraht.house.logs.Silent", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
            "json": {"()": "buergerdraht.house.logs.Json"},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form.lower()}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "buergerdraht": {"level": level},
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "ERROR"},
        },
    }
