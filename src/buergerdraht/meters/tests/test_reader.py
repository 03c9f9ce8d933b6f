"""Photos that this project draws are read right, or not at all."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from buergerdraht.meters import reader, tesseract

pytestmark = pytest.mark.skipif(not tesseract.installed(), reason="tesseract is not here")


def _pictures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("meter_pictures", Path(__file__).with_name("pictures.py"))
    assert spec
    assert spec.loader
    module = sys.modules["meter_pictures"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pictures = _pictures()


@pytest.mark.slow
def test_reads_most_and_never_says_a_wrong_number() -> None:
    right, wrong = 0, []
    shots = list(pictures.gallery(32, seed=11, severities=("clean", "light")))
    for shot in shots:
        found = reader.read(shot.image, digits=shot.digits, decimals=shot.decimals)
        if found is None or found.doubts:
            continue  # then it is typed
        if found.value == shot.value:
            right += 1
        else:
            wrong.append((shot.wish, shot.text, found.text))
    assert not wrong
    assert right >= len(shots) // 2


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + b"x" * 100])
def test_what_is_no_picture_is_not_read(data: bytes) -> None:
    assert reader.read(data, digits=5, decimals=1) is None
