"""What citizens and screens are shown of the hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.consultations import queue
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.contacts.models import Topic

State = Consultation.State


def offers(organisation: Organisation) -> bool:
    """Whether this authority holds such hours: a draft alone is nobody's business yet."""
    return Consultation.objects.filter(organisation=organisation).exclude(state=State.DRAFT).exists()


def coming(organisation: Organisation) -> QuerySet[Consultation]:
    """The hours citizens may know of, the one that runs first."""
    now = timezone.now()
    return Consultation.objects.filter(organisation=organisation, state__in=[State.PLANNED, State.RUNNING], ends_at__gt=now).order_by(
        "begins_at", "pk"
    )


def topic(organisation: Organisation) -> Topic | None:
    """The information channel beside the hours: that of the newest one that names one."""
    rows = Consultation.objects.filter(organisation=organisation, topic__active=True).exclude(state=State.DRAFT)
    newest = rows.select_related("topic").order_by("-begins_at").first()
    return newest.topic if newest else None


def host(organisation: Organisation) -> str:
    """Who answers next, in words for citizens."""
    found = coming(organisation).first()
    newest = found or Consultation.objects.filter(organisation=organisation).exclude(state=State.DRAFT).order_by("-begins_at").first()
    return newest.host if newest else ""


# ── Screens ───────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Row:
    """A guest as the queue shows them."""

    guest: Guest
    conversation: int
    question: str
    more: int
    minutes: int


def all_of(membership: Membership) -> dict[str, list[Consultation]]:
    """The hours to come and those that were, with how many guests of them this member may see."""
    mine = queue.seen(membership).values("pk")
    expected = Count("guests", filter=Q(guests__state__in=[Guest.State.WAITING, Guest.State.TALKING], guests__in=mine))
    rows = Consultation.objects.filter(organisation=membership.organisation_id).select_related("team").annotate(expected=expected)
    ahead = [State.DRAFT, State.PLANNED, State.RUNNING]
    return {
        "coming": list(rows.filter(state__in=ahead).order_by("begins_at", "pk")),
        "past": list(rows.exclude(state__in=ahead).order_by("-begins_at", "-pk")[:50]),
    }


def hall(consultation: Consultation, membership: Membership) -> dict[str, Any]:
    """Everything the page of an hour shows: who waits, who talks to whom, what was reached."""
    now = timezone.now()
    guests = queue.seen(membership).filter(consultation=consultation)
    alive = guests.filter(state__in=[Guest.State.WAITING, Guest.State.TALKING])
    rows = [
        _row(guest, now)
        for guest in alive.select_related("contact__conversation", "operator", "address__channel")
        .prefetch_related("questions")
        .order_by("place", "number")
    ]
    states = dict(guests.order_by().values_list("state").annotate(n=Count("pk")))
    pace = queue.pace(consultation)
    return {
        "consultation": consultation,
        "waiting": [row for row in rows if row.guest.state == Guest.State.WAITING],
        "talking": [row for row in rows if row.guest.state == Guest.State.TALKING],
        "done": states.get(Guest.State.DONE, 0),
        "left": states.get(Guest.State.LEFT, 0) + states.get(Guest.State.CALLED_OFF, 0),
        "missed": states.get(Guest.State.MISSED, 0),
        "pace": max(1, round(pace)) if pace else None,
        "over": now >= consultation.ends_at,
    }


def _row(guest: Guest, now: datetime) -> Row:
    questions = [message for message in sorted(guest.questions.all(), key=lambda each: (each.at, each.pk)) if not message.deleted_at]
    said = next((message for message in questions if message.text), None)
    text = shown(said.text) if said else ""
    since = guest.called_at if guest.state == Guest.State.TALKING and guest.called_at else guest.joined_at
    conversation = guest.contact.conversation.pk
    return Row(guest, conversation, text, max(len(questions) - 1, 0), max(0, int((now - since).total_seconds() // 60)))


def shown(text: str) -> str:
    """A question as a list may show it: short, and without numbers that are nobody's business (see conversations.care)."""
    from buergerdraht.conversations import care

    return " ".join(care.mask(text).split())[:240]


def figures(consultation: Consultation) -> dict[str, int]:
    """What remains of an hour: numbers only."""
    states = dict(consultation.guests.order_by().values_list("state").annotate(n=Count("pk")))
    return {
        "guests": sum(number for state, number in states.items() if state not in {Guest.State.SIGNING, Guest.State.LAPSED}),
        "done": states.get(Guest.State.DONE, 0) + states.get(Guest.State.TALKING, 0),
        "missed": states.get(Guest.State.MISSED, 0),
    }
