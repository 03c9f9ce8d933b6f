"""What the authority's own systems tell us: something happened, and a dialog is to begin with somebody. Once for each key they give."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator
from buergerdraht.contacts import finding
from buergerdraht.contacts.models import Contact
from buergerdraht.contacts.words import plain
from buergerdraht.conversations import outgoing
from buergerdraht.dialogs import sessions, triggers, waiting, world
from buergerdraht.dialogs.document import Trigger
from buergerdraht.dialogs.models import Dialog, System, SystemEvent, Waiting
from buergerdraht.dialogs.waiting import address_of

MOST_VALUES, LONGEST_VALUE = 50, 500
REMEMBERED = timedelta(days=30)


class Untold(Exception):
    """Nothing begins. `reason`: unknown_event, nobody, closed (we may not write to them), busy (in another dialog), held (by a person).

    Busy is who would have to wait where the dialog's trigger will not, or where too much waits already.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Told:
    """What came of it: the walk's number, until when it waits for the end of another dialog, or that it waited in vain."""

    session: int = 0
    until: datetime | None = None
    expired: bool = False


@transaction.atomic
def new_token(system: System, *, operator: Operator) -> str:
    """Give a system a word by which it may tell us things; the one before holds no more. It is shown once."""
    token = secrets.token_urlsafe(32)
    system.token_hash = _hash(token)
    system.save(update_fields=["token_hash"])
    audit.record(system.organisation, "dialogs.new_token", operator=operator, subject=f"system:{system.pk}")
    return token


@transaction.atomic
def drop_token(system: System, *, operator: Operator) -> None:
    system.token_hash = b""
    system.save(update_fields=["token_hash"])
    audit.record(system.organisation, "dialogs.drop_token", operator=operator, subject=f"system:{system.pk}")


def system_of(slug: str, token: str) -> System | None:
    """The system that speaks, by its word."""
    if not 20 <= len(token) <= 100:
        return None
    rows = System.objects.select_related("organisation").filter(organisation__slug=slug, active=True)
    return rows.filter(token_hash=_hash(token)).first()


@transaction.atomic
def tell(system: System, key: str, event: str, to: Mapping[str, str], values: Mapping[str, str]) -> Told:
    """Begin the live dialog of an event with one citizen, or let it wait until they are out of another one. A key counts once.

    `to`: {"phone": …} or {"contact": number}. Raises Untold; what could not begin may be told again under the same key.
    """
    known, _made = SystemEvent.objects.get_or_create(system=system, key=key[:100])
    if (come := _came(known)) is not None:
        return come
    dialog, trigger = _begun_by(system, event)
    contact = _contact(system, to)
    outgoing.thread(contact)  # locked first, as everywhere: what they or a person do at this moment is seen below
    if Contact.objects.values_list("state", flat=True).get(pk=contact.pk) == Contact.State.STOPPED:
        raise Untold("nobody")
    if (come := _came(known)) is not None:
        return come
    address = address_of(contact)
    if address is None:
        raise Untold("closed")
    if sessions.running(contact) is not None or waiting.waits(contact):
        if trigger.busy == "refuse" or waiting.full(contact):
            raise Untold("busy")
        return Told(until=waiting.line_up(waiting.Place(known, dialog, contact), values, timedelta(minutes=trigger.wait_minutes)))
    if sessions.held(contact):
        raise Untold("held")
    session = sessions.begin(dialog, contact, address, sessions.Cause("event", known=values))
    known.session = session
    known.save(update_fields=["session"])
    return Told(int(session.pk))


def _came(known: SystemEvent) -> Told | None:
    """What came of an event so far; None where it is new, or what it began or waited for is gone."""
    known.refresh_from_db(fields=["session", "expired_at"])
    if known.session_id:
        return Told(known.session_id)
    waits = Waiting.objects.filter(event=known).first()
    return Told(until=waits.until) if waits else Told(expired=True) if known.expired_at else None


def forget(now: datetime) -> None:
    """Forget keys that nobody gives again."""
    SystemEvent.objects.filter(at__lt=now - REMEMBERED).delete()


def _begun_by(system: System, event: str) -> tuple[Dialog, Trigger]:
    """The live dialog that begins with an event, and what it says about it."""
    wanted = plain(event)
    found = next((each for each in triggers.known(system.organisation_id) if each.on == "event" and each.word == wanted and wanted), None)
    rows = Dialog.objects.select_related("live", "organisation").exclude(live=None)
    dialog = rows.filter(pk=found.dialog, archived_at=None).first() if found else None
    listed = world.read(dialog.live_id).triggers if dialog and dialog.live_id else []
    trigger = next((each for each in listed if each.on == "event" and plain(each.name) == wanted), None)
    if dialog is None or trigger is None:
        raise Untold("unknown_event")
    return dialog, trigger


def _contact(system: System, to: Mapping[str, str]) -> Contact:
    rows = Contact.objects.select_related("organisation").filter(organisation=system.organisation_id)
    if number := to.get("contact", ""):
        found = rows.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 16 else None
    else:
        many = list(finding.search(system.organisation_id, to.get("phone", "")).select_related("organisation")[:2])
        found = many[0] if len(many) == 1 and finding.number(to.get("phone", "")) else None
    if found is None or found.state == Contact.State.STOPPED:
        raise Untold("nobody")
    return found


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
