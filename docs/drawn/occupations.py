"""A drawing for every occupation: what people there work with. `t` runs from 0 to 1 where it moves."""

# ruff: noqa: E501 - what belongs to one thing stands in one line
from __future__ import annotations

from math import pi, sin

from shapes import at, box, disc, fir, flower, form, laptop, line, outside, plant, room, sheet, steam, tree, waves, wheel


def anlagenmechanik(t: float = 0) -> str:
    blades = "".join(at(230, 205, form("M0 0 C30 -14 52 -34 46 -62 C18 -58 -2 -34 0 0Z", "sky"), turn=n * 90 + t * 360) for n in range(4))
    bars = "".join(box(438 + n * 32, 190, 22, 100, "sky", 11) for n in range(4))
    return sheet(
        room("mist", "sky", "white"), line("M330 160 H400 V120 H560 V205", "amber", 12), line("M330 250 H420", "blue", 12),
        box(130, 110, 200, 190, "white", 14), box(130, 110, 200, 190, "stone", 14), box(140, 120, 180, 170, "white", 10),
        disc(230, 205, 76, "navy"), blades, disc(230, 205, 14, "white"), box(150, 300, 30, 16, "slate"), box(280, 300, 30, 16, "slate"),
        box(428, 200, 146, 12, "grey", 6), box(428, 264, 146, 12, "grey", 6), bars, disc(420, 250, 12, "red"),
        at(90, 352, box(-14, -8, 150, 16, "slate", 8), disc(146, 0, 26, "slate"), box(146, -10, 30, 20, "sky", 4), turn=-8),
    )  # fmt: skip


def elektronik(t: float = 0) -> str:
    return sheet(
        outside("mist", "stone", "meadow"), box(120, 120, 88, 192, "navy", 16), box(136, 140, 56, 52, "mint", 6),
        form("M168 146 L148 170 H163 L158 188 L182 162 H166Z", "teal"), disc(164, 232, 17, "sea"), box(106, 308, 116, 14, "slate", 6),
        line("M164 248 C170 300 250 310 262 262 T330 240", "ink", 8),
        form("M318 286 C318 250 336 240 360 236 L398 192 Q406 184 420 184 H506 Q520 184 530 196 L556 232 C584 236 590 250 590 286Z", "blue"),
        form("M412 202 H452 V234 H386Z", "ice"), form("M466 202 H504 Q512 202 517 209 L532 234 H466Z", "ice"), disc(334, 246, 9, "white"),
        wheel(386, 290, 32), wheel(530, 290, 32), line("M60 40 V92", "ink", 5),
        disc(60, 122, 30, "sun"), box(48, 88, 24, 20, "slate", 4),
    )  # fmt: skip


def strassenbau(t: float = 0) -> str:
    cones = "".join(
        at(x, 344, form("M0 -56 L20 0 H-20Z", "amber"), form("M-7.500 -36 H7.500 L12 -22 H-12Z", "white"), box(-28, -4, 56, 10, "amber", 4))
        for x in (70, 560)
    )
    return sheet(
        outside("mist", "grass"), form("M0 318 H640 V400 H0Z", "slate"), "".join(box(x, 360, 70, 9, "sun", 4) for x in (20, 160, 300, 440, 580)),
        box(212, 196, 210, 74, "gold", 14), form("M300 196 V110 H408 L420 196Z", "gold"), form("M314 190 V124 H356 V190Z", "ice"),
        form("M368 190 V124 H398 L407 190Z", "ice"), box(288, 100, 134, 14, "navy", 7), line("M236 196 V150", "slate", 12),
        disc(232, 276, 64, "stone"), disc(232, 276, 54, "grey"), disc(232, 276, 12, "ink"), line("M232 276 L300 236", "navy", 12),
        disc(420, 282, 58, "stone"), disc(420, 282, 48, "grey"), disc(420, 282, 12, "ink"), cones,
    )  # fmt: skip


def pflege(t: float = 0) -> str:
    beat = "M430 116 h24 l12 -26 l16 52 l12 -26 h32"
    return sheet(
        room("mint", "sea", "white"), box(410, 70, 136, 92, "navy", 10), line(beat, "mint", 6), box(470, 162, 14, 150, "slate"),
        box(130, 176, 16, 150, "slate", 6), box(420, 206, 16, 120, "slate", 6), box(138, 250, 290, 26, "white", 8),
        form("M214 252 C214 214 238 206 270 206 H428 V252Z", "blue"), box(150, 214, 92, 40, "white", 18), box(138, 272, 290, 14, "slate", 6),
        disc(146, 326, 12, "ink"), disc(426, 326, 12, "ink"), box(524, 250, 74, 66, "wood", 8), disc(561, 276, 6, "cream"),
        box(546, 212, 30, 40, "ice", 8), flower(556, 220, "rose", 0.8), flower(568, 218, "red", 0.9),
        line("M70 320 V96 H108", "slate", 7), box(88, 100, 40, 62, "ice", 10), box(88, 128, 40, 34, "aqua", 10), line("M108 162 C108 230 160 190 176 226", "aqua", 4),
        form("M320 132 C296 112 282 100 282 82 C282 62 310 56 320 76 C330 56 358 62 358 82 C358 100 344 112 320 132Z", "red"),
    )  # fmt: skip


