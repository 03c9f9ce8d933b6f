"""A case opened by one of us: taken down at the telephone or the counter, or out of a conversation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import delegating, ground, nearby, opening, places, report, sight
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.case_forms import NewForm
from buergerdraht.cases.models import Case, Category
from buergerdraht.cases.places import Spot
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.contacts.reading import called
from buergerdraht.conversations import page
from buergerdraht.conversations import sight as threads

LOOKING = {"fragen", "suchen"}  # buttons that only draw the form anew


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.ANSWER)
def new(request: DeskRequest) -> HttpResponse:
    """Take a case down."""
    sent = request.method == "POST"
    form = NewForm(request.organisation, request.membership, request.POST if sent else None, request.FILES if sent else None)
    contact = _contact(request, (request.POST if sent else request.GET).get("kontakt", ""))
    category, looking = form.asked(), not LOOKING.isdisjoint(request.POST)
    spots = find(request, request.POST.get("place", "")) if sent else []
    alike: list[Case] = []
    if sent and not looking and form.is_valid() and category is not None:
        spot = _spot(request, form, spots)
        alike = _alike(request, category, spot) if spot and not form.cleaned_data["doch"] else []
        if spot is not None and not alike and (case := _open(request, form, contact, spot)):
            messages.success(request, _("Das Anliegen %(number)s ist angelegt.") % {"number": case.number})
            if sight.cases(request.membership).filter(pk=case.pk).exists():
                return redirect("cases:case", request.organisation.slug, case.number)
            messages.info(request, _("Es ist vertraulich: Nur die Benannten sehen es."))
            return redirect("cases:list", request.organisation.slug)
    if looking:
        form.is_valid()
        form.errors.clear()
    context: dict[str, Any] = {
        "form": form, "contact": contact, "called": called(contact) if contact else "", "asking": form.asking(), "category": category,
        "spots": spots, "chosen": request.POST.get("ort", ""), "alike": alike, "searched": "suchen" in request.POST,
        "sees": not contact or contact.addresses.filter(state=Address.State.ACTIVE).exists(),
    }  # fmt: skip
    return render(request, "cases/new.html", context, status=422 if sent and not looking else 200)


def find(request: DeskRequest, text: str) -> list[Spot]:
    """What a typed place may mean: coordinates and map links as they are, else houses the authority knows."""
    if at := report.coordinates(text):
        return [Spot(_("Markierter Ort"), *at)]
    return places.find(request.organisation, text[:200])


def _spot(request: DeskRequest, form: NewForm, spots: list[Spot]) -> Spot | None:
    """The place that is meant; None where somebody has to choose. One nobody knows is kept as it was typed."""
    typed = form.cleaned_data["place"].strip()
    if not typed:
        return Spot("")
    chosen = request.POST.get("ort", "")
    if chosen == "typed" or not spots:
        return Spot(typed)
    if len(spots) == 1:
        return spots[0]
    if chosen.isascii() and chosen.isdigit() and int(chosen) < len(spots):
        return spots[int(chosen)]
    form.add_error("place", _("Der Ort kann mehreres heißen. Bitte wählen Sie unten."))
    return None


def _alike(request: DeskRequest, category: Category, spot: Spot) -> list[Case]:
    """Open cases nearby that may be the same: whoever takes it down looks first."""
    if spot.latitude is None or spot.longitude is None:
        return []
    found = nearby.alike(category, spot.latitude, spot.longitude, now=timezone.now())
    return list(sight.cases(request.membership).filter(pk__in=[each.pk for each in found]).select_related("category"))


def _open(request: DeskRequest, form: NewForm, contact: Contact | None, spot: Spot) -> Case | None:
    given = form.cleaned_data
    beyond = ""
    if spot.latitude is not None and spot.longitude is not None and not ground.inside(request.organisation, spot.latitude, spot.longitude):
        other = ground.neighbour(request.organisation, spot.latitude, spot.longitude)
        beyond = other.name if other else _("jemand anders")
    try:
        with transaction.atomic():
            photos = delegating.stored(request.organisation, [(file.name or "foto", file.read()) for file in given["photos"]])
            return opening.open(opening.Matter(
                category=given["category"], at=timezone.now(), text=given["text"], place=spot.name, latitude=spot.latitude,
                longitude=spot.longitude, answers=form.answers, photos=photos, contact=contact, address=_address(contact),
                reporter=form.reporter(), origin=Case.Origin.OPERATOR, beyond=beyond, operator=request.operator,
            ))  # fmt: skip
    except NotNow as refused:
        form.add_error("photos", str(refused))
        return None


def _address(contact: Contact | None) -> Address | None:
    """Where they wrote last, to hear of every step."""
    if contact is None:
        return None
    return contact.addresses.filter(state=Address.State.ACTIVE).order_by("-last_inbound_at").first()


def _contact(request: DeskRequest, text: str) -> Contact | None:
    """The contact it is for; one of another house or a hidden one is not there."""
    if not text:
        return None
    hidden = threads.hidden_contacts(request.membership).values("pk")
    rows = Contact.objects.filter(organisation=request.organisation).exclude(state=Contact.State.ERASED).exclude(pk__in=hidden)
    return get_object_or_404(rows.prefetch_related("addresses"), pk=page.number(text))
