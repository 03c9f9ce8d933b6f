"""A drawing for every proposal of the guide for guests: where one would go."""

# ruff: noqa: E501 - what belongs to one thing stands in one line
from __future__ import annotations

from math import pi, sin

from shapes import at, box, disc, fir, flower, form, line, outside, plant, room, sheet, steam, tree, waves


def uferweg() -> str:
    twigs = "".join(
        line(f"M{x} 110 q{-14 if x < 150 else 14} 70 {-6 if x < 150 else 8} {120 + x % 40}", "leaf", 9) for x in range(70, 240, 22)
    )
    return sheet(
        outside(), form("M640 330 Q470 300 430 340 T250 400 H640Z", "aqua"), waves(360, 0, "ice", 470, 170), box(142, 130, 24, 190, "bark", 8), disc(154, 112, 96, "leaf", 58), twigs,
        box(300, 272, 130, 10, "wood", 5), box(300, 292, 130, 12, "wood", 5), line("M318 304 V328 M412 304 V328 M318 276 V300 M412 276 V300", "slate", 8), form("M0 400 Q120 320 300 340 Q180 370 150 400Z", "peach"), flower(40, 352, "rose", 0.8), flower(72, 346, "white", 0.7),
    )  # fmt: skip


def wildgehege() -> str:
    fence = (
        box(0, 322, 640, 12, "wood") + box(0, 356, 640, 12, "wood") + "".join(box(x, 300, 16, 88, "crust", 6) for x in range(30, 640, 112))
    )
    return sheet(
        outside(), fir(80, 312, 1.1, "leaf"), fir(560, 312, 1.2), fir(490, 306, 0.85, "leaf"), fir(150, 318, 0.9),
        line("M270 262 V330 M300 262 V330 M380 262 V330 M404 262 V330", "bark", 12), disc(334, 244, 84, "crust", 38), form("M256 254 L226 146 H268 L306 226Z", "crust"), disc(232, 140, 38, "crust", 22),
        form("M258 128 L290 112 L272 142Z", "crust"), line("M246 122 L254 66 M250 92 L280 66 M232 122 L216 66 M224 92 L196 74", "bark", 7), disc(226, 136, 5, "ink"), disc(198, 146, 7, "ink"), disc(416, 232, 14, "cream"), "".join(disc(x, y, 6, "cream") for x, y in ((320, 226), (350, 232), (376, 224), (340, 250))), fence,
    )  # fmt: skip


def moor() -> str:
    planks = "".join(
        form(f"M{300 - n * 26} {272 + n * 19} H{344 + n * 34} L{352 + n * 38} {284 + n * 19} H{292 - n * 29}Z", "wood") for n in range(7)
    )
    reeds = "".join(
        line(f"M{x} {y} V{y - 84}", "pine", 6) + box(x - 7, y - 112, 14, 44, "bark", 7)
        for x, y in ((70, 360), (104, 340), (136, 372), (520, 350), (556, 372), (590, 344))
    )
    return sheet(
        outside("mist", "meadow"),
        disc(130, 330, 120, "aqua", 24),
        disc(530, 338, 120, "aqua", 26),
        waves(332, 0, "ice", 60, 120),
        waves(342, 0, "ice", 470, 120),
        line("M318 312 V230 M330 312 V230", "meadow", 1),
        planks,
        reeds,
        at(440, 290, box(-5, -110, 10, 110, "white", 3), disc(0, -112, 34, "grass", 40)),
        at(240, 284, box(-4, -84, 8, 84, "white", 3), disc(0, -90, 26, "leaf", 32)),
    )


