"""A table comes from a file whole or not at all, is changed by hand in a minute, and nothing is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import include, path
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht import urls
from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.dialogs import lookups, systems_urls, tables
from buergerdraht.dialogs.models import Dialog, Table
from buergerdraht.dialogs.tests.test_systems import signed_in

urlpatterns = [path("o/<slug:organisation>/", include((systems_urls.urlpatterns, "dialogs"))), *urls.urlpatterns]
pytestmark = pytest.mark.urls(__name__)
DESK = "/o/musterstadt/einstellungen/tabellen/"
STREETS = "Straße;Abfuhr Restmüll\nAhornweg;Montag\nBirkenallee;Dienstag\n"


def problems(data: bytes) -> list[tuple[int, str]]:
    with pytest.raises(tables.Unreadable) as found:
        tables.read(data)
    return list(found.value.problems)


# ── A file ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_is_read_as_spreadsheets_save_it(encoding: str, delimiter: str, end: str) -> None:
    sheet = tables.read(STREETS.replace(";", delimiter).replace("\n", end).encode(encoding))
    assert sheet.columns == ["strasse", "abfuhr_restmuell"]
    assert sheet.rows == [{"strasse": "Ahornweg", "abfuhr_restmuell": "Montag"}, {"strasse": "Birkenallee", "abfuhr_restmuell": "Dienstag"}]


def test_quotes_hold_separators_and_lines_and_empty_lines_do_not_count() -> None:
    sheet = tables.read(b'name;text\n\n"a;b";"erste\nzweite"\n;;\n"sagt ""ja""";x\n')
    assert sheet.rows == [{"name": "a;b", "text": "erste\nzweite"}, {"name": 'sagt "ja"', "text": "x"}]


def test_every_wrong_line_is_named_by_its_number() -> None:
    data = b'name;latitude;longitude\nA;51,3;9,4\nB;51\n"C\nC";51;9;zu viel\nD;Norden;9\nE;91;9\n'
    assert problems(data) == [
        (3, "nur 2 statt 3 Spalten"),
        (4, "4 statt 3 Spalten"),
        (6, "„latitude“ muss eine Gradzahl sein, zum Beispiel 51,3127"),
        (7, "„latitude“ muss eine Gradzahl sein, zum Beispiel 51,3127"),
    ]


UNREADABLE = {
    b"": "leer",
    b"\n\n": "leer",
    b"a;b\n": "keine Zeile",
    b"\xff\xfea\x00;\x00": "CSV UTF-8",
    b"a;A\n1;2\n": "heißen gleich",
    b'a;b\n1;"2\n': "Anführungszeichen",
    b"x" * (5 * 1024 * 1024 + 1): "5 MB",
    b"a\n" + b"1\n" * 20_001: "20.000",
}


@pytest.mark.parametrize(("data", "sentence"), UNREADABLE.items(), ids=UNREADABLE.values())
def test_what_is_no_table_is_refused_with_a_reason(data: bytes, sentence: str) -> None:
    assert sentence in problems(data)[0][1]


def test_twenty_thousand_lines_are_a_table() -> None:
    assert len(tables.read(b"a\n" + b"1\n" * 20_000).rows) == 20_000


def test_of_many_wrong_lines_the_first_are_told_and_the_rest_counted() -> None:
    with pytest.raises(tables.Unreadable) as found:
        tables.read(b"a;b\n" + b"1\n" * 50)
    assert (len(found.value.problems), found.value.more) == (20, 30)


def test_names_of_columns_are_such_as_documents_may_use() -> None:
    headings = ["Größe (m²)", "2. Tag", "E-Mail", "日本", "Öffnungszeiten / Ärzte & Ämter " * 3]
    names = tables.named(headings)
    assert names[:4] == ["groesse_m", "nr_2_tag", "e_mail", "spalte_4"]
    assert len(names[4]) <= 40


def test_what_a_spreadsheet_would_run_is_defused_and_comes_back_as_it_was() -> None:
    rows = [{"a": "=HYPERLINK(1)", "b": "+49 561 1"}, {"a": "-5", "b": "@x"}, {"a": "+4956188", "b": "'s Haus"}]
    text = tables.written(Table(columns=["a", "b"], rows=rows))
    cells = [cell for line in text.splitlines()[1:] for cell in line.split(";")]
    assert all(cell[0] not in "=-@" for cell in cells)
    assert tables.read(text.encode()).rows == rows


