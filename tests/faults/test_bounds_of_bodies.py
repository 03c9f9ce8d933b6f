"""Nobody fills the disk with a body: its length is counted, not believed, and strangers may send little."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from buergerdraht import asgi

MB = 1024 * 1024


async def sent(path: str, megabytes: int, *headers: tuple[bytes, bytes]) -> tuple[int, int]:
    """Send a body in pieces of a megabyte, with no word of its length. Gives the status, and how many pieces were taken."""
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": path, "query_string": b"", "root_path": "", "scheme": "http",
        "headers": [(b"host", b"localhost"), *headers], "server": ("localhost", 8000), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    told: list[Any] = []
    taken = 0

    async def receive() -> Any:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * MB, "more_body": taken < megabytes}

    async def send(message: Any) -> None:
        told.append(message)

    await asgi.application(scope, receive, send)
    return told[0]["status"], taken


@pytest.fixture(autouse=True)
def swallowing(monkeypatch: pytest.MonkeyPatch) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(len(environ["wsgi.input"].read())).encode()]

    monkeypatch.setattr(asgi, "django_application", app)


@pytest.mark.parametrize(
    ("path", "headers", "most"),
    [
        ("/p/musterstadt/chat", [], 12),
        ("/p/musterstadt/chat", [(b"cookie", b"sessionid=x")], 12),
        ("/konto/login/", [], 12),
        ("/melden/musterstadt/neu/schlagloch/", [], 64),
        ("/open311/musterstadt/v2/requests.json", [], 64),
        ("/o/musterstadt/dateien/", [(b"cookie", b"sessionid=x")], 128),
        ("/api/v1/cases", [(b"authorization", b"Bearer x")], 128),
    ],
)
def test_a_body_without_a_length_is_counted(path: str, headers: list[tuple[bytes, bytes]], most: int) -> None:
    assert asyncio.run(sent(path, most, *headers)) == (200, most)
    assert asyncio.run(sent(path, 1000, *headers)) == (413, most + 1)


@pytest.mark.parametrize("length", [b"13000000", b"-1", b"9" * 5000, b"viel"])
def test_a_length_that_is_too_large_or_none_is_refused_unread(length: bytes) -> None:
    assert asyncio.run(sent("/p/musterstadt/chat", 1, (b"content-length", length))) == (413, 0)