def tropenhaus() -> str:
    bars = "".join(line(f"M{x} 330 V{150 + abs(x - 320) ** 2 / 420:.0f}", "white", 6) for x in (140, 200, 260, 320, 380, 440, 500))
    fronds = "".join(
        at(320, 190, form("M0 0 Q50 -44 108 8 Q54 -10 0 0Z", fill), turn=angle)
        for angle, fill in ((-20, "leaf"), (20, "pine"), (-64, "pine"), (160, "leaf"), (200, "pine"), (244, "leaf"))
    )
    moth = (
        form("M0 0 C-40 -44 -58 -10 -30 6 C-52 26 -18 36 0 0Z", "amber")
        + form("M0 0 C40 -44 58 -10 30 6 C52 26 18 36 0 0Z", "amber")
        + line("M0 -8 V14", "ink", 5)
    )
    return sheet(
        box(0, 0, 640, 400, "mist"), "".join(line(f"M{x} {y} l-8 22", "aqua", 5) for x, y in ((60, 60), (150, 90), (90, 150), (560, 60), (500, 96), (590, 150), (240, 40), (420, 46))), form("M100 332 V250 Q120 110 320 108 Q520 110 540 250 V332Z", "mint"), bars, line("M102 250 H538", "white", 6),
        form("M308 332 Q318 250 312 190 H328 Q334 250 334 332Z", "bark"), fronds, plant(190, 332, 0.9), plant(452, 332, 1), at(430, 190, moth), at(222, 216, moth, size=0.7, turn=-14), box(80, 326, 480, 20, "teal", 6), box(0, 340, 640, 60, "grass"),
    )  # fmt: skip


def stadtmuseum() -> str:
    pillars = "".join(box(146 + n * 86, 172, 34, 132, "white", 4) + box(138 + n * 86, 166, 50, 12, "white", 4) for n in range(5))
    return sheet(
        outside("mist", "stone", "grass"), box(120, 164, 400, 150, "peach"), pillars, box(286, 214, 68, 92, "wood", 30), form("M96 164 L320 66 L544 164Z", "white"), form("M146 152 L320 78 L494 152Z", "peach"),
        at(320, 146, form("M-16 -40 H16 Q12 -30 12 -26 Q30 -14 20 2 H-20 Q-30 -14 -12 -26 Q-12 -30 -16 -40Z", "teal")), box(110, 304, 420, 16, "white", 4), box(90, 320, 460, 16, "grey", 4), box(70, 336, 500, 16, "slate", 4), tree(60, 340, 0.8), tree(596, 340, 0.8),
        box(186, 186, 30, 84, "red", 4), box(438, 186, 30, 84, "blue", 4),
    )  # fmt: skip


def burg() -> str:
    def tower(x: float, y: float, w: float, fill: str) -> str:
        teeth = "".join(box(x - 8 + n * (w + 16) / 3.5, y - 26, (w + 16) / 7 + 3, 28, fill) for n in range(4))
        return box(x, y, w, 300 - y, fill) + box(x - 8, y, w + 16, 24, fill) + teeth + box(x + w / 2 - 7, y + 46, 14, 34, "ink", 7)

    return sheet(
        outside("mist", "grass", "meadow"), form("M40 400 Q120 250 250 262 H440 Q560 270 610 400Z", "leaf"), tower(190, 150, 70, "grey"), tower(410, 176, 76, "grey"), box(240, 206, 190, 94, "stone"), "".join(box(248 + n * 46, 188, 26, 22, "stone") for n in range(4)), tower(300, 104, 62, "slate"),
        line("M331 78 V34", "ink", 5), form("M333 34 L380 48 L333 62Z", "red"), form("M304 300 V262 a28 28 0 0 1 56 0 V300Z", "bark"), form("M304 300 H360 Q350 340 410 400 H290 Q330 340 304 300Z", "peach"), tree(120, 372, 0.8, "pine"), tree(544, 366, 0.8, "pine"),
    )  # fmt: skip


def orgel() -> str:
    heights = (120, 150, 184, 216, 184, 150, 120)
    pipes = "".join(
        box(166 + n * 46, 250 - h, 32, h, "stone", 8)
        + form(f"M{166 + n * 46} 214 h32 l-16 30Z", "slate")
        + box(174 + n * 46, 258 - h, 7, h - 60, "white", 3)
        for n, h in enumerate(heights)
    )
    notes = at(84, 140, line("M0 0 V-64 L44 -76 V-12", "blue", 7), disc(-10, 2, 13, "blue", 10), disc(34, -10, 13, "blue", 10)) + at(
        566, 170, line("M0 0 V-60 q20 8 22 28", "red", 7), disc(-10, 2, 13, "red", 10)
    )
    keys = "".join(box(230 + n * 18, 298, 16, 22, "white", 2) for n in range(10)) + "".join(
        box(242 + n * 18, 298, 9, 13, "ink", 2) for n in (0, 1, 3, 4, 5, 7, 8)
    )
    return sheet(
        room("cream", "peach", "white"),
        form("M150 120 L320 14 L490 120 V140 H150Z", "rose"),
        box(150, 240, 340, 80, "wood", 8),
        pipes,
        box(150, 244, 340, 14, "bark"),
        box(196, 290, 248, 36, "bark", 8),
        keys,
        box(270, 340, 100, 14, "wood", 7),
        line("M284 352 V384 M356 352 V384", "wood", 10),
        notes,
    )


