"""Pictures on the page of a case: the covered one for everybody, the original by a click that is written down, covers by hand."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation
from buergerdraht.cases import opening
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.cases.tests.conftest import make_operator
from buergerdraht.gateway import files

DESK = "/o/musterstadt/anliegen/"


@pytest.fixture
def client(kemal: Operator) -> Client:
    return signed_in(kemal)


@pytest.fixture
def case(hole: Category) -> Case:
    return opening.open(opening.Matter(category=hole, at=timezone.now(), text="Loch"))


def signed_in(operator: Operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def picture(case: Case, **fields: Any) -> Photo:
    """Half black, half white; covered it would be grey in between."""
    image = Image.new("RGB", (200, 100), "white")
    image.paste("black", (0, 0, 100, 100))
    out = io.BytesIO()
    image.save(out, "PNG")
    media = files.store(case.organisation, out.getvalue(), "berta-geheim.png")
    return Photo.objects.create(case=case, media=media, **fields)


def boxes(*lines: tuple[str, str, str, str]) -> dict[str, list[str]]:
    return {name: [line[place] for line in lines] for place, name in enumerate(("links", "oben", "breite", "hoehe"))}


def test_the_page_never_holds_the_address_of_the_original(client: Client, case: Case) -> None:
    photo = picture(case, state="covered")
    photo.shown = files.store(case.organisation, files.path(photo.media).read_bytes(), "foto.png")  # type: ignore[arg-type]
    photo.save()
    shown = client.get(f"{DESK}{case.number}/").content.decode()
    assert str(photo.shown_id) in shown
    assert str(photo.media_id) not in shown
    cover = client.get(f"{DESK}{case.number}/foto/{photo.pk}/").content.decode()
    assert str(photo.media_id) not in cover
    assert "/original/" not in cover


def test_a_look_at_the_original_is_written_down(client: Client, town: Organisation, case: Case) -> None:
    photo = picture(case)
    path = f"{DESK}{case.number}/foto/{photo.pk}/original/"
    answer = client.get(path)
    assert b"".join(answer) == files.path(photo.media).read_bytes()  # type: ignore[arg-type]
    assert "berta" not in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    entry = AuditEntry.objects.get(action="cases.original")
    assert (entry.subject, entry.details) == (f"case:{case.pk}", {"photo": photo.pk})
    assert signed_in(make_operator(town, "vera", role="viewer")).get(path).status_code == 403
    assert AuditEntry.objects.filter(action="cases.original").count() == 1


def test_covers_by_hand_are_filled_and_stay_to_be_changed(client: Client, case: Case) -> None:
    photo = picture(case)
    path = f"{DESK}{case.number}/foto/{photo.pk}/"
    answer = client.post(path, boxes(("0", "0", "25,5", "100"), ("", "", "", ""), ("75", "50", "25", "50")))
    assert answer.status_code == 302
    photo.refresh_from_db()
    assert photo.state == "covered"
    assert photo.covers == [[0, 0, 0.255, 1], [0.75, 0.5, 0.25, 0.5]]
    assert photo.shown is not None
    pixels = np.asarray(Image.open(files.path(photo.shown)).convert("L"), float)
    assert pixels.shape == (100, 200)
    shown = client.get(path).content.decode()
    assert 'value="25.5"' in shown
    client.post(path, boxes())
    photo.refresh_from_db()
    assert photo.covers == []
    assert case.entries.filter(what="covered", operator__isnull=False).count() == 2


@pytest.mark.parametrize(
    "line", [("0", "0", "0", "10"), ("90", "0", "20", "10"), ("a", "0", "1", "1"), ("0", "", "1", "1"), ("-1", "0", "5", "5")]
)
def test_a_place_beside_the_picture_is_refused_and_stays_typed(client: Client, case: Case, line: tuple[str, str, str, str]) -> None:
    photo = picture(case)
    answer = client.post(f"{DESK}{case.number}/foto/{photo.pk}/", boxes(("1", "2", "3", "4"), line))
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "Zeile 2" in shown
    assert all(f'value="{value}"' in shown for value in (*line, "3"))
    photo.refresh_from_db()
    assert photo.state == "waiting"


def test_what_the_machine_could_not_read_is_covered_by_hand_before_it_is_shown(client: Client, case: Case) -> None:
    photo = picture(case, state="failed")
    page = client.get(f"{DESK}{case.number}/").content.decode()
    assert "konnte dieses Bild nicht lesen" in page
    answer = client.post(f"{DESK}{case.number}/oeffentlich/", {"text": "Loch", "photos": [photo.pk]})
    assert answer.status_code == 422
    cover = client.get(f"{DESK}{case.number}/foto/{photo.pk}/").content.decode()
    assert f"/foto/{photo.pk}/original/" in cover
    client.post(f"{DESK}{case.number}/foto/{photo.pk}/", boxes(("0", "0", "50", "50")))
    client.post(f"{DESK}{case.number}/oeffentlich/", {"text": "Loch", "photos": [photo.pk]})
    photo.refresh_from_db()
    assert photo.released


def test_without_its_original_a_picture_stays_as_it_is(client: Client, case: Case) -> None:
    photo = picture(case)
    assert photo.media
    files.remove(photo.media)
    assert "gibt es nicht mehr" in client.get(f"{DESK}{case.number}/foto/{photo.pk}/").content.decode()
    assert client.post(f"{DESK}{case.number}/foto/{photo.pk}/", boxes(("0", "0", "5", "5"))).status_code == 422
    assert client.get(f"{DESK}{case.number}/foto/{photo.pk}/original/").status_code == 404


def test_what_the_machine_covered_beyond_the_edge_can_be_saved_again(client: Client, case: Case) -> None:
    photo = picture(case, covers=[[-0.1, 0.9, 0.3, 0.3]])
    shown = client.get(f"{DESK}{case.number}/foto/{photo.pk}/").content.decode()
    assert all(f'value="{value}"' in shown for value in ("0", "90", "20", "10"))


def test_a_photo_of_another_case_is_not_there(client: Client, case: Case, hole: Category) -> None:
    photo = picture(opening.open(opening.Matter(category=hole, at=timezone.now())))
    for path in ("", "original/"):
        assert client.get(f"{DESK}{case.number}/foto/{photo.pk}/{path}").status_code == 404


def test_one_of_ours_adds_a_photo(client: Client, case: Case) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "JPEG")
    out.name, text = "nachher.jpg", io.BytesIO(b"kein Bild")
    text.name = "brief.txt"
    out.seek(0)
    client.post(f"{DESK}{case.number}/foto/", {"photos": [out], "kind": "after"})
    assert case.photos.get().kind == "after"
    answer = client.post(f"{DESK}{case.number}/foto/", {"photos": [text]}, follow=True)
    assert "ist kein Bild" in answer.content.decode()
    assert case.photos.count() == 1
