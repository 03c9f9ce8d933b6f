"""The citizen's page of what is stored, and the operators' page of what was deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts import reading
from buergerdraht.contacts.models import Contact
from buergerdraht.gateway import channels, file_views, files, keeping, sealing
from buergerdraht.gateway.models import Channel
from buergerdraht.privacy import access, retention
from buergerdraht.privacy.erase import erase
from buergerdraht.privacy.models import AccessLink, Erasure, RetentionRun
from buergerdraht.website import pages
from buergerdraht.wording import voice


@never_cache
@require_http_methods(["GET", "POST"])
def subject_access(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is stored. Only after a press: messengers fetch links for their previews, and must not see it."""
    link = access.find(token)
    if link is None:
        return _guarded(render(request, "privacy/access_expired.html", status=404))
    language = _language(request, link)
    request.voice = pages.listen(request, link.organisation, language)  # type: ignore[attr-defined]
    with voice.speaking(language):
        if request.method == "GET":
            return _guarded(render(request, "privacy/access_ask.html", {"link": link, "organisation": link.organisation}))
        AccessLink.objects.filter(pk=link.pk, opened_at=None).update(opened_at=timezone.now())
        data = access.collect(link.contact)
        if "json" in request.POST:
            return _guarded(_file(data))
        return _guarded(
            render(request, "privacy/access.html", {"data": data, "link": link, "organisation": link.organisation, "token": token})
        )


def _language(request: HttpRequest, link: AccessLink) -> str:
    """The one the page was asked for, else the person's; English where the authority offers neither."""
    known = voice.offered(link.organisation)
    wanted = (request.GET.get(voice.ASKED, ""), link.contact.language)
    return next((each for each in wanted if each in known), "en")


@never_cache
@require_GET
def subject_file(request: HttpRequest, token: str, media: str) -> HttpResponse | FileResponse:
    """Hand out a file of the person's own messages."""
    link = access.find(token)
    found = next((each for each in access.media_of(link.contact) if str(each.id) == str(media)), None) if link else None
    if found is None or not files.path(found).exists():
        raise Http404
    try:
        source = sealing.opened(files.path(found))
    except sealing.Damaged:
        return file_views.damaged()
    answer = FileResponse(source, as_attachment=True, filename=found.file_name or f"{found.kind}")
    answer["Content-Type"] = "application/octet-stream"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@desk(Right.PRIVACY)
@require_GET
def log(request: DeskRequest) -> HttpResponse:
    """Show the proofs of deletion and the runs of the retention rules."""
    organisation = request.organisation
    titles = {each.key: each.title for each in retention.CLASSES}
    runs = [
        {"at": run.at, "counts": [(titles.get(key, key), number) for key, number in run.counts.items()]}
        for run in RetentionRun.objects.filter(organisation=organisation).order_by("-at")[:30]
    ]
    erasures = Erasure.objects.filter(organisation=organisation).select_related("operator").order_by("-at")[:50]
    classes = [(each.title, retention.days(organisation, each)) for each in retention.CLASSES]
    context = {
        "tab": "privacy", "runs": runs, "erasures": erasures, "classes": classes,
        "beside": _beside(Channel.objects.filter(organisation=organisation).exclude(state=Channel.State.SETUP)),
    }  # fmt: skip
    return render(request, "privacy/log.html", context)


def _beside(rows: Iterable[Channel]) -> list[tuple[str, str, str]]:
    """What lies outside of the house, where our deletion does not reach: (kind, name, words) for each channel."""
    language = translation.get_language() or "de"
    found = [(row.kind, row.name, keeping.beside(row.kind, language)) for row in rows]
    return sorted((each for each in found if each[2]), key=lambda each: (channels.title(each[0]), each[1]))


@desk(Right.PRIVACY)
@require_POST
def contact_export(request: DeskRequest, contact: int) -> HttpResponse:
    """Hand an operator everything about a person, for a request on paper."""
    found = get_object_or_404(Contact, organisation=request.organisation, pk=contact)
    audit.record(request.organisation, "privacy.export", operator=request.operator, subject=f"contact:{found.pk}")
    return _guarded(_file(access.collect(found)))


@desk(Right.PRIVACY)
@require_http_methods(["GET", "POST"])
def contact_erase(request: DeskRequest, contact: int) -> HttpResponse:
    """Erase a person after the operator has confirmed it on a page of its own."""
    found = get_object_or_404(Contact, organisation=request.organisation, pk=contact)
    name = reading.called(found)
    if request.method == "POST" and "bestaetigt" in request.POST:
        proof = erase(found, wish="operator", operator=request.operator)
        messages.success(request, _("Alles gelöscht. Der Nachweis hat die Nummer %(n)s.") % {"n": proof.pk})
        return redirect("contacts:list", request.organisation.slug)
    missing = request.method == "POST"
    reached = Channel.objects.filter(pk__in=found.addresses.values("channel_id"))
    context = {"contact": found, "name": name, "missing": missing, "beside": _beside(reached)}
    return render(request, "privacy/contact_erase.html", context, status=422 if missing else 200)


def _file(data: dict[str, Any]) -> HttpResponse:
    answer = HttpResponse(json.dumps(data, ensure_ascii=False, indent=2), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="auskunft.json"'
    return answer


def _guarded(answer: HttpResponse) -> HttpResponse:
    """Let no index, cache or next page learn of it."""
    answer["Referrer-Policy"] = "same-origin"  # no-referrer would make the form's origin null
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
