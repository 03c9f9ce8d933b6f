"""Find number plates: dark letters of one height in a row on a light ground, and what OpenCV's cascade takes for a plate.

Only `covering` calls this, in a process of its own. A row of letters on a sign is found too: better covered than read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from buergerdraht.cases.faces import Box, Picture

Grey = npt.NDArray[np.uint8]
Spots = npt.NDArray[np.float64]  # rows of middle x, middle y, width, height, filled share of the frame

SIDES = (2400, 1600, 1000, 600)  # longest side of each look: letters of 7 to 40 pixels in one of them are enough
LOWEST, HIGHEST = 7, 40  # pixels of a letter
MOST_SPOTS = 6000  # a picture of nothing but specks is not worth more time
FEWEST, MOST = 4, 11  # letters of a row
SOLID = 0.82  # of its frame
BARS = 0.5  # of a row may be solid like I and 1; more is a row of window panes
FEWEST_ON_STRIP = 2  # where the blue strip stands at the left
CONTRAST = 35.0  # of 255, between letters and ground
UNEVEN = 0.55  # of the contrast: how much the ground itself may vary
FLAT = 0.14  # of a letter's height: how far a letter may be off the line
CROWDED = 0.15  # of the strip above and below the letters
CLOSE = 0.6  # of a letter's height: letters stand closer than windows
STEEP = 0.5  # rise to run
CASCADE = "haarcascade_russian_plate_number.xml"  # one row, dark on light, as ours
CASCADE_SIDE = 1600
CASCADE_NEIGHBOURS = 4
BOARD_SIDE = 2000  # where small plates are looked for whose letters run together
BOARDS = (30, 260)  # their width in pixels then
BOARD_FLATNESS = (2.2, 7.5)  # width to height
BOARD_FULL = 0.62  # of its frame, letters not counted
STROKES = 5  # edges of letters along its middle


@dataclass(frozen=True, slots=True)
class Row:
    """A row of letters in pixels of one look: its frame, and the height of a letter."""

    left: float
    top: float
    right: float
    bottom: float
    letter: float


def find(picture: Picture) -> list[Box]:
    """Look at the picture in several sizes; boxes may overlap."""
    found: list[Box] = []
    for look in _looks(picture):
        found += [_grown(row, look) for row in _rows(look)]
    return found + _boards(picture) + _by_cascade(picture)


def _looks(picture: Picture) -> Iterator[Picture]:
    longest = max(picture.shape[:2])
    seen: set[int] = set()
    for side in SIDES:
        size = min(side, longest * 2)
        if size not in seen:
            seen.add(size)
            scale = size / longest
            high, wide = (max(1, round(each * scale)) for each in picture.shape[:2])
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            yield np.asarray(cv2.resize(picture, (wide, high), interpolation=how), np.uint8)


def _rows(look: Picture) -> list[Row]:
    grey = np.asarray(cv2.cvtColor(look, cv2.COLOR_RGB2GRAY), np.uint8)
    rows = []
    for block, offset in ((25, 12), (61, 18)):
        ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, offset)
        spots = _spots(ink)
        for chain in _chains(spots):
            if row := _judged(spots[chain], grey, np.asarray(ink, np.uint8), look):
                rows.append(row)
    return rows


def _spots(ink: Any) -> Spots:
    """The dark spots that may be letters, from left to right."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high, area = (stats[:, at].astype(float) for at in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    full = area / (wide * high)
    fits = (high >= LOWEST) & (high <= HIGHEST) & (wide >= 0.1 * high) & (wide <= 1.25 * high) & (full > 0.18) & (full < 0.97)
    fits &= (full < SOLID) | (wide < 0.4 * high)  # no letter but I and 1 fills its frame; windows and stones do
    fits[0] = False  # the ground
    x = stats[:, cv2.CC_STAT_LEFT] + wide / 2
    y = stats[:, cv2.CC_STAT_TOP] + high / 2
    spots = np.stack([x, y, wide, high, full], axis=1)[fits]
    return np.asarray(spots[np.argsort(spots[:, 0])][:MOST_SPOTS], np.float64)


def _chains(spots: Spots) -> Iterator[list[int]]:
    """Follow each letter to its nearest neighbour at the right of about its height; a row is what hangs together."""
    after: dict[int, int] = {}
    lefts = spots[:, 0]
    for at, (x, y, wide, high, _) in enumerate(spots):
        end = int(np.searchsorted(lefts, x + wide / 2 + 2.6 * high))
        near = spots[at + 1 : end]
        gap = near[:, 0] - near[:, 2] / 2 - x - wide / 2
        like = (np.abs(near[:, 3] - high) < 0.22 * high + 1) & (gap > -0.2 * high) & (gap < 1.9 * high)
        like &= np.abs(near[:, 1] - y) < 0.15 * high + 1 + STEEP * (near[:, 0] - x)
        if like.any():
            after[at] = at + 1 + int(np.argmin(np.where(like, gap + np.abs(near[:, 1] - y), np.inf)))
    starts = set(after) - set(after.values())
    for start in sorted(starts):
        chain = [start]
        while chain[-1] in after and len(chain) <= 3 * MOST:
            chain.append(after[chain[-1]])
        yield chain


