"""What the public sees of reports: what a person released, and nothing else."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import actions, opening, persons
from buergerdraht.cases.models import Case, Category, Ground, Photo
from buergerdraht.cases.tests.conftest import make_category, make_operator
from buergerdraht.contacts.models import District
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Channel

PAGE = "/melden/musterstadt/"
ALL = {"Loch", "Sofa", "Lampe"}
TELEGRAM = json.dumps({"username": "MusterstadtBot", "bot_token": f"123456:{'a' * 35}"})
WHATSAPP = json.dumps(
    {"number": "+49 30 23125 123", "phone_number_id": "10001", "waba_id": "10002", "access_token": "x" * 30, "app_secret": "x" * 32}
)


@pytest.fixture(autouse=True)
def _open(town: Organisation) -> None:
    Ground.objects.filter(organisation=town).update(public=True)


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "de"})


def report(category: Category, **fields: Any) -> Case:
    given = {"text": "Ich heiße Berta Geheim.", "place": "Marktstraße 12", "latitude": 51.101, "longitude": 7.1} | fields
    return opening.open(opening.Matter(category=category, at=timezone.now(), **given))


def released(category: Category, operator: Operator, words: str = "Loch in der Fahrbahn", **fields: Any) -> Case:
    case = report(category, **fields)
    actions.release(case, words, [], operator=operator)
    case.refresh_from_db()
    return case


def with_picture(case: Case, *, show: bool) -> Photo:
    """A picture whose covered version is blue while the original is red."""
    pictures = []
    for colour in ("red", "blue"):
        out = io.BytesIO()
        Image.new("RGB", (60, 40), colour).save(out, "JPEG")
        pictures.append(files.store(case.organisation, out.getvalue(), "berta-geheim.jpg"))
    return Photo.objects.create(case=case, media=pictures[0], shown=pictures[1], state="covered", released=show)


def text(client: Client, path: str = PAGE, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


# ── The list ──────────────────────────────────────────────────────────────


def test_there_is_no_page_before_the_authority_opens_it(town: Organisation, hole: Category, kemal: Operator, client: Client) -> None:
    case = released(hole, kemal)
    Ground.objects.update(public=False)
    paths = ["", "karte.json?bbox=7,51,7.2,51.2&zoom=12", "meldungen.atom", "meldungen.rss", "meldungen.json", "meldungen.geojson"]
    for path in [*paths, f"{case.number}/", f"bild/{with_picture(case, show=True).pk}/"]:
        assert client.get(PAGE + path).status_code == 404, path
    assert client.get("/melden/nirgendwo/").status_code == 404


def test_the_list_shows_what_was_released_and_not_the_citizens_own_words(hole: Category, kemal: Operator, client: Client) -> None:
    report(hole, place="Nordweg 1")
    case = released(hole, kemal)
    page = text(client)
    assert "Loch in der Fahrbahn" in page
    assert case.number in page
    assert "Marktstraße 12" in page
    assert "1 Meldung" in page
    assert "Berta" not in page
    assert "Nordweg" not in page


def test_an_empty_list_says_what_will_come(client: Client, hole: Category) -> None:
    assert "Sobald eine Meldung geprüft ist" in text(client)
    assert "Wählen Sie weniger aus" in text(client, f"{PAGE}?worte=nichts")


def test_the_page_speaks_as_the_authority_does_and_english(town: Organisation, hole: Category, client: Client) -> None:
    Organisation.objects.update(address_form="du")
    assert "Wähle weniger aus" in text(client, f"{PAGE}?worte=nichts")
    english = Client(headers={"accept-language": "en"})
    assert "Reports in Musterstadt" in text(english)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("kategorie=pothole", {"Loch", "Lampe"}), ("kategorie=waste", {"Sofa"}), ("kategorie=nichts", set()),
        ("stand=offen", {"Loch", "Sofa"}), ("stand=erledigt", {"Lampe"}),
        ("stand=bent", set()), ("worte=sof", {"Sofa"}), ("worte=markt+loch", {"Loch"}), ("worte=%00", ALL),
        ("worte=%26%21", set()), ("worte=Berta", set()), ("ortsteil=x", set()), ("ortsteil=99999999999999999999", set()), ("seite=-1", ALL),
        ("seite=99999", ALL),
    ],
)  # fmt: skip
def test_the_list_is_filtered(hole: Category, waste: Category, kemal: Operator, client: Client, query: str, shown: set[str]) -> None:
    released(hole, kemal, "Loch")
    released(waste, kemal, "Sofa", place="Waldweg 2")
    actions.move(released(hole, kemal, "Lampe", place="Nordweg 3"), "done", operator=kemal)
    page = text(client, f"{PAGE}?{query}").partition("rep__count")[2]
    assert {word for word in ALL if word in page.replace("Schlagloch", "")} == shown


def test_by_district_and_by_number(town: Organisation, hole: Category, kemal: Operator, client: Client) -> None:
    north = District.objects.create(organisation=town, name="Nordstadt")
    case, other = released(hole, kemal, "Hier"), released(hole, kemal, "Dort")
    Case.objects.filter(pk=case.pk).update(district=north)
    assert "Dort" not in text(client, f"{PAGE}?ortsteil={north.pk}").partition("rep__count")[2]
    found = text(client, f"{PAGE}?worte=%23{other.number}").partition("rep__count")[2]
    assert "Dort" in found
    assert "Hier" not in found


def test_many_are_turned_over_page_by_page_and_a_page_is_light(hole: Category, kemal: Operator, client: Client) -> None:
    for number in range(23):
        released(hole, kemal, f"Meldung mit langem Text {number} " + "und noch etwas mehr " * 20)
    first, second = text(client), text(client, f"{PAGE}?seite=2&stand=offen")
    assert first.count('class="rcard"') == 20
    assert second.count('class="rcard"') == 3
    assert "?stand=offen&amp;seite=1" in second
    assert len(client.get(PAGE).content) < 100_000


def test_the_page_takes_a_bounded_number_of_queries(
    hole: Category, kemal: Operator, client: Client, django_assert_max_num_queries: Any
) -> None:
    for _number in range(12):
        with_picture(released(hole, kemal), show=True)
    with django_assert_max_num_queries(11):  # two of them for the look of the authority's pages, one for whether it has a calendar
        client.get(PAGE)


# ── What stays inside ─────────────────────────────────────────────────────


def test_a_confidential_matter_is_nowhere(town: Organisation, hole: Category, kemal: Operator, client: Client) -> None:
    case = released(hole, kemal)
    photo = with_picture(case, show=True)
    Case.objects.filter(pk=case.pk).update(public="hidden", confidential=True)
    assert case.number not in text(client)
    assert client.get(f"{PAGE}{case.number}/").status_code == 404  # not even that it was there
    assert client.get(f"{PAGE}bild/{photo.pk}/").status_code == 404


def test_a_category_that_was_closed_takes_its_reports_along(hole: Category, kemal: Operator, client: Client) -> None:
    case = released(hole, kemal)
    Category.objects.update(visibility="internal")
    assert case.number not in text(client)
    assert client.get(f"{PAGE}{case.number}/").status_code == 410


def test_another_authority_shows_its_own_only(town: Organisation, hole: Category, client: Client) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    Ground.objects.create(organisation=other, public=True)
    case = released(make_category(other, "hole", "Loch"), make_operator(other, "nora"))
    photo = with_picture(case, show=True)
    assert "0 Meldungen" in text(client)
    assert client.get(f"{PAGE}{case.number}/").status_code == 404
    assert client.get(f"{PAGE}bild/{photo.pk}/").status_code == 404
    assert client.get(f"/melden/nachbarstadt/bild/{photo.pk}/").status_code == 200


# ── One report ────────────────────────────────────────────────────────────


def test_a_report_tells_its_state_and_steps_without_names(hole: Category, kemal: Operator, client: Client) -> None:
    case = released(hole, kemal)
    actions.note(case, "Herr Geheim ruft dauernd an", operator=kemal)
    actions.move(case, "progress", operator=kemal, words="Liebe Berta, wir kommen")
    page = text(client, f"{PAGE}{case.number}/")
    assert "Loch in der Fahrbahn" in page
    assert page.index("<strong>Eingegangen") < page.index("<strong>In Arbeit")
    for secret in ("Berta", "Geheim", "Kemal", "kemal"):
        assert secret not in page
    assert f'<link rel="canonical" href="http://localhost:8000{PAGE}{case.number}/">' in page
    assert '<meta property="og:description" content="Loch in der Fahrbahn">' in page


def test_words_of_the_public_text_cannot_do_anything_but_be_read(hole: Category, kemal: Operator, client: Client) -> None:
    case = released(hole, kemal, '<script>alert(1)</script>"><img onerror=x>', place='"><b>')
    for path in (PAGE, f"{PAGE}{case.number}/"):
        page = text(client, path)
        assert "<script>alert" not in page
        assert "<img onerror" not in page
        assert '"><b>' not in page


def test_unknown_is_404_withdrawn_and_emptied_are_gone(hole: Category, kemal: Operator, client: Client) -> None:
    never, hidden, emptied = report(hole), released(hole, kemal), released(hole, kemal)
    actions.hide(hidden, operator=kemal)
    persons.empty(emptied)
    assert client.get(f"{PAGE}2026-99999/").status_code == 404
    assert client.get(f"{PAGE}{never.number}/").status_code == 404
    for case in (hidden, emptied):
        assert "wird nicht mehr gezeigt" in text(client, f"{PAGE}{case.number}/", 410)
        assert case.number not in text(client)


def test_a_double_leads_to_what_it_is_a_double_of(hole: Category, kemal: Operator, client: Client) -> None:
    first, second = released(hole, kemal, "Das Loch"), released(hole, kemal, "Noch ein Loch", place="Marktstraße 14")
    actions.double(second, first, operator=kemal)
    assert second.number not in text(client)
    assert f'href="{PAGE}{first.number}/"' in text(client, f"{PAGE}{second.number}/")
    actions.hide(first, operator=kemal)
    assert f'href="{PAGE}{first.number}/"' not in text(client, f"{PAGE}{second.number}/")


def test_one_can_follow_by_every_messenger_while_it_is_open(hole: Category, kemal: Operator, town: Organisation, client: Client) -> None:
    Channel.objects.create(organisation=town, kind="telegram", name="T", config=TELEGRAM, state="running")
    Channel.objects.create(organisation=town, kind="whatsapp", name="W", config=WHATSAPP, state="running")
    Channel.objects.create(organisation=town, kind="telegram", name="aus", config=TELEGRAM.replace("Musterstadt", "Aus"), state="draft")
    case = released(hole, kemal)
    page = text(client, f"{PAGE}{case.number}/")
    assert f"https://t.me/MusterstadtBot?start=folgen-{case.number}" in page
    assert f"https://wa.me/493023125123?text=FOLGEN%20{case.number}" in page
    assert page.count("rfollow__code") == 2
    assert "AusBot" not in page
    actions.move(case, "done", operator=kemal)
    assert "t.me" not in text(client, f"{PAGE}{case.number}/")


# ── Pictures ──────────────────────────────────────────────────────────────


def test_only_the_covered_version_of_a_released_picture_is_shown(hole: Category, kemal: Operator, client: Client) -> None:
    case = released(hole, kemal)
    shown, kept = with_picture(case, show=True), with_picture(case, show=False)
    page = text(client, f"{PAGE}{case.number}/")
    assert f"{PAGE}bild/{shown.pk}/" in page
    assert f"bild/{kept.pk}/" not in page
    assert f'<meta property="og:image" content="http://localhost:8000{PAGE}bild/{shown.pk}/">' in page
    answer = client.get(f"{PAGE}bild/{shown.pk}/")
    red, _green, blue = Image.open(io.BytesIO(b"".join(answer))).convert("RGB").getpixel((5, 5))
    assert blue > 200 > red
    assert answer["Cache-Control"] == "public, max-age=600"
    assert "geheim" not in answer["Content-Disposition"]
    assert client.get(f"{PAGE}bild/{shown.pk}/?klein")["Content-Type"] == "image/webp"
    assert client.get(f"{PAGE}bild/{kept.pk}/").status_code == 404


@pytest.mark.parametrize("way", ["hide", "withdraw", "remove", "uncovered"])
def test_a_picture_goes_with_its_release(hole: Category, kemal: Operator, client: Client, way: str) -> None:
    case = released(hole, kemal)
    photo = with_picture(case, show=True)
    if way == "hide":
        actions.hide(case, operator=kemal)
    elif way == "withdraw":
        assert actions.withdraw(case, None)
    elif way == "remove":
        assert photo.shown
        files.remove(photo.shown)
    else:
        Photo.objects.update(shown=None)
    assert client.get(f"{PAGE}bild/{photo.pk}/").status_code == 404
    assert "<img" not in text(client)


# ── The map of the page ───────────────────────────────────────────────────


def test_the_map_shows_the_released_ones_of_the_filter(hole: Category, waste: Category, kemal: Operator, client: Client) -> None:
    report(hole)
    case = released(hole, kemal)
    released(waste, kemal, latitude=51.15)
    path = f"{PAGE}karte.json?bbox=7,51,7.2,51.2&zoom=13&kategorie=pothole"
    [feature] = client.get(path).json()["features"]
    assert feature["properties"]["number"] == case.number
    assert feature["properties"]["url"] == f"{PAGE}{case.number}/"
    assert "Berta" not in client.get(path).content.decode()


@pytest.mark.parametrize("bent", ["", "1,2,3", "a,b,c,d", "nan,0,1,1", "9,51,7,52", "7,51,7.2,51.2,1"])
def test_a_bent_box_is_refused(hole: Category, client: Client, bent: str) -> None:
    assert client.get(f"{PAGE}karte.json?bbox={bent}&zoom=12").status_code == 400
    assert client.get(f"{PAGE}karte.json?bbox=7,51,7.2,51.2&zoom=x").status_code == 400


def test_only_map_pages_may_ask_the_house_of_the_map_and_no_other(town: Organisation, hole: Category, client: Client) -> None:
    policy = client.get(PAGE)["Content-Security-Policy"]
    assert "connect-src 'self' https://sgx.geodatenzentrum.de;" in f"{policy};"
    assert "unsafe" not in policy
    assert "blob: https://sgx.geodatenzentrum.de" in policy
    Ground.objects.update(style="https://karten.musterstadt.example/stil.json")
    assert "https://karten.musterstadt.example" in client.get(PAGE)["Content-Security-Policy"]
    Ground.objects.update(style="https://boese.example;script-src *")
    assert "script-src" not in client.get(PAGE)["Content-Security-Policy"]
    assert "geodatenzentrum" not in client.get("/p/musterstadt/impressum")["Content-Security-Policy"]


def test_the_pages_may_be_kept_for_a_moment_and_set_no_cookie(hole: Category, kemal: Operator, client: Client) -> None:
    case = released(hole, kemal)
    for path in (PAGE, f"{PAGE}{case.number}/"):
        answer = client.get(path)
        assert answer["Cache-Control"] == "public, max-age=60"
        assert not answer.cookies
