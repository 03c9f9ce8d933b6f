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

from buergerdraht.gateway import live, webhook  # noqa: E402 - the apps must be loaded first
from buergerdraht.watch import doors, guard  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LARGEST_BODY = 128 * 1024 * 1024
threads = ThreadPoolExecutor(max_workers=int(os.environ.get("BUERGERDRAHT_WEB_THREADS", "8")), thread_name_prefix="django")


RUN: Callable[[Any, Any], None] = vars(WsgiToAsgiInstance)["run_wsgi_app"].func


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
    elif scope["path"] in doors.PATHS:
        await doors.app(scope, receive, send)
    elif _too_large(scope):
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
    else:
        await Threaded(django_application, 100)(scope, receive, send)  # type: ignore[no-untyped-call]


def _too_large(scope: Scope) -> bool:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return not length.isdigit() or int(length) > LARGEST_BODY


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
