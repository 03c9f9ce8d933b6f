"""Write the newest results into docs/development/speed.md, between its markers, and draw the curves: `python -m benchmarks.draw`.

How well faces and plates are found goes into the handbook, too, for those who release pictures.

No figure there is typed by hand. The pictures are small SVGs that need no script and no font of their own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import HEADINGS, Line, cells, number

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results"
PAGE = PROJECT / "docs" / "development" / "speed.md"
HANDBOOK = PROJECT / "docs" / "handbook" / "anliegen.md"
IMAGES = PROJECT / "docs" / "images"
ORDER = (
    "send",
    "both",
    "webhook",
    "receipts",
    "ingest",
    "reply",
    "screens",
    "audience",
    "fallback",
    "million",
    "console",
    "search",
    "cases",
    "website",
    "dialogs",
    "meters",
    "covering",
    "start",
    "outbox",
)
COUNTED = re.compile(r"(\d+) von (\d+)")
COLOURS = ("#1f5fa8", "#c2410c", "#2f7d3b", "#7a3fa0", "#8a6d00")
WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture: curves over a common axis; `ticks` are the places marked below."""

    title: str
    across: str
    up: str
    curves: Sequence[Curve]
    ticks: Sequence[float]
    logarithmic: bool = False


def main() -> None:
    newest = results()
    if not newest:
        raise SystemExit("Es gibt noch keine Ergebnisse: zuerst messen, mit --save.")
    lines = [Line(**line) for part in ORDER if part in newest for line in newest[part]["lines"]]
    pictures = {name: chart for name, chart in charts(lines).items() if chart is not None}
    IMAGES.mkdir(exist_ok=True)
    for name, chart in pictures.items():
        (IMAGES / f"{name}.svg").write_text(svg(chart))
    text = PAGE.read_text()
    text = between(text, "machine", machine(newest))
    text = between(text, "table", table(lines))
    text = between(text, "curves", "\n\n".join(f"![{chart.title}](../images/{name}.svg)" for name, chart in pictures.items()))
    PAGE.write_text(text)
    if "covering" in newest:
        HANDBOOK.write_text(between(HANDBOOK.read_text(), "covering", covered(lines)))


def covered(lines: Sequence[Line]) -> str:
    """How many faces and plates were found and missed, in a table for people who release pictures."""
    rows = ["| | gefunden | übersehen | gefunden in Prozent |", "|---|---:|---:|---:|"]
    for line in lines:
        if line.part == "covering" and (counted := COUNTED.fullmatch(line.note)):
            found, whole = int(counted[1]), int(counted[2])
            rows.append(f"| {line.name} | {found} | {whole - found} | {number(line.figure)} % |")
    spare = [f"{line.name.partition(',')[0]} {number(line.figure)}" for line in lines if line.part == "covering" and line.unit == "Stellen"]
    return "\n".join([*rows, "", f"Umsonst verdeckt wurden je Straße an Stellen: {', '.join(spare)}."])


def results() -> dict[str, dict[str, Any]]:
    """The newest result of each part; names begin with the date."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(RESULTS.glob("[0-9]*.json")):  # the figures of `make faults` lie beside them
        result = json.loads(path.read_text())
        found[result["part"]] = result
    return found


def between(text: str, name: str, inside: str) -> str:
    """Put it between the markers of that name."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"In den Seiten fehlt die Stelle „{name}“.")
    return pattern.sub(lambda found: found[1] + inside + found[2], text)


def machine(newest: dict[str, dict[str, Any]]) -> str:
    """Where and when, once per machine and commit."""
    said: dict[str, list[str]] = {}
    for part in ORDER:
        if part in newest:
            known = newest[part]["machine"]
            database = known["postgresql"]
            packages = ", ".join(f"{name} {version}" for name, version in known["packages"].items())
            words = (
                f"{known['at'][:10]}, {known['cores']} cores ({known['processor']}), {known['memory_gib']} GiB, Linux {known['kernel']}, "
                f"PostgreSQL {database['server_version'].split()[0]} (fsync {database['fsync']}, "
                f"shared_buffers {database['shared_buffers']}), Python {known['python']}, {packages}, commit `{known['commit']}`"
            )
            said.setdefault(words, []).append(part)
    return "\n".join(f"- {', '.join(parts)}: {words}" for words, parts in said.items())


def table(lines: Sequence[Line]) -> str:
    rows = [HEADINGS, ("---", "---", "---:", "---", "---:", "---:", "---", "---", "---"), *map(cells, lines)]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows)


# ── pictures ──────────────────────────────────────────────────────────────


