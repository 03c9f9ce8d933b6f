"""/healthz, /readyz and /metrics: answered before Django, so that neither a check by IP address nor a full pool of threads is a fault.

/metrics wants `Authorization: Bearer <BUERGERDRAHT_METRICS_TOKEN>`; without that setting it answers this machine only.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections

from buergerdraht.watch import health, metrics

log = logging.getLogger("buergerdraht.watch")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, bytes, bytes]  # status, content type, body
Found = TypeVar("Found")

PATHS = {"/healthz", "/readyz", "/metrics"}
SECONDS = 4.0
JSON, TEXT = b"application/json", b"text/plain; version=0.0.4; charset=utf-8"
FORWARDED = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"}
threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="watch")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one of PATHS."""
    if scope["method"] not in {"GET", "HEAD"}:
        status, kind, body = 405, JSON, b""
    elif scope["path"] == "/healthz":
        status, kind, body = 200, JSON, b'{"alive":true}'
    elif scope["path"] == "/readyz":
        status, kind, body = await _ready(scope)
    else:
        status, kind, body = await _metrics(scope)
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _ready(scope: Scope) -> Answer:
    """503 where this process should get no requests; with `?all` also where engine or worker are missing."""
    try:
        serves, found = await _asked(health.ready)
    except TimeoutError:
        serves, found = False, {"database": False}
    good = all(found.values()) if scope.get("query_string") == b"all" else serves
    return 200 if good else 503, JSON, json.dumps({"ready": serves, **found}).encode()


async def _metrics(scope: Scope) -> Answer:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if not _may_read(scope, headers):
        return 404, JSON, b""  # no more than any address that is not there
    try:
        return 200, TEXT, (await _asked(metrics.page)).encode()
    except Exception as problem:
        log.warning("metrics.away problem=%s", type(problem).__name__)
        return 503, TEXT, b""


def _may_read(scope: Scope, headers: Mapping[str, str]) -> bool:
    if settings.METRICS_TOKEN:
        given = headers.get("authorization", "").removeprefix("Bearer ").strip()
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    if FORWARDED & headers.keys():  # a proxy asks for somebody else
        return False
    try:
        return ipaddress.ip_address((scope.get("client") or ("", 0))[0]).is_loopback
    except ValueError:
        return False


async def _asked(question: Callable[[], Found]) -> Found:
    """Ask the database in a thread; a thread that hangs is given up, not waited for."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(SECONDS):
        return await loop.run_in_executor(threads, _with_connection, question)


def _with_connection(question: Callable[[], Found]) -> Found:
    """Ask with a connection of its own, and let it go: whether one can still be opened is part of the answer."""
    try:
        return question()
    finally:
        connections.close_all()
