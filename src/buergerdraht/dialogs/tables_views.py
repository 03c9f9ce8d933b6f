"""The settings pages of tables: the list, one with its rows, a new file with what it changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import F, Func, IntegerField
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import tables
from buergerdraht.dialogs.models import Table
from buergerdraht.dialogs.systems_views import told
from buergerdraht.dialogs.tables_forms import FileForm, NewForm, RowForm, TitleForm

PER_PAGE = 50
SAMPLES = 10  # rows of each sort that the preview shows

View = Callable[..., HttpResponseBase]


def keepers(view: View) -> View:
    """Let in who keeps the tables: those who write, and those who manage."""

    @wraps(view)
    def guarded(request: DeskRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not (request.may(Right.WRITE) or request.may(Right.MANAGE)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return desk(Right.READ)(guarded)


@require_safe
@keepers
def listing(request: DeskRequest) -> HttpResponseBase:
    number = Func(F("rows"), function="jsonb_array_length", output_field=IntegerField())
    rows = Table.objects.filter(organisation=request.organisation).defer("rows")
    return _page(request, "tables", {"tables": rows.annotate(number=number)})


@require_http_methods(["GET", "HEAD", "POST"])
@keepers
def add(request: DeskRequest) -> HttpResponseBase:
    form = NewForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            table = tables.add(request.organisation, values["key"], values["title"], values["sheet"], operator=request.operator)
        except ValidationError as problem:
            told(form, problem)
        else:
            messages.success(request, _("Die Tabelle ist angelegt. Dialoge können sie ab jetzt lesen."))
            return _to(request, table)
    return _page(request, "tables_add", {"form": form}, form)


@require_safe
@keepers
def table(request: DeskRequest, number: int) -> HttpResponseBase:
    """Show the rows, those that fit what is looked for."""
    found, asked = _found(request, number), request.GET.get("q", "").strip()[:100]
    words = plain(asked).split()
    rows = [(place, row) for place, row in enumerate(found.rows) if _fits(row, words)]
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("seite"))
    shown = [(place, [row.get(name, "") for name in found.columns]) for place, row in page]
    context = {"rows": shown, "page": page, "q": asked, "asked": urlencode({"q": asked}) if asked else "", "number": len(found.rows)}
    more = {"users": tables.used_by(request.organisation, found.key), "can_go_back": tables.can_be_taken_back(found)}
    return _page(request, "tables_one", {"table": found, "title_form": TitleForm(initial={"title": found.title}), **context, **more})


@require_safe
@keepers
def download(request: DeskRequest, number: int) -> HttpResponseBase:
    found = _found(request, number)
    answer = HttpResponse(tables.written(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.key}.csv"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@keepers
def upload(request: DeskRequest, number: int) -> HttpResponseBase:
    """Take a new file; nothing changes yet."""
    found = _found(request, number)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        tables.wait(found, form.cleaned_data["sheet"])
        return redirect("dialogs:table_preview", request.organisation.slug, found.pk)
    return _page(request, "tables_upload", {"form": form, "table": found}, form)


@require_http_methods(["GET", "HEAD", "POST"])
@keepers
def preview(request: DeskRequest, number: int) -> HttpResponseBase:
    """Show what the file would change, and change it when somebody says yes to just that."""
    found = _found(request, number)
    waits = tables.waiting(found)
    if waits is None:
        messages.error(request, _("Die Datei liegt nicht mehr vor. Bitte laden Sie sie noch einmal hoch."))
        return redirect("dialogs:table_upload", request.organisation.slug, found.pk)
    sheet, mark = waits
    if request.method == "POST":
        if "verwerfen" in request.POST:
            tables.forget(found)
            return _to(request, found)
        if request.POST.get("datei") == mark:
            tables.replace(found, sheet, operator=request.operator)
            tables.forget(found)
            messages.success(request, _("Die Tabelle ist ersetzt. Bis morgen lässt sich das zurücknehmen."))
            return _to(request, found)
        messages.error(request, _("Inzwischen wurde eine andere Datei hochgeladen. Bitte sehen Sie sich an, was sie ändert."))
    return _page(request, "tables_preview", {"table": found, "mark": mark, **_differing(request, found, sheet)})


@require_http_methods(["GET", "HEAD", "POST"])
@keepers
def row(request: DeskRequest, number: int, place: int | None = None) -> HttpResponseBase:
    """Change one row, add one, or remove it."""
    found = _found(request, number)
    if place is not None and place >= len(found.rows):
        raise Http404
    values = found.rows[place] if place is not None else {}
    form = RowForm(found, values, request.POST or None)
    if request.method == "POST" and form.is_valid():
        seen = request.POST.get("gesehen", "")
        try:
            if place is not None and "loeschen" in request.POST:
                tables.drop_row(found, place, seen, operator=request.operator)
            else:
                tables.set_row(found, place, seen, form.values, operator=request.operator)
        except ValidationError as problem:
            told(form, problem)
        else:
            messages.success(
                request, _("Die Zeile ist gelöscht.") if "loeschen" in request.POST else _("Gespeichert. Dialoge antworten ab jetzt damit.")
            )
            return _to(request, found)
    context = {"table": found, "form": form, "place": place, "line": (place or 0) + 1, "seen": tables.mark(values)}
    return _page(request, "tables_row", context, form)


@require_POST
@keepers
def change(request: DeskRequest, number: int, verb: str) -> HttpResponseBase:
    """Rename a table, take the last file back, or remove the table."""
    found = _found(request, number)
    match verb:
        case "umbenennen":
            form = TitleForm(request.POST)
            if form.is_valid():
                tables.rename(found, form.cleaned_data["title"], operator=request.operator)
                messages.success(request, _("Gespeichert."))
            else:
                messages.error(request, _("Bitte geben Sie der Tabelle einen Namen."))
        case "zurueck":
            try:
                tables.take_back(found, operator=request.operator)
            except ValidationError as problem:
                messages.error(request, " ".join(problem.messages))
            else:
                messages.success(request, _("Der frühere Stand gilt wieder."))
        case "entfernen":
            users = tables.used_by(request.organisation, found.key)
            if users and "trotzdem" not in request.POST:
                messages.error(request, _("Nicht gelöscht: Bitte bestätigen Sie, dass die Dialoge ohne die Tabelle auskommen."))
                return _to(request, found)
            tables.remove(found, operator=request.operator)
            messages.success(request, _("Die Tabelle ist gelöscht."))
            return redirect("dialogs:tables", request.organisation.slug)
        case _:
            raise Http404
    return _to(request, found)


# ── What several share ────────────────────────────────────────────────────


def _found(request: DeskRequest, number: int) -> Table:
    return get_object_or_404(Table.objects.select_related("organisation"), organisation=request.organisation, pk=number)


def _fits(row: dict[str, str], words: list[str]) -> bool:
    text = plain(" ".join(row.values())) if words else ""
    return all(word in text for word in words)


def _differing(request: DeskRequest, found: Table, sheet: tables.Sheet) -> dict[str, Any]:
    difference = tables.difference(found, sheet)
    lists = [
        ("added", _("Neu"), [_cells(row, row, sheet.columns) for row in difference.added[:SAMPLES]]),
        ("removed", _("Fällt weg"), [_cells(row, row, sheet.columns) for row in difference.removed[:SAMPLES]]),
        ("changed", _("Ändert sich"), [_cells(old, new, sheet.columns) for old, new in difference.changed[:SAMPLES]]),
    ]
    return {
        "difference": difference, "sheet": sheet, "lists": [each for each in lists if each[2]], "samples": SAMPLES,
        "users": tables.used_by(request.organisation, found.key) if difference.lost_columns else [],
        "nothing": not (difference.added or difference.removed or difference.changed or difference.new_columns or difference.lost_columns),
    }  # fmt: skip


def _cells(old: tables.Row, new: tables.Row, columns: list[str]) -> list[dict[str, Any]]:
    """The cells of a row, each with what stood there before."""
    pairs = [(old.get(name, ""), new.get(name, "")) for name in columns]
    return [{"was": was, "now": now, "different": was != now} for was, now in pairs]


def _page(request: DeskRequest, name: str, context: dict[str, Any], *forms: Any) -> HttpResponse:
    wrong = any(form.is_bound and form.errors for form in forms)
    return render(request, f"dialogs/{name}.html", context | {"tab": "tables"}, status=422 if wrong else 200)


def _to(request: DeskRequest, found: Table) -> HttpResponse:
    return redirect("dialogs:table", request.organisation.slug, found.pk)
