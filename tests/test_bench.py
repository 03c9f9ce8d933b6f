"""The measurements can be made: every part runs and gives lines. How fast it is, nobody asks here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmarks import draw, table

PROJECT = Path(__file__).resolve().parents[1]
PARTS = (
    ["send", "outbox", "audience"], ["webhook", "receipts", "ingest"], ["both", "reply"], ["million"], ["console", "search"],
    ["fallback", "meters"], ["covering"], ["cases"],
)  # fmt: skip


def _bench(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BUERGERDRAHT_DATA": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "buergerdraht", "bench", *words]
    return subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=570)


@pytest.mark.slow
@pytest.mark.parametrize("parts", PARTS, ids=" ".join)
def test_every_part_gives_figures_beside_their_yardsticks(tmp_path: Path, parts: list[str]) -> None:
    done = _bench(tmp_path, *parts, "--quick", "--rounds", "1", "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["part"] for line in lines} == set(parts)
    for line in lines:
        assert line["name"]
        assert line["unit"]
        assert line["figure"] >= 0
        assert line["met"] is None, "a quick run gives no verdict"
    assert all(any(line["yardstick"] for line in lines if line["part"] == part) for part in parts)


def test_a_part_nobody_knows_is_refused_with_the_names_of_those_there_are(tmp_path: Path) -> None:
    done = _bench(tmp_path, "flug")
    assert done.returncode != 0
    assert "„flug“" in done.stderr
    assert "send" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_ratio_is_judged_where_there_is_a_yardstick_and_the_figure_else() -> None:
    line = table.Line("send", "so", 400.0, "je s", 500.0)
    assert table.compare(line, least=0.8).met is True
    assert table.compare(line, least=0.81).met is False
    assert table.compare(line).met is None
    assert table.compare(table.Line("send", "so", 400.0, "ms"), most=399.0).met is False


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [table.percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50.0, 95.0, 99.0, 100.0]
    assert table.percentile([7.0], 0.95) == 7.0


def test_the_table_writes_figures_the_german_way_and_says_what_is_missed() -> None:
    line = table.compare(table.Line("send", "so", 1234.5, "je s", 1000.0, budget="≥ 2"), least=2.0)
    written = table.shown([line])
    assert "1.234" in written
    assert "1,23" in written
    assert "VERFEHLT" in written


def test_a_picture_is_drawn_to_scale(tmp_path: Path) -> None:
    chart = draw.Chart("Kosten", "Personen", "µs", [draw.Curve("alle", [(10.0, 100.0), (1000.0, 50.0)])], [10.0, 1000.0], logarithmic=True)
    picture = ElementTree.fromstring(draw.svg(chart))  # noqa: S314 - our own
    dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in picture.iter("{http://www.w3.org/2000/svg}circle")]
    assert dots[0][0] == draw.LEFT
    assert dots[1][0] == draw.WIDTH - draw.RIGHT
    ground = draw.HEIGHT - draw.BOTTOM
    assert (ground - dots[0][1]) == pytest.approx(2 * (ground - dots[1][1]), abs=0.2)


def test_only_what_stands_between_the_markers_is_written_anew() -> None:
    text = "oben\n<!-- table -->\nalt\n<!-- /table -->\nunten"
    assert draw.between(text, "table", "neu") == "oben\n<!-- table -->\nneu\n<!-- /table -->\nunten"
