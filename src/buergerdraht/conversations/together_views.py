"""Who else: confidential threads and their people, two threads of one person, who read, whom one can mention."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import confidential, hold_forms, mentions, merging, notices, page, reading
from buergerdraht.conversations.hold_views import dialog, done, elsewhere
from buergerdraht.conversations.models import Conversation

READERS = 100


@desk(Right.ANSWER)
@require_http_methods(["GET", "POST"])
def confide(request: Desk, number: int) -> HttpResponse:
    """Choose who may see a thread, and nobody else."""
    conversation = page.wanted(request, number)
    named = conversation.named.all() if conversation.confidential else []
    form = hold_forms.NamedForm(conversation, request.operator, request.POST if request.method == "POST" else None, initial={"wer": named})
    if request.method == "POST" and form.is_valid():
        confidential.confide(conversation, form.cleaned_data["wer"], by=request.operator)
        return done(request, conversation, _("Nur die genannten Personen sehen diese Unterhaltung."), field=True)
    return dialog(request, conversation, "confide", form=form)


@desk(Right.ANSWER)
@require_POST
def lift(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    confidential.lift(conversation, by=request.operator)
    return done(request, conversation, _("Die Unterhaltung ist nicht mehr vertraulich."))


@desk(Right.ANSWER)
@require_http_methods(["GET", "POST"])
def merge(request: Desk, number: int) -> HttpResponse:
    """Find the other thread, look at both, decide. Searched by POST: names do not belong into addresses."""
    conversation = page.wanted(request, number)
    query = request.POST.get("name", "").strip()[:200]
    other = page.wanted(request, page.number(request.POST.get("mit"))) if request.POST.get("mit") else None
    if other is not None and request.POST.get("ja"):
        try:
            merging.merge(conversation, other, operator=request.operator)
        except ValidationError as problem:
            return dialog(request, conversation, "merge", problem=problem.messages[0], query=query)
        return _to(request, conversation)
    if other is not None and other.pk != conversation.pk:
        return dialog(request, conversation, "compare", both=[_shown(conversation), _shown(other)], other=other)
    found = merging.candidates(conversation, request.membership, query) if query else []
    return dialog(request, conversation, "merge", query=query, found=[_shown(each) for each in found])


def _shown(conversation: Conversation) -> dict[str, object]:
    """What tells two threads apart: who, through which channels, what was said last."""
    bubbles, _more = reading.thread(conversation)
    return {
        "conversation": conversation,
        "name": reading.name_of(conversation.contact, conversation.last_address),
        "addresses": conversation.contact.addresses.select_related("channel").defer("channel__config").order_by("id"),
        "said": [bubble for bubble in bubbles if bubble.message.author not in {"system", "note"}][-3:],
        "number": conversation.messages.exclude(author__in=["system", "note"]).count(),
    }


@desk(Right.ANSWER)
@require_http_methods(["GET", "POST"])
def split(request: Desk, number: int) -> HttpResponse:
    """Choose the address that shall have a thread of its own."""
    conversation = page.wanted(request, number)
    addresses = conversation.contact.addresses.select_related("channel").defer("channel__config").order_by("id")
    problem = ""
    if request.method == "POST":
        address = get_object_or_404(Address, contact=conversation.contact_id, pk=page.number(request.POST.get("adresse")))
        try:
            return _to(request, merging.split(conversation, address, operator=request.operator))
        except ValidationError as refused:
            problem = refused.messages[0]
    rows = [(each, conversation.messages.filter(address=each.pk).count()) for each in addresses]
    return dialog(request, conversation, "split", rows=rows, problem=problem)


@desk(Right.READ)
@require_GET
def readers(request: Desk, number: int) -> HttpResponse:
    """Show who read the thread and when, to whoever looks after that or is responsible for it."""
    conversation = page.wanted(request, number)
    if not page.may_see_readers(request, conversation):
        raise PermissionDenied
    rows = conversation.readings.select_related("operator").order_by("-hour", "operator__name")[:READERS]
    return dialog(request, conversation, "readers", readings=rows)


@desk(Right.ANSWER)
@require_GET
def people(request: Desk, number: int) -> HttpResponse:
    """Whom one can mention: colleagues, and whether they see the thread already."""
    conversation = page.wanted(request, number)
    seeing = {row.operator_id for row in notices.seeing(conversation)}
    rows = mentions.colleagues(request.organisation).exclude(pk=request.operator.pk).values_list("pk", "name")
    outside = _("darf bisher nicht mitlesen")
    response = JsonResponse({"people": [{"name": name, "note": "" if pk in seeing else outside} for pk, name in rows]})
    response["Cache-Control"] = "no-store"
    return response


def _to(request: Desk, conversation: Conversation) -> HttpResponse:
    address = page.address("thread", request, conversation.pk)
    return elsewhere(address) if request.headers.get("HX-Request") else redirect(address)
