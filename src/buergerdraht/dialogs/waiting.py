"""Events that wait in line: who is in a dialog finishes it first, and what a person says comes before both (law 11).

A row waits for each. Whoever begins it takes the row, the walk and the key of the event in one transaction: after a kill at any moment it
either still waits or has begun, never both and never twice.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs import sessions
from buergerdraht.dialogs.models import Dialog, Session, SystemEvent, Waiting
from buergerdraht.gateway.arrivals import is_away
from buergerdraht.gateway.beating import place

log = logging.getLogger("buergerdraht.dialogs")
MOST = 20  # for one citizen
LATER = timedelta(minutes=5)  # until a closed window, or what failed, is looked at again


@dataclass(frozen=True)
class Place:
    """Who waits in line for what."""

    event: SystemEvent
    dialog: Dialog
    contact: Contact


def waits(contact: Contact) -> bool:
    return Waiting.objects.filter(contact=contact).exists()


def full(contact: Contact) -> bool:
    return Waiting.objects.filter(contact=contact).count() >= MOST


def line_up(who: Place, values: Mapping[str, str], span: timedelta) -> datetime:
    """Let an event wait for the end of the dialog its citizen is in. Returns until when."""
    now = timezone.now()
    row = Waiting.objects.create(
        event=who.event, dialog=who.dialog, contact=who.contact, values=json.dumps(dict(values), ensure_ascii=False),
        until=now + span, looks_at=now,
    )  # fmt: skip
    return row.until


def address_of(contact: Contact) -> Address | None:
    """Where they wrote last, if we may write there now: they did not ask for this, so a closed window stays closed."""
    rows = contact.addresses.filter(state=Address.State.ACTIVE).select_related("channel").order_by("-last_inbound_at", "pk")
    return next((address for address in rows if outreach.window(address).open), None)


def begin_due(now: datetime, most: int = 100) -> int:
    """Begin what need wait no longer, the oldest first, each in a transaction of its own; let go what waited too long.

    Returns how many began.
    """
    busy = Session.objects.filter(contact=OuterRef("contact"), state=Session.State.RUNNING, rests=False)
    people = Conversation.objects.filter(contact=OuterRef("contact"), state=Conversation.State.OPEN, operator__isnull=False)
    free = Q(looks_at__lte=now) & ~Exists(busy) & ~Exists(people)
    rows = Waiting.objects.filter(Q(until__lte=now) | free).order_by("at", "pk")
    begun = 0
    for number in rows.values_list("pk", flat=True)[:most]:
        try:
            with transaction.atomic():
                begun += _begin(number, now)
        except Exception as problem:
            if is_away(problem):
                raise
            log.error("dialogs.waiting row=%s problem=%s at=%s", number, type(problem).__name__, place(problem))
            SystemEvent.objects.filter(waiting=number, waiting__until__lte=now).update(expired_at=now)
            Waiting.objects.filter(pk=number, until__lte=now).delete()
            Waiting.objects.filter(pk=number).update(looks_at=now + LATER)
    return begun


def let_go(contact: Contact) -> None:
    """Who says STOP is told nothing of it any more."""
    SystemEvent.objects.filter(waiting__contact=contact).delete()


def _begin(number: int, now: datetime) -> bool:
    contact = Contact.objects.select_related("organisation").filter(waiting_events=number).first()
    if contact is None:
        return False
    outgoing.thread(contact)  # locked first, as everywhere
    rows = Waiting.objects.select_for_update(of=("self",)).select_related("event", "dialog__live", "dialog__organisation")
    row = rows.filter(pk=number).first()
    if row is None:
        return False  # somebody was quicker
    if row.until <= now:
        return _over(row, now)
    if row.dialog.live is None or row.dialog.archived_at is not None:  # perhaps for a moment only
        return _later(row, now + LATER)
    if sessions.running(contact) is not None or sessions.held(contact):
        return False
    later = outreach.quiet_until(contact.organisation, now)
    address = None if later else address_of(contact)
    if address is None:
        return _later(row, later or now + LATER)
    session = sessions.begin(row.dialog, contact, address, sessions.Cause("event", known=json.loads(row.values)))
    SystemEvent.objects.filter(pk=row.event_id).update(session=session)
    row.delete()
    return True


def _later(row: Waiting, at: datetime) -> bool:
    row.looks_at = at
    row.save(update_fields=["looks_at"])
    return False


def _over(row: Waiting, now: datetime) -> bool:
    """It never began: the thread says so. Its key stays used, so that who only asks how it stands does not begin what is long outdated."""
    outgoing.line(outgoing.thread(row.contact), "dialog_unsaid", name=row.dialog.title, why="expired")
    SystemEvent.objects.filter(pk=row.event_id).update(expired_at=now)
    row.delete()
    return False
