"""Public pages kept in memory, before Django: a page that is linked everywhere in a crisis costs a look into a dictionary.

Kept is only what anybody may read: a GET of a page in `PATHS`, without a session, whose answer says `public` and sets no cookie. What a
page depends on is in its key: host, path, known parameters, German or English. Anything else somebody hangs on (`fbclid` …) is left out.

It is made anew when the edition of the authority counts on (asked once a second, while pages are asked for), and after a minute at
the latest: for what changes by the clock. While Django or the database cannot answer, what was kept is served on for an hour.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections

from buergerdraht.website.models import Look
from buergerdraht.wording.voice import tongues

log = logging.getLogger("buergerdraht.website")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Key = tuple[bytes, str, str, str]  # host, path, parameters, language

FRESH, STALE, LAST = 60.0, 120.0, 3600.0  # seconds: made anew behind the reader's back, before their eyes, served only in need
CHECKED = 1.0
MOST_BYTES, LARGEST, LONGEST = 64 * 1024 * 1024, 1024 * 1024, 300
KNOWN = {"sprache", "thema", "themen", "monat", "seite", "nebeneinander", "v"}
PATHS = re.compile(
    r"/p/([-\w]+)/(?:|abo|abo/rahmen|abo/einbetten|nachrichten/|nachrichten/feed\.(?:atom|rss|json)|nachrichten/termine\.ics"
    r"|nachrichten/(?!bild/)[-\w]+/(?:termin\.ics)?|kalender"
    r"|datenschutz|impressum|barrierefreiheit|sprechstunde|termine|farben\.css|logo)\Z"
)
DROPPED = {b"cookie", b"accept-encoding", b"accept-language", b"if-none-match", b"if-modified-since", b"range", b"content-length"}
SHRUNK = (b"text/", b"application/atom", b"application/rss", b"application/feed")


@dataclass(slots=True)
class Page:
    """An answer, ready to be sent: whole and shrunk."""

    start: MutableMapping[str, Any]
    body: bytes
    start_small: MutableMapping[str, Any]
    body_small: bytes
    not_changed: MutableMapping[str, Any]
    tag: bytes
    made: float
    renewing: bool = False

    @property
    def weight(self) -> int:
        return len(self.body) + len(self.body_small) + 2000


@dataclass
class Shelf:
    """What one process keeps."""

    pages: OrderedDict[Key, Page] = field(default_factory=OrderedDict)
    making: dict[Key, asyncio.Future[Page | None]] = field(default_factory=dict)
    editions: dict[str, int] = field(default_factory=dict)
    weight: int = 0
    checked: float = 0.0
    checking: asyncio.Task[None] | None = None
    tongues: dict[bytes, str] = field(default_factory=dict)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def put(self, key: Key, page: Page) -> None:
        if old := self.pages.pop(key, None):
            self.weight -= old.weight
        self.pages[key] = page
        self.weight += page.weight
        while self.weight > MOST_BYTES:
            _, gone = self.pages.popitem(last=False)
            self.weight -= gone.weight

    def drop(self, slug: str) -> None:
        start = f"/p/{slug}/"
        for key in [key for key in self.pages if key[1].startswith(start)]:
            self.weight -= self.pages.pop(key).weight


shelf = Shelf()


async def app(scope: Scope, receive: Receive, send: Send, beyond: App) -> None:
    """Answer from the shelf, else let Django answer and keep it."""
    found = _key(scope) if scope["method"] in {"GET", "HEAD"} else None
    if found is None:
        await beyond(scope, receive, send)
        return
    key, slug, asked = found
    await _checked(slug)
    page = await _page(key, scope, beyond)
    if page is None:
        await beyond(scope, receive, send)
    else:
        await _answer(page, asked, scope["method"] == "HEAD", send)


def _key(scope: Scope) -> tuple[Key, str, dict[bytes, bytes]] | None:
    """Name what is asked for; None where it must not be kept."""
    path = scope["path"]
    match = PATHS.match(path) if len(path) < LONGEST else None
    if match is None:
        return None
    asked = dict(scope["headers"])
    cookie = asked.get(b"cookie", b"").decode("latin-1")
    if b"authorization" in asked or any(f"{name}=" in cookie for name in (settings.SESSION_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME)):
        return None
    query = scope["query_string"].decode("latin-1")
    if "worte=" in query or len(query) > LONGEST * 4:
        return None  # everybody searches for something else
    chosen = sorted(pair for pair in parse_qsl(query) if pair[0] in KNOWN) if query else []
    if len(chosen) > 12:
        return None
    return (asked.get(b"host", b""), path, urlencode(chosen), _tongue(asked.get(b"accept-language", b""))), match[1], asked


def _tongue(header: bytes) -> str:
    """What the browser likes to read, in few words: so many copies of a page are kept at most."""
    found = shelf.tongues.get(header)
    if found is None:
        found = ",".join(tongues(header.decode("latin-1"))) or "de"
        if len(shelf.tongues) < 2000:
            shelf.tongues[header] = found
    return found


# ── Fresh or not ──────────────────────────────────────────────────────────


async def _checked(slug: str) -> None:
    """See once a second whether an authority's edition counted on. Who comes after a quiet time waits for it, others do not."""
    age = time.monotonic() - shelf.checked
    if slug not in shelf.editions:
        if len(shelf.editions) > 10_000:
            shelf.editions.clear()
        shelf.editions[slug] = -1
        age = float("inf")
    if age > CHECKED and shelf.checking is None:
        shelf.checking = asyncio.create_task(_check())
    if age > CHECKED * 2 and shelf.checking is not None:
        await asyncio.shield(shelf.checking)


