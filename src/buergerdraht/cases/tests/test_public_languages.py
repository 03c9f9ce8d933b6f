"""The pages for reports in every language the authority offers, by their address and by what stands on them to choose."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases.models import Category, Ground
from buergerdraht.cases.public_words import SHELF
from buergerdraht.wording import actions

pytestmark = pytest.mark.django_db
LIST = "/melden/musterstadt/"


@pytest.fixture(autouse=True)
def turkish(town: Organisation, hole: Category) -> None:
    """The town also offers Turkish, and calls a pothole by its name in it."""
    Ground.objects.filter(organisation=town).update(public=True)
    town.languages = ["de", "en", "tr"]
    town.save()
    hole.title = {**hole.title, "tr": "Yol çukuru"}
    hole.save()
    own = {("reports", "form_title"): "Sorun bildir", ("reports", "form_words_missing"): "Ne olduğunu yazın."}
    actions.put(town, "tr", own, operator=None)


def tongues(page: str) -> dict[str, str]:
    """The languages a page offers, and where each leads."""
    nav = re.search(r'<nav class="pub__tongues".*?</nav>', page, re.DOTALL)
    assert nav
    return {code: address for address, code in re.findall(r'<a href="([^"]*)" lang="([^"]*)"', nav[0])}


@pytest.mark.parametrize("place", ["", "neu/", "neu/pothole/"])
def test_every_page_offers_what_the_authority_offers(client: Client, town: Organisation, place: str) -> None:
    page = client.get(f"{LIST}{place}").content.decode()
    assert set(tongues(page)) == {"de", "en", "tr"}
    there = client.get(tongues(page)["tr"].replace("&amp;", "&"))
    assert there.status_code == 200
    assert 'lang="tr" hreflang="tr" aria-current="true"' in there.content.decode()


def test_the_form_speaks_the_language_and_keeps_it_on_every_way(client: Client, town: Organisation) -> None:
    page = client.get(f"{LIST}neu/?sprache=tr", HTTP_ACCEPT_LANGUAGE="de").content.decode()
    assert "Sorun bildir" in page
    assert "Yol çukuru" in page
    assert f'href="{LIST}neu/pothole/?sprache=tr"' in page
    assert '<input type="hidden" name="sprache" value="tr">' in page
    form = client.get(f"{LIST}neu/pothole/?sprache=tr").content.decode()
    assert f'action="{LIST}neu/pothole/?sprache=tr"' in form
    carried = re.search(r'name="bericht" value="([^"]*)"', form)
    assert carried
    answer = client.post(f"{LIST}neu/pothole/?sprache=tr", {"bericht": carried[1], "place": "Markt 1", "words": ""})
    assert answer.status_code == 422
    assert "Ne olduğunu yazın." in answer.content.decode()
    assert "pub__tongues" not in answer.content.decode(), "what was typed would be lost"


def test_what_is_not_translated_comes_in_english_or_german_as_the_room_says(client: Client, town: Organisation) -> None:
    page = client.get(f"{LIST}?sprache=tr", HTTP_ACCEPT_LANGUAGE="de").content.decode()
    assert '<html lang="en">' in page, "most of it is not Turkish"


def test_a_page_that_is_mostly_translated_says_so_and_runs_its_way(client: Client, town: Organisation) -> None:
    town.languages = ["de", "en", "ar"]
    town.save()
    actions.put(town, "ar", {("reports", key): "نص" for key in SHELF.open}, operator=None)
    assert 'html lang="ar" dir="rtl"' in client.get(f"{LIST}neu/?sprache=ar").content.decode()


def test_a_language_the_authority_does_not_offer_is_not_spoken(client: Client, town: Organisation) -> None:
    page = client.get(f"{LIST}neu/?sprache=fa", HTTP_ACCEPT_LANGUAGE="de").content.decode()
    assert "sprache=fa" not in page
    assert 'html lang="de"' in page


def test_one_readers_language_does_not_stay_for_the_next(client: Client, town: Organisation) -> None:
    client.get(f"{LIST}neu/?sprache=tr")
    assert "Sorun bildir" not in client.get(f"{LIST}neu/", HTTP_ACCEPT_LANGUAGE="de").content.decode()
