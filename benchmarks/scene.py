"""The whole program on a stage: web, worker, engine and the provider who reports and lets citizens write."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.stage import Partner, Stage, until, value
from benchmarks.table import percentile
from benchmarks.town import channels, hooks, organisation
from buergerdraht.gateway.models import Channel

WORDS = "Hilfe"  # always answered, by the house itself
SETTLE = 3.0


@dataclass(frozen=True)
class Scene:
    stage: Stage
    partner: Partner
    channels: Sequence[Channel]

    def meet(self, people: int, numbers: int | None = None) -> None:
        """Let everyone write once beforehand, so that contacts exist and processes are warm."""
        self.partner.tell(reset=True, citizens={"rate": 60, "seconds": people / 60, "people": people, "words": WORDS, "numbers": numbers})
        until(lambda: self._through(people), 60 + people, "die ersten Antworten", every=0.3)

    def _through(self, people: int) -> bool:
        told = self.partner.tell()
        return bool(self.stage.lives() and told["asked"] >= people and not told["unanswered"])

    def talk(self, rate: float, seconds: float, people: int, numbers: int | None = None) -> dict[str, Any]:
        """Let citizens write at a fixed schedule and wait for the answers. Times in seconds, from due to the provider's side."""
        wishes = {"rate": rate, "seconds": seconds, "people": people, "words": WORDS, "numbers": numbers}
        self.partner.tell(reset=True, citizens=wishes)
        time.sleep(seconds)
        at_end = self.partner.tell()
        end = time.monotonic() + 30
        while (told := self.partner.tell(answers=True))["unanswered"] and time.monotonic() < end:
            time.sleep(0.5)
        times = told["answered"]
        return {
            "asked": told["asked"],
            "answered": len(times),
            "p50": percentile(times, 0.5),
            "p95": percentile(times, 0.95),
            "longest": max(times, default=0.0),
            "out": (at_end["count"] - at_end["answered"]) / seconds,
        }


def opened(stage: Stage, count: int, *, rate: float | None = None, workers: int = 1, latency: float = 0.05) -> Scene:
    """Start the program with so many numbers; `rate` sets what each may send a second, below WhatsApp's 80."""
    partner = stage.provider()
    made = channels(organisation(), count, partner.address, rate=rate)
    stage.web()
    stage.start("engine")
    for number in range(workers):
        stage.start(f"worker {number + 1}" if workers > 1 else "worker", "worker")
    partner.tell(latency=latency, hooks=hooks(made), web=["127.0.0.1", stage.port], connections=100)
    until(lambda: stage.lives() and _listening(workers), 60, "die Prozesse")
    return Scene(stage, partner, made)


def _listening(workers: int) -> bool:
    """Workers and engine hold their listening connections."""
    names = "select count(distinct pid) from pg_stat_activity where datname = current_database() and application_name like %s"
    return bool(value(names, "buergerdraht worker%") >= workers and value(names, "buergerdraht engine%") >= 1)


def cores(taken: Mapping[str, float], seconds: float) -> str:
    """CPU by process in hundredths of a core."""
    return ", ".join(f"{name} {spent / seconds * 100:.0f} %" for name, spent in sorted(taken.items()))
