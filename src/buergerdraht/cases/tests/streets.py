"""Draw streets with cars, number plates and faces for tests and measurements: all invented, the same for the same seed."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont

WIDE, HIGH = 1600, 1200
PLATE_WIDTHS = (60, 90, 140, 220, 360)  # pixels in the scene
FACE_HEIGHTS = (20, 32, 50, 90, 180)
SEVERITIES = ("clean", "light", "hard")
FACE = "Gesicht"
FONTS = tuple(
    f"/usr/share/fonts/truetype/{name}.ttf"
    for name in ("liberation/LiberationSansNarrow-Bold", "dejavu/DejaVuSansMono-Bold", "dejavu/DejaVuSansCondensed-Bold")
)
WORDS = ("BÄCKEREI", "Apotheke", "Eis", "Schule 200 m", "Marktstraße", "Friseur", "AUSFAHRT FREIHALTEN", "Musterstadt", "P", "30")
SKINS = ((241, 205, 180), (224, 172, 138), (190, 130, 95), (141, 88, 60), (92, 58, 42))
HAIR = ((40, 28, 22), (90, 58, 32), (170, 130, 70), (120, 118, 115), (20, 18, 18))
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """A street, and where the plate or the face is, as shares of the picture (left, top, width, height); none: an empty street."""

    image: bytes
    box: Box | None
    size: int
    severity: str
    kind: str


@dataclass(frozen=True, slots=True)
class Thing:
    """A plate or a face as the camera sees it, and the chance that goes on with it."""

    picture: Image.Image
    size: int
    kind: str
    rng: random.Random


def plates(count: int, *, seed: int = 1, together: int = 1) -> Iterator[Scene]:
    """Streets with so many plates each, every size in every severity in turn; every sixth plate has two lines."""
    yield from _streets(count, together, lambda number, severity: _a_plate(number, severity, seed))


def faces(count: int, *, seed: int = 1, portraits: tuple[Image.Image, ...] = (), together: int = 1) -> Iterator[Scene]:
    """Streets with so many faces each: drawn, or one of the portraits given (RGBA, face filling the picture)."""
    yield from _streets(count, together, lambda number, severity: _a_face(number, severity, seed, portraits))


def empty(count: int, *, seed: int = 1) -> Iterator[Scene]:
    """Streets with houses, signs and paving in which nothing need be covered."""
    for number in range(count):
        rng = random.Random(f"empty-{seed}-{number}")
        yield Scene(_encoded(street(rng), SEVERITIES[number % 3], rng), None, 0, SEVERITIES[number % 3], "")


def _streets(count: int, together: int, make: Callable[[int, str], Thing]) -> Iterator[Scene]:
    """Put things into streets, each in a column of its own; scenes that show the same street follow each other."""
    for first in range(0, count, together):
        severity = SEVERITIES[first // len(PLATE_WIDTHS) % len(SEVERITIES)]
        things = [make(number, severity) for number in range(first, min(first + together, count))]
        rng = things[0].rng
        scene = street(rng)
        boxes = [_pasted(scene, thing, (at, together)) for at, thing in enumerate(things)]
        image = _encoded(scene, severity, rng)
        for thing, box in zip(things, boxes, strict=True):
            yield Scene(image, box, thing.size, severity, thing.kind)


# ── The street ────────────────────────────────────────────────────────────


def street(rng: random.Random) -> Image.Image:
    """Draw sky, houses with windows, lettered signs, paving, a car and a pothole."""
    scene = Image.new("RGB", (WIDE, HIGH), (rng.randrange(150, 215), rng.randrange(175, 225), rng.randrange(200, 240)))
    pen = ImageDraw.Draw(scene)
    left = 0
    while left < WIDE:
        wide = rng.randrange(220, 460)
        _house(pen, rng, left, wide)
        left += wide
    grey = rng.randrange(80, 140)
    pen.rectangle((0, 760, WIDE, HIGH), fill=(grey, grey, grey + 4))
    _paving(pen, rng, grey)
    pen.ellipse((200, 1040, 520, 1130), fill=(grey - 45, grey - 48, grey - 50))
    _car(pen, rng)
    noise = Image.effect_noise((WIDE, HIGH), rng.uniform(8, 30)).convert("RGB")
    return Image.blend(scene, ImageChops.overlay(scene, noise), 0.5)


def _house(pen: ImageDraw.ImageDraw, rng: random.Random, left: int, wide: int) -> None:
    top = rng.randrange(60, 260)
    wall = tuple(rng.randrange(120, 235) for _ in range(3))
    pen.rectangle((left, top, left + wide, 760), fill=wall)
    for row in range(top + 50, 560, 150):
        for column in range(left + 40, left + wide - 70, 120):
            pen.rectangle((column, row, column + 65, row + 95), fill=(60, 75, 95), outline=(240, 240, 235), width=7)
            pen.line((column + 32, row, column + 32, row + 95), fill=(240, 240, 235), width=5)
    light = rng.random() < 0.5
    board = (235, 235, 225) if light else tuple(rng.randrange(20, 120) for _ in range(3))
    pen.rectangle((left + 30, 600, left + wide - 40, 660), fill=board)
    ink = (30, 30, 40) if light else (245, 245, 240)
    pen.text((left + 45, 607), rng.choice(WORDS), fill=ink, font=_font(rng.choice(FONTS), 38))


def _paving(pen: ImageDraw.ImageDraw, rng: random.Random, grey: int) -> None:
    for row in range(770, 900, 26):
        for column in range(-20 + row % 52, WIDE, 54):
            shade = grey + rng.randrange(15, 55)
            pen.rectangle((column, row, column + 50, row + 22), fill=(shade, shade - 3, shade - 8))


def _car(pen: ImageDraw.ImageDraw, rng: random.Random) -> None:
    left = rng.randrange(700, 1000)
    paint = tuple(rng.randrange(20, 230) for _ in range(3))
    pen.polygon([(left + 80, 820), (left + 130, 720), (left + 390, 720), (left + 440, 820)], fill=paint)
    pen.polygon([(left + 105, 812), (left + 145, 735), (left + 375, 735), (left + 415, 812)], fill=(50, 60, 75))
    pen.rounded_rectangle((left + 40, 815, left + 480, 980), 30, fill=paint)
    for side in (left + 60, left + 390):
        pen.ellipse((side, 845, side + 70, 885), fill=(235, 235, 215))
        pen.rectangle((side, 970, side + 70, 1020), fill=(20, 20, 22))


# ── What must be covered ──────────────────────────────────────────────────


def plate(rng: random.Random, *, double: bool, severity: str) -> Image.Image:
    """Draw a plate with a number that cannot be issued: no district's letters begin with Q."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    place = "Q" + "".join(rng.choice(letters) for _ in range(rng.randrange(0, 3)))
    rest = "".join(rng.choice(letters) for _ in range(rng.randrange(1, 3))) + " " + str(rng.randrange(1, 10000))
    wide, high = (560, 400) if double else (1040, 220)
    sheet = Image.new("RGBA", (wide, high), (238, 238, 232, 255))
    pen = ImageDraw.Draw(sheet)
    font = _font(rng.choice(FONTS), 165)
    if double:
        pen.text((wide * 0.55, 105), place, fill=(15, 15, 15), font=font, anchor="mm")
        pen.text((wide * 0.5, 295), rest, fill=(15, 15, 15), font=_fitting(rest, wide * 0.85, 165), anchor="mm")
    else:
        text = f"{place}  {rest}"
        pen.text((560, 112), text, fill=(15, 15, 15), font=_fitting(text, 860, 190), anchor="mm")
    pen.rectangle((0, 0, 90, 195 if double else high), fill=(20, 60, 160))
    pen.text((45, 150 if not double else 140), "D", fill=(240, 240, 240), font=_font(FONTS[0], 70), anchor="mm")
    pen.rounded_rectangle((3, 3, wide - 4, high - 4), 14, outline=(20, 20, 20), width=9)
    if severity != "clean":
        _dirt(sheet, rng, 6 if severity == "light" else 22)
    return sheet


