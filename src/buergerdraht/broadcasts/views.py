"""Write, release, send and follow broadcasts."""

from __future__ import annotations

import csv
import json
from calendar import Calendar
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import msgspec
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.broadcasts import actions, checks, content, drafts, reading, relaying
from buergerdraht.broadcasts.models import Broadcast, TestAddress
from buergerdraht.contacts import outreach
from buergerdraht.contacts import reading as contacts
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import files

State = Broadcast.State
MOST_FILES = 10


def _one(request: DeskRequest, number: int) -> Broadcast:
    return get_object_or_404(
        Broadcast.objects.select_related("organisation", "author", "approver"), organisation=request.organisation, pk=number
    )


def _to(request: DeskRequest, name: str, *args: Any) -> HttpResponse:
    return redirect(f"broadcasts:{name}", request.organisation.slug, *args)


@desk(Right.READ)
def listing(request: DeskRequest) -> HttpResponseBase:
    state, words = request.GET.get("stand", ""), request.GET.get("q", "")
    page = Paginator(reading.listing(request.organisation, state, words), 30).get_page(request.GET.get("seite"))
    asked = request.GET.copy()
    asked.pop("seite", None)
    return render(request, "broadcasts/list.html", {
        "page": page, "states": reading.STATES, "stand": state, "q": words, "asked": asked.urlencode(),
        "may_write": request.may(Right.WRITE),
    })  # fmt: skip


@desk(Right.READ)
def calendar(request: DeskRequest) -> HttpResponseBase:
    try:
        first = date.fromisoformat(request.GET.get("monat", "") + "-01")
    except ValueError:
        first = timezone.localdate().replace(day=1)
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    begin, end = weeks[0][0], weeks[-1][-1]
    rows: dict[date, list[Broadcast]] = {}
    found = Broadcast.objects.filter(organisation=request.organisation).exclude(state=State.WITHDRAWN)
    for broadcast in found.filter(scheduled_at__date__range=(begin, end)) | found.filter(started_at__date__range=(begin, end)):
        moment = broadcast.started_at or broadcast.scheduled_at
        if moment is None:
            continue
        rows.setdefault(timezone.localtime(moment).date(), []).append(broadcast)
    days = [[(day, rows.get(day, [])) for day in week] for week in weeks]
    return render(request, "broadcasts/calendar.html", {
        "first": first, "weeks": days, "states": reading.STATES, "today": timezone.localdate(),
        "before": (first - timedelta(days=1)).strftime("%Y-%m"), "after": (first + timedelta(days=31)).strftime("%Y-%m"),
    })  # fmt: skip


@desk(Right.WRITE)
def new(request: DeskRequest) -> HttpResponseBase:
    """Begin a draft; an untouched one of the same operator is taken up again instead of leaving a heap of empty ones."""
    empty = Broadcast.objects.filter(
        organisation=request.organisation, author=request.operator, state=State.DRAFT, title="", versions={}
    ).first()
    broadcast = empty or actions.create(request.organisation, operator=request.operator)
    return _to(request, "detail", broadcast.pk)


@desk(Right.READ)
def detail(request: DeskRequest, number: int) -> HttpResponseBase:
    """Show the composer while it is a draft, else how far it came."""
    return _page(request, _one(request, number))


def _page(request: DeskRequest, broadcast: Broadcast) -> HttpResponse:
    rights = {
        "may_write": request.may(Right.WRITE),
        "may_approve": request.may(Right.APPROVE)
        and (not request.organisation.approval_required or request.operator.pk not in actions.writers(broadcast)),
    }
    tone, word = reading.STATES[broadcast.state]
    badge = (tone, _(word))
    if broadcast.state == State.DRAFT and request.may(Right.WRITE):
        context = reading.composer(broadcast, request.GET.get("sprache", ""))
        own = TestAddress.objects.filter(operator=request.operator, organisation=request.organisation).select_related(
            "address__contact", "channel"
        )
        return render(request, "broadcasts/compose.html", {**context, **rights, "badge": badge, "own": own})
    if broadcast.state in {State.DRAFT, State.SUBMITTED, State.APPROVED, State.WITHDRAWN}:
        context = {
            **reading.composer(broadcast, request.GET.get("sprache", "")),
            "events": broadcast.events.select_related("operator").order_by("-at"),
        }
        return render(request, "broadcasts/review.html", {**context, **rights, "badge": badge})
    return render(request, "broadcasts/result.html", {**reading.result(broadcast), **rights, "badge": badge})


