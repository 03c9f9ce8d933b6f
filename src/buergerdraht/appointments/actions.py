"""Hold, book, move, cancel a time, and say how it went. Each is one transaction with its line in the audit log.

Locks are taken in the order thread, offer, booking. Whoever wants a time of an offer waits for the one before: a lock of some
milliseconds, and two never reach for the same desk. The table's own constraints stand behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.appointments import reading, telling, times
from buergerdraht.appointments.models import Booking, Closure, Offer, new_code
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import outgoing

State = Booking.State
HELD_MINUTES = 10
WHY = {
    "taken": _("Diese Zeit ist inzwischen vergeben."),
    "not_offered": _("Zu dieser Zeit gibt es keinen Termin."),
    "limit": _("Diese Person hat hier schon so viele Termine, wie vorgesehen sind."),
    "over": _("Dieser Termin hat inzwischen einen anderen Stand."),
}


class Taken(Exception):
    """It cannot be had. `reason` is one of WHY: taken, not_offered, limit, over."""

    def __init__(self, reason: str = "taken") -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def sentence(self) -> str:
        return str(WHY[self.reason])


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who gets a time by hand: a contact and where they are reached, or only the name of somebody on the telephone."""

    contact: Contact | None = None
    address: Address | None = None
    name: str = ""
    note: str = ""
    tell: bool = False  # send a confirmation


@transaction.atomic
def hold(offer: Offer, begins_at: datetime, contact: Contact, address: Address | None, minutes: int = HELD_MINUTES) -> Booking:
    """Keep a time for a while for somebody who is still asked things. Raises Taken. Who held another one here lets it go."""
    outgoing.thread(contact)
    offer, now = _lock(offer), timezone.now()
    _see_open(offer, begins_at, contact, now)
    mine = offer.bookings.filter(contact=contact, state=State.HELD)
    mine.update(state=State.CANCELLED, ended_by=Booking.By.CITIZEN, ended_at=now)
    row = Booking(organisation_id=offer.organisation_id, offer=offer, contact=contact, address=address, state=State.HELD)
    row.held_until = now + timedelta(minutes=minutes)
    _seat(row, begins_at, now)
    return _noted(row, "hold", None)


@transaction.atomic
def confirm(booking: Booking, note: str = "") -> Booking:
    """Turn a held time into a booking. Who took too long gets it all the same where nobody was faster, else Taken is raised."""
    row = _locked(booking)
    if row.state == State.BOOKED:
        return row
    if row.state == State.CANCELLED and row.ended_by == Booking.By.CLOCK:
        row.ended_by, row.ended_at = Booking.By.NOBODY, None
    elif row.state != State.HELD:
        raise Taken("over")
    again, row.state, row.held_until, row.note = row.state != State.HELD, State.BOOKED, None, note or row.note
    if again:
        _seat(row, row.begins_at, timezone.now())
    else:
        _keep(row, timezone.now())
    return _noted(row, "confirm", None)


@transaction.atomic
def book_for(offer: Offer, begins_at: datetime, person: Person, *, operator: Operator, bound: bool = False) -> Booking:
    """Book by hand. Lead time and the number per person do not bind people at the desk, but other systems; desks and opening times all."""
    if person.contact:
        outgoing.thread(person.contact)
    offer, now = _lock(offer), timezone.now()
    if bound:
        _see_open(offer, begins_at, person.contact, now, held=True)
    row = Booking(organisation_id=offer.organisation_id, offer=offer, state=State.BOOKED, operator=operator)
    row.contact, row.address, row.name, row.note = person.contact, person.address, person.name, person.note
    _seat(row, begins_at, now)
    if person.tell:
        _say(row, "booked", "", operator)
    return _noted(row, "book", operator)


@transaction.atomic
def cancel(booking: Booking, *, operator: Operator | None = None, word: str | None = None) -> Booking:
    """Free a time: by an operator, else by the citizen themselves. With a word, even an empty one, the citizen is told."""
    row = _locked(booking, *Booking.ALIVE)
    row.state, row.ended_at = State.CANCELLED, timezone.now()
    row.ended_by = Booking.By.OPERATOR if operator else Booking.By.CITIZEN
    row.sequence += 1
    row.save(update_fields=["state", "ended_at", "ended_by", "sequence"])
    if word is not None:
        _say(row, "called_off", word, operator)
    return _noted(row, "cancel", operator)


