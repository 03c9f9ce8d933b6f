"""What can be booked, and who has which time, for another system: by the contact's number, never with a name or what somebody noted.

A system can free a time; it books none: whoever books is asked, reminded, and answers for coming.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.once import Key, once
from buergerdraht.accounts.rest.paging import Moment, Number, Page, Paging, Text, Wish, page
from buergerdraht.accounts.rest.problems import Problem
from buergerdraht.appointments import actions
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.conversations import sight

router = Router(tags=["appointments"])
State = Literal["held", "booked", "cancelled", "done", "missed"]


# ── What can be booked ────────────────────────────────────────────────────


class OfferShown(Schema):
    """What can be booked. `title` and `description` by language; `capacity`: desks that work side by side."""

    id: int
    key: str
    title: dict[str, str]
    description: dict[str, str]
    kind: Literal["place", "call", "video"]
    place: str
    team: int | None
    minutes: int
    capacity: int
    active: bool


class OffersWanted(Paging):
    active: bool | None = None


@router.get("/offers", auth=needs("appointments:read"), response=Page[OfferShown], operation_id="offers")
def offers(request: ApiRequest, wanted: Query[OffersWanted]) -> dict[str, Any]:
    """List what can be booked."""
    rows = Offer.objects.filter(organisation=request.organisation)
    return page(request, rows if wanted.active is None else rows.filter(active=wanted.active), wanted, _offer)


@router.get("/offers/{int:offer}", auth=needs("appointments:read"), response=OfferShown, operation_id="offer")
def offer_one(request: ApiRequest, offer: Path[Number]) -> OfferShown:
    """Show what can be booked."""
    return _offer(get_object_or_404(Offer, organisation=request.organisation, pk=offer))


def _offer(row: Offer) -> OfferShown:
    return OfferShown(
        id=row.pk, key=row.key, title=row.title, description=row.description, kind=row.kind, place=row.place,  # type: ignore[arg-type]
        team=row.team_id, minutes=row.minutes, capacity=row.capacity, active=row.active,
    )  # fmt: skip


# ── Who has which time ────────────────────────────────────────────────────


class BookingShown(Schema):
    """A time somebody has. `code` is what they were told; `unreached`: what could not be said to them, and why."""

    id: int
    offer: int
    begins_at: datetime
    ends_at: datetime
    desk: int
    state: State
    code: str
    contact: int | None = Field(description="Null for whoever came by telephone or to the counter, and once the person was taken out.")
    unreached: str
    ended_by: Literal["", "citizen", "operator", "clock"]
    ended_at: datetime | None
    created_at: datetime


class BookingsWanted(Paging):
    offer: Number | None = None
    contact: Number | None = None
    state: State | None = None
    code: Text | None = Field(None, max_length=10, description="As the citizen was told, with or without the dash.")
    begins_since: Moment | None = Field(None, description="Begins then or later.")
    begins_before: Moment | None = None


class BookingEnd(Wish):
    """`word` stands at the end of what the citizen is told; with `tell` false they hear nothing."""

    word: Text = Field("", max_length=500)
    tell: bool = True


@router.get("/bookings", auth=needs("appointments:read"), response=Page[BookingShown], operation_id="bookings")
def listing(request: ApiRequest, wanted: Query[BookingsWanted]) -> dict[str, Any]:
    """List the bookings that fit."""
    rows = _visible(request)
    for name, way in (("offer", "offer"), ("contact", "contact"), ("state", "state"),
                      ("begins_since", "begins_at__gte"), ("begins_before", "begins_at__lt")):  # fmt: skip
        if (value := getattr(wanted, name)) is not None:
            rows = rows.filter(**{way: value})
    if wanted.code is not None:
        rows = rows.filter(code=wanted.code.replace("-", "").strip().upper())
    return page(request, rows, wanted, _booking)


@router.get("/bookings/{int:booking}", auth=needs("appointments:read"), response=BookingShown, operation_id="booking")
def one(request: ApiRequest, booking: Path[Number]) -> BookingShown:
    """Show a booking."""
    return _booking(get_object_or_404(_visible(request), pk=booking))


@router.post("/bookings/{int:booking}/cancel", auth=needs("appointments:write"), response=BookingShown, operation_id="cancel_booking")
def cancel(request: ApiRequest, booking: Path[Number], wish: BookingEnd, key: Key) -> HttpResponse:
    """Free a time, and tell whoever had it. `unreached` says where that could not be."""

    def done() -> tuple[int, BookingShown]:
        row = get_object_or_404(_visible(request).select_related("contact__organisation"), pk=booking)
        try:
            return 200, _booking(actions.cancel(row, operator=request.operator, word=wish.word.strip() if wish.tell else None))
        except actions.Taken as refused:
            raise Problem(409, refused.reason, refused.sentence) from None

    return once(request, key, done)


def _visible(request: ApiRequest) -> QuerySet[Booking]:
    """The bookings of people whose thread a token may see, and of those we do not write with."""
    rows = Booking.objects.filter(organisation=request.organisation)
    return rows.filter(sight.beside(request.organisation, list(request.token.teams.values_list("pk", flat=True))))


def _booking(row: Booking) -> BookingShown:
    return BookingShown(
        id=row.pk, offer=row.offer_id, begins_at=row.begins_at, ends_at=row.ends_at, desk=row.desk, state=row.state,  # type: ignore[arg-type]
        code=row.shown_code, contact=row.contact_id, unreached=row.unreached, ended_by=row.ended_by,  # type: ignore[arg-type]
        ended_at=row.ended_at, created_at=row.created_at,
    )  # fmt: skip
