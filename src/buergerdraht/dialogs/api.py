"""Dialogs and the tables they look things up in, for another system: how a dialog stands, and all rows of a table, put in place at once.

What a dialog says stays in the console; how people walked through it is in `api_walks`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.db.models import Exists, F, Func, IntegerField, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.paging import Number, Page, Paging, Text, Wish, page
from buergerdraht.accounts.rest.problems import Problem
from buergerdraht.dialogs import tables
from buergerdraht.dialogs.models import Dialog, Table, Version

router = Router(tags=["dialogs"])
tables_router = Router(tags=["tables"])
State = Literal["draft", "live", "changed", "off", "archived"]


# ── Dialogs ───────────────────────────────────────────────────────────────


class DialogShown(Schema):
    """How a dialog stands. `changed`: it is live, and its draft is ahead of that; `version` is the one that is live."""

    id: int
    key: str
    title: str
    state: State
    version: int | None
    live_since: datetime | None
    changed_at: datetime


class DialogsWanted(Paging):
    live: bool | None = None
    key: Text | None = Field(None, max_length=40)


@router.get("/dialogs", auth=needs("dialogs:read"), response=Page[DialogShown], operation_id="dialogs")
def dialogs(request: ApiRequest, wanted: Query[DialogsWanted]) -> dict[str, Any]:
    """List the dialogs."""
    rows = _dialogs(request)
    if wanted.live is not None:
        rows = rows.filter(live__isnull=not wanted.live)
    return page(request, rows if wanted.key is None else rows.filter(key=wanted.key), wanted, _dialog)


@router.get("/dialogs/{int:dialog}", auth=needs("dialogs:read"), response=DialogShown, operation_id="dialog")
def dialog_one(request: ApiRequest, dialog: Path[Number]) -> DialogShown:
    """Show how a dialog stands."""
    return _dialog(get_object_or_404(_dialogs(request), pk=dialog))


def _dialogs(request: ApiRequest) -> QuerySet[Dialog]:
    rows = Dialog.objects.filter(organisation=request.organisation).select_related("live")
    return rows.annotate(was_live=Exists(Version.objects.filter(dialog=OuterRef("pk"))))


def _dialog(row: Dialog) -> DialogShown:
    live = row.live
    return DialogShown(
        id=row.pk, key=row.key, title=row.title, state=_state(row), version=live.number if live else None,
        live_since=live.at if live else None, changed_at=row.changed_at,
    )  # fmt: skip


def _state(row: Dialog) -> State:
    if row.archived_at:
        return "archived"
    if row.live is None:
        return "off" if row.was_live else "draft"  # type: ignore[attr-defined]
    return "live" if row.live.document == row.draft else "changed"


# ── Tables ────────────────────────────────────────────────────────────────


class TableShown(Schema):
    """A table, without its rows: `number` says how many there are."""

    id: int
    key: str
    title: str
    columns: list[str]
    number: int
    changed_at: datetime


class RowsShown(Schema):
    """All rows of a table, their cells in the order of the columns."""

    columns: list[str]
    rows: list[list[str]]


class TablesWanted(Paging):
    key: Text | None = Field(None, max_length=40)


class RowsWish(Wish):
    """All rows a table is to have. Headings become names: "Straße" is `strasse`."""

    columns: list[Text] = Field(min_length=1, max_length=tables.MOST_COLUMNS)
    rows: list[list[Text]] = Field(min_length=1, max_length=tables.MOST_ROWS)


@tables_router.get("/tables", auth=needs("tables:read"), response=Page[TableShown], operation_id="tables")
def table_list(request: ApiRequest, wanted: Query[TablesWanted]) -> dict[str, Any]:
    """List the tables."""
    rows = _tables(request)
    return page(request, rows if wanted.key is None else rows.filter(key=wanted.key), wanted, _table)


@tables_router.get("/tables/{int:table}", auth=needs("tables:read"), response=TableShown, operation_id="table")
def table_one(request: ApiRequest, table: Path[Number]) -> TableShown:
    """Show a table, without its rows."""
    return _table(get_object_or_404(_tables(request), pk=table))


@tables_router.get("/tables/{int:table}/rows", auth=needs("tables:read"), response=RowsShown, operation_id="table_rows")
def table_rows(request: ApiRequest, table: Path[Number]) -> RowsShown:
    """Read all rows of a table."""
    row = get_object_or_404(Table, organisation=request.organisation, pk=table)
    return RowsShown(columns=row.columns, rows=[[str(each.get(name, "")) for name in row.columns] for each in row.rows])


@tables_router.put("/tables/{int:table}/rows", auth=needs("tables:write"), response=TableShown, operation_id="replace_table")
def replace(request: ApiRequest, table: Path[Number], wish: RowsWish) -> TableShown:
    """Put rows in place of all that are there, whole or not at all. For a day people can go back."""
    row = get_object_or_404(Table.objects.select_related("organisation"), organisation=request.organisation, pk=table)
    try:
        sheet = tables.taken(wish.columns, wish.rows)
    except tables.Unreadable as found:
        raise _problem(found) from None
    if set(row.columns) - set(sheet.columns) and tables.used_by(request.organisation, row.key):
        sentence = _("Eine Spalte fällt weg, und ein Dialog liest diese Tabelle. Ersetzen Sie sie in der Oberfläche.")
        raise Problem(409, "in_use", sentence)  # nobody looks at what becomes different, as people do before they say yes to a file
    tables.replace(row, sheet, operator=request.operator)
    return _table(_tables(request).get(pk=row.pk))


def _tables(request: ApiRequest) -> QuerySet[Table]:
    number = Func(F("rows"), function="jsonb_array_length", output_field=IntegerField())
    return Table.objects.filter(organisation=request.organisation).defer("rows").annotate(number=number)


def _table(row: Table) -> TableShown:
    return TableShown(
        id=row.pk, key=row.key, title=row.title, columns=row.columns, number=row.number, changed_at=row.changed_at  # type: ignore[attr-defined]
    )  # fmt: skip


def _problem(found: tables.Unreadable) -> Problem:
    """Name the rows as a body names them: the headings are line 1, so the first row is line 2."""
    places = {0: "rows", 1: "columns"}
    errors = [{"field": places.get(line, f"rows.{line - 2}"), "detail": sentence} for line, sentence in found.problems]
    more: dict[str, Any] = {"more": found.more} if found.more else {}
    return Problem(422, errors=errors, **more)
