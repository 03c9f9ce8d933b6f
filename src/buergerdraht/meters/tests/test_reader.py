"""Photos that this project draws are read right, or not at all."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from PIL import Image

from buergerdraht.meters import reader, tesseract
from buergerdraht.meters.reader import Reading
from buergerdraht.meters.tests.pictures import Shot, Wish, draw, gallery

needs_tesseract = pytest.mark.skipif(not tesseract.installed(), reason="tesseract is not here")
FLOORS = {"clean": 15, "light": 15, "hard": 8}  # of 20: measured 18, 18 and 12 over several seeds, less what other fonts and luck cost


def fits(found: Reading, shot: Shot) -> bool:
    text = found.text.replace(",", "")
    return len(text) == len(shot.text) and all(one in (other, "?") for one, other in zip(text, shot.text, strict=True))


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize("severity", FLOORS)
def test_reads_most_photos_and_says_no_wrong_number(severity: str) -> None:
    right, wrong = 0, []
    for shot in gallery(20, seed=11, severities=(severity,)):
        found = reader.read(shot.image, digits=shot.digits, decimals=shot.decimals)
        if found is None:
            continue
        right += fits(found, shot)
        if not fits(found, shot):
            wrong.append((shot.wish, shot.text, found))
    assert not wrong
    assert right >= FLOORS[severity]


@needs_tesseract
@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_photo_that_lies_on_its_side_or_head_is_read_all_the_same(turn: int) -> None:
    shot = draw(Wish("drum-dark", "clean", 5, turn))
    found = reader.read(shot.image, digits=shot.digits, decimals=shot.decimals)
    assert found is not None
    assert found.value == shot.value


@needs_tesseract
def test_a_last_drum_between_two_digits_is_a_doubt_and_no_digit() -> None:
    shots = [draw(Wish("drum-boxes", "clean", seed, rolling=True)) for seed in range(4)]
    found = [reader.read(shot.image, digits=shot.digits, decimals=shot.decimals) for shot in shots]
    doubtful = [(each, shot) for each, shot in zip(found, shots, strict=True) if each and each.doubts]
    assert doubtful
    for each, shot in doubtful:
        assert each.doubts[-1] == len(shot.text) - 1
        assert each.text.endswith("?")
        assert shot.value - Decimal(10) ** (1 - shot.decimals) <= each.value <= shot.value


@needs_tesseract
def test_a_meter_with_other_digits_than_the_photo_is_not_read() -> None:
    shot = draw(Wish("drum-dark", "clean", 5))
    assert reader.read(shot.image, digits=shot.digits + 1, decimals=shot.decimals) is None
    assert reader.read(shot.image, digits=shot.digits - 1, decimals=shot.decimals) is None


@needs_tesseract
def test_red_drums_count_as_nothing_where_only_whole_units_are_wanted() -> None:
    shot = draw(Wish("drum-boxes", "clean", 3))
    found = reader.read(shot.image, digits=shot.digits, decimals=0)
    assert found is not None
    assert found.value == int(shot.value)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + b"x" * 100])
def test_what_is_no_picture_is_not_read(data: bytes) -> None:
    assert reader.read(data, digits=5, decimals=1) is None


@needs_tesseract
def test_a_photo_without_a_counter_is_not_read() -> None:
    out = io.BytesIO()
    Image.effect_noise((640, 480), 60).save(out, "JPEG")
    assert reader.read(out.getvalue(), digits=5, decimals=3) is None


def test_without_tesseract_everything_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    shot = draw(Wish("drum-dark", "clean", 5))
    assert reader.read(shot.image, digits=shot.digits, decimals=shot.decimals) is None
