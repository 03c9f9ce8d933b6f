"""An authority's colours: whether they can be read (WCAG 2.2, 1.4.3 and 1.4.11), and the nearest shade that can. Knows no Django.

The shades of dark screens are made here from the same colour, so nobody has to choose twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HEX = re.compile(r"#[0-9a-f]{6}\Z")
TEXT, SHAPE = 4.5, 3.0  # what text and what a line or a button's edge must have against its ground
WHITE, BLACK = "#ffffff", "#000000"
HEAD = 5.5  # words of every size, and the line under the page one is on
LIGHT, TINTS = "#ffffff", (0.07, 0.13)  # the page, and how much of the colour its tinted areas carry
DARK, DARK_TINTS = "#0f1325", (0.12, 0.22)

Parts = tuple[float, float, float]


@dataclass(frozen=True)
class Problem:
    """What cannot be read: a code, the contrast it has and the one it needs, and the nearest colour that has it."""

    code: str
    has: float
    needs: float
    nearest: str


def parts(colour: str) -> Parts:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def written(colour: Sequence[float]) -> str:
    return "#" + "".join(f"{round(max(0.0, min(1.0, part)) * 255):02x}" for part in colour)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, ground: str, share: float) -> str:
    """So much of a colour over a ground."""
    return written([own * share + under * (1 - share) for own, under in zip(parts(colour), parts(ground), strict=True)])


def ink_on(ground: str) -> str:
    """Black or white, whichever reads better: one of them always has 4.5."""
    return WHITE if contrast(WHITE, ground) >= contrast(BLACK, ground) else BLACK


def nearest(colour: str, fits: Callable[[str], bool]) -> str:
    """The shade nearest to a colour that fits: mixed with black and with white in small steps."""
    for step in range(256):
        for end in (BLACK, WHITE):
            shade = mixed(end, colour, step / 255)
            if fits(shade):
                return shade
    return BLACK if fits(BLACK) else WHITE


def least(colour: str, ground: str, *tints: float) -> float:
    """The least contrast a colour has on a ground and on its own tints over it."""
    return min(contrast(colour, each) for each in (ground, *(mixed(colour, ground, share) for share in tints)))


def on_light(colour: str) -> float:
    return least(colour, LIGHT, *TINTS)


def on_dark(colour: str) -> float:
    return least(colour, DARK, *DARK_TINTS)


def stands_out(header: str) -> tuple[float, float]:
    """What the header has, and needs: its words; and, where it is no pale one, its edge against the page."""
    ink = ink_on(header)
    if ink == WHITE and (edge := contrast(header, LIGHT)) < SHAPE:
        return edge, SHAPE
    return contrast(ink, header), HEAD


def judge(accent: str, header: str) -> list[Problem]:
    """Say what of two colours cannot be read. Links and buttons stand on white and on their own tint; words on the header."""
    found = []
    if (has := on_light(accent)) < TEXT:
        found.append(Problem("accent", has, TEXT, nearest(accent, lambda shade: on_light(shade) >= TEXT)))
    has, needs = stands_out(header)
    if has < needs:
        found.append(Problem("header", has, needs, nearest(header, _stands)))
    return found


def _stands(header: str) -> bool:
    has, needs = stands_out(header)
    return has >= needs


@dataclass(frozen=True)
class Shades:
    accent: str
    on_accent: str
    tint: str
    tint_2: str
    dark_accent: str
    on_dark_accent: str
    dark_tint: str
    dark_tint_2: str
    header: str
    on_header: str


def shades(accent: str, header: str) -> Shades:
    """All the colours of a page, light and dark, made from two that were judged."""
    dark = nearest(accent, lambda shade: on_dark(shade) >= TEXT)
    return Shades(
        accent=accent, on_accent=ink_on(accent), tint=mixed(accent, LIGHT, TINTS[0]), tint_2=mixed(accent, LIGHT, TINTS[1]),
        dark_accent=dark, on_dark_accent=ink_on(dark), dark_tint=mixed(dark, DARK, DARK_TINTS[0]),
        dark_tint_2=mixed(dark, DARK, DARK_TINTS[1]), header=header, on_header=ink_on(header),
    )  # fmt: skip
