"""Anyone may read how an organisation treats data, in their language."""

from __future__ import annotations

import pytest
from django.test import Client

from buergerdraht.accounts.models import Organisation

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


def test_the_imprint_is_shown(client: Client, town: Organisation) -> None:
    assert "Rathausplatz 1" in client.get("/p/stadt/impressum").content.decode()


def test_an_unknown_organisation_is_not_found(client: Client, town: Organisation) -> None:
    assert client.get("/p/nirgends/datenschutz").status_code == 404


def test_a_privacy_page_elsewhere_is_linked_when_there_is_no_text(client: Client) -> None:
    Organisation.objects.create(slug="kreis", name="Kreis", privacy_url="https://kreis.example/datenschutz")
    assert client.get("/p/kreis/datenschutz")["Location"] == "https://kreis.example/datenschutz"
