"""The settings pages of systems: the list, one of them with its calls, and a try with sample data."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from yarl import URL

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.dialogs import calling, calls, systems
from buergerdraht.dialogs.models import System, SystemCall
from buergerdraht.dialogs.systems_forms import SampleForm, SecretForm, SystemForm

SHOWN = 30
OUTCOMES = {"yes": ("success", gettext_lazy("ja")), "no": ("info", gettext_lazy("nein")), "failure": ("danger", gettext_lazy("Störung"))}
REASONS = {
    "status": "",  # the number says it
    "accept": gettext_lazy("Bedingung nicht erfüllt"),
    "redirect": gettext_lazy("verweist woandershin, dem folgen wir nicht"),
    "timeout": gettext_lazy("keine Antwort in der vorgesehenen Zeit"),
    "refused": gettext_lazy("Adresse nicht erlaubt"),
    "unreadable": gettext_lazy("Antwort nicht lesbar"),
    "too_large": gettext_lazy("Antwort zu groß"),
    "unreachable": gettext_lazy("nicht erreichbar"),
    "not_found": gettext_lazy("Name unbekannt"),
    "certificate": gettext_lazy("Zertifikat ungültig"),
    "resting": gettext_lazy("geschont nach mehreren Ausfällen"),
}


@require_safe
@desk(Right.MANAGE)
def listing(request: DeskRequest) -> HttpResponseBase:
    last = SystemCall.objects.filter(system=OuterRef("pk")).order_by("-at")
    rows = System.objects.filter(organisation=request.organisation)
    found = list(rows.annotate(last_outcome=Subquery(last.values("outcome")[:1]), last_at=Subquery(last.values("at")[:1])))
    for row in found:
        row.host = URL(row.url).host  # type: ignore[attr-defined]
        row.badge = OUTCOMES.get(row.last_outcome or "")  # type: ignore[attr-defined]
    return _page(request, "systems", {"systems": found})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def add(request: DeskRequest) -> HttpResponseBase:
    form = SystemForm(None, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            system = systems.add(request.organisation, form.cleaned_data["key"], form.entry, operator=request.operator)
        except ValidationError as problem:
            told(form, problem)
        else:
            messages.success(request, _("Angelegt. Tragen Sie nun ein, womit wir uns dort ausweisen, und prüfen Sie mit Beispieldaten."))
            return redirect("dialogs:system", request.organisation.slug, system.pk)
    return _page(request, "systems_add", {"form": form, "networks": bool(systems.grantable())}, form)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def system(request: DeskRequest, number: int) -> HttpResponseBase:
    """Show a system and change what it is."""
    found = _found(request, number)
    form = SystemForm(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            dropped = systems.change(found, form.entry, operator=request.operator)
        except ValidationError as problem:
            told(form, problem)
        else:
            messages.success(request, _("Gespeichert."))
            if dropped:
                messages.warning(
                    request, _("Die Adresse gehört zu einem anderen Rechner. Die geheimen Kopfzeilen gelten dort nicht und sind gelöscht.")
                )
            return _back(request, found)
    return _one(request, found, form=form)


@require_POST
@desk(Right.MANAGE)
def secret(request: DeskRequest, number: int) -> HttpResponseBase:
    """Set a secret header, or remove one."""
    found = _found(request, number)
    if name := request.POST.get("entfernen", ""):
        systems.drop_secret(found, name, operator=request.operator)
        messages.success(request, _("Entfernt."))
        return _back(request, found)
    form = SecretForm(request.POST)
    if form.is_valid():
        try:
            systems.set_secret(found, form.cleaned_data["name"], form.cleaned_data["value"], operator=request.operator)
        except ValidationError as problem:
            told(form, problem)
        else:
            messages.success(request, _("Gesetzt. Der Wert wird nicht mehr angezeigt."))
            return _back(request, found)
    return _one(request, found, secret_form=form)


@require_POST
@desk(Right.MANAGE)
def change(request: DeskRequest, number: int, verb: str) -> HttpResponseBase:
    """Switch a system on or off, or remove it."""
    found = _found(request, number)
    match verb:
        case "an" | "aus":
            systems.switch(found, verb == "an", operator=request.operator)
            messages.success(
                request, _("Dialoge fragen dieses System wieder.") if verb == "an" else _("Dialoge fragen dieses System nicht mehr.")
            )
        case "entfernen":
            try:
                systems.remove(found, operator=request.operator)
            except ValidationError as problem:
                messages.error(request, " ".join(problem.messages))
            else:
                messages.success(request, _("Entfernt."))
                return redirect("dialogs:systems", request.organisation.slug)
        case _:
            raise Http404
    return _back(request, found)


@require_POST
@desk(Right.MANAGE)
def sample(request: DeskRequest, number: int) -> HttpResponseBase:
    """Make a call with made-up values, and show the one who looks what came back. It is kept nowhere."""
    found = _found(request, number)
    form = SampleForm(request.POST)
    context: dict[str, Any] = {"sample_form": form}
    if form.is_valid():
        step = form.cleaned_data["step"]
        try:
            asked = calling.build(step, found, {})
        except calling.Refused:
            form.add_error("path", _("Dieser Pfad führt aus der Adresse hinaus oder hat eine Lücke."))
        else:
            audit.record(
                request.organisation, "dialogs.try_system", operator=request.operator, subject=f"system:{found.pk}", method=step.method
            )
            outcome, body = calls.probe(found, asked, step)
            context |= {"tried": _dressed(outcome), "answers": outcome.answers.items(), "places": calling.paths(body)}
    return _one(request, found, **context)


# ── What several share ────────────────────────────────────────────────────


def _found(request: DeskRequest, number: int) -> System:
    return get_object_or_404(System.objects.select_related("organisation"), organisation=request.organisation, pk=number)


def _one(request: DeskRequest, found: System, **context: Any) -> HttpResponse:
    """The page of a system; forms that were sent keep what was written, except a secret."""
    rows = SystemCall.objects.filter(system=found).order_by("-at")[:SHOWN]
    forms = [form for form in context.values() if hasattr(form, "errors")]
    shown = {
        "system": found,
        "host": URL(found.url).host,
        "secrets": sorted(systems.headers_of(found)),
        "users": systems.used_by(request.organisation, found.key),
        "calls": [_dressed(row) for row in rows],
        "form": SystemForm(found),
        "secret_form": SecretForm(),
        "sample_form": SampleForm(),
    }
    return _page(request, "systems_one", shown | context, *forms)


def _dressed(row: SystemCall | calling.Outcome) -> dict[str, Any]:
    kind = row.outcome if isinstance(row, SystemCall) else row.kind
    return {"row": row, "badge": OUTCOMES[kind], "reason": REASONS.get(row.reason, row.reason)}


def _page(request: DeskRequest, name: str, context: dict[str, Any], *forms: Any) -> HttpResponse:
    wrong = any(form.is_bound and form.errors for form in forms)
    return render(request, f"dialogs/{name}.html", context | {"tab": "systems"}, status=422 if wrong else 200)


def told(form: Any, problem: ValidationError) -> None:
    """Put what a verb refused beside its field."""
    named = problem.message_dict if hasattr(problem, "error_dict") else {"__all__": problem.messages}
    for field, sentences in named.items():
        for sentence in sentences:
            form.add_error(field if field in form.fields else None, sentence)


def _back(request: DeskRequest, found: System) -> HttpResponse:
    return redirect("dialogs:system", request.organisation.slug, found.pk)
