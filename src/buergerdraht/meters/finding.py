"""Find the counter in a photo: what looks like digits, standing side by side at even distances."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from PIL import Image, ImageChops, ImageFilter, ImageOps

SIDE = 800  # pixels of the longer side in which is looked for
MOST_MARKS = 500  # of a photo full of grain only the largest are looked at
LEAST_HEIGHT, MOST_HEIGHT = 12, 220
NEAR, FAR = 22, 50  # how far the surroundings reach: for small and for large digits
LEAST_CONTRAST = 14
STEEPEST = math.tan(math.radians(18))
RUN = re.compile(rb"\xff+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A connected spot that may be a digit: its box, and how much of the box it fills."""

    left: int
    top: int
    right: int
    bottom: int
    area: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(slots=True)
class Row:
    """Marks at even distances: place on the lattice -> mark. `turned` says that the photo lies on its side."""

    marks: dict[int, Mark]
    turned: bool
    scale: float  # pixels of the photo per pixel looked at
    closed: bool = False  # seen only once gaps between segments were closed: a display
    pitch: tuple[float, float] = (0.0, 0.0)
    start: tuple[float, float] = (0.0, 0.0)
    height: float = 0.0
    score: float = field(default=0.0)

    @property
    def cells(self) -> int:
        return max(self.marks) - min(self.marks) + 1


def rows(picture: Image.Image, *, cells: int | None, turned: bool) -> list[Row]:
    """Where a counter may be, the likeliest first. `cells` is how many digits it has, where known; `turned`: it lies on its side."""
    scale = max(1.0, max(picture.size) / SIDE)
    small = picture.resize((round(picture.width / scale), round(picture.height / scale)), Image.Resampling.BOX) if scale > 1 else picture
    seen = small.transpose(Image.Transpose.ROTATE_90) if turned else small
    found: list[Row] = []
    for closed, mask in _masks(_contrast(seen)):
        found += [_fitted(Row(chain, turned, scale, closed), cells) for chain in _chains(_marks(mask))]
    return _distinct(sorted(found, key=lambda row: -row.score))


def channel(picture: Image.Image) -> Image.Image:
    """One channel in which black, white and red differ: red ink on white is dark in green and blue, white on red is light."""
    if picture.mode != "RGB":
        return picture.convert("L")
    _red, green, blue = picture.split()
    return Image.blend(green, blue, 0.35)


def _contrast(picture: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(channel(picture).filter(ImageFilter.MedianFilter(3)), cutoff=(1, 1)).filter(ImageFilter.GaussianBlur(0.7))


def _masks(plain: Image.Image) -> Iterator[tuple[bool, Image.Image]]:
    """What is lighter, and what is darker, than its surroundings; once more with gaps closed, as segments of a display have them."""
    near, far = plain.filter(ImageFilter.BoxBlur(NEAR)), plain.filter(ImageFilter.BoxBlur(FAR))
    dark, darker = _over(ImageChops.subtract(near, plain)), _over(ImageChops.subtract(far, plain))
    for mask in (_over(ImageChops.subtract(plain, near)), dark, _over(ImageChops.subtract(plain, far)), darker):
        yield False, mask
    yield True, dark.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MinFilter(5))
    yield True, darker.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(7))


def _over(ink: Image.Image) -> Image.Image:
    return ink.point([255 if value > LEAST_CONTRAST else 0 for value in range(256)])


def _marks(mask: Image.Image) -> list[Mark]:
    """The connected spots of a mask that have a digit's shape, the largest ones."""
    found = [mark for mark in spots(mask) if _digit_like(mark)]
    return sorted(found, key=lambda mark: -mark.height)[:MOST_MARKS]


def _digit_like(mark: Mark) -> bool:
    if not LEAST_HEIGHT <= mark.height <= MOST_HEIGHT or mark.width < 3:
        return False
    shape, fill = mark.width / mark.height, mark.area / (mark.width * mark.height)
    return 0.1 <= shape <= 1.0 and fill >= 0.15


def spots(mask: Image.Image) -> Iterator[Mark]:
    """Join the runs of neighbouring lines: a spot is what hangs together."""
    wide, high = mask.size
    data = mask.tobytes()
    boxes: list[list[int]] = []
    parents: list[int] = []
    above: list[tuple[int, int, int]] = []
    for line in range(high):
        below: list[tuple[int, int, int]] = []
        first = 0
        for run in RUN.finditer(data, line * wide, (line + 1) * wide):
            left, right = run.start() - line * wide, run.end() - line * wide
            while first < len(above) and above[first][1] < left:
                first += 1
            own = -1
            place = first
            while place < len(above) and above[place][0] <= right:
                own = _joined(parents, boxes, own, above[place][2])
                place += 1
            if own < 0:
                own = len(parents)
                parents.append(own)
                boxes.append([left, line, right, line + 1, 0])
            _grow(boxes[own], left, right, line)
            below.append((left, right, own))
        above = below
    return (Mark(*boxes[number]) for number, parent in enumerate(parents) if number == parent)


def _joined(parents: list[int], boxes: list[list[int]], own: int, other: int) -> int:
    while parents[other] != other:
        parents[other] = parents[parents[other]]
        other = parents[other]
    if own < 0 or own == other:
        return other
    mine, theirs = boxes[own], boxes[other]
    parents[own] = other
    theirs[0], theirs[1] = min(mine[0], theirs[0]), min(mine[1], theirs[1])
    theirs[2], theirs[3] = max(mine[2], theirs[2]), max(mine[3], theirs[3])
    theirs[4] += mine[4]
    return other


