"""The pages for reports in every language the authority offers, by their address and by what stands on them to choose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import basemap, states
from buergerdraht.cases.models import Case, Category, Ground
from buergerdraht.cases.public_words import SHELF
from buergerdraht.wording import actions
from buergerdraht.wording.shelves import needed

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


def test_the_form_hears_the_browser_too(client: Client, town: Organisation) -> None:
    likes = {"Accept-Language": "tr-TR,tr;q=0.9,de;q=0.5"}
    assert "Sorun bildir" not in client.get(f"{LIST}neu/", headers=likes).content.decode(), "most of it is not Turkish"
    own = {("reports", key): " ".join(["x", *(f"{{{each}}}" for each in needed(ours))]) for key, ours in SHELF.open.items()}
    actions.put(town, "tr", {**own, ("reports", "form_title"): "Sorun bildir"}, operator=None)
    page = client.get(f"{LIST}neu/", headers=likes).content.decode()
    assert "Sorun bildir" in page
    assert '<input type="hidden" name="sprache" value="tr">' in page


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


@pytest.fixture
def arabic(town: Organisation) -> None:
    """Every sentence of these pages in Arabic, as far as a test can tell: each begins with its own key."""
    town.languages = ["de", "en", "ar"]
    town.save()
    own = {("reports", key): f"نص {key} " + " ".join(f"{{{slot}}}" for slot in sorted(needed(SHELF.open[key]))) for key in SHELF.open}
    actions.put(town, "ar", own, operator=None)


@pytest.fixture
def shown(town: Organisation, hole: Category) -> Case:
    return Case.objects.create(
        organisation=town, number="2026-00001", category=hole, received_at=timezone.now(), state="progress", public="released",
        released_at=timezone.now(), latitude=51.1, longitude=7.1, place="Markt 1",
    )  # fmt: skip


@pytest.mark.usefixtures("arabic")
@pytest.mark.parametrize("place", ["", "2026-00001/", "neu/", "neu/pothole/"])
def test_states_and_the_map_speak_the_readers_language(client: Client, shown: Case, place: str) -> None:
    page = client.get(f"{LIST}{place}?sprache=ar").content.decode()
    mixed = [str(words) for words in [*states.TITLES.values(), *basemap.WORDS.values()]]
    mixed += ["In progress", "Reports", "Enlarge", "Make smaller", "Close", "optional", "freiwillig"]
    assert [words for words in mixed if f">{words}<" in page or f'="{words}"' in page or f"({words})" in page] == []
    if place != "neu/":
        assert 'data-close="نص map_close ' in page
    if place in {"", "2026-00001/"}:
        assert "نص state_progress" in page


@pytest.mark.usefixtures("arabic")
def test_points_and_feeds_name_the_state_in_it_too(client: Client, shown: Case) -> None:
    points = client.get(f"{LIST}karte.json?sprache=ar&bbox=7,51,8,52&zoom=18").json()
    assert [each["properties"]["state_title"].strip() for each in points["features"]] == ["نص state_progress"]


@pytest.mark.usefixtures("arabic")
def test_what_is_wrong_in_the_form_is_said_in_it(client: Client, hole: Category) -> None:
    hole.questions = [
        {"key": "deep", "text": {"ar": "العمق"}, "want": "number", "required": True},
        {"key": "wet", "text": {"ar": "ماء"}, "want": "yes_no", "required": True},
    ]
    hole.save()
    form = client.get(f"{LIST}neu/pothole/?sprache=ar").content.decode()
    carried = re.search(r'name="bericht" value="([^"]*)"', form)
    assert carried
    assert "نص answer_yes" in form
    sent = {"bericht": carried[1], "place": "x" * 201, "words": "y" * 9_000, "email": "kein", "q_deep": "tief"}
    page = client.post(f"{LIST}neu/pothole/?sprache=ar", sent).content.decode()
    for key in ("form_wrong", "form_email_wrong", "form_too_long 200", "answer_number", "answer_missing ماء"):
        assert f"نص {key}" in page, key
    assert [words for words in ("Bitte", "Please", "Enter", "Geben", "valid", "Ensure") if words in re.sub(r"<[^>]*>", " ", page)] == []


def test_no_template_of_a_citizens_page_has_words_outside_the_shelves() -> None:
    """What is translated by the console's catalogue comes in German and English only, and no translator is told that it is missing."""
    rooms = Path(__file__).parents[2]
    pages = [*rooms.glob("website/templates/website/*.html"), *rooms.glob("cases/templates/cases/public_*.html")]
    pages += [
        *rooms.glob("cases/templates/cases/form_*.html"),
        *(rooms / "cases/templates/cases" / name for name in ("_map.html", "spot.html")),
    ]
    pages += [rooms / "privacy/templates/privacy" / name for name in ("access.html", "access_ask.html")]
    assert len(pages) > 30
    assert [page.name for page in pages if re.search(r"{%\s*(block)?trans(late)?\b", page.read_text("utf-8"))] == []


@pytest.mark.usefixtures("arabic")
def test_a_number_keeps_its_order_in_a_sentence_from_right_to_left(client: Client, shown: Case) -> None:
    page = client.get(f"{LIST}2026-00001/?sprache=ar").content.decode()
    assert "\u20682026-00001\u2069" in page
    assert "\u2068" not in client.get(f"{LIST}2026-00001/?sprache=en").content.decode()
