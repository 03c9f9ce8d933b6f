"""Cases as files: what stands in them, and what never does."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation
from buergerdraht.cases import opening
from buergerdraht.cases.models import Case, Category
from buergerdraht.cases.opening import Matter
from buergerdraht.cases.tests.conftest import make_operator
from buergerdraht.contacts.models import Contact

LIST = "/o/musterstadt/anliegen/"


def opened(category: Category, **fields: Any) -> Case:
    return opening.open(Matter(category=category, at=timezone.now(), **fields))


def body(operator: Operator, address: str) -> str:
    client = Client()
    client.force_login(operator)
    answer = client.get(f"{LIST}{address}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]


def table(operator: Operator, query: str = "") -> list[dict[str, str]]:
    text = body(operator, f"anliegen.csv?{query}")
    assert text.startswith("\ufeff"), "spreadsheets know UTF-8 by it"
    return list(csv.DictReader(io.StringIO(text[1:]), delimiter=";"))


def test_the_table_holds_the_filtered_cases_with_german_words(hole: Category, waste: Category, kemal: Operator) -> None:
    case = opened(hole, text="Tiefes Loch", place="Marktstraße 12", latitude=51.1, longitude=7.1)
    opened(waste)
    (row,) = table(kemal, "kategorie=pothole")
    assert row["Nummer"] == case.number
    assert (row["Stand"], row["Priorität"], row["Team"]) == ("Eingegangen", "normal", "Bauhof")
    assert (row["Breite"], row["Länge"]) == ("51,100000", "7,100000")
    assert row["Beschreibung"] == "Tiefes Loch"


def test_who_brought_it_is_in_no_file(hole: Category, kemal: Operator, town: Organisation) -> None:
    contact = Contact.objects.create(organisation=town, name="Vera Beispiel")
    opened(
        hole, contact=contact, latitude=51.1, longitude=7.1, answers={"phone": "030 23125 123"},
        reporter={"name": "Wilma Muster", "email": "wilma@muster.example"},
    )  # fmt: skip
    for name in ("anliegen.csv", "anliegen.geojson"):
        text = body(kemal, name)
        for secret in ("Vera", "Wilma", "muster.example", "23125"):
            assert secret not in text


def test_a_formula_stays_text(hole: Category, kemal: Operator) -> None:
    opened(hole, text='=HYPERLINK("https://boese.example")', place="@SUM(1)")
    (row,) = table(kemal)
    assert row["Beschreibung"].startswith("'=")
    assert row["Ort"].startswith("'@")


def test_a_complaint_stays_out_of_the_export(complaint: Category, kemal: Operator, town: Organisation) -> None:
    case = opened(complaint, text="Unfreundlich", latitude=51.1, longitude=7.1)
    stranger = make_operator(town, "petra")
    assert [row["Nummer"] for row in table(kemal)] == [case.number]
    assert table(stranger) == []
    for operator in (kemal, stranger):
        assert json.loads(body(operator, "anliegen.geojson"))["features"] == [], "confidential ones are on no map, not even for the named"


def test_places_are_longitude_first_and_only_cases_that_have_one(hole: Category, kemal: Operator) -> None:
    case = opened(hole, latitude=51.123456, longitude=7.1)
    opened(hole)
    found = json.loads(body(kemal, "anliegen.geojson"))
    assert found["type"] == "FeatureCollection"
    (feature,) = found["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [7.1, 51.123456]}
    assert feature["id"] == feature["properties"]["number"] == case.number
    assert "text" not in feature["properties"]


def test_several_features_are_one_readable_document(hole: Category, kemal: Operator) -> None:
    for step in range(3):
        opened(hole, latitude=51.1 + step / 100, longitude=7.1)
    assert len(json.loads(body(kemal, "anliegen.geojson"))["features"]) == 3


def test_an_export_is_written_down_by_number_alone(hole: Category, kemal: Operator) -> None:
    opened(hole, text="Geheimes Wort")
    table(kemal, "worte=geheimes")
    row = AuditEntry.objects.get(action="cases.export")
    assert row.operator == kemal
    assert row.details == {"kind": "csv", "count": 1}


def test_readers_get_no_file_and_an_unreadable_choice_gives_none(hole: Category, kemal: Operator, town: Organisation) -> None:
    client = Client()
    client.force_login(make_operator(town, "leser", "viewer"))
    assert client.get(f"{LIST}anliegen.csv").status_code == 403
    client.force_login(kemal)
    assert client.get(f"{LIST}anliegen.csv?kategorie=weg").status_code == 404
