"""A case on paper: whole, in words, with letters of every language, and written down that it was taken out."""

from __future__ import annotations

import io
import re
import zlib

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation
from buergerdraht.cases import actions, opening, printing
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.cases.tests.conftest import make_operator
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

DESK = "/o/musterstadt/anliegen/"


@pytest.fixture
def client(kemal: Operator) -> Client:
    client = Client()
    client.force_login(kemal)
    return client


@pytest.fixture
def case(hole: Category, kemal: Operator) -> Case:
    case = opening.open(opening.Matter(
        category=hole, at=timezone.now(), text="Loch in der Königsstraße, größer als ein Fuß. Дыра", place="Marktstraße 12",
        reporter={"name": "Rita Ruf"},
    ))  # fmt: skip
    actions.note(case, "Anwohner informiert", operator=kemal)
    actions.move(case, "confirmed", operator=kemal, words="Wir waren dort.")
    return case


def test_the_page_holds_everything_with_its_history_in_order(client: Client, case: Case) -> None:
    shown = client.get(f"{DESK}{case.number}/druck/").content.decode()
    for words in ("Königsstraße", "Marktstraße 12", "Rita Ruf", "Bestätigt", "Nur für den Dienstgebrauch", "Wir waren dort."):
        assert words in shown
    assert shown.index("Eingegangen: ") < shown.index("Anwohner informiert") < shown.index("Eingegangen → Bestätigt")


def test_the_pdf_is_one_and_holds_the_covered_picture_alone(client: Client, case: Case) -> None:
    red, blue = (_media(case, colour) for colour in ("red", "blue"))
    Photo.objects.create(case=case, media=red, shown=blue, state="covered")
    Photo.objects.create(case=case, media=_media(case, "lime"))
    answer = client.get(f"{DESK}{case.number}/anliegen.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="anliegen-{case.number}.pdf"'
    assert answer.content.startswith(b"%PDF-")
    assert answer.content.count(b"/Subtype /Image") == 1
    picture = Image.open(files.path(blue))
    assert picture.size == (64, 48)
    assert b"/Width 64" in answer.content


def test_long_words_and_no_fonts_do_not_break_the_paper(case: Case, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Case.objects.update(text="x" * 3_000 + "\n" + "ö" * 500)
    whole = client.get(f"{DESK}{case.number}/anliegen.pdf").content
    monkeypatch.setattr(printing, "FONTS", ())
    plain = client.get(f"{DESK}{case.number}/anliegen.pdf").content
    assert whole.startswith(b"%PDF-")
    texts = b"".join(zlib.decompress(part) for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", plain, re.DOTALL) if part[:1] == b"x")
    assert "Marktstraße 12".encode("latin-1") in texts


def test_that_it_was_taken_out_is_written_down(client: Client, kemal: Operator, case: Case) -> None:
    client.get(f"{DESK}{case.number}/druck/")
    client.get(f"{DESK}{case.number}/anliegen.pdf")
    rows = AuditEntry.objects.filter(action="cases.print").order_by("pk")
    assert [(row.operator, row.subject, row.details["form"]) for row in rows] == [
        (kemal, f"case:{case.pk}", "page"), (kemal, f"case:{case.pk}", "pdf"),
    ]  # fmt: skip


def test_who_only_reads_does_not_take_the_callers_name_along(town: Organisation, case: Case) -> None:
    vera = Client()
    vera.force_login(make_operator(town, "vera", role="viewer"))
    assert "Rita Ruf" not in vera.get(f"{DESK}{case.number}/druck/").content.decode()


def _media(case: Case, colour: str) -> Media:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return files.store(case.organisation, out.getvalue(), "x.jpg")
