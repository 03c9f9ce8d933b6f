"""Settings, team and audit log of an organisation."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts import actions, audit, hours, places
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.forms import (
    RETENTION,
    ROLE_WORDS,
    HoursForm,
    InvitationForm,
    MemberForm,
    OrganisationForm,
    RulesForm,
    TeamForm,
    TextsForm,
)
from buergerdraht.accounts.models import AuditEntry, Invitation, Membership, Role, Team
from buergerdraht.accounts.rights import Right
from buergerdraht.accounts.words import ACTIONS, AREAS, subject, value

PAGE = 50


def _saved(request: DeskRequest, place: str, fields: dict[str, Any]) -> HttpResponse:
    changed = actions.change_organisation(request.organisation, operator=request.operator, **fields)
    messages.success(request, _("Gespeichert.") if changed else _("Es gab nichts zu ändern."))
    return redirect(place, request.organisation.slug)


@require_safe
@desk(Right.READ)
def overview(request: DeskRequest) -> HttpResponseBase:
    """Show what one may open of the settings, or of it what fits the words."""
    wish = request.GET.get("suche", "").strip()[:60]
    groups = places.shown(request, wish)
    return render(
        request, "accounts/overview.html", {"groups": groups, "wish": wish, "number": sum(len(each["places"]) for each in groups)}
    )


@desk(Right.MANAGE)
def settings(request: DeskRequest) -> HttpResponseBase:
    form = OrganisationForm(request.POST or None, instance=request.organisation)
    if request.method == "POST" and form.is_valid():
        request.organisation.refresh_from_db()
        return _saved(request, "accounts:settings", form.cleaned_data)
    return render(request, "accounts/settings.html", {"form": form, "tab": "settings"})


@desk(Right.MANAGE)
def texts(request: DeskRequest) -> HttpResponseBase:
    form = TextsForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _saved(request, "accounts:texts", dict(form.texts()))
    return render(request, "accounts/texts.html", {"form": form, "tab": "texts"})


@desk(Right.MANAGE)
def opening(request: DeskRequest) -> HttpResponseBase:
    form = HoursForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        weekly = {day: data[day] for day in hours.DAYS if data[day]}
        return _saved(request, "accounts:hours", {
            "office_hours": weekly, "closed_days": data["closed_days"],
            "quiet_from": data["quiet_from"], "quiet_until": data["quiet_until"], "patience": data["patience"],
        })  # fmt: skip
    today = timezone.localdate()
    both = {**hours.holidays_of(request.organisation.land, today.year), **hours.holidays_of(request.organisation.land, today.year + 1)}
    coming = sorted((day, name) for day, name in both.items() if day >= today)[:8]
    following = hours.next_opening(request.organisation, timezone.now())
    return render(request, "accounts/hours.html", {
        "form": form, "tab": "hours", "holidays": coming, "days": [form[day] for day in hours.DAYS],
        "open": hours.is_open(request.organisation, timezone.now()),
        "next": hours.spoken(following, "de") if following else "",
    })  # fmt: skip


@desk(Right.MANAGE)
def rules(request: DeskRequest) -> HttpResponseBase:
    form = RulesForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        prices = {name.removeprefix("price_"): value for name, value in data.items() if name.startswith("price_") and value is not None}
        return _saved(request, "accounts:rules", {
            "retention": {**request.organisation.retention, **{name: data[f"days_{name}"] for name in RETENTION}},
            "prices": {**request.organisation.prices, "whatsapp": prices},
        })  # fmt: skip
    return render(request, "accounts/rules.html", {"form": form, "tab": "rules"})


@desk(Right.MANAGE)
def team(request: DeskRequest) -> HttpResponseBase:
    members = (
        Membership.objects.filter(organisation=request.organisation)
        .select_related("operator")
        .prefetch_related("teams")
        .order_by("operator__name")
    )
    return render(request, "accounts/team.html", {
        "tab": "team", "members": members, "team_form": TeamForm(), "roles": _role_words(),
        "teams": Team.objects.filter(organisation=request.organisation).prefetch_related("memberships__operator"),
        "invitations": Invitation.objects.filter(organisation=request.organisation, accepted_at=None, expires_at__gt=timezone.now()),
        "link": request.session.pop("invitation_link", ""),
    })  # fmt: skip


def _role_words() -> list[tuple[Any, Any]]:
    return [(Role(role).label, words) for role, words in ROLE_WORDS.items()]


@desk(Right.MANAGE)
def invite(request: DeskRequest) -> HttpResponseBase:
    form = InvitationForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        token = actions.invite(request.organisation, operator=request.operator, **form.cleaned_data)
        request.session["invitation_link"] = request.build_absolute_uri(reverse("invitation", args=(token,)))
        return redirect("accounts:team", request.organisation.slug)
    return render(request, "accounts/invite.html", {"form": form, "tab": "team", "roles": _role_words()})


@require_POST
@desk(Right.MANAGE)
def withdraw(request: DeskRequest, number: int) -> HttpResponseBase:
    actions.withdraw_invitation(get_object_or_404(Invitation, organisation=request.organisation, pk=number), operator=request.operator)
    messages.success(request, _("Die Einladung ist zurückgezogen, der Link gilt nicht mehr."))
    return redirect("accounts:team", request.organisation.slug)


@desk(Right.MANAGE)
def member(request: DeskRequest, number: int) -> HttpResponseBase:
    membership = get_object_or_404(Membership.objects.select_related("operator"), organisation=request.organisation, pk=number)
    initial = {"roles": membership.roles, "teams": membership.teams.all()}
    form = MemberForm(request.organisation, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_member(membership, roles=form.cleaned_data["roles"], teams=form.cleaned_data["teams"], operator=request.operator)
        except ValidationError as problem:
            form.add_error("roles", problem)
        else:
            messages.success(request, _("Gespeichert."))
            return redirect("accounts:team", request.organisation.slug)
    return render(request, "accounts/member.html", {"form": form, "tab": "team", "member": membership, "roles": _role_words()})


@require_POST
@desk(Right.MANAGE)
def remove(request: DeskRequest, number: int) -> HttpResponseBase:
    membership = get_object_or_404(Membership.objects.select_related("operator"), organisation=request.organisation, pk=number)
    try:
        actions.remove_member(membership, operator=request.operator)
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
    else:
        messages.success(request, _("%(name)s arbeitet nicht mehr hier.") % {"name": membership.operator.name})
    return redirect("accounts:team", request.organisation.slug)


@require_POST
@desk(Right.MANAGE)
def team_new(request: DeskRequest) -> HttpResponseBase:
    form = TeamForm(request.POST)
    try:
        if form.is_valid():
            actions.make_team(request.organisation, form.cleaned_data["name"], operator=request.operator)
        else:
            messages.error(request, _("Bitte geben Sie dem Team einen Namen."))
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
    return redirect("accounts:team", request.organisation.slug)


@require_POST
@desk(Right.MANAGE)
def team_remove(request: DeskRequest, number: int) -> HttpResponseBase:
    actions.remove_team(get_object_or_404(Team, organisation=request.organisation, pk=number), operator=request.operator)
    return redirect("accounts:team", request.organisation.slug)


# ── The audit log ─────────────────────────────────────────────────────────


def _entries(request: DeskRequest) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.filter(organisation=request.organisation).order_by("-number")
    if actor := request.GET.get("wer"):
        entries = entries.filter(actor__icontains=actor)
    if action := request.GET.get("was"):
        entries = entries.filter(action__startswith=action)
    for name, lookup in (("von", "at__date__gte"), ("bis", "at__date__lte")):
        try:
            entries = entries.filter(**{lookup: date.fromisoformat(request.GET.get(name, ""))})
        except ValueError:
            continue
    return entries


@desk(Right.AUDIT)
def log(request: DeskRequest) -> HttpResponseBase:
    page = Paginator(_entries(request), PAGE).get_page(request.GET.get("seite"))
    for entry in page:
        entry.words, entry.about = ACTIONS.get(entry.action, entry.action), subject(entry.subject)  # type: ignore[attr-defined]
        entry.more = [(name, value(found)) for name, found in entry.details.items()]  # type: ignore[attr-defined]
    verdict = audit.verify(request.organisation) if "pruefen" in request.GET else None
    asked = request.GET.copy()
    asked.pop("seite", None)
    asked.pop("pruefen", None)
    return render(request, "accounts/audit.html", {
        "page": page, "verdict": verdict, "tab": "audit", "asked": asked.urlencode(), "areas": AREAS.items(),
    })  # fmt: skip


@desk(Right.AUDIT)
def log_csv(request: DeskRequest) -> HttpResponseBase:
    class Line:
        def write(self, text: str) -> str:
            return text

    def lines() -> Iterator[str]:
        writer = csv.writer(Line(), delimiter=";")
        yield "\ufeff"
        yield writer.writerow(["Nummer", "Zeit", "Wer", "Was", "Woran", "Einzelheiten", "Prüfsumme"])
        for entry in _entries(request).iterator(chunk_size=1000):
            at = timezone.localtime(entry.at).isoformat()
            row = [entry.number, at, entry.actor, entry.action, entry.subject, entry.details, bytes(entry.hash).hex()]
            yield writer.writerow([_plain(value) for value in row])

    audit.record(request.organisation, "accounts.export_audit", operator=request.operator)
    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="protokoll-{timezone.localdate()}.csv"'
    return response


def _plain(value: Any) -> str:
    text = str(value)
    return "'" + text if text[:1] in "=+-@\t\r" else text  # a spreadsheet must not take it for a formula