@require_POST
@desk(Right.WRITE)
def save(request: DeskRequest, number: int) -> HttpResponseBase:
    """Keep what was typed, and redraw what follows from it: preview, checks, size, cost."""
    broadcast = _one(request, number)
    draft = drafts.read(broadcast, request.POST)
    try:
        version = int(request.POST.get("version", "-1"))
        broadcast = actions.change(broadcast, operator=request.operator, version=version, **draft.fields)
    except (actions.Stale, ValidationError, ValueError):
        return render(request, "broadcasts/_stale.html", {"broadcast": broadcast}, status=409)
    context = reading.composer(broadcast, request.POST.get("sprache", ""))
    return render(request, "broadcasts/_saved.html", {**context, "problems": draft.problems, "saved_at": timezone.now()})


@require_POST
@desk(Right.WRITE)
def attach(request: DeskRequest, number: int) -> HttpResponseBase:
    broadcast = _one(request, number)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise ValidationError(_("Wählen Sie eine Datei."))
        if len(drafts.media_of(broadcast)) >= MOST_FILES:
            raise ValidationError(_("Mehr als zehn Dateien zeigt kein Messenger zusammen."))
        media = files.value(files.store(request.organisation, upload.read(), upload.name or "datei", alt=""))
        versions = {language: dict(version) for language, version in broadcast.versions.items()} or {request.organisation.language: {}}
        for version in versions.values():
            version["media"] = [*version.get("media", []), msgspec.to_builtins(media)]
        broadcast = actions.change(broadcast, operator=request.operator, version=broadcast.version, versions=versions)
    except (ValidationError, actions.Stale) as problem:
        text = problem.messages[0] if isinstance(problem, ValidationError) else _("Bitte versuchen Sie es noch einmal.")
        messages.error(request, text)
    return _to(request, "detail", broadcast.pk)


@require_POST
@desk(Right.WRITE)
def detach(request: DeskRequest, number: int, media: str) -> HttpResponseBase:
    broadcast = _one(request, number)
    versions = {language: dict(version) for language, version in broadcast.versions.items()}
    for version in versions.values():
        version["media"] = [each for each in version.get("media", []) if each["id"] != str(media)]
    actions.change(broadcast, operator=request.operator, version=broadcast.version, versions=versions)
    return _to(request, "detail", broadcast.pk)


@require_POST
@desk(Right.WRITE)
def test(request: DeskRequest, number: int) -> HttpResponseBase:
    broadcast = _one(request, number)
    try:
        names = actions.test(broadcast, operator=request.operator, build=lambda language: content.version(broadcast, language))
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
        return _to(request, "test_phone", broadcast.pk)
    messages.success(request, _("Der Test ist unterwegs: %(names)s.") % {"names": ", ".join(names)})
    return _to(request, "detail", broadcast.pk)


@desk(Right.WRITE)
def test_phone(request: DeskRequest, number: int) -> HttpResponseBase:
    """Choose which phone is one's own."""
    broadcast = _one(request, number)
    if request.method == "POST":
        address = get_object_or_404(
            Address.objects.select_related("organisation", "channel"),
            organisation=request.organisation,
            pk=request.POST.get("address") or 0,
        )
        actions.set_test_address(request.operator, address)
        messages.success(request, _("Gemerkt. „Test an mich“ geht künftig an dieses Telefon."))
        return _to(request, "detail", broadcast.pk)
    words = request.GET.get("q", "")
    return render(request, "broadcasts/test_phone.html", {
        "broadcast": broadcast, "q": words, "found": reading.find_addresses(request.membership, words),
        "own": TestAddress.objects.filter(operator=request.operator, organisation=request.organisation)
        .select_related("address__contact", "channel"),
    })  # fmt: skip


