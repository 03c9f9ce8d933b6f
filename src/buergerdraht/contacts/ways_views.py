"""In which order somebody is reached, and what becomes of the people of a channel that is lost."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts import lost as losing
from buergerdraht.contacts import records
from buergerdraht.contacts.models import Address, Contact, Way
from buergerdraht.contacts.ways import Ways, ways_of
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

KINDS: dict[str, Any] = {Way.Kind.ALERT: gettext_lazy("Dringendes"), Way.Kind.NEWSLETTER: gettext_lazy("Rundnachrichten")}


class Shown(NamedTuple):
    """The ways of one kind with their title, as the contact's page shows them."""

    title: str
    ways: Ways


def shown(contact: Contact) -> list[Shown]:
    return [Shown(str(KINDS[each.kind]), each) for each in ways_of(contact)]


@desk(Right.CONTACTS)
@require_POST
def order(request: DeskRequest, contact: int) -> HttpResponse:
    """Move a way up, leave it out, take it in, or go back to the usual order."""
    found = get_object_or_404(Contact, organisation=request.organisation, pk=contact)
    kind = request.POST.get("art", "")
    ways = next((each for each in ways_of(found) if each.kind == kind), None)
    number = request.POST.get("adresse", "")
    if ways is not None and "ueblich" in request.POST:
        records.order_ways(found, kind, [], operator=request.operator)
    elif ways is not None and number.isdigit():
        chosen = _moved(ways, int(number), request.POST.get("schritt", ""))
        if chosen:
            records.order_ways(found, kind, chosen, operator=request.operator)
        else:
            messages.error(request, _("Ein Weg muss bleiben. Wer nichts mehr erhalten soll, wird abgemeldet oder gesperrt."))
    return redirect("contacts:detail", request.organisation.slug, found.pk)


def _moved(ways: Ways, number: int, step: str) -> list[Address]:
    chosen = list(ways.addresses)
    place = next((place for place, each in enumerate(chosen) if each.pk == number), None)
    if step == "dazu":
        return chosen + [each for each in ways.left_out if each.pk == number]
    if place is None:
        return chosen
    moved = chosen.pop(place)
    if step == "hoch":
        chosen.insert(max(place - 1, 0), moved)
    elif step != "weg":
        chosen.insert(place, moved)
    return chosen


@desk(Right.MANAGE)
@require_http_methods(["GET", "POST"])
def lost(request: DeskRequest, channel: int) -> HttpResponse:
    """Show what becomes of a lost channel's people; a POST lets them go on elsewhere, or come back."""
    found = get_object_or_404(Channel, organisation=request.organisation, pk=channel)
    if request.method == "POST":
        return _carry_out(request, found)
    page = f"{settings.PUBLIC_URL}/p/{request.organisation.slug}/abo"
    context = {
        "channel": found,
        "title": channels.title(found.kind),
        "figures": losing.figures(found),
        "stands": found.state != Channel.State.RUNNING,
        "invitation": losing.invitation(found, channels.title(found.kind), page),
    }
    return render(request, "contacts/lost.html", context)


def _carry_out(request: DeskRequest, channel: Channel) -> HttpResponse:
    runs = channel.state == Channel.State.RUNNING
    if "zurueck" in request.POST and runs:
        number = losing.bring_back(channel, operator=request.operator)
        messages.success(request, ngettext("%(n)s Person ist zurück.", "%(n)s Personen sind zurück.", number) % {"n": number})
    elif "zurueck" in request.POST:
        messages.error(request, _("Der Kanal steht noch. Es wurde nichts geändert."))
    elif runs:
        messages.error(request, _("Der Kanal läuft. Es wurde nichts geändert."))
    else:
        number = losing.reroute(channel, operator=request.operator)
        words = ngettext("%(n)s Person geht auf einem anderen Weg weiter.", "%(n)s Personen gehen auf einem anderen Weg weiter.", number)
        messages.success(request, words % {"n": number})
    return redirect("contacts:lost", request.organisation.slug, channel.pk)
