"""What is done with bridges from the page of a case."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.bridges import actions
from buergerdraht.bridges.models import Bridge, Parcel, Passage
from buergerdraht.cases import sight
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.models import Case


@require_POST
@desk(Right.ANSWER)
def hand_over(request: DeskRequest, number: int) -> HttpResponseBase:
    """Give a case to another system; a confidential one only after whoever does it read the warning."""
    case = get_object_or_404(sight.cases(request.membership), pk=number)
    chosen = request.POST.get("bruecke", "")
    bridge = get_object_or_404(
        Bridge.objects.select_related("actor"),
        organisation=request.organisation,
        pk=int(chosen) if chosen.isdecimal() and len(chosen) < 18 else 0,
    )
    if case.confidential and request.POST.get("sicher") != "ja":
        return render(request, "bridges/sure.html", {"case": case, "bridge": bridge, "back": _url(request, case)})
    try:
        actions.hand_over(case, bridge, operator=request.operator)
    except NotNow as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("Weitergegeben an „%(name)s“.") % {"name": bridge.name})
    return redirect(_url(request, case))


@require_POST
@desk(Right.ANSWER)
def take_back(request: DeskRequest, number: int) -> HttpResponseBase:
    """Let nothing more go there."""
    passage = get_object_or_404(
        Passage.objects.select_related("case", "bridge"), case__in=sight.cases(request.membership).values("pk"), pk=number
    )
    actions.take_back(passage, operator=request.operator)
    messages.success(request, _("Nichts Weiteres geht an „%(name)s“. Was dort schon ist, bleibt dort.") % {"name": passage.bridge.name})
    return redirect(_url(request, passage.case))


@require_POST
@desk(Right.ANSWER)
def retry(request: DeskRequest, number: int) -> HttpResponseBase:
    """Try again what did not arrive."""
    visible = sight.cases(request.membership).values("pk")
    parcel = get_object_or_404(Parcel.objects.select_related("passage__case"), passage__case__in=visible, pk=number)
    actions.retry(parcel, operator=request.operator)
    messages.success(request, _("Wird noch einmal versucht."))
    if request.POST.get("zu") == "einstellungen" and request.may(Right.MANAGE):
        return redirect("bridges:bridge", request.organisation.slug, parcel.passage.bridge_id)
    return redirect(_url(request, parcel.passage.case))


def _url(request: DeskRequest, case: Case) -> str:
    return reverse("cases:case", args=[request.organisation.slug, case.number])
