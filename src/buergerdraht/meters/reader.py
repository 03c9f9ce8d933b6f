"""Read the counter in a photo, on this machine. Rather nothing than a wrong number: what several looks do not agree on is not said."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from PIL import Image, ImageOps

from buergerdraht.meters import finding, glyphs, tesseract
from buergerdraht.meters.finding import Row
from buergerdraht.meters.glyphs import Strip

LARGEST = 20 * 1024 * 1024
MOST_PIXELS = 60_000_000  # decoding more could exhaust memory
SIDE = 1600  # pixels of the longer side: more brings nothing but time
FEWEST, MOST = 4, 10  # digits of a counter of which nothing is known
SURE = 60.0  # what a single look must reach to count
DENIED = 35.0  # and what is enough to deny another
ONE_WAY = frozenset("23457")  # drawn upside down these are no digits
ONE_WAY_SEGMENTS = frozenset("347")
NOTHING = " "  # no digit stands in this cell
LOOKS = 3
ROWS = 3  # are tried before it is given up
HOLES = {"0": {1}, "4": {0, 1}, "6": {1}, "8": {2}, "9": {1}}  # no others enclose anything
Votes = dict[int, list[tuple[str, float]]]  # by cell: a digit, and how sure
FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands on a counter. A place in `doubts` (counted without the comma) is "?" and counts as 0: only decimals may be."""

    text: str
    value: Decimal
    confidence: float
    doubts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of the counter beforehand."""

    digits: int | None
    decimals: int

    @property
    def cells(self) -> int | None:
        return None if self.digits is None else self.digits + self.decimals


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at one row: a digit or "?" per cell, how sure, and which cells are red."""

    digits: str
    sure: tuple[float, ...]
    red: tuple[bool, ...]
    display: bool


def read(image: bytes, *, digits: int | None, decimals: int) -> Reading | None:
    """Read a photo of a counter with so many places before and after the comma; None where it cannot be read for certain."""
    picture = _opened(image)
    if picture is None:
        return None
    expected = Expected(digits, decimals)
    try:
        for turned in (False, True):
            for row in finding.rows(picture, cells=expected.cells, turned=turned)[:ROWS]:
                if reading := _row(picture, row, expected):
                    return reading
    except tesseract.Missing:
        return None
    return None


def _opened(image: bytes) -> Image.Image | None:
    """Decode within bounds; None for what is no photo."""
    if not image or len(image) > LARGEST:
        return None
    try:
        photo = Image.open(io.BytesIO(image), formats=FORMATS)
        if photo.width * photo.height > MOST_PIXELS or min(photo.size) < 60:
            return None
        photo.draft("RGB", (SIDE, SIDE))
        picture: Image.Image = ImageOps.exif_transpose(photo)
        picture.thumbnail((SIDE, SIDE))
        return picture.convert("RGB")
    except Exception:  # Pillow raises many kinds for what is broken
        return None


def _row(picture: Image.Image, row: Row, expected: Expected) -> Reading | None:
    """Read one row as it lies; upside down only where that leaves a doubt."""
    missing = max(0, (expected.cells or row.cells) - row.cells)
    strip = glyphs.cut(picture, row, spare=min(3, missing + 1))
    seen = _look(strip, flipped=False)
    upright = _settled(seen, expected)
    if upright and _one_way(upright, seen):
        return upright
    seen = _look(strip, flipped=True)
    flipped = _settled(seen, expected)
    if flipped and _one_way(flipped, seen) and not upright:
        return flipped
    if upright is None and flipped is None:
        return None
    way = _way_of_letters(picture.transpose(Image.Transpose.ROTATE_90) if row.turned else picture)
    return flipped if way < 0 else upright if way > 0 or not row.turned else None


def _one_way(reading: Reading, seen: Seen) -> bool:
    """Whether it could not have been read upside down: red drums stand at the end, and a 4 has no other way round."""
    return any(seen.red) or any(digit in (ONE_WAY_SEGMENTS if seen.display else ONE_WAY) for digit in reading.text)


def _way_of_letters(picture: Image.Image) -> int:
    """Which way up the rest of what is printed can be read: 1 as it is, -1 upside down, 0 where nothing tells."""
    page = ImageOps.autocontrast(picture.convert("L"))
    page.thumbnail((1200, 1200))
    upright, flipped = (_legible(words) for words in tesseract.read([page, page.rotate(180)], tesseract.SPARSE, digits_only=False))
    return (upright > 2 * flipped + 150) - (flipped > 2 * upright + 150)


def _legible(words: list[tesseract.Word]) -> float:
    return sum(word.sure * len(word.text) / 3 for word in words if word.sure > SURE and sum(map(str.isalnum, word.text)) >= 3)


# ── Looking ───────────────────────────────────────────────────────────────


def _look(strip: Strip, *, flipped: bool) -> Seen:
    """Read the strip as it lies or upside down: every digit alone at each threshold, and all of them as one line."""
    order = range(strip.cells)[::-1] if flipped else range(strip.cells)
    votes: Votes = defaultdict(list)
    if strip.display:
        _read_segments(strip, votes, flipped=flipped)
    else:
        _read_drums(strip, votes, flipped=flipped)
    judged = [_agreed(votes[cell]) if strip.glyphs[cell] else (NOTHING, 0.0) for cell in order]
    digits = [_plausible(digit, strip, cell) for (digit, _), cell in zip(judged, order, strict=True)]
    return Seen("".join(digits), tuple(sure for _, sure in judged), tuple(strip.red[cell] for cell in order), strip.display)


