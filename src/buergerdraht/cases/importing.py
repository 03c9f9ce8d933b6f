"""What is uploaded of the ground: outlines as GeoJSON (RFC 7946), houses as a table. Nothing is trusted; what is wrong is said."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from shapely import from_geojson, to_geojson, unary_union
from shapely.errors import GEOSException

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import ground
from buergerdraht.cases.models import Doorway
from buergerdraht.cases.places import folded
from buergerdraht.contacts.models import District
from buergerdraht.contacts.words import plain

LARGEST = 10 * 1024 * 1024
MOST_POINTS, MOST_SHAPES, MOST_HOUSES = 50_000, 500, 200_000
POLYGONS = {"Polygon", "MultiPolygon"}
WORLD = ("CRS84", "4326")  # how a file may name its coordinates
NAMES = ("name", "NAME", "Name", "gen", "GEN", "ortsteil", "Ortsteil", "bezeichnung", "stadtteil", "Stadtteil", "bezirk")
HEADINGS = {
    "street": {"strasse", "str", "street", "strassenname", "strname", "stn"},
    "number": {"nr", "nummer", "hausnummer", "hausnr", "hnr", "number", "housenumber"},
    "more": {"zusatz", "adz", "hausnummernzusatz", "hausnrzusatz"},
    "latitude": {"lat", "latitude", "breite", "breitengrad", "y"},
    "longitude": {"lon", "lng", "long", "longitude", "laenge", "lange", "langengrad", "laengengrad", "x"},
}

Geometry = dict[str, Any]


# ── Outlines ──────────────────────────────────────────────────────────────


def area(data: bytes) -> Geometry:
    """Read one area: all polygons of a file together. Raises ValidationError with a sentence."""
    found = [geometry for _name, geometry in _polygons(_decoded(data))]
    if len(found) == 1:
        return found[0]
    try:
        return _whole(unary_union([from_geojson(msgspec.json.encode(each)) for each in found]))
    except GEOSException as problem:
        raise ValidationError(_("Die Flächen lassen sich nicht zusammenfügen.")) from problem


def _whole(shape: Any) -> Geometry:
    made: Geometry = msgspec.json.decode(to_geojson(shape))
    return _checked(made)


@dataclass
class Matched:
    """Outlines by district of ours, names of the file nobody here has, districts without an outline in it."""

    shapes: dict[District, Geometry] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def districts(organisation: Organisation, data: bytes) -> Matched:
    """Match the named areas of a file with our districts, whatever the case and umlauts. Raises ValidationError."""
    rows = {plain(row.name): row for row in District.objects.filter(organisation=organisation)}
    found = Matched()
    for name, geometry in _polygons(_decoded(data)):
        row = rows.get(plain(name))
        if row is None:
            found.unknown.append(name or _("ohne Namen"))
        elif row in found.shapes:
            raise ValidationError(_("„%(name)s“ kommt zweimal vor.") % {"name": name})
        else:
            found.shapes[row] = geometry
    found.missing = [row.name for row in rows.values() if row not in found.shapes]
    return found


def _decoded(data: bytes) -> Any:
    if len(data) > LARGEST:
        raise ValidationError(_("Die Datei ist größer als 10 MB."))
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise ValidationError(_("Das ist keine GeoJSON-Datei. Wählen Sie beim Export „GeoJSON“.")) from problem


def _polygons(found: Any) -> list[tuple[str, Geometry]]:
    """Give every area of a file with its name."""
    if not isinstance(found, Mapping):
        raise ValidationError(_("Das ist keine GeoJSON-Datei. Wählen Sie beim Export „GeoJSON“."))
    _know_world(found.get("crs"))
    rows = list(_geometries(found))
    if not rows:
        raise ValidationError(_("In der Datei steht keine Fläche (Polygon oder MultiPolygon)."))
    if len(rows) > MOST_SHAPES:
        raise ValidationError(_("In der Datei stehen mehr als %(most)s Flächen.") % {"most": MOST_SHAPES})
    return [(name, _checked(geometry)) for name, geometry in rows]


def _geometries(found: Mapping[str, Any]) -> Iterator[tuple[str, Geometry]]:
    kind = found.get("type")
    if kind in POLYGONS:
        yield "", dict(found)
    elif kind == "Feature":
        geometry = found.get("geometry")
        if isinstance(geometry, Mapping) and geometry.get("type") in POLYGONS:
            yield _name(found.get("properties")), dict(geometry)
    elif kind == "FeatureCollection" and isinstance(found.get("features"), list):
        for each in found["features"]:
            if isinstance(each, Mapping) and each.get("type") == "Feature":
                yield from _geometries(each)


def _name(properties: Any) -> str:
    if not isinstance(properties, Mapping):
        return ""
    return next((str(properties[key])[:80].strip() for key in NAMES if isinstance(properties.get(key), str)), "")


def _know_world(crs: Any) -> None:
    """A file that names other coordinates than latitude and longitude is refused."""
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = str(properties.get("name", "")) if isinstance(properties, Mapping) else ""
    if name and not name.endswith(WORLD):
        raise ValidationError(_utm())


def _utm() -> str:
    return _(
        "Die Koordinaten sehen nach UTM oder Gauß-Krüger aus. Wir brauchen Länge und Breite in Grad (EPSG:4326). "
        "Wählen Sie das beim Export als Koordinatensystem."
    )


def _checked(geometry: Geometry) -> Geometry:
    """Give a geometry that holds only its type and plain coordinates. Raises ValidationError."""
    polygons: Any = [geometry.get("coordinates")] if geometry.get("type") == "Polygon" else geometry.get("coordinates")
    try:
        plain_ones = [[[_point(point) for point in ring] for ring in polygon] for polygon in polygons or ()]
    except (TypeError, ValueError) as problem:
        raise ValidationError(_("Die Koordinaten einer Fläche sind nicht lesbar.")) from problem
    points = [point for polygon in plain_ones for ring in polygon for point in ring]
    _know_degrees(points)
    made: Geometry = {"type": "Polygon", "coordinates": plain_ones[0]} if len(plain_ones) == 1 else {
        "type": "MultiPolygon", "coordinates": plain_ones}  # fmt: skip
    try:
        ground.read(made)
    except ground.Unreadable as problem:
        raise ValidationError(
            _("Eine Fläche schneidet sich selbst oder ist nicht geschlossen. Bitte reparieren Sie sie im GIS.")
        ) from problem
    return made


def _point(raw: Any) -> list[float]:
    longitude, latitude = float(raw[0]), float(raw[1])
    if not (math.isfinite(longitude) and math.isfinite(latitude)):
        raise ValueError
    return [longitude, latitude]


def _know_degrees(points: list[list[float]]) -> None:
    if not points:
        raise ValidationError(_("In der Datei steht eine Fläche ohne Punkte."))
    if len(points) > MOST_POINTS:
        most = f"{MOST_POINTS:,}".replace(",", ".")
        raise ValidationError(_("Die Fläche hat mehr als %(most)s Punkte. Bitte vereinfachen Sie sie beim Export.") % {"most": most})
    if any(abs(longitude) > 180 or abs(latitude) > 90 for longitude, latitude in points):
        raise ValidationError(_utm())
    if all(45 < longitude < 57 and 4 < latitude < 17 for longitude, latitude in points):
        raise ValidationError(_("Länge und Breite sind vertauscht: In GeoJSON steht die Länge zuerst."))


# ── Houses ────────────────────────────────────────────────────────────────


@dataclass
class Houses:
    """The houses of a table, by what they are found by, and what was left out, with its line."""

    rows: dict[str, Doorway] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def houses(organisation: Organisation, data: bytes) -> Houses:
    """Read a table of houses: street; number; latitude; longitude. Raises ValidationError where it is none."""
    lines = _lines(_text(data))
    columns = _columns(next(lines, []))
    found = Houses()
    for line, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if line > MOST_HOUSES + 1:
            raise ValidationError(_("Die Tabelle hat mehr als 200.000 Zeilen. Bitte teilen Sie sie auf."))
        try:
            row = _house(organisation, {name: cells[place].strip() if place < len(cells) else "" for name, place in columns.items()})
        except ValueError as problem:
            found.problems.append(_("Zeile %(line)s: %(problem)s") % {"line": line, "problem": problem})
        else:
            if row.plain in found.rows:
                found.problems.append(_("Zeile %(line)s: „%(house)s“ kommt noch einmal vor; diese Zeile gilt.")
                                      % {"line": line, "house": f"{row.street} {row.number}".strip()})  # fmt: skip
            found.rows[row.plain] = row
    return found


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise ValidationError(_("Die Datei ist größer als 10 MB."))
    if b"\0" in data:
        raise ValidationError(_("Das ist keine CSV-Datei. Speichern Sie die Tabelle in Ihrem Programm als „CSV“."))
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValidationError(_("Die Zeichen der Datei sind nicht lesbar. Bitte speichern Sie sie als „CSV UTF-8“."))


def _lines(text: str) -> Iterator[list[str]]:
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(";\t,|", key=first.count))
    try:
        yield from reader
    except csv.Error as problem:
        raise ValidationError(_("Ab Zeile %(line)s ist die Tabelle nicht lesbar.") % {"line": reader.line_num}) from problem


def _columns(headings: Iterable[str]) -> dict[str, int]:
    """Find which column is what by its heading."""
    folded_ones = [plain(each).replace(" ", "").replace("_", "") for each in headings]
    found = {name: place for name, known in HEADINGS.items() for place, each in enumerate(folded_ones) if each in known}
    words = {"street": _("Straße"), "latitude": _("Breite"), "longitude": _("Länge")}
    if missing := [word for name, word in words.items() if name not in found]:
        raise ValidationError(_("In der ersten Zeile fehlt die Überschrift: %(names)s.") % {"names": ", ".join(missing)})
    return found


def _house(organisation: Organisation, cells: Mapping[str, str]) -> Doorway:
    street, number = cells["street"], f"{cells.get('number', '')}{cells.get('more', '')}"
    if not plain(street):
        raise ValueError(_("Die Straße fehlt."))
    if len(street) > 80 or len(number) > 12:
        raise ValueError(_("Straße oder Hausnummer ist zu lang."))
    latitude, longitude = _degrees(cells["latitude"]), _degrees(cells["longitude"])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError(_("Die Koordinaten sind keine Grad; sehen sie nach UTM aus, brauchen wir EPSG:4326."))
    return Doorway(organisation=organisation, street=street, number=number, plain=folded(f"{street} {number}")[:100], latitude=latitude,
                   longitude=longitude)  # fmt: skip


def _degrees(text: str) -> float:
    """Read "51,123" or "51.123"."""
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        raise ValueError(_("„%(text)s“ ist keine Zahl.") % {"text": text[:40]}) from None
    if not math.isfinite(found):
        raise ValueError(_("„%(text)s“ ist keine Zahl.") % {"text": text[:40]})
    return found
