"""The contacts' screens."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts import finding, reading, records
from buergerdraht.contacts.forms import STATES, DetailsForm, FilterForm, ReasonForm, SubscriptionForm
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.contacts.texts import LANGUAGES
from buergerdraht.contacts.ways_views import shown, undoable

PAGE = 50
# Where a contact's thread is, for whoever may see it. The room above registers in its `apps.py`, because this one knows none of them.
THREADS: list[Callable[[DeskRequest, Contact], str]] = []


@desk(Right.READ)
@require_http_methods(["GET", "POST"])
def listing(request: DeskRequest) -> HttpResponse:
    """Show the contacts that fit the filters, newest first. A name is searched by POST, so that no address bar or log keeps it."""
    asked = request.POST if request.method == "POST" else request.GET
    form = FilterForm(request.organisation, asked)
    wishes = form.cleaned_data if form.is_valid() else {}
    seen = reading.seen(request.membership)
    contacts = reading.choose(seen, request.organisation, wishes)
    page = Paginator(reading.with_rows(contacts), PAGE).get_page(asked.get("seite"))
    query = asked.copy()
    for name in ("seite", "csrfmiddlewaretoken", "q"):
        query.pop(name, None)
    context = {
        "form": form,
        "rows": [reading.row(contact) for contact in page],
        "page": page,
        "query": query.urlencode(),
        "filtered": any(wishes.values()),
        "named": bool(wishes.get("q")),
        "of": seen.count(),
        "states": dict(STATES),
        "may_change": request.may(Right.CONTACTS),
    }
    return render(request, "contacts/_rows.html" if request.headers.get("HX-Target") == "kontakte" else "contacts/list.html", context)


@desk(Right.CONTACTS)
@require_http_methods(["GET", "POST"])
def export(request: DeskRequest) -> StreamingHttpResponse:
    """Hand out the filtered list as CSV, streamed."""
    form = FilterForm(request.organisation, request.POST if request.method == "POST" else request.GET)
    seen = reading.seen(request.membership)
    contacts = reading.choose(seen, request.organisation, form.cleaned_data if form.is_valid() else {})
    audit.record(request.organisation, "contacts.export", operator=request.operator, count=contacts.count())
    answer = StreamingHttpResponse(_lines(reading.export_rows(contacts)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="kontakte-{timezone.localdate():%Y-%m-%d}.csv"'
    return answer


@desk(Right.READ)
@require_http_methods(["GET", "POST"])
def detail(request: DeskRequest, contact: int) -> HttpResponse:
    """Show a contact; a POST only searches for the record to join with, by name."""
    return _page(request, _contact(request, contact))


@desk(Right.CONTACTS)
@require_POST
def edit(request: DeskRequest, contact: int) -> HttpResponse:
    found = _contact(request, contact)
    form = DetailsForm(found, request.POST)
    if not form.is_valid():
        return _page(request, found, details=form)
    records.edit(found, language=form.cleaned_data["language"], district=form.cleaned_data["district"], operator=request.operator)
    messages.success(request, _("Gespeichert."))
    return _back(request, found)


@desk(Right.CONTACTS)
@require_POST
def change_subscription(request: DeskRequest, contact: int) -> HttpResponse:
    """Add a subscription, or end one, with the reason as proof."""
    found = _contact(request, contact)
    if topic_id := request.POST.get("ende"):
        topic = get_object_or_404(Topic, organisation=request.organisation, pk=topic_id if topic_id.isdigit() else 0)
        reason = ReasonForm(request.POST)
        if not reason.is_valid():
            messages.error(request, _("Bitte geben Sie an, warum das Abo endet. Es wurde nichts geändert."))
            return _back(request, found)
        records.remove_subscription(found, topic, reason=reason.cleaned_data["reason"], operator=request.operator)
        messages.success(request, _("Das Abo „%(topic)s“ ist beendet.") % {"topic": topic})
        return _back(request, found)
    form = SubscriptionForm(found, request.POST)
    if not form.is_valid():
        return _page(request, found, subscription=form)
    data = form.cleaned_data
    records.add_subscription(found, data["topic"], data["address"], reason=data["reason"], operator=request.operator)
    messages.success(request, _("„%(topic)s“ ist abonniert.") % {"topic": data["topic"]})
    return _back(request, found)


@desk(Right.CONTACTS)
@require_POST
def bar(request: DeskRequest, contact: int) -> HttpResponse:
    """Bar a person, or lift it."""
    found = _contact(request, contact)
    if "aufheben" in request.POST:
        records.unbar(found, operator=request.operator)
        messages.success(request, _("Die Sperre ist aufgehoben."))
    else:
        records.bar(found, operator=request.operator)
        messages.success(request, _("Gesperrt: Diese Person erhält nichts mehr von Ihnen."))
    return _back(request, found)


@desk(Right.CONTACTS)
@require_POST
def join(request: DeskRequest, contact: int) -> HttpResponse:
    found = _contact(request, contact)
    other_id = request.POST.get("other", "")
    other = _contact(request, int(other_id) if other_id.isdigit() else 0)
    if other.pk == found.pk:
        messages.error(request, _("Das ist derselbe Kontakt."))
    else:
        records.join(found, other, operator=request.operator)
        messages.success(request, _("Zusammengeführt: Adressen, Abos und Nachrichten stehen jetzt hier."))
    return _back(request, found)


@desk(Right.CONTACTS)
@require_POST
def part(request: DeskRequest, contact: int) -> HttpResponse:
    found = _contact(request, contact)
    number = request.POST.get("address", "")
    address = get_object_or_404(Address, contact=found, pk=number if number.isdigit() else 0)
    if found.addresses.count() < 2:
        messages.error(request, _("Es gibt nur eine Adresse: Hier ist nichts zu trennen."))
        return _back(request, found)
    new = records.part(address, operator=request.operator)
    messages.success(request, _("Getrennt: Die Adresse hat jetzt einen eigenen Kontakt, mit ihren Nachrichten."))
    return _back(request, new)


def _page(request: DeskRequest, contact: Contact, **forms: object) -> HttpResponse:
    partner = request.POST.get("partner", "").strip()
    others = reading.seen(request.membership).exclude(pk=contact.pk)
    found = finding.among(others, request.organisation.pk, partner) if partner else others.none()
    context = {
        "contact": contact,
        "row": reading.row(contact),
        "state_word": dict(STATES).get(reading.state_of(contact), ""),
        "addresses": contact.addresses.select_related("channel").order_by("id"),
        "ways": shown(contact),
        "ways_undo": undoable(request, contact),
        "subscriptions": contact.subscriptions.select_related("topic", "address__channel").order_by("topic__position"),
        "consents": reading.consents(contact),
        "language": LANGUAGES.get(contact.language, contact.language),
        "details": forms.get("details") or DetailsForm(contact),
        "subscription": forms.get("subscription") or SubscriptionForm(contact),
        "partner": partner,
        "partners": [reading.row(each) for each in reading.with_rows(found)[:10]],
        "may_change": request.may(Right.CONTACTS),
        "may_erase": request.may(Right.PRIVACY),
        "thread": next((address for each in THREADS if (address := each(request, contact))), ""),
    }
    return render(request, "contacts/detail.html", context, status=422 if forms else 200)


def _contact(request: DeskRequest, number: int) -> Contact:
    """The contact of an address; one whose thread is not for this member is not there."""
    return get_object_or_404(reading.seen(request.membership).select_related("organisation", "district"), pk=number)


def _back(request: DeskRequest, contact: Contact) -> HttpResponse:
    return redirect("contacts:detail", request.organisation.slug, contact.pk)


class _Echo:
    """What csv writes to: it hands every line back."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterator[list[str]]) -> Iterator[str]:
    writer = csv.writer(_Echo(), delimiter=";")
    yield "\ufeff"  # spreadsheets read it as UTF-8
    for row in rows:
        yield str(writer.writerow(row))
