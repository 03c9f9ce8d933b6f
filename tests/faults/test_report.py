"""The table of faults: a missed figure is written down before it fails the test, and chance can be repeated."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import report
from report import Outcome

GOOD = Outcome("F2", "all processes killed", 3000, "0 lost", True, recovery=1.25)
BAD = Outcome("F1", "engine killed", 3000, "0 lost", False, lost=2, unclear=7)


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    monkeypatch.setattr(report, "_outcomes", [])
    return report._outcomes


def test_a_missed_figure_stands_in_the_table_and_fails_the_test(noted: list[Outcome]) -> None:
    report.record(GOOD)
    with pytest.raises(AssertionError, match="BUERGERDRAHT_SEED="):
        report.record(BAD)
    head, first, second = report.printed()
    assert head.startswith("fault")
    assert first.split()[0] == "F1"
    assert first.endswith("MISSED")
    assert "1.2 s" in second
    assert second.endswith("met")


def test_the_page_is_written_from_what_was_kept(noted: list[Outcome], tmp_path: Path) -> None:
    report.record(GOOD)
    kept = report.keep(tmp_path)
    assert [each["seed"] for each in json.loads(kept.read_text())["outcomes"]] == [report.SEED]
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.draw(kept, page)
    assert "| F2 | all processes killed | 3,000 | 0 | 0 | – | 1.2 s | 0 lost | met |" in page.read_text()
    assert "old" not in page.read_text()
    assert page.read_text().endswith("after\n")


def test_what_ran_alone_takes_its_place_among_the_others(noted: list[Outcome], tmp_path: Path) -> None:
    noted[:] = [GOOD, BAD]
    report.keep(tmp_path)
    noted[:] = [replace(GOOD, recovery=2.5)]
    known = json.loads(report.keep(tmp_path).read_text())["outcomes"]
    assert [(each["fault"], each["recovery"]) for each in known] == [("F1", None), ("F2", 2.5)]


def test_the_same_seed_gives_the_same_chance_whatever_ran_before() -> None:
    assert report.dice("F1").random() == report.dice("F1").random()
    assert report.dice("F1").random() != report.dice("F2").random()
