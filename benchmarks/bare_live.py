"""The yardstick of live updates: a bare ASGI app that passes on what PostgreSQL notifies to everybody who listens. No sign-in, no rights.

`python -m benchmarks.bare_live <port> <conninfo>`; it listens to the channel `yardstick`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import psycopg
import uvicorn

Message = MutableMapping[str, Any]
HEADERS = [(b"content-type", b"text/event-stream")]


def app(conninfo: str) -> Callable[..., Awaitable[None]]:
    pages: set[asyncio.Queue[bytes]] = set()
    tasks: list[asyncio.Task[None]] = []

    async def listen() -> None:
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            await connection.execute("listen yardstick")
            async for notice in connection.notifies():
                for page in pages:
                    page.put_nowait(b"data: " + notice.payload.encode() + b"\n\n")

    async def answer(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            return
        if not tasks:
            tasks.append(asyncio.create_task(listen()))
        page: asyncio.Queue[bytes] = asyncio.Queue()
        pages.add(page)
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b": here\n\n", "more_body": True})
        while True:
            await send({"type": "http.response.body", "body": await page.get(), "more_body": True})

    return answer


if __name__ == "__main__":
    uvicorn.run(
        app(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
