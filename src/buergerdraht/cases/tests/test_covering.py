"""Faces and plates are covered before a photo is shown, by a process that trusts no file."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from buergerdraht.cases import coverer, covering
from buergerdraht.cases.tests import streets

PLATE_FLOOR, FACE_FLOOR = 0.9, 0.9


@pytest.fixture(scope="module")
def plate() -> streets.Scene:
    return next(scene for scene in streets.plates(5) if scene.size == 360)


def test_plates_one_can_read_are_found_and_wholly_covered() -> None:
    scenes = [scene for scene in streets.plates(30, seed=3) if scene.size >= 140]
    hit = [streets.covered(scene.box, covering.find(scene.image).plates) > 0.8 for scene in scenes]
    assert len(hit) == 18
    assert sum(hit) >= PLATE_FLOOR * len(hit)


def test_drawn_faces_of_ninety_pixels_and_more_are_found() -> None:
    scenes = [scene for scene in streets.faces(30, seed=3) if scene.size >= 90]
    hit = [streets.covered(scene.box, covering.find(scene.image).faces) > 0.8 for scene in scenes]
    assert len(hit) == 12
    assert sum(hit) >= FACE_FLOOR * len(hit)


def test_a_face_on_its_side_and_upside_down_is_found() -> None:
    scene = next(scene for scene in streets.faces(5) if scene.size == 180)
    for turn in (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270):
        assert covering.find(_jpeg(_open(scene.image).transpose(turn))).faces


def test_a_picture_of_one_colour_holds_nothing() -> None:
    assert covering.find(_jpeg(Image.new("RGB", (800, 600), "grey"))) == covering.Found([], [])


def test_what_was_covered_is_gone_from_the_pixels(plate: streets.Scene) -> None:
    """Nine colours are left of the place: its letters' edges, its details and any likeness to the original are not."""
    assert plate.box is not None
    shown = covering.cover(plate.image, [plate.box])
    before, after = (_place(_open(data), plate.box) for data in (plate.image, shown))
    assert np.abs(np.diff(before, axis=1)).max() > 100
    assert np.abs(np.diff(after, axis=1)).max() < 12
    detail = before - _soft(before)
    left = after - _soft(after)
    assert np.abs(left).mean() < 0.1 * np.abs(detail).mean()
    assert abs(np.corrcoef(detail.ravel(), left.ravel())[0, 1]) < 0.2


def test_two_plates_of_the_same_colours_look_the_same_once_covered() -> None:
    """What differs between two numbers is only their order of letters; after covering nothing tells which was which."""
    one, other = (_striped(shift) for shift in (0, 20))
    box = (0.0, 0.0, 1.0, 1.0)
    first, second = (np.asarray(_open(covering.cover(_png(each), [box])), float) for each in (one, other))
    assert np.abs(np.asarray(one, float) - np.asarray(other, float)).max() == 255
    assert np.abs(first - second).max() <= 4


def test_the_rest_of_the_picture_stays(plate: streets.Scene) -> None:
    shown = covering.cover(plate.image, [(0.0, 0.9, 0.1, 0.1)])
    before, after = (np.asarray(_open(data), float)[:800] for data in (plate.image, shown))
    assert np.abs(before - after).mean() < 4


def test_place_and_camera_are_not_in_the_shown_picture() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Kamera von Frau Muster"
    exif.get_ifd(0x8825)[2] = (51.0, 9.0, 0.0)
    data = _jpeg(Image.new("RGB", (200, 100), "red"), exif=exif, comment=b"geheim")
    assert b"Frau Muster" in data
    shown = covering.cover(data, [])
    assert b"Frau Muster" not in shown
    assert b"geheim" not in shown
    assert not _open(shown).getexif()


