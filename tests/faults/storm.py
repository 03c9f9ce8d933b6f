"""Webhooks as a provider sends them, many at once, with a note of what each was answered."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
import wire
from parts import Server

from buergerdraht.connectors.contract import Received, Sender, to_json

NUMBER = re.compile(rb"message-(.+?)-end")
UNANSWERED = 0  # the connection broke before an answer came


def message(number: int | str, *, text: str = "HILFE", sender: str = "") -> bytes:
    """A signed provider's body: one citizen's message, its number in its id."""
    event = Received(
        external_id=f"message-{number}-end", sender=Sender(address=sender or f"citizen{number}"), at=datetime.now(UTC), text=text
    )
    return json.dumps([{"event": to_json(event)}]).encode()


async def post(session: aiohttp.ClientSession, url: str, body: bytes, seconds: float = 60.0) -> int:
    """Deliver one body. Returns the status, UNANSWERED where there was none."""
    headers = {"X-Signature": wire.sign(body)}
    try:
        async with session.post(url, data=body, headers=headers, timeout=aiohttp.ClientTimeout(seconds)) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return UNANSWERED


def stored(server: Server) -> set[str]:
    """The numbers of the messages that stand in the table."""
    bodies = server.run("select body from gateway_inboundevent where source = 'webhook'")
    return {found[1].decode() for (body,) in bodies if (found := NUMBER.search(bytes(body)))}  # type: ignore[arg-type]


def deliver(url: str, bodies: Sequence[bytes], together: int = 50) -> list[int]:
    """Deliver all, so many at a time; the answers stand in the order of the bodies."""

    async def all_of_them() -> list[int]:
        free = asyncio.Semaphore(together)
        connector = aiohttp.TCPConnector(limit=together)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def one(body: bytes) -> int:
                async with free:
                    return await post(session, url, body)

            return await asyncio.gather(*(one(body) for body in bodies))

    return asyncio.run(all_of_them())


@dataclass
class Storm:
    """Messages at a steady rate from a thread of its own, each sent once."""

    url: str
    rate: float = 100.0
    name: str = "storm"
    answers: dict[str, int] = field(default_factory=dict)  # message number -> status
    times: list[tuple[float, int, float]] = field(default_factory=list)  # when answered, status, seconds
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Storm:
        self.thread = threading.Thread(target=lambda: asyncio.run(self._blow()), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stopping.set()
        self.thread.join(70)

    async def _blow(self) -> None:
        number, began, tasks = 0, time.monotonic(), set()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=400)) as session:
            while not self.stopping.is_set():
                due = int((time.monotonic() - began) * self.rate)
                while number < due:
                    task = asyncio.create_task(self._one(session, f"{self.name}-{number}"))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                    number += 1
                await asyncio.sleep(0.01)
            await asyncio.gather(*tasks)

    async def _one(self, session: aiohttp.ClientSession, number: str) -> None:
        began = time.monotonic()
        status = await post(session, self.url, message(number, text="Guten Tag"))
        self.answers[number] = status
        self.times.append((time.monotonic(), status, time.monotonic() - began))

    @property
    def counted(self) -> Counter[int]:
        return Counter(self.answers.values())

    @property
    def figures(self) -> dict[str, int]:
        """How often each status was answered, for the table."""
        return {str(status or "no answer"): count for status, count in sorted(self.counted.items())}

    def believed(self) -> set[str]:
        """The messages of which we said we have them."""
        return {number for number, status in self.answers.copy().items() if status == 200}
