"""The process behind `covering`: a picture comes in, rectangles or another picture go out. It sets its own limits before it reads."""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageOps

from buergerdraht.cases import faces, plates
from buergerdraht.cases.faces import Box

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_PIXELS = 60_000_000
LOOKED_AT = 2400  # pixels of the longer side when looking
SHOWN = 2560  # and of what is made
MEMORY = 3 * 1024**3  # of addresses; much of it is never touched
SECONDS = 90  # of both processors
CELLS = 3  # a covered place keeps so many colours each way
SAME = 0.5  # of the smaller of two boxes: then they are one
QUALITY = 85


def main(words: Sequence[str]) -> int:
    """Do what covering asks. Answers 3 for what is no picture or too large."""
    _limit()
    try:
        picture = opened(sys.stdin.buffer.read(), LOOKED_AT if words[0] == "find" else SHOWN)
    except Exception:  # Pillow raises many kinds for what is broken
        return 3
    answer = json.dumps(_found(picture)).encode() if words[0] == "find" else _covered(picture, json.loads(words[1]))
    sys.stdout.buffer.write(answer)
    return 0


def _limit() -> None:
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(what, (most, most))


def opened(data: bytes, side: int) -> Image.Image:
    """Decode within bounds, upright, on white where it was transparent: what lies behind may be a face too."""
    Image.MAX_IMAGE_PIXELS = None  # ours is stricter
    photo = Image.open(io.BytesIO(data), formats=FORMATS)
    if photo.width * photo.height > MOST_PIXELS:
        raise ValueError("pixels")
    photo.draft("RGB", (side, side))
    picture: Image.Image = ImageOps.exif_transpose(photo)
    if "A" in picture.mode or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        picture = Image.new("RGB", clear.size, "white")
        picture.paste(clear, (0, 0), clear)
    picture = picture.convert("RGB")
    picture.thumbnail((side, side))
    return picture


# ── Looking ───────────────────────────────────────────────────────────────


def _found(picture: Image.Image) -> dict[str, list[Box]]:
    cv2.setNumThreads(2)
    pixels = np.asarray(picture, np.uint8)
    return {"faces": merged(faces.find(pixels)), "plates": merged(plates.find(pixels))}


def merged(boxes: Sequence[Box]) -> list[Box]:
    """Keep to the picture, and make one of what lies over each other; largest first."""
    waiting = sorted((each for each in map(_within, boxes) if each), key=lambda box: -box[2] * box[3])
    apart: list[Box] = []
    for box in waiting:
        if all(_common(box, other) < SAME for other in apart):
            apart.append(box)
            continue
        at = next(at for at, other in enumerate(apart) if _common(box, other) >= SAME)
        apart[at] = _around(box, apart[at])
    return apart


def _within(box: Box) -> Box | None:
    left, top = max(0.0, box[0]), max(0.0, box[1])
    right, bottom = min(1.0, box[0] + box[2]), min(1.0, box[1] + box[3])
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _common(one: Box, other: Box) -> float:
    """How much of the smaller box lies in the other."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high) / min(one[2] * one[3], other[2] * other[3])


def _around(one: Box, other: Box) -> Box:
    left, top = min(one[0], other[0]), min(one[1], other[1])
    right, bottom = max(one[0] + one[2], other[0] + other[2]), max(one[1] + one[3], other[1] + other[3])
    return left, top, right - left, bottom - top


# ── Covering ──────────────────────────────────────────────────────────────


def _covered(picture: Image.Image, covers: Sequence[Sequence[float]]) -> bytes:
    for left, top, width, height in covers:
        frame = _pixels(picture, (left, top, width, height))
        if frame is None:
            continue
        place = picture.crop(frame)
        few = place.resize((min(CELLS, place.width), min(CELLS, place.height)), Image.Resampling.BOX)  # each the mean of its part
        picture.paste(few.resize(place.size, Image.Resampling.BICUBIC), frame)
    picture.info = {}
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, exif=b"")
    return out.getvalue()


def _pixels(picture: Image.Image, box: Box) -> tuple[int, int, int, int] | None:
    """The frame in whole pixels, outwards."""
    inside = _within(box)
    if inside is None:
        return None
    left, top, width, height = inside
    right, bottom = int(np.ceil((left + width) * picture.width)), int(np.ceil((top + height) * picture.height))
    return int(left * picture.width), int(top * picture.height), min(right, picture.width), min(bottom, picture.height)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
