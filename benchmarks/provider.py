"""The provider's side: answers WhatsApp's calls after a set latency, and nothing else. A load source, not the simulator.

Runs as a process of its own: `python -m benchmarks.provider <port>`. What it does is set and asked by POST /control with JSON.
It must cost so little that it is never the bottleneck; what it took stands in the table.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import deque
from typing import Any, cast

import uvloop

from benchmarks.bodies import Hook
from benchmarks.citizens import Citizens, Post, Reports
from benchmarks.walkers import Walkers

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    b'{"messaging_product":"whatsapp","contacts":[{"input":"%b","wa_id":"%b"}],"messages":[{"id":"%b"}]}'
)
REST = len(ANSWER.partition(b"\r\n\r\n")[2]) - 6  # without the three places
DONE = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"success":true}'


class Provider:
    """What is common to all connections."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.latency = 0.05
        self.run = f"{os.getpid():x}{int(time.time()):x}"
        self.count = 0
        self.serial = 0  # never begins anew: an id is given once
        self.reads = 0
        self.connections = 0
        self.due: deque[tuple[float, asyncio.Transport, bytes]] = deque()
        self.seconds: dict[int, int] = {}  # messages by second
        self.post = Post()
        self.reports = Reports(self.post)
        self.citizens = Citizens(self.post)
        self.walkers = Walkers(self.post)

    def accept(self, line: Line, head: bytes, body: bytes) -> None:
        if b'"status":"read"' in body:
            self.reads += 1
            line.transport.write(DONE)
            return
        self.count += 1
        self.serial += 1
        start = body.find(b'"to":"') + 6
        to = body[start : body.find(b'"', start)]
        wamid = f"wamid.{self.run}{self.serial:09d}".encode()
        self._later(line.transport, ANSWER % (REST + 2 * len(to) + len(wamid), to, to, wamid))
        second = int(self.loop.time())
        self.seconds[second] = self.seconds.get(second, 0) + 1
        if self.citizens.asked and (since := self.citizens.asked.pop(to.lstrip(b"+"), 0.0)):
            self.citizens.answered.append(time.perf_counter() - since)
        if self.walkers.people:
            self.walkers.arrived(to.lstrip(b"+"))
        if self.reports.on:
            phone = head[: head.find(b" ", 6)].split(b"/")[2]
            start = body.find(b'"biz_opaque_callback_data":"') + 28
            self.reports.add(phone, wamid, to, body[start : body.find(b'"', start)])

    def _later(self, transport: asyncio.Transport, answer: bytes) -> None:
        """One timer for all answers: they are due in the order they came."""
        if not self.latency:
            transport.write(answer)
            return
        self.due.append((self.loop.time() + self.latency, transport, answer))
        if len(self.due) == 1:
            self.loop.call_later(self.latency, self._answer)

    def _answer(self) -> None:
        now = self.loop.time() + 0.0005
        while self.due and self.due[0][0] <= now:
            _, transport, answer = self.due.popleft()
            if not transport.is_closing():
                transport.write(answer)
        if self.due:
            self.loop.call_at(self.due[0][0], self._answer)

    def control(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """Set what is wished, and tell how things stand."""
        self.latency = float(wishes.get("latency", self.latency))
        if wishes.get("reset"):
            self.count = self.reads = 0
            self.seconds.clear()
            self.post.forget()
            self.citizens.answered.clear()
            self.citizens.asked.clear()
        if "hooks" in wishes:
            self.post.hooks = {hook["phone"].encode(): Hook(**hook) for hook in wishes["hooks"]}
        if "web" in wishes:
            self.post.open(wishes["web"], int(wishes.get("connections", 64)))
        if "reports" in wishes:
            self.reports.switch(bool(wishes["reports"]), int(wishes.get("together", 1)))
        if "walkers" in wishes:
            self.walkers.begin(wishes["walkers"])
        if "citizens" in wishes:
            self.citizens.begin(wishes["citizens"])
        return {
            "count": self.count,
            "reads": self.reads,
            "connections": self.connections,
            "cpu": time.process_time(),
            "seconds": sorted(self.seconds.items()),
            "reports": self.reports.told,
            "reports_waiting": self.reports.waiting,
            "asked": self.citizens.count,
            "unanswered": len(self.citizens.asked),
            "answered": [round(each, 4) for each in self.citizens.answered] if wishes.get("answers") else len(self.citizens.answered),
            **self.walkers.told(bool(wishes.get("answers"))),
            **self.post.told(),
        }


class Line(asyncio.Protocol):
    """One kept-alive connection: head, Content-Length, body, and the next."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.rest = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.provider.connections += 1

    def connection_lost(self, problem: Exception | None) -> None:
        self.provider.connections -= 1

    def data_received(self, data: bytes) -> None:
        if self.rest:
            data = self.rest + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end]
            at = head.find(b"ontent-Length: ")
            length = int(head[at + 15 : (head + b"\r\n").find(b"\r\n", at)]) if at > 0 else 0
            stop = end + 4 + length
            if len(data) < stop:
                break
            self._request(head, data[end + 4 : stop])
            data = data[stop:]
        self.rest = data

    def _request(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST /control"):
            self._tell(self.provider.control(json.loads(body or b"{}")))
        elif head.startswith(b"POST "):
            self.provider.accept(self, head, body)
        else:
            self._tell({"data": []})

    def _tell(self, values: dict[str, Any]) -> None:
        body = json.dumps(values).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def serve(port: int, make: type[Provider] = Provider) -> None:
    provider = make()
    server = await provider.loop.create_server(lambda: Line(provider), "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
