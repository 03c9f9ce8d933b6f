"""Call an address that somebody entered, without being led astray: public addresses only, checked where the connection is made.

What a name stands for is looked at when its socket is opened, so that it can neither point into our own network nor change its mind
between a check and the call, in whatever signs it is written. No redirect is followed, no proxy used. `post` delivers and reads no
answer; `ask` reads one, so much and no more. Who calls says which networks of one's own are allowed beside the public ones; loopback
among those may be called without TLS, and with `plain` all of them.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import aiohttp
from asgiref.sync import async_to_sync
from yarl import URL

from buergerdraht.connectors.public import IPAddress, Networks
from buergerdraht.connectors.public import allowed as allowed
from buergerdraht.connectors.public import inner as inner

SECONDS = 15.0
LONGEST = 2000  # characters of an address


class Undelivered(Exception):
    """The call failed, and another try may help. `problem` is a code of watch.kinds.PROBLEMS, `status` the answer's, if there was one.

    `maybe`: a connection stood, or may have stood, so that what was sent may have arrived.
    """

    def __init__(self, problem: str, status: int | None = None, *, maybe: bool = False) -> None:
        super().__init__(problem)
        self.problem, self.status, self.maybe = problem, status, maybe


class Final(Undelivered):
    """No further try will help."""


class Ask(NamedTuple):
    """What is asked of a machine, how long it may take altogether, and how many bytes of its answer are read."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    most: int


class Heard(NamedTuple):
    status: int
    body: bytes


def ask(wish: Ask, networks: Networks, *, plain: bool = False) -> Heard:
    """Ask, and read the answer. Raises Undelivered or Final where there is none; any status is an answer."""
    refuse(wish.url, networks, plain=plain)
    return async_to_sync(_ask)(wish, networks)


def post(url: str, body: bytes, headers: Mapping[str, str], networks: Networks) -> None:
    """Deliver a body. Raises Undelivered or Final unless the answer is 2xx."""
    refuse(url, networks)
    status = async_to_sync(_ask)(Ask("POST", url, headers, body, SECONDS, 0), networks).status
    if 200 <= status < 300:
        return
    if status == 410:
        raise Final("gone", status)
    if 300 <= status < 400:
        raise Final("redirected", status)
    if status >= 500:
        raise Undelivered("broken", status)
    raise (Undelivered if status in {408, 425, 429} else Final)("refused", status)


def refuse(url: str, networks: Networks, *, plain: bool = False) -> None:
    """Raise Final where the address itself already says that we may not call it; a name is looked at again with its socket."""
    try:
        parts = URL(url)  # read as the caller below reads it
    except ValueError:
        raise Final("address_refused") from None
    literal = _literal(parts.raw_host or "")
    loopback = literal is not None and literal.is_loopback and allowed(literal, networks)
    own = literal is None or any(inner(literal) in network for network in networks)
    fits = parts.scheme == "https" or (parts.scheme == "http" and (loopback or (plain and own)))
    if not fits or not parts.raw_host or not parts.port or len(url) > LONGEST or parts.user is not None or parts.password is not None:
        raise Final("address_refused")
    if literal is not None and not allowed(literal, networks):
        raise Final("address_refused")


def opened(networks: Networks, target: aiohttp.AddrInfoType, *, own: bool = False) -> socket.socket:
    """Open a socket for this target, and for no inner one; with `own` for the named networks alone."""
    family, kind, protocol, _, place = target
    address = ipaddress.ip_address(str(place[0]).partition("%")[0])
    if not allowed(address, networks) or (own and not any(inner(address) in network for network in networks)):
        raise _Inward
    return socket.socket(family, kind, protocol)


class _Inward(Exception):
    """The name leads into a network we may not call."""


async def _ask(wish: Ask, networks: Networks) -> Heard:
    """Call; what goes without TLS reaches the named networks alone."""
    factory = partial(opened, networks, own=URL(wish.url).scheme == "http")
    connector = aiohttp.TCPConnector(socket_factory=factory, use_dns_cache=False, force_close=True)
    patience = aiohttp.ClientTimeout(total=wish.seconds)
    headers = {**wish.headers, "Accept-Encoding": "identity"}  # nothing packed: a small answer cannot unfold into a large one
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=patience, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            ) as session,
            session.request(wish.method, wish.url, data=wish.body or None, headers=headers, allow_redirects=False) as answer,
        ):
            return Heard(int(answer.status), await _read(answer, wish.most) if wish.most else b"")
    except Exception as problem:
        raise _translated(problem) from None


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    if answer.headers.get("Content-Encoding", "identity").lower() not in {"", "identity"}:
        raise Final("unreadable", answer.status, maybe=True)
    body = b""
    while len(body) <= most and (more := await answer.content.read(most + 1 - len(body))):
        body += more
    if len(body) > most:
        raise Final("too_large", answer.status, maybe=True)
    return body


def _translated(problem: Exception) -> Exception:
    """Name what went wrong; our own mistakes stay what they are."""
    match problem:
        case _Inward() | aiohttp.InvalidURL():
            return Final("address_refused")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return Undelivered("certificate")
        case aiohttp.ClientConnectorDNSError():
            return Undelivered("not_found")
        case TimeoutError():
            return Undelivered("timeout", maybe=True)
        case aiohttp.ClientConnectorError():
            return Undelivered("unreachable")
        case aiohttp.ClientError() | OSError():
            return Undelivered("unreachable", maybe=True)
    return problem


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
