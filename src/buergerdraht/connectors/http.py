"""The one seam to the network: a session, honest failures, and a hook for the traffic log.

Callers name what they call (`what`); addresses and headers never leave this file, because they hold tokens.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NamedTuple

import aiohttp
import msgspec

from buergerdraht.connectors import public
from buergerdraht.connectors.contract import ChannelBroken, Rejected, Temporary, bounded
from buergerdraht.connectors.line import Broken, Lines, NoConnection, TooLarge

# A stale kept-alive connection makes a send doubtful, so we let go of idle ones before the providers do.
KEEP_ALIVE_SECONDS = 15
LARGEST_ANSWER = 5_000_000

OnCall = Callable[[str, int, int, str], None]  # what was called, HTTP status (0: none), milliseconds, reason


class Answered(NamedTuple):
    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes

    def json(self) -> dict[str, Any]:
        """Read the body as an object; empty where it is none."""
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def retry_after(self) -> float | None:
        return seconds(self.headers.get("retry-after", ""))


class Upload(NamedTuple):
    data: bytes
    file_name: str
    mime: str


class Call(NamedTuple):
    """A request. `json`, `form` or `data`, one of them; form values may be `Upload`s.

    `outside`: somebody outside named the address, so only public ones are called, and those of `networks`.
    """

    method: str
    url: str
    what: str  # what the traffic log may show: no address, no token
    json: Any = None
    form: Mapping[str, str | Upload] | None = None
    headers: Mapping[str, str] = {}
    seconds: float = 30.0
    largest: int = LARGEST_ANSWER
    data: bytes | None = None
    outside: bool = False
    networks: public.Networks = ()
    prepares: bool = False  # it sends nothing to anybody: an upload, a question. Broken off, it leaves no doubt


@dataclass
class Sending:
    """How far a connector's `send` has come: whether a call that sends was begun, or only such as prepare it."""

    begun: bool = False
    prepared: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether something may be out if it is broken off now. Who makes no call of ours is doubted."""
        return self.begun or not self.prepared


_sending: ContextVar[Sending | None] = ContextVar("sending", default=None)


@contextmanager
def sending() -> Iterator[Sending]:
    """Watch the calls that are made inside."""
    watch = Sending()
    token = _sending.set(watch)
    try:
        yield watch
    finally:
        _sending.reset(token)


class Http:
    """A session that opens itself on the first call; one per engine, or one per console request."""

    def __init__(
        self, on_call: OnCall | None = None, *, connections: int = 0, home: str = "", networks: public.Networks | None = None
    ) -> None:
        self.on_call = on_call
        self.home = home  # the webhook's own address, for links that lead back to us
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._outside: dict[public.Networks, aiohttp.ClientSession] = {}
        self.networks = networks  # inner ones that a channel's servers may stand in; None: all, for tools and tests
        self._lines = Lines(networks)

    async def call(self, call: Call) -> Answered:
        """Send a request; raise Temporary where no answer came, with `maybe_sent` as far as we can know."""
        started = time.monotonic()
        status, reason = 0, ""
        if (watch := _sending.get()) is not None:
            watch.begun, watch.prepared = watch.begun or not call.prepares, watch.prepared or call.prepares
        try:
            answered = await self._exchange(call)
            status = answered.status
            return answered
        except (NoConnection, aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as problem:
            reason = "unavailable"
            raise Temporary(reason, type(problem).__name__, maybe_sent=False) from None
        except (Broken, aiohttp.ClientError, TimeoutError, ConnectionError) as problem:
            reason = "unavailable"
            raise Temporary(reason, type(problem).__name__, maybe_sent=not call.prepares) from None
        except public.Inward:
            reason = "not_reachable" if call.outside else "setup"
            raise Rejected(reason, "inner network") if call.outside else ChannelBroken(reason, "inner network") from None
        except Rejected as problem:
            reason = problem.reason
            raise
        finally:
            if self.on_call is not None:
                self.on_call(f"{call.method} {call.what}", status, round((time.monotonic() - started) * 1000), reason)

    async def _exchange(self, call: Call) -> Answered:
        if call.method == "POST" and call.json is not None and not call.outside:
            return await self._post(call)
        async with self._opened(call).request(
            call.method,
            call.url,
            data=_payload(call),
            headers=_headers(call),
            timeout=_patience(call.seconds),
            allow_redirects=call.method == "GET" and not call.outside,
        ) as answer:
            body = await _bounded(answer, call.largest)
            if len(body) > call.largest:
                raise Rejected("media_refused", "too large")
            return Answered(answer.status, answer.headers, body)

    async def _post(self, call: Call) -> Answered:
        """The call that sends a message goes the short way."""
        body = msgspec.json.encode(call.json)
        try:
            return Answered(*await self._lines.post(call.url, body, call.headers, seconds=call.seconds, largest=call.largest))
        except TooLarge:
            raise Rejected("media_refused", "too large") from None

    def _opened(self, call: Call) -> aiohttp.ClientSession:
        if call.outside:
            networks = tuple(call.networks)
            if networks not in self._outside:
                # No bound of its own on how many at once: a hundred slow hosts would make everybody wait for a place.
                jar, patient = aiohttp.DummyCookieJar(), public.connector(networks, limit=self._connections)
                self._outside[networks] = aiohttp.ClientSession(connector=patient, trust_env=False, cookie_jar=jar)
            return self._outside[networks]
        if self._session is None or self._session.closed:
            kept: dict[str, Any] = {"limit": self._connections, "keepalive_timeout": KEEP_ALIVE_SECONDS}
            connector = aiohttp.TCPConnector(**kept) if self.networks is None else public.connector(self.networks, **kept)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=True)
        return self._session

    async def close(self) -> None:
        self._lines.close()
        while self._outside:
            await self._outside.popitem()[1].close()
        if self._session is not None:
            await self._session.close()
            # The event loop needs a turn to close TLS transports.
            await asyncio.sleep(0)
            self._session = None


@cache
def _patience(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, connect=min(10.0, seconds))


async def _bounded(answer: aiohttp.ClientResponse, largest: int) -> bytes:
    """Read at most `largest` bytes and one more, so that the caller sees that it was too much."""
    if (answer.content_length or largest + 1) <= largest and "Content-Encoding" not in answer.headers:
        return await answer.read()
    pieces, size = [], 0
    async for piece in answer.content.iter_chunked(65_536):
        pieces.append(piece)
        size += len(piece)
        if size > largest:
            break
    return b"".join(pieces)


def _payload(call: Call) -> bytes | aiohttp.FormData | None:
    if call.form is not None:
        form = aiohttp.FormData()
        for name, value in call.form.items():
            if isinstance(value, Upload):
                form.add_field(name, value.data, filename=value.file_name or "datei", content_type=value.mime)
            else:
                form.add_field(name, value)
        return form
    if call.data is not None:
        return call.data
    return None if call.json is None else msgspec.json.encode(call.json)


def _headers(call: Call) -> dict[str, str]:
    content = {"Content-Type": "application/json"} if call.json is not None else {}
    return {**content, **call.headers}


def seconds(header: str) -> float | None:
    """Read a Retry-After header: seconds or a date; a day at the most."""
    if not header:
        return None
    try:
        return bounded(float(header))
    except ValueError:
        pass
    try:
        return bounded(parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def redact(words: str, *secrets: str) -> str:
    """Remove tokens and what looks like a number of a person from a provider's words."""
    for secret in secrets:
        if secret:
            words = words.replace(secret, "…")
    return re.sub(r"\+?\d[\d ]{8,}\d", "…", words)[:300]
