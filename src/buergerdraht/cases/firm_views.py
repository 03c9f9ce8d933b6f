"""The firms that can be asked to do something, and taking a case back from one."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import casework, delegating
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.case_forms import FirmForm
from buergerdraht.cases.case_views import back
from buergerdraht.cases.models import Firm


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def listing(request: DeskRequest) -> HttpResponse:
    """List the firms, and take a new one."""
    return _page(request, Firm(organisation=request.organisation))


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def edit(request: DeskRequest, firm: int) -> HttpResponse:
    return _page(request, get_object_or_404(Firm, organisation=request.organisation, pk=firm))


def _page(request: DeskRequest, row: Firm) -> HttpResponse:
    form = FirmForm(request.POST if request.method == "POST" else None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            delegating.save(form.save(commit=False), operator=request.operator)
        except NotNow as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("Gespeichert."))
            return redirect("cases:firms", request.organisation.slug)
    alive = Count(
        "delegations", filter=Q(delegations__done_at=None, delegations__ended_at=None, delegations__expires_at__gt=timezone.now())
    )
    rows = Firm.objects.filter(organisation=request.organisation).annotate(busy=alive).order_by("-active", "name")
    context = {"form": form, "row": Firm.objects.filter(pk=row.pk or 0).first(), "rows": rows, "can_mail": delegating.can_mail()}
    return render(request, "cases/firms.html", context, status=422 if form.errors else 200)


@require_POST
@desk(Right.ANSWER)
def take_back(request: DeskRequest, number: str, delegation: int) -> HttpResponse:
    """End a delegation."""
    case = casework.found(request, number)
    row = get_object_or_404(case.delegations.all(), pk=delegation)
    if delegating.take_back(row, operator=request.operator):
        messages.success(request, _("Zurückgenommen. Der Link öffnet nichts mehr."))
    return back(request, case, "auftrag")
