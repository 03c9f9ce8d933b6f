"""Outlines and houses come from files of every kind; what cannot be right is told plainly and nothing of it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import arranging, ground, importing, outline, places
from buergerdraht.cases.models import Doorway
from buergerdraht.contacts.models import District

SQUARE = [[7.0, 51.0], [7.2, 51.0], [7.2, 51.2], [7.0, 51.2], [7.0, 51.0]]
EAST = [[7.2, 51.0], [7.4, 51.0], [7.4, 51.2], [7.2, 51.2], [7.2, 51.0]]
FAR = [[8.0, 51.0], [8.1, 51.0], [8.1, 51.1], [8.0, 51.0]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(*features: Any, **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **more}


def file(found: Any) -> bytes:
    return json.dumps(found).encode()


@pytest.mark.parametrize(
    "found",
    [
        polygon(SQUARE),
        polygon([[*point, 87.5] for point in SQUARE]),  # heights
        {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
        feature(polygon(SQUARE), name="Musterstadt"),
        collection(feature(polygon(SQUARE)), feature({"type": "Point", "coordinates": [7, 51]}), feature(None)),
        collection(feature(polygon(SQUARE)), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}),
    ],
)
def test_an_area_is_read_in_every_form_geojson_has(found: dict[str, Any]) -> None:
    assert importing.area(b"\xef\xbb\xbf" + file(found)) == polygon(SQUARE)


def test_several_areas_are_one() -> None:
    joined = importing.area(file(collection(feature(polygon(SQUARE)), feature(polygon(EAST)))))
    assert joined["type"] == "Polygon"
    assert ground.holds(joined, 51.1, 7.3)
    apart = importing.area(file(collection(feature(polygon(SQUARE)), feature(polygon(FAR)))))
    assert apart["type"] == "MultiPolygon"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (b"PK\x03\x04", "keine GeoJSON-Datei"),
        (b"[" * 100_000, "keine GeoJSON-Datei"),
        (file([1]), "keine GeoJSON-Datei"),
        (file(collection()), "keine Fläche"),
        (file({"type": "Point", "coordinates": [7, 51]}), "keine Fläche"),
        (file(polygon([[350_000.0, 5_700_000.0], [351_000.0, 5_700_000.0], [351_000.0, 5_701_000.0], [350_000.0, 5_700_000.0]])), "UTM"),
        (file(collection(feature(polygon(SQUARE)), crs={"properties": {"name": "urn:ogc:def:crs:EPSG::25832"}})), "UTM"),
        (file(polygon([[y, x] for x, y in SQUARE])), "vertauscht"),
        (file(polygon([[7, 51], [7.2, 51.2], [7.2, 51], [7, 51.2], [7, 51]])), "schneidet sich selbst"),
        (file({"type": "Polygon", "coordinates": [[["a", "b"]]]}), "nicht lesbar"),
        (file({"type": "Polygon", "coordinates": 7}), "nicht lesbar"),
        (file({"type": "Polygon", "coordinates": []}), "ohne Punkte"),
        (file({"type": "Polygon", "coordinates": [[[7, 51]] * (importing.MOST_POINTS + 1)]}), "mehr als 50.000 Punkte"),
        (b" " * (importing.LARGEST + 1), "größer als 10 MB"),
    ],
)
def test_what_is_no_area_is_told_plainly(found: bytes, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        importing.area(found)


def test_districts_are_matched_by_name_and_the_rest_is_named(town: Organisation) -> None:
    north, south = (District.objects.create(organisation=town, name=name) for name in ("Nördlingen-Dorf", "Südhöhe"))
    rows = collection(feature(polygon(SQUARE), GEN="NÖRDLINGEN DORF"), feature(polygon(EAST), name="Nirgendwo"), feature(polygon(FAR)))
    found = importing.districts(town, file(rows))
    assert list(found.shapes) == [north]
    assert found.unknown == ["Nirgendwo", "ohne Namen"]
    assert found.missing == [south.name]
    with pytest.raises(ValidationError, match="zweimal"):
        importing.districts(town, file(collection(*[feature(polygon(SQUARE), name="Südhöhe")] * 2)))


# ── Houses ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("table", "encoding"),
    [
        ("Straße;Hausnummer;Breite;Länge\nGüterweg;3;51,1;7,1\n", "cp1252"),
        ("strasse,nr,lat,lon\nGüterweg,3,51.1,7.1\n", "utf-8-sig"),
        ("STN\tHNR\tADZ\tY\tX\nGüterweg\t3\t\t51.1\t7.1\n", "utf-8"),
    ],
)
def test_houses_are_read_whatever_the_headings_and_the_comma(town: Organisation, table: str, encoding: str) -> None:
    found = importing.houses(town, table.encode(encoding))
    assert found.problems == []
    row = next(iter(found.rows.values()))
    assert (row.street, row.number, row.latitude, row.longitude) == ("Güterweg", "3", 51.1, 7.1)


def test_a_line_that_cannot_be_read_is_left_out_and_named(town: Organisation) -> None:
    table = "straße;nr;zusatz;lat;lon\nA-Weg;1;a;51;7\n;2;;51;7\nB-Weg;1;;350000;5700000\nC-Weg;1;;nan;7\n\nA-Weg;1a;;52;7\nD-Weg\n"
    found = importing.houses(town, table.encode())
    assert [(row.street, row.number, row.latitude) for row in found.rows.values()] == [("A-Weg", "1a", 52.0)]
    assert [problem.split(":")[0] for problem in found.problems] == ["Zeile 3", "Zeile 4", "Zeile 5", "Zeile 7", "Zeile 8"]
    assert "UTM" in found.problems[1]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (b"", "fehlt die Überschrift"),
        ("straße;nr\nA;1\n".encode(), "Breite, Länge"),
        (b"PK\x00\x03", "keine CSV-Datei"),
        (b"x" * (importing.LARGEST + 1), "größer als 10 MB"),
        (b"strasse;lat;lon\n" + b"A;51;7\n" * 200_001, "200.000 Zeilen"),
        (b"strasse;lat;lon\n" + b"A" * 200_000 + b";51;7\n", "nicht lesbar"),
    ],
)
def test_what_is_no_table_of_houses_is_told(town: Organisation, table: bytes, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        importing.houses(town, table)


def test_houses_move_when_they_come_again_and_are_found_by_what_people_type(town: Organisation) -> None:
    def bring(table: str, *, afresh: bool = False) -> int:
        found = importing.houses(town, f"strasse;nr;lat;lon\n{table}".encode())
        return arranging.bring_houses(town, found.rows.values(), afresh=afresh, operator=None)

    other = Organisation.objects.create(slug="kreis", name="Kreis")
    Doorway.objects.create(organisation=other, street="Weg", number="1", plain="weg 1", latitude=1, longitude=1)
    before = Doorway.objects.filter(organisation=town).count()
    assert bring("Marktstraße;1;51.5;7.5\nNeue Str.;7;51.6;7.6\n") == 2
    assert Doorway.objects.filter(organisation=town).count() == before + 1
    assert places.find(town, "marktstr 1")[0].latitude == 51.5
    assert bring("Nur Weg;1;51;7\n", afresh=True) == 1
    assert Doorway.objects.filter(organisation=town).count() == 1
    assert Doorway.objects.filter(organisation=other).count() == 1


def test_an_outline_is_drawn_within_its_box_and_says_its_extent() -> None:
    drawing = outline.draw(
        [("is-area", "", polygon(SQUARE)), ("is-district", "Ost", polygon(EAST)), ("is-district", "kaputt", {"type": "x"})]
    )
    assert drawing is not None
    assert (drawing.west, drawing.south, drawing.east, drawing.north) == (7.0, 51.0, 7.4, 51.2)
    assert len(drawing.lines) == 2
    numbers = [float(each) for line in drawing.lines for each in line.path.replace("M", " ").replace("L", " ").replace("Z", " ").split()]
    assert all(0 <= number <= outline.WIDTH for number in numbers)
    assert outline.draw([]) is None
