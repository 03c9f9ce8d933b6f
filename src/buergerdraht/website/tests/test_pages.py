"""Anyone may read how an organisation treats data, in their language."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from buergerdraht.accounts.models import Organisation
from buergerdraht.wording import actions
from buergerdraht.wording.shelves import SHELVES, needed

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Organisation:
    texts = {"de": "**Wofür** <script>alert(1)</script> [weiter](javascript:alert(1))", "ar": "مرحبًا"}
    return Organisation.objects.create(slug="stadt", name="Stadt", languages=["de", "ar"], privacy_text=texts, imprint="Rathausplatz 1")


def test_the_privacy_text_is_shown_without_anything_harmful(client: Client, town: Organisation) -> None:
    page = client.get("/p/stadt/datenschutz").content.decode()
    assert "<strong>Wofür</strong>" in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_it_is_read_from_right_to_left_where_the_language_is(client: Client, town: Organisation) -> None:
    assert 'lang="ar" dir="rtl"' in client.get("/p/stadt/datenschutz?sprache=ar").content.decode()


def test_a_browser_is_heard_where_the_authority_speaks_its_language(client: Client, town: Organisation) -> None:
    def spoken(likes: str, page: str = "/p/stadt/") -> str:
        found = re.search(r'<html lang="([^"]*)"', client.get(page, headers={"Accept-Language": likes}).content.decode())
        return found[1] if found else ""

    arabic = {("website", key): " ".join(["x", *(f"{{{slot}}}" for slot in needed(own))]) for key, own in SHELVES["website"].open.items()}
    assert spoken("tr,ar;q=0.5,en;q=0.3") == "en", "of a language hardly anything is written in nobody gets a page"
    half = dict(list(arabic.items())[: len(arabic) * 6 // 10])
    actions.put(town, "ar", half, operator=None)
    heard = [spoken(likes) for likes in ("ar,en", "ar", "ar,de;q=0.5")]
    assert heard == ["ar", "ar", "de"], "the rest would be English, which nobody named"
    actions.put(town, "ar", arabic, operator=None)
    assert spoken("ar,de;q=0.5") == "ar"
    assert spoken("tr,ar;q=0.5,en;q=0.3") == "ar"
    assert spoken("de,ar") == "de"
    assert spoken("tr") == "de"
    assert "مرحبًا" in client.get("/p/stadt/datenschutz", headers={"Accept-Language": "ar"}).content.decode()
    page = client.get("/p/stadt/", headers={"Accept-Language": "ar-EG"}).content.decode()
    assert "sprache=ar" in page, "from there on the address says it, wherever it is passed on to"


def test_the_imprint_is_shown(client: Client, town: Organisation) -> None:
    assert "Rathausplatz 1" in client.get("/p/stadt/impressum").content.decode()


def test_an_unknown_organisation_is_not_found(client: Client, town: Organisation) -> None:
    assert client.get("/p/nirgends/datenschutz").status_code == 404


def test_a_privacy_page_elsewhere_is_linked_when_there_is_no_text(client: Client) -> None:
    Organisation.objects.create(slug="kreis", name="Kreis", privacy_url="https://kreis.example/datenschutz")
    assert client.get("/p/kreis/datenschutz")["Location"] == "https://kreis.example/datenschutz"
