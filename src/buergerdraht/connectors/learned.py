"""What a connector learned of its correspondents and must know again in every process: a few bytes each, in files, sealed.

A file and no table, because `parse` asks in the middle of a web process' loop, where nothing may wait for a database. The name of a
file is a keyed hash and its content is encrypted with a key made of the account's own secret: without that account a folder says nothing
of anybody. What is known stays as it was first learned (`pin`); whoever comes second is told what the first one wrote.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

log = logging.getLogger("buergerdraht.learned")
FOLDER: Path | None = None  # shared by all processes and machines; set by the house. None: each process learns for itself
REMEMBERED = 100_000  # in memory; beyond that it begins anew with what the files say
USED_SECONDS = 86_400.0  # how exactly a file's age tells when it was last needed


class Learned:
    """The memory of one account."""

    def __init__(self, secret: bytes) -> None:
        self._hash_key = hashlib.blake2b(secret, person=b"learned name").digest()
        self._box = SecretBox(hashlib.blake2b(secret, digest_size=32, person=b"learned box").digest())
        self._account = hashlib.blake2b(secret, digest_size=12, person=b"learned folder").hexdigest()
        self._known: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        """Give what is known under a name, from memory or from its file."""
        if (known := self._known.get(name)) is not None:
            return known
        path = self._path(name)
        try:
            sealed = path.read_bytes() if path else None
        except OSError:
            return None
        if path is None or sealed is None:
            return None
        try:
            value = self._box.decrypt(sealed)
        except (CryptoError, ValueError):
            with suppress(OSError):
                path.unlink()  # torn, or by another hand: better to learn it again than to believe it
            return None
        _touch(path)
        return self._remember(name, value)

    def pin(self, name: str, value: bytes) -> bytes:
        """Keep a value unless there is one already; gives the one that holds."""
        if (known := self.get(name)) is not None:
            return known
        path = self._path(name)
        if path is None:
            return self._remember(name, value)
        fresh = path.with_name(f".{uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(bytes(self._box.encrypt(value)))
            os.link(fresh, path)
        except FileExistsError:
            return self.get(name) or self._remember(name, value)
        except OSError as problem:  # a full disk holds up no message: this process knows, the others ask for themselves
            log.warning("learned.unwritable problem=%s", errno.errorcode.get(problem.errno or 0, "OSError"))
        finally:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
        return self._remember(name, value)

    def replace(self, name: str, value: bytes) -> None:
        """Keep another value from now on."""
        with suppress(OSError):
            self.forget(name)
        self.pin(name, value)

    def forget(self, name: str) -> None:
        self._known.pop(name, None)
        if path := self._path(name):
            path.unlink(missing_ok=True)

    def _remember(self, name: str, value: bytes) -> bytes:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[name] = value
        return value

    def _path(self, name: str) -> Path | None:
        if FOLDER is None:
            return None
        file = hmac.new(self._hash_key, name.encode(), hashlib.sha256).hexdigest()[:40]
        return FOLDER / self._account / file[:2] / file


def _touch(path: Path) -> None:
    """Note that a file is still needed, once a day."""
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > USED_SECONDS:
            os.utime(path)


def tidy(days: int) -> int:
    """Let go of what nobody needed for so long. Returns how many."""
    before, gone = time.time() - days * 86_400, 0
    for path in FOLDER.glob("*/*/*") if FOLDER and FOLDER.is_dir() else ():
        with suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()
                gone += 1
    return gone
