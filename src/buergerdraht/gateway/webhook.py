"""Take in what providers tell us: verify over the raw bytes, store, COMMIT, and only then answer 200 (law 1).

Bare ASGI under `/webhook/<kind>/<token>`. Bodies are stored by natural group commit: while one COPY commits, the next
group gathers. Answers are constant: nothing of the body or of an expected signature is ever echoed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
import psycopg
from django.conf import settings
from psycopg import AsyncConnection

from buergerdraht.accounts import vault
from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import Connector, Malformed, Receipt, Unsigned, Wanting
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.registry import CONNECTORS, connector_class
from buergerdraht.gateway.database import conninfo, home
from buergerdraht.gateway.opening import shard_of

log = logging.getLogger("buergerdraht.webhook")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MESSAGE, RECEIPT = "message", "receipt"  # receipts come in masses and wait in a lane of their own
LARGEST = 4 * 1024 * 1024
BODY_SECONDS = 15.0  # a body that trickles in longer is cut off
STORE_SECONDS = 8.0
KNOWN_SECONDS = 5.0  # how long a channel's secrets are believed without looking again
AWAY_SECONDS = 0.2  # between two tries to reach a database that is away
LARGEST_GROUP = 1000
REFUSED_SECONDS = 10.0
COLUMNS = "channel_id, source, lane, shard, body, state, problem, tries, received_at"
COPY = f"copy gateway_inboundevent ({COLUMNS}) from stdin"
INSERT = f"insert into gateway_inboundevent ({COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 - our own column names
PLAIN = "text/plain; charset=utf-8"
TEXTS = {
    200: b"",
    400: b"malformed",
    401: b"unsigned",
    404: b"not found",
    405: b"method not allowed",
    408: b"too slow",
    413: b"too large",
    503: b"try again",
}


@dataclass(frozen=True, slots=True)
class Known:
    channel_id: int
    connector: Connector
    until: float


class Read(NamedTuple):
    """What a look into a body says: the lane and the shard it is handled in, and why it cannot be from this provider."""

    lane: str = MESSAGE
    problem: str = ""
    shard: int = 0


@dataclass(slots=True, eq=False)
class Raw:
    """A body on its way into the table."""

    channel_id: int
    body: bytes
    read: Read
    received_at: datetime
    stored: asyncio.Future[None]

    @property
    def row(self) -> tuple[Any, ...]:
        state = "kept" if self.read.problem else "new"
        return (self.channel_id, "webhook", self.read.lane, self.read.shard, self.body, state, self.read.problem, 0, self.received_at)

    @property
    def line(self) -> bytes:
        """The same row as COPY reads it."""
        if self.read.problem:
            problem = self.read.problem.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
            state = "kept"
        else:
            problem, state = "", "new"
        read, at = self.read, self.received_at.isoformat()
        return f"{self.channel_id}\twebhook\t{read.lane}\t{read.shard}\t\\\\x{self.body.hex()}\t{state}\t{problem}\t0\t{at}\n".encode()


@dataclass(slots=True)
class Store:
    """One connection that stores bodies in groups, and looks channels up."""

    queue: list[Raw] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    writing: asyncio.Task[None] | None = None
    reader: AsyncConnection[Any] | None = None
    refused_at: float = -1000.0  # when storing last failed; forgotten with the next success

    def add(self, raw: Raw) -> None:
        self.queue.append(raw)
        self.more.set()
        if self.writing is None or self.writing.done():
            self.writing = asyncio.create_task(self.run())

    async def run(self) -> None:
        """Store until cancelled; reconnect when the database was away."""
        connection: AsyncConnection[Any] | None = None
        try:
            while True:
                await self.more.wait()
                self.more.clear()
                while self.queue:
                    group, self.queue = self.queue[:LARGEST_GROUP], self.queue[LARGEST_GROUP:]
                    connection = await self._store(connection, group)
                    if connection is None:
                        await asyncio.sleep(AWAY_SECONDS)
        finally:
            for raw in self.queue:
                _away(raw, "closing")
            if connection is not None:
                await connection.close()

    async def _store(self, connection: AsyncConnection[Any] | None, group: list[Raw]) -> AsyncConnection[Any] | None:
        try:
            if connection is None or connection.closed:
                connection = await AsyncConnection.connect(conninfo("buergerdraht webhook"))
            await _copy(connection, group)
        except (psycopg.OperationalError, psycopg.InterfaceError) as problem:
            log.warning("webhook.away group=%s problem=%s", len(group), type(problem).__name__)
            self.refused_at = time.monotonic()
            for raw in group:
                _away(raw, type(problem).__name__)
            if connection is not None:
                with suppress(psycopg.Error):
                    await connection.close()
            return None
        except psycopg.Error:
            if connection is not None:
                await _one_by_one(connection, group)
            return connection
        self.refused_at = -1000.0
        for raw in group:
            if not raw.stored.done():
                raw.stored.set_result(None)
        return connection

    async def channel(self, kind: str, token: str) -> Known | None:
        """Find a channel by its secret address; raises psycopg.Error where the database is away and nothing is known."""
        now = time.monotonic()
        known = self.known.get((kind, token))
        if known is not None and known.until > now:
            return known
        async with self.looking:
            known = self.known.get((kind, token))
            if known is not None and known.until > now:
                return known
            try:
                found = await asyncio.wait_for(self._look_up(kind, token), STORE_SECONDS)
            except (psycopg.Error, TimeoutError):
                self.reader = None
                if known is None:
                    raise
                found = replace(known, until=time.monotonic() + KNOWN_SECONDS)  # else everybody would wait for a look of their own
            if found is None:
                self.known.pop((kind, token), None)
            else:
                self.known[kind, token] = found
            return found

    async def _look_up(self, kind: str, token: str) -> Known | None:
        if self.reader is None or self.reader.closed:
            self.reader = await AsyncConnection.connect(conninfo("buergerdraht webhook lookup"), autocommit=True)
        cursor = await self.reader.execute("select id, config from gateway_channel where kind = %s and token = %s", [kind, token])
        row = await cursor.fetchone()
        if row is None:
            return None
        made = connector_class(kind)
        http = Http(home=home(kind, token), networks=settings.CHANNEL_NETWORKS)
        connector = made(made.Config.model_validate_json(vault.decrypt(row[1])), http)
        return Known(row[0], connector, time.monotonic() + KNOWN_SECONDS)

    async def close(self) -> None:
        if self.writing is not None:
            self.writing.cancel()
            with suppress(asyncio.CancelledError):
                await self.writing
        if self.reader is not None:
            await self.reader.close()


_store: Store | None = None


def store() -> Store:
    global _store
    if _store is None:
        _store = Store()
    return _store


def refuses() -> bool:
    """Tell whether this process cannot store what comes in just now; after a while without a call the next may try again."""
    return _store is not None and time.monotonic() - _store.refused_at < REFUSED_SECONDS


async def close() -> None:
    """End the store with its connections; the next request begins a new one."""
    global _store
    if _store is not None:
        await _store.close()
        _store = None


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one call of a provider."""
    status, body, *mime = await _answer(scope, receive)
    await send({"type": "http.response.start", "status": status, "headers": _headers(status, body, *mime)})
    await send({"type": "http.response.body", "body": body})


