"""What cannot be read is refused, with the nearest shade that can: WCAG's own examples, and any colour there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from buergerdraht.website import colours
from buergerdraht.website.models import ACCENT, HEADER

COLOURS = some.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#767676", "#ffffff", 4.54), ("#ff0000", "#ffffff", 4.0)],
)
def test_contrast_is_what_wcag_says(one: str, other: str, wanted: float) -> None:
    assert colours.contrast(one, other) == pytest.approx(wanted, abs=0.01)


def test_the_houses_own_colours_pass() -> None:
    assert colours.judge(ACCENT, HEADER) == []


@pytest.mark.parametrize("accent", ["#ffcc00", "#ff8800", "#87ceeb", "#ffffff"])
def test_a_pale_accent_is_refused_with_a_shade_that_passes(accent: str) -> None:
    problem = colours.judge(accent, HEADER)[0]
    assert problem.code == "accent"
    assert problem.has < problem.needs
    assert colours.contrast(problem.nearest, "#ffffff") >= 4.5


@given(COLOURS, COLOURS)
def test_what_is_offered_instead_always_passes(accent: str, header: str) -> None:
    offered = {problem.code: problem.nearest for problem in colours.judge(accent, header)}
    again = colours.judge(offered.get("accent", accent), offered.get("header", header))
    assert again == [], (accent, header, offered, again)


@given(COLOURS, COLOURS)
def test_what_passes_can_be_read_light_and_dark(accent: str, header: str) -> None:
    if colours.judge(accent, header):
        return
    made = colours.shades(accent, header)
    for ink, ground in (
        (made.accent, "#ffffff"), (made.accent, made.tint), (made.on_accent, made.accent), (made.dark_accent, colours.DARK),
        (made.dark_accent, made.dark_tint), (made.on_dark_accent, made.dark_accent), (made.on_header, made.header),
    ):  # fmt: skip
        assert colours.contrast(ink, ground) >= 4.5, (ink, ground)
