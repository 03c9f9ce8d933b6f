"""Read a mailbox by IMAP (RFC 3501): what nobody read yet, one by one, so much and no more. Synchronous: asked in threads.

A mail that was dealt with is marked as read; one that is no letter of a person (and nothing we know) is flagged as well, so that somebody
finds it there. What becomes of it later is `clearing`'s. Between two looks a server that can (RFC 2177) says when something is new.
"""

from __future__ import annotations

import imaplib
import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import NamedTuple

from imapclient import FLAGGED, SEEN, IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from buergerdraht.connectors import public
from buergerdraht.connectors.contract import ChannelBroken, Temporary
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.limits import LARGEST

MARK = "$Buergerdraht"  # a mail that was dealt with bears it, where the server keeps marks (RFC 3501 2.3.2)
SECONDS = 30
MOST = 20  # mails looked at in one go
_SOON = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\b", re.I)  # RFC 5530: nothing that a password would mend
logging.getLogger("imapclient").setLevel(logging.WARNING)  # below that it writes down whole mails


class Letter(NamedTuple):
    """A mail as it lies there. `whole` is False where only its head was fetched, because it is too large."""

    validity: str
    uid: str
    data: bytes
    whole: bool = True


class Access(NamedTuple):
    """Whose mailbox, and in which inner networks its server may stand; None: in all."""

    config: EmailConfig
    networks: public.Networks | None = None


class Box(NamedTuple):
    """An open folder. `idles`: its server says when something is new; `marks`: it keeps marks of ours."""

    imap: IMAPClient
    validity: str
    idles: bool
    marks: bool = False


