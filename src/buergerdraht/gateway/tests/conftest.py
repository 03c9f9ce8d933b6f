"""A town with one channel at a provider that does what the test tells it."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop

sys.path.insert(0, str(Path(__file__).parent))

import double

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors import registry
from buergerdraht.gateway import engine
from buergerdraht.gateway.models import Channel


@pytest.fixture(autouse=True)
def provider(monkeypatch: pytest.MonkeyPatch) -> double.Provider:
    monkeypatch.setitem(registry.CONNECTORS, "double", "double.Double")
    monkeypatch.setitem(registry.CONNECTORS, "echoing", "double.Echoing")
    monkeypatch.setitem(registry.CONNECTORS, "streaming", "double.Streaming")
    double.provider.__init__()
    return double.provider


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de"])


@pytest.fixture
def channel(organisation: Organisation) -> Channel:
    return Channel.objects.create(
        organisation=organisation, kind="double", name="Kanal", config="{}", state=Channel.State.RUNNING, token="channel-token"
    )


@pytest.fixture
def echoing(channel: Channel) -> Channel:
    channel.kind = "echoing"
    channel.save()
    return channel


class Running:
    """An engine in a thread of its own."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()  # as the program does
        self.stopping = asyncio.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(engine.run(self.stopping),))
        self.thread.start()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def start_engine(transactional_db: None) -> Iterator[Callable[[], Running]]:
    started: list[Running] = []

    def start() -> Running:
        started.append(Running())
        return started[-1]

    yield start
    for running in started:
        if running.thread.is_alive():
            running.stop()


@pytest.fixture
def until() -> Callable[..., None]:
    def wait(condition: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "took too long"
            time.sleep(0.02)

    return wait
