"""The channel screens."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.connectors.contract import Connector, SendError, Temporary
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.gateway import actions, channels, reading
from buergerdraht.gateway.forms import ApplicantForm, ChannelForm, ProbeForm
from buergerdraht.gateway.models import Channel, InboundEvent, Traffic

NEWEST = 60


def _channel(request: DeskRequest, number: int) -> Channel:
    return get_object_or_404(Channel, pk=number, organisation=request.organisation)


def _kind(kind: str) -> type[Connector]:
    found = next((one for one in channels.kinds() if one.kind == kind), None)
    if found is None:
        raise Http404
    return found


def _words(problem: SendError) -> str:
    """Say a failure in plain German: what happened and what to do."""
    reason = REASONS.get(problem.reason, REASONS["unknown"])
    advice = _("Versuchen Sie es in ein paar Minuten noch einmal.") if isinstance(problem, Temporary) else _(reason.advice)
    return f"{_(reason.title)}. {advice}" + (f" ({problem.details})" if problem.details else "")


def _to(request: DeskRequest, place: str, channel: Channel) -> HttpResponse:
    """Go back to where the form says it stands, on our own host, else to the channel's page."""
    back = request.POST.get("zurueck", "")
    if back.startswith(f"/o/{request.organisation.slug}/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect(f"gateway:{place}", request.organisation.slug, channel.pk)


def _render(request: DeskRequest, template: str, channel: Channel, **more: Any) -> HttpResponse:
    frame = {"tab": "channels", "channel": channel, "reason": reading.reason_of(channel), "limits": channels.limits(channel)}
    return render(request, f"gateway/{template}.html", {**frame, **more})


# ── The list, and a new one ───────────────────────────────────────────────


@require_safe
@desk(Right.MANAGE)
def overview(request: DeskRequest) -> HttpResponseBase:
    found = list(Channel.objects.filter(organisation=request.organisation).order_by("kind", "name"))
    rows = [
        {
            "channel": channel,
            "reason": reading.reason_of(channel),
            "waiting": actions.waiting(channel),
            "kept": InboundEvent.objects.filter(channel=channel, state=InboundEvent.State.KEPT).count(),
        }
        for channel in found
    ]
    return render(request, "gateway/channels.html", {"tab": "channels", "rows": rows, "most": actions.MOST_COUNTED})


@require_safe
@desk(Right.MANAGE)
def choose(request: DeskRequest) -> HttpResponseBase:
    return render(request, "gateway/choose.html", {"tab": "channels", "kinds": [reading.offer(one) for one in channels.kinds()]})


@desk(Right.MANAGE)
def add(request: DeskRequest, kind: str) -> HttpResponseBase:
    """First who asks, where the provider wants to know; then the account."""
    connector = _kind(kind)
    applicant = request.POST.get("applicant") or request.GET.get("applicant", "")
    chosen = next((one for one in connector.applicants if one.id == applicant), None)
    if connector.applicants and (chosen is None or chosen.verdict == "no"):
        asked = ApplicantForm(connector, request.GET if "applicant" in request.GET else None)
        others = [reading.offer(one) for one in channels.kinds() if one.kind != kind]
        return render(
            request,
            "gateway/applicant.html",
            {"tab": "channels", "connector": reading.offer(connector), "form": asked, "chosen": chosen, "others": others},
        )
    form = ChannelForm(kind, request.POST or None)
    if request.method == "POST" and form.is_valid():
        wish = actions.Wish(form.cleaned_data["name"], form.cleaned_data["config"], form.cleaned_data["rate"])
        channel = actions.add(request.organisation, kind, wish, operator=request.operator, applicant=applicant)
        messages.success(request, _("Der Kanal ist angelegt. Prüfen Sie ihn jetzt und starten Sie ihn dann."))
        return _to(request, "channel", channel)
    return render(request, "gateway/add.html", {"tab": "channels", "connector": reading.offer(connector), "form": form, "chosen": chosen})


# ── One channel ───────────────────────────────────────────────────────────


def _drawn(link: str) -> str:
    return mark_safe(segno.make(link, error="m").svg_inline(omitsize=True, border=2, light="#ffffff"))  # noqa: S308 - segno draws, we chose the link


def _overview(request: DeskRequest, channel: Channel, **more: Any) -> HttpResponse:
    people = reading.people(channel)
    found = channels.connector(channel)
    link = found.link("", "")
    context = {
        "place": "channel",
        "connector": found,
        "webhook": actions.webhook_url(channel),
        "generated": [one for one in reading.generated(channel) if one.value],
        "handout": found.handout("")[0],
        "answers": found.reach == "people" and found.hears,
        "link": link,
        "qr": _drawn(link) if link else "",
        "waiting": actions.waiting(channel),
        "most": actions.MOST_COUNTED,
        "test": ProbeForm([(one.key, one.words) for one in people], organisation=request.organisation.name) if people else None,
    }
    return _render(request, "channel", channel, **{**context, **more})


@require_safe
@desk(Right.MANAGE)
def channel(request: DeskRequest, number: int) -> HttpResponseBase:
    return _overview(request, _channel(request, number))


@require_POST
@desk(Right.MANAGE)
def check(request: DeskRequest, number: int) -> HttpResponseBase:
    """Ask the provider and show what it says, with what to do about it."""
    found = _channel(request, number)
    health = actions.check(found)
    context = {"health": health, "findings": reading.told(health)}
    if request.htmx:  # type: ignore[attr-defined]
        return _render(request, "health", found, **context)
    return _overview(request, found, **context)


@desk(Right.MANAGE)
def edit(request: DeskRequest, number: int) -> HttpResponseBase:
    found = _channel(request, number)
    form = ChannelForm(found.kind, request.POST or None, channel=found)
    if request.method == "POST" and form.is_valid():
        wish = actions.Wish(form.cleaned_data["name"], form.cleaned_data["config"], form.cleaned_data["rate"])
        changed = actions.change(found, wish, operator=request.operator)
        if "pruefen" in request.POST:
            return _checked(request, found)
        messages.success(request, _("Gespeichert. Prüfen Sie den Kanal.") if changed else _("Es gab nichts zu ändern."))
        return _to(request, "channel", found)
    return _render(request, "edit", found, form=form, place="edit", generated=reading.generated(found))


def _checked(request: DeskRequest, found: Channel) -> HttpResponse:
    """Show the form again with what the provider says, each word beside what it speaks of."""
    health = actions.check(found)
    found.refresh_from_db()
    form = ChannelForm(found.kind, channel=found)
    form.findings = reading.told(health)
    return _render(request, "edit", found, form=form, place="edit", generated=reading.generated(found), health=health)


@require_POST
@desk(Right.MANAGE)
def start(request: DeskRequest, number: int) -> HttpResponseBase:
    found = _channel(request, number)
    try:
        actions.start(found, operator=request.operator)
        messages.success(request, _("Der Kanal läuft."))
    except SendError as problem:
        messages.error(request, _("Der Kanal konnte nicht starten: %(words)s") % {"words": _words(problem)})
    return _to(request, "channel", found)


@require_POST
@desk(Right.MANAGE)
def pause(request: DeskRequest, number: int) -> HttpResponseBase:
    found = _channel(request, number)
    actions.pause(found, operator=request.operator)
    messages.success(request, _("Der Kanal pausiert. Was hereinkommt, wird aufbewahrt; hinaus geht nichts."))
    return _to(request, "channel", found)


@require_POST
@desk(Right.MANAGE)
def drain(request: DeskRequest, number: int) -> HttpResponseBase:
    """Let the queue run dry: only a channel that sends can."""
    found = _channel(request, number)
    if found.state != Channel.State.RUNNING:
        messages.error(request, _("Nur ein laufender Kanal kann leerlaufen."))
    else:
        actions.drain(found, operator=request.operator)
        messages.success(request, _("Der Kanal läuft leer: Was schon wartet, geht noch hinaus. Danach pausiert er von selbst."))
    return _to(request, "channel", found)


@require_POST
@desk(Right.MANAGE)
def resume(request: DeskRequest, number: int) -> HttpResponseBase:
    found = _channel(request, number)
    actions.resume(found, operator=request.operator)
    messages.success(request, _("Der Kanal läuft wieder."))
    return _to(request, "channel", found)


@require_POST
@desk(Right.MANAGE)
def renew(request: DeskRequest, number: int, field: str) -> HttpResponseBase:
    found = _channel(request, number)
    if field not in {one.name for one in reading.generated(found)}:
        raise Http404
    actions.renew(found, field, operator=request.operator)
    messages.success(request, _("Neu erzeugt. Bis der Anbieter es kennt, weisen wir seine Meldungen ab: Starten Sie den Kanal neu."))
    return _to(request, "edit", found)


@require_POST
@desk(Right.MANAGE)
def test(request: DeskRequest, number: int) -> HttpResponseBase:
    """Send a test to somebody who has just written."""
    found = _channel(request, number)
    people = reading.people(found)
    form = ProbeForm([(one.key, one.words) for one in people], request.POST)
    if not form.is_valid():
        return _overview(request, found, test=form)
    person = next(one for one in people if one.key == form.cleaned_data["to"])
    try:
        actions.send_test(found, person.address, form.cleaned_data["text"], operator=request.operator)
        messages.success(request, _("Die Probe ist angenommen. Sehen Sie auf das Telefon."))
    except SendError as problem:
        messages.error(request, _("Die Probe ging nicht hinaus: %(words)s") % {"words": _words(problem)})
    return _to(request, "channel", found)


@require_safe
@desk(Right.MANAGE)
def qr(request: DeskRequest, number: int) -> HttpResponseBase:
    """The channel's QR code as a file for print."""
    found = _channel(request, number)
    link = channels.deep_link(found, "", "")
    if not link:
        raise Http404
    picture = io.BytesIO()
    segno.make(link, error="m").save(picture, kind="svg", scale=10, border=4, light="#ffffff")
    response = HttpResponse(picture.getvalue(), content_type="image/svg+xml")
    response.headers["Content-Disposition"] = f'attachment; filename="qr-{found.kind}-{found.pk}.svg"'
    return response


@require_safe
@desk(Right.MANAGE)
def handout(request: DeskRequest, number: int) -> HttpResponseBase:
    """The file that the provider's operator needs from us."""
    found = _channel(request, number)
    name, text = channels.connector(found).handout(actions.webhook_url(found))
    if not name:
        raise Http404
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"  # it holds secrets
    return response


# ── Templates, traffic, what was kept ─────────────────────────────────────


@require_safe
@desk(Right.MANAGE)
def templates(request: DeskRequest, number: int) -> HttpResponseBase:
    found = _channel(request, number)
    if not channels.limits(found).templates:
        raise Http404
    return _render(request, "templates", found, place="templates", templates=reading.templates(found))


@require_POST
@desk(Right.MANAGE)
def sync(request: DeskRequest, number: int) -> HttpResponseBase:
    found = _channel(request, number)
    try:
        count = actions.sync_templates(found, operator=request.operator)
        messages.success(request, _("Abgeglichen: %(count)d Vorlagen.") % {"count": count})
    except SendError as problem:
        messages.error(request, _("Der Abgleich ging nicht: %(words)s") % {"words": _words(problem)})
    return _to(request, "templates", found)


@require_safe
@desk(Right.MANAGE)
def traffic(request: DeskRequest, number: int) -> HttpResponseBase:
    found = _channel(request, number)
    kept = InboundEvent.objects.filter(channel=found, state=InboundEvent.State.KEPT).order_by("-id").defer("body")
    calls = [reading.call(row) for row in Traffic.objects.filter(channel=found).order_by("-at")[:NEWEST]]
    return _render(request, "traffic", found, place="traffic", calls=calls, kept=kept[:NEWEST], kept_total=kept.count())


@require_POST
@desk(Right.MANAGE)
def replay(request: DeskRequest, number: int, event: int) -> HttpResponseBase:
    found = _channel(request, number)
    kept = get_object_or_404(InboundEvent, pk=event, channel=found, state=InboundEvent.State.KEPT)
    actions.replay(kept, operator=request.operator)
    messages.success(request, _("Die Meldung wird noch einmal verarbeitet."))
    return _to(request, "traffic", found)
