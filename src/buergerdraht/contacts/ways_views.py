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
from buergerdraht.contacts import reading, records, ways, ways_page
from buergerdraht.contacts.forms import ReasonForm
from buergerdraht.contacts.models import Contact, Way
from buergerdraht.contacts.ways import Ways, ways_of
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

KINDS: dict[str, Any] = {Way.Kind.ALERT: gettext_lazy("Dringendes"), Way.Kind.NEWSLETTER: gettext_lazy("Rundnachrichten")}


UNDO = "ways_undo"  # in the session: whose ways were changed last, and how they stood before and after


class Shown(NamedTuple):
    """The ways of one kind with their title, and the form that changes them, as the contact's page shows them."""

    title: str
    ways: Ways
    form: ways_page.Block


def shown(contact: Contact) -> list[Shown]:
    page = ways_page.page(contact, "de")
    found = ways_of(contact) if page else []
    return [Shown(str(KINDS[each.kind]), each, form) for each, form in zip(found, page.blocks if page else [], strict=True)]


def undoable(request: DeskRequest, contact: Contact) -> bool:
    """Say whether this operator's last change of ways was this contact's, and stands as they left it."""
    kept = request.session.get(UNDO)
    return bool(kept and kept["contact"] == contact.pk and ways.standing(contact, kept["after"]["kind"]) == kept["after"])


@desk(Right.CONTACTS)
@require_POST
def order(request: DeskRequest, contact: int) -> HttpResponse:
    """Set places and the tick for all ways on somebody's word, or take the last change back."""
    found = get_object_or_404(reading.seen(request.membership).select_related("organisation"), pk=contact)
    if "rueckgaengig" in request.POST:
        _undo(request, found)
    else:
        _order(request, found)
    return redirect("contacts:detail", request.organisation.slug, found.pk)


def _order(request: DeskRequest, contact: Contact) -> None:
    reason, posted = ReasonForm(request.POST), request.POST.dict()
    kind = posted.get(ways_page.SAVE) or posted.get(ways_page.RESET, "")
    if not reason.is_valid():
        messages.error(request, _("Bitte geben Sie an, wie die Person Sie darum gebeten hat. Es wurde nichts geändert."))
        return
    before = ways.standing(contact, kind)
    if not records.change_ways(contact, posted, reason=reason.cleaned_data["reason"], operator=request.operator):
        messages.error(request, _("Ein Weg muss bleiben. Wer nichts mehr erhalten soll, wird abgemeldet oder gesperrt."))
        return
    after = ways.standing(contact, kind)
    if after != before:
        request.session[UNDO] = {"contact": contact.pk, "before": before, "after": after}
        messages.success(request, _("Die Wege sind geändert. Unter „Wege“ können Sie das zurücknehmen."))


def _undo(request: DeskRequest, contact: Contact) -> None:
    if not undoable(request, contact):
        messages.error(request, _("Das geht nicht mehr: Die Wege haben sich inzwischen geändert."))
        return
    records.restore_ways(contact, request.session.pop(UNDO)["before"], operator=request.operator)
    messages.success(request, _("Zurückgenommen. Die Wege sind wie vorher."))


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
