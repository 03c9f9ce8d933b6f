"""Which state of a case follows which, and what each means: one table."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from buergerdraht.cases.models import Case

State = Case.State

FOLLOWS: dict[str, frozenset[str]] = {
    State.RECEIVED: frozenset({State.CONFIRMED, State.PROGRESS, State.WAITING, State.DONE, State.REJECTED, State.DUPLICATE}),
    State.CONFIRMED: frozenset({State.PROGRESS, State.WAITING, State.DONE, State.REJECTED, State.DUPLICATE}),
    State.PROGRESS: frozenset({State.WAITING, State.DONE, State.REJECTED, State.DUPLICATE}),
    State.WAITING: frozenset({State.PROGRESS, State.DONE, State.REJECTED, State.DUPLICATE}),
    State.DONE: frozenset({State.PROGRESS}),
    State.REJECTED: frozenset({State.PROGRESS}),
    State.DUPLICATE: frozenset({State.PROGRESS}),
}
TITLES: dict[str, Promise] = {
    State.RECEIVED: _("Eingegangen"),
    State.CONFIRMED: _("Bestätigt"),
    State.PROGRESS: _("In Arbeit"),
    State.WAITING: _("Wartet"),
    State.DONE: _("Erledigt"),
    State.REJECTED: _("Abgelehnt"),
    State.DUPLICATE: _("Doppelt"),
}
TONES: dict[str, str] = {
    State.RECEIVED: "info",
    State.CONFIRMED: "info",
    State.PROGRESS: "warning",
    State.WAITING: "warning",
    State.DONE: "success",
    State.REJECTED: "danger",
    State.DUPLICATE: "info",
}


def may_follow(now: str, then: str) -> bool:
    return then in FOLLOWS[now]