def erziehung(t: float = 0) -> str:
    bow = "".join(
        line(f"M{190 + n * 24} 300 a{130 - n * 24} {130 - n * 24} 0 0 1 {260 - n * 48} 0", fill, 22)
        for n, fill in enumerate(("red", "amber", "sun", "leaf", "blue"))
    )
    return sheet(
        room("cream", "peach", "white"), bow, box(84, 236, 76, 76, "teal", 10), box(112, 160, 76, 76, "rose", 10), disc(150, 198, 20, "red"),
        form("M122 258 L152 298 H92Z", "white"), box(480, 236, 76, 76, "blue", 10), form("M518 160 L560 236 H476Z", "gold"), disc(518, 274, 20, "white"),
        disc(320, 326, 44, "aqua"), form("M276 326 A44 44 0 0 1 364 326 Q320 300 276 326Z", "white"), form("M276 326 Q320 352 364 326 Q320 336 276 326Z", "red"),
        at(430, 362, form("M-62 -10 Q-30 -24 0 -6 Q30 -24 62 -10 V16 Q30 2 0 20 Q-30 2 -62 16Z", "white"), line("M0 -6 V18", "grey", 4)),
    )  # fmt: skip


def rettungsdienst(t: float = 0) -> str:
    lit = "aqua" if t % 0.5 < 0.25 else "blue"
    rays = (
        "".join(line(f"M{210 + x} {92 + y} l{x * 0.5} {y * 0.5}", "aqua", 6) for x, y in ((-34, -14), (0, -36), (34, -14)))
        if t % 0.5 < 0.25
        else ""
    )
    return sheet(
        outside("mist", "stone"), box(0, 330, 640, 70, "slate"), "".join(box(x, 362, 74, 8, "white", 4) for x in (30, 190, 350, 510)), rays,
        box(188, 96, 44, 24, lit, 8), form("M96 134 Q96 118 112 118 H416 V318 H96Z", "white"),
        form("M416 150 H486 Q500 150 508 162 L546 226 Q556 238 556 252 V318 H416Z", "white"), form("M436 168 H480 L520 230 H436Z", "ice"),
        box(96, 246, 460, 26, "red"), box(96, 276, 460, 10, "sun"), box(124, 142, 86, 64, "ice", 8), box(232, 142, 6, 176, "stone"),
        at(324, 186, *(at(0, 0, box(-9, -40, 18, 80, "blue", 4), turn=angle) for angle in (0, 60, 120))), disc(546, 262, 9, "sun"),
        wheel(186, 320, 36), wheel(468, 320, 36),
    )  # fmt: skip


def verwaltung(t: float = 0) -> str:
    hall = (
        box(350, 134, 150, 96, "peach")
        + form("M340 134 L425 84 L510 134Z", "crust")
        + box(412, 60, 26, 44, "peach")
        + form("M406 62 L425 34 L444 62Z", "crust")
    )
    hall += (
        "".join(box(364 + n * 36, 156, 18, 30, "navy", 9) for n in range(4))
        + box(412, 194, 28, 36, "bark", 12)
        + disc(425, 116, 11, "white")
    )
    papers = "".join(
        box(104 + n % 2 * 8, 286 - n * 18, 132, 15, fill, 3) for n, fill in enumerate(("blue", "white", "teal", "white", "amber", "white"))
    )
    return sheet(
        room("mist", "wood", "white"), box(330, 26, 190, 214, "white", 8), box(340, 36, 170, 194, "ice"), hall, box(330, 224, 190, 12, "stone"),
        box(0, 302, 640, 98, "wood"), box(0, 302, 640, 14, "crust"), papers,
        at(324, 298, box(-14, -78, 28, 44, "ink", 12), disc(0, -84, 20, "ink"), form("M-34 -34 H34 L40 -8 H-40Z", "ink"), box(-40, -10, 80, 12, "red", 3)),
        plant(560, 304, 1.1), box(396, 286, 110, 18, "white", 3), line("M410 295 H470", "grey", 4),
    )  # fmt: skip


