"""What the fault tests stage: an engine that can be killed, a webhook on a port with a worker behind it, and patience."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from django.db import connection

from buergerdraht.gateway import ingest, webhook
from buergerdraht.gateway.models import Outbound


class Engine:
    """An engine in a process of its own, on the tests' database."""

    def __init__(self, arguments: Sequence[str]) -> None:
        known = connection.settings_dict
        url = f"postgresql://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
        if known["HOST"].startswith("/"):
            url = f"postgresql://{known['USER']}:{known['PASSWORD']}@/{known['NAME']}?host={known['HOST']}&port={known['PORT']}"
        self.process = subprocess.Popen([sys.executable, *arguments], env=os.environ | {"DATABASE_URL": url})

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)


@contextmanager
def house(handle: ingest.Handle) -> Iterator[str]:
    """The webhook on a port, and a worker. Gives the address before the webhook's path."""
    server = uvicorn.Server(uvicorn.Config(webhook.app, port=0, log_level="warning", lifespan="off"))
    stop = threading.Event()
    web = threading.Thread(target=lambda: asyncio.run(_served(server)))
    worker = threading.Thread(target=ingest.run, args=(handle, stop))
    web.start()
    worker.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        stop.set()
        web.join(15)
        worker.join(15)


async def _served(server: uvicorn.Server) -> None:
    await server.serve()
    await webhook.close()


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"took too long: {ledger()}"
        time.sleep(0.1)


def ledger() -> Counter[str]:
    return Counter(Outbound.objects.values_list("state", flat=True))


def settled() -> bool:
    return not Outbound.objects.filter(state__in=["queued", "sending", "doubt"]).exists()