@transaction.atomic
def move(
    booking: Booking, begins_at: datetime, *, operator: Operator | None = None, word: str | None = None, bound: bool = False
) -> Booking:
    """Change the time; the old one is free only when the new one is taken, else it stays and Taken is raised. A word as in `cancel`.

    Lead time binds citizens and, with `bound`, other systems. Moved to where it is, nothing happens and nobody is told.
    """
    row, now = _locked(booking, State.BOOKED), timezone.now()
    if begins_at == row.begins_at:
        return row
    first, last = reading.bookable(row.offer, now)
    if (operator is None or bound) and not (first <= begins_at < last and row.begins_at > now):
        raise Taken("not_offered")
    row.sequence, row.unreached = row.sequence + 1, ""
    _seat(row, begins_at, now)
    if word is not None:
        _say(row, "put_off", word, operator)
    return _noted(row, "move", operator)


@transaction.atomic
def done(booking: Booking, *, operator: Operator) -> Booking:
    """Say that they came."""
    return _end(booking, State.DONE, operator)


@transaction.atomic
def missed(booking: Booking, *, operator: Operator) -> Booking:
    """Say that nobody came."""
    return _end(booking, State.MISSED, operator)


@transaction.atomic
def reopen(booking: Booking, *, operator: Operator) -> Booking:
    """Take back how it went: a slip of the finger."""
    row = _locked(booking, State.DONE, State.MISSED)
    others = reading.taken(row.offer, row.begins_at, row.ends_at, but=row.pk)
    if any(each.desk == row.desk and each.begins_at < row.ends_at and row.begins_at < each.ends_at for each in others):
        raise Taken  # somebody has the desk by now
    row.state, row.ended_at, row.ended_by = State.BOOKED, None, Booking.By.NOBODY
    _keep(row, timezone.now())
    return _noted(row, "reopen", operator)


def _end(booking: Booking, how: str, operator: Operator) -> Booking:
    row = _locked(booking, State.BOOKED)
    row.state, row.ended_at, row.ended_by = how, timezone.now(), Booking.By.OPERATOR
    row.save(update_fields=["state", "ended_at", "ended_by"])
    return _noted(row, how, operator)


# ── What can be booked ────────────────────────────────────────────────────


@transaction.atomic
def save_offer(offer: Offer, *, operator: Operator | None) -> Offer:
    """Keep an offer; what is booked already stays as it is, and is reminded of as the offer says now."""
    if offer.pk:
        _lock(offer)
    offer.save()
    now = timezone.now()
    for row in offer.bookings.filter(state=State.BOOKED, begins_at__gt=now).exclude(unreached="reminder:stopped").select_for_update():
        row.reminded = times.passed(offer.reminders, row.begins_at, now)
        row.remind_at = times.upcoming(offer.reminders, row.reminded, row.begins_at)
        row.save(update_fields=["reminded", "remind_at"])
    audit.record(offer.organisation, "appointments.save_offer", operator=operator, subject=f"offer:{offer.pk}")
    return offer


@transaction.atomic
def close(closure: Closure, *, operator: Operator | None) -> int:
    """Offer nothing on some days; tell how many are booked there already: they stay until people deal with them."""
    closure.save()
    audit.record(closure.organisation, "appointments.close", operator=operator, subject=f"closure:{closure.pk}")
    begin, end = reading.span(closure.first)[0], reading.span(closure.last)[1]
    rows = Booking.objects.filter(organisation=closure.organisation_id, state__in=Booking.ALIVE, begins_at__gte=begin, begins_at__lt=end)
    return (rows.filter(offer=closure.offer_id) if closure.offer_id else rows).count()


@transaction.atomic
def lift(closure: Closure, *, operator: Operator | None) -> None:
    """Offer these days again."""
    audit.record(closure.organisation, "appointments.lift", operator=operator, subject=f"closure:{closure.pk}")
    closure.delete()


# ── By the clock, and what becomes of the person ──────────────────────────


def free_held(now: datetime) -> int:
    """Free what was held too long; each row alone, so that nobody waits for another."""
    number = 0
    for pk in Booking.objects.filter(state=State.HELD, held_until__lte=now).values_list("pk", flat=True):
        rows = Booking.objects.filter(pk=pk, state=State.HELD, held_until__lte=now)
        number += rows.update(state=State.CANCELLED, ended_by=Booking.By.CLOCK, ended_at=now)
    return number


def on_stopped(sender: object, *, contact: Contact, **more: Any) -> None:
    """Who says STOP keeps their appointment and is reminded of it no more."""
    rows = Booking.objects.filter(contact=contact, state=State.BOOKED, remind_at__isnull=False)
    rows.update(remind_at=None, unreached="reminder:stopped")