def bueromanagement(t: float = 0) -> str:
    days = "".join(box(80 + n % 5 * 30, 116 + n // 5 * 30, 20, 20, "red" if n == 7 else "sky", 4) for n in range(15))
    bars = "".join(
        box(-78 + n * 42, -44 - h, 26, h, fill, 4) for n, (h, fill) in enumerate(((40, "sea"), (64, "teal"), (52, "amber"), (90, "blue")))
    )
    return sheet(
        room("mist", "sky", "white"), box(58, 62, 186, 150, "white", 12), box(58, 62, 186, 36, "blue", 12), box(58, 84, 186, 14, "blue"), days,
        line("M102 52 V74 M200 52 V74", "ink", 8), box(0, 310, 640, 90, "peach"), laptop(370, 322, "white", bars),
        at(560, 322, box(-30, -62, 60, 62, "teal", 10), line("M30 -48 q26 0 26 18 q0 18 -26 18", "teal", 9)), steam(530, 252, t),
        at(120, 340, box(-60, -14, 120, 16, "amber", 4), box(-52, -30, 112, 16, "white", 4), box(-60, -46, 120, 16, "navy", 4)),
    )  # fmt: skip


def justiz(t: float = 0) -> str:
    lean = 6 * sin(t * 2 * pi)
    pans = "".join(
        line(f"M{x} {116 + d} L{x - 46} {206 + d} M{x} {116 + d} L{x + 46} {206 + d}", "gold", 4)
        + form(f"M{x - 58} {206 + d} H{x + 58} Q{x} {262 + d} {x - 58} {206 + d}Z", "gold")
        for x, d in ((210, lean), (430, -lean))
    )
    books = box(70, 280, 120, 26, "red", 4) + box(78, 254, 104, 26, "blue", 4) + box(74, 230, 112, 24, "teal", 4)
    return sheet(
        room("cream", "wood", "white"), line(f"M210 {116 + lean} L320 96 L430 {116 - lean}", "crust", 12), pans, box(312, 84, 16, 210, "crust", 6),
        disc(320, 82, 18, "gold"), form("M250 310 Q320 262 390 310Z", "crust"), box(0, 306, 640, 94, "wood"), box(0, 306, 640, 12, "crust"), books,
        box(82, 262, 96, 5, "white"), box(80, 292, 100, 5, "white"), at(520, 302, box(-70, -12, 140, 12, "white", 3), box(-64, -26, 136, 14, "peach", 3), box(-70, -40, 140, 14, "white", 3), box(-8, -42, 16, 44, "red")),
    )  # fmt: skip


def informatik(t: float = 0) -> str:
    shown = [(0, 90, "sea"), (24, 120, "sun"), (24, 70, "aqua"), (48, 110, "rose"), (24, 84, "sun"), (0, 60, "sea")]
    written = min(len(shown), 2 + int(t * 6)) if t else len(shown)
    code = "".join(box(206 + x, 118 + n * 24, w, 10, fill, 5) for n, (x, w, fill) in enumerate(shown[:written]))
    lamps = "".join(disc(548, 132 + n * 44, 7, ("sea", "sun", "sea", "aqua")[(n + int(t * 8)) % 4]) for n in range(4))
    racks = "".join(box(474, 114 + n * 44, 96, 36, "slate", 6) + line(f"M488 {132 + n * 44} h36", "grey", 5) for n in range(4))
    return sheet(
        room("mist", "sky", "white"), box(462, 96, 120, 216, "ink", 10), racks, lamps, box(176, 88, 254, 176, "ink", 14), box(188, 100, 230, 152, "navy", 6), code,
        box(288, 262, 30, 36, "slate"), box(246, 294, 114, 14, "slate", 7), box(0, 306, 640, 94, "peach"),
        box(196, 332, 190, 30, "white", 8), "".join(box(206 + n * 22, 340, 16, 14, "grey", 3) for n in range(8)), disc(428, 346, 16, "white", 20),
        plant(98, 312, 1.1),
    )  # fmt: skip


def mediengestaltung(t: float = 0) -> str:
    fan = "".join(
        at(120, 318, box(-22, -150, 44, 150, fill, 8), box(-14, -142, 28, 28, "white", 4), turn=angle)
        for angle, fill in ((-36, "red"), (-18, "amber"), (0, "sun"), (18, "leaf"), (36, "blue"))
    )
    return sheet(
        room("cream", "peach", "white"), box(230, 84, 300, 216, "ink", 18), box(246, 100, 268, 184, "ice", 6), disc(450, 146, 26, "sun"),
        form("M246 284 V244 L318 168 L382 240 L420 204 L514 284Z", "teal"), form("M318 168 L342 195 L326 206 L312 192 L296 192Z", "white"),
        form("M246 284 V262 Q330 236 514 270 V284Z", "leaf"), box(0, 306, 640, 94, "wood"), fan, disc(120, 316, 10, "ink"),
        at(560, 330, form("M-8 -150 H8 V-20 L0 8 L-8 -20Z", "navy"), form("M-8 -20 H8 L0 8Z", "peach"), box(-8, -160, 16, 20, "red", 5), turn=24),
    )  # fmt: skip


def ecommerce(t: float = 0) -> str:
    awning = "".join(form(f"M{-90 + n * 30} -150 h30 v26 a15 15 0 0 1 -30 0Z", "red" if n % 2 else "white") for n in range(6))
    shop = (
        awning
        + box(-84, -110, 74, 66, "sky", 6)
        + box(8, -110, 76, 12, "blue", 6)
        + box(8, -90, 56, 10, "grey", 5)
        + box(8, -66, 60, 24, "amber", 8)
        + disc(-47, -78, 20, "teal")
    )
    return sheet(
        room("mist", "sky", "white"), box(0, 310, 640, 90, "peach"), laptop(240, 322, "white", shop),
        at(500, 322, box(-84, -110, 168, 110, "crust", 6), box(-84, -110, 168, 26, "amber", 6), box(-16, -110, 32, 62, "cream"), line("M30 -28 v-18 m-10 10 l10 -10 l10 10", "bark", 5)),
        at(500, 212, box(-52, -64, 104, 64, "amber", 6), box(-52, -64, 104, 16, "peach", 6), box(-11, -64, 22, 36, "cream")),
    )  # fmt: skip


def gartenbau(t: float = 0) -> str:
    bed = "".join(
        flower(x, 338 + x % 3 * 6, fill)
        for x, fill in ((60, "red"), (104, "gold"), (148, "rose"), (192, "blue"), (236, "red"), (280, "gold"))
    )
    return sheet(
        outside(), tree(130, 318, 1.25), form("M24 330 H320 Q330 366 312 372 H30 Q12 366 24 330Z", "bark"), bed,
        form("M372 236 H540 L508 306 H404Z", "teal"), form("M384 236 Q456 176 530 236Z", "bark"), line("M404 306 L372 236 M508 306 L530 262 L618 236", "slate", 10), wheel(404, 326, 28), line("M508 306 L532 350", "slate", 10),
        at(596, 330, line("M0 -150 V-30", "wood", 10), form("M-22 -40 H22 V-6 Q0 30 -22 -6Z", "slate"), line("M-16 -152 H16", "wood", 10), turn=8),
    )  # fmt: skip


def wasser(t: float = 0) -> str:
    return sheet(
        outside("mist", "grass"), box(96, 120, 60, 200, "stone"), form("M56 90 H196 L180 150 H72Z", "white"), form("M52 92 Q126 30 200 92Z", "blue"),
        box(230, 252, 370, 100, "stone", 12), box(244, 252, 342, 86, "water"), waves(272, t, "ice", 244, 342), waves(304, t, "aqua", 244, 342), box(230, 240, 370, 16, "white", 8),
        line("M415 240 V196 M415 196 L560 236", "navy", 9), disc(415, 194, 14, "navy"), line("M156 290 H230", "navy", 16), disc(196, 290, 20, "red"), disc(196, 290, 9, "white"),
        at(70, 372, form("M-12 -96 H12 V-58 L38 0 H-38 L-12 -58Z", "white"), form("M-23 -36 H23 L38 0 H-38Z", "aqua"), box(-18, -104, 36, 10, "slate", 5)),
    )  # fmt: skip


def forst(t: float = 0) -> str:
    ends = ((402, 356), (462, 356), (522, 356), (432, 312), (492, 312))
    logs = "".join(disc(x, y, 29, "bark") + disc(x, y, 23, "peach") + disc(x, y, 13, "crust") + disc(x, y, 5, "peach") for x, y in ends)
    return sheet(
        outside("mist", "grass"), fir(70, 316, 1.1, "leaf"), fir(240, 312, 0.9, "leaf"), fir(590, 306, 0.9, "leaf"), fir(150, 338, 1.35), fir(330, 330, 1.1), logs,
        form("M230 366 q0 -26 18 -26 h34 q18 0 18 26Z", "bark"), disc(265, 341, 34, "peach", 9), flower(60, 372, "gold", 0.8), flower(92, 380, "white", 0.7),
        at(330, 352, line("M0 0 L-78 -66", "wood", 9), form("M-92 -98 l34 30 l-22 26 q-36 -22 -12 -56Z", "slate")),
    )  # fmt: skip


def kochen(t: float = 0) -> str:
    return sheet(
        room("cream", "slate", "white"), line("M90 70 H560", "slate", 8), line("M130 70 V150 M190 70 V136 M520 70 V140", "slate", 6), disc(130, 168, 24, "slate", 30), form("M168 136 H212 L204 186 H176Z", "slate"), box(506, 138, 28, 60, "wood", 8),
        steam(286, 166, t), box(210, 196, 220, 116, "red", 18), box(198, 190, 244, 22, "red", 11), box(300, 172, 40, 18, "ink", 8), line("M204 236 H176 M436 236 H464", "ink", 14),
        box(0, 308, 640, 92, "wood"), box(0, 308, 640, 14, "crust"), at(550, 306, disc(0, -34, 34, "red"), form("M0 -64 l-14 -10 m14 10 l14 -10", "leaf"), disc(0, -66, 12, "leaf", 6)),
        at(92, 306, form("M-14 0 L-4 -80 H10 L22 0Z", "amber"), line("M2 -80 L-14 -106 M2 -80 V-112 M2 -80 L18 -106", "leaf", 7)), box(210, 340, 210, 36, "peach", 10), at(300, 356, form("M-70 -7 H40 Q70 -7 80 8 H-70Z", "stone"), box(-120, -9, 56, 16, "ink", 6)),
    )  # fmt: skip


def hotel(t: float = 0) -> str:
    keys = "".join(
        box(90 + n % 4 * 62, 70 + n // 4 * 66, 46, 52, "wood", 6)
        + line(f"M{113 + n % 4 * 62} {82 + n // 4 * 66} v22", "gold", 6)
        + disc(113 + n % 4 * 62, 84 + n // 4 * 66, 7, "gold")
        for n in range(8)
    )
    return sheet(
        room("cream", "peach", "white"), box(76, 56, 266, 150, "crust", 10), keys, box(0, 250, 420, 150, "wood"), box(0, 242, 436, 18, "bark", 6), "".join(box(30 + n * 130, 282, 104, 96, "crust", 8) for n in range(3)),
        at(270, 242, form("M-40 -8 A40 40 0 0 1 40 -8Z", "gold"), box(-50, -10, 100, 10, "slate", 5), disc(0, -52, 7, "slate")), plant(90, 242, 0.8),
        box(486, 214, 118, 150, "blue", 16), line("M520 214 V176 H570 V214", "ink", 9), box(512, 214, 12, 150, "navy"), box(566, 214, 12, 150, "navy"), disc(512, 368, 11, "ink"), disc(578, 368, 11, "ink"), form("M536 258 h18 v30 l-9 10 l-9 -10Z", "sun"),
    )  # fmt: skip


def baeckerei(t: float = 0) -> str:
    rolls = "".join(
        at(x, y, disc(0, 0, 40, "amber", 26), line("M-14 -8 q14 10 28 0", "cream", 5)) for x, y in ((452, 350), (526, 344), (490, 306))
    )
    return sheet(
        room("peach", "wood", "cream"), form("M60 300 V170 A130 130 0 0 1 320 170 V300Z", "rose"), form("M104 300 V190 A86 86 0 0 1 276 190 V300Z", "bark"), form("M130 300 Q126 252 160 236 Q158 262 178 262 Q178 224 206 204 Q204 244 232 254 Q254 272 246 300Z", "amber"), form("M160 300 Q164 270 190 258 Q206 276 220 300Z", "sun"),
        box(0, 300, 640, 100, "wood"), box(0, 300, 640, 12, "crust"), at(240, 344, disc(0, -6, 104, "crust", 40), line("M-56 -22 l18 26 M-16 -30 l16 30 M26 -26 l14 26", "cream", 7)), rolls,
        at(490, 160, line("M-66 60 C-110 -10 -60 -66 -14 -34 C30 0 -10 60 46 62 M66 60 C110 -10 60 -66 14 -34 C-30 0 10 60 -46 62", "crust", 20), line("M-60 20 h1 M60 20 h1 M0 -12 h1 M-76 -8 h1 M76 -8 h1", "cream", 6)),
    )  # fmt: skip


ALL = (
    anlagenmechanik, elektronik, strassenbau, pflege, erziehung, rettungsdienst, verwaltung, bueromanagement, justiz, informatik,
    mediengestaltung, ecommerce, gartenbau, wasser, forst, kochen, hotel, baeckerei,
)  # fmt: skip
MOVING = (anlagenmechanik, informatik, wasser)
