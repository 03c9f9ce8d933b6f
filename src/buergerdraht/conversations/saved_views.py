"""The settings page of saved answers: everybody's by those who manage, a team's by those who answer in it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right, may
from buergerdraht.connectors import markdown
from buergerdraht.conversations import forms, page, saved_answers
from buergerdraht.conversations.models import SavedAnswer


@desk(Right.READ)
def answers(request: Desk) -> HttpResponse:
    """List what is saved, and what one may change of it."""
    _allowed(request)
    rows = SavedAnswer.objects.filter(organisation=request.organisation).select_related("team").order_by("team__name", "title")
    mine = set(saved_answers.changeable(request.membership).values_list("pk", flat=True))
    teams = saved_answers.teams(request.membership)
    context = {"tab": "answers", "answers": rows, "mine": mine, "may_add": bool(teams) or may(request.membership, Right.MANAGE)}
    return render(request, "conversations/desk/answers.html", context)


@desk(Right.READ)
def edit(request: Desk, answer: int | None = None) -> HttpResponse:
    """Write a saved answer, new or again."""
    _allowed(request)
    found = get_object_or_404(saved_answers.changeable(request.membership), pk=answer) if answer else SavedAnswer()
    if request.method == "POST":
        form = forms.SavedAnswerForm(request.membership, request.POST, instance=found)
        if form.is_valid():
            saved_answers.save(form.instance, request.membership)
            return redirect(page.address("saved_answers", request))
    else:
        form = forms.SavedAnswerForm(request.membership, instance=found)
    context = {"form": form, "answer": found, "shown": _shown(request, found.texts), "placeholders": saved_answers.PLACEHOLDERS}
    context["tab"] = "answers"
    return render(request, "conversations/desk/answer.html", context, status=422 if form.errors else 200)


@desk(Right.READ)
@require_POST
def preview(request: Desk) -> HttpResponse:
    """Show how the texts typed will read for a person that does not exist."""
    _allowed(request)
    texts = {name.removeprefix("text_"): str(text)[:4_000] for name, text in request.POST.items() if name.startswith("text_")}
    return render(request, "conversations/desk/_answer_preview.html", {"shown": _shown(request, texts)})


@desk(Right.READ)
@require_POST
def delete(request: Desk, answer: int) -> HttpResponse:
    _allowed(request)
    found = get_object_or_404(saved_answers.changeable(request.membership), pk=answer)
    saved_answers.delete(found, request.membership)
    return redirect(page.address("saved_answers", request))


def _allowed(request: Desk) -> None:
    if not may(request.membership, Right.ANSWER) and not may(request.membership, Right.MANAGE):
        raise PermissionDenied


def _shown(request: Desk, texts: dict[str, str]) -> list[dict[str, Any]]:
    found = []
    for code in request.organisation.languages or ["de"]:
        if text := texts.get(code, "").strip():
            values = saved_answers.example(request.organisation, request.operator, code)
            found.append({"code": code, "html": markdown.safe_html(markdown.read(saved_answers.fill(text, values)))})
    return found
