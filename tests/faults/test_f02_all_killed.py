"""F2: kill -9 of the web process and two workers at once, again and again, while a broadcast goes out and citizens write."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
import report
from django.db import connection
from report import Outcome
from running import Running
from scene import NEWS, Town, judge, open_letters, stage, wait_for

from buergerdraht.accounts.models import Organisation
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import InboundEvent, Outbound

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RECIPIENTS, WRITERS, KILLS = report.size(900, 20_000), report.size(40, 600), report.size(3, 12)
EVERY = report.size(4, 5)
PROCESSES = ("web", "worker", "worker 2")
STUCK_SECONDS = 60
OLDEST = """
select greatest(
  coalesce((select extract(epoch from now() - min(claimed_at)) from gateway_outbound where state = 'sending'), 0),
  coalesce((select extract(epoch from now() - min(received_at)) from gateway_inboundevent where state = 'new'), 0))
"""


def test_web_and_workers_are_killed_together(tmp_path: Path) -> None:
    dice = report.dice("F2")
    with stage(tmp_path) as (double, running):
        town = Town(Organisation.objects.create(slug="musterstadt", name="Musterstadt"), double)
        town.open("whatsapp", report.size(2, 4))
        town.open("telegram", report.size(2, 4))
        people = town.settle(RECIPIENTS)
        running.start(*PROCESSES, "engine")
        running.wait_for_web()
        town.subscribe(running)
        town.write(people, "newsletter", batch=1)
        writers = dice.sample(people, WRITERS)
        back, oldest = [], 0.0
        began, killed, written = time.monotonic(), 0, 0
        while killed < KILLS or written < WRITERS:
            now = time.monotonic() - began
            while written < WRITERS and written / WRITERS <= now / (EVERY * KILLS):
                person = writers[written]
                double.write(town.accounts[person.channel], person.id, "HILFE")
                written += 1
            if killed < KILLS and now >= (killed + 0.6) * EVERY:
                time.sleep(dice.uniform(0.0, 0.3))
                running.again(*PROCESSES)
                back.append(_answers_again(running))
                killed += 1
            oldest = max(oldest, _oldest())
            time.sleep(0.05)
        wait_for(lambda: not double.carried() and not open_letters() and not _unfinished(), 120, "everything is done", 0.3)
        found = judge(town)
        said = double.journal()
        counted = Counter(line.person for line in said if line.words != NEWS)
        answers = {person.id: counted[person.id] for person in writers}
        once = Message.objects.filter(organisation=town.organisation, author="citizen").count()
        lost = found.lost + found.denied + sum(not number for number in answers.values()) + max(0, WRITERS - once)
        doubled = found.doubles + sum(number - 1 for number in answers.values() if number > 1) + max(0, once - WRITERS)
        report.record(
            Outcome(
                "F2", f"web and 2 workers killed -9, {KILLS} times", found.of + WRITERS,
                "0 lost, 0 doubled; every message answered once; no row stuck > 60 s", not (lost or doubled) and oldest <= STUCK_SECONDS,
                lost=lost, doubled=doubled, unclear=found.unclear.total(), recovery=max(back),
                more={"messages": once, "oldest_row": round(oldest, 1), "states": dict(found.states)},
            )
        )  # fmt: skip


def _answers_again(running: Running) -> float:
    began = time.monotonic()
    running.wait_for_web()
    return time.monotonic() - began


def _oldest() -> float:
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        return float(cursor.fetchone()[0])


def _unfinished() -> bool:
    """Events to handle, or letters whose receipts are still on their way."""
    waiting = Outbound.objects.filter(channel__kind="whatsapp", state="accepted").exclude(receipt="delivered")
    return InboundEvent.objects.filter(state="new").exists() or waiting.exists()
