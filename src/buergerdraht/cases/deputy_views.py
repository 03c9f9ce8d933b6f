"""The screen of who stands in for whom: everybody for themselves, whoever manages for all."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Operator
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import arranging
from buergerdraht.cases.category_forms import members
from buergerdraht.cases.models import Deputy

LONGEST = 400  # days


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class DeputyForm(forms.Form):
    operator = forms.ModelChoiceField(Operator.objects.none(), label=gettext_lazy("Wer ist weg"))
    deputy = forms.ModelChoiceField(Operator.objects.none(), label=gettext_lazy("Wer vertritt"))
    first = _day(gettext_lazy("Erster Tag"))
    last = _day(gettext_lazy("Letzter Tag"))

    def __init__(self, row: Deputy, whom: QuerySet[Operator], data: Any = None) -> None:
        super().__init__(data, initial={"operator": row.operator_id})
        self.row = row
        cast("forms.ModelChoiceField[Any]", self.fields["operator"]).queryset = whom
        cast("forms.ModelChoiceField[Any]", self.fields["deputy"]).queryset = members(row.organisation)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last, operator = values.get("first"), values.get("last"), values.get("operator")
        if first and last and not 0 <= (last - first).days <= LONGEST:
            self.add_error("last", ValidationError(_("Der letzte Tag muss nach dem ersten liegen, höchstens 400 Tage danach.")))
        elif last and last < timezone.localdate():
            self.add_error("last", ValidationError(_("Diese Zeit ist schon vorbei.")))
        if operator and operator == values.get("deputy"):
            self.add_error("deputy", ValidationError(_("Niemand vertritt sich selbst.")))
        if operator and first and last and not self.errors:
            rows = Deputy.objects.filter(organisation=self.row.organisation_id, operator=operator, first__lte=last, last__gte=first)
            if rows.exists():
                self.add_error("first", ValidationError(_("In dieser Zeit gibt es schon eine Vertretung.")))
        return values

    def apply(self) -> Deputy:
        for name in ("operator", "deputy", "first", "last"):
            setattr(self.row, name, self.cleaned_data[name])
        return self.row


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def deputies(request: DeskRequest) -> HttpResponse:
    """List who stands in, and take a new one."""
    whom = _whom(request)
    form = DeputyForm(Deputy(organisation=request.organisation, operator=request.operator), whom, request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = arranging.stand_in(form.apply(), operator=request.operator)
        messages.success(request, _("Eingetragen: Was %(who)s zugewiesen wird, geht in dieser Zeit an %(deputy)s.")
                         % {"who": row.operator, "deputy": row.deputy})  # fmt: skip
        return redirect("cases:deputies", request.organisation.slug)
    today = timezone.localdate()
    rows = Deputy.objects.filter(organisation=request.organisation, operator__in=whom, last__gte=today).select_related("operator", "deputy")
    context = {"form": form, "rows": rows, "today": today, "all": request.may(Right.MANAGE), "here": "deputies"}
    return render(request, "cases/deputies.html", context, status=422 if form.is_bound else 200)


@require_POST
@desk(Right.READ)
def remove(request: DeskRequest, deputy: int) -> HttpResponse:
    row = get_object_or_404(Deputy, organisation=request.organisation, pk=deputy, operator__in=_whom(request))
    arranging.end_deputy(row, operator=request.operator)
    messages.success(request, _("Die Vertretung ist gelöscht."))
    return redirect("cases:deputies", request.organisation.slug)


def _whom(request: DeskRequest) -> QuerySet[Operator]:
    """For whom this member may arrange it: all, or themselves."""
    if request.may(Right.MANAGE):
        return cast("QuerySet[Operator]", members(request.organisation))
    if request.may(Right.ANSWER):
        return Operator.objects.filter(pk=request.operator.pk)
    raise PermissionDenied
