"""F1: kill -9 of the engine at random points of a broadcast, with answers and warnings among it."""

from __future__ import annotations

import bisect
import time
from collections import Counter
from pathlib import Path

import pytest
import report
from django.db import connection
from report import Outcome
from scene import Town, in_flight, judge, open_letters, stage, wait_for

from buergerdraht.accounts.models import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RECIPIENTS, KILLS = report.size(3_000, 100_000), report.size(5, 100)
WHATSAPP, TELEGRAM = report.size(3, 8), report.size(2, 4)
RATES = {"whatsapp": 80.0, "telegram": 60.0}
FIRST_SEND_SECONDS = 5.0


def test_the_engine_is_killed_at_random_points(tmp_path: Path) -> None:
    dice = report.dice("F1")
    with stage(tmp_path) as (double, running):
        town = Town(Organisation.objects.create(slug="musterstadt", name="Musterstadt"), double)
        town.open("whatsapp", WHATSAPP, RATES["whatsapp"])
        town.open("telegram", TELEGRAM, RATES["telegram"])
        people = town.settle(RECIPIENTS)
        running.start("web", "worker", "engine")
        running.wait_for_web()
        town.subscribe(running)
        dice.shuffle(people)
        began = time.monotonic()
        town.write(people, "newsletter", batch=1)
        flown: Counter[tuple[str, str]] = Counter()
        restarts = []
        for number, point in enumerate(sorted(dice.sample(range(RECIPIENTS // 50, RECIPIENTS), KILLS))):
            wait_for(lambda point=point: double.sum() >= point or not open_letters(), 120, f"{point} accepted", 0.03)
            town.write(dice.sample(people, 8), "reply", f"Antwort {number}")
            town.write(dice.sample(people, 4), "alert", f"Hochwasser {number}")
            time.sleep(dice.uniform(0.0, 0.1))
            running.kill("engine")
            flown.update({(kind, purpose): in_flight(kind, purpose) for kind in RATES for purpose in ("newsletter", "reply", "alert")})
            restarts.append(time.time())
            running.start("engine")
        wait_for(lambda: not open_letters(), 180, "every letter has an end")
        seconds = time.monotonic() - began
        found = judge(town)
        first = _first_sends(restarts, [line.at for line in double.journal()])
        doubled = {f"doubled {kind} {purpose}": number for (kind, purpose), number in found.doubled.items()}
        again = sum(number for (kind, purpose), number in flown.items() if kind == "telegram" and purpose != "newsletter")
        report.record(
            Outcome(
                "F1", f"engine killed -9, {KILLS} times", found.of,
                "0 lost; doubles: none on WhatsApp, none of a newsletter, on Telegram <= in flight; first send <= 5 s",
                not (found.lost or found.denied or found.hidden)
                and all(kind == "telegram" and purpose != "newsletter" for kind, purpose in found.doubled)
                and found.doubles <= again
                and max(first) <= report.patience(FIRST_SEND_SECONDS),
                lost=found.lost + found.denied, doubled=found.doubles, unclear=found.unclear.total(), recovery=max(first),
                more={"in_flight": flown.total(), "could_double": again, "median_first_send": round(sorted(first)[len(first) // 2], 2),
                      "seconds": round(seconds), "unsettled": found.unsettled, **doubled},
            )
        )  # fmt: skip


def _first_sends(restarts: list[float], accepted: list[float]) -> list[float]:
    """Seconds from each start to the next message a provider took. The last may have had nothing left to send."""
    waits = []
    for restart in restarts:
        place = bisect.bisect(accepted, restart)
        if place < len(accepted):
            waits.append(accepted[place] - restart)
    return waits


@pytest.mark.skipif(not report.FORM, reason="test_kills.py shows it in small: make faults")
def test_an_engine_beside_it_takes_over_at_once(tmp_path: Path) -> None:
    """Two engines share the channels; one is killed, and its channels go on."""
    with stage(tmp_path) as (double, running):
        town = Town(Organisation.objects.create(slug="musterstadt", name="Musterstadt"), double)
        channels = town.open("whatsapp", 4, 50)
        people = town.settle(report.size(1_200, 6_000))
        running.start("engine", "engine 2")
        wait_for(lambda: _owned() == len(channels), 30, "channels are owned")
        time.sleep(2.5)
        town.write(people, "newsletter", batch=1)
        wait_for(lambda: double.sum() >= 300, 60, "300 accepted", 0.03)
        running.kill("engine")
        killed = time.time()
        wait_for(lambda: not open_letters(), 180, "every letter has an end")
        found, accepted = judge(town), double.journal()
        waits = []
        for account in town.accounts.values():
            later = [line.at for line in accepted if line.account == account and line.at > killed + 0.2]
            assert later, "a channel was left behind"
            waits.append(later[0] - killed)
        report.record(
            Outcome(
                "F1", "engine killed -9 beside another", found.of, "0 lost, 0 doubled; every channel goes on in <= 5 s",
                not (found.lost or found.denied or found.doubles) and max(waits) <= report.patience(FIRST_SEND_SECONDS),
                lost=found.lost + found.denied, doubled=found.doubles, unclear=found.unclear.total(), recovery=max(waits),
            )
        )  # fmt: skip


def _owned() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_locks l join gateway_channel c on l.objid = c.id::oid where l.locktype = 'advisory' and l.granted"
        )
        return int(cursor.fetchone()[0])
