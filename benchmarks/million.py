"""A broadcast to 10,000, 100,000 and 1,000,000 people through the whole product: released, taken up by the worker, frozen, queued,
sent by the engine, accepted by a provider that answers after a millisecond.

Cost per message: CPU of worker, engine and PostgreSQL from the release to the last answer. Memory is looked at twice a second.
Yardstick of the cost: the same at 10,000.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from benchmarks.arrived import workers
from benchmarks.machine import Watch, spent
from benchmarks.population import broadcast, settle
from benchmarks.stage import Stage, run, until, value
from benchmarks.table import Line, Options, compare, judged
from benchmarks.town import channels, organisation
from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Topic

CHANNELS, RATE = 8, 1_000.0  # numbers that WhatsApp granted the high rate
SIZES = (10_000, 100_000, 1_000_000)
QUICK = (1_000, 4_000)
MOST_MEMORY = 300.0  # MB
LATENCY = 0.001
DAWDLE = 150.0  # messages a second; slower than this is waited for in vain


@dataclass(frozen=True, slots=True)
class Sent:
    """What one broadcast took. Times in seconds from the release; CPU in microseconds per message."""

    people: int
    rows: float
    first: float
    whole: float
    cpu: Mapping[str, float]
    memory: Mapping[str, Sequence[tuple[float, float]]]

    @property
    def cost(self) -> float:
        return sum(self.cpu.values())


def measure(options: Options) -> list[Line]:
    sizes = _sizes(options)
    with Stage() as stage:
        partner = stage.provider()
        partner.tell(latency=LATENCY)
        owner = organisation()
        made = channels(owner, CHANNELS, partner.address, rate=RATE)
        topics = settle(owner, made, max(sizes), {f"p{size}": size for size in sizes})
        workers(stage, 1)
        stage.start("engine")
        time.sleep(4)
        done = []
        for size in sizes:
            done.append(_send(stage, owner, topics[f"p{size}"], size))
            run("vacuum analyze gateway_outbound, gateway_part, broadcasts_recipient")
    return [line for sent in done for line in _lines(sent, done[0])]


def _sizes(options: Options) -> tuple[int, ...]:
    sizes = QUICK if options.quick else SIZES
    return (*(size for size in sizes if size < options.rows), options.rows) if options.rows else sizes


def _send(stage: Stage, owner: Organisation, topic: Topic, people: int) -> Sent:
    watch = stage.look()
    before = watch.taken()
    released = timezone.now()
    number = broadcast(owner, topic).pk
    patience = 120 + people / DAWDLE
    until(lambda: stage.lives() and _state(number) == "done", patience, f"das Ende der Rundnachricht an {people}", every=1.0)
    taken = spent(before, watch.taken(), ("worker 1", "engine", "postgres"))
    _complete(number, people)
    return Sent(
        people,
        rows=_since(released, "max(created_at)", number),
        first=_since(released, "min(accepted_at)", number),
        whole=_since(released, "max(accepted_at)", number),
        cpu={name: seconds / people * 1e6 for name, seconds in taken.items()},
        memory=_thinned(watch),
    )


def _state(number: int) -> str:
    return str(value("select state from broadcasts_broadcast where id = %s", number))


def _complete(number: int, people: int) -> None:
    accepted = value("select count(*) from gateway_outbound where batch = %s and state = 'accepted'", number)
    recipients = value("select count(*) from broadcasts_recipient where broadcast_id = %s", number)
    if not accepted == recipients == people:
        raise RuntimeError(f"Von {people} Personen stehen {recipients} in der Liste, {accepted} Briefe sind angenommen.")


def _since(released: datetime, what: str, number: int) -> float:
    moment = value(f"select {what} from gateway_outbound where batch = %s", number)  # noqa: S608 - our own words
    return float((moment - released).total_seconds())


def _thinned(watch: Watch) -> dict[str, list[tuple[float, float]]]:
    """At most some hundred points per process, for the curve."""
    return {name: points[:: max(1, len(points) // 200)] for name, points in watch.memory.items()}


def _lines(sent: Sent, smallest: Sent) -> list[Line]:
    people = f"{sent.people:,}".replace(",", ".")
    whole = sent.people >= SIZES[-1]
    points = {"people": sent.people, "cpu": dict(sent.cpu), "cost": sent.cost, "wall": sent.whole / sent.people * 1e6}
    parts = ", ".join(f"{name} {cost:.0f} µs" for name, cost in sorted(sent.cpu.items()))
    most = {name: max(megabytes for _, megabytes in points) for name, points in sent.memory.items() if name != "provider"}
    grown = ", ".join(f"{name} {megabytes:.0f} MB" for name, megabytes in sorted(most.items()))
    rows = Line("million", f"{people}: Zeilen gemacht", sent.rows, "s", budget="≤ 30 s" if whole else "", note="während der Versand läuft")
    cost = Line(
        "million",
        f"{people}: Aufwand",
        sent.cost,
        "µs CPU/Nachricht",
        smallest.cost,
        budget="≤ 1,1 × bei 10.000",
        note=parts,
        points=points,
    )
    largest = Line(
        "million", f"{people}: größter Prozess", max(most.values()), "MB", budget="< 300 MB", note=grown, points={"memory": sent.memory}
    )
    return [
        judged(rows, sent.rows <= 30.0 if whole else None),
        compare(Line("million", f"{people}: erste Nachricht", sent.first, "s")),
        compare(Line("million", f"{people}: alles versandt", sent.whole, "s", note=f"{sent.people / sent.whole:.0f} Nachrichten/s")),
        compare(cost, most=1.1),
        judged(largest, max(most.values()) < MOST_MEMORY),
    ]
