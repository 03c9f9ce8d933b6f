from __future__ import annotations

import io

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
