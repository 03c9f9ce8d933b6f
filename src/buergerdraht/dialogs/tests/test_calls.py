"""Calls are made once, within their time, outside of the house only where that is allowed, and leave no word of their contents."""

from __future__ import annotations

import ipaddress
import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from buergerdraht.accounts.models import Organisation
from buergerdraht.dialogs import calling, calls
from buergerdraht.dialogs.document import Call
from buergerdraht.dialogs.models import Session, System, SystemCall
from buergerdraht.dialogs.tests.conftest import Say, make_live
from buergerdraht.gateway import outward

DIALOG = """
key: zaehler
title: {de: Zähler}
triggers: [{on: words, words: {de: [Zähler]}}]
steps:
  - {id: number, kind: ask, text: {de: 'Ihre Kundennummer?'}}
  - {id: ask, kind: call, system: works, method: POST, path: 'kunden/{{ answers.number }}', body: {nummer: '{{ answers.number }}'},
     take: {name: customer.name}, accept: result.customer, seconds: 1, on_no: nobody, on_failure: broken}
  - {id: found, kind: end, text: {de: 'Guten Tag, {{ answers.name }}'}}
  - {id: nobody, kind: end, text: {de: Kennen wir nicht}}
  - {id: broken, kind: end, text: {de: Gerade nicht erreichbar}}
"""


class Works(BaseHTTPRequestHandler):
    """A system of the authority's: it answers as its path asks."""

    heard: list[dict[str, Any]] = []  # noqa: RUF012 - emptied by the fixture

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.heard.append({"method": self.command, "path": self.path, "body": body, "key": self.headers.get("X-Key")})
        number = self.path.rsplit("/", 1)[-1]
        if number == "slow":
            time.sleep(2)
        status = {"gone": 404, "busy": 503, "elsewhere": 302}.get(number, 200)
        text = (
            b"<html>"
            if number == "nonsense"
            else b"{}"
            if number == "unknown"
            else json.dumps({"customer": {"name": "Paula Geheim"}}).encode()
        )
        try:
            self.send_response(status)
            self.send_header("Location", "https://fremd.example/")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            pass

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def address(settings: Any) -> Iterator[str]:
    settings.CALL_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    Works.heard.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Works) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


@pytest.fixture
def works(town: Organisation, address: str) -> System:
    return System.objects.create(
        organisation=town, key="works", title="Stadtwerke", url=address, networks=["127.0.0.0/8"], secrets='{"X-Key": "streng-geheim"}'
    )


def step(**fields: Any) -> Call:
    values = {"id": "ask", "system": "works", "on_no": "end", "on_failure": "end", "seconds": 1, "take": {"name": "customer.name"}}
    return Call.model_validate({**values, **fields})


def made(works: System, number: str, **fields: Any) -> calling.Outcome:
    asked = step(path=f"kunden/{number}", **fields)
    return calls.make(works, calling.build(asked, works, {}), asked)


# ── One call ──────────────────────────────────────────────────────────────


def test_a_yes_brings_what_was_asked_for_and_leaves_no_word_of_it(works: System) -> None:
    assert made(works, "4711").answers == {"name": "Paula Geheim"}
    assert (Works.heard[0]["path"], Works.heard[0]["key"]) == ("/api/kunden/4711", "streng-geheim")
    row = SystemCall.objects.get()
    assert (row.outcome, row.status, row.step, row.reason) == ("yes", 200, "ask", "")
    assert "Geheim" not in str({field.name: getattr(row, field.name) for field in SystemCall._meta.fields})


ENDS = {
    "gone": ("no", "status", 404), "busy": ("failure", "status", 503), "elsewhere": ("failure", "redirect", 302),
    "nonsense": ("failure", "unreadable", 200), "slow": ("failure", "timeout", None),
}  # fmt: skip


@pytest.mark.parametrize(("number", "end"), ENDS.items())
def test_every_end_is_noted_with_its_reason(works: System, number: str, end: tuple[str, str, int | None]) -> None:
    begun = time.monotonic()
    outcome = made(works, number)
    assert (outcome.kind, outcome.reason, outcome.status) == end
    assert time.monotonic() - begun < 1.8
    assert SystemCall.objects.values_list("outcome", "reason", "status").get() == end


