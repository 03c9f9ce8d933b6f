"""The screens of what can be booked, and of the days on which nothing can."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts import hours
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.appointments import actions, reading
from buergerdraht.appointments.forms import KINDS, ClosureForm, OfferForm
from buergerdraht.appointments.models import Closure, Offer

AHEAD = timedelta(days=400)  # so far holidays are shown


@require_safe
@desk(Right.READ)
def offers(request: DeskRequest) -> HttpResponse:
    """List what can be booked, with the next time that is free."""
    rows = list(Offer.objects.filter(organisation=request.organisation).select_related("organisation", "team").order_by("-active", "key"))
    kinds, now = dict(KINDS), timezone.now()
    for row in rows:
        free = reading.free(row, now, now + timedelta(days=row.latest_days + 1), limit=1, now=now) if row.active else []
        row.next = free[0].begins_at if free else None  # type: ignore[attr-defined]
        row.how = kinds[row.kind]  # type: ignore[attr-defined]
    return render(request, "appointments/offers.html", {"rows": rows, "may_plan": _plans(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def new_offer(request: DeskRequest) -> HttpResponse:
    return _form(request, Offer(organisation=request.organisation, reminders=[24]))


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def edit_offer(request: DeskRequest, offer: int) -> HttpResponse:
    return _form(request, get_object_or_404(Offer.objects.select_related("organisation"), organisation=request.organisation, pk=offer))


def _form(request: DeskRequest, row: Offer) -> HttpResponse:
    if not _plans(request):
        raise PermissionDenied
    form = OfferForm(row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.save_offer(form.apply(), operator=request.operator)
        messages.success(request, _("Gespeichert. Was schon gebucht ist, bleibt, wie es ist."))
        return redirect("appointments:offers", request.organisation.slug)
    return render(request, "appointments/offer.html", {"form": form, "row": row}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def closures(request: DeskRequest) -> HttpResponse:
    """List the closed days to come, with the holidays that are closed by themselves, and take new ones."""
    form = ClosureForm(Closure(organisation=request.organisation), request.POST or None)
    if request.method == "POST":
        if not _plans(request):
            raise PermissionDenied
        if form.is_valid():
            number = actions.close(form.apply(), operator=request.operator)
            messages.success(request, _("Gespeichert: In dieser Zeit wird nichts angeboten."))
            if number:
                words = ngettext(
                    "Ein Termin liegt schon darin. Bitte verschieben oder sagen Sie ihn ab.",
                    "%(number)s Termine liegen schon darin. Bitte verschieben oder sagen Sie sie ab.", number,
                )  # fmt: skip
                messages.warning(request, words % {"number": number})
            return redirect("appointments:closures", request.organisation.slug)
    today = timezone.localdate()
    rows = Closure.objects.filter(organisation=request.organisation, last__gte=today).select_related("offer").order_by("first", "pk")
    years = range(today.year, (today + AHEAD).year + 1)
    holidays = sorted((day, name) for year in years for day, name in hours.holidays_of(request.organisation.land, year).items())
    context = {"form": form, "rows": rows, "may_plan": _plans(request), "today": today}
    context["holidays"] = [(day, name) for day, name in holidays if today <= day <= today + AHEAD]
    return render(request, "appointments/closures.html", context, status=422 if form.is_bound else 200)


@require_POST
@desk(Right.READ)
def lift(request: DeskRequest, closure: int) -> HttpResponse:
    row = get_object_or_404(Closure, organisation=request.organisation, pk=closure)
    if not _plans(request):
        raise PermissionDenied
    actions.lift(row, operator=request.operator)
    messages.success(request, _("Entfernt: An diesen Tagen kann wieder gebucht werden."))
    return redirect("appointments:closures", request.organisation.slug)


def _plans(request: DeskRequest) -> bool:
    return request.may(Right.MANAGE) or request.may(Right.WRITE)
