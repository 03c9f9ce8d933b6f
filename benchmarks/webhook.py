"""Webhooks stored before they are answered: ours with signature and tenant routing, beside a bare ASGI app with grouped COPY.

Twenty numbers, one receipt per request as Meta sends them. The maximum is found with connections that post again as soon as
they are answered; the times at 3,300 a second count from the moment a request was due. No worker runs: only taking in counts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.machine import spent
from benchmarks.stage import Stage, answers, free_port, run, until, value
from benchmarks.table import Line, Options, compare, judged, median
from benchmarks.town import channels, hooks, organisation
from buergerdraht.gateway.models import Channel

RATE = 3_300.0
SWEEP = (500.0, 1_500.0, 2_500.0, 4_500.0, 6_000.0)  # for the curve of latency over load
CHANNELS = 20
CONNECTIONS = (64, 400)


@dataclass(frozen=True, slots=True)
class Place:
    """A web process under load."""

    name: str
    port: int


def measure(options: Options) -> list[Line]:
    seconds = 2.0 if options.quick else 5.0
    lines: list[Line] = []
    with Stage() as stage:
        made = channels(organisation(), CHANNELS, "")
        stage.web()
        bare = Place("bare", free_port())
        stage.beside("bare", "benchmarks.bare_webhook", bare.port, stage.url)
        until(lambda: answers(f"http://127.0.0.1:{bare.port}/"), 20, "der Maßstab")
        ours = Place("web", stage.port)
        for connections in CONNECTIONS[:1] if options.quick else CONNECTIONS:
            lines.append(_most(stage, made, (ours, bare), {"connections": connections, "seconds": seconds}, options.repeats()))
        lines += _steady(stage, made, (ours, bare), options)
    return lines


def _load(stage: Stage, made: Sequence[Channel], place: Place, wishes: dict[str, Any]) -> dict[str, Any]:
    """Run one load against one place; what was answered 200 must lie in the table."""
    table = "gateway_inboundevent" if place.name == "web" else "yardstick_event"
    if place.name == "web":
        run("truncate gateway_inboundevent")
    elif value("select to_regclass('yardstick_event')") is not None:
        run("truncate yardstick_event")
    watch = stage.look()
    before = watch.taken()
    done = stage.ask("benchmarks.load", json.dumps({"host": "127.0.0.1", "port": place.port, "hooks": hooks(made), **wishes}))
    taken = spent(before, watch.taken())
    stored = value(f"select count(*) from {table}")  # noqa: S608 - our own names
    if stored < done["ok"]:
        raise RuntimeError(f"{done['ok']} Meldungen wurden mit 200 beantwortet, aber nur {stored} liegen in der Tabelle.")
    count = max(done["ok"], 1)
    cpu = {name: taken[name] / count * 1e6 for name in (place.name, "postgres")}
    return done | {
        "server": cpu[place.name],
        "postgres": cpu["postgres"],
        "source": done["cpu"] / count * 1e6,
        "memory": watch.largest(place.name),
    }


def _most(stage: Stage, made: Sequence[Channel], places: tuple[Place, Place], wishes: dict[str, Any], repeats: int) -> Line:
    found: dict[str, list[dict[str, Any]]] = {place.name: [] for place in places}
    for _ in range(repeats):
        for place in places:
            found[place.name].append(_load(stage, made, place, wishes))
    figure, yardstick = (median([each["rate"] for each in found[place.name]]) for place in places)
    last, plain = found["web"][-1], found["bare"][-1]
    note = (
        f"web {last['server']:.0f} µs, PostgreSQL {last['postgres']:.0f} µs, Quelle {last['source']:.0f} µs je Meldung; "
        f"Maßstab {plain['server']:.0f} µs; RSS {last['memory']:.0f} MB"
    )
    name = f"höchste Rate, {wishes['connections']} Verbindungen"
    return compare(Line("webhook", name, figure, "Meldungen/s", yardstick, budget="≥ 0,5 × bloßes ASGI mit COPY", note=note), least=0.5)


def _steady(stage: Stage, made: Sequence[Channel], places: tuple[Place, Place], options: Options) -> list[Line]:
    wishes = {"rate": 500.0 if options.quick else RATE, "seconds": 2.0 if options.quick else 15.0, "connections": 200}
    ours, bare = (_load(stage, made, place, wishes) for place in places)
    at = f"bei {wishes['rate']:.0f}/s"
    note = f"{ours['ok']} von {ours['sent']} mit 200 beantwortet, längste {ours['longest'] * 1000:.0f} ms"
    points = {"load": _sweep(stage, made, places[0], options, ours | {"asked": wishes["rate"]})}
    p50 = ours["p50"] * 1000
    lines = [
        Line("webhook", f"mittlere Antwortzeit {at}", p50, "ms", bare["p50"] * 1000, budget="≤ 250 ms", note=note, points=points),
        Line("webhook", f"p99 der Antwortzeit {at}", ours["p99"] * 1000, "ms", bare["p99"] * 1000),
        Line("webhook", f"länger als 1 s {at}", ours["over_a_second"] * 100, "%", bare["over_a_second"] * 100, budget="< 1 %"),
    ]
    return [judged(lines[0], lines[0].figure <= 250), compare(lines[1]), judged(lines[2], ours["over_a_second"] < 0.01)]


def _sweep(stage: Stage, made: Sequence[Channel], place: Place, options: Options, known: dict[str, Any]) -> list[dict[str, float]]:
    """Times by load: what was asked for, what was answered 200 of it, and how long that took."""
    found = [known]
    for rate in () if options.quick else SWEEP:
        found.append(_load(stage, made, place, {"rate": rate, "seconds": 4.0, "connections": 200}) | {"asked": rate})
    return [
        {"asked": one["asked"], "rate": one["rate"], "p50": one["p50"] * 1000, "p95": one["p95"] * 1000, "p99": one["p99"] * 1000}
        for one in sorted(found, key=lambda one: one["asked"])
    ]
