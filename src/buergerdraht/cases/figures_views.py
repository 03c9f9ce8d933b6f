"""Cases in figures: the page, and each of its tables as a file."""

from __future__ import annotations

import csv
import io

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import figures as reading
from buergerdraht.contacts.reading import defused


@require_safe
@desk(Right.READ)
def page(request: DeskRequest) -> HttpResponse:
    period = reading.chosen(request.GET.dict(), timezone.localdate())
    found = reading.figures(request.membership, period, timezone.now())
    context = {
        "period": period,
        "choices": reading.CHOICES,
        "figures": found,
        "smallest": reading.SMALLEST,
        "columns": reading.head("")[1:],
    }
    return render(request, "cases/figures.html", context)


@require_safe
@desk(Right.READ)
def export(request: DeskRequest) -> HttpResponse:
    """Give one table as the page shows it, times in hours: what is kept back there is kept back here."""
    period = reading.chosen(request.GET.dict(), timezone.localdate())
    found = reading.figures(request.membership, period, timezone.now())
    table = next((table for table in found.tables if table.key == request.GET.get("tabelle")), None)
    if table is None:
        raise Http404
    audit.record(request.organisation, "cases.export_figures", operator=request.operator, table=table.key)
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, delimiter=";")
    hours = _("Std.")
    writer.writerow([f"{name} ({hours})" if ": " in name else defused(name) for name in reading.head(table.first)])
    writer.writerows([*map(defused, [line.name, *(value for _text, value in line.cells)])] for line in table.lines)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="anliegen-{table.key}-{period.first}-{period.last}.csv"'
    return response