@desk(Right.READ)
def progress(request: DeskRequest, number: int) -> HttpResponseBase:
    """Redraw what moves while it is being sent, and the whole of it once its state is another.

    The page stays where it is: one that loaded itself anew would take a click away from under its operator.
    """
    broadcast = _one(request, number)
    shown = request.GET.get("stand", "")
    if shown and shown != broadcast.state:
        if broadcast.state == State.DRAFT:  # the composer is a page of its own
            return HttpResponse(headers={"HX-Refresh": "true"})
        response = _page(request, broadcast)
        told = {"said": {"value": f"{broadcast.title}: {_(reading.STATES[broadcast.state][1])}"}}
        for name, value in {"Retarget": "#rundnachricht", "Reselect": "#rundnachricht", "Reswap": "outerHTML"}.items():
            response[f"HX-{name}"] = value
        response["HX-Trigger-After-Settle"] = json.dumps(told)
        return response
    if broadcast.started_at is None:
        return HttpResponse(status=204)
    return render(request, "broadcasts/_progress.html", {**reading.result(broadcast), "may_write": request.may(Right.WRITE)})


@desk(Right.READ)
def ask(request: DeskRequest, number: int) -> HttpResponseBase:
    """Ask once more before it goes to the many, where no second person looks at it."""
    broadcast = _one(request, number)
    verb = RELEASING.get(broadcast.state, "")
    if not verb or request.organisation.approval_required:
        return _to(request, "detail", broadcast.pk)
    if not request.may(VERBS[verb][0]):
        raise PermissionDenied
    if problems := checks.errors(broadcast):
        for text in problems:
            messages.error(request, text)
        return _to(request, "detail", broadcast.pk)
    return render(request, "broadcasts/ask.html", {**reading.question(broadcast), "verb": verb})


VERBS: dict[str, tuple[Right, Callable[..., Any], Any]] = {
    "freigabe": (Right.WRITE, actions.submit, gettext_lazy("Zur Freigabe gegeben.")),
    "freigeben": (Right.APPROVE, actions.approve, gettext_lazy("Freigegeben.")),
    "bearbeiten": (Right.WRITE, actions.rework, gettext_lazy("Wieder ein Entwurf. Nach der Änderung ist eine neue Freigabe nötig.")),
    "zurueckziehen": (Right.WRITE, actions.withdraw, gettext_lazy("Zurückgezogen. Es geht nichts hinaus.")),
    "anhalten": (Right.WRITE, actions.pause, gettext_lazy("Angehalten. Es geht nichts mehr hinaus, bis Sie weitersenden.")),
    "weitersenden": (Right.WRITE, actions.resume, gettext_lazy("Es geht weiter.")),
    "abbrechen": (Right.WRITE, actions.stop, gettext_lazy("Abgebrochen. Wer noch nichts bekommen hat, bekommt nichts mehr.")),
    "ablegen": (Right.WRITE, actions.archive, gettext_lazy("Abgelegt.")),
}
RELEASING: dict[str, str] = {State.DRAFT: "freigabe", State.SUBMITTED: "freigeben"}  # where no second person looks, both send


@require_POST
@desk(Right.READ)
def act(request: DeskRequest, number: int, verb: str) -> HttpResponseBase:
    """Do one of the verbs of a broadcast."""
    broadcast = _one(request, number)
    if verb in {"kopieren", "nachsenden", "klaeren", "zurueckgeben"}:
        return _special(request, broadcast, verb)
    if verb not in VERBS:
        raise Http404
    right, action, done = VERBS[verb]
    if not request.may(right):
        raise PermissionDenied
    if verb in RELEASING.values() and not request.organisation.approval_required:
        return _release(request, broadcast, action)
    try:
        action(broadcast, operator=request.operator)
    except ValidationError as problem:
        for text in problem.messages:
            messages.error(request, text)
    else:
        messages.success(request, str(done))
    return _to(request, "detail", broadcast.pk)


