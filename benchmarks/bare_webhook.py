"""The yardstick of webhooks: a bare ASGI app that stores what it gets by grouped COPY, commits, and answers. No signature, no tenant.

`python -m benchmarks.bare_webhook <port> <conninfo>`; the table `yardstick_event` is made at the start.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import psycopg
import uvicorn

Message = MutableMapping[str, Any]
TABLE = "create table if not exists yardstick_event (id bigserial primary key, body bytea not null, at timestamptz not null default now())"


class Store:
    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.queue: list[tuple[bytes, asyncio.Future[None]]] = []
        self.more = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def add(self, body: bytes) -> None:
        future = asyncio.get_running_loop().create_future()
        self.queue.append((body, future))
        self.more.set()
        if self.task is None:
            self.task = asyncio.create_task(self.run())
        await future

    async def run(self) -> None:
        async with await psycopg.AsyncConnection.connect(self.conninfo) as connection:
            await connection.execute(TABLE)
            await connection.commit()
            while True:
                await self.more.wait()
                self.more.clear()
                while self.queue:
                    group, self.queue = self.queue, []
                    async with (
                        connection.transaction(),
                        connection.cursor() as cursor,
                        cursor.copy("copy yardstick_event (body) from stdin") as copy,
                    ):
                        for body, _ in group:
                            await copy.write_row((body,))
                    for _, future in group:
                        future.set_result(None)


def app(store: Store) -> Callable[..., Awaitable[None]]:
    async def answer(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if body:
            await store.add(body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return answer


if __name__ == "__main__":
    uvicorn.run(
        app(Store(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
