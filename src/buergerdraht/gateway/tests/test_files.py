from __future__ import annotations

import io
import time

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from buergerdraht.accounts.models import Organisation
from buergerdraht.gateway import files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> None:
    settings.MEDIA_FOLDER = tmp_path


def photo(form: str = "JPEG", size: tuple[int, int] = (640, 480)) -> bytes:
    image = Image.new("RGB", size, "teal")
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    out = io.BytesIO()
    image.save(out, form, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_loses_where_and_with_what_it_was_taken(organisation: Organisation, form: str) -> None:
    assert b"SecretCamera" in photo(form)
    media = files.store(organisation, photo(form), "Foto.bin", alt="Der Marktplatz")
    kept = files.path(media).read_bytes()
    assert b"SecretCamera" not in kept
    assert not Image.open(io.BytesIO(kept)).getexif()
    assert (media.kind, media.width, media.height, media.state) == ("image", 640, 480, "ready")
    assert files.small_path(media).exists()


def test_the_type_is_sniffed_not_believed(organisation: Organisation) -> None:
    media = files.store(organisation, b"%PDF-1.7\n%%EOF", "bild.jpg")
    assert (media.kind, media.mime) == ("document", "application/pdf")
    with pytest.raises(ValidationError):
        files.store(organisation, b"<script>alert(1)</script>", "bild.jpg")
    with pytest.raises(ValidationError):
        files.store(organisation, b"MZ\x90\0", "brief.pdf")


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(organisation: Organisation) -> None:
    out = io.BytesIO()
    Image.new("1", (30000, 3000)).save(out, "PNG")
    with pytest.raises(ValidationError, match="Bildpunkte"):
        files.store(organisation, out.getvalue(), "riesig.png")


def test_a_broken_picture_is_refused_with_a_sentence(organisation: Organisation) -> None:
    with pytest.raises(ValidationError, match="beschädigt"):
        files.store(organisation, photo()[:-900], "halb.jpg")


def test_names_lose_folders_and_control_characters() -> None:
    assert files.clean_name("../../etc/pass\nwd.txt") == "passwd.txt"
    assert files.clean_name("a" * 300 + ".pdf") == "a" * 180 + ".pdf"


def located(*values: object) -> bytes:
    """A photo that says where it was taken."""
    exif = Image.Exif()
    exif[0x8825] = dict(zip((1, 2, 3, 4), values, strict=True))
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_where_a_photo_was_taken_is_read_before_it_goes() -> None:
    looked = files.look(located("N", (51.0, 30.0, 36.0), "W", (7.0, 6.0, 0.0)), "a.jpg")
    assert looked.taken_at == (51.51, -7.1)
    assert not Image.open(io.BytesIO(looked.data)).getexif()


NOWHERE = (
    ("N", (0.0, 0.0, 0.0), "E", (0.0, 0.0, 0.0)), ("N", (95.0, 0.0, 0.0), "E", (7.0, 0.0, 0.0)), ("N", (51.0,), "E", (7.0, 0.0, 0.0)),
)  # fmt: skip


@pytest.mark.parametrize("values", NOWHERE)
def test_a_place_that_is_none_is_left_out(values: tuple[object, ...]) -> None:
    assert files.look(located(*values), "a.jpg").taken_at is None


def animation(side: int, frames: int) -> bytes:
    """A GIF of nearly nothing that unfolds to much."""
    first = Image.new("P", (side, side), 0)
    first.putpalette([0, 0, 0, 255, 255, 255] + [0] * 762)
    rest = [first.copy() for _ in range(1, frames)]
    for number, frame in enumerate(rest, 1):
        frame.putpixel((number % side, 0), 1)
    out = io.BytesIO()
    first.save(out, "GIF", save_all=True, append_images=rest, loop=0, duration=20)
    return out.getvalue()


def test_an_animation_that_unfolds_to_too_much_is_refused_before_it_is_unfolded() -> None:
    bomb = animation(1090, 60)
    assert len(bomb) < 200_000
    began = time.process_time()
    with pytest.raises(files.Refused, match="Animation ist zu lang"):
        files.look(bomb, "bombe.gif")
    assert time.process_time() - began < 2
    with pytest.raises(files.Refused):
        files.look(animation(4, files.MOST_FRAMES + 1), "viele.gif")


def test_a_short_animation_keeps_its_frames() -> None:
    looked = files.look(animation(64, 12), "winken.gif")
    assert (looked.mime, looked.width) == ("image/gif", 64)
    assert Image.open(io.BytesIO(looked.data)).n_frames == 12


def test_a_glance_decodes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    data = photo("PNG")
    monkeypatch.setattr(Image.Image, "load", lambda _self: pytest.fail("decoded"))
    assert files.glance(data, "x") == ("image", "image/png")
    assert files.glance(b"%PDF-1.7\n%%EOF", "bild.jpg") == ("document", "application/pdf")
    with pytest.raises(files.Refused):
        files.glance(b"<html>", "bild.png")
