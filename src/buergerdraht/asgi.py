"""One port: webhooks and live updates natively asynchronous, everything else through sync Django in a pool of threads.

Django's asynchronous path costs many times its synchronous one, so the console stays synchronous.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buergerdraht.settings")

from asgiref.sync import SyncToAsync
from asgiref.wsgi import WsgiToAsgiInstance
from django.core.wsgi import get_wsgi_application

django_application = get_wsgi_application()

from buergerdraht.gateway import lending, live, webhook  # noqa: E402 - the apps must be loaded first
from buergerdraht.watch import doors, guard  # noqa: E402
from buergerdraht.website import kept  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LARGEST_BODY = 128 * 1024 * 1024
LARGEST_OF_STRANGERS = 12 * 1024 * 1024  # who is signed in nowhere sends a form, with one photo at the most
# Public places that take more: reports with photos, and pages whose address is a key.
LARGEST_AT = {
    "/p/": LARGEST_OF_STRANGERS,
    "/melden/": 64 * 1024 * 1024,
    "/open311/": 64 * 1024 * 1024,
    "/auftrag/": LARGEST_BODY,
    "/bruecke/": LARGEST_BODY,
}
KEYS = frozenset({b"cookie", b"authorization"})
threads = ThreadPoolExecutor(max_workers=int(os.environ.get("BUERGERDRAHT_WEB_THREADS", "8")), thread_name_prefix="django")


RUN: Callable[[Any, Any], None] = vars(WsgiToAsgiInstance)["run_wsgi_app"].func


class TooLarge(Exception):
    """A body is larger than we take from who sends it."""


class Threaded(WsgiToAsgiInstance):
    """Runs each request in our pool; as it comes, the adapter would run all of them in one thread."""

    async def run_wsgi_app(self, body: Any) -> None:
        await SyncToAsync(RUN, thread_sensitive=False, executor=threads)(self, body)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each request to whom it concerns."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1000})
    elif scope["path"].startswith("/webhook/"):
        await webhook.app(scope, receive, send)
    elif scope["path"].startswith("/o/") and scope["path"].endswith("/live"):
        await live.app(scope, receive, send)
    elif scope["path"].startswith(lending.PATH):
        await lending.app(scope, receive, send)
    elif scope["path"] in doors.PATHS:
        await doors.app(scope, receive, send)
    else:
        await _bounded(scope, receive, send)


async def _bounded(scope: Scope, receive: Receive, send: Send) -> None:
    """Take so much of a body and no more, whatever its length is said to be."""
    most, taken = _most(scope), 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise TooLarge
        return message

    try:
        if _length(scope) > most:
            raise TooLarge
        if scope["path"].startswith("/p/"):
            await kept.app(scope, counted, send, _django)
        else:
            await _django(scope, counted, send)
    except TooLarge:  # Django is called with a whole body, so nothing was answered yet
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0"), (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b""})


async def _django(scope: Scope, receive: Receive, send: Send) -> None:
    await Threaded(django_application, 100)(scope, receive, send)  # type: ignore[no-untyped-call]


def _most(scope: Scope) -> int:
    usual = LARGEST_BODY if any(name in KEYS for name, _value in scope["headers"]) else LARGEST_OF_STRANGERS
    return next((most for start, most in LARGEST_AT.items() if scope["path"].startswith(start)), usual)


def _length(scope: Scope) -> int:
    """The length that a call says it has; one that is no number is too large."""
    told = dict(scope["headers"]).get(b"content-length", b"0")
    return int(told) if told.isdigit() and len(told) < 16 else LARGEST_BODY + 1


async def _lifespan(receive: Receive, send: Send) -> None:
    watching: asyncio.Task[None] | None = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            watching = asyncio.create_task(guard.run())
            await send({"type": "lifespan.startup.complete"})
        else:
            if watching is not None:
                watching.cancel()
            await live.close()
            await webhook.close()
            threads.shutdown(wait=False, cancel_futures=True)
            await send({"type": "lifespan.shutdown.complete"})
            return