def test_covers_lie_on_the_picture_as_it_is_seen_upright() -> None:
    picture = Image.new("RGB", (400, 200), "white")
    picture.paste("black", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    shown = _open(covering.cover(_jpeg(picture, exif=exif), [(0.0, 0.0, 1.0, 0.1)]))
    assert shown.size == (200, 400)
    assert shown.getpixel((150, 60)) < (60, 60, 60)
    assert shown.getpixel((40, 60)) > (200, 200, 200)


def test_what_lies_behind_transparency_does_not_come_out() -> None:
    hidden = Image.new("RGBA", (200, 100), (200, 0, 0, 0))
    assert _open(covering.cover(_png(hidden), [])).getpixel((100, 50)) == (255, 255, 255)


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", b"\xff\xd8\xff\xe0" + b"\0" * 500, b"GIF89a" + b"\xff" * 100, b"%PDF-1.7", b"<svg onload='x'/>"],
    ids=["empty", "words", "torn jpeg", "torn gif", "pdf", "svg"],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(covering.Unreadable):
        covering.find(data)
    with pytest.raises(covering.Unreadable):
        covering.cover(data, [])


def test_a_torn_picture_is_refused_not_shown_in_part(plate: streets.Scene) -> None:
    with pytest.raises(covering.Unreadable):
        covering.cover(plate.image[: len(plate.image) // 2], [])


def test_a_bomb_of_pixels_is_refused_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(covering.Unreadable):
        covering.find(_bomb(30_000, 30_000))
    assert time.monotonic() - began < 10


def test_more_bytes_than_a_photo_has_are_not_even_looked_at() -> None:
    with pytest.raises(covering.Unreadable):
        covering.find(b"\xff" * (covering.LARGEST + 1))


def test_a_picture_of_nothing_but_specks_ends_in_time() -> None:
    specks = np.random.default_rng(1).integers(0, 2, (1600, 2400), np.uint8) * 255
    began = time.monotonic()
    covering.find(_png(Image.fromarray(specks)))
    assert time.monotonic() - began < 30


def test_who_takes_too_long_is_ended(plate: streets.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "PATIENCE", 0.05)
    with pytest.raises(covering.Unreadable):
        covering.find(plate.image)


def test_the_process_gives_itself_no_more_memory_and_writes_no_file(tmp_path: Path) -> None:
    greedy = "from buergerdraht.cases import coverer; coverer._limit(); bytearray(4 * 1024**3)"
    writing = f"from buergerdraht.cases import coverer; coverer._limit(); open({str(tmp_path / 'x')!r}, 'wb', 0).write(b'x')"
    for words, failure in ((greedy, b"MemoryError"), (writing, b"File too large")):
        ended = subprocess.run([sys.executable, "-c", words], capture_output=True, check=False)
        assert ended.returncode != 0
        assert failure in ended.stderr


def test_the_process_is_told_no_secret(plate: streets.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def run(*_: object, **more: object) -> subprocess.CompletedProcess[bytes]:
        seen.update(more)
        return subprocess.CompletedProcess([], 0, b'{"faces": [], "plates": []}')

    monkeypatch.setenv("BUERGERDRAHT_SECRET", "geheim")
    monkeypatch.setattr(covering.subprocess, "run", run)
    covering.find(plate.image)
    assert "geheim" not in str(seen["env"])


@pytest.mark.parametrize("cover", [(0.1, 0.1, 0, 0.2), (0.1, 0.1, 0.2, -1), (float("nan"), 0, 1, 1), (0, 0, 9, 9), (0, 0, 1)])
def test_a_cover_that_is_no_rectangle_is_refused(plate: streets.Scene, cover: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        covering.cover(plate.image, [cover])


def test_a_cover_over_the_edge_covers_what_is_inside(plate: streets.Scene) -> None:
    shown = covering.cover(plate.image, [(-0.5, -0.5, 2.0, 2.0)])
    assert np.abs(np.diff(np.asarray(_open(shown), float), axis=1)).max() < 12


def test_boxes_over_each_other_become_one() -> None:
    one, other = sorted(coverer.merged([(0.1, 0.1, 0.2, 0.2), (0.15, 0.1, 0.2, 0.2), (0.8, 0.8, 0.5, 0.5)]))
    assert one == pytest.approx((0.1, 0.1, 0.25, 0.2))
    assert other == pytest.approx((0.8, 0.8, 0.2, 0.2))


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _jpeg(picture: Image.Image, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, **more)
    return out.getvalue()


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _striped(shift: int) -> Image.Image:
    """Black and white stripes of 20 pixels, beginning with either: thirds of the picture have the same mean."""
    columns = ((np.arange(360) + shift) // 20 % 2 * 255).astype(np.uint8)
    return Image.fromarray(np.tile(columns, (90, 1))).convert("RGB")


def _place(picture: Image.Image, box: streets.Box) -> np.ndarray:
    """The inner part of a place, in grey."""
    left, top, width, height = box
    frame = (left + 0.1 * width, top + 0.2 * height, left + 0.9 * width, top + 0.8 * height)
    pixels = [round(share * side) for share, side in zip(frame, picture.size * 2, strict=True)]
    return np.asarray(picture.crop(tuple(pixels)).convert("L"), float)


def _soft(place: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(place.astype(np.uint8))
    return np.asarray(picture.resize((6, 6), Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC), float)


def _bomb(wide: int, high: int) -> bytes:
    """A PNG of a few kilobytes that says it has so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)) + chunk(b"IEND", b"")
