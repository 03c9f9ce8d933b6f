"""Cut a counter that was found into its digits: straightened, one cell each, black on white."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from PIL import Image, ImageFilter, ImageOps

from buergerdraht.meters import finding
from buergerdraht.meters.finding import Mark, Row

PITCH = 60  # pixels from digit to digit after straightening
MARGIN = 16  # white around a digit, as Tesseract likes it
ROLLING = 0.2  # of a digit's height
TALL = 56  # every digit is shown to it in this height
SEGMENTS = {
    "abcdef": "0", "bc": "1", "abdeg": "2", "abcdg": "3", "bcfg": "4", "acdfg": "5", "acdefg": "6", "abc": "7",
    "abcdefg": "8", "abcdfg": "9",
    "cdefg": "6", "abcfg": "9", "abcf": "7",
}  # fmt: skip
PLACES = {
    "a": (0.35, 0.0, 0.65, 0.2), "b": (0.7, 0.18, 1.0, 0.4), "c": (0.7, 0.6, 1.0, 0.82), "d": (0.35, 0.8, 0.65, 1.0),
    "e": (0.0, 0.6, 0.3, 0.82), "f": (0.0, 0.18, 0.3, 0.4), "g": (0.35, 0.38, 0.65, 0.62),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glyph:
    """One digit: its box in the strip, its picture, and what it would be on a display of seven segments."""

    box: Mark
    mask: Image.Image  # 255 where ink is
    light: bool  # light ink on a dark ground
    segments: str = ""


@dataclass(slots=True)
class Strip:
    """The straightened counter with a few places more on either side."""

    plain: Image.Image
    cells: int
    height: float
    display: bool = False  # of seven segments
    red: list[bool] = field(default_factory=list)
    glyphs: list[list[Glyph]] = field(default_factory=list)  # by cell, one for each threshold at which a digit stands there

    def rolls(self, cell: int) -> bool:
        """Whether a drum stands noticeably higher or lower than the others: between two digits."""
        heights = sorted(found[0].box.y for found in self.glyphs if found)
        box = self.glyphs[cell][0].box
        return self.display is False and abs(box.y - heights[len(heights) // 2]) > ROLLING * box.height


def cut(picture: Image.Image, row: Row, *, spare: int) -> Strip:
    """Straighten a row and find the digit in each of its cells."""
    colours = _straightened(picture, row, spare)
    height = row.height / math.hypot(*row.pitch) * PITCH
    strip = Strip(finding.channel(colours), row.cells + 2 * spare, height)
    strip.red = [_red(colours, cell) for cell in range(strip.cells)]
    inside = range(spare, spare + row.cells)
    drums = [_glyphs(strip, cell) for cell in range(strip.cells)]
    strip.glyphs = drums
    strip.display = True
    display = [_glyphs(strip, cell) for cell in range(strip.cells)]
    tall = sum(bool(drums[cell]) and drums[cell][0].box.height > 0.55 * height for cell in inside)
    lit = sum(bool(display[cell]) and display[cell][0].segments != "" for cell in inside)
    strip.display = lit > tall or (row.closed and lit == tall)
    strip.glyphs = display if strip.display else drums
    _agree(strip, inside)
    return strip


def _straightened(picture: Image.Image, row: Row, spare: int) -> Image.Image:
    seen = picture.transpose(Image.Transpose.ROTATE_90) if row.turned else picture
    along = (row.pitch[0] * row.scale / PITCH, row.pitch[1] * row.scale / PITCH)
    x, y = row.start[0] * row.scale, row.start[1] * row.scale
    high = round(row.height / math.hypot(*row.pitch) * PITCH * 1.5)
    left, middle = (spare + 0.5) * PITCH, high / 2
    matrix = (along[0], -along[1], x - left * along[0] + middle * along[1], along[1], along[0], y - left * along[1] - middle * along[0])
    size = ((row.cells + 2 * spare) * PITCH, high)
    return seen.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def _red(colours: Image.Image, cell: int) -> bool:
    """Whether something in the cell is red: ground, ink or frame."""
    if colours.mode != "RGB":
        return False
    inset = colours.height // 6
    box = (round((cell + 0.12) * PITCH), inset, round((cell + 0.88) * PITCH), colours.height - inset)
    piece = colours.crop(box).resize((12, 18), Image.Resampling.BOX)
    pixels = piece.tobytes()
    red = sum(pixels[at] > 1.45 * max(pixels[at + 1], pixels[at + 2]) + 8 for at in range(0, len(pixels), 3))
    return red >= 0.1 * len(pixels) / 3


# ── Digits ────────────────────────────────────────────────────────────────


def _glyphs(strip: Strip, cell: int) -> list[Glyph]:
    """What may be the cell's digit, at several thresholds and in either polarity."""
    spread = 0.09 if strip.display else 0.02
    left = round((cell - spread) * PITCH)
    window = strip.plain.crop((left, 0, left + round((1 + 2 * spread) * PITCH), strip.plain.height)).filter(ImageFilter.GaussianBlur(1.2))
    high = window.height
    inner = window.crop((round(0.16 * PITCH), round(0.25 * high), round(0.88 * PITCH), round(0.75 * high)))
    low, top = _ends(inner)
    if top - low < 18:
        return []
    middle = _otsu(inner.histogram())
    found = []
    for threshold in (middle, middle - 0.12 * (top - low), middle + 0.12 * (top - low)):
        for light in (True, False):
            mask = window.point([255 if (value > threshold) == light else 0 for value in range(256)])
            if (glyph := _digit(mask, strip, light=light)) is not None:
                found.append(glyph)
    return found


