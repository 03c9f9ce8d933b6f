"""A cheap HTTP client over kept-alive connections, for whole requests made beforehand: one in flight per connection, the rest waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

Done = Callable[[int], None]  # the status, 0 where the connection broke


class Caller:
    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.idle: list[Line] = []
        self.waiting: deque[tuple[bytes, Done]] = deque()
        self.most_waiting = 0
        self.broken = 0
        self.closing = False

    async def open(self, connections: int) -> None:
        for _ in range(connections):
            await self.connect()

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: Line(self), self.host, self.port)

    def post(self, request: bytes, done: Done) -> None:
        if self.idle:
            self.idle.pop().send(request, done)
        else:
            self.waiting.append((request, done))
            self.most_waiting = max(self.most_waiting, len(self.waiting))

    def free(self, line: Line) -> None:
        if self.waiting:
            line.send(*self.waiting.popleft())
        else:
            self.idle.append(line)

    def lost(self, line: Line) -> None:
        if line in self.idle:
            self.idle.remove(line)
        if not self.closing:
            self.broken += 1
            asyncio.get_running_loop().create_task(self._again())

    async def _again(self) -> None:
        while not self.closing:
            try:
                await self.connect()
            except OSError:
                await asyncio.sleep(0.2)
            else:
                return


class Line(asyncio.Protocol):
    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.done: Done | None = None
        self.rest = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.caller.free(self)

    def send(self, request: bytes, done: Done) -> None:
        self.done = done
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self.rest:
            data = self.rest + data
        end = data.find(b"\r\n\r\n")
        head = data[:end].lower()
        at = head.find(b"content-length: ")
        length = int(head[at + 16 :].split(b"\r\n", 1)[0]) if at > 0 else 0
        if end < 0 or len(data) < end + 4 + length:
            self.rest = data
            return
        self.rest = b""
        done, self.done = self.done, None
        # free first: who is told may post again at once
        self.caller.free(self)
        if done is not None:
            done(int(data[9:12]))

    def connection_lost(self, problem: Exception | None) -> None:
        self.caller.lost(self)
        if self.done is not None:
            self.done(0)
