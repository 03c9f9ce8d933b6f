"""Dialogs that begin by the clock: at a time of day, with those who subscribed to a topic; once a day each, however often it is asked.

Everybody is asked, in pieces, however many there are, as long as it is not too late to be of use. Whoever is not asked by then is counted,
and people of ours are told.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from time import monotonic
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from buergerdraht.contacts import audience
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs import sessions, world
from buergerdraht.dialogs.acts import BERLIN
from buergerdraht.dialogs.models import Dialog, Missed, Session, Word
from buergerdraht.gateway.arrivals import is_away
from buergerdraht.gateway.beating import place

log = logging.getLogger("buergerdraht.dialogs")
BY = "time"
LATE = timedelta(hours=3)  # what comes later than this is left out: an evening's reminder is still one at nine
DAY = timedelta(days=1)
PIECE = 500
RUN = 50.0  # seconds; then the clock comes by again and goes on


class Due(NamedTuple):
    """A dialog whose time has come, at that moment, for those who subscribed to one of the topics."""

    dialog: Dialog
    topics: list[int]
    at: datetime

    @property
    def begins(self) -> datetime:
        """When its day begins."""
        return self.at.astimezone(BERLIN).replace(hour=0, minute=0)


def begin_due(now: datetime) -> int:
    """Begin what is due at this moment, a citizen at a time, dialogs in turns. Returns how many began."""
    begun, ends = 0, monotonic() + RUN
    waiting = [(due, _pieces(due)) for due in _within(now, timedelta(), LATE)]
    while waiting and monotonic() < ends:
        due, pieces = waiting.pop(0)
        if piece := next(pieces, None):
            begun += sum(_tried(due, address) for address in piece)
            waiting.append((due, pieces))
    return begun


def note_missed(now: datetime) -> int:
    """Write down once how many were not asked before it was too late. Returns how many."""
    missed = 0
    for due in _within(now, LATE, DAY):
        assert due.dialog.live is not None
        if due.dialog.live.at < due.at and not Missed.objects.filter(dialog=due.dialog, at=due.at).exists():
            people = _unasked(due).count()
            Missed.objects.get_or_create(dialog=due.dialog, at=due.at, defaults={"people": people})
            missed += people
            if people:
                log.error("dialogs.missed dialog=%s people=%s", due.dialog.pk, people)
    return missed


def _tried(due: Due, address: Address) -> bool:
    try:
        return _begin(due, address)
    except Exception as problem:
        if is_away(problem):
            raise
        log.error("dialogs.begin dialog=%s problem=%s at=%s", due.dialog.pk, type(problem).__name__, place(problem))
        return False


@transaction.atomic
def _begin(due: Due, address: Address) -> bool:
    """Begin with one citizen, unless they or one of us began to talk meanwhile, or another of its times or topics reached them today."""
    outgoing.thread(address.contact)
    if _had(due).filter(contact=address.contact).exists():
        return False
    if sessions.running(address.contact) is not None or sessions.held(address.contact):
        return False
    sessions.begin(due.dialog, address.contact, address, sessions.Cause(BY, world.NEWSLETTER))
    return True


def _within(now: datetime, least: timedelta, most: timedelta) -> Iterator[Due]:
    """The times of live dialogs that lie so far back, of today and yesterday."""
    local = now.astimezone(BERLIN)
    for number in Word.objects.filter(on=BY).values_list("dialog", flat=True).distinct():
        dialog = Dialog.objects.select_related("live", "organisation").filter(pk=number, archived_at=None).exclude(live=None).first()
        if dialog is None or dialog.live is None:
            continue
        read, times = world.readable(dialog.live.pk), defaultdict[datetime, list[int]](list)
        for trigger in read.triggers if read else ():
            for day in (local.date() - DAY, local.date()) if trigger.on == BY and trigger.time else ():
                at = _moment(day, trigger.time)
                if at + least <= now < at + most and (not trigger.weekdays or day.weekday() in trigger.weekdays):
                    topic = Topic.objects.filter(organisation=dialog.organisation, key=trigger.topic, active=True).first()
                    if topic is not None:
                        times[at].append(topic.pk)
        yield from (Due(dialog, topics, at) for at, topics in sorted(times.items()))


def _moment(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), BERLIN).astimezone(UTC)  # a span of hours is one by the stopwatch


def _pieces(due: Due) -> Iterator[list[Address]]:
    """Who is to be asked, piece by piece; looked for once, because that is dear where they are many."""
    numbers = _unasked(due).order_by("contact_id").values_list("pk", flat=True).iterator(PIECE)
    while piece := list(islice(numbers, PIECE)):
        rows = Address.objects.filter(pk__in=piece, organisation=due.dialog.organisation)
        yield list(rows.select_related("contact__organisation", "organisation", "channel").order_by("contact_id"))


def _unasked(due: Due) -> QuerySet[Address]:
    """Who was not asked that day yet; whoever is in another dialog or talks to a person is left in peace."""
    rows = audience.select(due.dialog.organisation, {"topics": due.topics})
    busy = Session.objects.filter(state=Session.State.RUNNING, rests=False).values("contact")
    talks = Conversation.objects.filter(organisation=due.dialog.organisation, state=Conversation.State.OPEN, operator__isnull=False)
    return rows.exclude(contact__in=busy).exclude(contact__in=_had(due).values("contact")).exclude(contact__in=talks.values("contact"))


def _had(due: Due) -> QuerySet[Session]:
    """The walks of its day that began by the clock."""
    return Session.objects.filter(dialog=due.dialog, begun_by=BY, started_at__gte=due.begins)
