"""What can still be booked, and who has what: for dialogs, for citizens and for the screens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.appointments import times
from buergerdraht.appointments.models import Booking, Closure, Offer
from buergerdraht.appointments.times import BERLIN, Plan, Slot
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import sight

State = Booking.State
FARTHEST = 366  # days; no list of times looks further


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which something is free, and how many places."""

    date: date
    free: int


def offers(organisation: Organisation) -> QuerySet[Offer]:
    """What citizens can book here."""
    return Offer.objects.filter(organisation=organisation, active=True).select_related("team")


def offer(organisation: Organisation, key: str) -> Offer | None:
    return offers(organisation).filter(key=key).first()


def plan(offer: Offer) -> Plan:
    return Plan(offer.rules, timedelta(minutes=offer.minutes), timedelta(minutes=offer.pause), offer.capacity)


def free(offer: Offer, since: datetime, until: datetime, limit: int | None = None, now: datetime | None = None) -> list[Slot]:
    """The times a citizen may book between two moments, in order."""
    first, last = bookable(offer, now or timezone.now())
    found: list[Slot] = []
    for slot in slots(offer, max(since, first), min(until, last), now):
        if limit is not None and len(found) >= limit:
            break
        found.append(slot)
    return found


def days(offer: Offer, now: datetime | None = None) -> list[Day]:
    """The days on which a citizen may still book something."""
    first, last = bookable(offer, now or timezone.now())
    counted: Counter[date] = Counter()
    for slot in slots(offer, first, last, now):
        counted[slot.day] += slot.free
    return [Day(day, number) for day, number in counted.items()]


def on(offer: Offer, day: date, now: datetime | None = None) -> list[Slot]:
    """The times of one day a citizen may book."""
    return free(offer, *span(day), now=now)


def of(contact: Contact, now: datetime | None = None) -> QuerySet[Booking]:
    """What a contact has booked and is still to come, the next first."""
    rows = Booking.objects.filter(contact=contact, state=State.BOOKED, ends_at__gt=now or timezone.now())
    return rows.select_related("offer__organisation", "offer__team").order_by("begins_at", "pk")


def bookable(offer: Offer, now: datetime) -> tuple[datetime, datetime]:
    """From when until when citizens may book: not at the last moment, and not too far ahead. The last day counts whole."""
    last = (now.astimezone(BERLIN) + timedelta(days=offer.latest_days)).date()
    return now + timedelta(hours=offer.earliest_hours), span(last)[1]


def slots(offer: Offer, since: datetime, until: datetime, now: datetime | None = None) -> Iterator[Slot]:
    """All times with a free desk that begin between two moments, whatever citizens may: people at the desk may more."""
    first, last = since.astimezone(BERLIN).date(), until.astimezone(BERLIN).date()
    if until <= since or (last - first).days > FARTHEST:
        return
    found = times.free(plan(offer), times.days_between(first, last), closed(offer, first, last), taken(offer, since, until, now))
    yield from (slot for slot in found if since <= slot.begins_at < until)


def taken(offer: Offer, since: datetime, until: datetime, now: datetime | None = None, but: int | None = None) -> list[times.Taken]:
    """What is booked or held around a span; whoever held it too long has it no more. `but` is left out: the one that moves."""
    now, around = now or timezone.now(), timedelta(days=1)
    held = Q(state=State.HELD, held_until__gt=now)
    rows = offer.bookings.filter(Q(state=State.BOOKED) | held, begins_at__lt=until + around, ends_at__gt=since - around)
    others = rows if but is None else rows.exclude(pk=but)
    return [times.Taken(*row) for row in others.values_list("begins_at", "ends_at", "desk")]


def closed(offer: Offer, first: date, last: date) -> set[date]:
    """The days of a span on which this is not offered."""
    return closed_days(offer.organisation, first, last, offer)


def closed_days(organisation: Organisation, first: date, last: date, offer: Offer | None = None) -> set[date]:
    """The days of a span on which nothing is offered: holidays of the Land, closed days, closures of all or of this offer."""
    found: set[date] = set()
    for year in range(first.year, last.year + 1):
        found |= set(hours.holidays_of(organisation.land, year))
    found |= {date.fromisoformat(day) for day in organisation.closed_days}
    whose = Q(offer=None) | Q(offer=offer)
    rows = Closure.objects.filter(whose, organisation=organisation, first__lte=last, last__gte=first)
    for row in rows:
        found |= set(times.days_between(max(row.first, first), min(row.last, last)))
    return found


def span(day: date) -> tuple[datetime, datetime]:
    """A day from midnight to midnight, as long as it is."""
    return times.moment(day, time()), times.moment(day + timedelta(days=1), time())


# ── Screens ───────────────────────────────────────────────────────────────


def seen(membership: Membership) -> QuerySet[Booking]:
    """The bookings a member may see: those of people whose thread they may see, and those of nobody we write with."""
    rows = Booking.objects.filter(organisation=membership.organisation_id)
    visible = Q(sight.visible(membership, "contact__conversation__"), contact__conversation__isnull=False)
    return rows.filter(visible | Q(contact__conversation__isnull=True))
