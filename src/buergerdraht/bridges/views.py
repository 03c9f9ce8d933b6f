"""The settings pages of bridges: the list, one of them, what our categories are called there, what was delivered."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.bridges import actions, letters, words
from buergerdraht.bridges.forms import FORMS, BridgeForm, MappingForm
from buergerdraht.bridges.kinds import open311
from buergerdraht.bridges.kinds.letter import Trouble
from buergerdraht.bridges.models import Bridge, Parcel
from buergerdraht.cases import sight

SHOWN = 50


@require_safe
@desk(Right.MANAGE)
def listing(request: DeskRequest) -> HttpResponseBase:
    waits, lost = Q(passages__parcels__done_at=None, passages__parcels__lost_at=None), Q(passages__parcels__lost_at__isnull=False)
    rows = Bridge.objects.filter(organisation=request.organisation).order_by("-active", "name")
    seen = Q(passages__isnull=True) | sight.visible(request.membership, "passages__case__")
    found = list(rows.annotate(
        passed=Count("passages", filter=seen & Q(passages__isnull=False), distinct=True),
        waiting=Count("passages__parcels", filter=seen & waits & Q(passages__parcels__isnull=False), distinct=True),
        lost=Count("passages__parcels", filter=seen & lost & ~Q(passages__parcels__problem=""), distinct=True),
    ))  # fmt: skip
    for row in found:
        row.icon, row.title = words.ICONS[row.kind], words.KINDS[row.kind]  # type: ignore[attr-defined]
        row.why = words.problem(row.problem) if row.problem else ""  # type: ignore[attr-defined]
    kinds = [(key, title, words.HINTS[key], words.ICONS[key]) for key, title in words.KINDS.items()]
    return render(request, "bridges/list.html", {"tab": "bridges", "rows": found, "kinds": kinds})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def add(request: DeskRequest, kind: str) -> HttpResponseBase:
    if kind not in FORMS:
        raise Http404
    form = FORMS[kind](request.organisation, None, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add(request.organisation, kind, form.setup, operator=request.operator)
        except ValidationError as problem:
            _told(form, problem)
        else:
            messages.success(request, _("Angelegt. Prüfen Sie nun die Verbindung."))
            return redirect("bridges:bridge", request.organisation.slug, made.pk)
    context = {"tab": "bridges", "form": form, "kind": kind, "title": words.KINDS[kind], "hint": words.HINTS[kind]}
    return render(request, "bridges/add.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def bridge(request: DeskRequest, number: int) -> HttpResponseBase:
    """Show a bridge, and change what it is."""
    found = _found(request, number)
    form = FORMS[found.kind](request.organisation, found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(found, form.setup, operator=request.operator)
        except ValidationError as problem:
            _told(form, problem)
        else:
            messages.success(request, _("Gespeichert."))
            return redirect("bridges:bridge", request.organisation.slug, found.pk)
    return _one(request, found, form=form)


@require_POST
@desk(Right.MANAGE)
def mapping(request: DeskRequest, number: int) -> HttpResponseBase:
    """Keep what our categories are called there."""
    found = _found(request, number)
    form = MappingForm(found, request.POST)
    if not form.is_valid():
        return _one(request, found, mapping_form=form)
    actions.map_to(found, form.mapping, operator=request.operator)
    messages.success(request, _("Gespeichert: So heißen unsere Kategorien dort."))
    return redirect(f"{_url(request, found)}#zuordnung")


@require_POST
@desk(Right.MANAGE)
def act(request: DeskRequest, number: int, verb: str) -> HttpResponseBase:
    """Try the connection, fetch what is taken there, rest, go on."""
    found = _found(request, number)
    match verb:
        case "pruefen" | "holen":
            _try(request, found, fetch=verb == "holen" or found.kind == Bridge.Kind.OPEN311)
        case "an" | "aus":
            actions.switch(found, verb == "an", operator=request.operator)
            on, off = (
                _("Die Brücke ist wieder offen. Was wartet, geht jetzt hinaus."),
                _("Die Brücke ruht: Nichts geht hinaus, nichts kommt zurück."),
            )
            messages.success(request, on if verb == "an" else off)
        case _:
            raise Http404
    return redirect("bridges:bridge", request.organisation.slug, found.pk)


def _try(request: DeskRequest, found: Bridge, *, fetch: bool) -> None:
    """Talk with the other side once, and say how it went."""
    try:
        config = letters.config(found)
        if fetch and found.kind == Bridge.Kind.OPEN311:
            services = open311.services(config)
            actions.learn(found, services)
            words_ = ngettext(
                "Verbunden. Dort lässt sich eine Sache melden.", "Verbunden. Dort lassen sich %(n)s Sachen melden.", len(services)
            )
            messages.success(request, words_ % {"n": len(services)})
        else:
            letters.kind(found).check(config)
            messages.success(request, _("Verbunden. Das andere System nimmt unsere Anmeldung an."))
        actions.judged(found, "")
    except Trouble as trouble:
        actions.judged(found, trouble.problem)
        status = f" ({trouble.status})" if trouble.status else ""
        standing = _("Geprüft: So geht es noch nicht.")  # why, says the page itself as long as it is so
        messages.error(request, (standing if found.active else words.problem(trouble.problem)) + status)


def _one(request: DeskRequest, found: Bridge, *, form: BridgeForm | None = None, mapping_form: MappingForm | None = None) -> HttpResponse:
    form = form or FORMS[found.kind](request.organisation, found)
    wanted = mapping_form or (MappingForm(found) if found.kind == Bridge.Kind.OPEN311 and found.services else None)
    rows = Parcel.objects.filter(sight.visible(request.membership, "passage__case__"), passage__bridge=found)
    parcels = list(rows.select_related("passage__case", "entry").order_by("-pk")[:SHOWN])
    for row in parcels:
        row.why = words.problem(row.problem) if row.problem else ""  # type: ignore[attr-defined]
    context = {
        "tab": "bridges", "bridge": found, "form": form, "mapping_form": wanted, "parcels": parcels, "title": words.KINDS[found.kind],
        "why": words.problem(found.problem) if found.problem else "", "unanswered": _unanswered(found), "hook": _hook(found),
    }  # fmt: skip
    wrong = any(each is not None and each.is_bound and not each.is_valid() for each in (form, mapping_form)) or bool(form.errors)
    return render(request, "bridges/bridge.html", context, status=422 if wrong else 200)


def _unanswered(found: Bridge) -> list[tuple[str, str, str]]:
    """Questions that must be answered there and to which our categories have no answer: category, code there, questions."""
    required = {each["code"]: set(each["required"]) for each in found.services}
    rows = found.organisation.categories.filter(key__in=list(found.mapping))
    listed = []
    for category in rows:
        asked = {str(each.get("key")) for each in category.questions if isinstance(each, dict)}
        missing = required.get(found.mapping[category.key], set()) - asked
        if missing:
            listed.append((category.title_in("de"), found.mapping[category.key], ", ".join(sorted(missing))))
    return listed


def _hook(found: Bridge) -> str:
    return f"{settings.PUBLIC_URL}{reverse('bridges_in:zammad', args=[found.pk])}" if found.kind == Bridge.Kind.ZAMMAD else ""


def _found(request: DeskRequest, number: int) -> Bridge:
    return get_object_or_404(Bridge.objects.select_related("organisation", "actor"), organisation=request.organisation, pk=number)


def _url(request: DeskRequest, found: Bridge) -> str:
    return reverse("bridges:bridge", args=[request.organisation.slug, found.pk])


def _told(form: Any, problem: ValidationError) -> None:
    """Put what a verb refused beside its field."""
    named = problem.message_dict if hasattr(problem, "error_dict") else {"__all__": problem.messages}
    for field, sentences in named.items():
        for sentence in sentences:
            form.add_error(field if field in form.fields else None, sentence)
