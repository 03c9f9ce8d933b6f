"""Seal a file where it lies, and read it whether it is sealed or not: it says itself which.

AES-256-GCM under the installation's keys (accounts.vault), bound to the organisation and the name in the folder, so that the bytes of one
file are worth nothing in the place of another. Held in memory as a whole: what is kept has at most files.LARGEST bytes.
"""

from __future__ import annotations

import io
import logging
import os
import uuid
from pathlib import Path
from typing import BinaryIO

from buergerdraht.accounts import vault

log = logging.getLogger("buergerdraht.media")
MARK = b"\0BDsiegel\1"  # no kind of file that we keep begins so


class Damaged(OSError):
    """Sealed, but not by a key of this installation, not for this place, or not whole."""


def is_sealed(path: Path) -> bool:
    """Tell by the first bytes. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK


def read(path: Path) -> bytes:
    """Give what the file holds. Raises OSError, of which Damaged is one."""
    data = path.read_bytes()
    return _opened(path, data) if data.startswith(MARK) else data


def opened(path: Path) -> BinaryIO:
    """Give it as a file to read from: the one on the disk, or what was sealed. Raises OSError, of which Damaged is one."""
    file = path.open("rb")  # once: what lies there may be sealed in the next moment, and this one stays what it was
    try:
        head = file.read(len(MARK))
        if head != MARK:
            file.seek(0)
            return file
        data = head + file.read()
    except OSError:
        file.close()
        raise
    file.close()
    return io.BytesIO(_opened(path, data))


def seal(path: Path) -> bool:
    """Seal a file that lies open: written beside it, read back, and only then put in its place. Returns False where nothing was to do."""
    if not path.is_file() or is_sealed(path):
        return False
    plain = path.read_bytes()
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        with draft.open("wb") as file:
            file.write(MARK + vault.seal(plain, _place(path)))
            file.flush()
            os.fsync(file.fileno())
        if _opened(path, draft.read_bytes()) != plain:
            raise Damaged(f"not as written: {path.name}")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return True


def _opened(path: Path, data: bytes) -> bytes:
    try:
        return vault.unseal(data[len(MARK) :], _place(path))
    except Exception as problem:  # cryptography raises many kinds for what is cut short
        log.error("media.damaged file=%s problem=%s", path.name, type(problem).__name__)
        raise Damaged(f"cannot be opened: {path.name}") from problem


def _place(path: Path) -> bytes:
    """What the bytes are bound to: organisation and name, as files.place makes them."""
    return f"media/{path.parent.parent.name}/{path.name}".encode()
