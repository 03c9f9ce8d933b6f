"""The ground is set up by uploads: shown as an outline, told where it is wrong, never half done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from buergerdraht.accounts.models import AuditEntry, Organisation
from buergerdraht.cases.models import Doorway, Ground, Shape
from buergerdraht.cases.tests.conftest import AREA, BEYOND, make_operator
from buergerdraht.contacts.models import District

SETTINGS = {"latitude": "51,1", "longitude": "7,1", "zoom": "13", "style": "", "original_days": "30"}


@pytest.fixture
def desk(town: Organisation) -> Client:
    client = Client()
    client.force_login(make_operator(town, "andrea", "administrator"))
    return client


def page(name: str, *args: object) -> str:
    return reverse(f"cases:{name}", args=("musterstadt", *args))


def upload(found: Any, name: str = "flaeche.geojson") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, found if isinstance(found, bytes) else json.dumps(found).encode())


def test_the_area_is_uploaded_drawn_and_taken_away(town: Organisation, desk: Client) -> None:
    Ground.objects.update(area=None, neighbours=[])
    assert "Noch keine Fläche" in desk.get(page("ground")).content.decode()
    desk.post(page("ground_area"), {"file": upload(AREA)})
    row = Ground.objects.get(organisation=town)
    assert row.area == AREA
    assert 51 < row.latitude < 51.2
    shown = desk.get(page("ground")).content.decode()
    assert "Umriss Ihres Gebiets" in shown
    assert "Von 51,000 bis 51,200 Grad Nord" in shown
    desk.post(page("ground_area"), {"remove": "1"})
    assert Ground.objects.get(organisation=town).area is None
    assert AuditEntry.objects.filter(organisation=town, action="cases.set_area").count() == 2


def test_an_area_in_utm_is_refused_beside_the_field_and_the_old_one_stays(town: Organisation, desk: Client) -> None:
    metres = {"type": "Polygon", "coordinates": [[[350_000, 5_700_000], [351_000, 5_700_000], [351_000, 5_701_000], [350_000, 5_700_000]]]}
    answer = desk.post(page("ground_area"), {"file": upload(metres)})
    assert answer.status_code == 422
    assert "EPSG:4326" in str(answer.context["area"].errors["file"])
    assert desk.post(page("ground_area")).status_code == 422
    assert Ground.objects.get(organisation=town).area == AREA


def test_districts_get_their_outlines_and_what_did_not_match_is_named(town: Organisation, desk: Client) -> None:
    north = District.objects.create(organisation=town, name="Nord")
    District.objects.create(organisation=town, name="Süd")
    rows = [{"type": "Feature", "geometry": AREA, "properties": {"name": "nord"}},
            {"type": "Feature", "geometry": BEYOND, "properties": {"name": "Fremd"}}]  # fmt: skip
    said = desk.post(page("ground_shapes"), {"file": upload({"type": "FeatureCollection", "features": rows})}, follow=True).content.decode()
    assert "Ein Ortsteil hat seinen Umriss." in said
    assert "Diese Namen kennen wir nicht: Fremd." in said
    assert "Nicht in der Datei: Süd." in said
    assert Shape.objects.get().district == north
    strange = {"type": "FeatureCollection", "features": rows[1:]}
    answer = desk.post(page("ground_shapes"), {"file": upload(strange)})
    assert answer.status_code == 422
    assert "Kein Name in der Datei" in answer.content.decode()


def test_a_neighbour_has_a_key_of_twelve_digits_and_a_safe_link(town: Organisation, desk: Client) -> None:
    good = {"name": "Auenland", "ars": "05 9999 999 002", "link": "https://auenland.example"}
    for wrong in ({"ars": "12345"}, {"ars": "990000000000"}, {"link": "http://auenland.example"}, {"name": ""}):
        answer = desk.post(page("ground_neighbours"), {**good, **wrong, "file": upload(BEYOND)})
        assert answer.status_code == 422
        assert list(answer.context["neighbour"].errors) == list(wrong)
    assert desk.post(page("ground_neighbours"), {**good, "file": upload(BEYOND)}).status_code == 302
    row = Ground.objects.get(organisation=town)
    assert [(each["name"], each["ars"]) for each in row.neighbours] == [("Auenland", "059999999002"), ("Nachbarstadt", "000000000001")]
    desk.post(page("ground_neighbour_remove", 0))
    assert [each["name"] for each in Ground.objects.get(organisation=town).neighbours] == ["Nachbarstadt"]
    assert desk.post(page("ground_neighbour_remove", 7)).status_code == 404


def test_the_map_begins_where_it_is_told_and_is_drawn_from_safe_addresses_only(town: Organisation, desk: Client) -> None:
    assert desk.post(page("ground"), {**SETTINGS, "style": "http://karten.example/stil.json"}).status_code == 422
    assert desk.post(page("ground"), {**SETTINGS, "latitude": "350000"}).status_code == 422
    assert desk.post(page("ground"), {**SETTINGS, "style": "https://karten.example/stil.json", "public": "on"}).status_code == 302
    row = Ground.objects.get(organisation=town)
    assert (row.latitude, row.zoom, row.public, row.original_days) == (51.1, 13, True, 30)
    assert row.style == "https://karten.example/stil.json"
    desk.post(page("ground"), SETTINGS)
    assert not Ground.objects.get(organisation=town).public


def test_houses_are_taken_over_with_a_report_by_line(town: Organisation, desk: Client) -> None:
    table = "straße;nr;breite;länge\nNeuer Weg;1;51,1;7,1\nNeuer Weg;2;abc;7,1\n".encode("cp1252")
    said = desk.post(page("doorways"), {"file": upload(table, "haeuser.csv")}).content.decode()
    assert "Eine Adresse übernommen" in said
    assert "Zeile 3: „abc“ ist keine Zahl." in said
    assert Doorway.objects.filter(organisation=town).count() == 4
    desk.post(page("doorways"), {"file": upload(table, "haeuser.csv"), "afresh": "on"})
    assert Doorway.objects.filter(organisation=town).count() == 1
    wrong = desk.post(page("doorways"), {"file": upload("straße;nr;breite;länge\n;1;51;7\n".encode(), "x.csv"), "afresh": "on"})
    assert wrong.status_code == 422
    assert "Keine Zeile ließ sich lesen." in wrong.content.decode()
    assert Doorway.objects.filter(organisation=town).count() == 1


@pytest.mark.parametrize("role", ["agent", "editor", "viewer"])
def test_only_who_manages_changes_the_ground(town: Organisation, role: str) -> None:
    client = Client()
    client.force_login(make_operator(town, "maria", role))
    for name in ("ground", "ground_area", "ground_shapes", "ground_neighbours", "doorways"):
        assert client.post(page(name), {"remove": "1", "file": upload(BEYOND)}).status_code == 403
    assert Ground.objects.get(organisation=town).area == AREA
