"""The authority's own tables: read from files, replaced, changed row by row. What dialogs read of them stands in `lookups`.

A file is taken whole or not at all. Before a table is replaced people see what becomes different, and for a day they can go back; the
file that waits for their yes and the rows before lie in the cache, which may forget them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.contacts.reading import defused
from buergerdraht.dialogs import systems
from buergerdraht.dialogs.models import Dialog, Table

LARGEST = 5 * 1024 * 1024
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 20_000, 60, 2_000
MOST_TABLES = 200
TOLD = 20  # problems of a file that are told one by one
PENDING_SECONDS, BEFORE_SECONDS = 3_600, 86_400
PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "à": "a", "ç": "c"})
RANGES = {"latitude": 90.0, "longitude": 180.0}  # places, for "the nearest"
Row = dict[str, str]


class Sheet(NamedTuple):
    """What a file holds."""

    columns: list[str]
    rows: list[Row]


class Unreadable(Exception):
    """A file that cannot be taken. `problems` are (line, sentence), the line 0 where the whole file is meant; `more` are left untold."""

    def __init__(self, problems: Sequence[tuple[int, str]], more: int = 0) -> None:
        super().__init__("; ".join(sentence for _line, sentence in problems))
        self.problems, self.more = problems, more


class Difference(NamedTuple):
    """What a new file changes: rows of each sort, and the columns that come and go."""

    added: list[Row]
    removed: list[Row]
    changed: list[tuple[Row, Row]]
    same: int
    new_columns: list[str]
    lost_columns: list[str]


# ── A file ────────────────────────────────────────────────────────────────


def read(data: bytes) -> Sheet:
    """Read a CSV file with headings in its first line. Raises Unreadable with everything that is wrong."""
    text = _decoded(data)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=first.count), strict=True)
    problems: list[tuple[int, str]] = []
    lines = _lines(reader, problems)
    columns = named(next(lines, (1, []))[1])
    if not columns:
        raise Unreadable([(0, _("Die Datei ist leer. In der ersten Zeile müssen die Überschriften stehen."))])
    return _sheet(columns, lines, problems, _cell)


def taken(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Sheet:
    """Take what another system sends as if it stood in a file: headings are line 1. Raises Unreadable with everything that is wrong."""
    columns = named(headings)
    if not columns:
        raise Unreadable([(1, _("Es fehlen die Überschriften."))])
    lines = ((line, cells) for line, cells in enumerate(rows, start=2) if any(cell.strip() for cell in cells))
    return _sheet(columns, lines, [], str.strip)


def _sheet(
    columns: list[str], lines: Iterable[tuple[int, Sequence[str]]], problems: list[tuple[int, str]], clean: Callable[[str], str]
) -> Sheet:
    """Make rows of lines; `problems` grows while they are read."""
    rows: list[Row] = []
    for line, cells in lines:
        row = {name: clean(cell) for name, cell in zip(columns, cells, strict=False)}
        if problem := _misfit(columns, cells, row):
            problems.append((line, problem))
        rows.append(row)
        if len(rows) > MOST_ROWS:
            raise Unreadable([(0, _("Die Datei hat mehr als 20.000 Zeilen. Bitte teilen Sie sie auf."))])
    if not rows and not problems:
        problems = [(0, _("Unter den Überschriften steht keine Zeile."))]
    if problems:
        raise Unreadable(problems[:TOLD], max(0, len(problems) - TOLD))
    return Sheet(columns, rows)


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST:
        raise Unreadable([(0, _("Die Datei ist größer als 5 MB. Bitte teilen Sie sie auf."))])
    if b"\0" in data:
        raise Unreadable([(0, _("Das ist keine CSV-Datei. Speichern Sie die Tabelle in Ihrem Programm als „CSV UTF-8“."))])
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _lines(reader: Any, problems: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Give the lines that say something, with the number of the line on which each begins."""
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        problems.append((begins, _("Ein Anführungszeichen ist nicht geschlossen, oder es steht an einer falschen Stelle.")))


def named(headings: Sequence[str]) -> list[str]:
    """Make names of headings, as dialogs call the columns: "Straße" is "strasse". Raises Unreadable."""
    while headings and not headings[-1].strip():
        headings = headings[:-1]
    if len(headings) > MOST_COLUMNS:
        raise Unreadable([(1, _("Mehr als %(n)s Spalten sind nicht vorgesehen.") % {"n": MOST_COLUMNS})])
    names: list[str] = []
    for place, heading in enumerate(headings, start=1):
        name = slug(heading) or f"spalte_{place}"
        if name in names:
            raise Unreadable([(1, _("Zwei Spalten heißen gleich: „%(name)s“.") % {"name": heading.strip()[:60]})])
        names.append(name)
    return names


