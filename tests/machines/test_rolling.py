"""A new version moves in while everything runs: tables first, then one process after the other. Nobody notices."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stage
import wire
from django.db import connection
from stage import Part, Provider, settled, states, until

from buergerdraht.connectors.contract import Received, Sender, to_json
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import Channel, InboundEvent

pytestmark = pytest.mark.slow
WAVE = 15  # letters, twice a second
ENDS = {0, -signal.SIGTERM}  # uvicorn ends by the signal it was sent, after it has finished
STARTS = 90  # seconds a process may take to start on a busy machine


@dataclass
class Citizens:
    """Write without pause, as providers pass it on: until somebody says 200, to whichever web process answers."""

    doors: list[str]
    answers: Counter[int] = field(default_factory=Counter)
    stored: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._write, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.over.set()
        self.thread.join(30)

    def _write(self) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            said = Received(
                external_id=f"m{number}", sender=Sender(address=f"writer{number}"), at=datetime.now(UTC), text=f"Frage {number}"
            )
            body = json.dumps([{"event": to_json(said)}]).encode()
            while not self._told(body):
                time.sleep(0.05)
            self.stored.append(f"m{number}")
            time.sleep(0.2)

    def _told(self, body: bytes) -> bool:
        door = random.choice(self.doors)
        request = urllib.request.Request(f"{door}/webhook/wire/wire-token", body, {"X-Signature": wire.sign(body)})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                self.answers[answer.status] += 1
                return bool(answer.status == 200)
        except urllib.error.HTTPError as problem:
            self.answers[problem.code] += 1
        except OSError:
            self.answers[0] += 1  # nobody there
        return False


@dataclass
class Council:
    """Writes to citizens without pause."""

    channel: Channel
    written: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._write, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.over.set()
        self.thread.join(30)

    def _write(self) -> None:
        while not self.over.is_set():
            stage.write([self.channel], range(self.written, self.written + WAVE))
            self.written += WAVE
            time.sleep(0.5)
        connection.close()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[stage.Database]:
    with stage.own_folder() as folder:
        database = stage.make_database(folder)
        database.start([])
        try:
            with request.getfixturevalue("django_db_blocker").unblock(), stage.pointed(database.url()):
                yield database
        finally:
            database.stop()


@pytest.fixture
def provider() -> Iterator[Provider]:
    wire.register()
    provider = Provider(["127.0.0.1"], latency=0.02)
    provider.start()
    yield provider
    provider.stop()


def web(url: str) -> tuple[Part, str]:
    """Start a web process and wait until it answers."""
    address = f"127.0.0.1:{stage.free_port()}"
    part = Part("web", url, more={"BUERGERDRAHT_BIND": address, "BUERGERDRAHT_PUBLIC_URL": f"http://{address}"}).start()
    until(lambda: answers(f"http://{address}/webhook/nobody/here"), STARTS)
    return part, f"http://{address}"


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def later(step: str, url: str) -> None:
    """Let the migration of a later version run in a process of its own."""
    part = Part("", url)
    subprocess.run([sys.executable, str(Path(__file__).with_name("later.py")), step], env=part.environment, check=True, timeout=60)


def test_a_new_version_moves_in_under_load_and_loses_nothing(server: stage.Database, provider: Provider) -> None:
    url = server.url()
    channel = stage.found_town([f"http://127.0.0.1:{provider.port}"])[0]
    Channel.objects.filter(id=channel.pk).update(token="wire-token", rate=100)
    old = {"engine": Part("engine", url).start(), "worker": Part("worker", url).start()}
    old["web"], door = web(url)
    citizens, council = Citizens([door]), Council(channel)
    running = list(old.values())
    try:
        citizens.start()
        council.start()
        until(lambda: len(provider.accepted) > WAVE, STARTS)
        later("expand", url)
        later("index", url)
        for name in ("web", "worker", "engine"):
            if name == "web":
                new, door = web(url)
                citizens.doors.append(door)  # as behind a balancer that has not noticed yet
            else:
                new = Part(name, url).start()
                time.sleep(1)
            running.append(new)
            old[name].process.terminate()
            assert old[name].process.wait(60) in ENDS, f"the old {name} did not end well"
        later("contract", url)
        council.stop()
        citizens.stop()
        until(lambda: not InboundEvent.objects.filter(state="new").exists(), 180)
        until(settled, 120)
    finally:
        council.over.set()
        citizens.over.set()
        for part in running:
            part.end()
    check(provider, citizens, council.written)


def check(provider: Provider, citizens: Citizens, letters: int) -> None:
    """What was taken is there once, and what was to go out went out once."""
    news = {key: times for key, times in provider.counts().items() if key[1] == "news"}
    assert len(news) == letters
    assert set(news.values()) == {1}
    assert set(states()) == {"accepted"}
    assert set(citizens.answers) <= {0, 200, 503}, citizens.answers
    recorded = Counter(Message.objects.filter(author="citizen").values_list("external_id", flat=True))
    assert recorded == Counter(citizens.stored)
    assert not InboundEvent.objects.exclude(state="done").exists()
    print(f"rolling: {letters} letters and {len(citizens.stored)} messages, answers {dict(citizens.answers)}")
