"""The screens of the hours: what comes, planning, and the hall where the queue is worked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.consultations import actions, queue, reading
from buergerdraht.consultations.forms import ConsultationForm
from buergerdraht.consultations.models import Consultation
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

State = Consultation.State
TONES = {
    State.DRAFT: ("plain", gettext_noop("Entwurf")),
    State.PLANNED: ("info", gettext_noop("geplant")),
    State.RUNNING: ("success", gettext_noop("läuft")),
    State.OVER: ("plain", gettext_noop("vorbei")),
    State.CANCELLED: ("danger", gettext_noop("abgesagt")),
}
CHANGES = {
    "veroeffentlichen": (actions.plan, gettext_noop("Veröffentlicht. Ab jetzt können sich Menschen anmelden.")),
    "beginnen": (actions.begin, gettext_noop("Die Sprechstunde läuft. Wer wartet, hört es gleich.")),
    "beenden": (actions.end, gettext_noop("Die Sprechstunde ist zu Ende. Wer nicht an die Reihe kam, hört, dass eine Antwort folgt.")),
    "absagen": (actions.cancel, gettext_noop("Abgesagt. Alle, die warten, hören es gleich.")),
}
AT_THE_DESK = {"beginnen", "beenden"}  # whoever answers may open and close the door as well


@require_safe
@desk(Right.READ)
def listing(request: DeskRequest) -> HttpResponse:
    found = reading.all_of(request.membership)
    for row in [*found["coming"], *found["past"]]:
        _dress(row)
    return render(request, "consultations/list.html", {**found, "may_plan": _plans(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def new(request: DeskRequest) -> HttpResponse:
    return _form(request, Consultation(organisation=request.organisation))


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def edit(request: DeskRequest, number: int) -> HttpResponse:
    return _form(request, _found(request, number))


def _form(request: DeskRequest, row: Consultation) -> HttpResponse:
    """Write down when and who; a new one is a draft until it is published."""
    if not _plans(request):
        raise PermissionDenied
    form = ConsultationForm(row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save(form.apply(), operator=request.operator)
            if "veroeffentlichen" in request.POST and saved.state == State.DRAFT:
                actions.plan(saved, operator=request.operator)
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        else:
            messages.success(request, _("Gespeichert."))
        return redirect("consultations:hall", request.organisation.slug, row.pk)
    return render(request, "consultations/form.html", {"form": form, "row": row}, status=422 if form.is_bound else 200)


@require_safe
@desk(Right.READ)
def hall(request: DeskRequest, number: int) -> HttpResponse:
    return render(request, "consultations/hall.html", _hall(request, _found(request, number)))


@require_safe
@desk(Right.READ)
def line(request: DeskRequest, number: int) -> HttpResponse:
    """The queue alone, for the page that stands open."""
    return render(request, "consultations/_line.html", _hall(request, _found(request, number)))


@require_POST
@desk(Right.ANSWER)
def call(request: DeskRequest, number: int) -> HttpResponse:
    """Take the next guest and open their thread."""
    row = _found(request, number)
    try:
        guest = queue.call_next(row, request.membership)
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return _back(request, row)
    if guest is None:
        messages.info(request, _("Gerade wartet niemand."))
        return _back(request, row)
    return redirect("conversations:thread", request.organisation.slug, guest.contact.conversation.pk)


@require_POST
@desk(Right.ANSWER)
def treat(request: DeskRequest, number: int, guest: int, verb: str) -> HttpResponse:
    """Finish, postpone, prefer or take one guest."""
    row = _found(request, number)
    if not queue.seen(request.membership).filter(consultation=row, pk=guest).exists():
        raise Http404
    reason = request.POST.get("grund", "")
    try:
        if verb == "nehmen":
            taken = queue.call(row, guest, request.membership)
            if taken:
                return redirect("conversations:thread", request.organisation.slug, taken.contact.conversation.pk)
            messages.info(request, _("Eine Kollegin oder ein Kollege war schneller."))
        elif verb == "fertig":
            queue.finish(row, guest, request.membership, reason)
        elif verb == "hinten":
            queue.postpone(row, guest, request.membership, reason)
        elif verb == "vor":
            queue.prefer(row, guest, request.membership, reason)
        else:
            raise Http404
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    return _back(request, row)


@require_POST
@desk(Right.READ)
def change(request: DeskRequest, number: int, verb: str) -> HttpResponse:
    """Publish, begin, end, cancel, announce, throw away."""
    row = _found(request, number)
    allowed = _plans(request) or (verb in AT_THE_DESK and request.may(Right.ANSWER))
    if not allowed or (verb == "ankuendigen" and not request.may(Right.WRITE)):
        raise PermissionDenied
    try:
        if verb == "ankuendigen":
            draft = actions.announce(row, operator=request.operator)
            messages.success(request, _("Die Ankündigung ist entworfen. Bitte lesen Sie sie durch und geben Sie sie frei."))
            return redirect("broadcasts:detail", request.organisation.slug, draft.pk)
        if verb == "verwerfen":
            actions.discard(row, operator=request.operator)
            messages.success(request, _("Der Entwurf ist gelöscht."))
            return redirect("consultations:list", request.organisation.slug)
        if verb not in CHANGES:
            raise Http404
        act, words = CHANGES[verb]
        act(row, operator=request.operator)
        messages.success(request, _(words))
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    return _back(request, row)


# ── What several share ────────────────────────────────────────────────────


def _found(request: DeskRequest, number: int) -> Consultation:
    rows = Consultation.objects.select_related("organisation", "team", "topic")
    return get_object_or_404(rows, organisation=request.organisation, pk=number)


def _hall(request: DeskRequest, row: Consultation) -> dict[str, Any]:
    links = [(channel, _link(channel)) for channel in Channel.objects.filter(organisation=request.organisation).order_by("name")]
    return {
        **reading.hall(_dress(row), request.membership),
        "may_plan": _plans(request),
        "may_work": request.may(Right.ANSWER),
        "may_announce": request.may(Right.WRITE),
        "links": [(channel, link) for channel, link in links if link],
        "me": request.operator.pk,
    }


def _link(channel: Channel) -> str:
    try:
        return channels.deep_link(channel, "sprechstunde", "SPRECHSTUNDE")
    except ValueError:  # not set up far enough
        return ""


def _dress(row: Consultation) -> Consultation:
    tone, words = TONES[State(row.state)]
    row.badge = (tone, _(words))  # type: ignore[attr-defined]
    return row


def _plans(request: DeskRequest) -> bool:
    return request.may(Right.MANAGE) or request.may(Right.WRITE)


def _back(request: DeskRequest, row: Consultation) -> HttpResponse:
    return redirect("consultations:hall", request.organisation.slug, row.pk)