def _judged(letters: Spots, grey: Grey, ink: Grey, look: Picture) -> Row | None:
    """Take a chain for a plate's letters where they stand on one line, on an even and lighter ground."""
    if not FEWEST_ON_STRIP <= len(letters) <= MOST:
        return None
    x, y, wide, high, full = letters.T
    letter = float(np.median(high))
    slope, start = np.polyfit(x, y, 1)
    gaps = x[1:] - x[:-1] - (wide[1:] + wide[:-1]) / 2
    if np.median(gaps) > CLOSE * letter or (full > SOLID).mean() > BARS:
        return None
    if abs(slope) > STEEP or np.abs(y - slope * x - start).max() > FLAT * letter + 0.8:
        return None
    left, top = float((x - wide / 2).min()), float((y - high / 2).min())
    row = Row(left, top, float((x + wide / 2).max()), float((y + high / 2).max()), letter)
    if len(letters) < FEWEST and not (_strip(row, look) or _strip(row, look, above=True)):
        return None
    return row if _stands_clear(letters, ink) and _on_light_ground(row, grey, ink) else None


def _stands_clear(letters: Spots, ink: Grey) -> bool:
    """Whether hardly anything is right above and below the letters; in grass and leaves something is."""
    inked = []
    for x, y, wide, high, _ in letters:
        left, right = max(0, round(x - wide / 2)), round(x + wide / 2) + 1
        thick = max(1, round(0.15 * high))
        top, bottom = round(y - high / 2) - 1, round(y + high / 2) + 1
        inked += [ink[max(0, top - thick) : max(0, top), left:right], ink[bottom : bottom + thick, left:right]]
    shares = [float((each > 0).mean()) for each in inked if each.size]
    return bool(shares) and sum(shares) / len(shares) < CROWDED


def _on_light_ground(row: Row, grey: Grey, ink: Grey) -> bool:
    left, top, right, bottom = (round(each) for each in (row.left, row.top, row.right, row.bottom))
    part, dark = grey[top:bottom, left:right].astype(float), ink[top:bottom, left:right] > 0
    if not dark.any() or dark.all():
        return False
    clear = cv2.erode((~dark).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    ground = part[clear] if clear.sum() > 8 else part[~dark]
    contrast = float(ground.mean() - part[dark].mean())
    return contrast > CONTRAST and float(ground.std()) < UNEVEN * contrast


def _strip(row: Row, look: Picture, *, above: bool = False) -> bool:
    """Whether blue stands at the left of the letters, as on plates of the European Union; over a lower row it stands higher."""
    letter = row.letter
    left, right = max(0, round(row.left - 3 * letter)), max(1, round(row.left + (0.8 if above else -0.1) * letter))
    top, bottom = (row.top - 1.6 * letter, row.top - 0.2 * letter) if above else (row.top, row.bottom)
    part = look[max(0, round(top)) : max(1, round(bottom)), left:right].astype(float)
    if part.size == 0:
        return False
    blue = (part[..., 2] > part[..., 0] + 35) & (part[..., 2] > part[..., 1] + 20)
    return bool(0.06 < blue.mean() < 0.9)


def _grown(row: Row, look: Picture) -> Box:
    """The whole plate around its letters, with its strip, as shares of the picture."""
    high, wide = look.shape[:2]
    left, right = row.left - 2.1 * row.letter, row.right + 1.2 * row.letter
    top, bottom = row.top - 0.7 * row.letter, row.bottom + 0.7 * row.letter
    if row.right - row.left < 4.2 * row.letter or _strip(row, look, above=True):  # the lower or the upper row of two
        top, bottom = top - 1.5 * row.letter, bottom + 0.6 * row.letter
    return left / wide, top / high, (right - left) / wide, (bottom - top) / high


def _boards(picture: Picture) -> list[Box]:
    """Light oblongs with strokes across them: plates too small, too blurred or too dirty for single letters."""
    scale = BOARD_SIDE / max(picture.shape[:2])
    if scale > 2:
        return []
    wide, high = (max(1, round(each * scale)) for each in picture.shape[1::-1])
    grey = np.asarray(cv2.cvtColor(cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY), np.uint8)
    light = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 151, -14)
    outlines, _ = cv2.findContours(light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline in outlines:
        left, top, width, height = cv2.boundingRect(outline)
        if BOARDS[0] <= width <= BOARDS[1] and height >= LOWEST and _is_board(outline, grey[top : top + height, left : left + width]):
            found.append(((left - 0.2 * width) / wide, (top - 0.25 * height) / high, 1.3 * width / wide, 1.5 * height / high))
    return found


def _is_board(outline: Any, part: Grey) -> bool:
    (_, _), sides, _ = cv2.minAreaRect(outline)
    short, long = sorted(sides)
    if short < 5 or not BOARD_FLATNESS[0] <= long / short <= BOARD_FLATNESS[1] or cv2.contourArea(outline) < BOARD_FULL * short * long:
        return False
    middle = part[round(0.35 * len(part)) : max(round(0.65 * len(part)), round(0.35 * len(part)) + 1)].astype(float).mean(axis=0)
    swing = float(np.percentile(middle, 90) - np.percentile(middle, 10))
    inked = middle < np.percentile(middle, 90) - 0.4 * swing
    return swing > CONTRAST and int(np.abs(np.diff(inked.astype(int))).sum()) >= STROKES


def _by_cascade(picture: Picture) -> list[Box]:
    scale = min(1.0, CASCADE_SIDE / max(picture.shape[:2]))
    high, wide = (max(1, round(each * scale)) for each in picture.shape[:2])
    grey = cv2.cvtColor(cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
    boxes = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=CASCADE_NEIGHBOURS, minSize=(40, 13))
    return [((x - 0.1 * w) / wide, (y - 0.2 * h) / high, 1.2 * w / wide, 1.4 * h / high) for x, y, w, h in boxes]
