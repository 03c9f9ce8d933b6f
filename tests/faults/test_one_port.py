"""The port they all share: webhooks natively, the rest through sync Django in several threads."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from buergerdraht import asgi


async def request(path: str, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "query_string": b"", "root_path": "",
        "scheme": "http", "headers": [(b"host", b"localhost"), (b"content-length", str(len(body)).encode())],
        "server": ("localhost", 8000), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    told: list[Any] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return waiting.pop() if waiting else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        told.append(message)

    await asgi.application(scope, receive, send)
    return told[0]["status"], b"".join(message.get("body", b"") for message in told)


def test_slow_console_pages_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    names: set[str] = set()

    def slow(environ: Any, start_response: Any) -> Any:
        names.add(threading.current_thread().name)
        time.sleep(0.3)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read()]

    monkeypatch.setattr(asgi, "django_application", slow)

    async def several() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(request("/", "POST", b"x" * 70_000) for _ in range(4)))

    started = time.monotonic()
    answers = asyncio.run(several())
    assert time.monotonic() - started < 1.0
    assert {(status, len(body)) for status, body in answers} == {(200, 70_000)}
    assert len(names) == 4
    assert all(name.startswith("django") for name in names)


@pytest.mark.django_db(transaction=True)
def test_webhooks_do_not_pass_through_django(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "django_application", None)

    async def story() -> tuple[int, bytes]:
        try:
            return await request("/webhook/telegram/nobody", "POST")
        finally:
            await asgi.webhook.close()

    assert asyncio.run(story()) == (404, b"not found")
