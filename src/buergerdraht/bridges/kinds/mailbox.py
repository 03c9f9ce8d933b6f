"""Read a mailbox by IMAP (RFC 3501): what nobody read yet, one by one, so much and no more.

A mail that was dealt with is marked as read, one that is nobody's is flagged as well, so that a person finds it there. Nothing is deleted.
"""

from __future__ import annotations

import imaplib
import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings

from buergerdraht.bridges.kinds.letter import Trouble
from buergerdraht.connectors.public import Networks
from buergerdraht.gateway import outward

SECONDS = 20
LARGEST = 20 * 1024 * 1024  # bytes of a mail
MOST = 30  # mails at one time


class Access(NamedTuple):
    host: str
    port: int
    name: str
    password: str
    folder: str
    tls: bool


def check(access: Access) -> None:
    """Sign in and look into the folder. Raises Trouble."""
    _leave(_enter(access))


def read(access: Access, take: Callable[[bytes | None], bool]) -> int:
    """Give every unread mail to `take`, None where one is too large. It says whether the mail was ours. Raises Trouble."""
    box = _enter(access)
    try:
        numbers = _asked(box.uid("SEARCH", "UNSEEN"))[0].split()[:MOST]
        for number in numbers:
            name = number.decode("ascii")
            known = take(_mail(box, name))
            _asked(box.uid("STORE", name, "+FLAGS.SILENT", "(\\Seen)" if known else "(\\Seen \\Flagged)"))
        return len(numbers)
    except (imaplib.IMAP4.error, OSError):
        raise Trouble("imap") from None
    finally:
        _leave(box)


def _mail(box: imaplib.IMAP4, name: str) -> bytes | None:
    sizes = _asked(box.uid("FETCH", name, "(RFC822.SIZE)"))
    digits = bytes(sizes[0]).upper().rpartition(b"RFC822.SIZE ")[2].split(b")")[0].split()[0] if sizes and sizes[0] else b"0"
    if not digits.isdigit() or int(digits) > LARGEST:
        return None
    found = _asked(box.uid("FETCH", name, "(BODY.PEEK[])"))
    return next((bytes(each[1]) for each in found if isinstance(each, tuple)), b"")


def _asked(answer: Any) -> list[Any]:
    state, data = answer
    if state != "OK":
        raise imaplib.IMAP4.error
    return list(data)


def _enter(access: Access) -> imaplib.IMAP4:
    try:
        box = _Box(access)
    except ssl.SSLError:
        raise Trouble("certificate") from None
    except TimeoutError:
        raise Trouble("timeout") from None
    except (imaplib.IMAP4.error, OSError):
        raise Trouble("unreachable") from None
    try:
        box.login(access.name, access.password)
        _asked(box.select(_quoted(access.folder)))
    except (imaplib.IMAP4.error, OSError, UnicodeEncodeError):
        _leave(box)
        raise Trouble("forbidden") from None
    return box


def _leave(box: imaplib.IMAP4) -> None:
    try:
        box.logout()
    except (imaplib.IMAP4.error, OSError):
        box.shutdown()


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Box(imaplib.IMAP4):
    """An IMAP connection to an address we may call, with TLS unless it stands in a network of our own."""

    def __init__(self, access: Access) -> None:
        self.access = access
        super().__init__(access.host, access.port, timeout=SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket_to(self.access.host, self.access.port, own=not self.access.tls)
        if not self.access.tls:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.access.host)


def socket_to(host: str, port: int, *, own: bool) -> socket.socket:
    """Connect to a name, looking at every address it stands for before it is called; with `own` to networks of one's own alone."""
    networks: Networks = getattr(settings, "CALL_NETWORKS", [])
    refused = False
    for _family, _kind, _protocol, _name, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not outward.allowed(address, networks) or (own and not any(outward.inner(address) in each for each in networks)):
            refused = True
            continue
        return socket.create_connection((str(place[0]), port), timeout=SECONDS)
    if refused:
        raise Trouble("address_refused", final=True)
    raise OSError
