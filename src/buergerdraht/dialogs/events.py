"""What the authority's own systems tell us: something happened, and a dialog is to begin with somebody. Once for each key they give."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator
from buergerdraht.contacts import finding, outreach
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import sessions, triggers
from buergerdraht.dialogs.models import Dialog, System, SystemEvent

MOST_VALUES, LONGEST_VALUE = 50, 500
REMEMBERED = timedelta(days=30)


class Untold(Exception):
    """Nothing begins. `reason`: unknown_event, nobody, closed (we may not write to them), busy (in another dialog), held (by a person)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
def tell(system: System, key: str, event: str, to: Mapping[str, str], values: Mapping[str, str]) -> int:
    """Begin the live dialog of an event with one citizen; returns the walk's number. The same key again gives the same answer.

    `to`: {"phone": …} or {"contact": number}. Raises Untold; what could not begin may be told again under the same key.
    """
    known, made = SystemEvent.objects.get_or_create(system=system, key=key[:100])
    if not made:
        return known.session_id or 0
    dialog = _dialog(system, event)
    contact = _contact(system, to)
    address = _address(contact)
    if sessions.running(contact) is not None:
        raise Untold("busy")
    if sessions.held(contact):
        raise Untold("held")
    session = sessions.begin(dialog, contact, address, sessions.Cause("event", known=values))
    known.session = session
    known.save(update_fields=["session"])
    return int(session.pk)


def forget(now: datetime) -> None:
    """Forget keys that nobody gives again."""
    SystemEvent.objects.filter(at__lt=now - REMEMBERED).delete()


def _dialog(system: System, event: str) -> Dialog:
    wanted = plain(event)
    found = next((each for each in triggers.known(system.organisation_id) if each.on == "event" and each.word == wanted and wanted), None)
    rows = Dialog.objects.select_related("live", "organisation").exclude(live=None)
    dialog = rows.filter(pk=found.dialog, archived_at=None).first() if found else None
    if dialog is None:
        raise Untold("unknown_event")
    return dialog


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


def _address(contact: Contact) -> Address:
    """Where they wrote last, if we may write there now: they did not ask for this, so a closed window stays closed."""
    for address in contact.addresses.filter(state=Address.State.ACTIVE).select_related("channel").order_by("-last_inbound_at", "pk"):
        if outreach.window(address).open:
            return address
    raise Untold("closed")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
