"""What the providers accepted, one line each, in the order it was accepted: the count a ledger is held against.

It lies in a file, so memory stays the same however much is sent.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

LINES_WAITING = 500
MOST_READ = 8 << 20


@dataclass(slots=True)
class Counts:
    """How an account's calls to send ended. `early`: calls that came although a Retry-After had not passed."""

    calls: int = 0
    accepted: int = 0
    limited: int = 0  # 429 because more was sent than is allowed: the sender's own fault
    pair_limited: int = 0
    stormed: int = 0  # 429 by a fault that was set
    early: int = 0
    broken: int = 0
    hung: int = 0
    torn: int = 0  # accepted, then the connection torn
    refused: int = 0  # any other error answered


class Journal:
    """Append-only. A line is one JSON object: at, account, person, to, id, token, words."""

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            handle, name = tempfile.mkstemp(prefix="simulator-", suffix=".journal")
            self.file = os.fdopen(handle, "r+b")
            os.unlink(name)  # ends with the process
        else:
            self.file = path.open("a+b")
        self.waiting: list[bytes] = []

    def add(self, **line: Any) -> None:
        """Write down one accepted message."""
        self.waiting.append(msgspec.json.encode(line) + b"\n")
        if len(self.waiting) >= LINES_WAITING:
            self.flush()

    def flush(self) -> None:
        self.file.seek(0, os.SEEK_END)
        self.file.writelines(self.waiting)
        self.file.flush()
        self.waiting = []

    def read(self, start: int = 0, most: int = MOST_READ) -> tuple[bytes, int]:
        """Give whole lines from a byte on, and the byte to go on from."""
        self.flush()
        self.file.seek(start)
        data = self.file.read(most)
        data = data[: data.rfind(b"\n") + 1]
        return data, start + len(data)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Go through everything that was accepted."""
        start = 0
        while True:
            data, start = self.read(start)
            if not data:
                return
            for line in data.splitlines():
                yield msgspec.json.decode(line)

    def close(self) -> None:
        self.flush()
        self.file.close()
