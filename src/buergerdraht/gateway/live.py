"""Tell open pages that something changed: ids over PostgreSQL's NOTIFY, to browsers as server-sent events.

A page gets `hello` first and after every gap: then it fetches anew what it shows, so nothing needs to be caught up. One
listening connection per process serves all pages.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import close_old_connections, connection
from django.utils.crypto import constant_time_compare
from psycopg import AsyncConnection

from buergerdraht.accounts.models import Membership
from buergerdraht.gateway.database import conninfo

log = logging.getLogger("buergerdraht.live")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CHANNEL = "live"
HEARTBEAT_SECONDS = 20.0
RECHECK_SECONDS = 300.0  # a sign-out or a lost membership ends the stream at the latest then
MOST_PER_OPERATOR = 12
MOST_WAITING = 200  # a page that falls further behind gets `hello` instead
_gathered: ContextVar[dict[tuple[str, str], None] | None] = ContextVar("gathered", default=None)


def tell(organisation_id: int, topic: str, **values: int | str | None) -> None:
    """Tell all pages of an organisation, once the transaction is committed. Ids only, never text or names."""
    notify(CHANNEL, json.dumps({"o": organisation_id, "t": topic, "v": values}, separators=(",", ":")))


def notify(channel: str, payload: str = "") -> None:
    """Wake whoever listens, at commit; equal ones of one transaction arrive once."""
    gathered = _gathered.get()
    if gathered is None:
        _say([(channel, payload)])
    else:
        gathered[channel, payload] = None


@contextmanager
def together() -> Iterator[None]:
    """Tell in one call, at the end of the block, what is told inside. A block that fails tells nothing; blocks may be nested."""
    outer, mine = _gathered.get(), dict[tuple[str, str], None]()
    token = _gathered.set(mine)
    try:
        yield
    finally:
        _gathered.reset(token)
    if outer is not None:
        outer.update(mine)
    elif mine:
        _say(mine)


def _say(told: Iterable[tuple[str, str]]) -> None:
    channels, payloads = zip(*told, strict=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(c, p) from unnest(%s::text[], %s::text[]) as told(c, p)", [list(channels), list(payloads)])


# ── the stream ────────────────────────────────────────────────────────────


@dataclass(slots=True, eq=False)
class Listener:
    """One open page."""

    organisation: int
    operator: int
    waiting: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def put(self, event: bytes) -> None:
        try:
            self.waiting.put_nowait(event)
        except asyncio.QueueFull:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(HELLO)


@dataclass(slots=True)
class Hub:
    """All open pages of this process, and the one connection that listens for them."""

    listeners: dict[int, set[Listener]] = field(default_factory=dict)
    operators: Counter[int] = field(default_factory=Counter)
    listening: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def join(self, listener: Listener) -> AsyncIterator[None]:
        self.listeners.setdefault(listener.organisation, set()).add(listener)
        self.operators[listener.operator] += 1
        if self.listening is None or self.listening.done():
            self.listening = asyncio.create_task(self.listen())
        try:
            yield
        finally:
            self.listeners[listener.organisation].discard(listener)
            if not self.listeners[listener.organisation]:
                del self.listeners[listener.organisation]
            self.operators[listener.operator] -= 1

    async def listen(self) -> None:
        """Listen and pass on; after a break everybody is told to fetch anew."""
        while True:
            try:
                async with await AsyncConnection.connect(conninfo("buergerdraht live"), autocommit=True) as listening:
                    await listening.execute(f"listen {CHANNEL}")
                    self._to_all(HELLO)
                    async for notice in listening.notifies():
                        self._pass_on(notice.payload)
            except psycopg.Error as problem:
                log.warning("live.reconnect problem=%s", type(problem).__name__)
            await asyncio.sleep(1.0)

    def _to_all(self, event: bytes) -> None:
        for listeners in self.listeners.values():
            for listener in listeners:
                listener.put(event)

    def _pass_on(self, payload: str) -> None:
        try:
            said = json.loads(payload)
            listeners = self.listeners.get(said["o"], ())
            event = sse(str(said["t"]), said["v"])
        except (ValueError, KeyError, TypeError):
            return
        for listener in list(listeners):
            listener.put(event)

    async def close(self) -> None:
        if self.listening is not None:
            self.listening.cancel()
            with suppress(asyncio.CancelledError):
                await self.listening


def sse(topic: str, values: Any) -> bytes:
    return f"event: {topic}\ndata: {json.dumps(values, separators=(',', ':'))}\n\n".encode()


HELLO = sse("hello", {})
_hub: Hub | None = None


def hub() -> Hub:
    global _hub
    if _hub is None:
        _hub = Hub()
    return _hub


async def close() -> None:
    global _hub
    if _hub is not None:
        await _hub.close()
        _hub = None


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Stream `/o/<organisation>/live` to a signed-in member."""
    pieces = str(scope["path"]).strip("/").split("/")
    session = _session_key(scope)
    member = await _member(session, pieces[1]) if session and len(pieces) == 3 else None
    if member is None:
        await _refuse(send, 404)
        return
    organisation, operator = member
    if hub().operators[operator] >= MOST_PER_OPERATOR:
        await _refuse(send, 429)
        return
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    listener = Listener(organisation, operator)
    async with hub().join(listener):
        if await _until_left(listener, receive, send, (session, pieces[1])):
            await send({"type": "http.response.body", "body": b""})


async def _until_left(listener: Listener, receive: Receive, send: Send, who: tuple[str, str]) -> bool:
    """Stream until the page is left. True: the stream ended on our side, so the answer must be ended, too."""
    streaming = asyncio.create_task(_stream(listener, send, *who))
    leaving = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        return True  # the server stops; pages come back by themselves
    finally:
        streaming.cancel()
        leaving.cancel()
    if not streaming.done() or streaming.cancelled():
        return False
    if problem := streaming.exception():
        log.info("live.ended problem=%s", type(problem).__name__)
        return False
    return True


async def _stream(listener: Listener, send: Send, session: str, slug: str) -> None:
    await send({"type": "http.response.body", "body": b"retry: 2000\n\n" + HELLO, "more_body": True})
    loop = asyncio.get_running_loop()
    checked_at = loop.time()
    while True:
        try:
            event = await asyncio.wait_for(listener.waiting.get(), HEARTBEAT_SECONDS)
        except TimeoutError:
            event = b": still here\n\n"
        while not listener.waiting.empty():
            event += listener.waiting.get_nowait()
        if loop.time() - checked_at > RECHECK_SECONDS:
            checked_at = loop.time()
            if await _member(session, slug) is None:
                return
        await send({"type": "http.response.body", "body": event, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0"), (b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": b""})


def _session_key(scope: Scope) -> str:
    raw = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
    cookies: SimpleCookie = SimpleCookie()
    with suppress(CookieError):
        cookies.load(raw)
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


@sync_to_async(thread_sensitive=False)
def _member(session_key: str, slug: str) -> tuple[int, int] | None:
    """Who is signed in with this session and works for this organisation: organisation and operator."""
    close_old_connections()
    try:
        session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        operator_id = session.get(SESSION_KEY)
        if operator_id is None:
            return None
        found = Membership.objects.filter(operator_id=operator_id, organisation__slug=slug, operator__is_active=True)
        membership = found.select_related("operator").first()
        if membership is None or not constant_time_compare(session.get(HASH_SESSION_KEY, ""), membership.operator.get_session_auth_hash()):
            return None
        return membership.organisation_id, membership.operator_id
    finally:
        close_old_connections()