def _headers(status: int, body: bytes, mime: str = PLAIN) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", mime.encode()),
        (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    return [*headers, (b"retry-after", b"5")] if status == 503 else headers


async def _answer(scope: Scope, receive: Receive) -> tuple[int, bytes] | tuple[int, bytes, str]:
    pieces = str(scope["path"]).strip("/").split("/")
    if len(pieces) < 3 or pieces[1] not in CONNECTORS or len(pieces[2]) > 64 or "\0" in pieces[2]:
        return 404, TEXTS[404]
    try:
        known = await store().channel(pieces[1], pieces[2])
    except (psycopg.Error, TimeoutError) as problem:
        log.warning("webhook.away lookup problem=%s", type(problem).__name__)
        return 503, TEXTS[503]
    if known is None:
        return 404, TEXTS[404]
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    called = Called(method=scope["method"], tail="/".join(pieces[3:]), query=query)
    if scope["method"] in {"POST", "PUT"}:
        body = await _read(scope, receive)
        if isinstance(body, int):
            return body, TEXTS[body]
        called = msgspec.structs.replace(called, body=body)
    return await _hear(known, called, scope)


async def _hear(known: Known, called: Called, scope: Scope) -> tuple[int, bytes] | tuple[int, bytes, str]:
    """Store what tells something, answer what only asks."""
    enclosed = known.connector.enclose(called)
    if enclosed is not None:
        status = await _take(known, Headers(scope), enclosed)
        return status, known.connector.taken.encode() if status == 200 else TEXTS[status]
    if called.method == "GET":
        answer = known.connector.handshake(called)
        return (404, TEXTS[404]) if answer is None else (answer.status, answer.body.encode(), answer.mime)
    status = 404 if called.tail else 405
    return status, TEXTS[status]


class Headers(Mapping[str, str]):
    """Headers by lower-case name, decoded when asked for: a connector asks for one of a dozen."""

    def __init__(self, scope: Scope) -> None:
        self.raw = {name.lower(): value for name, value in scope["headers"]}

    def __getitem__(self, name: str) -> str:
        return str(self.raw[name.encode("latin-1")], "latin-1")

    def __iter__(self) -> Iterator[str]:
        return (str(name, "latin-1") for name in self.raw)

    def __len__(self) -> int:
        return len(self.raw)


async def _read(scope: Scope, receive: Receive) -> bytes | int:
    """Read the body, bounded in size and time; an int is the answer to a body we do not take."""
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if length.isdigit() and int(length) > LARGEST:
        return 413
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return 408
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > LARGEST:
                    return 413
                if not message.get("more_body"):
                    return b"".join(pieces)
    except TimeoutError:
        return 408


async def _take(known: Known, headers: Mapping[str, str], body: bytes) -> int:
    """Verify and store; the answer comes after the commit."""
    try:
        known.connector.verify(headers, body)
    except Unsigned:
        return 401
    loop = asyncio.get_running_loop()
    raw = Raw(known.channel_id, body, _look(known.connector, body), datetime.now(UTC), loop.create_future())
    store().add(raw)
    patience = loop.call_later(STORE_SECONDS, _away, raw, "slow")
    try:
        await raw.stored
    except psycopg.Error:
        return 503
    finally:
        patience.cancel()
    return 400 if raw.read.problem else 200


def _look(connector: Connector, body: bytes) -> Read:
    """Read a body to know its lane. One that cannot be from this provider is kept for replay all the same."""
    try:
        items = connector.parse(body)
    except Malformed as problem:
        return Read(problem=f"malformed: {problem}"[:500].replace("\0", ""))
    except Wanting:  # ingest asks the provider; here the provider waits for an answer
        return Read()
    except Exception as problem:  # our own mistake, not theirs: ingest keeps it, the provider need not repeat it
        log.error("webhook.unreadable problem=%s", type(problem).__name__)
        return Read()
    only_receipts = items and all(type(item.event) is Receipt for item in items)
    return Read(RECEIPT) if only_receipts else Read(MESSAGE, shard=shard_of(items))


async def _copy(connection: AsyncConnection[Any], group: list[Raw]) -> None:
    async with connection.transaction(), connection.cursor() as cursor:
        async with cursor.copy(COPY) as copy:
            await copy.write(b"".join(raw.line for raw in group))
        await cursor.execute(
            "select pg_notify('inbound', lane) from unnest(%s::text[]) as lane", [sorted({raw.read.lane for raw in group})]
        )


async def _one_by_one(connection: AsyncConnection[Any], group: list[Raw]) -> None:
    """A COPY fails as a whole: find the row that spoils it, and let the others in."""
    for raw in group:
        try:
            async with connection.transaction():
                await connection.execute(INSERT, raw.row)
                await connection.execute("select pg_notify('inbound', %s)", [raw.read.lane])
        except psycopg.Error as problem:
            log.error("webhook.refused channel=%s problem=%s", raw.channel_id, type(problem).__name__)
            _away(raw, type(problem).__name__)
        else:
            if not raw.stored.done():
                raw.stored.set_result(None)


def _away(raw: Raw, problem: str) -> None:
    if not raw.stored.done():
        raw.stored.set_exception(psycopg.OperationalError(problem))
        raw.stored.exception()  # who waited may be gone already