def _plausible(digit: str, strip: Strip, cell: int) -> str:
    """Take back a digit whose shape is another's, or whose drum stands between two."""
    if digit in (NOTHING, "?"):
        return digit
    shaped = strip.display or any(glyphs.holes(glyph) in HOLES.get(digit, {0}) for glyph in strip.glyphs[cell][:LOOKS])
    return digit if shaped and not strip.rolls(cell) else "?"


def _read_drums(strip: Strip, votes: Votes, *, flipped: bool) -> None:
    inked = [cell for cell, found in enumerate(strip.glyphs) if found]
    owners = [(cell, glyph) for cell in inked for glyph in strip.glyphs[cell][:LOOKS]]
    pages = [glyphs.shown(glyph, flipped=flipped) for _, glyph in owners]
    for (cell, _), words in zip(owners, tesseract.read(pages, tesseract.SINGLE), strict=True):
        if len(words) == 1 and len(words[0].text) == 1:
            votes[cell].append((words[0].text, words[0].sure))
    # The whole row at once: a second opinion, by a way of reading of its own.
    order = inked[::-1] if flipped else inked
    lines = [glyphs.line([glyphs.shown(strip.glyphs[cell][look], flipped=flipped) for cell in order]) for look in (0, -1)] if order else []
    for words in tesseract.read(lines, tesseract.LINE):
        text = "".join(word.text for word in words)
        if len(text) == len(order):
            for cell, digit in zip(order, text, strict=True):
                votes[cell].append((digit, min(word.sure for word in words)))


def _read_segments(strip: Strip, votes: Votes, *, flipped: bool) -> None:
    """What the lit segments of a display say, which Tesseract has not learned; each threshold is a look."""
    for cell, found in enumerate(strip.glyphs):
        said = [glyphs.lit(glyph.mask.rotate(180)) if flipped else glyph.segments for glyph in found[:LOOKS]]
        digits = set(said) - {""}
        votes[cell] = [(digit, 95.0) for digit in said if digit] if len(digits) == 1 else []


def _agreed(votes: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """The digit that two looks say and none denies with conviction; else "?"."""
    by_digit: dict[str, list[float]] = defaultdict(list)
    for digit, sure in votes:
        by_digit[digit].append(sure)
    ranked = sorted(by_digit.items(), key=lambda each: -sum(each[1]))
    if not ranked:
        return "?", 0.0
    digit, said = ranked[0]
    against = max((max(each) for _, each in ranked[1:]), default=0.0)
    good = [each for each in said if each >= SURE]
    if len(good) < 2 or against >= DENIED:
        return "?", 0.0
    return digit, sum(said) / len(votes)


# ── Deciding ──────────────────────────────────────────────────────────────


def _settled(seen: Seen, expected: Expected) -> Reading | None:
    """Lay the expected places over what was seen; None where they do not fit in exactly one way."""
    inked = [at for at, digit in enumerate(seen.digits) if digit != NOTHING]
    if len(inked) < FEWEST - 1:
        return None
    first, end = inked[0], inked[-1] + 1
    reds = [at for at in range(first, min(end + 2, len(seen.red))) if seen.red[at]]
    if expected.digits is None:
        return _unknown(seen, (first, max(end, reds[-1] + 1) if reds else end), reds, expected)
    if reds:  # they say where the comma is
        start = reds[0] - expected.digits
        fits = first == start and (end <= reds[0] + expected.decimals or expected.decimals == 0)
    else:
        start = first
        fits = end - first == expected.digits + expected.decimals
    return _reading(seen, start, expected.digits, expected.decimals) if fits else None


def _unknown(seen: Seen, span: tuple[int, int], reds: list[int], expected: Expected) -> Reading | None:
    """Without knowing the meter: red drums are the decimals, a display has as many as are usual."""
    first, end = span
    if not reds and expected.decimals and not seen.display:
        return None
    decimals = end - reds[0] if reds else expected.decimals
    return _reading(seen, first, end - first - decimals, decimals) if FEWEST <= end - first - decimals <= MOST else None


def _reading(seen: Seen, first: int, digits: int, decimals: int) -> Reading | None:
    """Say it with a comma; None where a place before the comma is in doubt."""
    text = seen.digits[first : first + digits + decimals].replace(NOTHING, "?").ljust(digits + decimals, "?")
    whole, rest = text[:digits], text[digits:]
    if "?" in whole:
        return None
    rest = rest[: rest.index("?")] + "?" * (decimals - rest.index("?")) if "?" in rest else rest  # behind a doubt nothing counts
    shown = f"{whole},{rest}" if decimals else whole
    sure = [each for each in seen.sure[first : first + digits + decimals] if each]
    doubts = tuple(digits + at for at, digit in enumerate(rest) if digit == "?")
    return Reading(shown, Decimal(shown.replace("?", "0").replace(",", ".")), round(sum(sure) / len(sure) / 100, 3), doubts)
