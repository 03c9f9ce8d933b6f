"""What can be booked, and who has which time, for another system: by the contact's number, never with a name or what somebody noted.

A system books under the rules that bind citizens: lead time, how many one person may have, opening times and desks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.once import Key, once
from buergerdraht.accounts.rest.paging import MOST, Moment, Number, Page, Paging, Strict, Text, Wish, page, refuse_unknown
from buergerdraht.accounts.rest.problems import Problem, wrong
from buergerdraht.appointments import actions, reading
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.contacts import reading as contacts
from buergerdraht.contacts.models import Contact
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


class TimeShown(Schema):
    """A time that can be booked now, and at how many desks still."""

    begins_at: datetime
    ends_at: datetime
    free: int


class TimesShown(Schema):
    """Free times in order. `next` is where the following page begins, as `since`; null on the last."""

    items: list[TimeShown]
    next: datetime | None


class TimesWanted(Schema):
    since: Moment | None = Field(None, description="Begins then or later.")
    until: Moment | None = Field(None, description="Begins before.")
    limit: int = Field(50, ge=1, le=MOST)


@router.get("/offers/{int:offer}/times", auth=needs("appointments:read"), response=TimesShown, operation_id="offer_times")
def times(request: ApiRequest, offer: Path[Number], wanted: Query[TimesWanted]) -> TimesShown:
    """List the times that can be booked now, as citizens may: not at the last moment, and not too far ahead."""
    refuse_unknown(request, wanted)
    row = get_object_or_404(Offer.objects.select_related("organisation"), organisation=request.organisation, pk=offer)
    first, last = reading.bookable(row, timezone.now())
    begin, end = max(wanted.since or first, first), min(wanted.until or last, last)
    found = reading.free(row, begin, end, wanted.limit + 1) if row.active else []
    items = [TimeShown(begins_at=each.begins_at, ends_at=each.ends_at, free=each.free) for each in found[: wanted.limit]]
    return TimesShown(items=items, next=found[wanted.limit].begins_at if len(found) > wanted.limit else None)


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


class BookingWish(Wish):
    """For a contact, or by `name` for somebody we do not write with: sealed, and never shown here again. `note` is for colleagues."""

    offer: Strict
    begins_at: Moment = Field(description="One of the offer's free times.")
    contact: Strict | None = None
    name: Text = Field("", max_length=80)
    note: Text = Field("", max_length=500)
    tell: bool = Field(True, description="Send the contact a confirmation.")


class BookingMove(Wish):
    """`word` stands at the end of what the citizen is told; with `tell` false they hear nothing."""

    begins_at: Moment
    word: Text = Field("", max_length=500)
    tell: bool = True


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


@router.post("/bookings", auth=needs("appointments:book"), response={201: BookingShown}, operation_id="book")
def book(request: ApiRequest, wish: BookingWish, key: Key) -> HttpResponse:
    """Book a time. Whoever was faster has it: 409 `taken`. Without an `Idempotency-Key` a repeated call may take a second desk."""
    return once(request, key, lambda: _book(request, wish))


def _book(request: ApiRequest, wish: BookingWish) -> tuple[int, BookingShown]:
    offer = Offer.objects.select_related("organisation").filter(organisation=request.organisation, pk=wish.offer).first()
    if offer is None:
        raise wrong("offer", _("Dieses Angebot gibt es nicht."))
    person = _person(request, wish)
    with _as_a_problem():
        return 201, _booking(actions.book_for(offer, wish.begins_at, person, operator=request.operator, bound=True))


def _person(request: ApiRequest, wish: BookingWish) -> actions.Person:
    name = " ".join(wish.name.split())
    if bool(wish.contact) == bool(name):
        raise wrong("contact", _("Nennen Sie einen Kontakt oder einen Namen, nicht beides."))
    if not wish.contact:
        return actions.Person(name=name, note=wish.note.strip())
    rows = contacts.seen_by(request.token).exclude(state=Contact.State.ERASED).select_related("organisation")
    contact = rows.filter(pk=wish.contact).first()
    if contact is None:
        raise wrong("contact", _("Diesen Kontakt gibt es nicht."))
    return actions.Person(contact=contact, note=wish.note.strip(), tell=wish.tell)


@router.post("/bookings/{int:booking}/move", auth=needs("appointments:book"), response=BookingShown, operation_id="move_booking")
def move(request: ApiRequest, booking: Path[Number], wish: BookingMove, key: Key) -> HttpResponse:
    """Change the time of a booking, and tell whoever has it. The old time is free only when the new one is taken."""

    def done() -> tuple[int, BookingShown]:
        row, word = _for_change(request, booking), wish.word.strip() if wish.tell else None
        with _as_a_problem():
            return 200, _booking(actions.move(row, wish.begins_at, operator=request.operator, word=word, bound=True))

    return once(request, key, done)


@router.post("/bookings/{int:booking}/cancel", auth=needs("appointments:write"), response=BookingShown, operation_id="cancel_booking")
def cancel(request: ApiRequest, booking: Path[Number], wish: BookingEnd, key: Key) -> HttpResponse:
    """Free a time, and tell whoever had it. `unreached` says where that could not be."""

    def done() -> tuple[int, BookingShown]:
        row = _for_change(request, booking)
        with _as_a_problem():
            return 200, _booking(actions.cancel(row, operator=request.operator, word=wish.word.strip() if wish.tell else None))

    return once(request, key, done)


def _for_change(request: ApiRequest, number: int) -> Booking:
    return get_object_or_404(_visible(request).select_related("contact__organisation"), pk=number)


@contextmanager
def _as_a_problem() -> Iterator[None]:
    """Say why a time cannot be had."""
    try:
        yield
    except actions.Taken as refused:
        raise Problem(409, refused.reason, refused.sentence) from None


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