def slug(words: str) -> str:
    """Make a name of words, as they are allowed in documents."""
    name = re.sub(r"[^a-z0-9]+", "_", words.strip().lower().translate(PLAIN)).strip("_")
    return (name if not name[:1].isdigit() else f"nr_{name}")[:40].rstrip("_")


def _cell(cell: str) -> str:
    """What stands in a cell; the sign that kept a spreadsheet from running it is taken away again."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and _runs(cell) else cell


def _guarded(cell: str) -> str:
    return "'" + cell if _runs(cell) else cell


def _runs(cell: str) -> bool:
    """A spreadsheet would run it, or take the sign before it for our guard."""
    bare = cell.lstrip("'")
    return defused(bare) != bare


def _misfit(columns: Sequence[str], cells: Sequence[str], row: Row) -> str:
    if len(cells) < len(columns):
        return _("nur %(n)s statt %(all)s Spalten") % {"n": len(cells), "all": len(columns)}
    if any(cell.strip() for cell in cells[len(columns) :]):
        return _("%(n)s statt %(all)s Spalten") % {"n": len(cells), "all": len(columns)}
    return problem_of(row)


def problem_of(row: Mapping[str, str]) -> str:
    """Say what is wrong with a row, or ""."""
    for name, value in row.items():
        if len(value) > LONGEST_CELL:
            return _("„%(name)s“ ist länger als 2.000 Zeichen") % {"name": name}
        if "\0" in value:
            return _("„%(name)s“ enthält ein unlesbares Zeichen") % {"name": name}
    for name, most in RANGES.items():
        if value := row.get(name, ""):
            try:
                fits = abs(float(value.replace(",", "."))) <= most
            except ValueError:
                fits = False
            if not fits:
                return _("„%(name)s“ muss eine Gradzahl sein, zum Beispiel 51,3127") % {"name": name}
    return ""


def written(table: Table) -> str:
    """Write a table as a spreadsheet reads it, without letting it run a cell."""
    paper = io.StringIO()
    writer = csv.writer(paper, delimiter=";", lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_guarded(str(row.get(name, ""))) for name in table.columns] for row in table.rows)
    return "\ufeff" + paper.getvalue()


# ── Two states compared ───────────────────────────────────────────────────


def difference(table: Table, sheet: Sheet) -> Difference:
    """Compare a table with a file. Where the first column tells rows apart in both, a row that is still there counts as changed."""
    new_columns = [name for name in sheet.columns if name not in table.columns]
    lost_columns = [name for name in table.columns if name not in sheet.columns]
    old, new = Counter(map(_frozen, table.rows)), Counter(map(_frozen, sheet.rows))
    removed, added = [dict(row) for row in (old - new).elements()], [dict(row) for row in (new - old).elements()]
    changed: list[tuple[Row, Row]] = []
    first = sheet.columns[0]
    if first in table.columns and _tells_apart(table.rows, first) and _tells_apart(sheet.rows, first):
        before = {row.get(first, ""): row for row in removed}
        changed = [(before[row[first]], row) for row in added if row[first] in before]
        those = {row[first] for _old, row in changed}
        added = [row for row in added if row[first] not in those]
        removed = [row for row in removed if row.get(first, "") not in those]
    return Difference(added, removed, changed, (old & new).total(), new_columns, lost_columns)


def _frozen(row: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(row.items()))


def _tells_apart(rows: Sequence[Mapping[str, str]], column: str) -> bool:
    return len({row.get(column, "") for row in rows}) == len(rows)


def mark(row: Mapping[str, str]) -> str:
    """A row's finger print: so a change meets the row that was seen, and no other."""
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:16]


def used_by(organisation: Organisation, key: str) -> list[Dialog]:
    """The dialogs that look something up in a table, or check an answer against it."""

    def asks(step: Mapping[str, Any]) -> bool:
        check = step.get("check")
        return (step.get("kind") == "look_up" and step.get("table") == key) or (isinstance(check, Mapping) and check.get("table") == key)

    return [dialog for dialog, steps in systems.documents(organisation) if any(map(asks, steps))]


# ── Verbs ─────────────────────────────────────────────────────────────────


@transaction.atomic
def add(organisation: Organisation, key: str, title: str, sheet: Sheet, *, operator: Operator) -> Table:
    """Keep a new table. Raises ValidationError with a German sentence."""
    if Table.objects.filter(organisation=organisation).count() >= MOST_TABLES:
        raise ValidationError(_("Mehr als %(n)s Tabellen sind nicht vorgesehen.") % {"n": MOST_TABLES})
    try:
        with transaction.atomic():
            table = Table.objects.create(organisation=organisation, key=key, title=title, columns=sheet.columns, rows=sheet.rows)
    except IntegrityError:
        raise ValidationError({"key": _("Eine Tabelle mit diesem Kürzel gibt es schon.")}) from None
    _noted(table, "add_table", operator, rows=len(sheet.rows))
    return table