def _dirt(sheet: Image.Image, rng: random.Random, spots: int) -> None:
    mud = Image.new("RGBA", sheet.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(mud)
    for _ in range(spots):
        x, y, r = rng.randrange(sheet.width), rng.randrange(sheet.height), rng.randrange(10, 60)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(95, 80, 60, rng.randrange(60, 170)))
    sheet.alpha_composite(mud.filter(ImageFilter.GaussianBlur(8)))


def face(rng: random.Random) -> Image.Image:
    """Draw a face with hair, shaded from one side; nobody's."""
    skin, hair = rng.choice(SKINS), rng.choice(HAIR)
    head = Image.new("RGBA", (400, 500), (0, 0, 0, 0))
    pen = ImageDraw.Draw(head)
    pen.ellipse((25, 0, 375, 430), fill=(*hair, 255))
    pen.rectangle((150, 400, 250, 500), fill=(*_shaded(skin, 0.75), 255))
    pen.ellipse((60, 60, 340, 480), fill=(*skin, 255))
    for x in (140, 260):
        pen.ellipse((x - 38, 215, x + 38, 265), fill=(*_shaded(skin, 0.8), 255))
        pen.ellipse((x - 28, 222, x + 28, 256), fill=(240, 238, 232, 255))
        pen.ellipse((x - 14, 224, x + 14, 254), fill=(50, 40, 30, 255))
        pen.arc((x - 45, 170, x + 45, 240), 200, 340, fill=(*hair, 255), width=14)
    pen.polygon([(192, 240), (208, 240), (228, 330), (172, 330)], fill=(*_shaded(skin, 0.88), 255))
    pen.ellipse((172, 315, 228, 345), fill=(*_shaded(skin, 0.8), 255))
    pen.ellipse((150, 375, 250, 412), fill=(165, 70, 70, 255))
    pen.line((152, 393, 248, 393), fill=(90, 30, 30, 255), width=6)
    shade = Image.linear_gradient("L").rotate(90).resize(head.size)
    dark = Image.new("RGBA", head.size, (0, 0, 0, 255))
    dark.putalpha(ImageChops.multiply(head.getchannel("A"), shade.point(lambda value: value * 0.45)))
    return Image.alpha_composite(head, dark).filter(ImageFilter.GaussianBlur(5))


