"""A citizen's message to the answer at the provider: posted to the webhook, stored, handled, queued, sent. Idle, and beside broadcasts.

The provider takes 50 ms for an answer of its own; the time ends when the call arrives there. Yardstick: the same while idle.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.machine import spent
from benchmarks.scene import SETTLE, Scene, cores, opened
from benchmarks.send import put
from benchmarks.stage import Stage
from benchmarks.table import Line, Options, compare, judged
from buergerdraht.gateway.models import Outbound

MOST = 500.0  # ms
CHANNELS = 14  # 80 a second each


def measure(options: Options) -> list[Line]:
    people, seconds = (20, 3.0) if options.quick else (200, 20.0)
    rate = 5.0 if options.quick else 10.0
    lines: list[Line] = []
    with Stage() as stage:
        scene = opened(stage, CHANNELS)
        scene.meet(people)
        scene.meet(people, 1)
        idle = scene.talk(rate, seconds, people)
        lines += _lines("ohne Rundnachricht", idle, None)
        for name, numbers in (("80/s auf einer Nummer", 1), ("1.000/s auf 14 Nummern", CHANNELS)):
            lines += _lines(f"bei {name}", _beside(scene, numbers, (rate, seconds, people)), idle)
    return lines


def _beside(scene: Scene, numbers: int, wishes: tuple[float, float, int]) -> dict[str, Any]:
    """Talk to the same numbers while newsletters go out there at their full rate, with their receipts coming in."""
    rate, seconds, people = wishes
    rows = int(80 * numbers * (seconds + 2 * SETTLE))
    scene.partner.tell(reports=True)
    put(scene.channels[:numbers], rows, first=numbers * 10_000_000)
    time.sleep(SETTLE)
    watch = scene.stage.look()
    before = watch.taken()
    found = scene.talk(rate, seconds, people, numbers)
    found["cores"] = cores(spent(before, watch.taken()), seconds)
    _stop(scene)
    scene.partner.tell(reports=False)
    return found


def _stop(scene: Scene) -> None:
    """Take back what is left of the newsletters."""
    Outbound.objects.filter(state="queued", purpose="newsletter").update(state="cancelled")


def _lines(name: str, found: dict[str, Any], idle: dict[str, Any] | None) -> list[Line]:
    note = f"{found['answered']} von {found['asked']} beantwortet"
    if idle is not None:
        note += f"; Rundnachricht {found['out']:.0f}/s; {found['cores']}"
    p50, p95 = found["p50"] * 1000, found["p95"] * 1000
    plain = (idle["p50"] * 1000, idle["p95"] * 1000) if idle else (None, None)
    points = {"p50": p50, "p95": p95, "out": found.get("out", 0.0)}
    whole = found["answered"] == found["asked"]
    return [
        compare(Line("reply", f"mittlere Antwortzeit {name}", p50, "ms", plain[0])),
        judged(
            Line("reply", f"p95 der Antwortzeit {name}", p95, "ms", plain[1], budget="≤ 500 ms", note=note, points=points),
            p95 <= MOST and whole,
        ),
    ]
