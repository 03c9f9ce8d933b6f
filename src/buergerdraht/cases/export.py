"""Cases as a file, piece by piece: a table for spreadsheets, places for maps. Never who brought them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.cases import listing, states
from buergerdraht.cases.models import Case
from buergerdraht.contacts.reading import defused

PIECE = 2_000  # rows fetched at once
Shown = dict[str, Any]


def table(rows: QuerySet[Case]) -> Iterator[str]:
    """Write a table for German spreadsheet programs: semicolons, and the mark that says UTF-8. Times are of Berlin."""
    yield "\ufeff"
    yield _line(
        [
            _("Nummer"), _("Kategorie"), _("Gruppe"), _("Stand"), _("Priorität"), _("Eingegangen"), _("Frist"), _("Erste Antwort"),
            _("Abgeschlossen"), _("Team"), _("Ort"), _("Ortsteil"), _("Breite"), _("Länge"), _("Herkunft"), _("Öffentlich"),
            _("Vertraulich"), _("Beteiligte"), _("Beschreibung"), _("Öffentlicher Text"),
        ]
    )  # fmt: skip
    followers = Count("followers", filter=Q(followers__left_at=None))
    for case in _fetched(rows.annotate(followed=followers)):
        yield _line(_cells(case))


def _fetched(rows: QuerySet[Case]) -> Iterator[Case]:
    found = rows.select_related("category", "district", "team").defer("answers", "reporter")
    return found.iterator(chunk_size=PIECE)


def _cells(case: Case) -> list[str]:
    yes, no = _("ja"), _("nein")
    return [
        case.number, case.category.title_in("de"), case.category.group, str(states.TITLES[Case.State(case.state)]),
        str(listing.PRIORITIES[case.priority][1]), _moment(case.received_at), _moment(case.due_at), _moment(case.answered_at),
        _moment(case.done_at), case.team.name if case.team else "", case.place, case.district.name if case.district else "",
        _degrees(case.latitude), _degrees(case.longitude), str(listing.ORIGINS[case.origin]),
        yes if case.public == Case.Public.RELEASED else no, yes if case.confidential else no, str(getattr(case, "followed", 0)), case.text,
        case.public_text,
    ]  # fmt: skip


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow([defused(cell) for cell in cells])
    return text.getvalue()


def _moment(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%d.%m.%Y %H:%M}" if moment else ""


def _degrees(value: float | None) -> str:
    """With a comma, as spreadsheets here read numbers; the apostrophe against formulas would make a text of a negative one."""
    return "" if value is None else f"{value:.6f}".replace(".", ",")


def geojson(rows: QuerySet[Case]) -> Iterator[str]:
    """Write a FeatureCollection (RFC 7946, longitude first) of those with a place; confidential ones are on no map."""
    yield '{"type":"FeatureCollection","features":['
    begun = False
    for case in _fetched(rows.filter(latitude__isnull=False, confidential=False)):
        yield ("," if begun else "") + msgspec.json.encode(_feature(case)).decode()
        begun = True
    yield "]}"


def _feature(case: Case) -> Shown:
    values: Shown = {
        "number": case.number, "category": case.category.key, "title": case.category.title_in("de"), "state": case.state,
        "priority": case.priority, "received_at": case.received_at.isoformat(), "due_at": _iso(case.due_at), "done_at": _iso(case.done_at),
        "team": case.team.name if case.team else None, "district": case.district.name if case.district else None, "place": case.place,
        "public": case.public == Case.Public.RELEASED, "public_text": case.public_text,
    }  # fmt: skip
    where = [round(case.longitude or 0.0, 6), round(case.latitude or 0.0, 6)]
    return {"type": "Feature", "id": case.number, "geometry": {"type": "Point", "coordinates": where}, "properties": values}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