def on_joined(sender: object, *, into: Contact, other: Contact, **more: Any) -> None:
    """Two contacts become one: it has what both had."""
    Booking.objects.filter(contact=other).update(contact=into)


def on_parted(sender: object, *, old: Contact, new: Contact, address: Address, **more: Any) -> None:
    """An address got a contact of its own: what was booked through it goes along."""
    Booking.objects.filter(contact=old, address=address).update(contact=new)


def empty(organisation: Organisation, before: datetime) -> int:
    """Take the people out of what is long over: how many came, and when, stays."""
    rows = Booking.objects.filter(organisation=organisation, ends_at__lt=before, emptied=False)
    return rows.update(contact=None, address=None, name="", note="", emptied=True)


# ── What several share ────────────────────────────────────────────────────


def _lock(offer: Offer) -> Offer:
    """Let one at a time choose among an offer's desks."""
    return Offer.objects.select_for_update(of=("self",), no_key=True).select_related("organisation").get(pk=offer.pk)


def _locked(booking: Booking, *states: str) -> Booking:
    """Lock thread, offer and booking, in this order, and see that it still stands so."""
    if booking.contact_id and booking.contact:
        outgoing.thread(booking.contact)
    offer = _lock(Offer(pk=booking.offer_id))
    rows = Booking.objects.select_for_update(of=("self",)).select_related("contact__organisation", "address__channel", "organisation")
    row = rows.get(pk=booking.pk)
    row.offer = offer
    if row.contact_id == booking.contact_id and booking.contact:
        row.contact = booking.contact  # the one at hand knows the thread a message arrived in
    if states and row.state not in states:
        raise Taken("over")
    return row


def _see_open(offer: Offer, begins_at: datetime, contact: Contact | None, now: datetime, *, held: bool = False) -> None:
    """See that citizens may book this time now, and that this one has not as many as they may. The offer is locked.

    `held`: what they are about to confirm in the chat counts, too. Who holds another time there gives up the first.
    """
    first, last = reading.bookable(offer, now)
    if not offer.active or not first <= begins_at < last:
        raise Taken("not_offered")
    alive = Q(state=State.BOOKED, ends_at__gt=now) | (Q(state=State.HELD, held_until__gt=now) if held else Q(pk__in=[]))
    mine = offer.bookings.filter(alive, contact=contact)
    if contact and mine.count() >= offer.per_contact:
        raise Taken("limit")


def _seat(row: Booking, begins_at: datetime, now: datetime) -> None:
    """Give a row a time and a desk that is free then, or raise Taken. The offer is locked."""
    offer = row.offer
    offer.bookings.filter(state=State.HELD, held_until__lte=now).exclude(pk=row.pk).update(
        state=State.CANCELLED, ended_by=Booking.By.CLOCK, ended_at=now
    )
    if not _offered(offer, begins_at):
        raise Taken("not_offered")
    plan, ends_at = reading.plan(offer), begins_at + timedelta(minutes=offer.minutes)
    desk = times.desk(plan, begins_at, ends_at, reading.taken(offer, begins_at, ends_at, now, but=row.pk))
    if desk is None:
        raise Taken
    row.begins_at, row.ends_at, row.desk = begins_at, ends_at, desk
    _keep(row, now)


def _keep(row: Booking, now: datetime) -> None:
    """Save a row with the reminders that are still to come: nobody is reminded in the minute after booking."""
    if row.state == State.BOOKED:
        row.reminded = times.passed(row.offer.reminders, row.begins_at, now)
        row.remind_at = times.upcoming(row.offer.reminders, row.reminded, row.begins_at)
    if row.pk is None:
        while Booking.objects.filter(organisation=row.organisation_id, code=row.code).exists():
            row.code = new_code()
    row.save()


def _say(row: Booking, key: str, word: str, operator: Operator | None) -> None:
    telling.tell(row, key, reason=word, operator=operator)
    row.save(update_fields=["unreached"])


def _offered(offer: Offer, begins_at: datetime) -> bool:
    """Whether a time is one of the offer's at all."""
    day = begins_at.astimezone(times.BERLIN).date()
    return day not in reading.closed(offer, day, day) and any(begin == begins_at for begin, _end in times.grid(reading.plan(offer), day))


def _noted(booking: Booking, verb: str, operator: Operator | None) -> Booking:
    audit.record(
        booking.organisation, f"appointments.{verb}", operator=operator, subject=f"booking:{booking.pk}", offer=booking.offer_id
    )  # fmt: skip
    return booking