@transaction.atomic
def replace(table: Table, sheet: Sheet, *, operator: Operator) -> None:
    """Put a file's rows in place of a table's; for a day the rows before can be taken back."""
    row = _locked(table)
    before = Sheet(row.columns, row.rows)
    row.columns, row.rows = sheet.columns, sheet.rows
    row.save()
    transaction.on_commit(lambda: _put(row, "before", before, BEFORE_SECONDS))
    _noted(row, "replace_table", operator, rows=len(sheet.rows), before=len(before.rows))


@transaction.atomic
def take_back(table: Table, *, operator: Operator) -> None:
    """Undo the last replacement. A second time it is done again. Raises ValidationError where the rows before are forgotten."""
    row = _locked(table)
    if (before := _get(row, "before")) is None:
        raise ValidationError(_("Der frühere Stand ist nicht mehr da. Bitte laden Sie die Datei neu hoch."))
    now = Sheet(row.columns, row.rows)
    row.columns, row.rows = before
    row.save()
    transaction.on_commit(lambda: _put(row, "before", now, BEFORE_SECONDS))
    _noted(row, "take_back_table", operator, rows=len(before.rows))


def can_be_taken_back(table: Table) -> bool:
    return _key(table, "before") in cache


@transaction.atomic
def rename(table: Table, title: str, *, operator: Operator) -> None:
    row = _locked(table)
    if row.title != title:
        row.title = title
        row.save()
        _noted(row, "rename_table", operator)


@transaction.atomic
def set_row(table: Table, place: int | None, seen: str, values: Mapping[str, str], *, operator: Operator) -> None:
    """Change a row, or add one where `place` is None. Raises ValidationError where the row became another one meanwhile."""
    row = _locked(table)
    made = {name: values.get(name, "").strip() for name in row.columns}
    if problem := problem_of(made):
        raise ValidationError(problem[:1].upper() + problem[1:] + ".")
    if place is None:
        if len(row.rows) >= MOST_ROWS:
            raise ValidationError(_("Mehr als 20.000 Zeilen sind nicht vorgesehen."))
        row.rows.append(made)
    else:
        _same(row, place, seen)
        row.rows[place] = made
    row.save()
    _noted(row, "set_row", operator, row="new" if place is None else place + 1)


@transaction.atomic
def drop_row(table: Table, place: int, seen: str, *, operator: Operator) -> None:
    """Remove a row. Raises ValidationError where it became another one meanwhile."""
    row = _locked(table)
    _same(row, place, seen)
    del row.rows[place]
    row.save()
    _noted(row, "drop_row", operator, row=place + 1)


@transaction.atomic
def remove(table: Table, *, operator: Operator) -> None:
    """Remove a table. Who asks was told which dialogs use it."""
    row = _locked(table)
    _noted(row, "remove_table", operator, key=row.key, rows=len(row.rows))
    transaction.on_commit(lambda: cache.delete_many([_key(table, "before"), _key(table, "pending")]))
    row.delete()


def _same(table: Table, place: int, seen: str) -> None:
    if place >= len(table.rows) or mark(table.rows[place]) != seen:
        raise ValidationError(_("Die Tabelle hat sich inzwischen geändert. Bitte sehen Sie sich die Zeile noch einmal an."))


def _locked(table: Table) -> Table:
    return Table.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=table.pk)


def _noted(table: Table, verb: str, operator: Operator, **details: Any) -> None:
    audit.record(table.organisation, f"dialogs.{verb}", operator=operator, subject=f"table:{table.pk}", **details)


# ── What waits, and what was ──────────────────────────────────────────────


def wait(table: Table, sheet: Sheet) -> str:
    """Keep a file for an hour until somebody says yes to it. Returns its finger print."""
    _put(table, "pending", sheet, PENDING_SECONDS)
    return _print(sheet)


def waiting(table: Table) -> tuple[Sheet, str] | None:
    """The file that waits for a yes, with its finger print."""
    sheet = _get(table, "pending")
    return (sheet, _print(sheet)) if sheet else None


def forget(table: Table) -> None:
    """Drop the file that waits."""
    cache.delete(_key(table, "pending"))


def _print(sheet: Sheet) -> str:
    return hashlib.sha256(json.dumps(sheet).encode()).hexdigest()[:16]


def _put(table: Table, what: str, sheet: Sheet, seconds: int) -> None:
    cache.set(_key(table, what), zlib.compress(json.dumps(sheet).encode()), seconds)


def _get(table: Table, what: str) -> Sheet | None:
    kept = cache.get(_key(table, what))
    return Sheet(*json.loads(zlib.decompress(kept))) if kept else None


def _key(table: Table, what: str) -> str:
    return f"dialogs.table.{table.organisation_id}.{table.pk}.{what}"
