"""Set aside and bring back, block and unblock, and say that an emergency is looked after."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.conversations import asides, page
from buergerdraht.conversations.models import Conversation

BY_HAND = {Conversation.Aside.CHAIN, Conversation.Aside.INSULT, Conversation.Aside.SPAM}


@desk(Right.ANSWER)
@require_POST
def set_aside(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    reason = request.POST.get("grund", "")
    if reason not in BY_HAND:
        return page.refused(request, [_("Bitte wählen Sie, warum diese Unterhaltung beiseitegelegt wird.")])
    asides.set_aside(conversation, reason, operator=request.operator)
    return page.field_piece(request, conversation)


@desk(Right.ANSWER)
@require_POST
def bring_back(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    asides.bring_back(conversation, operator=request.operator)
    return page.field_piece(request, conversation)


@desk(Right.ANSWER)
@require_POST
def block(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    reason = request.POST.get("grund", "")
    if reason not in asides.REASONS:
        return page.refused(request, [_("Bitte wählen Sie, warum diese Person blockiert wird.")])
    asides.block(conversation, reason=reason, operator=request.operator)
    return page.field_piece(request, conversation)


@desk(Right.ANSWER)
@require_POST
def unblock(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    asides.unblock(conversation, operator=request.operator)
    return page.field_piece(request, conversation)


@desk(Right.ANSWER)
@require_POST
def calm(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    asides.calm(conversation, operator=request.operator)
    return page.field_piece(request, conversation)
