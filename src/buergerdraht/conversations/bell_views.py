"""The bell: what an operator was told and has not looked at yet. Each line leads to its thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from buergerdraht.accounts.desk import DeskRequest as Desk
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.conversations import notices, reading
from buergerdraht.conversations.models import Notice
from buergerdraht.gateway import live

SHOWN = 30
Kind = Notice.Kind
ICONS = {Kind.MENTION: "note", Kind.ASSIGNED: "swap", Kind.MESSAGE: "inbox", Kind.DUE: "clock", Kind.URGENT: "warning", Kind.TAKEN: "lock"}


@dataclass(frozen=True)
class Line:
    """A notice as the bell shows it."""

    notice: Notice
    name: str
    words: str
    icon: str

    @property
    def urgent(self) -> bool:
        return self.notice.kind == Kind.URGENT


def number(request: Any) -> tuple[int, str]:
    """How much is in the bell when a page is drawn."""
    if not request.may(Right.READ):
        return 0, ""
    found = notices.unseen(request.membership).count()
    return found, ngettext("%(n)s neuer Hinweis", "%(n)s neue Hinweise", found) % {"n": found}


@desk(Right.READ)
@require_GET
def bell(request: Desk) -> HttpResponse:
    return _piece(request)


@desk(Right.READ)
@require_POST
def all_seen(request: Desk) -> HttpResponse:
    """Mark everything as looked at that this operator may see; their other pages count anew."""
    changed = Notice.objects.filter(pk__in=notices.unseen(request.membership).values("pk")).update(seen_at=timezone.now())
    if changed:
        live.tell(request.organisation.pk, "notice", only=[request.operator.pk])
    return _piece(request)


def _piece(request: Desk) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("conversations:inbox", request.organisation.slug)
    found = notices.unseen(request.membership)
    rows = found.select_related("by", "conversation__contact", "conversation__last_address")[: SHOWN + 1]
    lines = [_line(notice) for notice in rows]
    count = len(lines) if len(lines) <= SHOWN else found.count()
    return render(request, "conversations/bell/_notices.html", {"lines": lines[:SHOWN], "count": count, "more": count - len(lines[:SHOWN])})


def _line(notice: Notice) -> Line:
    name = reading.name_of(notice.conversation.contact, notice.conversation.last_address)
    return Line(notice, name, sentence(notice), ICONS[Kind(notice.kind)])


def sentence(notice: Notice) -> str:
    """Say what happened, and who did it where somebody did."""
    by = notice.by.name if notice.by else ""
    words = {
        Kind.MENTION: _("%(by)s hat Sie in einer Notiz erwähnt") if by else _("Sie wurden in einer Notiz erwähnt"),
        Kind.ASSIGNED: _("%(by)s hat Ihnen die Unterhaltung zugewiesen") if by else _("Die Unterhaltung wurde Ihnen zugewiesen"),
        Kind.MESSAGE: _("Neue Nachricht"),
        Kind.DUE: _("Die Antwort wird bald fällig"),
        Kind.URGENT: _("Klingt nach einem Notfall"),
        Kind.TAKEN: _("%(by)s hat Ihre begonnene Antwort übernommen") if by else _("Ihre begonnene Antwort wurde übernommen"),
    }
    return words[Kind(notice.kind)] % {"by": by}
