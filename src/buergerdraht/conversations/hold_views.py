"""Who holds a thread, and what becomes of it: take, assign, close, open again, put off, and a step back.

What asks something first is a piece in the dialog of the page; its address shows it on a page of its own, too.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.models import Operator
from buergerdraht.accounts.rights import Right
from buergerdraht.conversations import confidential, forms, hold_forms, holding, page, sight
from buergerdraht.conversations.models import Conversation, Message

# ── At once ───────────────────────────────────────────────────────────────


@desk(Right.ANSWER)
@require_POST
def take(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    line = holding.assign(conversation, by=request.operator, operator=request.operator)
    return done(request, conversation, _("Die Unterhaltung ist bei Ihnen."), line, field=True)


@desk(Right.ANSWER)
@require_POST
def assign(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    form = forms.AssignForm(request.organisation, request.POST)
    if not form.is_valid():
        return page.refused(request, [str(problem) for problem in form.errors.get("an", [])])
    to = form.cleaned_data["an"]
    try:
        if isinstance(to, Operator) or to is None:
            line = holding.assign(conversation, by=request.operator, operator=to, include=included(request))
        else:
            line = holding.assign(conversation, by=request.operator, team=to)
    except confidential.Unseen as unseen:
        return ask_to_include(request, unseen.people, conversation=conversation)
    said = _("Übergeben an %(name)s.") % {"name": to.name} if to else _("Für alle freigegeben.")
    return done(request, conversation, said, line, field=True)


@desk(Right.ANSWER)
@require_POST
def close(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    line = holding.close(conversation, operator=request.operator)
    return done(request, conversation, _("Erledigt."), line, field=True)


@desk(Right.ANSWER)
@require_POST
def reopen(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    line = holding.reopen(conversation, operator=request.operator)
    return done(request, conversation, _("Wieder geöffnet."), line, field=True)


@desk(Right.ANSWER)
@require_POST
def wake(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    line = holding.wake(conversation, operator=request.operator)
    return done(request, conversation, _("Wieder vorgelegt."), line)


@desk(Right.ANSWER)
@require_POST
def step_back(request: Desk, number: int, message: int) -> HttpResponse:
    """Take back what this operator just did to a thread, by its line."""
    conversation = page.wanted(request, number)
    try:
        holding.undo(conversation, message, operator=request.operator)
    except ValidationError as problem:
        return too_late(request, conversation, problem)
    return done(request, conversation, _("Zurückgenommen."), field=True)


@desk(Right.ANSWER)
@require_POST
def remove_note(request: Desk, number: int, message: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    found = get_object_or_404(Message, conversation=conversation, pk=message)
    try:
        holding.remove_note(found, operator=request.operator)
    except ValidationError as problem:
        return too_late(request, conversation, problem)
    return done(request, conversation, _("Notiz gelöscht."))


# ── After a question ──────────────────────────────────────────────────────


@desk(Right.ANSWER)
@require_http_methods(["GET", "POST"])
def snooze(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    form = hold_forms.SnoozeForm(request.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        line = holding.snooze(conversation, form.until(), operator=request.operator)
        return done(request, conversation, _("Zurückgestellt. Schreibt die Person vorher, ist die Unterhaltung gleich wieder da."), line)
    return dialog(request, conversation, "snooze", form=form)


@desk(Right.ANSWER)
@require_http_methods(["GET", "POST"])
def labels(request: Desk, number: int) -> HttpResponse:
    """Choose labels; the name of a new one makes it and puts it on."""
    conversation = page.wanted(request, number)
    form = hold_forms.LabelsForm(request.organisation, request.POST or None, initial={"etikett": conversation.labels.all()})
    if request.method == "POST" and form.is_valid():
        chosen = list(form.cleaned_data["etikett"])
        if name := form.cleaned_data["neu"]:
            tone = form.cleaned_data["farbe"] or "plain"
            chosen.append(holding.create_label(request.organisation, name, tone, operator=request.operator))
        line = holding.label(conversation, chosen, operator=request.operator)
        return done(request, conversation, _("Etiketten gespeichert."), line)
    return dialog(request, conversation, "labels", form=form)


@desk(Right.ANSWER)
@require_http_methods(["GET", "POST"])
def topic(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    form = hold_forms.TopicForm(request.organisation, request.POST or None, initial={"thema": conversation.topic_id})
    if request.method == "POST" and form.is_valid():
        line = holding.set_topic(conversation, form.cleaned_data["thema"], operator=request.operator)
        return done(request, conversation, _("Thema gespeichert."), line)
    return dialog(request, conversation, "topic", form=form)


@desk(Right.ANSWER)
@require_http_methods(["GET", "POST"])
def escalate(request: Desk, number: int) -> HttpResponse:
    """Ask another team for help, with a word why."""
    conversation = page.wanted(request, number)
    usual = holding.escalates_to(conversation)
    form = hold_forms.EscalateForm(conversation, request.POST or None, initial={"team": usual})
    if request.method == "POST" and form.is_valid():
        try:
            holding.escalate(conversation, form.cleaned_data["warum"], by=request.operator, team=form.cleaned_data["team"])
        except ValidationError as problem:
            form.add_error(None, problem)
        else:
            said = _("Das Team %(name)s weiß Bescheid.") % {"name": form.cleaned_data["team"].name}
            return done(request, conversation, said, field=True)
    return dialog(request, conversation, "escalate", form=form)


# ── What the views share ──────────────────────────────────────────────────


def included(request: Desk) -> list[int]:
    """Whom somebody named after being asked."""
    return [int(value) for value in request.POST.getlist("einbeziehen") if value.isdecimal()]


def ask_to_include(request: Desk, people: Collection[Operator], *, conversation: Conversation | None = None) -> HttpResponse:
    """Ask whether people who may not see the thread shall be named for it; then the note, or with a thread its handing over, goes on."""
    context = {"people": people, "names": ", ".join(each.name for each in people), "handed": conversation, "to": request.POST.get("an")}
    response = render(request, "conversations/_hold_include.html", context, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#antwort-fehler", "innerHTML"
    return response


def dialog(request: Desk, conversation: Conversation, name: str, **more: Any) -> HttpResponse:
    """Draw what is asked: into the page's dialog, or as a page where there is none."""
    form = more.get("form")
    context = page.head_context(request, conversation) | {"piece": f"conversations/_hold_{name}.html"} | more
    status = 422 if form is not None and form.is_bound and not form.is_valid() else 200
    template = context["piece"] if request.headers.get("HX-Request") else "conversations/hold.html"
    return render(request, template, context, status=status)


