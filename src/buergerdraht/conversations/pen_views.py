"""The reply lock and the draft, over the wire: typing saves and takes the pen, a colleague may take it, a draft may be thrown away."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.conversations import forms, page, pen


@desk(Right.ANSWER)
def draft(request: Desk, number: int) -> HttpResponse:
    """Say who writes (GET), or keep what is typed (POST); `fertig` lays the pen down. Answers with the line above the field."""
    conversation = page.wanted(request, number)
    if request.method == "POST":
        form = forms.ReplyForm(request.POST)
        form.is_valid()  # nothing typed is a draft too: none
        data = form.cleaned_data
        may_answer = conversation.operator_id in {None, request.operator.pk}
        typed = pen.Typed(request.POST.get("text", "")[:20_000], data.get("art") or pen.ANSWER, data.get("entwurf"), data.get("einmal"))
        if may_answer or typed.kind == pen.NOTE:
            pen.save(conversation, typed, operator=request.operator)
        if request.POST.get("fertig"):
            pen.release(conversation, request.operator)
    return page.pen_piece(request, conversation)


@desk(Right.ANSWER)
@require_POST
def take(request: Desk, number: int) -> HttpResponse:
    """Take the pen from a colleague, and go on with what they wrote so far."""
    conversation = page.wanted(request, number)
    if conversation.operator_id not in {None, request.operator.pk}:
        return page.refused(request, [_("Jemand anderes hat diese Unterhaltung übernommen. Übernehmen Sie sie, um zu antworten.")])
    pen.take(conversation, request.operator)
    return page.field_piece(request, conversation, changed=False, focus=True)


@desk(Right.ANSWER)
@require_POST
def discard(request: Desk, number: int) -> HttpResponse:
    """Throw the draft away, or bring back (`zurueck`) the one just thrown away."""
    conversation = page.wanted(request, number)
    if back := request.POST.get("zurueck", "").strip()[:20_000]:
        kind = pen.NOTE if request.POST.get("art") == pen.NOTE else pen.ANSWER
        if not pen.save(conversation, pen.Typed(back, kind), operator=request.operator):
            return page.refused(request, [_("Inzwischen schreibt jemand anderes.")])
        return page.field_piece(request, conversation, changed=False, focus=True)
    before = pen.look(conversation, request.operator).draft
    try:
        text = pen.discard(conversation, operator=request.operator)
    except ValidationError as problem:
        return page.refused(request, problem.messages)
    gone = {"text": text, "kind": before.kind if before else pen.ANSWER} if text else None
    return page.field_piece(request, conversation, changed=False, focus=True, gone=gone)


@desk(Right.ANSWER)
@require_GET
def answers(request: Desk, number: int) -> HttpResponse:
    """List the saved answers, filled in for this person: fetched when the first is wanted."""
    conversation = page.wanted(request, number)
    return page.answers_piece(request, conversation)
