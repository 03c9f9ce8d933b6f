"""A complaint is nowhere but with its two people: every address of the desk, the API, Open311 and the public pages are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from tests.test_confidential import GETS, NAMES, shown, works
from tests.test_own_house_only import Place, address, foreign_rows, signed_in

from buergerdraht import api
from buergerdraht.accounts import tokens
from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.accounts.rest.scopes import SCOPES
from buergerdraht.cases import actions, opening
from buergerdraht.cases.models import Case, Category, Ground, Photo, Task
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Channel

WORDS = ("Quittenmarmelade", "Holunderpfad", "Pflaumenmus", "Schlehenbrand")  # said, its place, noted, a task
PLACE = (51.3131, 10.7171)
HERE = ("51.3131", "10.7171", "51,3131", "10,7171")


@dataclass
class Hidden:
    """A town with one complaint that Petra, who has every right, may not see; Nora and Jan may."""

    town: Organisation
    petra: Operator
    nora: Operator
    case: Case
    rows: dict[str, Any]


@pytest.fixture
def hidden(db: None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Hidden:
    monkeypatch.setattr(settings, "MEDIA_FOLDER", str(tmp_path))
    town = Organisation.objects.create(slug="musterstadt", name="Stadt Musterstadt", languages=["de"])
    petra, nora, jan = works(town, "Petra Probe"), works(town, "Nora Nenn"), works(town, "Jan Jemand")
    rows = foreign_rows(town)
    Channel.objects.filter(pk=rows["channel"]).update(config='{"bot_token": "123456789:AAEprobeprobeprobeprobeprobeprobeprob"}')
    ground, _made = Ground.objects.get_or_create(organisation=town)
    Ground.objects.filter(pk=ground.pk).update(public=True, last_year=2026, last_number=1)
    category = Category.objects.create(organisation=town, key="beschwerde", title={"de": "Beschwerde"}, visibility="confidential")
    category.people.set([nora, jan])
    contact = Contact.objects.create(organisation=town, name="Zenobia Geheimrat")
    channel = Channel.objects.get(pk=rows["channel"])
    mailbox = Address.objects.create(organisation=town, contact=contact, channel=channel, address="77", address_hash=b"77")
    case = opening.open(opening.Matter(
        category=category, at=timezone.now() - timedelta(days=20), text="Quittenmarmelade am Schalter", place="Holunderpfad 7",
        latitude=PLACE[0], longitude=PLACE[1], contact=contact, address=mailbox,
    ))  # fmt: skip
    Case.objects.filter(pk=case.pk).update(team=Team.objects.filter(organisation=town).first())
    actions.note(case, "Pflaumenmus", operator=nora)
    actions.move(case, Case.State.PROGRESS, operator=nora, words="Pflaumenmus")
    Task.objects.create(case=case, text="Schlehenbrand")
    stored = files.store(town, b"%PDF-1.7\n%%EOF", "Schlehenbrand.pdf")
    Photo.objects.create(case=case, media=stored, shown=stored, state="covered")
    rows["number"] = {"anliegen/weitergabe/": rows["number"]["anliegen/weitergabe/"], "anliegen/": case.number, **rows["number"]}
    rows["number"]["anliegen/"] = case.number
    return Hidden(town, petra, nora, case, rows)


def nothing_of(hidden: Hidden, body: str) -> None:
    assert [word for word in (*WORDS, *HERE, "Zenobia Geheimrat") if word in body] == []
    assert f"/anliegen/{hidden.case.number}" not in body
    assert hidden.case.number not in body


def direct(place: Place) -> bool:
    """Whether the address names the complaint."""
    here = place.route.removeprefix("o/<slug:organisation>/")
    return here.startswith("anliegen/<case:number>")


DESK = [(place, name) for place, name in zip(GETS, NAMES, strict=True) if not name.startswith(("kontakte/", "datenschutz/"))]


@pytest.mark.parametrize("place", [place for place, _name in DESK], ids=[name for _place, name in DESK])
def test_no_page_of_the_desk_shows_it(place: Place, hidden: Hidden) -> None:
    status, body = shown(signed_in(hidden.petra), address(place, hidden.town.slug, hidden.rows))
    if direct(place):
        assert status in {404, 405}
    nothing_of(hidden, body)


def test_its_people_see_it_and_it_is_on_no_map_not_even_for_them(hidden: Hidden) -> None:
    client = signed_in(hidden.nora)
    status, body = shown(client, f"/o/musterstadt/anliegen/{hidden.case.number}/")
    assert status == 200
    assert [word for word in WORDS if word not in body] == []
    assert hidden.case.number in shown(client, "/o/musterstadt/anliegen/")[1]
    everywhere = {"west": "-180", "sued": "-85", "ost": "180", "nord": "85", "zoom": "12", "bbox": "-180,-85,180,85"}
    for path in ("karte/punkte/", "karte/dichte/", "karte/liste/", "karte/"):
        status, body = shown(client, f"/o/musterstadt/anliegen/{path}?" + "&".join(f"{key}={value}" for key, value in everywhere.items()))
        assert status < 500
        assert hidden.case.number not in body


@pytest.mark.parametrize("query", [*WORDS, "2026-00002", "2026-2"])
def test_no_search_counts_or_finds_it(query: str, hidden: Hidden) -> None:
    for path in ("anliegen/", "anliegen/anliegen.csv", "anliegen/anliegen.geojson", "posteingang/finden/", "anliegen/karte/liste/"):
        for name in ("worte", "suche", "q"):
            status, body = shown(signed_in(hidden.petra), f"/o/musterstadt/{path}?{name}={query}")
            assert status < 500
            assert [word for word in WORDS if word in body and word != query] == []
            assert "Beschwerde" not in body or path == "anliegen/"
            assert f"/anliegen/{hidden.case.number}" not in body


def test_figures_count_it_for_its_people_alone(hidden: Hidden) -> None:
    """The very same table with it and after it is gone: Petra's does not differ, Nora's does."""
    road = Category.objects.get(organisation=hidden.town, key="strasse")
    for _each in range(6):  # fewer would show no table at all
        opening.open(opening.Matter(category=road, at=timezone.now()))
    address = "/o/musterstadt/anliegen/statistik/tabelle/?tabelle=state"
    before = {each.pk: shown(signed_in(each), address)[1] for each in (hidden.petra, hidden.nora)}
    Case.objects.filter(pk=hidden.case.pk).delete()
    after = {each.pk: shown(signed_in(each), address)[1] for each in (hidden.petra, hidden.nora)}
    assert "Eingegangen" in before[hidden.petra.pk]
    assert before[hidden.petra.pk] == after[hidden.petra.pk]
    assert before[hidden.nora.pk] != after[hidden.nora.pk]


@pytest.mark.parametrize("path", sorted({path for method, path, _name, _scope in api.endpoints() if method == "GET"}))
def test_no_answer_of_the_api_holds_it(path: str, hidden: Hidden) -> None:
    _row, token = tokens.make(hidden.town, "Ratsinfo", list(SCOPES), days=90, operator=hidden.petra)
    here = path
    while "{" in here:
        start, end = here.index("{"), here.index("}")
        here = here[:start] + (hidden.case.number if "number" in here[start:end] else str(hidden.case.pk)) + here[end + 1 :]
    answer = Client().get(f"/api/v1{here}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code < 500
    body = answer.content.decode()
    nothing_of(hidden, body.replace("Zenobia Geheimrat", "") if path.startswith("/contacts") else body)  # names are the contacts' own


PUBLIC = (
    "", "karte.json", "meldungen.atom", "meldungen.rss", "meldungen.json", "meldungen.geojson", "neu/", "neu/beschwerde/", "2026-00002/",
)  # fmt: skip


@pytest.mark.parametrize("path", PUBLIC)
def test_no_public_page_or_feed_shows_it(path: str, hidden: Hidden) -> None:
    answer = Client().get(f"/melden/musterstadt/{path}")
    assert answer.status_code < 500
    body = answer.content.decode()
    assert [word for word in (*WORDS, *HERE) if word in body] == []
    if path != "2026-00002/":
        assert hidden.case.number not in body


@pytest.mark.parametrize("path", ["requests", "requests/2026-00002", "servicerequestupdates"])
@pytest.mark.parametrize("form", ["xml", "json"])
def test_open311_does_not_know_it(path: str, form: str, hidden: Hidden) -> None:
    query = "extensions=true&service_request_id=2026-00002&lat=51.3131&long=10.7171&radius=5000"
    answer = Client().get(f"/open311/musterstadt/v2/{path}.{form}?{query}")
    assert answer.status_code < 500
    body = answer.content.decode()
    assert [word for word in WORDS if word in body] == []
    assert answer.status_code == 404 or hidden.case.number not in body
