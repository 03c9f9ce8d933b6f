"""The map of the desk: gathered by squares, bounded, with the filter of the list, and nothing confidential on it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.cases import mapping, opening, sight
from buergerdraht.cases.mapping import Box
from buergerdraht.cases.models import Case, Category, Ground, Shape
from buergerdraht.cases.tests.conftest import make_category, make_operator
from buergerdraht.contacts.models import District

TOWN = Box(7.0, 51.0, 7.2, 51.2, zoom=11)
MAP = "/o/musterstadt/anliegen/karte/"


def number(case: Case) -> dict[str, Any]:
    return {"number": case.number}


def report(category: Category, latitude: float = 51.1, longitude: float = 7.1, **fields: Any) -> Case:
    return opening.open(opening.Matter(category=category, at=timezone.now(), latitude=latitude, longitude=longitude, **fields))


def drawn(box: Box = TOWN) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = mapping.clusters(Case.objects.all(), box, number)["features"]
    return features


@pytest.fixture
def desk(kemal: Operator) -> Client:
    client = Client()
    client.force_login(kemal)
    return client


# ── Squares ───────────────────────────────────────────────────────────────


def test_one_alone_is_itself_and_several_together_are_a_number(hole: Category) -> None:
    alone = report(hole, 51.19, 7.19)
    for step in range(3):
        report(hole, 51.05 + step / 10_000, 7.05)
    single, group = sorted(drawn(), key=lambda each: "count" in each["properties"])
    assert single["properties"] == {"number": alone.number}
    assert single["geometry"] == {"type": "Point", "coordinates": [7.19, 51.19]}
    assert group["properties"] == {"count": 3}
    assert group["bbox"] == [7.05, 51.05, 7.05, pytest.approx(51.0502)]


def test_a_group_falls_apart_when_one_comes_nearer(hole: Category) -> None:
    for step in range(3):
        report(hole, 51.05 + step / 1_000, 7.05)
    assert len(drawn()) == 1
    assert len(drawn(Box(7.04, 51.04, 7.06, 51.06, zoom=17))) == 3


@pytest.mark.parametrize("zoom", [0, 5, 11, 16, 22])
def test_every_case_is_counted_once_and_the_answer_stays_small(hole: Category, town: Organisation, zoom: int) -> None:
    dice = random.Random(4)
    rows = [
        Case(organisation=town, category=hole, number=f"2026-{number:05}", received_at=timezone.now(),
             latitude=dice.uniform(51.0, 51.2), longitude=dice.uniform(7.0, 7.2))
        for number in range(3_000)
    ]  # fmt: skip
    Case.objects.bulk_create(rows)
    features = drawn(Box(7.0, 51.0, 7.2, 51.2, zoom=zoom))
    assert sum(each["properties"].get("count", 1) for each in features) == 3_000
    assert len(features) <= mapping.MOST
    spots = mapping.heat(Case.objects.all(), Box(-180, -85, 180, 85, zoom=22))["features"]
    assert sum(each["properties"]["count"] for each in spots) == 3_000
    assert len(spots) <= mapping.MOST_SPOTS


def test_what_lies_outside_the_box_or_nowhere_is_not_drawn(hole: Category) -> None:
    report(hole, 52.0, 7.1)
    opening.open(opening.Matter(category=hole, at=timezone.now()))
    assert drawn() == []


def test_a_district_is_drawn_with_its_number(town: Organisation, hole: Category) -> None:
    north, empty = (District.objects.create(organisation=town, name=name) for name in ("Nord", "Süd"))
    Shape.objects.create(district=north, area={"type": "Polygon", "coordinates": [[[7, 51.1], [7.2, 51.1], [7.2, 51.2], [7, 51.1]]]})
    Shape.objects.create(district=empty, area={"type": "Point", "coordinates": [7, 51]})  # cannot be drawn
    report(hole, 51.15, 7.18)
    report(hole, 51.02, 7.18)
    [feature] = mapping.districts(Case.objects.all(), town)["features"]
    assert feature["properties"] == {"id": north.pk, "name": "Nord", "count": 1}
    assert feature["geometry"]["type"] == "Polygon"


# ── Who sees what ─────────────────────────────────────────────────────────


def test_a_confidential_matter_is_on_no_map_not_even_its_peoples(complaint: Category, kemal: Operator, desk: Client) -> None:
    case = report(complaint)
    membership = Membership.objects.get(operator=kemal)
    assert sight.cases(membership).filter(pk=case.pk).exists()
    for kind in ("punkte/", "dichte/", "ortsteile/", "liste/", ""):
        body = desk.get(f"{MAP}{kind}?bbox=7,51,7.2,51.2&zoom=12").content.decode()
        assert case.number not in body, kind
    assert desk.get(f"{MAP}punkte/?bbox=7,51,7.2,51.2&zoom=12").json()["features"] == []
    assert desk.get(f"{MAP}dichte/?bbox=7,51,7.2,51.2&zoom=12").json()["features"] == []


def test_another_house_is_not_on_the_map(town: Organisation, hole: Category, desk: Client) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    report(make_category(other, "hole", "Loch"))
    assert desk.get(f"{MAP}punkte/?bbox=7,51,7.2,51.2&zoom=12").json()["features"] == []
    assert desk.get("/o/nachbarstadt/anliegen/karte/").status_code == 404


# ── The page ──────────────────────────────────────────────────────────────


def test_the_list_beside_the_map_works_without_it(hole: Category, desk: Client) -> None:
    case = report(hole, place="Marktstraße 12")
    old = report(hole, place="Nordweg 1")
    Case.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=400), state="done", done_at=timezone.now())
    page = " ".join(desk.get(MAP).content.decode().split())
    assert case.number in page
    assert "Marktstraße 12" in page
    assert "data-map" in page


def test_the_list_follows_the_map(hole: Category, desk: Client) -> None:
    here, there = report(hole, 51.05, 7.05), report(hole, 51.15, 7.15)
    piece = desk.get(f"{MAP}liste/?bbox=7,51,7.1,51.1&zoom=13").content.decode()
    assert here.number in piece
    assert there.number not in piece
    assert "In diesem Ausschnitt" in desk.get(f"{MAP}liste/?bbox=1,1,2,2&zoom=13").content.decode()


@pytest.mark.parametrize("kind", ["punkte/", "dichte/", "liste/"])
def test_a_bent_box_is_refused(town: Organisation, desk: Client, kind: str) -> None:
    assert desk.get(f"{MAP}{kind}?bbox=x").status_code == 400


def test_a_point_leads_to_its_case(hole: Category, desk: Client) -> None:
    case = report(hole, place="Marktstraße 12")
    [feature] = desk.get(f"{MAP}punkte/?bbox=7,51,7.2,51.2&zoom=12").json()["features"]
    assert feature["properties"]["title"] == "Schlagloch"
    assert feature["properties"]["url"].endswith(f"/{case.number}/")


def test_only_the_map_may_ask_the_house_of_the_map(town: Organisation, desk: Client) -> None:
    assert "https://sgx.geodatenzentrum.de" in desk.get(MAP)["Content-Security-Policy"]
    Ground.objects.update(style="https://karten.musterstadt.example/stil.json")
    policy = desk.get(MAP)["Content-Security-Policy"]
    assert "connect-src 'self' https://karten.musterstadt.example" in policy
    assert "geodatenzentrum" not in policy


def test_an_authority_without_cases_reads_what_to_do(town: Organisation, desk: Client) -> None:
    assert "Noch liegt nichts auf der Karte" in desk.get(MAP).content.decode()


def test_whoever_only_reads_sees_the_map(town: Organisation, hole: Category) -> None:
    client = Client()
    client.force_login(make_operator(town, "lena", role="viewer"))
    assert client.get(MAP).status_code == 200
