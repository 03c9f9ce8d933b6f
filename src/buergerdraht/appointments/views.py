"""The screens of bookings: the day, one of them, booking by hand, moving, cancelling, and how it went."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Team
from buergerdraht.accounts.rights import Right
from buergerdraht.appointments import actions, ics, reading, screens
from buergerdraht.appointments.actions import Person, Taken
from buergerdraht.appointments.forms import ByHandForm, WordForm
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.appointments.telling import reached
from buergerdraht.contacts.models import Contact
from buergerdraht.contacts.reading import called
from buergerdraht.conversations import page, sight
from buergerdraht.conversations.models import Conversation

MARKS = {
    "erledigt": (actions.done, gettext_noop("Als erledigt vermerkt.")),
    "nicht-gekommen": (actions.missed, gettext_noop("Vermerkt: nicht gekommen.")),
    "zuruecknehmen": (actions.reopen, gettext_noop("Zurückgenommen: Der Termin steht wieder als gebucht da.")),
}


@require_safe
@desk(Right.READ)
def listing(request: DeskRequest) -> HttpResponse:
    day, team = screens.day_of(request.GET.get("tag")), _team(request)
    teams = Team.objects.filter(organisation=request.organisation)
    found = screens.listing(request.membership, day, team.pk if team else None)
    return render(request, "appointments/list.html", {**found, **_rights(request), "team": team, "teams": teams})


@require_safe
@desk(Right.ANSWER)
def day_csv(request: DeskRequest) -> HttpResponse:
    """Hand out the day as a table."""
    day, team = screens.day_of(request.GET.get("tag")), _team(request)
    audit.record(request.organisation, "appointments.export", operator=request.operator, day=day.isoformat())
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    csv.writer(text, delimiter=";").writerows(screens.table(screens.lines(request.membership, day, team.pk if team else None)))
    return _file(text.getvalue(), "text/csv", f"termine-{day:%Y-%m-%d}.csv")


@require_safe
@desk(Right.READ)
def day_ics(request: DeskRequest) -> HttpResponse:
    """Hand out the day as a calendar; no names stand in it."""
    day, team = screens.day_of(request.GET.get("tag")), _team(request)
    rows = screens.of_day(request.organisation, day, team.pk if team else None)
    alive = [row for row in rows if row.state != Booking.State.CANCELLED]
    return _file(ics.calendar(alive, timezone.now()), "text/calendar", f"termine-{day:%Y-%m-%d}.ics")


@require_safe
@desk(Right.READ)
def one_ics(request: DeskRequest, number: int) -> HttpResponse:
    row = _found(request, number)
    return _file(ics.calendar([row], timezone.now()), "text/calendar", f"termin-{row.shown_code}.ics")


@require_safe
@desk(Right.READ)
def detail(request: DeskRequest, number: int) -> HttpResponse:
    return _detail(request, _found(request, number), WordForm())


def _detail(request: DeskRequest, row: Booking, form: WordForm) -> HttpResponse:
    context = {
        "line": screens.Line(row, True), "row": row, "thread": page.door(request, row.contact) if row.contact else "",
        "over": row.ends_at <= timezone.now(), "begun": row.begins_at <= timezone.now(), "form": form,
        "reachable": reached(row) is not None, **_rights(request),
    }  # fmt: skip
    return render(request, "appointments/detail.html", context, status=422 if form.is_bound else 200)


@require_POST
@desk(Right.ANSWER)
def mark(request: DeskRequest, number: int, verb: str) -> HttpResponse:
    """Say how it went, or take that back."""
    row = _found(request, number)
    if verb not in MARKS:
        raise Http404
    act, words = MARKS[verb]
    try:
        act(row, operator=request.operator)
        messages.success(request, _(words))
    except Taken as refused:
        messages.error(request, refused.sentence)
    return _to_day(request, row) if "tag" in request.POST else redirect("appointments:detail", request.organisation.slug, row.pk)


@require_POST
@desk(Right.ANSWER)
def cancel(request: DeskRequest, number: int) -> HttpResponse:
    """Cancel, and tell the citizen."""
    row, form = _found(request, number), WordForm(request.POST)
    if not form.is_valid():
        return _detail(request, row, form)
    try:
        row = actions.cancel(row, operator=request.operator, word=form.said())
        _say_done(request, row, _("Der Termin ist abgesagt."), told=form.said() is not None)
    except Taken as refused:
        messages.error(request, refused.sentence)
    return redirect("appointments:detail", request.organisation.slug, row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.ANSWER)
def move(request: DeskRequest, number: int) -> HttpResponse:
    """Choose another time, and tell the citizen."""
    row = _found(request, number)
    if row.state != Booking.State.BOOKED:
        messages.error(request, _("Dieser Termin lässt sich nicht mehr verschieben."))
        return redirect("appointments:detail", request.organisation.slug, row.pk)
    form = WordForm(request.POST or None)
    begins_at = screens.moment(request.POST.get("zeit"))
    if request.method == "POST" and begins_at is None:
        messages.error(request, _("Bitte wählen Sie eine Zeit."))
    elif begins_at == row.begins_at and request.method == "POST":
        messages.info(request, _("Der Termin liegt schon zu dieser Zeit; es hat sich nichts geändert."))
        return redirect("appointments:detail", request.organisation.slug, row.pk)
    elif request.method == "POST" and begins_at and form.is_valid():
        try:
            row = actions.move(row, begins_at, operator=request.operator, word=form.said())
        except Taken as refused:
            messages.error(request, refused.sentence)
        else:
            _say_done(request, row, _("Der Termin ist verschoben."), told=form.said() is not None)
            return redirect("appointments:detail", request.organisation.slug, row.pk)
    asked = request.GET.get("tag") or request.POST.get("tag") or f"{timezone.localtime(row.begins_at):%Y-%m-%d}"
    context = {**screens.choose(row.offer, screens.day_of(asked)), "row": row, "line": screens.Line(row, True), "form": form}
    return render(request, "appointments/move.html", {**context, "reachable": reached(row) is not None})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.ANSWER)
def new(request: DeskRequest) -> HttpResponse:
    """Book by hand: what, when, for whom."""
    asked = request.POST if request.method == "POST" else request.GET
    offers = list(reading.offers(request.organisation))
    chosen = next((offer for offer in offers if str(offer.pk) == asked.get("angebot")), offers[0] if offers else None)
    form, contact = ByHandForm(request.POST or None), _contact(request, asked.get("kontakt", ""))
    looking = not {"suchen", "zeigen", "zu"}.isdisjoint(request.POST)
    found = screens.people(request.membership, request.POST["q"]) if request.POST.get("q") and looking else []
    if chosen and request.method == "POST" and not looking and form.is_valid():
        row = _book(request, chosen, contact, form)
        if row:
            return redirect("appointments:detail", request.organisation.slug, row.pk)
    context: dict[str, Any] = {
        "form": form,
        "offers": offers,
        "contact": contact,
        "called": called(contact) if contact else "",
        "found": [(each.pk, called(each)) for each in found if each != contact],
        "searched": "suchen" in request.POST,
        "picked": screens.moment(request.POST.get("zeit")),
    }
    if chosen:
        context |= screens.choose(chosen, screens.day_of(request.POST.get("zu") or asked.get("tag")))
    return render(request, "appointments/new.html", context)


def _book(request: DeskRequest, offer: Offer, contact: Contact | None, form: ByHandForm) -> Booking | None:
    """Book what was entered, or say what is missing."""
    values, begins_at = form.cleaned_data, screens.moment(request.POST.get("zeit"))
    if begins_at is None:
        messages.error(request, _("Bitte wählen Sie eine Zeit."))
        return None
    if contact is None and not values["name"]:
        form.add_error("name", _("Bitte wählen Sie einen Kontakt oder nennen Sie einen Namen."))
        return None
    person = Person(contact=contact, name="" if contact else values["name"], note=values["note"], tell=bool(contact and values["tell"]))
    try:
        row = actions.book_for(offer, begins_at, person, operator=request.operator)
    except Taken as refused:
        messages.error(request, refused.sentence)
        return None
    _say_done(request, row, _("Der Termin ist gebucht."), told=person.tell)
    return row


def turn(request: DeskRequest, conversation: Conversation) -> page.Turn | None:
    """A thread can turn into an appointment, where there are some to be had."""
    if not request.may(Right.ANSWER) or not reading.offers(request.organisation).exists():
        return None
    url = reverse("appointments:new", args=[request.organisation.slug])
    return page.Turn(_("Termin buchen"), f"{url}?kontakt={conversation.contact_id}", "calendar")


# ── What several share ────────────────────────────────────────────────────


def _found(request: DeskRequest, number: int) -> Booking:
    rows = reading.seen(request.membership).select_related(
        "organisation", "offer__organisation", "offer__team", "contact__organisation", "address__channel", "operator"
    )
    return get_object_or_404(rows, pk=number)


def _contact(request: DeskRequest, text: str) -> Contact | None:
    """The contact one may book for; one of another house or a hidden one is not there."""
    if not text:
        return None
    rows = Contact.objects.filter(organisation=request.organisation).exclude(pk__in=sight.hidden_contacts(request.membership).values("pk"))
    return get_object_or_404(rows.prefetch_related("addresses"), pk=page.number(text))


def _team(request: DeskRequest) -> Team | None:
    number = page.number(request.GET.get("team"))
    return get_object_or_404(Team, organisation=request.organisation, pk=number) if number else None


def _rights(request: DeskRequest) -> dict[str, bool]:
    return {"may_work": request.may(Right.ANSWER), "may_plan": request.may(Right.MANAGE) or request.may(Right.WRITE)}


def _say_done(request: DeskRequest, row: Booking, done: str, *, told: bool) -> None:
    """Say what happened, and whether the citizen knows."""
    if told and row.contact and not row.unreached:
        messages.success(request, f"{done} {_('Die Nachricht ist unterwegs.')}")
    elif told and row.contact:
        missing = screens.Line(row, True).unsaid
        messages.warning(
            request, f"{done} {_('Die Person weiß noch nichts davon')} ({missing}). {_('Bitte melden Sie sich auf anderem Weg.')}"
        )
    else:
        messages.success(request, done)


def _to_day(request: DeskRequest, row: Booking) -> HttpResponse:
    answer = redirect("appointments:list", request.organisation.slug)
    answer["Location"] += f"?tag={timezone.localtime(row.begins_at):%Y-%m-%d}"
    if team := page.number(request.POST.get("team")):
        answer["Location"] += f"&team={team}"
    answer["Location"] += f"#termin-{row.pk}"
    return answer


def _file(text: str, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
