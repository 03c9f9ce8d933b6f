"""The mayor's hours and who waits for them, for another system: by the contact's number, never with a name.

What guests ask beforehand are messages of their threads: reading them takes the right to read threads, and is logged as such.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.paging import Moment, Number, Page, Paging, page
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.conversations import actions as conversations
from buergerdraht.conversations import care, sight
from buergerdraht.conversations.models import Message

router = Router(tags=["consultations"])
State = Literal["planned", "running", "over", "cancelled"]
GuestState = Literal["waiting", "talking", "done", "left", "missed", "called_off"]
UNFINISHED = (Guest.State.SIGNING, Guest.State.LAPSED)


# ── Hours ─────────────────────────────────────────────────────────────────


class ConsultationShown(Schema):
    """An hour at which somebody answers personally. `waiting` and `talking` count whom the token may see; `figures` come at the end."""

    id: int
    title: str
    host: str
    team: int | None
    topic: int | None
    begins_at: datetime
    ends_at: datetime
    places: int | None
    weekly: bool
    state: State
    begun_at: datetime | None
    ended_at: datetime | None
    waiting: int
    talking: int
    figures: dict[str, int]


class ConsultationsWanted(Paging):
    state: State | None = None
    team: Number | None = None
    begins_since: Moment | None = Field(None, description="Begins then or later.")
    begins_before: Moment | None = None


@router.get("/consultations", auth=needs("consultations:read"), response=Page[ConsultationShown], operation_id="consultations")
def listing(request: ApiRequest, wanted: Query[ConsultationsWanted]) -> dict[str, Any]:
    """List the hours that fit. Drafts are nobody's business yet."""
    rows = _consultations(request)
    for name, way in (("state", "state"), ("team", "team"), ("begins_since", "begins_at__gte"), ("begins_before", "begins_at__lt")):
        if (value := getattr(wanted, name)) is not None:
            rows = rows.filter(**{way: value})
    return page(request, rows, wanted, _consultation)


@router.get("/consultations/{int:consultation}", auth=needs("consultations:read"), response=ConsultationShown, operation_id="consultation")
def one(request: ApiRequest, consultation: Path[Number]) -> ConsultationShown:
    """Show an hour."""
    return _consultation(get_object_or_404(_consultations(request), pk=consultation))


def _consultations(request: ApiRequest) -> QuerySet[Consultation]:
    seen = Q(guests__in=_guests(request).values("pk"))
    counts = {state: Count("guests", filter=seen & Q(guests__state=state)) for state in (Guest.State.WAITING, Guest.State.TALKING)}
    rows = Consultation.objects.filter(organisation=request.organisation).exclude(state=Consultation.State.DRAFT)
    return rows.annotate(**{f"number_{state}": count for state, count in counts.items()})


def _consultation(row: Consultation) -> ConsultationShown:
    return ConsultationShown(
        id=row.pk, title=row.title, host=row.host, team=row.team_id, topic=row.topic_id, begins_at=row.begins_at, ends_at=row.ends_at,
        places=row.places, weekly=row.weekly, state=row.state, begun_at=row.begun_at, ended_at=row.ended_at,  # type: ignore[arg-type]
        waiting=row.number_waiting, talking=row.number_talking, figures=row.figures,  # type: ignore[attr-defined]
    )  # fmt: skip


# ── Guests ────────────────────────────────────────────────────────────────


class GuestShown(Schema):
    """Somebody in the queue. `place` and then `number` say their order; what they were answered stands in `conversation`."""

    id: int
    contact: int
    conversation: int | None
    state: GuestState
    number: int | None
    place: int
    questions: int
    taken: bool
    joined_at: datetime
    called_at: datetime | None
    done_at: datetime | None


class GuestsWanted(Paging):
    state: GuestState | None = None
    contact: Number | None = None


class QuestionShown(Schema):
    """A message a guest sent beforehand. `masked`: something sensitive in it is hidden."""

    id: int
    text: str
    masked: bool
    at: datetime


@router.get("/consultations/{int:consultation}/guests", auth=needs("consultations:read"), response=Page[GuestShown], operation_id="guests")
def guests(request: ApiRequest, consultation: Path[Number], wanted: Query[GuestsWanted]) -> dict[str, Any]:
    """List the guests of an hour whose thread the token may see."""
    rows = _guests(request).filter(consultation=get_object_or_404(_consultations(request), pk=consultation).pk)
    for name in ("state", "contact"):
        if (value := getattr(wanted, name)) is not None:
            rows = rows.filter(**{name: value})
    asked = Count("questions", filter=Q(questions__deleted_at=None))
    return page(request, rows.select_related("contact__conversation").annotate(asked=asked), wanted, _guest)


@router.get(
    "/consultations/{int:consultation}/guests/{int:guest}/questions", auth=needs("conversations:read"), response=Page[QuestionShown],
    operation_id="guest_questions",
)  # fmt: skip
def questions(request: ApiRequest, consultation: Path[Number], guest: Path[Number], wanted: Query[Paging]) -> dict[str, Any]:
    """Read what a guest asked beforehand. The log notes that this token read the thread."""
    hour = get_object_or_404(_consultations(request), pk=consultation)
    row = get_object_or_404(_guests(request).select_related("contact__conversation__organisation"), consultation=hour, pk=guest)
    if thread := getattr(row.contact, "conversation", None):
        conversations.mark_read(thread, operator=request.operator, answers=False)
    return page(request, row.questions.filter(deleted_at=None), wanted, _question)


def _guests(request: ApiRequest) -> QuerySet[Guest]:
    """Who finished signing up, of people whose thread a token may see."""
    rows = Guest.objects.filter(organisation=request.organisation).exclude(state__in=UNFINISHED)
    return rows.filter(sight.beside(request.organisation, list(request.token.teams.values_list("pk", flat=True))))


def _guest(row: Guest) -> GuestShown:
    thread = getattr(row.contact, "conversation", None)
    return GuestShown(
        id=row.pk, contact=row.contact_id, conversation=thread.pk if thread else None, state=row.state,  # type: ignore[arg-type]
        number=row.number, place=row.place, questions=row.asked, taken=row.operator_id is not None,  # type: ignore[attr-defined]
        joined_at=row.joined_at, called_at=row.called_at, done_at=row.done_at,
    )  # fmt: skip


def _question(row: Message) -> QuestionShown:
    text = care.mask(row.text)
    return QuestionShown(id=row.pk, text=text, masked=care.HIDDEN in text, at=row.at)
