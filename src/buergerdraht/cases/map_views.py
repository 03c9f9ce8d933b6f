"""The desk's map of cases, and the list beside it that says the same in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import basemap, ground, listing, mapping, states
from buergerdraht.cases.list_forms import FilterForm
from buergerdraht.cases.mapping import Box
from buergerdraht.cases.models import Case, Shape

ROWS = 30


@require_safe
@desk(Right.READ)
def desk_map(request: DeskRequest) -> HttpResponse:
    """Show the map, and beside it the newest; without a script these are all there is, and all that is needed."""
    here, form = ground.of(request.organisation), _form(request)
    rows, query = _chosen(request, form), form.asked.query
    drawn = basemap.drawn(
        here, _("Karte der Anliegen. Die Liste daneben zeigt dieselben."), tall=True, points=_address(request, "cases:map_points", query),
        failed=_("Die Karte lässt sich hier nicht zeigen. Die Liste ist vollständig."), find="",
    )  # fmt: skip
    context = {
        **_listed(rows.filter(latitude__isnull=False)), "form": form, "map": drawn, "query": query, "filtered": form.asked.filtered,
        "heat": _address(request, "cases:map_heat", query), "districts": _address(request, "cases:map_districts", query),
        "list": _address(request, "cases:map_list", query), "placeless": listing.count(rows.filter(latitude__isnull=True)),
        "shapes": Shape.objects.filter(district__organisation=request.organisation).exists(),
    }  # fmt: skip
    answer = render(request, "cases/map.html", context, status=200 if form.is_valid() else 422)
    return basemap.open_for(answer, here, locate=True)


@require_safe
@desk(Right.READ)
def beside(request: DeskRequest) -> HttpResponse:
    """The list of what the map shows."""
    try:
        box = _box(request)
    except mapping.Unreadable:
        return HttpResponse(status=400)
    context = _listed(mapping.within(_chosen(request), box)) | {"inside": True}
    return render(request, "cases/_map_list.html", context)


@require_safe
@desk(Right.READ)
def points(request: DeskRequest) -> HttpResponse:
    return _data(request, lambda rows, box: mapping.clusters(rows, box, lambda case: _shown(request, case)))


@require_safe
@desk(Right.READ)
def heat(request: DeskRequest) -> HttpResponse:
    return _data(request, mapping.heat)


@require_safe
@desk(Right.READ)
def districts(request: DeskRequest) -> HttpResponse:
    return JsonResponse(mapping.districts(_chosen(request), request.organisation), content_type="application/geo+json")


def _data(request: DeskRequest, gather: Callable[[QuerySet[Case], Box], dict[str, Any]]) -> HttpResponse:
    try:
        box = _box(request)
    except mapping.Unreadable:
        return JsonResponse({"error": "bbox"}, status=400)
    response = JsonResponse(gather(_chosen(request), box), content_type="application/geo+json")
    response.headers["Cache-Control"] = "private, no-store"
    return response


# ── What several share ────────────────────────────────────────────────────


def _box(request: DeskRequest) -> Box:
    return mapping.read(request.GET.get("bbox", ""), request.GET.get("zoom", ""))


def _form(request: DeskRequest) -> FilterForm:
    """The filters of the list: the map shows the same cases."""
    return FilterForm(request.membership, request.GET)


def _chosen(request: DeskRequest, form: FilterForm | None = None) -> QuerySet[Case]:
    """What the filters leave of what a map may show, newest first."""
    rows = listing.chosen(request.membership, (form or _form(request)).asked, timezone.now())
    return rows.filter(confidential=False).order_by("-received_at", "-id")


def _listed(rows: QuerySet[Case]) -> dict[str, Any]:
    """The newest of them, and whether there are more."""
    found = list(rows.select_related("category", "district").defer("text", "answers", "reporter")[: ROWS + 1])
    lines = [(case, states.TITLES[case.state], states.TONES[case.state], case.category.title_in(get_language() or "de")) for case in found]
    return {"lines": lines[:ROWS], "more": len(found) > ROWS, "most": ROWS}


def _shown(request: DeskRequest, case: Case) -> dict[str, Any]:
    return {
        "number": case.number, "title": case.category.title_in(get_language() or "de"), "state_title": str(states.TITLES[case.state]),
        "tone": states.TONES[case.state], "place": case.place, "reported": f"{case.received_at:%Y-%m-%d}", "url": address(request, case),
    }  # fmt: skip


def address(request: DeskRequest, case: Case) -> str:
    return reverse("cases:case", args=[request.organisation.slug, case.number])


def _address(request: DeskRequest, name: str, query: str) -> str:
    """An address of the map's data, with the filter of the page."""
    return reverse(name, args=[request.organisation.slug]) + (f"?{query}" if query else "")