def _grow(box: list[int], left: int, right: int, line: int) -> None:
    box[0], box[2], box[3] = min(box[0], left), max(box[2], right), line + 1
    box[4] += right - left


# ── Rows ──────────────────────────────────────────────────────────────────


def _chains(marks: list[Mark]) -> Iterator[dict[int, Mark]]:
    """Follow from every two neighbours the step between them, as far as marks of the same size stand there."""
    marks = sorted(marks, key=lambda mark: mark.x)
    used: set[tuple[int, int]] = set()
    for number, mark in enumerate(marks):
        for other in marks[number + 1 :]:
            step = other.x - mark.x
            if step > 2.4 * mark.height:
                break
            if not _neighbours(mark, other) or (id(mark), id(other)) in used:
                continue
            chain = _followed(marks, mark, other)
            if len(chain) >= 3:
                places = sorted(chain)
                used.update((id(chain[one]), id(chain[two])) for one, two in pairwise(places))
                yield chain


def _neighbours(mark: Mark, other: Mark) -> bool:
    step = other.x - mark.x
    return _alike(mark.height, other.height) and step > 0.45 * mark.height and abs(other.y - mark.y) < STEEPEST * step + 3


def _alike(one: float, other: float) -> bool:
    return 0.8 <= one / other <= 1.25


def _followed(marks: list[Mark], mark: Mark, other: Mark) -> dict[int, Mark]:
    chain = {0: mark, 1: other}
    for way in (1, -1):
        end, missed = (1, 0) if way > 0 else (0, 0)
        while missed < 2 and len(chain) < 14:
            steps = end + way * (missed + 1)
            if (found := _at(marks, chain, steps)) is None:
                missed += 1
                continue
            chain[steps] = found
            end, missed = steps, 0
    return chain


def _at(marks: list[Mark], chain: dict[int, Mark], place: int) -> Mark | None:
    """The mark that stands where the lattice has this place."""
    low, high = min(chain), max(chain)
    step = ((chain[high].x - chain[low].x) / (high - low), (chain[high].y - chain[low].y) / (high - low))
    near = chain[high] if place > high else chain[low]
    base = high if place > high else low
    x, y = near.x + step[0] * (place - base), near.y + step[1] * (place - base)
    best: tuple[float, Mark] | None = None
    for mark in marks:
        if not _alike(mark.height, near.height):
            continue
        # A 1 stands where its font puts it, in a display at the right.
        away = min(abs(mark.x - x), abs(mark.right - near.right - step[0] * (place - base)))
        if away < 0.22 * step[0] and abs(mark.y - y) < 0.18 * mark.height and (best is None or away < best[0]):
            best = (away, mark)
    return best[1] if best else None


def _fitted(row: Row, cells: int | None) -> Row:
    """Lay the lattice through the marks by least squares, and say how much it looks like a counter."""
    wide = {place: mark for place, mark in row.marks.items() if mark.width > 0.34 * mark.height}  # a 1 may stand beside the middle
    chosen = wide if len(wide) >= 3 else row.marks
    places = sorted(chosen)
    marks = [chosen[place] for place in places]
    middle = sum(places) / len(places)
    spread = sum((place - middle) ** 2 for place in places)
    at = (sum(mark.x for mark in marks) / len(marks), sum(mark.y for mark in marks) / len(marks))
    row.pitch = (
        sum((place - middle) * mark.x for place, mark in zip(places, marks, strict=True)) / spread,
        sum((place - middle) * mark.y for place, mark in zip(places, marks, strict=True)) / spread,
    )
    first = min(row.marks)
    row.start = (at[0] - row.pitch[0] * (middle - first), at[1] - row.pitch[1] * (middle - first))
    row.height = sorted(mark.height for mark in marks)[len(marks) // 2]
    uneven = sum(abs(mark.height - row.height) for mark in marks) / len(marks) / row.height
    count = min(len(row.marks), cells or 8)
    gaps = row.cells - len(row.marks)
    row.score = row.height * count**1.5 * (1 - 2 * min(uneven, 0.3)) * 0.85**gaps * (0.95 if row.closed else 1)
    if sum(mark.width < 0.3 * mark.height for mark in row.marks.values()) > 0.7 * len(row.marks):  # a bar code
        row.score *= 0.3
    return row


def _distinct(found: list[Row]) -> list[Row]:
    """Leave out what is the same place once more."""
    kept: list[Row] = []
    for row in found:
        if not any(_same(row, other) for other in kept):
            kept.append(row)
        if len(kept) == 4:
            break
    return kept


def _same(row: Row, other: Row) -> bool:
    if not _alike(row.height, other.height):
        return False
    x, y = row.start[0] + row.pitch[0] * (row.cells - 1) / 2, row.start[1] + row.pitch[1] * (row.cells - 1) / 2
    left, right = other.start[0] - other.height, other.start[0] + other.pitch[0] * (other.cells - 1) + other.height
    along = other.start[1] + (x - other.start[0]) * other.pitch[1] / other.pitch[0]
    return left <= x <= right and abs(y - along) < other.height / 2 and abs(row.pitch[0] - other.pitch[0]) < 0.15 * other.pitch[0]
