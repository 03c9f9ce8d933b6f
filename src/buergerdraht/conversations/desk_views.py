"""The settings of the inbox: how it works, what goes out by itself, what teams promise, where new matters go, labels."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Team
from buergerdraht.accounts.rights import Right
from buergerdraht.conversations import arranging, dealing, desk_forms, page, saved_answers
from buergerdraht.conversations.models import AssignmentRule, Desk, Label, TeamRule


def _show(request: DeskRequest, name: str, part: str, context: dict[str, Any], *forms: Any) -> HttpResponse:
    wrong = any(form.errors for form in forms)
    return render(request, f"conversations/desk/{name}.html", context | {"tab": "inbox", "part": part}, status=422 if wrong else 200)


def _saved(request: DeskRequest, place: str, changed: object = True) -> HttpResponse:
    messages.success(request, _("Gespeichert.") if changed else _("Es gab nichts zu ändern."))
    return redirect(page.address(place, request))


# ── The organisation ──────────────────────────────────────────────────────


@desk(Right.MANAGE)
def general(request: DeskRequest) -> HttpResponse:
    form = desk_forms.GeneralForm(request.POST or None, instance=_desk(request))
    if request.method == "POST" and form.is_valid():
        return _saved(request, "desk", arranging.change_desk(request.organisation, form.cleaned_data, operator=request.operator))
    shown = _signed(request, str(form["signature"].value() or ""))
    return _show(request, "general", "general", {"form": form, "signed": shown}, form)


@desk(Right.MANAGE)
@require_POST
def signature(request: DeskRequest) -> HttpResponse:
    """Show how the signature being typed will stand under a reply."""
    return render(request, "conversations/desk/_signature.html", {"signed": _signed(request, request.POST.get("signature", "")[:200])})


@desk(Right.MANAGE)
def texts(request: DeskRequest) -> HttpResponse:
    form = desk_forms.TextsForm(request.organisation, request.POST or None, instance=_desk(request))
    if request.method == "POST" and form.is_valid():
        return _saved(request, "desk_texts", arranging.change_desk(request.organisation, form.values(), operator=request.operator))
    return _show(request, "texts", "texts", {"form": form}, form)


def _desk(request: DeskRequest) -> Desk:
    """A copy of its own for the form, which writes into it."""
    found = Desk.objects.filter(organisation=request.organisation).first()
    return found or Desk(organisation=request.organisation)


def _signed(request: DeskRequest, text: str) -> str:
    """Fill the placeholders as for a reply of the one who looks."""
    name, team = request.operator.name, request.membership.teams.first()
    values = {
        "vorname": saved_answers.first_name(name), "name": name, "team": team.name if team else request.organisation.name,
        "organisation": request.organisation.name,
    }  # fmt: skip
    return saved_answers.fill(text, values)


# ── Teams ─────────────────────────────────────────────────────────────────


@desk(Right.MANAGE)
def teams(request: DeskRequest) -> HttpResponse:
    rows = list(Team.objects.filter(organisation=request.organisation).select_related("rule"))
    forms = [
        desk_forms.TeamRuleForm(
            team, rows, request.POST or None, prefix=f"t{team.pk}", instance=getattr(team, "rule", None) or TeamRule(team=team)
        )
        for team in rows
    ]  # fmt: skip
    if request.method == "POST" and not [form for form in forms if not form.is_valid()]:  # all are asked, so that all say what is wrong
        with transaction.atomic():
            changed = [arranging.change_team_rule(form.team, form.cleaned_data, operator=request.operator) for form in forms]
        return _saved(request, "desk_teams", any(changed))
    wrong = [bound for form in forms for bound in form if bound.errors]
    for bound in wrong:
        bound.field.widget.attrs["aria-describedby"] = f"{bound.auto_id}-error"
    return _show(request, "teams", "teams", {"forms": forms, "wrong": wrong}, *forms)


# ── Rules ─────────────────────────────────────────────────────────────────


@desk(Right.MANAGE)
def rules(request: DeskRequest) -> HttpResponse:
    """List the rules in their order, and try a message on them."""
    probe = desk_forms.ProbeForm(request.organisation, request.POST if "probe" in request.POST else None)
    found = _rows(request)
    tried = _tried(probe, found) if probe.is_bound else {}
    if request.headers.get("HX-Request"):
        return render(request, "conversations/desk/_tried.html", tried)
    return _show(request, "rules", "rules", {"rules": found, "probe": probe, **tried}, probe)


def _rows(request: DeskRequest) -> list[AssignmentRule]:
    """The rules with what the page says of them; below an active one that takes everything none is ever asked."""
    rows = AssignmentRule.objects.filter(organisation=request.organisation)
    found = list(rows.select_related("team", "operator", "label", "topic", "channel"))
    hidden = False
    for row in found:
        row.said, row.never = dealing.when(row), hidden and row.active  # type: ignore[attr-defined]
        hidden = hidden or (row.active and not (row.words or row.topic_id or row.channel_id or row.language))
    return found


def _tried(probe: desk_forms.ProbeForm, rows: list[AssignmentRule]) -> dict[str, Any]:
    if not probe.is_valid():
        return {}
    rule = dealing.first([row for row in rows if row.active], probe.matter())
    return {"tried": True, "taken": rule, "to": dealing.whither(rule) if rule else "", "place": rows.index(rule) + 1 if rule else None}


@desk(Right.MANAGE)
def rule(request: DeskRequest, rule: int | None = None) -> HttpResponse:
    found = _rule(request, rule) if rule else AssignmentRule(organisation=request.organisation)
    form = desk_forms.RuleForm(request.organisation, request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        arranging.save_rule(form.instance, operator=request.operator)
        return _saved(request, "rules")
    return _show(request, "rule", "rules", {"form": form, "rule": found}, form)


@desk(Right.MANAGE)
@require_POST
def move_rule(request: DeskRequest, rule: int) -> HttpResponse:
    arranging.move_rule(_rule(request, rule), -1 if "hoch" in request.POST else 1, operator=request.operator)
    return redirect(page.address("rules", request))


@desk(Right.MANAGE)
@require_POST
def delete_rule(request: DeskRequest, rule: int) -> HttpResponse:
    arranging.delete_rule(_rule(request, rule), operator=request.operator)
    messages.success(request, _("Die Regel ist gelöscht."))
    return redirect(page.address("rules", request))


def _rule(request: DeskRequest, number: int) -> AssignmentRule:
    return get_object_or_404(AssignmentRule, organisation=request.organisation, pk=number)


# ── Labels ────────────────────────────────────────────────────────────────


@desk(Right.MANAGE)
def labels(request: DeskRequest, label: int | None = None) -> HttpResponse:
    """List the labels with their uses; POST adds one, or changes the one in the address."""
    found = get_object_or_404(Label, organisation=request.organisation, pk=label) if label else Label(organisation=request.organisation)
    form = desk_forms.LabelForm(request.POST or None, instance=found, prefix=f"l{label}" if label else None)
    if request.method == "POST" and form.is_valid():
        try:
            arranging.save_label(form.instance, operator=request.operator)
        except ValidationError as problem:
            form.add_error("name", problem)
        else:
            return _saved(request, "labels")
    rows = Label.objects.filter(organisation=request.organisation).annotate(uses=Count("conversations"))
    forms = [form if row.pk == label else desk_forms.LabelForm(instance=row, prefix=f"l{row.pk}") for row in rows]
    lines = [{"label": row, "form": each} for row, each in zip(rows, forms, strict=True)]
    new = desk_forms.LabelForm(instance=Label(organisation=request.organisation)) if label else form
    return _show(request, "labels", "labels", {"lines": lines, "form": new, "wrong": form if label else new}, form)


@desk(Right.MANAGE)
@require_POST
def delete_label(request: DeskRequest, label: int) -> HttpResponse:
    found = get_object_or_404(Label, organisation=request.organisation, pk=label)
    uses = arranging.delete_label(found, operator=request.operator)
    said = ngettext("Gelöscht, von %(n)d Unterhaltung entfernt.", "Gelöscht, von %(n)d Unterhaltungen entfernt.", uses)
    messages.success(request, said % {"n": uses})
    return redirect(page.address("labels", request))
