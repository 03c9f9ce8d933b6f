"""A citizen's walk beside their thread: all answers, take over, step back in, begin anew, end."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right, may
from buergerdraht.conversations import appointed, holding, page, sight
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs import people, sessions
from buergerdraht.dialogs.models import Dialog, Session

State = Session.State
TONES = {"running": "info", "knocks": "info", "held": "warning", "handed": "warning", "done": "success"}
WORDS = {
    State.RUNNING: gettext_lazy("läuft"), State.KNOCKS: gettext_lazy("Vorlage gesendet"),
    State.HELD: gettext_lazy("angehalten"), State.DONE: gettext_lazy("zu Ende gegangen"), State.LEFT: gettext_lazy("verlassen"),
    State.HANDED: gettext_lazy("übergeben"), State.EXPIRED: gettext_lazy("abgelaufen"), State.ENDED: gettext_lazy("beendet"),
}  # fmt: skip

VERBS = {"weiter": people.resume, "neu": people.restart, "beenden": people.end}


def beside(request: Desk, conversation: Conversation) -> str:
    """The block beside a thread: the newest walk with its answers, and what can be done with it."""
    rows = Session.objects.filter(contact=conversation.contact_id, organisation=request.organisation).select_related("dialog", "version")
    session = rows.order_by("-started_at", "-pk").first()
    live = Dialog.objects.filter(organisation=request.organisation, archived_at=None).exclude(live=None)
    may_answer = may(request.membership, Right.ANSWER)
    if session is None and not (may_answer and live.exists()):
        return ""
    shown = sessions.walk_of(session).shown if session else []
    return render_to_string("dialogs/_beside.html", {
        "conversation": conversation, "session": session, "may_answer": may_answer, "live": live,
        "answers": [(title or name, words) for name, title, words in shown],
        "tone": TONES.get(session.state, "plain") if session else "", "word": WORDS[State(session.state)] if session else "",
    }, request=request)  # fmt: skip


@desk(Right.READ)
@require_safe
def piece(request: Desk, number: int) -> HttpResponse:
    """Draw the block anew, because something was said."""
    return HttpResponse(beside(request, page.wanted(request, number)))


@desk(Right.ANSWER)
@require_POST
def act(request: Desk, number: int, verb: str) -> HttpResponse:
    """Take over, step back in, begin anew or end."""
    session = get_object_or_404(Session.objects.select_related("contact", "dialog"), pk=number, organisation=request.organisation)
    conversation = sight.conversations(request.membership).filter(contact=session.contact_id).first()
    if conversation is None:
        raise Http404
    if verb == "uebernehmen":
        people.hold(session, operator=request.operator)
        appointed.bring(session.contact)
        holding.assign(conversation, by=request.operator, operator=request.operator)
    elif verb in VERBS:
        VERBS[verb](session, operator=request.operator)
    else:
        raise Http404
    return redirect(page.address("thread", request, conversation.pk))


@desk(Right.ANSWER)
@require_POST
def begin(request: Desk, number: int) -> HttpResponse:
    """Begin a dialog with somebody, from their thread."""
    conversation = page.wanted(request, number)
    dialog = get_object_or_404(
        Dialog.objects.select_related("live", "organisation").exclude(live=None),
        organisation=request.organisation, archived_at=None, pk=page.number(request.POST.get("dialog")),
    )  # fmt: skip
    if conversation.last_address_id:
        people.begin_by(dialog, conversation, operator=request.operator)
    return redirect(page.address("thread", request, conversation.pk))
