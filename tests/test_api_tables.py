"""Dialogs as another system sees them, and the tables they look things up in, which it keeps up to date."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone
from tests.api_town import Caller, Town, problem, token, town, walk

from buergerdraht.accounts.models import AuditEntry
from buergerdraht.dialogs import tables
from buergerdraht.dialogs.models import Dialog, Table, Version


@pytest.fixture
def here(db: None) -> Town:
    """The town, before anybody walked through its dialog."""
    of = town()
    of.walk.delete()
    Version.objects.all().delete()
    return of


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


@pytest.fixture
def path(here: Town) -> str:
    return f"/tables/{here.table.pk}/rows"


def put(caller: Caller, path: str, columns: list[str], rows: list[list[Any]], **more: Any) -> Any:
    return caller.call("put", path, {"columns": columns, "rows": rows} | more)


def found(caller: Caller, path: str, key: str) -> list[int]:
    """What a list gives for a key: asked by hand, `key` is another thing to the caller."""
    answer = caller.client.get(f"/api/v1{path}", headers=caller.headers, query_params={"key": key})
    return [row["id"] for row in answer.json()["items"]]


def live(of: Town, **document: Any) -> Version:
    """Let the town's dialog go live as it stands."""
    row = Version.objects.create(dialog=of.dialog, number=1, document=of.dialog.draft | document)
    Dialog.objects.filter(pk=of.dialog.pk).update(live=row)
    return row


def test_a_dialog_says_how_it_stands_and_in_which_version(here: Town, caller: Caller) -> None:
    def stands() -> tuple[str, int | None]:
        said = caller.get(f"/dialogs/{here.dialog.pk}").json()
        return said["state"], said["version"]

    assert stands() == ("draft", None)
    version = live(here)
    assert stands() == ("live", 1)
    Version.objects.filter(pk=version.pk).update(document={"languages": ["de"], "steps": []})
    assert stands() == ("changed", 1)
    assert [row["key"] for row in walk(caller, "/dialogs", live=True)] == ["abfuhr"]
    Dialog.objects.update(live=None)
    assert stands() == ("off", None)
    assert walk(caller, "/dialogs", live=True) == []
    Dialog.objects.update(archived_at=timezone.now())
    assert stands() == ("archived", None)
    assert (found(caller, "/dialogs", "abfuhr"), found(caller, "/dialogs", "anderer")) == ([here.dialog.pk], [])


def test_what_a_dialog_says_stays_inside(here: Town, caller: Caller) -> None:
    Dialog.objects.update(draft={"languages": ["de"], "steps": [{"id": "a", "kind": "say", "text": {"de": "Geheim"}}]})
    live(here)
    assert "Geheim" not in json.dumps([*walk(caller, "/dialogs"), caller.get(f"/dialogs/{here.dialog.pk}").json()])


def test_rows_come_in_the_form_in_which_they_are_sent(here: Town, caller: Caller, path: str) -> None:
    said = caller.get(path).json()
    assert said == {"columns": ["strasse", "abfuhr"], "rows": [["Ahornweg", "Montag"], ["Birkenallee", "Dienstag"]]}
    assert caller.call("put", path, said).status_code == 200
    assert caller.get(path).json() == said
    assert "rows" not in walk(caller, "/tables")[0]
    assert (found(caller, "/tables", "strassen"), found(caller, "/tables", "orte")) == ([here.table.pk], [])


def test_new_rows_stand_in_place_of_all_and_can_be_taken_back(here: Town, caller: Caller, path: str) -> None:
    said = put(caller, path, ["Straße", "Abfuhr"], [[" Ahornweg ", "Mittwoch"], ["", " "], ["Cäcilienplatz", "'=1"]]).json()
    assert (said["columns"], said["number"]) == (["strasse", "abfuhr"], 2)
    assert caller.get(path).json()["rows"] == [["Ahornweg", "Mittwoch"], ["Cäcilienplatz", "'=1"]]
    entry = AuditEntry.objects.get(action="dialogs.replace_table")
    assert (entry.operator.name if entry.operator else "", entry.subject) == ("Ratsinfo", f"table:{here.table.pk}")


def test_what_was_replaced_is_kept_for_the_way_back(here: Town, caller: Caller, path: str, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        put(caller, path, ["Straße", "Abfuhr"], [["Ahornweg", "Mittwoch"]])
    tables.take_back(here.table, operator=here.operator)
    assert caller.get(path).json()["rows"] == [["Ahornweg", "Montag"], ["Birkenallee", "Dienstag"]]


def test_every_row_that_does_not_fit_is_named_and_nothing_is_replaced(here: Town, caller: Caller, path: str) -> None:
    rows = [["A", "51,3"], ["B"], ["C", "Norden"], ["D", "9", "zu viel"], ["x" * 2001, "1"]]
    said = problem(put(caller, path, ["Ort", "latitude"], rows), 422, "invalid")
    assert [each["field"] for each in said["errors"]] == ["rows.1", "rows.2", "rows.3", "rows.4"]
    assert said["errors"][0]["detail"] == "nur 1 statt 2 Spalten"
    assert "Norden" not in json.dumps(said)
    many = problem(put(caller, path, ["Ort", "latitude"], [["A"]] * 33), 422)
    assert (len(many["errors"]), many["more"]) == (20, 13)
    assert Table.objects.get(pk=here.table.pk).rows == here.table.rows


@pytest.mark.parametrize(
    ("columns", "rows", "field"),
    [(["", " "], [["a", "b"]], "columns"), (["Ort", "ort"], [["a", "b"]], "columns"), ([], [["a"]], "columns"),
     (["a"] * 61, [["a"]], "columns"), (["Ort"], [], "rows"), (["Ort"], [[""], [" "]], "rows"), (["Ort"], [[1]], "rows.0.0"),
     (["Ort"], [["a\ud800"]], "rows.0.0"), (["Ort"], [["a"]] * 20_001, "rows")],
    ids=["no headings", "twice", "no columns", "too many columns", "no rows", "empty rows", "a number", "no text", "too many rows"],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_the_field(
    here: Town, caller: Caller, path: str, columns: list[str], rows: list[list[Any]], field: str
) -> None:
    said = problem(put(caller, path, columns, rows), 422, "invalid")
    assert [each["field"] for each in said["errors"]] == [field]
    assert Table.objects.get(pk=here.table.pk).rows == here.table.rows


def test_more_than_a_call_may_hold_is_a_problem_too(here: Town, caller: Caller, path: str) -> None:
    problem(put(caller, path, ["Ort"], [["x" * 2000]] * 1500), 413, "too_large")


def test_a_column_goes_only_where_no_dialog_would_miss_it(here: Town, caller: Caller, path: str) -> None:
    live(here, steps=[{"id": "a", "kind": "look_up", "table": "strassen"}])
    problem(put(caller, path, ["Straße"], [["Ahornweg"]]), 409, "in_use")
    assert put(caller, path, ["Straße", "Abfuhr", "Bezirk"], [["Ahornweg", "Mittwoch", "1"]]).status_code == 200
    Dialog.objects.update(archived_at=timezone.now())
    assert put(caller, path, ["Straße"], [["Ahornweg"]]).json()["columns"] == ["strasse"]
