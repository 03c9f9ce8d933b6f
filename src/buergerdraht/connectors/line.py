"""Kept-alive HTTP/1.1 connections for the one call that is made a thousand times a second: POST a small JSON, read a small answer.

aiohttp does everything else. For this call it costs four times as much CPU, and one engine must outrun the largest provider's limit.
Parsing is httptools' (llhttp), names and addresses are tried by aiohappyeyeballs, TLS is asyncio's. No redirects, no compression, no
cookies: a provider's API needs none, and an answer that asks for one is an answer like any other.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import httptools
from aiohappyeyeballs import start_connection

from buergerdraht.connectors import public

CONNECT_SECONDS = 10.0
ALIVE_SECONDS = 15.0  # a stale connection makes a send doubtful, so we let go of idle ones before the providers do
NAME_SECONDS = 30.0  # how long a host's addresses are believed
EYEBALLS_SECONDS = 0.25  # RFC 8305, section 8


class NoConnection(Exception):
    """Nothing was sent: no address, no connection, no trust in the certificate."""


class Broken(Exception):
    """The connection ended, or spoke nonsense, before the answer was whole."""


class TooLarge(Exception):
    """The answer is larger than the caller wants."""


class Place(NamedTuple):
    host: str
    port: int
    secure: bool
    target: str
    name: str  # as the Host header has it


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@lru_cache(maxsize=4096)
def place(url: str) -> Place:
    """Take an address apart; raises NoConnection where it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NoConnection("address") from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme not in {"http", "https"} or not host or not target.isascii() or any(ord(sign) <= 32 for sign in target + host):
        raise NoConnection("address")
    secure = parts.scheme == "https"
    return Place(host, port or (443 if secure else 80), secure, target, parts.netloc.rpartition("@")[2])


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class Line(asyncio.Protocol):
    """One connection: one call at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.answer: asyncio.Future[Reply] | None = None
        self.largest = 0
        self.closed = False
        self.since = 0.0  # when it became idle
        self.parser = httptools.HttpResponseParser(self)
        self._fresh()

    def _fresh(self) -> None:
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.size = 0

    async def ask(self, request: bytes, *, largest: int) -> Reply:
        """Send a request and wait for its answer. Cancelling closes the connection, for the answer may still come."""
        self.largest = largest
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            return await self.answer
        except BaseException:
            self.close()
            raise
        finally:
            self.answer = None

    def close(self) -> None:
        self.closed = True
        self.transport.abort()

    # ── what the transport tells ──────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.answer is None or self.answer.done():
            self.close()  # nobody asked
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail(Broken("answer"))

    def connection_lost(self, problem: Exception | None) -> None:
        self.closed = True
        whole = self.size and not {"content-length", "transfer-encoding"} & self.headers.keys()
        if self.answer is not None and whole:  # an answer without a length ends with its connection
            self._done()
        else:
            self._fail(Broken("connection"))

    # ── what the parser finds ─────────────────────────────────────────────

    def on_message_begin(self) -> None:
        if self.answer is None or self.answer.done():
            self.close()  # two answers to one question: nobody could tell any more which is whose

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self.largest:
            self._fail(TooLarge())
        else:
            self.pieces.append(piece)

    def on_message_complete(self) -> None:
        if self.parser.get_status_code() < 200:  # "continue" and the like: the answer is still to come
            self._fresh()
            return
        if not self.parser.should_keep_alive():
            self.closed = True
        self._done()

    def _done(self) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(Reply(self.parser.get_status_code(), self.headers, b"".join(self.pieces)))
        self._fresh()

    def _fail(self, problem: Exception) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(problem)


class Lines:
    """The connections of one channel, by host. `networks`: the inner ones that may be called; None: all."""

    def __init__(self, networks: public.Networks | None = None) -> None:
        self.networks = networks
        self.idle: dict[tuple[str, int, bool], list[Line]] = {}
        self.names: dict[tuple[str, int], tuple[float, list[Any]]] = {}

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, largest: int) -> Reply:
        """Post a JSON; raises NoConnection where nothing was sent, else Broken, TooLarge or TimeoutError."""
        where = place(url)
        request = _head(where, headers, len(body)) + body
        line = self._taken(where) or await self._opened(where, min(CONNECT_SECONDS, seconds))
        async with asyncio.timeout(seconds):
            reply = await line.ask(request, largest=largest)
        self._back(where, line)
        return reply

    def _taken(self, where: Place) -> Line | None:
        """The connection used last that is still good; older ones than that are let go."""
        idle = self.idle.get(where[:3])
        while idle:
            line = idle.pop()
            if not line.closed and time.monotonic() - line.since < ALIVE_SECONDS:
                return line
            line.close()
        return None

    def _back(self, where: Place, line: Line) -> None:
        if line.closed:
            line.close()
            return
        line.since = time.monotonic()
        idle = self.idle.setdefault(where[:3], [])
        idle.append(line)
        while line.since - idle[0].since > ALIVE_SECONDS:
            idle.pop(0).close()

    async def _opened(self, where: Place, seconds: float) -> Line:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                addresses = await self._addresses(where.host, where.port)
                sock = await start_connection(addresses, happy_eyeballs_delay=EYEBALLS_SECONDS, loop=loop)
                name = where.host if where.secure else None
                _, line = await loop.create_connection(Line, sock=sock, ssl=_trust() if name else None, server_hostname=name)
        except (OSError, TimeoutError, UnicodeError) as problem:
            raise NoConnection(type(problem).__name__) from None
        return line

    async def _addresses(self, host: str, port: int) -> list[Any]:
        until, found = self.names.get((host, port), (0.0, []))
        if until < time.monotonic():
            places = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)  # 1: a stream
            found = public.sifted(places, self.networks)
            self.names[host, port] = (time.monotonic() + NAME_SECONDS, found)
        return found

    def close(self) -> None:
        for lines in self.idle.values():
            for line in lines:
                line.close()
        self.idle.clear()


def _head(where: Place, headers: Mapping[str, str], length: int) -> bytes:
    named = {"Host": where.name, "Content-Type": "application/json", "Content-Length": str(length), **headers}
    lines = [f"POST {where.target} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    head = "\r\n".join(lines)
    if not head.count("\n") == head.count("\r") == len(lines) - 1:
        raise NoConnection("header")  # a line break in a secret would be a header of its own
    return (head + "\r\n\r\n").encode("latin-1")
