"""Draw photos of meters for tests and measurements: drums and displays, from clean to hardly legible, the same for the same seed."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont

KINDS = ("drum-dark", "drum-light", "drum-boxes", "lcd")
SEVERITIES = ("clean", "light", "hard")
CELL, HIGH = 54, 84  # a drum's face
FACES = (
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSansNarrow-Bold.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf",
)
SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")


@dataclass(frozen=True, slots=True)
class Wish:
    """What to draw. `turn` is how far the camera was turned besides its little tilt; `rolling` lets the last drum stand between two."""

    kind: str
    severity: str
    seed: int
    turn: int = 0
    rolling: bool = False


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo, and what stands on the counter."""

    image: bytes
    wish: Wish
    text: str  # all digits, without the comma
    digits: int
    decimals: int

    @property
    def value(self) -> Decimal:
        return Decimal(self.text).scaleb(-self.decimals)


def gallery(count: int, *, seed: int = 1, severities: tuple[str, ...] = SEVERITIES) -> Iterator[Shot]:
    """A mixed series: every kind in every severity, some turned by a quarter, a half, some with a rolling last drum."""
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        severity = severities[number // len(KINDS) % len(severities)]
        rng = random.Random(f"{seed}-{number}")
        turn = rng.choice((90, 180, 270)) if rng.random() < 0.15 else 0
        yield draw(Wish(kind, severity, rng.randrange(1 << 30), turn, kind != "lcd" and rng.random() < 0.3))


def draw(wish: Wish) -> Shot:
    """Take the photo that was wished for."""
    rng = random.Random(f"{wish.kind}-{wish.severity}-{wish.seed}")
    decimals = rng.choice((0, 0, 1)) if wish.kind == "lcd" else rng.choice((1, 3, 3))
    digits = rng.choice((5, 6)) if decimals < 2 else 5
    text = "".join(str(rng.randrange(10)) for _ in range(digits + decimals))
    if rng.random() < 0.6:  # most counters begin with zeros
        text = "0" * rng.randrange(1, 3) + text
        text = text[: digits + decimals]
    scene = _housing(wish, rng, text, decimals)
    picture = _photographed(scene, wish, rng)
    out = io.BytesIO()
    quality = {"clean": 90, "light": 75, "hard": 55}[wish.severity]
    picture.save(out, "JPEG", quality=quality)
    return Shot(out.getvalue(), wish, text, digits, decimals)


# ── The meter ─────────────────────────────────────────────────────────────


def _housing(wish: Wish, rng: random.Random, text: str, decimals: int) -> Image.Image:
    """The face of a meter: the counter in its window, and what else is printed around it."""
    wide, high = 1200, 900
    shade = rng.randrange(150, 235)
    tint = (shade, shade - rng.randrange(12), shade - rng.randrange(20))
    scene = Image.new("RGB", (wide, high), tint)
    pen = ImageDraw.Draw(scene)
    if wish.kind == "drum-light":  # a round dial
        pen.ellipse((170, 20, 1030, 880), fill=(245, 245, 240), outline=(90, 90, 95), width=26)
    else:
        pen.rounded_rectangle((110, 60, 1090, 840), 40, fill=_lighter(tint, rng.randrange(-25, 20)), outline=(80, 80, 80), width=6)
    counter = _display(rng, text, decimals) if wish.kind == "lcd" else _drums(wish, rng, text, decimals)
    left, top = (wide - counter.width) // 2 + rng.randrange(-30, 30), 300 + rng.randrange(-40, 60)
    scene.paste(counter, (left, top))
    _print(pen, rng, (left, top, left + counter.width, top + counter.height), wish)
    return scene


def _print(pen: ImageDraw.ImageDraw, rng: random.Random, box: tuple[int, int, int, int], wish: Wish) -> None:
    """Serial number, unit, marks: what a reader must not take for the counter."""
    left, top, right, bottom = box
    ink = (40, 40, 45)
    unit = "kWh" if wish.kind == "lcd" else "m³"
    pen.text((min(right + 14, 1020), top + 20), unit, fill=ink, font=_face(rng, 40))
    serial = " ".join(str(rng.randrange(10, 1000)) for _ in range(3))
    pen.text((left + 40, bottom + rng.randrange(70, 130)), f"Nr. {serial}", fill=ink, font=_face(rng, rng.randrange(24, 40)))
    pen.text(
        (left + 90, top - rng.randrange(90, 130)), rng.choice(("MUSTERZÄHLER", "Wasserwerk", "Typ BK-G4")), fill=ink, font=_face(rng, 36)
    )
    pen.text(
        (left + 60, bottom + 180), f"Q3 4  PN16  20{rng.randrange(10, 27)}  CE M{rng.randrange(10, 27)}", fill=ink, font=_face(rng, 24)
    )
    for column in range(14):  # a bar code
        pen.rectangle((left + 300 + column * 9, bottom + 230, left + 303 + column * 9 + rng.randrange(4), bottom + 265), fill=ink)


def _drums(wish: Wish, rng: random.Random, text: str, decimals: int) -> Image.Image:
    """A mechanical counter: one drum per digit, the decimals red."""
    gap = rng.randrange(3, 8) if wish.kind != "drum-boxes" else rng.randrange(12, 20)
    face = _face(rng, rng.randrange(62, 76))
    edge = 14
    wide = len(text) * (CELL + gap) - gap + 2 * edge
    frame = {"drum-dark": (12, 12, 12), "drum-light": (70, 70, 75), "drum-boxes": (205, 205, 205)}[wish.kind]
    counter = Image.new("RGB", (wide, HIGH + 2 * edge), frame)
    style = rng.randrange(3)
    for place, digit in enumerate(text):
        red = place >= len(text) - decimals
        ground, ink = _colours(wish.kind, red=red, style=style)
        last = place == len(text) - 1
        roll = rng.uniform(0.25, 0.75) if last and wish.rolling else rng.uniform(-0.05, 0.05)
        drum = _drum(int(digit), face, (ground, ink), roll)
        counter.paste(drum, (edge + place * (CELL + gap), edge))
        if red and style == 2:
            ImageDraw.Draw(counter).rectangle(
                (edge + place * (CELL + gap) - 3, edge - 4, edge + place * (CELL + gap) + CELL + 2, edge + HIGH + 3),
                outline=(190, 20, 25),
                width=5,
            )
    return counter


def _colours(kind: str, *, red: bool, style: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    light, dark, signal = (240, 240, 235), (25, 25, 28), (185, 25, 30)
    if kind == "drum-light":
        if red:
            return (signal, light) if style == 0 else (light, signal)
        return light, dark
    return (signal, light) if red and style < 2 else (dark, light)


def _drum(
    digit: int, face: ImageFont.FreeTypeFont | ImageFont.ImageFont, colours: tuple[tuple[int, int, int], ...], roll: float
) -> Image.Image:
    """One drum, shaded like a cylinder; `roll` of its way to the next digit, which comes from below."""
    ground, ink = colours
    drum = Image.new("RGB", (CELL, HIGH), ground)
    pen = ImageDraw.Draw(drum)
    for step in (-1, 0, 1):
        middle = HIGH / 2 + (step - roll) * HIGH * 0.98
        pen.text((CELL / 2, middle), str((digit + step) % 10), fill=ink, font=face, anchor="mm")
    shade = Image.new("L", (1, HIGH))
    for row in range(HIGH):
        shade.putpixel((0, row), int(255 * (1 - 0.5 * abs(2 * row / HIGH - 1) ** 3)))
    return ImageChops.multiply(drum, shade.resize((CELL, HIGH)).convert("RGB"))


def _display(rng: random.Random, text: str, decimals: int) -> Image.Image:
    """A liquid crystal display: seven segments on greenish grey, a small code above, ghosts of what is off."""
    ground = (rng.randrange(150, 180), rng.randrange(165, 190), rng.randrange(135, 160))
    wide, tall, gap = 44, 84, 20
    display = Image.new("RGB", (len(text) * (wide + gap) + 60, tall + 80), ground)
    pen = ImageDraw.Draw(display)
    ink, ghost = (35, 42, 38), _lighter(ground, -rng.randrange(3, 10))
    slant = rng.choice((0.0, 0.08))
    for place, digit in enumerate(text):
        left = 34 + place * (wide + gap)
        for name in "abcdefg":
            lit = name in SEGMENTS[int(digit)]
            pen.polygon([(left + x + (tall - y) * slant, 52 + y) for x, y in _segment(name, wide, tall)], fill=ink if lit else ghost)
    if decimals:
        left = 34 + (len(text) - decimals) * (wide + gap) - gap // 2
        pen.ellipse((left - 5, 52 + tall - 8, left + 4, 52 + tall + 1), fill=ink)
    pen.text((20, 8), rng.choice(("1.8.0", "2.8.0", "15.8.0")), fill=ink, font=_face(rng, 26))
    return display


def _segment(name: str, wide: int, tall: int) -> list[tuple[float, float]]:
    thick, half, gap = 9, tall / 2, 1.5
    lying = {"a": 0.0, "g": half - thick / 2, "d": float(tall - thick)}
    if name in lying:
        top = lying[name]
        return [(thick * 0.6 + gap, top), (wide - thick * 0.6 - gap, top), (wide - thick - gap, top + thick), (thick + gap, top + thick)]
    left = 0.0 if name in "fe" else float(wide - thick)
    top, bottom = (gap, half - gap) if name in "fb" else (half + gap, tall - gap)
    return [(left, top + 3), (left + thick, top + thick * 0.6), (left + thick, bottom - thick * 0.6), (left, bottom - 3)]


# ── The photo ─────────────────────────────────────────────────────────────


def _photographed(scene: Image.Image, wish: Wish, rng: random.Random) -> Image.Image:
    """Light, dirt, glare, tilt, distance, blur and noise, as much of each as the severity has."""
    level = SEVERITIES.index(wish.severity)
    picture = _lit(scene, rng, level)
    for _ in range(level * rng.randrange(2, 5)):
        _blot(picture, rng, level)
    if level and rng.random() < 0.35 * level:
        picture = _glare(picture, rng, level)
    tilt = rng.uniform(-1, 1) * (2, 8, 14)[level]
    around = picture.resize((1, 1)).getpixel((0, 0))
    picture = picture.rotate(tilt, Image.Resampling.BICUBIC, expand=False, fillcolor=around)
    picture = _slanted(picture, rng, (0.0, 0.04, 0.09)[level])
    scale = rng.uniform(*((0.9, 1.1), (0.65, 1.1), (0.42, 0.9))[level])
    picture = picture.resize((int(picture.width * scale), int(picture.height * scale)), Image.Resampling.LANCZOS)
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(*((0, 0.5), (0.4, 1.3), (0.9, 2.2))[level])))
    picture = _noisy(picture, rng, (4, 12, 22)[level])
    return picture.rotate(wish.turn, expand=True) if wish.turn else picture


