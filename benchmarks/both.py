"""Everything at once: 1,000 newsletters a second out, three receipts for each in, one request per receipt, and 100 citizens a second
who want an answer. Web, worker, engine, PostgreSQL and the provider's side share the machine.

Twenty numbers of one organisation, each limited to a rate that together asks for a little more than 1,000 a second (WhatsApp counts
what comes in, too). What lies waiting at the end of the measured time, and how long that takes, tells whether it keeps pace.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from benchmarks.machine import spent
from benchmarks.scene import Scene, cores, opened
from benchmarks.send import put, set_state
from benchmarks.stage import Stage, run, until, value
from benchmarks.table import Line, Options, compare, judged, percentile

CHANNELS = 20
RATE = 55.5
OUT, IN, RECEIPTS = 1_000.0, 100.0, 3_000.0
WARM = 5.0
WORKERS = 1


@dataclass(frozen=True, slots=True)
class Wishes:
    seconds: float
    rate: float  # of citizens
    people: int
    rows: int


def measure(options: Options) -> list[Line]:
    quick = Wishes(seconds=4.0, rate=10.0, people=40, rows=12_000)
    seconds = 30.0
    full = Wishes(seconds=seconds, rate=IN, people=1_500, rows=int((seconds + WARM + 4) * CHANNELS * RATE))
    with Stage() as stage:
        scene = opened(stage, CHANNELS, rate=RATE, workers=WORKERS)
        return _measure(scene, quick if options.quick else full)


def _measure(scene: Scene, wishes: Wishes) -> list[Line]:
    scene.meet(min(wishes.people, 300))
    set_state(scene.channels, "paused")
    put(scene.channels, wishes.rows)
    run("vacuum analyze gateway_outbound")
    scene.partner.tell(reset=True, reports=True)
    set_state(scene.channels, "running")
    time.sleep(WARM)
    watch = scene.stage.look()
    before, first, waiting = watch.taken(), scene.partner.tell(), _waiting()
    scene.partner.tell(citizens={"rate": wishes.rate, "seconds": wishes.seconds, "people": wishes.people})
    time.sleep(wishes.seconds)
    after, last = watch.taken(), scene.partner.tell()
    found: dict[str, Any] = {"told": last, "asked": last["asked"], "waiting": _waiting()}
    found |= {
        "seconds": wishes.seconds,
        "out": (last["count"] - first["count"]) / wishes.seconds,
        "receipts": (last["posted_ok"] - first["posted_ok"]) / wishes.seconds - found["asked"] / wishes.seconds,
        "handled": (last["posted_ok"] - first["posted_ok"] - (found["waiting"] - waiting)) / wishes.seconds,
        "cores": cores(spent(before, after), wishes.seconds),
        "memory": ", ".join(f"{name} {watch.largest(name):.0f} MB" for name in ("web", "engine", "worker")),
    }
    until(lambda: not scene.partner.tell()["unanswered"], 90, "die Antworten an alle", every=0.5)
    found["times"] = scene.partner.tell(answers=True)["answered"]
    found["drain"] = _drain(scene)
    return _lines(found)


def _waiting() -> int:
    return int(value("select count(*) from gateway_inboundevent where state = 'new'"))


def _drain(scene: Scene) -> float:
    """Seconds until nothing waits: all sent, all receipts applied. Every letter must have climbed to `read`."""
    took = until(lambda: _through(scene), 240, "das Ende von Sendungen und Empfangsberichten", every=0.5)
    missing = value("select count(*) from gateway_outbound where purpose = 'newsletter' and receipt <> 'read'")
    if missing:
        raise RuntimeError(f"{missing} Briefe sind angenommen, ihr Empfangsbericht „gelesen“ fehlt aber in der Tabelle.")
    return took


def _through(scene: Scene) -> bool:
    told = scene.partner.tell()
    busy = value("select exists (select from gateway_outbound where state in ('queued', 'sending', 'doubt'))")
    return bool(scene.stage.lives() and not busy and not told["reports_waiting"] and not told["post_waiting"] and not _waiting())


def _lines(found: dict[str, Any]) -> list[Line]:
    times = found["times"]
    p50, p95 = percentile(times, 0.5) * 1000, percentile(times, 0.95) * 1000
    told = found["told"]
    note = f"{found['cores']}; {found['memory']}"
    arrived = f"Webhook p50 {told['post_p50'] * 1000:.0f} ms, p99 {told['post_p99'] * 1000:.0f} ms"
    lag = f"am Ende warten {found['waiting']} Meldungen; {found['drain']:.0f} s bis alles durch ist"
    arriving = found["receipts"] + found["asked"] / found["seconds"]
    steady = found["handled"] >= 0.95 * arriving
    return [
        judged(Line("both", "hinaus", found["out"], "Nachrichten/s", OUT, budget="≥ 1.000/s", note=note), found["out"] >= OUT),
        judged(
            Line("both", "Empfangsberichte herein", found["receipts"], "Meldungen/s", RECEIPTS, note=arrived),
            found["receipts"] >= 0.95 * RECEIPTS,
        ),
        judged(Line("both", "davon gleich verarbeitet", found["handled"], "Meldungen/s", arriving or None, note=lag), steady),
        compare(Line("both", "mittlere Antwortzeit an Bürger", p50, "ms")),
        judged(Line("both", "p95 der Antwortzeit an Bürger", p95, "ms", budget="≤ 500 ms"), p95 <= 500.0),
    ]
