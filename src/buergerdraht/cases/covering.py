"""Find the faces and number plates in a photo, and make the photo that may be shown: what is covered cannot be brought back.

No file is trusted: the work is done by `coverer` in a process of its own, which has no secrets, little memory and little time.
How well it finds, and on what pictures that was tried, stands in docs/handbook/anliegen.md and docs/development/speed.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

LARGEST = 30 * 1024 * 1024
PATIENCE = 60.0  # seconds by the clock
MOST_COVERS = 200

Cover = tuple[float, float, float, float]  # left, top, width, height as shares of the upright picture, as Photo.covers


class Unreadable(Exception):
    """This is no picture, or too much of one, or the time was up: nothing may be shown of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What ought to be covered, within the picture. Rather too much: letters on signs are taken for plates."""

    faces: list[Cover]
    plates: list[Cover]

    @property
    def covers(self) -> list[list[float]]:
        return [list(cover) for cover in [*self.faces, *self.plates][:MOST_COVERS]]


def find(data: bytes) -> Found:
    """Look for faces and plates. Raises Unreadable."""
    answer = json.loads(_run(data, "find"))
    return Found([_cover(each) for each in answer["faces"]], [_cover(each) for each in answer["plates"]])


def cover(data: bytes, covers: Sequence[Sequence[float]]) -> bytes:
    """Return the picture as a JPEG, upright and without EXIF, each place filled with a blur of its nine mean colours.

    Raises Unreadable; ValueError where a cover is not four numbers of which width and height are above zero.
    """
    checked = [_cover(each) for each in covers]
    if len(checked) > MOST_COVERS:
        raise ValueError("covers")
    return _run(data, "cover", json.dumps(checked))


def _cover(values: Sequence[float]) -> Cover:
    left, top, width, height = (float(value) for value in values)
    if not all(-1 <= value <= 2 for value in (left, top, width, height)) or width <= 0 or height <= 0:
        raise ValueError("cover")
    return left, top, width, height


def _run(data: bytes, *words: str) -> bytes:
    """Let another process do it: what it is made to do by a hostile file ends with it."""
    if not data or len(data) > LARGEST:
        raise Unreadable
    command = [sys.executable, "-I", "-m", "buergerdraht.cases.coverer", *words]
    bare = {"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        return subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, env=bare, check=True).stdout
    except subprocess.SubprocessError as problem:
        raise Unreadable from problem