def glashuette() -> str:
    return sheet(
        room("peach", "slate", "rose"), form("M60 310 V180 A110 110 0 0 1 280 180 V310Z", "red"), form("M100 310 V196 A70 70 0 0 1 240 196 V310Z", "ink"), form("M118 310 Q114 250 150 232 Q146 262 166 264 Q166 220 190 200 Q192 240 216 256 Q232 276 222 310Z", "amber"), form("M144 310 Q150 276 172 266 Q190 284 196 310Z", "sun"),
        line("M430 206 L620 96", "slate", 12), disc(400, 226, 58, "sea"), disc(400, 226, 58, "aqua"), disc(380, 204, 17, "ice", 22), disc(436, 204, 14, "amber"), box(340, 316, 260, 16, "wood", 6), line("M366 330 V390 M574 330 V390", "wood", 12), disc(520, 284, 32, "teal"), disc(510, 274, 9, "mint"), at(590, 316, form("M-20 -70 H20 L12 0 H-12Z", "rose"), line("M0 -70 Q-6 -96 -22 -104 M2 -70 V-112", "leaf", 5)), at(452, 316, form("M-18 -36 q0 -18 8 -24 v-16 h20 v16 q8 6 8 24 V0 H-18Z", "blue")),
    )  # fmt: skip


def _mill(x: float, y: float, size: float) -> str:
    sails = "".join(
        at(0, -150, box(-5, -112, 10, 112, "bark", 3), box(5, -108, 28, 82, "white", 3), turn=angle) for angle in (20, 110, 200, 290)
    )
    return at(
        x,
        y,
        form("M-50 0 L-32 -150 H32 L50 0Z", "peach"),
        form("M-38 -148 Q0 -212 38 -148Z", "red"),
        box(-13, -46, 26, 46, "wood", 12),
        box(-9, -104, 18, 24, "navy", 6),
        sails,
        disc(0, -150, 9, "ink"),
        size=size,
    )


def radrunde() -> str:
    frame = "M236 316 L296 232 H386 L330 316 H236 M296 232 L330 316 M386 232 L420 316 M386 232 L378 206 H404 M296 232 L288 212"
    spokes = "".join(
        line(f"M{x} 316 L{x + 46 * sin(n * pi / 4):.0f} {316 + 46 * sin(n * pi / 4 + pi / 2):.0f}", "grey", 2)
        for x in (236, 420)
        for n in range(8)
    )
    rims = "".join(
        f'<circle cx="{x}" cy="316" r="50" fill="none" stroke="var(--kern-color-neutral-800)" stroke-width="9"/>' for x in (236, 420)
    )
    return sheet(
        outside(),
        _mill(120, 290, 0.8),
        _mill(548, 280, 0.55),
        _mill(450, 262, 0.35),
        form("M0 352 H640 V400 H0Z", "peach"),
        spokes,
        rims,
        line(frame, "red", 9),
        box(270, 204, 42, 12, "ink", 6),
        line("M330 316 l16 22", "ink", 7),
        disc(330, 316, 13, "ink"),
        disc(408, 206, 7, "ink"),
    )


