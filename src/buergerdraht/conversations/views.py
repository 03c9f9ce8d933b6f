"""The inbox to look at: list and thread. Every query is bounded by the organisation and by what the operator may see."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right, may
from buergerdraht.conversations import actions, forms, listing, page, reading
from buergerdraht.conversations.models import Conversation, Message, SavedView

TABS = 3  # views shown as tabs; the others in a menu beside them


@desk(Right.READ)
def inbox(request: Desk) -> HttpResponse:
    return render(request, "conversations/inbox.html", _list(request))


@desk(Right.READ)
@require_POST
def list_rows(request: Desk) -> HttpResponse:
    return render(request, "conversations/_list.html", _list(request))


@desk(Right.READ)
@require_GET
def next_waiting(request: Desk) -> HttpResponse:
    after = request.GET.get("nach", "")
    found = listing.next_waiting(request.membership, int(after) if after.isdecimal() else None)
    return redirect(page.address("thread", request, found.pk) if found else page.address("inbox", request))


@desk(Right.READ)
@require_GET
def thread(request: Desk, number: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    actions.mark_read(conversation, operator=request.operator, answers=may(request.membership, Right.ANSWER))
    context = page.thread_context(request, conversation)
    if request.headers.get("HX-Target") == "unterhaltung":
        return render(request, "conversations/_conversation.html", context)
    return render(request, "conversations/inbox.html", _list(request, opened=conversation) | context)


@desk(Right.READ)
@require_GET
def head(request: Desk, number: int) -> HttpResponse:
    """Draw what stands above the thread, and beside it in short."""
    conversation = page.wanted(request, number)
    context = page.head_context(request, conversation) | page.facts_context(request, conversation)
    return render(request, "conversations/_head_and_facts.html", context)


@desk(Right.READ)
@require_GET
def messages(request: Desk, number: int) -> HttpResponse:
    """Answer with earlier bubbles (`vor`), with those that came since (`nach`), or, after a gap, with all from one on (`ab`)."""
    conversation = page.wanted(request, number)
    after, first = request.GET.get("nach", ""), request.GET.get("ab", "")
    if after.isdecimal() or first.isdecimal():
        if request.GET.get("sichtbar"):  # the page is before somebody's eyes
            actions.mark_read(conversation, operator=request.operator, answers=may(request.membership, Right.ANSWER))
        return render(
            request,
            "conversations/_bubbles.html",
            page.head_context(request, conversation)
            | {"bubbles": reading.since(conversation, int(after)) if after.isdecimal() else reading.on(conversation, int(first))},
        )
    before = get_object_or_404(Message, conversation=conversation, pk=page.number(request.GET.get("vor")))
    bubbles, more = reading.thread(conversation, before=before)
    return render(request, "conversations/_earlier.html", page.head_context(request, conversation) | {"bubbles": bubbles, "more": more})


@desk(Right.READ)
@require_GET
def message(request: Desk, number: int, message: int) -> HttpResponse:
    conversation = page.wanted(request, number)
    found = reading.bubble(conversation, message)
    if found is None:
        raise Http404
    return render(request, "conversations/_bubbles.html", page.head_context(request, conversation) | {"bubbles": [found]})


@desk(Right.READ)
@require_POST
def save_view(request: Desk) -> HttpResponse:
    """Keep the filter under a name; an earlier one of that name is replaced. What was searched for is not kept."""
    form, named = forms.FilterForm(request.organisation, request.POST), forms.ViewForm(request.POST)
    if not named.is_valid():
        return redirect(page.address("inbox", request))
    view, _new = SavedView.objects.update_or_create(
        organisation=request.organisation, operator=request.operator, name=named.cleaned_data["name"], defaults={"wish": form.wish()}
    )
    return redirect(f"{page.address('inbox', request)}?sicht={view.pk}")


@desk(Right.READ)
@require_POST
def delete_view(request: Desk, view: int) -> HttpResponse:
    get_object_or_404(SavedView, organisation=request.organisation, operator=request.operator, pk=view).delete()
    return redirect(page.address("inbox", request))


def _list(request: Desk, opened: Conversation | None = None) -> dict[str, Any]:
    """What the list needs; a view saved under a name is a filter as if it were chosen by hand."""
    views = list(SavedView.objects.filter(organisation=request.organisation, operator=request.operator))
    saved = next((view for view in views if view.pk == page.number(request.GET.get("sicht"))), None)
    sent = request.POST if request.method == "POST" else saved.wish if saved else request.GET
    form = forms.FilterForm(request.organisation, sent)
    counts = listing.counts(request.membership)
    asked = form.asked(listing.MINE if counts[listing.MINE] else listing.NEW if counts[listing.NEW] else listing.ALL)
    data = form.cleaned_data
    offset = data.get("ab") or 0
    rows, more = listing.rows(request.membership, asked, offset, max(data.get("bis") or 0, listing.PAGE))
    tabs = [(view, title, counts.get(view)) for view, title in _views(request)]
    return {
        "form": form, "asked": asked, "counts": counts, "rows": rows, "more": offset + len(rows) if more else None, "offset": offset,
        "opened": opened.pk if opened else data.get("offen"), "views": views, "saved": saved, "told": asked.for_page(request.membership),
        "tabs": tabs[:TABS], "further": tabs[TABS:], "active_filters": asked.filters,
        "further_title": saved.name if saved else next((title for view, title, _count in tabs[TABS:] if view == asked.view), ""),
    }  # fmt: skip


def _views(request: Desk) -> list[tuple[str, str]]:
    titles = {
        listing.MINE: _("Meine"), listing.NEW: _("Neu"), listing.ALL: _("Alle"), listing.TEAM: _("Meine Teams"),
        listing.WAITING: _("Wartet auf Antwort"), listing.SNOOZED: _("Zurückgestellt"), listing.ASIDE: _("Beiseitegelegt"),
        listing.DONE: _("Erledigt"),
    }  # fmt: skip
    return [(view, titles[view]) for view in listing.VIEWS]