def _release(request: DeskRequest, broadcast: Broadcast, action: Callable[..., Any]) -> HttpResponseBase:
    """Send what the operator was asked about, and nothing else: without the question, or changed since, they are asked (again)."""
    seen = request.POST.get("gesehen", "")
    if not (seen.isascii() and seen.isdigit()):
        return _to(request, "ask", broadcast.pk)
    try:
        released = action(broadcast, operator=request.operator, seen=int(seen))
    except actions.Stale:
        messages.warning(
            request, _("Die Rundnachricht hat sich inzwischen geändert. Es ging noch nichts hinaus: Sehen Sie sie noch einmal an.")
        )
        return _to(request, "ask", broadcast.pk)
    except ValidationError as problem:
        for text in problem.messages:
            messages.error(request, text)
    else:
        now = timezone.now()
        planned = released.scheduled_at and released.scheduled_at > now
        rests = not released.urgent and outreach.quiet_until(released.organisation, now) is not None
        messages.success(request, _("Eingeplant.") if planned or rests else _("Sie geht jetzt hinaus."))
    return _to(request, "detail", broadcast.pk)


def _special(request: DeskRequest, broadcast: Broadcast, verb: str) -> HttpResponseBase:
    if not request.may(Right.APPROVE if verb == "zurueckgeben" else Right.WRITE):
        raise PermissionDenied
    try:
        if verb == "kopieren":
            return _to(request, "detail", actions.duplicate(broadcast, operator=request.operator).pk)
        if verb == "nachsenden":
            return _to(request, "detail", actions.follow_up(broadcast, operator=request.operator).pk)
        if verb == "klaeren":
            number = actions.settle(broadcast, operator=request.operator, again=request.POST.get("wie") == "erneut")
            messages.success(request, _("%(n)s Nachrichten entschieden.") % {"n": number})
        else:
            actions.send_back(broadcast, operator=request.operator, reason=request.POST.get("grund", "").strip())
            messages.success(request, _("Zurückgegeben."))
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
    return _to(request, "detail", broadcast.pk)


@desk(Right.READ)
def recipients(request: DeskRequest, number: int) -> HttpResponseBase:
    broadcast = _one(request, number)
    step = request.GET.get("stand", "")
    page = reading.Pages(broadcast, step).get_page(request.GET.get("seite"))
    before = relaying.before(broadcast, [each.pk for each in page if each.relays])
    people = {each.contact_id for each in page if each.contact_id}
    named = set(contacts.seen(request.membership).filter(pk__in=people).values_list("pk", flat=True))
    for recipient in page:
        recipient.named = recipient.contact_id in named
        recipient.before = before.get(recipient.pk, [])
        recipient.step = reading.step_of(recipient)
        recipient.word = reading.STEP_WORDS[recipient.step]
        recipient.why = reading.reason_of(recipient)
    words = {"": _("alle"), "open": _("noch offen"), **{key: reading.STEP_WORDS[key] for key in reading.STEP_FILTERS if key != "open"}}
    return render(
        request,
        "broadcasts/recipients.html",
        {"broadcast": broadcast, "page": page, "stand": step, "steps": words.items(), "asked": f"stand={step}"},
    )


@desk(Right.CONTACTS)
def recipients_csv(request: DeskRequest, number: int) -> HttpResponseBase:
    broadcast = _one(request, number)

    class Line:
        def write(self, text: str) -> str:
            return text

    def lines() -> Iterator[str]:
        writer = csv.writer(Line(), delimiter=";")
        yield "\ufeff" + writer.writerow(
            ["Kontakt", "Kanal", "Sprache", "Stand", "Grund", "angenommen", "zugestellt", "gelesen", "weitere Wege"]
        )
        for recipient in reading.recipients(broadcast, request.GET.get("stand", "")).iterator(chunk_size=1000):
            outbound, why = recipient.outbound, reading.reason_of(recipient)
            times = [getattr(outbound, name, None) for name in ("accepted_at", "delivered_at", "read_at")]
            row = [
                recipient.contact_id or "",
                recipient.channel.name,
                recipient.language,
                str(reading.STEP_WORDS[reading.step_of(recipient)]),
                _(why.title) if why else "",
            ]
            moments = [timezone.localtime(at).isoformat(timespec="seconds") if at else "" for at in times]
            yield writer.writerow(
                ["'" + text if text[:1] in ("=", "+", "-", "@") else text for text in map(str, [*row, *moments, recipient.relays])]
            )

    audit.record(request.organisation, "broadcasts.export", operator=request.operator, subject=f"broadcast:{broadcast.pk}")
    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rundnachricht-{broadcast.pk}.csv"'
    return response
