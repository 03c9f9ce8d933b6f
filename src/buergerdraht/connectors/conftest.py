"""A stage for connectors: a provider that plays back answers and remembers what it was asked, and the gateway's files in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web

from buergerdraht.connectors.contract import Media
from buergerdraht.connectors.http import Http


class Provider:
    """Answer each call with the next of `answers`: (status, body) or (status, body, headers)."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []
        self.headers: list[Mapping[str, str]] = []

    async def __aenter__(self) -> Provider:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            body: Any = {name: getattr(value, "filename", value) for name, value in form.items()}
        else:
            raw = await request.read()
            body = json.loads(raw) if raw else None
        self.asked.append((request.method, request.path_qs, body))
        self.headers.append(request.headers)
        status, answer, *more = self.answers.pop(0) if self.answers else (500, {})
        if status == 0:
            _abort(request.transport)
            await asyncio.sleep(0)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return web.Response(status=status, body=data, headers=more[0] if more else {})


def _abort(transport: Any) -> None:
    """Cut the line after the question was heard."""
    transport.abort()


class Files:
    """The gateway's files: bytes by id, and the providers' ids we remember."""

    def __init__(self, **data: bytes) -> None:
        self.data = data
        self.known: dict[str, str] = {}
        self.hours: dict[str, int] = {}

    async def read(self, media: Media) -> bytes:
        return self.data[media.id]

    async def uploaded(self, media: Media) -> str | None:
        return self.known.get(media.id)

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        self.known[media.id] = external_id
        self.hours[media.id] = hours


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    found = Http()
    yield found
    await found.close()


@pytest.fixture
def provider() -> Callable[..., Provider]:
    return Provider


@pytest.fixture
def files() -> Files:
    return Files(m1=b"bytes of a picture", m2=b"more bytes")
