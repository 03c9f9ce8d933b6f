"""Whose public key is whose: learned from Threema's directory once and pinned, because a Threema ID keeps its key for life.

Another key for a known ID is either an attack or a mistake at Threema. It is noted and shown, and used only after a person of ours
has checked it (`Config.accepted`): that one, not whatever comes after it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from functools import lru_cache

from buergerdraht.connectors.learned import Learned
from buergerdraht.connectors.threema import limits

NOBODY = b""
CHANGED = "all changed"
MOST_ASKED = 10_000


class Directory:
    """The keys that one account knows. Shared by all connectors of the account in a process, and by files with other processes."""

    def __init__(self, private: bytes) -> None:
        self._learned = Learned(b"threema" + private)
        self._asked: dict[str, tuple[float, bytes]] = {}

    def key(self, identity: str, checked: frozenset[str] = frozenset()) -> bytes | None:
        """The key to use; None: the directory must be asked (or knows nobody, see `told`)."""
        if (offered := self.offered(identity)) and entry(identity, offered) in checked:
            return offered
        return self._learned.get(identity)

    def told(self, message: str) -> bytes | None:
        """What the directory said a moment ago for the sake of this message: a key, NOBODY, or None where it was not asked."""
        at, answer = self._asked.get(message, (0.0, NOBODY))
        return answer if at and time.monotonic() - at < limits.DIRECTORY_SECONDS else None

    def offered(self, identity: str) -> bytes | None:
        """The other key that the directory named for somebody we know."""
        return self._learned.get(f"{identity} offered")

    def doubted(self, identity: str, checked: frozenset[str]) -> bytes | None:
        """The other key of somebody we know, as long as nobody has checked it: nothing goes to them until then."""
        offered = self.offered(identity)
        return offered if offered and entry(identity, offered) not in checked else None

    def answer(self, identity: str, key: bytes, messages: Iterable[str]) -> None:
        """Note what the directory said of somebody whose messages we could not read; NOBODY where it knows no such ID."""
        if len(self._asked) > MOST_ASKED:
            self._asked.clear()
        self._asked |= dict.fromkeys(messages, (time.monotonic(), key))
        self.note(identity, key)

    def note(self, identity: str, key: bytes) -> None:
        """Pin what the directory said; another key for somebody we know is set aside."""
        if key and self._learned.pin(identity, key) != key:
            self._learned.replace(f"{identity} offered", key)
            self._learned.replace(CHANGED, " ".join(sorted({*self._changed(), identity})).encode())

    def forget(self, identity: str) -> None:
        """Know nothing of somebody any more."""
        self._learned.forget(identity)
        self._learned.forget(f"{identity} offered")
        if identity in (others := self._changed()):
            self._learned.replace(CHANGED, " ".join(other for other in others if other != identity).encode())

    def changed(self, checked: frozenset[str]) -> list[str]:
        """Whom the directory names another key for, as `entry`, as far as nobody has checked it."""
        known = ((identity, self.offered(identity)) for identity in self._changed())
        return [found for identity, key in known if key and (found := entry(identity, key)) not in checked]

    def _changed(self) -> list[str]:
        return (self._learned.get(CHANGED) or b"").decode().split()


def entry(identity: str, key: bytes) -> str:
    """An ID with its key's fingerprint, as the app shows it to whoever compares: half of a SHA-256."""
    return f"{identity}:{hashlib.sha256(key).hexdigest()[:32]}".upper()


@lru_cache(maxsize=256)
def directory(private: bytes) -> Directory:
    return Directory(private)
