"""What stands beside and inside a thread and may be touched: hidden words shown, the language a person is written to in."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts import records
from buergerdraht.conversations import actions, page, reading


@desk(Right.READ)
@require_POST
def unmask(request: Desk, number: int, message: int) -> HttpResponse:
    """Show what was hidden in a message, for this once; the audit log keeps who looked."""
    conversation = page.wanted(request, number)
    found = reading.bubble(conversation, message, bare=True)
    if found is None:
        raise Http404
    actions.unmask(found.message, operator=request.operator)
    if not request.headers.get("HX-Request"):
        return render(request, "conversations/unmasked.html", page.head_context(request, conversation) | {"bubbles": [found]})
    return render(request, "conversations/_bubbles.html", page.head_context(request, conversation) | {"bubbles": [found]})


@desk(Right.CONTACTS)
@require_POST
def language(request: Desk, number: int) -> HttpResponse:
    """Write to a person in another language from now on."""
    conversation = page.wanted(request, number)
    contact, wished = conversation.contact, request.POST.get("sprache", "")
    if wished in dict(page.languages(request.organisation, contact)):
        records.edit(contact, language=wished, district=contact.district, operator=request.operator)
    if not request.headers.get("HX-Request"):
        return redirect(page.address("thread", request, conversation.pk))
    return page.field_piece(request, conversation)