async def _check() -> None:
    try:
        found = await sync_to_async(_editions, thread_sensitive=False)(list(shelf.editions))
        for slug, edition in found.items():
            if shelf.editions.get(slug) != edition:
                shelf.drop(slug)
                shelf.editions[slug] = edition
    except (DatabaseError, InterfaceError, OSError) as problem:
        log.warning("website.unchecked problem=%s", type(problem).__name__)
    finally:
        shelf.checked, shelf.checking = time.monotonic(), None


def _editions(slugs: list[str]) -> dict[str, int]:
    close_old_connections()
    try:
        rows = Look.objects.filter(organisation__slug__in=slugs).values_list("organisation__slug", "edition")
        return dict.fromkeys(slugs, 0) | dict(rows)
    finally:
        close_old_connections()


async def _page(key: Key, scope: Scope, beyond: App) -> Page | None:
    """The page as it may be served; many who ask for one that is not there wait for the same making."""
    page = shelf.pages.get(key)
    age = time.monotonic() - page.made if page else 0.0
    if page is not None and age < STALE:
        shelf.pages.move_to_end(key)
        if age > FRESH and not page.renewing:
            page.renewing = True
            task = asyncio.create_task(_make(key, scope, beyond))
            shelf.tasks.add(task)
            task.add_done_callback(shelf.tasks.discard)
        return page
    return await _make(key, scope, beyond) or (page if page is not None and age < LAST else None)


async def _make(key: Key, scope: Scope, beyond: App) -> Page | None:
    waiting = shelf.making.get(key)
    if waiting is not None:
        return await asyncio.shield(waiting)
    made: asyncio.Future[Page | None] = asyncio.get_running_loop().create_future()
    shelf.making[key] = made
    page: Page | None = None
    try:
        slug = key[1].split("/")[2]
        edition = shelf.editions.get(slug)
        page = await _rendered(key, scope, beyond)
        if page is not None and shelf.editions.get(slug) == edition:  # else it may be of yesterday already
            shelf.put(key, page)
    except Exception as problem:
        log.error("website.unmade problem=%s", type(problem).__name__)
    finally:
        shelf.making.pop(key, None)
        made.set_result(page)
    return page


async def _rendered(key: Key, scope: Scope, beyond: App) -> Page | None:
    """Let Django answer as if somebody without a name had asked; None where that must not be kept."""
    asked = [pair for pair in scope["headers"] if pair[0] not in DROPPED] + [(b"accept-language", key[3].encode())]
    inner = {**scope, "method": "GET", "query_string": key[2].encode(), "headers": asked}
    start: MutableMapping[str, Any] = {}
    body = bytearray()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif len(body) <= LARGEST:
            body.extend(message.get("body", b""))

    await beyond(inner, receive, send)
    told = {name.lower(): value for name, value in start.get("headers", [])}
    if start.get("status") != 200 or b"set-cookie" in told or b"public" not in told.get(b"cache-control", b"") or len(body) > LARGEST:
        return None
    return _packed(told, bytes(body))


def _packed(told: dict[bytes, bytes], body: bytes) -> Page:
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()
    told = {name: value for name, value in told.items() if name not in {b"content-length", b"etag"}}
    told |= {b"vary": b"Accept-Language, Accept-Encoding", b"etag": tag}
    small = gzip.compress(body, 6, mtime=0) if told.get(b"content-type", b"").startswith(SHRUNK) else body
    shrunk = {**told, b"content-encoding": b"gzip"} if small is not body else told
    start, start_small = _start(200, told, len(body)), _start(200, shrunk, len(small))
    short = {name: value for name, value in told.items() if name != b"content-type"}
    return Page(start, body, start_small, small, _start(304, short, None), tag, time.monotonic())


def _start(status: int, told: dict[bytes, bytes], length: int | None) -> MutableMapping[str, Any]:
    headers: Headers = list(told.items())
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _answer(page: Page, asked: dict[bytes, bytes], head: bool, send: Send) -> None:
    known = asked.get(b"if-none-match", b"")
    if known and (page.tag in known or page.tag[2:] in known or known.strip() == b"*"):
        start, body = page.not_changed, b""
    elif b"gzip" in asked.get(b"accept-encoding", b""):
        start, body = page.start_small, page.body_small
    else:
        start, body = page.start, page.body
    await send({**start})
    await send({"type": "http.response.body", "body": b"" if head else body})
