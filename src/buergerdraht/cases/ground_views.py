"""The screens of the ground: the area, its districts and neighbours, the houses, the map."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import arranging, importing, outline
from buergerdraht.cases import ground as grounds
from buergerdraht.cases.ground_forms import AreaForm, GroundForm, HousesForm, NeighbourForm, ShapesForm
from buergerdraht.cases.models import Doorway, Shape
from buergerdraht.contacts.models import District

SHOWN = 100  # lines of a report


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def ground(request: DeskRequest) -> HttpResponse:
    """Show the ground; a POST changes how maps begin and what citizens see."""
    form = GroundForm(grounds.of(request.organisation), request.POST or None)
    if request.method == "POST" and form.is_valid():
        arranging.change_ground(request.organisation, form.cleaned_data, operator=request.operator)
        messages.success(request, _("Gespeichert."))
        return redirect("cases:ground", request.organisation.slug)
    return _page(request, form=form)


@require_POST
@desk(Right.MANAGE)
def area(request: DeskRequest) -> HttpResponse:
    """Take the area of a file, or none any more."""
    if "remove" in request.POST:
        arranging.set_area(request.organisation, None, operator=request.operator)
        messages.success(request, _("Die Fläche ist gelöscht: Jeder Ort gilt wieder als Ihr Gebiet."))
        return redirect("cases:ground", request.organisation.slug)
    form = AreaForm(request.POST, request.FILES, auto_id="area_%s")
    if form.is_valid():
        try:
            found = importing.area(form.cleaned_data["file"])
        except ValidationError as problem:
            form.add_error("file", problem)
        else:
            arranging.set_area(request.organisation, found, operator=request.operator)
            messages.success(request, _("Die Fläche ist eingetragen."))
            return redirect("cases:ground", request.organisation.slug)
    return _page(request, area=form)


@require_POST
@desk(Right.MANAGE)
def shapes(request: DeskRequest) -> HttpResponse:
    """Take outlines of districts, and say which of them matched."""
    form = ShapesForm(request.POST, request.FILES, auto_id="shapes_%s")
    if not form.is_valid():
        return _page(request, shapes=form)
    try:
        found = importing.districts(request.organisation, form.cleaned_data["file"])
        if not found.shapes:
            raise ValidationError(
                _("Kein Name in der Datei ist einer Ihrer Ortsteile: %(names)s.") % {"names": ", ".join(found.unknown[:20])}
            )
    except ValidationError as problem:
        form.add_error("file", problem)
        return _page(request, shapes=form)
    arranging.set_shapes(found.shapes, organisation=request.organisation, operator=request.operator)
    number = len(found.shapes)
    messages.success(request, ngettext("Ein Ortsteil hat seinen Umriss.", "%(n)s Ortsteile haben ihren Umriss.", number) % {"n": number})
    if found.unknown:
        messages.warning(request, _("Diese Namen kennen wir nicht: %(names)s.") % {"names": ", ".join(found.unknown[:20])})
    if found.missing:
        messages.warning(request, _("Nicht in der Datei: %(names)s.") % {"names": ", ".join(found.missing[:20])})
    return redirect("cases:ground", request.organisation.slug)


@require_POST
@desk(Right.MANAGE)
def neighbours(request: DeskRequest) -> HttpResponse:
    form = NeighbourForm(request.POST, request.FILES, auto_id="neighbour_%s")
    if form.is_valid():
        values = form.cleaned_data
        neighbour = {"ars": values["ars"], "name": values["name"], "link": values["link"], "area": values["file"]}
        if arranging.add_neighbour(request.organisation, neighbour, operator=request.operator):
            messages.success(request, _("Eingetragen: Für Orte dort nennen wir „%(name)s“.") % {"name": values["name"]})
            return redirect("cases:ground", request.organisation.slug)
        form.add_error(None, ValidationError(_("Mehr als 60 Nachbarn lassen sich nicht eintragen.")))
    return _page(request, neighbour=form)


@require_POST
@desk(Right.MANAGE)
def part(request: DeskRequest, place: int) -> HttpResponse:
    if not arranging.part_with(request.organisation, place, operator=request.operator):
        raise Http404
    messages.success(request, _("Der Nachbar ist gelöscht."))
    return redirect("cases:ground", request.organisation.slug)


def _page(request: DeskRequest, **forms: Any) -> HttpResponse:
    organisation, row = request.organisation, grounds.of(request.organisation)
    districts = list(District.objects.filter(organisation=organisation).select_related("shape"))
    drawn = [("is-neighbour", each.get("name", ""), each.get("area")) for each in row.neighbours]
    drawn += [("is-area", "", row.area)] if row.area else []
    drawn += [("is-district", each.name, each.shape.area) for each in districts if hasattr(each, "shape")]
    context = {
        "row": row, "districts": districts, "drawing": outline.draw(drawn), "here": "ground",
        "form": forms.get("form") or GroundForm(row), "area": forms.get("area") or AreaForm(auto_id="area_%s"),
        "shapes": forms.get("shapes") or ShapesForm(auto_id="shapes_%s"),
        "neighbour": forms.get("neighbour") or NeighbourForm(auto_id="neighbour_%s"),
        "shaped": Shape.objects.filter(district__organisation=organisation).count(),
    }  # fmt: skip
    wrong = any(form.is_bound and form.errors for form in forms.values())
    return render(request, "cases/ground.html", context, status=422 if wrong else 200)


# ── Houses ────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def doorways(request: DeskRequest) -> HttpResponse:
    """Show how many houses are known; a POST takes a table, and says line by line what was left out."""
    form = HousesForm(request.POST or None, request.FILES or None)
    found, brought, status = None, 0, 200
    if request.method == "POST":
        try:
            if form.is_valid():
                found = importing.houses(request.organisation, form.cleaned_data["file"])
                if not found.rows:
                    raise ValidationError([_("Keine Zeile ließ sich lesen."), *found.problems[:3]])
                brought = arranging.bring_houses(
                    request.organisation, found.rows.values(), afresh=form.cleaned_data["afresh"], operator=request.operator
                )
        except ValidationError as problem:
            form.add_error("file", problem)
            found = None
        status = 200 if brought else 422
    rows = Doorway.objects.filter(organisation=request.organisation)
    context = {
        "form": HousesForm() if brought else form, "number": rows.count(), "streets": rows.values("street").distinct().count(),
        "brought": brought, "problems": found.problems[:SHOWN] if found else [], "left": len(found.problems) if found else 0,
        "here": "doorways",
    }  # fmt: skip
    return render(request, "cases/doorways.html", context, status=status)