def _shaded(colour: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(value * share) for value in colour)
    return red, green, blue


def _a_plate(number: int, severity: str, seed: int) -> Thing:
    rng = random.Random(f"plate-{seed}-{number}")
    width, double = PLATE_WIDTHS[number % len(PLATE_WIDTHS)], number % 6 == 5
    size = round(width * rng.uniform(0.9, 1.15))
    kind = "zwei Zeilen" if double else "eine Zeile"
    return Thing(_tilted(plate(rng, double=double, severity=severity), size, rng, severity), width, kind, rng)


def _a_face(number: int, severity: str, seed: int, portraits: tuple[Image.Image, ...]) -> Thing:
    rng = random.Random(f"face-{seed}-{number}")
    height = FACE_HEIGHTS[number % len(FACE_HEIGHTS)]
    head = rng.choice(portraits) if portraits else face(rng)
    size = round(height * rng.uniform(0.9, 1.15) * head.width / head.height)
    return Thing(_tilted(head, size, rng, severity), height, FACE, rng)


# ── The camera ────────────────────────────────────────────────────────────


def _tilted(thing: Image.Image, size: int, rng: random.Random, severity: str) -> Image.Image:
    """See the thing at a slant: squeezed, sheared and turned as far as the severity allows; `size` is its width in pixels."""
    most = {"clean": 3, "light": 10, "hard": 22}[severity]
    squeeze = rng.uniform({"clean": 0.95, "light": 0.8, "hard": 0.6}[severity], 1)
    shear = math.tan(math.radians(rng.uniform(-most, most) / 2))
    high = round(size / squeeze * thing.height / thing.width)
    small = thing.resize((max(size, 8), max(high, 6)), Image.Resampling.LANCZOS)
    room = round(abs(shear) * small.width) + 1
    wide = Image.new("RGBA", (small.width, small.height + 2 * room), (0, 0, 0, 0))
    wide.paste(small, (0, room))
    sheared = wide.transform(wide.size, Image.Transform.AFFINE, (1, 0, 0, shear, 1, -shear * small.width / 2), Image.Resampling.BICUBIC)
    turned = sheared.rotate(rng.uniform(-most, most), Image.Resampling.BICUBIC, expand=True)
    return turned.crop(turned.getchannel("A").getbbox())


def _pasted(scene: Image.Image, thing: Thing, column: tuple[int, int]) -> Box:
    """Put the thing somewhere into its column of so many; say where."""
    at, columns = column
    wide, edge = WIDE // columns, 60 if columns == 1 else 4
    picture = thing.picture
    left = at * wide + thing.rng.randrange(edge, max(wide - picture.width - edge, edge + 1))
    low, high = (300, 900) if thing.kind == FACE else (680, max(HIGH - picture.height - 40, 681))
    top = thing.rng.randrange(low, high)
    scene.paste(picture, (left, top), picture)
    return left / WIDE, top / HIGH, picture.width / WIDE, picture.height / HIGH


def _encoded(scene: Image.Image, severity: str, rng: random.Random) -> bytes:
    low, high = {"clean": (0.9, 1.1), "light": (0.65, 1.2), "hard": (0.4, 1.35)}[severity]
    scene = ImageEnhance.Brightness(scene).enhance(rng.uniform(low, high))
    scene = scene.filter(ImageFilter.GaussianBlur({"clean": 0.4, "light": 0.8, "hard": 1.3}[severity]))
    out = io.BytesIO()
    scene.save(out, "JPEG", quality={"clean": 90, "light": 78, "hard": 60}[severity])
    return out.getvalue()


def _fitting(text: str, most: float, size: int) -> ImageFont.FreeTypeFont:
    face = _font(FONTS[0], size)
    return face if face.getlength(text) <= most else _font(FONTS[0], int(size * most / face.getlength(text)))


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def covered(box: Box | None, covers: Sequence[Sequence[float]]) -> float:
    """How much of the box, as a share, the covers hide together."""
    assert box is not None
    left, top, width, height = box
    grid = [((column + 0.5) / 50, (row + 0.5) / 50) for row in range(50) for column in range(50)]
    points = [(left + x * width, top + y * height) for x, y in grid]
    hidden = sum(any(a <= x <= a + w and b <= y <= b + h for a, b, w, h in covers) for x, y in points)
    return hidden / len(points)
