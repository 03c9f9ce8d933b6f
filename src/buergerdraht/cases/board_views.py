"""The board of cases: a column for each state, and moving a card from one to another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Membership
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import actions, listing, sight, states
from buergerdraht.cases.list_forms import FilterForm, MoveForm
from buergerdraht.cases.models import Case

COLUMNS = (*Case.OPEN, Case.State.DONE)
MOST, MOST_COUNTED = 30, 200  # cards of a column: nobody reads more, and drawing them takes the time; and counted
RECENT = timedelta(days=14)  # what was done longer ago is in the list


@dataclass(frozen=True)
class Column:
    state: str
    title: str
    rows: list[listing.Row]
    number: int
    query: str  # of the list that holds them all

    @property
    def counted(self) -> str:
        return listing.counted(self.number, MOST_COUNTED)

    @property
    def more(self) -> bool:
        return self.number > len(self.rows)


def columns(membership: Membership, asked: listing.Asked, now: datetime) -> list[Column]:
    """Each state with its first cards: what is due first, and of the finished the newest."""
    found = []
    for state in COLUMNS:
        one = replace(asked, stand=state)
        rows = listing.chosen(membership, one, now)
        order = listing.CHANGED if state == Case.State.DONE else listing.DEADLINE
        rows = rows.filter(state=state)  # a number that was searched for is found in any state
        if state == Case.State.DONE:
            rows = rows.filter(done_at__gte=now - RECENT)
        cards, more = listing.rows(rows, order, MOST, now)
        number = listing.count(rows, MOST_COUNTED) if more else len(cards)
        found.append(Column(state, str(states.TITLES[state]), cards, number, replace(one, sortierung=order).query))
    return found


@require_safe
@desk(Right.READ)
def board(request: DeskRequest) -> HttpResponse:
    """Show the board of the cases that fit the filters; the state is what the columns are."""
    given = {name: value for name, value in request.GET.dict().items() if name not in {"stand", "sortierung"}}
    form = FilterForm(request.membership, given)
    valid = form.is_valid()
    query = form.asked.query
    context: dict[str, Any] = {
        "form": form, "columns": columns(request.membership, form.asked, timezone.now()) if valid else [], "query": query,
        "here": _board(request, query), "board": True, "may_work": request.may(Right.ANSWER),
        "filtered": form.asked.filtered, "days": RECENT.days,
    }  # fmt: skip
    piece = request.headers.get("HX-Target") == "tafel"
    answer = render(request, "cases/_board.html" if piece else "cases/board.html", context, status=200 if valid or piece else 422)
    if piece:
        answer["HX-Replace-Url"] = context["here"]
    answer["Vary"] = "HX-Target, Cookie, Accept-Language"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.ANSWER)
def move(request: DeskRequest, number: str) -> HttpResponse:
    """Ask for the words to citizens, then bring a case into another state."""
    rows = sight.cases(request.membership).select_related("category")
    case = get_object_or_404(rows, number=number)
    asked = request.POST if request.method == "POST" else request.GET
    query = FilterForm(request.membership, QueryDict(asked.get("query", "")[:1_000]).dict()).asked.query
    form = MoveForm(case, request.POST if request.method == "POST" else None, initial={"nach": request.GET.get("nach", ""), "sagen": True})
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            actions.move(case, values["nach"], operator=request.operator, words=values["worte"].strip(), tell=values["sagen"])
        except actions.NotNow as reason:
            form.add_error("nach", str(reason))
        else:
            messages.success(request, _("%(number)s: %(state)s.") % {"number": case.number, "state": states.TITLES[values["nach"]]})
            return redirect(_board(request, query))
    context: dict[str, Any] = {
        "form": form, "case": case, "row": listing.drawn([case], timezone.now())[0], "query": query, "back": _board(request, query),
    }  # fmt: skip
    template = "cases/_move.html" if request.headers.get("HX-Request") else "cases/move.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def _board(request: DeskRequest, query: str) -> str:
    here = reverse("cases:board", args=[request.organisation.slug])
    return f"{here}?{query}" if query else here
