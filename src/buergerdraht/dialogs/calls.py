"""Call one of the authority's systems, note that it was called, and tell the walk what came of it.

In the queue stand ids alone; what is asked lies sealed in the walk. A call is made outside of every transaction, within its time, once:
if a worker dies over it, nobody knows whether it was made, so the walk's own time-out takes the way of a failure.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.dialogs import calling, document, systems
from buergerdraht.dialogs.calling import FAILURE, Outcome, Request
from buergerdraht.dialogs.models import Session, System, SystemCall
from buergerdraht.dialogs.walk import Walk
from buergerdraht.gateway import outward

log = logging.getLogger("buergerdraht.dialogs")
MOST_HANDS = 2  # in a process: a slow system keeps nothing else waiting; processes share the work
HANDS = threading.BoundedSemaphore(MOST_HANDS)
WHILE_BUSY = 1  # seconds until another look
TIRED, REST = 3, timedelta(seconds=30)  # so many calls in a row without an answer: a system is left alone for a while
SILENT = ("timeout", "unreachable", "not_found")
REASONS = {"address_refused": "refused", "certificate": "certificate", "not_found": "not_found", "timeout": "timeout",
           "too_large": "too_large", "unreadable": "unreadable"}  # fmt: skip


def make(system: System, request: Request, step: document.Call, *, session: Session | None = None) -> Outcome:
    """Make a call within its time, and note that it was made. Never raises for what the other side does."""
    outcome, _body = _timed(system, request, step)
    _note(system, step.id, outcome, session)
    return outcome


def probe(system: System, request: Request, step: document.Call) -> tuple[Outcome, bytes]:
    """Make a call for an administrator who looks on, and give back what was answered, too."""
    outcome, body = _timed(system, request, step)
    _note(system, "", outcome, None)
    return outcome, body


def resting(system: System) -> bool:
    """Tell whether a system gave no answer several times just now, so that walks need not wait for it in vain."""
    rows = SystemCall.objects.filter(system=system, at__gt=timezone.now() - REST).exclude(reason="resting").order_by("-at")
    lately = list(rows.values_list("reason", flat=True)[:TIRED])
    return len(lately) == TIRED and all(reason in SILENT for reason in lately)


# ── From the queue ────────────────────────────────────────────────────────


def later(number: int, serial: int) -> None:
    """Queue the call that a session waits for; to be called once it is committed."""
    call_later.defer(number=number, serial=serial)


@app.task(name="dialogs.call", pass_context=True)
def call_later(context: Any, number: int, serial: int) -> None:
    """Make the call of a session, unless a worker died over it: then nobody knows whether it was made."""
    if context.job.attempts:
        log.warning("dialogs.call_dropped session=%s serial=%s", number, serial)
        return
    if not HANDS.acquire(blocking=False):
        call_later.configure(schedule_in={"seconds": WHILE_BUSY}).defer(number=number, serial=serial)
        return
    try:
        call(number, serial)
    finally:
        HANDS.release()


def call(number: int, serial: int) -> bool:
    """Make the call a session waits for, and tell it. False where it no longer waits for this one."""
    from buergerdraht.dialogs import sessions, world

    found = sessions.request_of(number, serial)
    if found is None:
        return False
    session, kept = found
    here = msgspec.json.decode(session.walk, type=Walk).here
    read = world.House(session).dialog(here.dialog, here.version)
    step = read.step(here.step) if read else None
    if not isinstance(step, document.Call):
        return False
    system = System.objects.filter(organisation=session.organisation_id, key=step.system, active=True).first()
    outcome = Outcome(FAILURE, "refused")
    if system is not None and resting(system):
        outcome = Outcome(FAILURE, "resting")
        _note(system, step.id, outcome, session)
    elif system is not None:
        outcome = make(system, calling.reopened(kept), step, session=session)
    return sessions.called(number, serial, outcome.kind, outcome.answers)


# ── What they share ───────────────────────────────────────────────────────


def _timed(system: System, request: Request, step: document.Call) -> tuple[Outcome, bytes]:
    begun = time.monotonic()
    outcome, body = _asked(system, request, step)
    spent = int((time.monotonic() - begun) * 1000)
    return Outcome(outcome.kind, outcome.reason, outcome.answers, outcome.status, spent), body


def _asked(system: System, request: Request, step: document.Call) -> tuple[Outcome, bytes]:
    """Ask, with the secrets of now; a request made for an older address of the system is not sent."""
    if not calling.within(request.url, system.url):
        return Outcome(FAILURE, "refused"), b""
    headers = {**systems.headers_of(system), **request.headers, "User-Agent": "Buergerdraht"}
    wish = outward.Ask(request.method, request.url, headers, request.body, float(step.seconds), calling.LARGEST_ANSWER)
    try:
        heard = outward.ask(wish, systems.networks_of(system), plain=True)
    except outward.Undelivered as problem:
        return Outcome(FAILURE, REASONS.get(problem.problem, "unreachable"), status=problem.status), b""
    return calling.judge(step, heard.status, heard.body), heard.body


def _note(system: System, step: str, outcome: Outcome, session: Session | None) -> None:
    """Keep that it was called, how it ended and how long it took."""
    row = SystemCall(
        system=system, session=session, step=step, outcome=outcome.kind, reason=outcome.reason, status=outcome.status,
        milliseconds=outcome.milliseconds,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # the person or the system was deleted meanwhile
        log.info("dialogs.call_unnoted system=%s", system.pk)
    log.info(
        "dialogs.called system=%s outcome=%s reason=%s status=%s ms=%s",
        system.pk, outcome.kind, outcome.reason or "-", outcome.status, outcome.milliseconds,
    )  # fmt: skip
