"""Shapes of the drawings, in the colours of the design system: flat, without an outline, on a sheet of 640 by 400."""

from __future__ import annotations

import re
from math import cos, pi, sin

WIDTH, HEIGHT, GROUND = 640, 400, 310
COLOURS = {
    "navy": "darkblue-800", "blue": "darkblue-500", "sky": "darkblue-150", "mist": "darkblue-050",
    "teal": "turquois-500", "sea": "turquois-300", "mint": "turquois-100",
    "aqua": "lightblue-300", "water": "lightblue-400", "ice": "lightblue-100",
    "leaf": "green-450", "grass": "green-250", "meadow": "green-150", "pine": "green-700",
    "sun": "yellow-100", "cream": "orange-050", "gold": "yellow-200",
    "amber": "orange-350", "peach": "orange-150", "wood": "orange-650", "bark": "orange-800", "crust": "orange-450",
    "red": "red-500", "rose": "red-150",
    "ink": "neutral-800", "slate": "neutral-550", "grey": "neutral-300", "stone": "neutral-150", "paper": "neutral-025",
}  # fmt: skip


def colour(name: str) -> str:
    return "#fff" if name == "white" else f"var(--kern-color-{COLOURS[name]})" if name in COLOURS else name


def box(x: float, y: float, w: float, h: float, fill: str, round_: float = 0) -> str:
    return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{round_}" fill="{colour(fill)}"/>'


def disc(x: float, y: float, r: float, fill: str, ry: float = 0) -> str:
    return f'<ellipse cx="{x}" cy="{y}" rx="{r}" ry="{ry or r}" fill="{colour(fill)}"/>'


def form(d: str, fill: str) -> str:
    return f'<path d="{d}" fill="{colour(fill)}"/>'


def line(d: str, stroke: str, width: float = 8) -> str:
    return f'<path d="{d}" fill="none" stroke="{colour(stroke)}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round"/>'


def at(x: float, y: float, *pieces: str, turn: float = 0, size: float = 1) -> str:
    return f'<g transform="translate({x} {y}) rotate({turn}) scale({size})">{"".join(pieces)}</g>'


def sheet(*pieces: str) -> str:
    body = re.sub(r"(\d+\.\d{2})\d+", r"\1", "".join(pieces))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">{body}</svg>'


def room(wall: str, floor: str, glow: str) -> str:
    """Indoors: a wall with a calm round patch, a floor."""
    return box(0, 0, WIDTH, HEIGHT, wall) + disc(320, 190, 165, glow) + box(0, GROUND, WIDTH, HEIGHT - GROUND, floor)


def outside(sky: str = "mist", ground: str = "grass", hill: str = "meadow") -> str:
    """Outdoors: sky, sun, a far hill, the ground."""
    return (
        box(0, 0, WIDTH, HEIGHT, sky) + disc(520, 92, 44, "sun") + cloud(130, 90) + cloud(390, 62, 0.7)
        + form(f"M0 {GROUND} Q160 190 330 270 T640 230 V400 H0Z", hill) + box(0, GROUND, WIDTH, HEIGHT - GROUND, ground)
    )  # fmt: skip


def cloud(x: float, y: float, size: float = 1) -> str:
    return at(
        x, y, disc(-34, 4, 24, "white"), disc(0, -8, 32, "white"), disc(36, 4, 24, "white"), box(-56, 2, 114, 26, "white", 13), size=size
    )


def tree(x: float, y: float, size: float = 1, crown: str = "leaf") -> str:
    return at(
        x, y, box(-9, -70, 18, 70, "bark", 4), disc(0, -120, 62, crown), disc(-38, -92, 38, crown), disc(38, -92, 38, crown), size=size
    )


def fir(x: float, y: float, size: float = 1, needles: str = "pine") -> str:
    rows = "".join(form(f"M0 {-190 + n * 40} L{46 + n * 12} {-90 + n * 35} H{-46 - n * 12}Z", needles) for n in range(3))
    return at(x, y, box(-9, -24, 18, 24, "bark"), rows, size=size)


def plant(x: float, y: float, size: float = 1) -> str:
    leaves = "".join(
        at(0, -44, form("M0 0 C-26 -30 -14 -66 0 -82 C14 -66 26 -30 0 0Z", fill), turn=angle)
        for angle, fill in ((-42, "leaf"), (42, "leaf"), (0, "pine"))
    )
    return at(x, y, leaves, form("M-30 -50 H30 L22 0 H-22Z", "amber"), size=size)


def flower(x: float, y: float, fill: str, size: float = 1) -> str:
    petals = "".join(disc(11 * cos(n * pi / 2.5), -44 + 11 * sin(n * pi / 2.5), 9, fill) for n in range(5))
    return at(x, y, line("M0 0 V-40", "pine", 5), disc(10, -18, 11, "leaf", 5), petals, disc(0, -44, 7, "sun"), size=size)


def wheel(x: float, y: float, r: float, tyre: str = "ink", hub: str = "stone") -> str:
    return disc(x, y, r, tyre) + disc(x, y, r * 0.5, hub) + disc(x, y, r * 0.16, tyre)


def steam(x: float, y: float, t: float = 0) -> str:
    """Three wisps that sway and rise."""
    found = ""
    for n in range(3):
        sway = 10 * sin(t * 2 * pi + n * 2)
        found += line(f"M{x + n * 34} {y} q{-16 + sway} -24 0 -46 q{16 - sway} -24 0 -46", "white", 9)
    return found


def waves(y: float, t: float = 0, stroke: str = "white", x: float = 0, width: float = WIDTH) -> str:
    shift = 40 * t - 40
    crests = "".join("q10 -10 20 0 q10 10 20 0 " for _ in range(int(width / 40) + 2))
    clip = f'<clipPath id="w{int(x)}{int(y)}"><rect x="{x}" y="{y - 20}" width="{width}" height="40"/></clipPath>'
    return f'{clip}<g clip-path="url(#w{int(x)}{int(y)})">{line(f"M{x + shift} {y} {crests}", stroke, 5)}</g>'


def laptop(x: float, y: float, screen: str, *shown: str) -> str:
    return at(
        x,
        y,
        box(-120, -170, 240, 156, "ink", 12),
        box(-108, -158, 216, 132, screen, 5),
        *shown,
        form("M-140 -14 H140 L156 0 H-156Z", "slate"),
    )