def kletterwald() -> str:
    boards = "".join(box(176 + n * 34, 196 + 16 * sin(n / 8 * pi), 24, 12, "crust", 3) for n in range(9))
    return sheet(
        outside(), fir(320, 308, 1, "leaf"), "".join(box(x, 30, 38, 330, "bark", 8) for x in (120, 478)), disc(139, 50, 104, "leaf", 56), disc(497, 50, 104, "leaf", 56), disc(70, 76, 52, "pine", 36), disc(566, 76, 52, "pine", 36),
        line("M170 144 Q320 176 470 144", "ink", 5), line("M170 196 Q320 232 470 196", "ink", 5), boards, "".join(line(f"M{188 + n * 68} {150 + 14 * sin(n / 4 * pi):.0f} V{200 + 16 * sin(n / 4 * pi):.0f}", "ink", 3) for n in range(5)), box(86, 200, 106, 16, "wood", 5), box(446, 200, 106, 16, "wood", 5),
        line("M230 216 V352 M274 222 V352", "gold", 5), "".join(line(f"M230 {238 + n * 24} H274", "gold", 5) for n in range(5)), disc(400, 296, 30, "red"), disc(400, 296, 18, "white"), line("M400 220 V268", "ink", 4), disc(139, 366, 70, "leaf", 18), disc(497, 366, 70, "leaf", 18),
    )  # fmt: skip


def hallenbad() -> str:
    panes = "".join(box(48 + n * 112, 50, 96, 120, "ice", 6) for n in range(5))
    return sheet(
        box(0, 0, 640, 400, "mist"), panes, box(0, 236, 640, 164, "water"), box(0, 222, 640, 20, "white"), waves(276, 0, "ice"), waves(326, 0.4, "aqua"), waves(372, 0.1, "ice"),
        line("M500 84 C420 84 420 150 500 156 S590 226 470 236 L396 262", "gold", 34), line("M500 84 C420 84 420 150 500 156 S590 226 470 236 L396 262", "sun", 14), line("M560 236 V70 M604 236 V70", "slate", 8), "".join(line(f"M560 {96 + n * 28} H604", "slate", 6) for n in range(5)), box(486, 64, 132, 16, "red", 6),
        disc(170, 312, 46, "white"), "".join(form(f"M170 312 L{a} {b} A46 46 0 0 1 {c} {d}Z", "red") for a, b, c, d in ((170, 266, 202, 280), (216, 312, 202, 345), (170, 358, 138, 345), (124, 312, 138, 280))), disc(170, 312, 20, "water"),
    )  # fmt: skip


def gipfelweg() -> str:
    return sheet(
        box(0, 0, 640, 400, "mist"), disc(120, 84, 42, "sun"), at(520, 86, box(-50, -10, 110, 26, "white", 13), disc(0, -12, 26, "white")), form("M-20 330 L150 130 L330 330Z", "sky"), form("M300 340 L480 160 L680 340Z", "sky"), form("M130 350 L330 80 L540 350Z", "slate"), form("M330 80 L382 147 L356 168 L336 146 L310 170 L280 148Z", "white"),
        line("M330 80 V30 M312 46 H348", "wood", 7), form("M0 320 Q160 276 330 320 T640 300 V400 H0Z", "leaf"), line("M300 400 C340 350 240 336 310 300 S350 250 330 214", "peach", 14), at(480, 330, box(-52, -50, 104, 56, "wood", 4), form("M-66 -48 L0 -96 L66 -48Z", "red"), box(-14, -34, 28, 40, "bark", 4), box(22, -34, 20, 18, "sun", 3)), fir(90, 372, 0.8), fir(150, 386, 0.6, "pine"), fir(590, 380, 0.8),
    )  # fmt: skip


def wochenmarkt() -> str:
    def stall(x: float, one: str, goods: str) -> str:
        roof = "".join(form(f"M{n * 32} 0 h32 v34 a16 16 0 0 1 -32 0Z", one if n % 2 == 0 else "white") for n in range(7))
        return at(
            x,
            112,
            line("M14 20 V236 M210 20 V236", "slate", 8),
            roof,
            box(0, -12, 224, 14, one, 4),
            box(0, 140, 224, 96, "wood", 6),
            box(0, 140, 224, 12, "crust", 4),
            goods,
        )

    cheese = (
        form("M20 138 v-36 q40 -24 74 10 v26Z", "gold")
        + disc(46, 120, 7, "amber")
        + disc(70, 126, 5, "amber")
        + disc(160, 122, 44, "crust", 20)
        + line("M140 112 l10 16 M160 108 l10 18", "cream", 5)
    )
    blooms = "".join(flower(28 + n * 34, 140, fill, 1.15) for n, fill in enumerate(("red", "gold", "rose", "blue", "red", "amber")))
    return sheet(
        outside("mist", "stone", "grass"),
        box(0, 346, 640, 54, "grey"),
        stall(56, "red", cheese),
        stall(356, "teal", blooms),
        "".join(disc(80 + n * 30, 330, 17, fill) for n, fill in enumerate(("red", "leaf", "amber", "red", "leaf", "amber"))),
        box(60, 330, 190, 40, "peach", 6),
    )