class _Line(imaplib.IMAP4):
    """A connection to an address that we may call."""

    def __init__(self, access: Access, trusted: ssl.SSLContext | None) -> None:
        self._access, self._trusted = access, trusted
        super().__init__(access.config.imap_host, access.config.imap_port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = public.connected(self.host, self.port, self._access.networks, SECONDS)
        return self._trusted.wrap_socket(plain, server_hostname=self.host) if self._trusted else plain


class _Client(IMAPClient):  # type: ignore[misc] # it has no types
    """Its client, over our connection."""

    def __init__(self, access: Access, trusted: ssl.SSLContext) -> None:
        config = access.config
        secure = config.imap_security == "tls"
        self._make: Callable[[], imaplib.IMAP4] = lambda: _Line(access, trusted if secure else None)
        super().__init__(config.imap_host, config.imap_port, ssl=secure, ssl_context=trusted, timeout=SECONDS)

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return self._make()


def enter(access: Access) -> Box:
    """Sign in and open the folder. Raises Temporary or ChannelBroken."""
    config = access.config
    imap = _connected(access)
    try:
        _sign_in(imap, config)
        opened = imap.select_folder(config.folder)
        marks = {b"\\*", MARK.encode()} & set(opened.get(b"PERMANENTFLAGS", ()))
        return Box(imap, str(opened.get(b"UIDVALIDITY", 0)), imap.has_capability("IDLE"), bool(marks))
    except (IMAPClientAbortError, OSError) as problem:
        _cut(imap)
        raise Temporary("unavailable", type(problem).__name__) from None
    except IMAPClientError:
        _cut(imap)
        raise ChannelBroken("setup", "folder") from None
    except (Temporary, ChannelBroken):
        _cut(imap)
        raise


def _connected(access: Access) -> IMAPClient:
    trusted = ssl.create_default_context()
    try:
        imap = _Client(access, trusted)
        if access.config.imap_security == "starttls":
            imap.starttls(trusted)
        return imap
    except public.Inward:
        raise ChannelBroken("setup", "inner network") from None
    except ssl.SSLCertVerificationError:
        raise ChannelBroken("setup", "certificate") from None
    except IMAPClientAbortError:
        raise Temporary("unavailable", "closed") from None
    except IMAPClientError:
        raise ChannelBroken("setup", "STARTTLS is not offered") from None
    except OSError as problem:
        raise Temporary("unavailable", type(problem).__name__) from None


def _sign_in(imap: IMAPClient, config: EmailConfig) -> None:
    try:
        imap.login(config.username, config.password.get_secret_value())
    except LoginError as problem:
        if isinstance(problem.__context__, IMAPClientAbortError) or _SOON.search(str(problem)):
            raise Temporary("unavailable", "IMAP") from None
        raise ChannelBroken("token_invalid", "IMAP") from None
    except UnicodeEncodeError:
        raise ChannelBroken("token_invalid", "IMAP: only ASCII in a password") from None


def unread(box: Box) -> list[Letter]:
    """Give some of the mails that nobody read, the oldest first. Raises Temporary."""
    with _asking():
        box.imap.noop()
        found = (_letter(box, uid) for uid in sorted(box.imap.search(["UNSEEN"])))
        return list(islice((each for each in found if each.data), MOST))  # an empty one is gone meanwhile, or not to be had now


def _letter(box: Box, uid: int) -> Letter:
    size = box.imap.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
    whole = isinstance(size, int) and size <= LARGEST
    return Letter(box.validity, str(uid), part(box, uid, "" if whole else "HEADER"), whole)


def part(box: Box, uid: int, section: str) -> bytes:
    """Fetch a mail, or its HEADER alone."""
    found = box.imap.fetch([uid], [f"BODY.PEEK[{section}]"]).get(uid, {}).get(f"BODY[{section}]".encode())
    return found if isinstance(found, bytes) else b""


def done(box: Box, uid: str, *, flagged: bool) -> None:
    """Mark a mail as read, and as dealt with. Raises Temporary."""
    flags = [SEEN, *([FLAGGED] if flagged else []), *([MARK] if box.marks else [])]
    with _asking():
        box.imap.add_flags([int(uid)], flags, silent=True)


def watch(box: Box) -> None:
    """Let the server tell what is new: its socket can be read when it does. Raises Temporary."""
    with _asking():
        box.imap.idle()


def look_up(box: Box) -> None:
    """End `watch`. Raises Temporary."""
    with _asking():
        box.imap.idle_done()


def again(access: Access, validity: str, uid: str, message_id: str) -> bytes | None:
    """Fetch a mail once more, by its number or, where the folder was numbered anew, by its name. None: it is gone."""
    box = enter(access)
    try:
        with _asking():
            names = [int(uid)] if box.validity == validity else []
            for name in dict.fromkeys([*names, *_searched(box, message_id)]):
                letter = _letter(box, name)
                if letter.data and letter.whole and (not message_id or message_id.encode() in letter.data[:200_000]):
                    return letter.data
        return None
    finally:
        leave(box)


def head(access: Access, message_id: str) -> bytes | None:
    """Fetch the head of a mail by its name, for an answer to it."""
    box = enter(access)
    try:
        with _asking():
            for name in _searched(box, message_id)[-1:]:
                return part(box, name, "HEADER")[:200_000] or None
        return None
    finally:
        leave(box)


def _searched(box: Box, message_id: str) -> list[int]:
    if not re.fullmatch(r"<[!-~]{3,250}>", message_id) or '"' in message_id or "\\" in message_id:
        return []
    return list(box.imap.search(["HEADER", "Message-ID", message_id]))


def leave(box: Box) -> None:
    try:
        box.imap.logout()
    except (IMAPClientError, OSError):
        _cut(box.imap)


def cut(box: Box) -> None:
    """Drop the connection, whatever another thread is doing with it: that one then gets an end, and nobody waits here."""
    with suppress(OSError):
        socket.socket.shutdown(box.imap.socket(), socket.SHUT_RDWR)


def _cut(imap: IMAPClient) -> None:
    with suppress(OSError, IMAPClientError):
        imap.shutdown()


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except (IMAPClientError, OSError) as problem:
        raise Temporary("unavailable", type(problem).__name__) from None
