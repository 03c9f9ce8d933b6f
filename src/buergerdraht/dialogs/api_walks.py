"""How people walked through dialogs, for another system: how far, when, and for the right to read contacts also what they answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.paging import Moment, Number, Page, Paging, page
from buergerdraht.conversations import actions as conversations
from buergerdraht.conversations import care, sight
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs import sessions, walk_table
from buergerdraht.dialogs.models import Dialog, Session, Trace

router = Router(tags=["dialogs"])
State = Literal["running", "knocks", "held", "done", "left", "handed", "expired", "ended"]


class WalkShown(Schema):
    """A citizen's walk through a dialog. `step` is where it stands or stopped; `begun_by`: words, link, button, time, event, operator …"""

    id: int
    dialog: int
    version: int
    contact: int
    channel: int
    state: State
    step: str
    begun_by: str
    started_at: datetime
    changed_at: datetime


class AnswerShown(Schema):
    """What was answered or kept under a name. `masked`: something sensitive in it is hidden."""

    name: str
    title: str
    text: str
    masked: bool


class StepShown(Schema):
    """That something happened at a step: started, answered, misunderstood, handed, left, done, expired …"""

    step: str
    what: str
    at: datetime


class WalkOne(WalkShown):
    """`answers` is null where the token may not read contacts; empty also where the time to keep them is over."""

    steps: list[StepShown]
    answers: list[AnswerShown] | None


class WalksWanted(Paging):
    state: State | None = None
    contact: Number | None = None
    begun_since: Moment | None = None
    changed_since: Moment | None = Field(None, description="Begun, gone on or ended since.")


@router.get("/dialogs/{int:dialog}/walks", auth=needs("walks:read"), response=Page[WalkShown], operation_id="walks")
def walks(request: ApiRequest, dialog: Path[Number], wanted: Query[WalksWanted]) -> dict[str, Any]:
    """List the walks through a dialog that fit."""
    rows = _walks(request).filter(dialog=get_object_or_404(Dialog, organisation=request.organisation, pk=dialog))
    for name, way in (("state", "state"), ("contact", "contact"), ("begun_since", "started_at__gte"), ("changed_since", "changed_at__gte")):
        if (value := getattr(wanted, name)) is not None:
            rows = rows.filter(**{way: value})
    return page(request, rows.defer("walk", "pending"), wanted, lambda row: WalkShown(**_walk(row)))


@router.get("/dialogs/{int:dialog}/walks/{int:walk}", auth=needs("walks:read"), response=WalkOne, operation_id="walk")
def one(request: ApiRequest, dialog: Path[Number], walk: Path[Number]) -> WalkOne:
    """Show a walk, step by step. With the right to read contacts also its answers: the log notes that this token read the thread."""
    row = get_object_or_404(_walks(request), dialog=dialog, pk=walk)
    steps = [
        StepShown(step=each.step, what=each.what, at=each.at) for each in Trace.objects.filter(session=row).defer("text").order_by("pk")
    ]
    return WalkOne(**_walk(row), steps=steps, answers=_answers(request, row) if "contacts:read" in request.token.scopes else None)


def _walks(request: ApiRequest) -> QuerySet[Session]:
    """The walks of people whose thread a token may see."""
    rows = Session.objects.filter(organisation=request.organisation).select_related("version", "address")
    return rows.filter(sight.beside(request.organisation, list(request.token.teams.values_list("pk", flat=True))))


def _walk(row: Session) -> dict[str, Any]:
    return {
        "id": row.pk, "dialog": row.dialog_id, "version": row.version.number, "contact": row.contact_id,
        "channel": row.address.channel_id, "state": row.state, "step": row.step, "begun_by": row.begun_by,
        "started_at": row.started_at, "changed_at": row.changed_at,
    }  # fmt: skip


def _answers(request: ApiRequest, row: Session) -> list[AnswerShown]:
    if thread := Conversation.objects.filter(contact=row.contact_id).select_related("organisation").first():
        conversations.mark_read(thread, operator=request.operator, answers=False)
    walk = sessions.walk_of(row)
    titles = {name: title for name, title, _words in walk.shown}
    return [
        AnswerShown(name=name, title=titles.get(name, ""), text=text, masked=care.HIDDEN in text)
        for name, words in walk_table.answers(walk).items()
        for text in [care.mask(words)]
    ]