def charts(lines: Sequence[Line]) -> dict[str, Chart | None]:
    return {"speed-cost": cost(lines), "speed-memory": memory(lines), "speed-latency": latency(lines), "speed-send": send(lines)}


def cost(lines: Sequence[Line]) -> Chart | None:
    """CPU per message over the size of a broadcast, by process and as a whole."""
    points = [line.points for line in lines if line.part == "million" and "cost" in line.points]
    if not points:
        return None
    names = sorted({name for point in points for name in point["cpu"]})
    curves = [Curve("all", [(point["people"], point["cost"]) for point in points])]
    curves += [Curve(name, [(point["people"], point["cpu"].get(name, 0.0)) for point in points]) for name in names]
    return Chart(
        "Cost per message over the size of a broadcast", "people", "µs CPU", curves, [p["people"] for p in points], logarithmic=True
    )


def memory(lines: Sequence[Line]) -> Chart | None:
    """Memory of each process while the largest broadcast runs."""
    found = [line.points["memory"] for line in lines if line.part == "million" and "memory" in line.points]
    if not found:
        return None
    curves = [Curve(name, [(at, mb) for at, mb in points]) for name, points in sorted(found[-1].items()) if name != "provider"]
    end = max(at for curve in curves for at, _ in curve.points)
    return Chart("Memory of each process during the largest broadcast", "seconds", "MB", curves, _steps(end))


def latency(lines: Sequence[Line]) -> Chart | None:
    """How long a webhook waits for its 200, over the load."""
    found = [line.points["load"] for line in lines if line.part == "webhook" and "load" in line.points]
    if not found:
        return None
    curves = [Curve(name, [(point["asked"], point[name]) for point in found[-1]]) for name in ("p50", "p95", "p99")]
    return Chart("Webhook latency over load", "webhooks per second", "ms", curves, [point["asked"] for point in found[-1]])


def send(lines: Sequence[Line]) -> Chart | None:
    """Messages a second over the provider's latency, ours and the bare loop."""
    points = [
        (line.points["latency"] * 1000, line.figure, line.yardstick or 0.0)
        for line in lines
        if line.part == "send" and line.points and "Nummern" not in line.name
    ]
    if not points:
        return None
    ours = Curve("one engine", [(at, figure) for at, figure, _ in points])
    bare = Curve("bare loop", [(at, yardstick) for at, _, yardstick in points])
    return Chart("Messages per second over the provider's latency", "ms", "per s", [bare, ours], [at for at, _, _ in points])


def svg(chart: Chart) -> str:
    """Draw a chart; the words beside each curve are its legend."""
    across, up, top = _scales(chart)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{chart.title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" fill="#222">{chart.title}</text>',
        f'<text x="{LEFT - 8}" y="{TOP - 4}" text-anchor="end" fill="#555">{chart.up}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end" fill="#555">{chart.across}</text>',
    ]
    for level in _steps(top):
        y = up(level)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{level:,.0f}</text>')
    for tick in chart.ticks:
        parts.append(f'<text x="{across(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#555">{tick:,.0f}</text>')
    parts += _drawn(chart.curves, across, up)
    return "\n".join([*parts, "</svg>", ""])


def _drawn(curves: Sequence[Curve], across: Callable[[float], float], up: Callable[[float], float]) -> list[str]:
    parts = []
    taken: list[float] = []
    for curve, colour in zip(curves, COLOURS, strict=False):
        places = [(across(x), up(y)) for x, y in curve.points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if len(places) < 20:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        label = places[-1][1] + 4
        while any(abs(label - other) < 14 for other in taken):
            label += 14
        taken.append(label)
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{label:.1f}" fill="{colour}">{curve.name}</text>')
    return parts


def _scales(chart: Chart) -> tuple[Callable[[float], float], Callable[[float], float], float]:
    xs = [x for curve in chart.curves for x, _ in curve.points]
    top = max(y for curve in chart.curves for _, y in curve.points) * 1.05 or 1.0

    def place(x: float) -> float:
        return math.log10(max(x, 1e-9)) if chart.logarithmic else x

    first, last = (place(min(xs)) if chart.logarithmic else 0.0), place(max(xs))
    span = (last - first) or 1.0
    inner = WIDTH - LEFT - RIGHT
    return (lambda x: LEFT + (place(x) - first) / span * inner), (lambda y: HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)), top


def _steps(end: float) -> list[float]:
    """Four to eight round numbers from zero to the end."""
    raw = max(end, 1e-9) / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= raw)
    return [step * number for number in range(int(end / step) + 1)]


if __name__ == "__main__":
    main()