def test_the_log_of_the_process_says_that_and_never_what(works: System, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made(works, "kunde-4711-geheim", method="POST", body={"iban": "DE89370400440532013000"})
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "dialogs.called system=" in said
    for word in ("Geheim", "geheim", "DE89", "4711", "kunden"):
        assert word not in said


def test_a_network_that_the_installation_takes_back_is_no_longer_called(works: System, settings: Any) -> None:
    settings.CALL_NETWORKS = []
    assert made(works, "4711").reason == "refused"
    assert Works.heard == []


def test_a_request_made_for_an_older_address_is_not_sent_to_the_new_one(works: System) -> None:
    asked = step(path="kunden/1")
    request = calling.build(asked, works, {})
    works.url = works.url.replace("/api", "/neu")
    assert calls.make(works, request, asked).reason == "refused"
    assert Works.heard == []


def test_a_system_that_gives_no_answer_is_left_alone_for_a_while(works: System) -> None:
    for _time in range(3):
        assert not calls.resting(works)
        SystemCall.objects.create(system=works, step="ask", outcome="failure", reason="timeout", milliseconds=1000)
    assert calls.resting(works)
    SystemCall.objects.create(system=works, step="ask", outcome="no", reason="status", milliseconds=20)
    assert not calls.resting(works)


# ── A walk's call ─────────────────────────────────────────────────────────

walking = pytest.mark.django_db(transaction=True)


def waiting(town: Organisation, say: Say, number: str = "4711") -> Session:
    with connection.cursor() as cursor:  # no table of ours: a test before may have left some
        cursor.execute("delete from procrastinate_jobs")
    make_live(town, DIALOG)
    say("paula", "Zähler")
    say("paula", number)
    return Session.objects.get()


def jobs() -> list[dict[str, Any]]:
    return list(ProcrastinateJob.objects.filter(task_name="dialogs.call", status="todo").order_by("pk").values("args", "scheduled_at"))


def fetched(attempts: int) -> Any:
    """What the task is told of its job."""
    return SimpleNamespace(job=SimpleNamespace(attempts=attempts))


@walking
def test_in_the_queue_stand_ids_alone(works: System, town: Organisation, say: Say) -> None:
    session = waiting(town, say)
    assert [job["args"] for job in jobs()] == [{"number": session.pk, "serial": serial_of(session)}]


@walking
def test_the_walk_hears_the_answer_and_the_call_was_made_outside_of_every_transaction(
    works: System, town: Organisation, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = waiting(town, say)
    inside: list[bool] = []

    def look(*given: Any, **more: Any) -> outward.Heard:
        inside.append(connection.in_atomic_block)
        return ask(*given, **more)

    ask = outward.ask
    monkeypatch.setattr(outward, "ask", look)
    calls.call_later(fetched(0), **jobs()[0]["args"])
    session.refresh_from_db()
    assert inside == [False]
    assert (session.state, session.step) == ("done", "found")
    assert "Paula Geheim" in session.walk
    assert json.loads(Works.heard[0]["body"]) == {"nummer": "4711"}
    assert SystemCall.objects.get().session_id == session.pk


@walking
@pytest.mark.parametrize(("number", "end"), [("unknown", "nobody"), ("busy", "broken"), ("slow", "broken")])
def test_a_no_and_a_failure_go_their_own_ways(works: System, town: Organisation, say: Say, number: str, end: str) -> None:
    session = waiting(town, say, number)
    assert calls.call(**jobs()[0]["args"])
    session.refresh_from_db()
    assert session.step == end


@walking
def test_a_call_that_was_begun_by_a_dead_worker_is_not_made_again(works: System, town: Organisation, say: Say) -> None:
    waiting(town, say)
    calls.call_later(fetched(1), **jobs()[0]["args"])
    assert Works.heard == []


@walking
def test_a_walk_that_no_longer_waits_is_left_in_peace(works: System, town: Organisation, say: Say) -> None:
    session = waiting(town, say)
    assert not calls.call(session.pk, serial_of(session) - 1)
    Session.objects.update(state="left")
    assert not calls.call(session.pk, serial_of(session))
    assert not calls.call(session.pk + 1, 1)
    assert Works.heard == []


@walking
def test_while_all_hands_are_busy_the_call_waits_for_its_turn(works: System, town: Organisation, say: Say) -> None:
    session = waiting(town, say)
    for _hand in range(calls.MOST_HANDS):
        calls.HANDS.acquire()
    try:
        calls.call_later(fetched(0), session.pk, serial_of(session))
    finally:
        for _hand in range(calls.MOST_HANDS):
            calls.HANDS.release()
    first, again = jobs()
    assert (first["scheduled_at"], again["args"]) == (None, first["args"])
    assert again["scheduled_at"] is not None
    assert Works.heard == []


@walking
def test_a_system_that_was_switched_off_meanwhile_is_not_called(works: System, town: Organisation, say: Say) -> None:
    session = waiting(town, say)
    System.objects.update(active=False)
    assert calls.call(session.pk, serial_of(session))
    session.refresh_from_db()
    assert (session.step, Works.heard) == ("broken", [])


@walking
def test_nobody_waits_for_a_system_that_rests(works: System, town: Organisation, say: Say) -> None:
    session = waiting(town, say)
    for _time in range(calls.TIRED):
        SystemCall.objects.create(system=works, step="ask", outcome="failure", reason="unreachable", milliseconds=5)
    assert calls.call(session.pk, serial_of(session))
    session.refresh_from_db()
    assert (session.step, Works.heard) == ("broken", [])
    assert SystemCall.objects.filter(reason="resting", session=session).exists()


def serial_of(session: Session) -> int:
    return int(json.loads(session.walk)["serial"])