@given(
    st.lists(
        st.fixed_dictionaries({"a": st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), "b": st.text("=+-@';,\"\n ab")}),
        min_size=1,
    )
)
def test_what_is_written_is_read_again(rows: list[dict[str, str]]) -> None:
    stripped = [{name: value.strip() for name, value in row.items()} for row in rows]
    kept = [row for row in stripped if row["a"] or row["b"]]
    text = tables.written(Table(columns=["a", "b"], rows=kept))
    if kept:
        assert tables.read(text.encode()).rows == kept


# ── Two states compared ───────────────────────────────────────────────────


def compared(old: list[dict[str, str]], new: list[dict[str, str]]) -> tuple[int, int, int, int]:
    found = tables.difference(Table(columns=list(old[0]), rows=old), tables.Sheet(list(new[0]), new))
    return len(found.added), len(found.removed), len(found.changed), found.same


def test_a_row_that_is_still_there_counts_as_changed() -> None:
    old = [{"s": "A", "t": "Mo"}, {"s": "B", "t": "Di"}, {"s": "C", "t": "Mi"}]
    new = [{"s": "C", "t": "Mi"}, {"s": "A", "t": "Do"}, {"s": "D", "t": "Fr"}, {"s": "E", "t": "Fr"}]
    assert compared(old, new) == (2, 1, 1, 1)


def test_where_the_first_column_tells_nothing_apart_rows_come_and_go() -> None:
    old = [{"s": "A", "t": "Mo"}, {"s": "A", "t": "Di"}, {"s": "A", "t": "Di"}]
    new = [{"s": "A", "t": "Di"}, {"s": "A", "t": "Mi"}]
    assert compared(old, new) == (1, 2, 0, 1)


# ── The pages ─────────────────────────────────────────────────────────────


@pytest.fixture(autouse=True)
def _empty_cache(db: None) -> None:
    cache.clear()


@pytest.fixture
def streets(town: Organisation, kemal: Membership) -> Table:
    return tables.add(town, "strassen", "Straßen", tables.read(STREETS.encode()), operator=kemal.operator)


