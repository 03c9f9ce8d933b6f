"""A page says that somebody is here, and what they look at; they say whether they take new work."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.conversations import page, presence, sight


@desk(Right.READ)
@require_POST
def beat(request: Desk) -> HttpResponse:
    """Note who is here; answer with who else looks at the same thread."""
    wanted = page.number(request.POST.get("unterhaltung"))
    conversation = sight.conversations(request.membership).filter(pk=wanted).first() if wanted else None
    presence.beat(request.membership, conversation)
    watching = presence.watching(conversation, request.membership) if conversation else []
    return render(request, "conversations/_presence.html", {"watching": watching})


@desk(Right.ANSWER)
@require_POST
def rest(request: Desk) -> HttpResponse:
    """Take no new work for a while, or take it again."""
    presence.rest(request.membership, request.POST.get("pause") == "1")
    return render(request, "conversations/_rest.html", {"away": presence.is_away(request.membership)})
