"""The photo of a counter in the middle of a walk: read on this machine, shown back, kept with the reading as its proof."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest
from PIL import Image

from buergerdraht.accounts.models import Organisation
from buergerdraht.dialogs.tests.conftest import Say, let_pass, make_live
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media
from buergerdraht.meters import tesseract
from buergerdraht.meters.models import MeterReading
from buergerdraht.meters.tests.pictures import Shot, Wish, draw

pytestmark = pytest.mark.skipif(not tesseract.installed(), reason="tesseract is not here")
METER = """
key: meter
title: {de: Zähler}
triggers: [{on: words, words: {de: [Stand]}}]
steps:
- {id: reading, kind: meter, meter: water, number: W-778899, digits: %d, decimals: %d}
- {id: bye, kind: end, text: {de: "Danke: {{ answers.reading }}"}}
"""
SEEN = re.compile(r"Ich lese \**([\d,]+) m³\**: stimmt das\?")


@pytest.fixture
def shot(town: Organisation) -> Shot:
    """A clear photo of a counter, and a dialog that asks for one of its kind."""
    shot = draw(Wish("drum-dark", "clean", 91, 90))
    make_live(town, METER % (shot.digits, shot.decimals))
    return shot


def arrive(data: bytes) -> Media:
    """Let the messenger hand over the photo that was noted."""
    photo = Media.objects.get()
    files.keep(photo, files.look(data, "zaehler.jpg"))
    photo.save()
    return photo


def test_a_photo_is_waited_for_read_back_and_kept_as_proof(say: Say, shot: Shot) -> None:
    say("paula", "Stand")
    say("paula", photo=True)
    assert let_pass(seconds=4) == "", "it is still at the messenger"
    photo = arrive(shot.image)
    seen = SEEN.search(let_pass(seconds=4))
    assert seen is not None
    assert shot.text.startswith("0"), "drawn so that the zeros before it matter"
    shown = f"{shot.text[: shot.digits]},{shot.text[shot.digits :]}"
    assert seen[1] == shown, "as the counter shows it"
    assert not MeterReading.objects.exists(), "nobody said yes yet"
    assert say("paula", "ja") == f"Danke: {shown} m³"
    kept = MeterReading.objects.get()
    assert (kept.value, kept.photo, kept.kind) == (shot.value, photo, "water")


def test_what_shows_no_counter_is_typed_and_the_photo_stays_with_it(say: Say, shot: Shot) -> None:
    say("paula", "Stand")
    say("paula", photo=True)
    wall = io.BytesIO()
    Image.new("RGB", (800, 600), "#8a8f94").save(wall, "JPEG")
    photo = arrive(wall.getvalue())
    said = let_pass(seconds=4)
    assert said
    assert not SEEN.search(said)
    assert say("paula", "1234").startswith("Danke: ")
    kept = MeterReading.objects.get()
    assert (kept.value, kept.photo) == (Decimal(1234), photo)
