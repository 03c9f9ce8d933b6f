"""What the inbox's views share: the thread somebody may see, its pieces, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.connectors.contract import Note
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import composing, forms, models, pen, reading, saved_answers, sight, words
from buergerdraht.conversations.models import Conversation, Message

# What rooms above put beside a thread: each answers with safe HTML, or nothing. They register in their `apps.py`, because this room
# knows none of them.
BESIDE: list[Callable[[Desk, Conversation], str]] = []


@dataclass(frozen=True, slots=True)
class Turn:
    """What a thread can turn into, e.g. a case: an entry of its menu."""

    title: str
    url: str
    icon: str = "case"


# Rooms above add what a thread can turn into. They register in their `apps.py`, because this room knows none of them.
TURNS: list[Callable[[Desk, Conversation], Turn | None]] = []


def wanted(request: Desk, number: int) -> Conversation:
    """Find a thread this operator may see; what they may not see is not there (404)."""
    rows = sight.conversations(request.membership).select_related(
        "organisation", "contact", "operator", "team", "topic", "last_address__channel"
    )
    return get_object_or_404(rows, pk=number)


def door(request: Desk, contact: Contact) -> str:
    """The address of a contact's thread, for whoever may see it."""
    found = sight.conversations(request.membership).filter(contact=contact).values_list("pk", flat=True).first()
    return address("thread", request, found) if found else ""


def number(value: object) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() else 0


def address(name: str, request: Desk, *args: int) -> str:
    return reverse(f"conversations:{name}", args=[request.organisation.slug, *args])


def head_context(request: Desk, conversation: Conversation) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "name": reading.name_of(conversation.contact, conversation.last_address),
        "may_answer": may(request.membership, Right.ANSWER),
        "locked_by": conversation.operator if conversation.operator_id not in {None, request.operator.pk} else None,
        "mine": conversation.operator_id == request.operator.pk,
        "colleagues": forms.colleagues(request.organisation),
        "teams": request.organisation.teams.all(),
        "may_see_readers": may_see_readers(request, conversation),
        "ways": conversation.contact.addresses.count,  # asked only where the menu is drawn
        "turns": [turn for each in TURNS if (turn := each(request, conversation))],
    }


def facts_context(request: Desk, conversation: Conversation) -> dict[str, Any]:
    """What stands beside the thread in short, and changes with its head."""
    contact = conversation.contact
    return {
        "languages": languages(request.organisation, contact), "language": words.language(contact.language),
        "may_contacts": may(request.membership, Right.CONTACTS), "labels": list(conversation.labels.all()),
    }  # fmt: skip


def may_see_readers(request: Desk, conversation: Conversation) -> bool:
    """The log of who read is for those who audit or manage, and for whoever is responsible for the thread."""
    mine = conversation.operator_id == request.operator.pk
    return mine or may(request.membership, Right.AUDIT) or may(request.membership, Right.MANAGE)


def thread_context(request: Desk, conversation: Conversation) -> dict[str, Any]:
    sought = conversation.messages.filter(pk=number(request.GET.get("nachricht"))).first() if "nachricht" in request.GET else None
    bubbles, more = reading.around(conversation, sought) if sought else reading.thread(conversation)
    beside = reading.beside(conversation, anonymous=models.Desk.of(request.organisation).works_council)
    return {
        **head_context(request, conversation), **facts_context(request, conversation), "bubbles": bubbles, "more": more, "beside": beside,
        "blocks": [block for each in BESIDE if (block := each(request, conversation))],
        "composer": composing.composer(conversation, request.operator),
    }  # fmt: skip


def languages(organisation: Organisation, contact: Contact) -> list[tuple[str, str]]:
    """The languages a person can be written to in: the organisation's, and the one they have."""
    codes = dict.fromkeys([*(organisation.languages or ["de"]), contact.language])
    return [(code, words.language(code)) for code in codes]


def field_piece(request: Desk, conversation: Conversation, *, changed: bool = True, focus: bool = False, **more: Any) -> HttpResponse:
    """Draw the reply field anew; with `changed` the page also fetches the new bubbles, the head and the list.

    With `focus` one goes on writing. `filled` is what stands in it,
    `said` a line for those who listen, `gone` a draft that can be brought back.
    """
    if not request.headers.get("HX-Request"):
        return redirect(address("thread", request, conversation.pk))
    fresh = wanted(request, conversation.pk)
    way = number(request.GET.get("adresse")) or None
    composer = composing.composer(fresh, request.operator, way, more.pop("filled", None))
    response = render(request, "conversations/_composer.html", head_context(request, fresh) | {"composer": composer} | more)
    if focus:
        response["HX-Trigger-After-Swap"] = "feld-schreiben"
    if changed:
        response["HX-Trigger"] = "unterhaltung-neu"
    return response


def pen_piece(request: Desk, conversation: Conversation) -> HttpResponse:
    """Draw the line above the field: who writes, and whose draft there is."""
    context = {"pen": pen.look(conversation, request.operator), "conversation": conversation, **_lock(request, conversation)}
    return render(request, "conversations/_pen.html", context)


def answers_piece(request: Desk, conversation: Conversation) -> HttpResponse:
    offered = saved_answers.offered(conversation, request.membership)
    return render(request, "conversations/_answers.html", {"answers": offered, "conversation": conversation})


def _lock(request: Desk, conversation: Conversation) -> dict[str, Any]:
    return {"locked_by": conversation.operator if conversation.operator_id not in {None, request.operator.pk} else None}


def bubble_piece(request: Desk, conversation: Conversation, number: int) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect(address("thread", request, conversation.pk))
    found = [bubble] if (bubble := reading.bubble(conversation, number)) else []
    return render(request, "conversations/_bubbles.html", head_context(request, conversation) | {"bubbles": found})


def news(request: Desk, conversation: Conversation, messages: Sequence[Message]) -> HttpResponse:
    """Say that the citizen wrote meanwhile, with their words; the reply stays in the field and may be sent all the same."""
    bubbles = reading.bubbles(conversation, list(messages))
    form = "vorlagenform" if "vorlage" in request.POST else "antwortform"
    context = {"bubbles": bubbles, "newest": max(each.pk for each in messages), "form": form}
    response = render(request, "conversations/_news.html", head_context(request, conversation) | context, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#antwort-fehler", "innerHTML"
    response["HX-Trigger"] = "unterhaltung-neu"
    return response


def refused(request: HttpRequest, sentences: list[str], *, anew: bool = False) -> HttpResponse:
    """Say beside the field why nothing was sent; what was typed stays. `anew`: sent again, it is another reply."""
    response = render(request, "conversations/_problem.html", {"sentences": sentences, "anew": uuid4() if anew else None}, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#antwort-fehler", "innerHTML"
    return response


def spoken(note: Note) -> str:
    return _(note.text).format(**note.values)


def sentences(reason: str) -> list[str]:
    why = REASONS.get(reason, REASONS["unknown"])
    return [f"{_(why.title)}. {_(why.advice)}"]
