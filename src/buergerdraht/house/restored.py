"""After a restore: hold the broadcasts that may have gone out already, so that people decide about them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Now

from buergerdraht.broadcasts import actions
from buergerdraht.broadcasts.models import Broadcast

State = Broadcast.State


def hold_broadcasts() -> list[Broadcast]:
    """Pause what was being sent, and take back to a draft what was due: the lost database may have sent it. Returns them."""
    held = []
    due = Q(state=State.APPROVED) & (Q(scheduled_at=None) | Q(scheduled_at__lte=Now()))
    for broadcast in Broadcast.objects.filter(Q(state=State.SENDING) | due).order_by("id"):
        try:
            hold = actions.pause if broadcast.state == State.SENDING else actions.rework
            held.append(hold(broadcast, operator=None))
        except ValidationError:  # a worker was faster: it is being sent by now, or through
            held.extend(_paused(broadcast))
    return held


def _paused(broadcast: Broadcast) -> list[Broadcast]:
    try:
        return [actions.pause(broadcast, operator=None)]
    except ValidationError:
        return []
