"""The simulator as a process of its own, spoken to from outside: accounts, crowds, weather, and its journal of what it accepted."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

SECONDS_TO_START = 30


class Accepted(NamedTuple):
    """A line of the journal: what a provider took, when (its own clock), and what it was called by the sender."""

    at: float
    account: str
    person: str
    to: str
    token: str
    words: str


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Double:
    """The messengers at one address, with the accounts and people of a saved state. `lines` is what was read of the journal so far."""

    port: int = field(default_factory=free_port)
    state: Path | None = None
    lines: list[Accepted] = field(default_factory=list)
    read_to: int = 0

    def __post_init__(self) -> None:
        kept = ["--state", str(self.state)] if self.state else []
        self.process = subprocess.Popen([sys.executable, "-m", "buergerdraht.simulator", "--port", str(self.port), *kept])
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                self.ask("counts")
                return
            except OSError:
                assert time.monotonic() < deadline, "the simulator does not start"
                time.sleep(0.1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, wish: Any = None) -> Any:
        body = None if wish is None else json.dumps(wish).encode()
        request = urllib.request.Request(f"{self.url}/_control/{path}", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def telegram(self, token: str, method: str, wish: dict[str, Any]) -> Any:
        """Call the Bot API as its owner does."""
        request = urllib.request.Request(f"{self.url}/bot{token}/{method}", json.dumps(wish).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["result"]

    def account(self, kind: str, number: int, throughput: float = 0.0) -> dict[str, Any]:
        """Open an account; `throughput` 0 is what the provider allows everybody."""
        made: dict[str, Any] = self.ask("accounts", {"kind": kind, "name": f"{kind} {number}", "throughput": throughput})
        return made

    def crowd(self, number: int, accounts: list[str]) -> list[list[Any]]:
        """Let people move in: [id, {account: their address there}] each."""
        made: list[list[Any]] = self.ask("crowd", {"number": number, "accounts": accounts})
        return made

    def weather(self, account: str, **faults: float) -> None:
        self.ask(f"accounts/{account}/faults", faults)

    def write(self, account: str, person: str, text: str) -> None:
        """A citizen writes."""
        self.ask(f"people/{person}/write", {"account": account, "text": text})

    def counts(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = self.ask("counts")
        return found

    def carried(self) -> int:
        """Webhooks that nobody took yet."""
        return sum(self.ask("carried").values())

    def sum(self, name: str = "accepted") -> int:
        return sum(each[name] for each in self.counts().values())

    def journal(self) -> list[Accepted]:
        """Read on, and give everything accepted so far, in order."""
        while True:
            with urllib.request.urlopen(f"{self.url}/_control/journal?from={self.read_to}", timeout=60) as answer:
                data, self.read_to = answer.read(), int(answer.headers["X-Next"])
            if not data:
                return self.lines
            for text in data.splitlines():
                line = json.loads(text)
                self.lines.append(Accepted(line["at"], line["account"], line["person"], line["to"], line["token"], line["words"]))

    def by_token(self) -> Counter[str]:
        return Counter(line.token for line in self.journal() if line.token)

    def by_words(self) -> Counter[tuple[str, str]]:
        return Counter((line.to, line.words) for line in self.journal())

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
