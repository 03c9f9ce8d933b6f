"""The screens of meters: what is to be looked at, all values, handing them on, the meters we know."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts.reading import defused
from buergerdraht.conversations import page, sight
from buergerdraht.meters import actions, importing, judging, spoken
from buergerdraht.meters.models import Kind, Meter, MeterReading

State = MeterReading.State
SHOWN = 50
VIEWS = {"pruefen": [State.DOUBTFUL], "bereit": [State.CONFIRMED, State.CHECKED], "exportiert": [State.EXPORTED], "alle": list(State)}
KINDS = {
    Kind.WATER: gettext_lazy("Wasser"),
    Kind.GAS: gettext_lazy("Gas"),
    Kind.ELECTRICITY: gettext_lazy("Strom"),
    Kind.HEAT: gettext_lazy("Wärme"),
}
UNITS = {Kind.WATER: "m³", Kind.GAS: "m³", Kind.ELECTRICITY: "kWh", Kind.HEAT: "kWh"}
REASONS = {
    judging.LOWER: gettext_lazy("niedriger als der letzte Stand"),
    judging.MUCH: gettext_lazy("viel mehr als üblich"),
    judging.SAME: gettext_lazy("seit Wochen unverändert"),
    judging.DIGITS: gettext_lazy("mehr Stellen als der Zähler"),
}
STATES = {
    State.CONFIRMED: ("success", gettext_lazy("bestätigt")), State.DOUBTFUL: ("warning", gettext_lazy("zu prüfen")),
    State.CHECKED: ("success", gettext_lazy("geprüft")), State.REFUSED: ("danger", gettext_lazy("abgelehnt")),
    State.EXPORTED: ("info", gettext_lazy("exportiert")),
}  # fmt: skip


@require_safe
@desk(Right.READ)
def listing(request: DeskRequest) -> HttpResponse:
    view = request.GET.get("ansicht", "pruefen")
    view = view if view in VIEWS else "pruefen"
    rows = MeterReading.objects.filter(organisation=request.organisation)
    shown = rows.filter(state__in=VIEWS[view]).select_related("photo", "meter", "contact", "operator").order_by("-created_at", "-pk")
    found = Paginator(shown, SHOWN).get_page(request.GET.get("seite"))
    for row in found:
        _dress(request, row)
    last = rows.filter(state=State.EXPORTED).aggregate(last=Max("export"))["last"]
    context = {"view": view, "rows": found, "counts": {name: rows.filter(state__in=states).count() for name, states in VIEWS.items()}}
    return render(request, "meters/list.html", context | _rights(request) | {"last": last})


def _dress(request: DeskRequest, row: MeterReading) -> None:
    """What a line shows beside its columns; the thread's address only for whoever may see it."""
    row.shown = spoken.shown(row.value)  # type: ignore[attr-defined]
    row.before = _shown(row.meter.value) if row.meter else ""  # type: ignore[attr-defined]
    row.unit, row.what = UNITS[Kind(row.kind)], KINDS[Kind(row.kind)]  # type: ignore[attr-defined]
    row.why = [REASONS.get(code, code) for code in row.reasons]  # type: ignore[attr-defined]
    row.badge = STATES[State(row.state)]  # type: ignore[attr-defined]
    row.door = page.door(request, row.contact) if row.contact else ""  # type: ignore[attr-defined]
    row.visible = bool(row.door) or row.contact is None  # type: ignore[attr-defined]


@require_POST
@desk(Right.ANSWER)
def settle(request: DeskRequest, number: int) -> HttpResponse:
    """Say that a value is right, set it right, or refuse it."""
    row = get_object_or_404(MeterReading, organisation=request.organisation, pk=number)
    if row.contact_id and not sight.conversations(request.membership).filter(contact=row.contact_id).exists():
        return HttpResponse(status=404)
    if request.POST.get("tun") == "ablehnen":
        actions.settle(row, operator=request.operator, right=False)
        messages.success(request, _("Abgelehnt. Der Stand wird nicht weitergegeben."))
        return _back(request)
    try:
        value = spoken.number(request.POST.get("stand", ""))
    except ValueError as problem:
        messages.error(request, str(problem))
        return _back(request)
    actions.settle(row, operator=request.operator, value=value)
    messages.success(request, _("Geprüft und bereit zum Export."))
    return _back(request)


@require_POST
@desk(Right.CONTACTS)
def export(request: DeskRequest) -> HttpResponse:
    """Hand out what is settled as a table, once; the undo stands on the page."""
    when, rows = actions.export(request.organisation, operator=request.operator)
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    table = csv.writer(text, delimiter=";")
    table.writerow([_("Zähler"), _("Art"), _("Stand"), _("Einheit"), _("Abgelesen am"), _("Geprüft"), _("Nummer bei uns")])
    for row in rows:
        kind = Kind(row.kind)
        value = spoken.shown(row.value)
        checked = _("ja") if row.operator_id else ""
        table.writerow([defused(row.number), KINDS[kind], value, UNITS[kind], f"{row.read_on:%d.%m.%Y}", checked, row.pk])
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="zaehlerstaende-{timezone.localtime(when):%Y-%m-%d-%H%M}.csv"'
    return answer


@require_POST
@desk(Right.CONTACTS)
def take_back(request: DeskRequest) -> HttpResponse:
    """Take the last export back."""
    when = parse_datetime(request.POST.get("wann", ""))
    number = actions.take_back(request.organisation, when, operator=request.operator) if when else 0
    messages.success(request, ngettext("Ein Stand ist wieder bereit.", "%(n)s Stände sind wieder bereit.", number) % {"n": number})
    return _back(request, "bereit")


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.CONTACTS)
def known(request: DeskRequest) -> HttpResponse:
    """The meters we know, and a table of them brought in."""
    context: dict[str, Any] = {"columns": importing.COLUMNS} | _rights(request)
    bad = False
    if request.method == "POST":
        found = _table(request)
        problems = list(importing.problems_of(found))
        bad = bool(problems) or not found.meters
        if request.POST.get("tun") == "pruefen" or bad:
            context |= {"problems": problems, "looked": True} | importing.preview(request.organisation, found)
            for meter in context["first"]:
                meter.what, meter.stood, meter.used = KINDS[Kind(meter.kind)], _shown(meter.value), _shown(meter.yearly)
        else:
            number = importing.bring(request.organisation, found.meters, operator=request.operator)
            messages.success(request, ngettext("Ein Zähler ist bekannt.", "%(n)s Zähler sind bekannt.", number) % {"n": number})
            return redirect("meters:known", request.organisation.slug)
    context["count"] = Meter.objects.filter(organisation=request.organisation).count()
    if request.headers.get("HX-Request"):  # only looked at: the page stays, with the file that was chosen
        return render(request, "meters/_preview.html", context)
    return render(request, "meters/known.html", context, status=422 if bad else 200)


def _shown(value: Decimal | None) -> str:
    return "" if value is None else spoken.shown(value)


def _table(request: DeskRequest) -> importing.Read:
    file = request.FILES.get("datei")
    if file is None:
        return importing.Read([], [_("Wählen Sie eine Datei.")])
    return importing.read(request.organisation, file.read(importing.LARGEST + 1))


def _rights(request: DeskRequest) -> dict[str, bool]:
    return {"may_settle": request.may(Right.ANSWER), "may_export": request.may(Right.CONTACTS)}


def _back(request: DeskRequest, view: str = "") -> HttpResponse:
    where = view or request.POST.get("ansicht", "pruefen")
    answer = redirect("meters:list", request.organisation.slug)
    answer["Location"] += f"?ansicht={where if where in VIEWS else 'pruefen'}"
    return answer
