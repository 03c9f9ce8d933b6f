"""Faces and number plates in photos: how many are covered, how many are missed, and how much is covered for nothing.

The streets, plates and faces are drawn (see buergerdraht/cases/tests/streets.py): clean, light (a little slanted, dirty, dull) and hard
(slanted up to 22 degrees, very dirty, dark, blurred). A street has two plates, or five faces, one of each size. A drawn face says little
of real ones: BUERGERDRAHT_FACES names a folder of faces cut out of photos of one's own, pasted instead; they are read, never kept.
Found is what is hidden to more than four fifths by the finder of its kind; for nothing is what touches none of what the street was given.
Only empty streets go the whole way, through a process of their own: that is what a picture takes. Yardstick: OpenCV's cascades alone.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.spread import spread
from benchmarks.table import Line, Options, judged, median
from buergerdraht.cases import coverer, covering, faces, plates
from buergerdraht.cases.covering import Cover
from buergerdraht.cases.tests import streets
from buergerdraht.cases.tests.streets import Scene

SEED = 2026  # not the one the finder was tuned with
HIDDEN = 0.8
LEAST = 90.0  # % of plates of 140 pixels and more, of faces of 90 and more
LEGIBLE, NEAR = 140, 90
PLATES, FACES = "Kennzeichen", "Gesichter"
PLATE_CASCADE, FACE_CASCADE = "haarcascade_russian_plate_number.xml", "haarcascade_frontalface_default.xml"
WORDS = {"clean": "gute Fotos", "light": "mäßige Fotos", "hard": "schlechte Fotos"}


Finder = Callable[[faces.Picture], list[Cover]]


@dataclass(frozen=True)
class Tried:
    """A plate or a face, and whether it was hidden, here and by the cascade alone."""

    scene: Scene
    hidden: bool
    bare: bool


@dataclass(frozen=True)
class Looked:
    """A street that was looked at for one kind of thing: each of them, and what was covered for nothing."""

    tried: list[Tried]
    spare: list[Cover]


def measure(options: Options) -> list[Line]:
    cv2.setNumThreads(1)  # the streets share the cores
    took = [_timed(scene.image) for scene in streets.empty(2 if options.quick else 5, seed=SEED)]
    cars = streets.plates(options.size(300, 4), seed=SEED, together=2)
    people = streets.faces(options.size(225, 5), seed=SEED, portraits=_portraits(), together=5)
    plated = spread(lambda street: _look(street, plates.find, PLATE_CASCADE), _by_street(cars))
    peopled = spread(lambda street: _look(street, faces.find, FACE_CASCADE), _by_street(people))
    lines = _found(plated, PLATES, LEGIBLE, streets.PLATE_WIDTHS) + _found(peopled, FACES, NEAR, streets.FACE_HEIGHTS)
    lines.append(
        judged(Line("covering", "je Bild, Mitte", median(took), "ms", note="ein Bild nach dem anderen, mit eigenem Prozess"), None)
    )
    return lines


def _found(looked: list[Looked], name: str, least: int, sizes: Sequence[int]) -> list[Line]:
    """How many of these were found: by size, by how good the photo is, all that are large enough; and what was covered for nothing."""
    tried = [each for street in looked for each in street.tried]
    large = [each for each in tried if each.scene.size >= least]
    lines = [_share(f"{name}, {size} Pixel", [each for each in tried if each.scene.size == size]) for size in sizes]
    lines += [_share(f"{name} ab {least}, {WORDS[word]}", [each for each in large if each.scene.severity == word]) for word in WORDS]
    share = _share(f"{name} ab {least} Pixeln", large, budget=f"≥ {LEAST:.0f} %")
    places = [len(street.spare) for street in looked]
    area = [100 * sum(cover[2] * cover[3] for cover in street.spare) for street in looked]
    note = f"{sum(places)} in {len(looked)} Straßen"
    lines.append(judged(share, share.figure >= LEAST))
    lines.append(judged(Line("covering", f"{name}, umsonst verdeckt, je Bild", sum(places) / len(looked), "Stellen", note=note), None))
    lines.append(judged(Line("covering", f"{name}, umsonst verdeckt, Fläche je Bild", sum(area) / len(looked), "%"), None))
    return lines


def _by_street(scenes: Iterable[Scene]) -> Iterator[list[Scene]]:
    """What stands in one street, together; drawn when it is wanted."""
    return (list(street) for _, street in groupby(scenes, key=lambda scene: scene.image))


def _look(street: list[Scene], find: Finder, cascade: str) -> Looked:
    image = street[0].image
    found = coverer.merged(find(np.asarray(coverer.opened(image, coverer.LOOKED_AT), np.uint8)))
    bare = _cascade(image, cascade)
    boxes = [scene.box for scene in street if scene.box is not None]
    tried = [Tried(scene, _hidden(box, found), _hidden(box, bare)) for scene, box in zip(street, boxes, strict=True)]
    return Looked(tried, [cover for cover in found if not any(_touch(cover, box) for box in boxes)])


def _hidden(box: Cover, covers: list[Cover]) -> bool:
    return streets.covered(box, covers) > HIDDEN


def _touch(one: Cover, other: Cover) -> bool:
    apart = one[0] >= other[0] + other[2] or other[0] >= one[0] + one[2] or one[1] >= other[1] + other[3] or other[1] >= one[1] + one[3]
    return not apart


def _timed(image: bytes) -> float:
    began = time.perf_counter()
    covering.find(image)
    return (time.perf_counter() - began) * 1000


def _cascade(image: bytes, name: str) -> list[Cover]:
    """What OpenCV's cascade alone finds, with the margins we give."""
    grey = np.asarray(Image.open(io.BytesIO(image)).convert("L"))
    high, wide = grey.shape
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / name))
    boxes = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=4)
    return [((x - 0.25 * w) / wide, (y - 0.25 * h) / high, 1.5 * w / wide, 1.5 * h / high) for x, y, w, h in boxes]


def _portraits() -> tuple[Image.Image, ...]:
    folder = os.environ.get("BUERGERDRAHT_FACES")
    return tuple(Image.open(path).convert("RGBA") for path in sorted(Path(folder).iterdir())) if folder else ()


def _share(name: str, tried: list[Tried], budget: str = "") -> Line:
    whole = max(len(tried), 1)
    hidden, bare = sum(each.hidden for each in tried), sum(each.bare for each in tried)
    note = f"{hidden} von {len(tried)}"
    return judged(Line("covering", name, 100 * hidden / whole, "%", 100 * bare / whole, budget=budget, note=note), None)