def done(request: Desk, conversation: Conversation, said: str, line: Message | None = None, *, field: bool = False) -> HttpResponse:
    """Say what was done, with a way back where there is one; with `field` the reply field is drawn anew.

    Whoever may not see the thread any more, because it went to another team, is back at the list.
    """
    away = not sight.conversations(request.membership).filter(pk=conversation.pk).exists()
    if not request.headers.get("HX-Request"):
        return redirect(page.address("inbox", request) if away else page.address("thread", request, conversation.pk))
    if away:
        return elsewhere(page.address("inbox", request))
    response = page.field_piece(request, conversation) if field else HttpResponse()
    undoable = line if line and line.data.get("undo") else None
    context = {"said": said, "line": undoable, "conversation": conversation, "tone": "is-ok"}
    response.write(render_to_string("conversations/_hold_toast.html", context, request))
    if not field:
        response["HX-Reswap"] = "none"
    response["HX-Trigger"] = "unterhaltung-neu, vorgang-fertig"
    return response


def too_late(request: Desk, conversation: Conversation, problem: ValidationError) -> HttpResponse:
    """Say why something cannot be done any more; the page fetches what is so now."""
    if not request.headers.get("HX-Request"):
        messages.warning(request, problem.messages[0])
        return redirect(page.address("thread", request, conversation.pk))
    context = {"said": problem.messages[0], "conversation": conversation, "tone": "is-warn"}
    response = render(request, "conversations/_hold_toast.html", context)
    response["HX-Reswap"], response["HX-Trigger"] = "none", "unterhaltung-neu, vorgang-fertig"
    return response


def elsewhere(address: str) -> HttpResponse:
    """Let the page go to an address: what it shows is not there any more."""
    response = HttpResponse()
    response["HX-Redirect"] = address
    return response
