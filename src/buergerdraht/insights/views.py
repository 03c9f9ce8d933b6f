"""The start page: what is to be done, and how the week goes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right, may
from buergerdraht.insights import figures, todo

if TYPE_CHECKING:
    from buergerdraht.accounts.desk import DeskRequest


@require_safe
@desk(Right.READ)
def today(request: DeskRequest) -> HttpResponse:
    now = timezone.localtime()
    tasks = todo.tasks(request.organisation, request.membership)
    lines = todo.channel_lines(request.organisation)
    context = {
        "now": now,
        "greeting": greeting(now, request.operator.name),
        "summary": summary(len(tasks)),
        "tasks": tasks,
        "lines": lines,
        "begin": not lines and may(request.membership, Right.MANAGE),
        "week": figures.week(request.membership, now.date()),
        "planned": todo.planned(request.organisation),
        "at_work": todo.at_work(request.organisation, request.membership),
        "may_answer": may(request.membership, Right.ANSWER),
        "may_write": may(request.membership, Right.WRITE),
        "may_manage": may(request.membership, Right.MANAGE),
    }
    return render(request, "insights/today.html", context)


def greeting(now: datetime, name: str) -> str:
    words = (
        _("Guten Morgen, %(name)s")
        if 4 <= now.hour < 11
        else _("Guten Tag, %(name)s")
        if 11 <= now.hour < 18
        else _("Guten Abend, %(name)s")
    )
    return words % {"name": name}


def summary(number: int) -> str:
    if not number:
        return _("Gerade wartet nichts auf Sie.")
    return ngettext("Eine Aufgabe wartet auf Sie.", "%(n)d Aufgaben warten auf Sie.", number) % {"n": number}
