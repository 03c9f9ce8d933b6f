"""The pages of what was noticed: the daily sums, past alarms, who is told, and the canary's duty phone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.watch import actions, kinds, words
from buergerdraht.watch.forms import ProbeForm, ReceiverForm
from buergerdraht.watch.models import Alarm, AlarmReceiver, Probe, Reconciliation
from buergerdraht.watch.views import frame, told

DAYS = 14
PAST = 50
RUNS = 12
WAYS = ("operator", "email", "webhook")


# ── The daily sums ────────────────────────────────────────────────────────


@require_safe
@desk(Right.READ)
def reconciliation(request: DeskRequest) -> HttpResponseBase:
    """Show per day and channel what was made and what became of it; a difference stands out."""
    since = timezone.localdate() - timedelta(days=DAYS)
    rows = Reconciliation.objects.filter(organisation=request.organisation, day__gte=since).select_related("channel")
    ordered = rows.order_by("-day", "channel__kind", "channel__name")
    days = [(day, [_row(row) for row in group]) for day, group in groupby(ordered, key=lambda row: row.day)]
    wrong = sum(bool(row["differences"]) for _day, group in days for row in group)
    return render(request, "watch/reconciliation.html", frame(request, "reconciliation", days=days, wrong=wrong, since=since))


def _row(row: Reconciliation) -> dict[str, Any]:
    limits = channels.limits_of(row.channel.kind)
    return {
        "row": row,
        "delivered": row.delivered + row.read if limits.delivered else None,
        "unreported": row.unreported + row.sent if limits.delivered else None,
        "differences": [words.difference(code, number) for code, number in row.differences.items()],
    }


# ── Alarms, and who is told ───────────────────────────────────────────────


def _alarms(request: DeskRequest, forms: Sequence[ReceiverForm] = ()) -> HttpResponse:
    """Past and present alarms; with the right, also who is told."""
    of_here = Alarm.objects.filter(raised_at__isnull=False).of(request.organisation).select_related("channel")
    context: dict[str, Any] = {"alarms": [told(alarm) for alarm in of_here.order_by("-since")[:PAST]], "most": PAST}
    if request.may(Right.MANAGE):
        found = AlarmReceiver.objects.filter(organisation=request.organisation).select_related("operator").order_by("way", "pk")
        context["receivers"] = [{"receiver": one, "problem": kinds.PROBLEMS.get(one.problem, "")} for one in found]
        sent = {form.way: form for form in forms}
        context["forms"] = [sent.get(way) or ReceiverForm(request.organisation, way) for way in WAYS]
    return render(request, "watch/alarms.html", frame(request, "alarms", **context), status=422 if forms else 200)


@require_safe
@desk(Right.READ)
def alarms(request: DeskRequest) -> HttpResponseBase:
    return _alarms(request)


@require_POST
@desk(Right.MANAGE)
def add_receiver(request: DeskRequest) -> HttpResponseBase:
    way = request.POST.get("way", "")
    if way not in WAYS:
        raise Http404
    form = ReceiverForm(request.organisation, way, request.POST)
    if not form.is_valid():
        return _alarms(request, [form])
    try:
        actions.add_receiver(request.organisation, form.as_way, operator=request.operator, warnings=not form.cleaned_data["faults_only"])
    except ValidationError as problem:
        form.add_error(form.first, problem)
        return _alarms(request, [form])
    messages.success(request, _("Eingetragen. Senden Sie einen Probealarm, um zu sehen, ob er ankommt."))
    return redirect("watch:alarms", request.organisation.slug)


@require_POST
@desk(Right.MANAGE)
def receiver(request: DeskRequest, receiver: int) -> HttpResponseBase:
    """Change, drop or try one who is told."""
    found = get_object_or_404(AlarmReceiver, pk=receiver, organisation=request.organisation)
    match request.POST.get("was", ""):
        case "probe":
            problem = actions.test_alarm(found, operator=request.operator)
            if problem:
                messages.error(request, _("Der Probealarm kam nicht an: %(why)s") % {"why": kinds.PROBLEMS.get(problem, problem)})
            else:
                messages.success(request, _("Der Probealarm ist übergeben."))
        case "an" | "aus" as wish:
            actions.change_receiver(found, operator=request.operator, active=wish == "an", warnings=found.warnings)
            messages.success(request, _("Wird wieder benachrichtigt.") if wish == "an" else _("Wird nicht mehr benachrichtigt."))
        case "hinweise" | "stoerungen" as wish:
            actions.change_receiver(found, operator=request.operator, active=found.active, warnings=wish == "hinweise")
            messages.success(request, _("Gespeichert."))
        case "geheimnis":
            actions.renew_secret(found, operator=request.operator)
            messages.success(request, _("Neu erzeugt. Tragen Sie das neue Geheimnis bei der Gegenstelle ein."))
        case "entfernen":
            actions.drop_receiver(found, operator=request.operator)
            messages.success(request, _("Entfernt."))
        case _:
            raise Http404
    return redirect("watch:alarms", request.organisation.slug)


# ── The canary ────────────────────────────────────────────────────────────


@desk(Right.MANAGE)
def probe(request: DeskRequest, channel: int) -> HttpResponseBase:
    """Choose the duty phone of a channel's canary, how often and how soon."""
    found = get_object_or_404(Channel, pk=channel, organisation=request.organisation)
    known = Probe.objects.filter(channel=found).select_related("address__contact").first()
    if request.method == "POST" and request.POST.get("was") == "entfernen":
        if known is not None:
            actions.drop_probe(found, operator=request.operator)
        messages.success(request, _("Auf diesem Kanal wird keine Prüfnachricht mehr gesendet."))
        return redirect("watch:channel", request.organisation.slug, found.pk)
    query = request.GET.get("q", "")
    form = ProbeForm(found, known, query, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            actions.set_probe(found, form.chosen, values["minutes"], operator=request.operator, within=values["within"])
        except ValidationError as problem:
            form.add_error("address", problem)
        else:
            messages.success(request, _("Gemerkt. Die erste Prüfnachricht geht in den nächsten Minuten hinaus."))
            return redirect("watch:channel", request.organisation.slug, found.pk)
    context = {
        "channel": found,
        "form": form,
        "probe": known,
        "canary": words.canary(known),
        "limits": channels.limits(found),
        "q": query,
        "runs": [(run, words.run(run)) for run in known.runs.order_by("-sent_at")[:RUNS]] if known else [],
    }
    return render(request, "watch/probe.html", frame(request, "delivery", **context))
