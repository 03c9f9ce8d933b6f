"""What the web server lacks: it waits for ever for the head of a request, and with few open files a thousand idle strangers lock us out."""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0  # a browser or provider sends it at once


class Impatient(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, but whoever does not finish the head of a request in time is hung up on."""

    head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_came()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_came()
        self.head = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_came(self) -> None:
        if self.head is not None:
            self.head.cancel()
            self.head = None


def open_many_files() -> None:
    """Use all the files this process may open; the usual first bound of 1,024 is less than the pages a town keeps open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
