"""One table of what the house survived: each fault test records its figures here before it judges them.

`make faults` runs the full form, prints the table and keeps it in benchmarks/results/; without it the short form runs, as in CI.
A test that breaks is run again by its seed: BUERGERDRAHT_SEED=<printed number>.
"""

from __future__ import annotations

import json
import os
import platform
import random
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "development" / "faults.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
FORM = os.environ.get("BUERGERDRAHT_FAULTS", "")  # "full"; a share of it like "0.2", to try; else the short form
FULL = FORM == "full"
SHORT_SEED = 20_231_031  # CI repeats itself; the full form tries something new each time
SEED = int(os.environ.get("BUERGERDRAHT_SEED") or (secrets.randbelow(10**9) if FULL else SHORT_SEED))
HEAD = ("fault", "what", "of", "lost", "doubled", "unclear", "recovery", "passes when", "verdict")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault did. `recovery` in seconds; None: this fault has no such figure. `met`: the pass figure holds."""

    fault: str  # F1 … F21, or "cap"
    what: str
    of: int  # recipients, webhooks, whatever was counted
    passes: str  # the pass figure in words
    met: bool
    lost: int | None = 0
    doubled: int | None = 0
    unclear: int | None = None
    recovery: float | None = None
    more: dict[str, Any] = field(default_factory=dict)  # further figures, in the JSON and under the table


_outcomes: list[Outcome] = []


def size(short: int, full: int) -> int:
    """Choose how many: the short form's or the full form's number, or a share of that."""
    return full if FULL else max(short, round(full * float(FORM))) if FORM else short


def patience(seconds: float) -> float:
    """How long something may take: what the pass figure says in the full form, which has the machine for itself; in the short form more,
    for there others run beside it."""
    return seconds if FULL else seconds * 4


def share(wanted: float) -> float:
    """How much of something must be reached: likewise less in the short form."""
    return wanted if FULL else wanted * 0.7


def dice(name: str) -> random.Random:
    """Make a test's own chance, the same whenever the seed is the same and whatever ran before."""
    return random.Random(f"{SEED}:{name}")


def record(*outcomes: Outcome) -> None:
    """Note what happened, then hold it to its pass figure. Raises AssertionError when one was missed."""
    _outcomes.extend(outcomes)
    for outcome in outcomes:
        print(line(outcome))
    missed = [f"{outcome.fault}: {outcome.passes} – {asdict(outcome)}" for outcome in outcomes if not outcome.met]
    assert not missed, f"{missed} (BUERGERDRAHT_SEED={SEED})"


def line(outcome: Outcome) -> str:
    more = " ".join(f"{name}={value}" for name, value in outcome.more.items())
    return f"{' | '.join(_cells(outcome))} | {more} (seed {SEED})"


def _cells(outcome: Outcome) -> list[str]:
    numbers = [f"{outcome.of:,}", *("–" if each is None else f"{each:,}" for each in (outcome.lost, outcome.doubled, outcome.unclear))]
    recovery = "–" if outcome.recovery is None else f"{outcome.recovery:.1f} s"
    return [outcome.fault, outcome.what, *numbers, recovery, outcome.passes, "met" if outcome.met else "MISSED"]


def outcomes() -> list[Outcome]:
    """All that was recorded, in the order of the list of faults."""
    return sorted(_outcomes, key=lambda each: _place(each.fault))


def _place(fault: str) -> tuple[bool, int]:
    return (not fault[1:].isdigit(), int(fault[1:]) if fault[1:].isdigit() else 0)


def table(rows: list[list[str]]) -> list[str]:
    """Set rows under the table's head, for a terminal."""
    every = [list(HEAD), *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every]


def printed() -> list[str]:
    return table([_cells(outcome) for outcome in outcomes()])


def keep(folder: Path = RESULTS) -> Path:
    """Write the figures, with the machine and the seed they come from. What ran alone takes its place among the newest of the others."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"faults-{datetime.now(UTC):%Y-%m-%d}.json"
    before = json.loads(max(folder.glob("faults-*.json")).read_text()) if any(folder.glob("faults-*.json")) else {}
    same = before.get("form") == (FORM or "short")  # a short form's figures say nothing about the full one's
    kept = {(each["fault"], each["what"]): each for each in before["outcomes"]} if same else {}
    at = datetime.now(UTC).isoformat(timespec="seconds")
    kept |= {(each.fault, each.what): asdict(each) | {"seed": SEED, "at": at} for each in outcomes()}
    known = {
        "form": FORM or "short",
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "outcomes": sorted(kept.values(), key=lambda each: _place(each["fault"])),
    }
    path.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    return path


def draw(path: Path, page: Path = PAGE) -> None:
    """Write a kept result's table into the page between its marks."""
    known = json.loads(path.read_text())
    rows = [_cells(Outcome(**{name: value for name, value in each.items() if name not in {"seed", "at"}})) for each in known["outcomes"]]
    drawn = ["| " + " | ".join(row) + " |" for row in [list(HEAD), ["---"] * len(HEAD), *rows]]
    seeds = ", ".join(sorted({str(each["seed"]) for each in known["outcomes"]}))
    days = sorted({each["at"][:10] for each in known["outcomes"]})
    said = f"{known['form'].capitalize()} form of {' and '.join(days)} on {known['machine']['cores']} cores, seed {seeds}."
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{said}\n\n" + "\n".join(drawn) + f"\n{END}{after}")


if __name__ == "__main__" and any(RESULTS.glob("faults-*.json")):
    draw(max(RESULTS.glob("faults-*.json")))