def file(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("strassen.csv", text.encode())


def place(table: Table, *parts: Any) -> str:
    return f"{DESK}{table.pk}/" + "".join(f"{part}/" for part in parts)


def test_where_there_is_none_the_page_says_what_to_do(desk: Client) -> None:
    assert "Noch keine Tabelle" in desk.get(DESK).content.decode()


def test_a_table_comes_from_a_file_and_dialogs_read_it(desk: Client, town: Organisation) -> None:
    answer = desk.post(f"{DESK}neu/", {"title": "Straßen & Tage", "file": file(STREETS)})
    table = Table.objects.get()
    assert (answer["Location"], table.key) == (place(table), "strassen_tage")
    assert [row["strasse"] for row in lookups.rows(town.pk, "strassen_tage")] == ["Ahornweg", "Birkenallee"]
    assert "2 Zeilen" in desk.get(DESK).content.decode()
    assert AuditEntry.objects.get(action="dialogs.add_table").details == {"rows": 2}


def test_a_file_with_wrong_lines_is_told_and_not_taken(desk: Client) -> None:
    answer = desk.post(f"{DESK}neu/", {"title": "Straßen", "file": file("a;b\n1;2\n3\n")})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Zeile 3" in page
    assert "nur 1 statt 2 Spalten" in page
    assert not Table.objects.exists()


def test_a_short_name_is_there_once_in_a_house(desk: Client, streets: Table) -> None:
    answer = desk.post(f"{DESK}neu/", {"title": "Andere", "key": "strassen", "file": file(STREETS)})
    assert "gibt es schon" in answer.content.decode()


def test_what_a_new_file_changes_is_shown_before_it_is_taken(desk: Client, streets: Table, town: Organisation) -> None:
    page = desk.post(place(streets, "datei"), {"file": file("Straße;Abfuhr Restmüll\nAhornweg;Freitag\nZedernweg;Montag\n")}, follow=True)
    shown = page.content.decode()
    for words in ("Noch ist nichts übernommen", "Zedernweg", "Birkenallee", "Freitag"):
        assert words in shown
    streets.refresh_from_db()
    assert streets.rows[0]["abfuhr_restmuell"] == "Montag"
    desk.post(place(streets, "vorschau"), {"datei": page.context["mark"]})
    assert [row["abfuhr_restmuell"] for row in lookups.rows(town.pk, "strassen")] == ["Freitag", "Montag"]


def test_a_yes_to_one_file_is_no_yes_to_another(desk: Client, streets: Table) -> None:
    mark = desk.post(place(streets, "datei"), {"file": file("strasse;abfuhr_restmuell\nX;Y\n")}, follow=True).context["mark"]
    desk.post(place(streets, "datei"), {"file": file("strasse;abfuhr_restmuell\nZ;Y\n")})
    assert "eine andere Datei" in desk.post(place(streets, "vorschau"), {"datei": mark}).content.decode()
    streets.refresh_from_db()
    assert len(streets.rows) == 2


def test_a_file_can_be_thrown_away(desk: Client, streets: Table) -> None:
    desk.post(place(streets, "datei"), {"file": file("strasse\nX\n")})
    desk.post(place(streets, "vorschau"), {"verwerfen": "1"})
    assert tables.waiting(streets) is None
    assert "liegt nicht mehr vor" in desk.get(place(streets, "vorschau"), follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_replacement_can_be_taken_back_and_done_again(streets: Table, kemal: Membership) -> None:
    assert not tables.can_be_taken_back(streets)
    tables.replace(streets, tables.Sheet(["neu"], [{"neu": "1"}]), operator=kemal.operator)
    assert tables.can_be_taken_back(streets)
    for columns in (["strasse", "abfuhr_restmuell"], ["neu"]):
        tables.take_back(streets, operator=kemal.operator)
        streets.refresh_from_db()
        assert streets.columns == columns
    cache.clear()
    with pytest.raises(ValidationError, match="nicht mehr da"):
        tables.take_back(streets, operator=kemal.operator)


def test_a_lost_column_is_told_with_the_dialogs_that_use_the_table(desk: Client, streets: Table, town: Organisation) -> None:
    uses(town, {"id": "a", "kind": "look_up", "table": "strassen"})
    page = desk.post(place(streets, "datei"), {"file": file("strasse\nX\n")}, follow=True).content.decode()
    assert "Diese Spalte fehlt in der neuen Datei: abfuhr_restmuell" in page
    assert "Abfuhr fragen" in page


def test_rows_are_found_by_words_in_any_order_and_paged(desk: Client, streets: Table) -> None:
    streets.rows = [{"strasse": f"Straße {number}", "abfuhr_restmuell": "Montag" if number % 2 else "Dienstag"} for number in range(120)]
    streets.save()
    page = desk.get(place(streets)).content.decode()
    assert "Straße 49<" in page
    assert "Straße 50<" not in page
    assert "Straße 119<" in desk.get(place(streets) + "?seite=3").content.decode()
    found = desk.get(place(streets) + "?q=montag 117").content.decode()
    assert "Straße 117<" in found
    assert f"{place(streets, 'zeile', 117)}" in found
    assert "Straße 116<" not in found
    assert "Nichts gefunden" in desk.get(place(streets) + "?q=gibtesnicht").content.decode()


def test_one_row_is_changed_added_and_deleted_by_hand(desk: Client, streets: Table, town: Organisation) -> None:
    seen = tables.mark(streets.rows[1])
    desk.post(place(streets, "zeile", 1), {"gesehen": seen, "c_strasse": "Birkenallee", "c_abfuhr_restmuell": "Samstag"})
    desk.post(place(streets, "zeile", "neu"), {"gesehen": "", "c_strasse": " Zedernweg ", "c_abfuhr_restmuell": "Sonntag"})
    assert [row["abfuhr_restmuell"] for row in lookups.rows(town.pk, "strassen")] == ["Montag", "Samstag", "Sonntag"]
    streets.refresh_from_db()
    desk.post(place(streets, "zeile", 0), {"gesehen": tables.mark(streets.rows[0]), "loeschen": "1"})
    assert [row["strasse"] for row in lookups.rows(town.pk, "strassen")] == ["Birkenallee", "Zedernweg"]
    assert list(AuditEntry.objects.filter(action__contains="_row").order_by("number").values_list("action", "details")) == [
        ("dialogs.set_row", {"row": 2}), ("dialogs.set_row", {"row": "new"}), ("dialogs.drop_row", {"row": 1}),
    ]  # fmt: skip


def test_a_row_that_became_another_one_meanwhile_is_not_overwritten(desk: Client, streets: Table) -> None:
    seen = tables.mark(streets.rows[0])
    streets.rows.pop(0)
    streets.save()
    answer = desk.post(place(streets, "zeile", 0), {"gesehen": seen, "c_strasse": "Falsch"})
    assert answer.status_code == 422
    assert "inzwischen geändert" in answer.content.decode()
    desk.post(place(streets, "zeile", 0), {"gesehen": seen, "loeschen": "1"})
    streets.refresh_from_db()
    assert [row["strasse"] for row in streets.rows] == ["Birkenallee"]
    assert desk.get(place(streets, "zeile", 7)).status_code == 404


def test_a_wrong_place_is_refused_by_hand_too(desk: Client, town: Organisation, kemal: Membership) -> None:
    shelters = tables.add(town, "orte", "Orte", tables.read(b"name;latitude;longitude\nA;51;9\n"), operator=kemal.operator)
    answer = desk.post(place(shelters, "zeile", "neu"), {"c_name": "B", "c_latitude": "oben", "c_longitude": "9"})
    assert "muss eine Gradzahl sein" in answer.content.decode()


def test_the_file_is_handed_out_as_spreadsheets_want_it(desk: Client, streets: Table) -> None:
    answer = desk.get(place(streets) + "tabelle.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="strassen.csv"'
    assert answer.content.decode() == "\ufeffstrasse;abfuhr_restmuell\r\nAhornweg;Montag\r\nBirkenallee;Dienstag\r\n"


@pytest.mark.parametrize(
    "step", [{"kind": "look_up", "table": "strassen"}, {"kind": "ask", "check": {"table": "strassen", "column": "strasse"}}]
)
def test_a_table_in_use_is_deleted_only_by_who_insists(desk: Client, streets: Table, town: Organisation, step: dict[str, Any]) -> None:
    uses(town, {"id": "a", **step})
    assert "Abfuhr fragen" in desk.get(place(streets)).content.decode()
    assert "Nicht gelöscht" in desk.post(place(streets, "entfernen"), follow=True).content.decode()
    desk.post(place(streets, "entfernen"), {"trotzdem": "1"})
    assert not Table.objects.exists()


def test_a_table_gets_another_name(desk: Client, streets: Table) -> None:
    desk.post(place(streets, "umbenennen"), {"title": "Alle Straßen"})
    streets.refresh_from_db()
    assert (streets.title, streets.key) == ("Alle Straßen", "strassen")


def uses(town: Organisation, step: dict[str, Any]) -> None:
    Dialog.objects.create(organisation=town, key="abfuhr", title="Abfuhr fragen", draft={"steps": [step]})


# ── Who may ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("role", "status"), [("administrator", 200), ("editor", 200), ("approver", 200), ("agent", 403), ("viewer", 403)])
def test_tables_are_kept_by_who_writes_or_manages(town: Organisation, role: str, status: int) -> None:
    operator = Operator.objects.create_user("wer@musterstadt.example", name="Wer")
    assert signed_in(Membership.objects.create(organisation=town, operator=operator, roles=[role])).get(DESK).status_code == status


def test_another_houses_table_is_not_there(desk: Client, kemal: Membership) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis")
    theirs = tables.add(other, "fremd", "Fremd", tables.read(STREETS.encode()), operator=kemal.operator)
    for parts in ((), ("datei",), ("vorschau",), ("zeile", 0), ("zeile", "neu")):
        assert desk.get(place(theirs, *parts)).status_code == 404
    for verb in ("umbenennen", "zurueck", "entfernen"):
        assert desk.post(place(theirs, verb), {"title": "x", "trotzdem": "1"}).status_code == 404
    assert desk.get(place(theirs) + "tabelle.csv").status_code == 404
    assert Table.objects.filter(title="Fremd").exists()
