"""A post on its own: by hand on this desk or on a telephone, and what is decided about one that a machine posted."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.broadcasts import drafts, posts, publishing
from buergerdraht.broadcasts.models import Posting
from buergerdraht.gateway import channels


def _one(request: DeskRequest, number: int, posting: int) -> Posting:
    rows = Posting.objects.select_related("broadcast", "channel__organisation", "organisation", "outbound", "confirmed_by")
    return get_object_or_404(rows, organisation=request.organisation, broadcast=number, pk=posting)


def steps(posting: Posting) -> list[str]:
    """Say step by step what a person does on their telephone."""
    place = posting.channel.name
    first = {
        "whatsapp_channel": _("Öffnen Sie in WhatsApp den Kanal „%(place)s“."),
        "whatsapp_status": _("Öffnen Sie in WhatsApp „Aktuelles“ und tippen Sie auf „Mein Status“."),
    }.get(posting.channel.kind, _("Öffnen Sie in WhatsApp den Chat, die Gruppe oder die Liste „%(place)s“."))
    found = [
        _("Tippen Sie auf „Teilen“, oder kopieren Sie den Text und speichern Sie das Bild."),
        first % {"place": place},
        _("Fügen Sie Bild und Text ein und senden Sie. Prüfen Sie, ob beides richtig aussieht."),
        _("Kommen Sie hierher zurück und bestätigen Sie, möglichst mit dem Link des Beitrags."),
    ]
    if posting.channel.kind == "whatsapp_status":
        found.insert(3, _("Ein Status ist 24 Stunden zu sehen. Für später braucht es einen neuen Beitrag."))
    return found


def shown(posting: Posting) -> dict[str, Any]:
    """Collect what both pages show: the text to copy, the files, the place, the steps."""
    text = posts.prepared(posting)
    now = posts.step(posting)
    return {
        "posting": posting, "text": text, "place": channels.deep_link(posting.channel, "", ""),
        "step": now, "tone": posts.STEPS[now][0], "word": posts.STEPS[now][1], "steps": steps(posting),
        "open": posting.state == Posting.State.HANDED, "today": timezone.localdate(), "now": timezone.localtime(),
    }  # fmt: skip


def told(form: Any) -> datetime | None:
    """Read when it was posted; nothing said: just now. Raises ValidationError."""
    if not form.get("day") and not form.get("clock"):
        return None
    try:
        day, clock = date.fromisoformat(form.get("day", "")), time.fromisoformat(form.get("clock", ""))
    except ValueError:
        raise ValidationError(_("Geben Sie Tag und Uhrzeit an.")) from None
    return drafts.berlin(day, clock)[0]


@require_safe
@desk(Right.READ)
def posting(request: DeskRequest, number: int, posting: int) -> HttpResponseBase:
    """Show a post that a person publishes, with the way to the telephone."""
    found = _one(request, number, posting)
    if not channels.by_hand(found.channel.kind) or found.state == Posting.State.PLANNED:
        raise Http404
    files = [{"media": each, "url": reverse("gateway:file", args=[request.organisation.slug, each.id])} for each in posts.files_of(found)]
    context = {**shown(found), "pictures": files, "may_write": request.may(Right.WRITE)}
    if request.may(Right.WRITE) and found.state == Posting.State.HANDED:
        path = reverse("handoff:show", args=[publishing.link(found, request.operator)])
        context["link"] = f"{settings.PUBLIC_URL.rstrip('/')}{path}"
        context["qr"] = _drawn(context["link"])
    response = render(request, "broadcasts/posting.html", context)
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def _drawn(link: str) -> SafeString:
    picture = io.BytesIO()
    segno.make(link, error="m").save(picture, kind="svg", scale=5, border=3, light="#ffffff", xmldecl=False, svgns=True)
    return mark_safe(picture.getvalue().decode())  # noqa: S308 - drawn by segno from an address of ours


@require_POST
@desk(Right.WRITE)
def act(request: DeskRequest, number: int, posting: int, verb: str) -> HttpResponseBase:
    """Confirm, skip, renew the link; try again or decide what a machine posted."""
    found = _one(request, number, posting)
    form = request.POST
    try:
        match verb:
            case "bestaetigen":
                publishing.confirm(found, operator=request.operator, url=form.get("url", ""), at=told(form), words=form.get("note", ""))
                messages.success(request, _("Festgehalten: Der Beitrag ist veröffentlicht."))
            case "auslassen":
                publishing.skip(found, operator=request.operator, reason=form.get("grund", ""))
                messages.success(request, _("Festgehalten: Der Beitrag erscheint dort nicht."))
            case "link":
                publishing.renew_link(found, operator=request.operator)
                messages.success(request, _("Ältere Links führen nicht mehr zu diesem Beitrag."))
            case "erneut":
                publishing.retry(found, operator=request.operator)
                messages.success(request, _("Der Beitrag wird noch einmal gesendet."))
            case "klaeren":
                publishing.settle(found, operator=request.operator, again=form.get("wie") == "erneut")
                messages.success(request, _("Entschieden."))
            case _:
                raise Http404
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
        if verb in {"bestaetigen", "auslassen"} and channels.by_hand(found.channel.kind):
            return redirect("broadcasts:posting", request.organisation.slug, number, posting)
    if verb == "link":
        return redirect("broadcasts:posting", request.organisation.slug, number, posting)
    return redirect("broadcasts:detail", request.organisation.slug, number)