def _ends(picture: Image.Image) -> tuple[int, int]:
    counts = picture.histogram()
    total = sum(counts)
    seen, low, top = 0, 0, 255
    for value, count in enumerate(counts):
        if seen < 0.04 * total:
            low = value
        if seen < 0.96 * total:
            top = value
        seen += count
    return low, top


def _otsu(counts: list[int]) -> float:
    """The threshold that parts ink and ground best (Otsu, 1979)."""
    total, weighed = sum(counts), sum(value * count for value, count in enumerate(counts))
    best, seen, so_far, widest = 128.0, 0, 0, 0.0
    for value, count in enumerate(counts):
        seen += count
        so_far += value * count
        if 0 < seen < total:
            apart = (so_far / seen - (weighed - so_far) / (total - seen)) ** 2 * seen * (total - seen)
            if apart > widest:
                best, widest = value + 0.5, apart
    return best


def _digit(mask: Image.Image, strip: Strip, *, light: bool) -> Glyph | None:
    if not strip.display:
        whole = _standing(mask, strip.height, 0.3)
        return None if whole is None else Glyph(whole, _piece(mask, whole), light, lit(_piece(mask, whole)))
    if light:  # no display shows light segments by daylight
        return None
    whole = _segmented(mask, strip.height)
    return None if whole is None else Glyph(whole, _piece(mask, whole), light, lit(_piece(mask, whole)))


def _segmented(mask: Image.Image, height: float) -> Mark | None:
    """The box around all segments of a cell; the point between two digits belongs to neither."""
    wide, high = mask.size
    parts = [
        mark
        for mark in finding.spots(mask)
        if max(mark.width, mark.height) >= 0.22 * height and mark.left > 0 and mark.right < wide and mark.top > 0 and mark.bottom < high
    ]
    if not parts:
        return None
    left, top = min(mark.left for mark in parts), min(mark.top for mark in parts)
    right, bottom = max(mark.right for mark in parts), max(mark.bottom for mark in parts)
    above = mask.crop((left, top, right, round(top + 0.8 * (bottom - top)))).getbbox()
    if above and above[2] - above[0] > 0.75 * (right - left):  # what stands out at the foot only is the point, grown into the digit
        left, right = left + above[0], left + above[2]
    whole = Mark(left, top, right, bottom, sum(mark.area for mark in parts))
    fits = (
        0.8 * height <= whole.height <= 1.15 * height
        and whole.width < 0.85 * whole.height
        and whole.area < 0.8 * whole.width * whole.height
    )
    return whole if fits or (whole.width < 0.3 * whole.height and 0.75 * height <= whole.height <= 1.15 * height) else None