def backkurs() -> str:
    return sheet(
        outside("mist", "grass"), _mill(500, 312, 1.15), form("M60 330 V214 A110 90 0 0 1 280 214 V330Z", "crust"), form("M60 330 V214 A110 90 0 0 1 280 214 V236 H60Z", "amber"), box(230, 110, 36, 90, "amber", 4), form("M112 310 V240 A58 58 0 0 1 228 240 V310Z", "bark"), form("M136 310 Q134 270 160 262 Q164 240 180 228 Q184 262 204 272 Q212 290 206 310Z", "amber"), form("M156 310 Q160 286 172 276 Q188 290 190 310Z", "sun"),
        steam(236, 96), box(40, 310, 260, 40, "slate", 8), box(270, 330, 250, 14, "wood", 7), disc(500, 336, 60, "wood", 16), disc(490, 312, 52, "crust", 28), line("M464 300 l14 20 M488 294 l12 20 M510 298 l8 18", "cream", 6),
    )  # fmt: skip


def therme() -> str:
    return sheet(
        box(0, 0, 640, 400, "mint"), box(70, 50, 500, 180, "white", 14), box(84, 64, 472, 152, "mist", 8), disc(470, 112, 30, "sun"), form("M84 216 V186 Q200 110 330 170 T556 150 V216Z", "leaf"), form("M84 216 Q200 160 330 196 T556 190 V216Z", "grass"), line("M320 64 V216", "white", 8),
        box(0, 236, 640, 24, "peach"), box(0, 256, 640, 144, "sea"), waves(304, 0, "mint"), waves(350, 0.5, "white"), steam(140, 300), steam(400, 300), plant(54, 250, 1.2), at(556, 250, box(-44, -24, 88, 22, "white", 10), box(-40, -44, 80, 22, "rose", 10), box(-36, -62, 72, 20, "white", 9)),
    )  # fmt: skip


def hofcafe() -> str:
    apples = "".join(disc(x, y, 13, "red") for x, y in ((90, 110), (140, 70), (200, 96), (170, 142), (110, 158), (226, 144), (62, 146)))
    cake = (
        form("M-60 0 V-34 Q0 -54 60 -34 V0Z", "peach")
        + form("M-60 -34 Q0 -54 60 -34 Q0 -12 -60 -34Z", "cream")
        + "".join(disc(x, -38 + abs(x) / 9, 7, "red") for x in (-32, 0, 32))
    )
    return sheet(
        outside(), box(134, 170, 28, 160, "bark", 8), disc(148, 112, 104, "leaf", 84), disc(80, 140, 50, "leaf"), disc(218, 140, 50, "leaf"), apples, box(440, 170, 170, 140, "peach"), form("M420 174 L525 100 L630 174Z", "red"), box(500, 230, 48, 80, "wood", 6), box(456, 206, 30, 34, "ice", 4), box(564, 206, 30, 34, "ice", 4),
        disc(330, 302, 120, "white", 18), line("M330 310 V386 M290 388 H370", "slate", 10), at(300, 296, disc(0, 2, 72, "sky", 10), cake), at(404, 294, box(-24, -34, 46, 34, "teal", 9), line("M22 -26 q18 0 18 12 q0 10 -18 10", "teal", 7), disc(0, 0, 34, "white", 6)),
    )  # fmt: skip


ALL = (
    uferweg, wildgehege, moor, tropenhaus, stadtmuseum, burg, orgel, glashuette, radrunde, kletterwald, hallenbad, gipfelweg,
    wochenmarkt, backkurs, therme, hofcafe,
)  # fmt: skip
