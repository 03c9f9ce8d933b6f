"""The whole program from outside: it serves, it heals, and its doctor finds it healthy."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest
from tests.conftest import Program

pytestmark = pytest.mark.slow


def part(program: Program, name: str) -> int:
    """Find the process of a part: a child of the supervisor, not the command that started it."""
    children = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text().split()
    return next(int(child) for child in children if name.encode() in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"))


def phone(program: Program, person: str) -> list[str]:
    """Read what stands on a citizen's phone, newest last."""
    with urllib.request.urlopen(f"{program.phones}/_control/people/{person}/phone") as answer:
        return [bubble.get("text", "") for chat in json.load(answer)["chats"] for bubble in chat["messages"]]


def write(program: Program, person: str, text: str) -> None:
    with urllib.request.urlopen(f"{program.phones}/_control/accounts") as answer:
        account = next(each["id"] for each in json.load(answer) if each["kind"] == "whatsapp")
    wish = json.dumps({"account": account, "text": text}).encode()
    request = urllib.request.Request(f"{program.phones}/_control/people/{person}/write", wish, {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def wait_for(what: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def test_it_serves_the_console_and_the_citizens_pages(program: Program) -> None:
    for path in ("/konto/anmelden/", "/p/musterstadt/datenschutz", "/p/musterstadt/impressum"):
        with urllib.request.urlopen(program.console + path) as answer:
            assert answer.status == 200


def test_its_doctor_finds_it_healthy(program: Program) -> None:
    found = program.run("doctor")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Stadt Musterstadt, WhatsApp: in Ordnung" in found.stdout
    assert "Stadt Musterstadt, Telegram: in Ordnung" in found.stdout


def test_a_citizen_is_answered_even_after_every_part_was_killed(program: Program) -> None:
    for name in ("web", "engine", "worker"):
        os.kill(part(program, name), signal.SIGKILL)
        wait_for(lambda name=name: f"{name} ist ausgefallen (Signal 9) und wird neu gestartet." in program.said())
    write(program, "neu-lena", "HILFE")
    wait_for(lambda: len(phone(program, "neu-lena")) >= 2, 60)
    assert "STOPP" in phone(program, "neu-lena")[-1].upper()


def test_the_log_of_all_processes_names_nobody(program: Program) -> None:
    write(program, "neu-emine", "Mein Geheimwort ist Zwetschgenkuchen")
    wait_for(lambda: len(phone(program, "neu-emine")) >= 2, 60)
    for word in ("Zwetschgenkuchen", "Emine", "491713920"):
        assert word not in program.said()