def _standing(mask: Image.Image, height: float, beside: float) -> Mark | None:
    """The one spot that stands free in the middle of its cell, tall enough for a digit."""
    wide, high = mask.size
    fitting = []
    for mark in finding.spots(mask):
        free = mark.left > 0 and mark.right < wide and mark.top > 0 and mark.bottom < high
        shaped = 0.36 * height <= mark.height <= 1.15 * height and 0.08 <= mark.width / mark.height <= 0.95
        fill = mark.area / (mark.width * mark.height)
        inked = 0.12 < fill < (0.97 if mark.width < 0.45 * mark.height else 0.72)  # fuller ones are the drum, not its digit
        if free and shaped and inked and abs(mark.x - wide / 2) < beside * wide:
            fitting.append(mark)
    return max(fitting, key=lambda mark: mark.area, default=None)


def _piece(mask: Image.Image, box: Mark) -> Image.Image:
    return mask.crop((box.left, box.top, box.right, box.bottom))


def lit(piece: Image.Image) -> str:
    """Which of seven segments are lit: a at the top, then clockwise, g in the middle. Empty where it is not clear."""
    wide, high = piece.size
    if wide < 0.3 * high:
        return "1"
    if any(max(_lines(piece, (0.42, low, 0.58, high), across=True)) > 150 for low, high in ((0.24, 0.34), (0.66, 0.76))):
        return ""  # something stands where no segment is
    return SEGMENTS.get("".join(name for name in sorted(PLACES) if max(_lines(piece, PLACES[name], across=name in "adg")) > 140), "")


def _lines(piece: Image.Image, box: tuple[float, float, float, float], *, across: bool) -> bytes:
    """How full the lines of a part of a picture are, along the segment that would lie there."""
    left, top = round(box[0] * piece.width), round(box[1] * piece.height)
    right, bottom = max(round(box[2] * piece.width), left + 1), max(round(box[3] * piece.height), top + 1)
    part = piece.crop((left, top, right, bottom))
    return part.resize((1, part.height) if across else (part.width, 1), Image.Resampling.BOX).tobytes()


def _agree(strip: Strip, inside: range) -> None:
    """Leave only digits of the size and polarity that most of the counter has; red drums may be the other way round."""
    first = [strip.glyphs[cell][0] for cell in inside if strip.glyphs[cell]]
    if not first:
        return
    tall = sorted(glyph.box.height for glyph in first)[len(first) // 2]
    light = sum(glyph.light for glyph in first) * 2 > len(first)
    for cell, glyphs in enumerate(strip.glyphs):
        same = [glyph for glyph in glyphs if 0.8 * tall <= glyph.box.height <= 1.22 * tall]
        strip.glyphs[cell] = [glyph for glyph in same if glyph.light == light] or (same if strip.red[cell] else [])


def holes(glyph: Glyph) -> int:
    """How many parts of the ground the digit encloses: none in a 5, one in a 6, two in an 8."""
    ground = ImageOps.expand(ImageOps.invert(glyph.mask), 1, 255)
    least = 0.008 * glyph.mask.width * glyph.mask.height
    return sum(mark.area >= least for mark in finding.spots(ground)) - 1


def shown(glyph: Glyph, *, flipped: bool = False) -> Image.Image:
    """The digit as Tesseract gets it: black on white, soft at the edges, with white around."""
    piece = glyph.mask.rotate(180) if flipped else glyph.mask
    piece = piece.resize((max(4, round(piece.width * TALL / piece.height)), TALL), Image.Resampling.BICUBIC)
    page = Image.new("L", (max(piece.width, 24) + 2 * MARGIN, TALL + 2 * MARGIN), 0)
    page.paste(piece, ((page.width - piece.width) // 2, MARGIN))
    return ImageOps.invert(page.filter(ImageFilter.GaussianBlur(1)))


def line(pages: list[Image.Image]) -> Image.Image:
    """Digits side by side on one page."""
    near = MARGIN - 5
    whole = Image.new("L", (sum(page.width - 2 * near for page in pages) + 2 * near, TALL + 2 * MARGIN), 255)
    left = near
    for page in pages:
        piece = page.crop((near, 0, page.width - near, page.height))
        whole.paste(piece, (left, 0))
        left += piece.width
    return whole
