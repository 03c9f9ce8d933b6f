"""The screens of categories: in order, from our set, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Organisation, Team
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import categories, category_preview, category_rows
from buergerdraht.cases.category_forms import CategoryForm, as_typed
from buergerdraht.cases.category_rows import QuestionRow, RouteRow
from buergerdraht.cases.models import Category
from buergerdraht.contacts.models import District


@dataclass
class Group:
    title: str
    rows: list[Category]


def grouped(organisation: Organisation) -> list[Group]:
    """The categories by group, a group standing where its first one does."""
    rows = list(Category.objects.filter(organisation=organisation).select_related("team"))
    titles = list(dict.fromkeys(row.group for row in rows))
    rows.sort(key=lambda row: titles.index(row.group))
    return [Group(title, list(found)) for title, found in groupby(rows, key=lambda row: row.group)]


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def listing(request: DeskRequest) -> HttpResponse:
    """Show all; a POST brings them into another order: all at once ("order"), or one up or down ("move")."""
    groups = grouped(request.organisation)
    if request.method == "POST":
        numbers = [int(each) for each in request.POST.getlist("order") if each.isdecimal() and len(each) < 12]
        moved, _colon, way = request.POST.get("move", "").partition(":")
        if moved:
            numbers = _moved(groups, moved, way)
        categories.order(request.organisation, numbers, operator=request.operator)
        if request.headers.get("X-Requested-With") == "fetch":
            return HttpResponse(status=204)
        return redirect("cases:categories", request.organisation.slug)
    there = {row.key for group in groups for row in group.rows}
    offered = [(key, fields) for key, fields in categories.offered().items() if key not in there]
    context = {"groups": groups, "offered": _offered(offered, request.organisation.language), "here": "categories"}
    return render(request, "cases/categories.html", context)


def _moved(groups: list[Group], moved: str, way: str) -> list[int]:
    """One place up or down within its group."""
    numbers: list[int] = []
    for group in groups:
        rows = [row.pk for row in group.rows]
        place = next((place for place, number in enumerate(rows) if str(number) == moved), None)
        there = (place or 0) + (-1 if way == "up" else 1)
        if place is not None and 0 <= there < len(rows):
            rows[place], rows[there] = rows[there], rows[place]
        numbers += rows
    return numbers


def _offered(found: list[tuple[str, dict[str, Any]]], language: str) -> list[tuple[str, list[dict[str, Any]]]]:
    rows = [
        {"key": key, "icon": fields["icon"], "group": fields["group"], "title": fields["title"].get(language) or fields["title"]["de"],
         "description": fields.get("description", {}).get(language) or fields.get("description", {}).get("de", "")}
        for key, fields in found
    ]  # fmt: skip
    return [(title, list(each)) for title, each in groupby(rows, key=lambda row: row["group"])]


@require_POST
@desk(Right.MANAGE)
def put(request: DeskRequest) -> HttpResponse:
    """Take some of the set over."""
    chosen = [key for key in request.POST.getlist("keys") if key in categories.offered()]
    if not chosen:
        messages.warning(request, _("Wählen Sie mindestens eine Kategorie aus."))
        return redirect("cases:categories", request.organisation.slug)
    made = categories.put(request.organisation, chosen, operator=request.operator)
    number = len(made)
    messages.success(request, ngettext("Eine Kategorie übernommen.", "%(n)s Kategorien übernommen.", number) % {"n": number})
    if any(not row.active for row in made):
        messages.warning(request, _("Vertrauliche Kategorien ruhen, bis Sie die Personen nennen, die sie sehen dürfen."))
    return redirect("cases:categories", request.organisation.slug)


# ── One category ──────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def new(request: DeskRequest) -> HttpResponse:
    last = Category.objects.filter(organisation=request.organisation).count()
    return _form(request, Category(organisation=request.organisation, position=last))


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def edit(request: DeskRequest, category: int) -> HttpResponse:
    return _form(request, _one(request, category))


@require_POST
@desk(Right.MANAGE)
def remove(request: DeskRequest, category: int) -> HttpResponse:
    row = _one(request, category)
    if categories.remove(row, operator=request.operator):
        messages.success(request, _("Gelöscht: „%(title)s“.") % {"title": row})
    else:
        messages.success(request, _("„%(title)s“ hat schon Anliegen und wurde deshalb nur abgeschaltet.") % {"title": row})
    return redirect("cases:categories", request.organisation.slug)


def _one(request: DeskRequest, number: int) -> Category:
    return get_object_or_404(Category.objects.select_related("organisation"), organisation=request.organisation, pk=number)


def _form(request: DeskRequest, row: Category) -> HttpResponse:
    """Show or take the form. A button of the rows only changes what is shown: nothing typed is lost, nothing is saved."""
    form = CategoryForm(row, request.POST or None)
    if request.method != "POST":
        return _page(request, form, category_rows.kept_questions(row), category_rows.kept_routes(row))
    asked, ways = category_rows.typed_questions(request.POST, form.languages), category_rows.typed_routes(request.POST)
    letter, _dash, turn = request.POST.get("rows", "").partition("-")
    if turn:
        verb, _dash, place = turn.partition("-")
        if letter == "q":
            asked = category_rows.turned(asked, verb, place, QuestionRow())
        else:
            ways = category_rows.turned(ways, verb, place, RouteRow())
        return _page(request, as_typed(row, request.POST), asked, ways)
    if _saved(request, form, asked, ways):
        messages.success(request, _("Gespeichert. Das gilt für alles, was von jetzt an gemeldet wird."))
        return redirect("cases:category", request.organisation.slug, row.pk)
    return _page(request, form, asked, ways, status=422)


def _saved(request: DeskRequest, form: CategoryForm, asked: list[QuestionRow], ways: list[RouteRow]) -> bool:
    """Keep all of it or nothing; what is wrong is said at its field."""
    row, problems, wanted, led = form.category, [], [], []
    try:
        wanted = category_rows.read_questions(asked, row.questions)
    except ValidationError as problem:
        problems.append(problem)
    try:
        led = category_rows.read_routes(ways, request.organisation)
    except ValidationError as problem:
        problems.append(problem)
    good = form.is_valid()
    for wrong in problems:
        form.add_error(None, wrong)
    if not good or problems:
        return False
    before = row.pk
    try:
        with transaction.atomic():
            form.apply().questions = wanted
            categories.save(row, operator=request.operator, people=form.cleaned_data["people"])
            categories.lead(row, led, operator=request.operator)
    except ValidationError as problem:
        row.pk = before
        code = getattr(problem, "code", None)
        form.add_error(code if code in form.fields else None, problem)
        return False
    return True


def _page(request: DeskRequest, form: CategoryForm, asked: list[QuestionRow], ways: list[RouteRow], *, status: int = 200) -> HttpResponse:
    row, organisation = form.category, request.organisation
    context = {
        "form": form, "row": row, "questions": asked, "routes": ways, "wants": category_rows.WANTS.items(), "languages": form.languages,
        "teams": Team.objects.filter(organisation=organisation), "districts": District.objects.filter(organisation=organisation),
        "bubbles": category_preview.bubbles(row, organisation.language) if row.pk else [], "here": "categories",
        "used": row.pk and row.cases.exists(),
    }  # fmt: skip
    return render(request, "cases/category.html", context, status=status)
