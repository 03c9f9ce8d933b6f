"""Dialogs that begin by the clock: at a time of day, with those who subscribed to a topic; once a day each, however often it is asked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, time, timedelta

from django.db import transaction

from buergerdraht.contacts import audience
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.conversations import outgoing
from buergerdraht.dialogs import sessions, world
from buergerdraht.dialogs.acts import BERLIN
from buergerdraht.dialogs.document import Trigger
from buergerdraht.dialogs.models import Dialog, Session, Word
from buergerdraht.gateway.arrivals import is_away
from buergerdraht.gateway.beating import place

log = logging.getLogger("buergerdraht.dialogs")
BY = "time"
LATE = timedelta(hours=1)  # what a clock that stood still missed by more is left out
PIECE = 500


def begin_due(now: datetime) -> int:
    """Begin what is due at this moment, a citizen at a time. Returns how many began."""
    begun = 0
    for dialog, trigger in _due(now.astimezone(BERLIN)):
        topic = Topic.objects.filter(organisation=dialog.organisation, key=trigger.topic, active=True).first()
        for address in _asked(dialog, topic, now) if topic else ():
            try:
                begun += _begin(dialog, address)
            except Exception as problem:
                if is_away(problem):
                    raise
                log.error("dialogs.begin dialog=%s problem=%s at=%s", dialog.pk, type(problem).__name__, place(problem))
    return begun


@transaction.atomic
def _begin(dialog: Dialog, address: Address) -> bool:
    """Begin with one citizen, unless they or one of us began to talk meanwhile."""
    outgoing.thread(address.contact)
    if sessions.running(address.contact) is not None or sessions.held(address.contact):
        return False
    sessions.begin(dialog, address.contact, address, sessions.Cause(BY, world.NEWSLETTER))
    return True


def _due(local: datetime) -> Iterator[tuple[Dialog, Trigger]]:
    for number in Word.objects.filter(on=BY).values_list("dialog", flat=True).distinct():
        dialog = Dialog.objects.select_related("live", "organisation").filter(pk=number, archived_at=None).exclude(live=None).first()
        if dialog is None or dialog.live is None:
            continue
        read = world.readable(dialog.live.pk)
        for trigger in read.triggers if read else ():
            if trigger.on == BY and trigger.time and (not trigger.weekdays or local.weekday() in trigger.weekdays):
                begins = datetime.combine(local.date(), time.fromisoformat(trigger.time), BERLIN)
                if begins <= local < begins + LATE:
                    yield dialog, trigger


def _asked(dialog: Dialog, topic: Topic, now: datetime) -> Iterator[Address]:
    """Who is to be asked today and was not yet; whoever is in another dialog is left in peace."""
    today = now.astimezone(BERLIN).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = audience.select(dialog.organisation, {"topics": [topic.pk]})
    busy = Session.objects.filter(state=Session.State.RUNNING, rests=False).values("contact")
    had = Session.objects.filter(dialog=dialog, begun_by=BY, started_at__gte=today).values("contact")
    rows = rows.exclude(contact__in=busy).exclude(contact__in=had).select_related("contact__organisation", "channel")
    yield from rows.order_by("contact_id")[:PIECE]