def _lit(scene: Image.Image, rng: random.Random, level: int) -> Image.Image:
    """Dim it, and let the light fall off to one side."""
    dim = rng.uniform(*((0.85, 1.1), (0.6, 1.15), (0.3, 1.2))[level])
    picture = ImageEnhance.Brightness(scene).enhance(dim)
    slope = Image.linear_gradient("L").rotate(rng.randrange(360)).resize(scene.size)
    least = (225, 150, 90)[level]
    slope = slope.point([least + value * (255 - least) // 255 for value in range(256)])
    return ImageChops.multiply(picture, slope.convert("RGB"))


def _blot(picture: Image.Image, rng: random.Random, level: int) -> None:
    """Dirt on the glass: a dull spot, not a hole."""
    size = rng.randrange(6, 14 + 14 * level)
    x, y = rng.randrange(200, 1000), rng.randrange(200, 700)
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).ellipse((x, y, x + size, y + size * rng.uniform(0.5, 1.5)), fill=rng.randrange(60, 90 + 60 * level))
    mask = mask.filter(ImageFilter.GaussianBlur(4))
    picture.paste((110, 95, 75), (0, 0), mask)


def _glare(picture: Image.Image, rng: random.Random, level: int) -> Image.Image:
    """The lamp or the flash in the glass."""
    mask = Image.new("L", picture.size, 0)
    x, y = rng.randrange(250, 950), rng.randrange(250, 520)
    wide, high = rng.randrange(40, 90 + 50 * level), rng.randrange(30, 70)
    ImageDraw.Draw(mask).ellipse((x, y, x + wide, y + high), fill=rng.randrange(150, 200 + 25 * level))
    mask = mask.filter(ImageFilter.GaussianBlur(rng.randrange(10, 22)))
    return ImageChops.screen(picture, mask.convert("RGB"))


def _slanted(picture: Image.Image, rng: random.Random, much: float) -> Image.Image:
    """Not looked at from straight ahead: the corners move a little."""
    if not much:
        return picture
    wide, high = picture.size
    quad = []
    for x, y in ((0, 0), (0, high), (wide, high), (wide, 0)):
        quad += [x + rng.uniform(-much, much) * wide, y + rng.uniform(-much, much) * high]
    return picture.transform(picture.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)


def _noisy(picture: Image.Image, rng: random.Random, much: int) -> Image.Image:
    """Grain, as a small sensor has it in the cellar."""
    grain = Image.frombytes("L", picture.size, rng.randbytes(picture.width * picture.height)).convert("RGB")
    return Image.blend(picture, ImageChops.add(picture, grain, 1, -128), much / 128)


def _lighter(colour: tuple[int, ...], much: int) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, part + much)) for part in colour)
    return red, green, blue


@cache
def _faces() -> tuple[str, ...]:
    return tuple(path for path in FACES if Path(path).exists())


def _face(rng: random.Random, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A typeface of this machine, or the one Pillow brings."""
    number = rng.randrange(len(FACES) + 1)
    paths = _faces()
    return ImageFont.truetype(paths[number % len(paths)], size) if paths and number < len(FACES) else ImageFont.load_default(size)
