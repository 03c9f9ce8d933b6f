"""What becomes of walks when something becomes of a contact: they say STOP, two become one, one becomes two."""

from __future__ import annotations

from typing import Any

from buergerdraht.contacts.models import Address, Contact
from buergerdraht.dialogs import sessions, waiting
from buergerdraht.dialogs.models import Lock, Session, Trace, Waiting

State = Session.State


def on_stopped(sender: object, *, contact: Contact, **more: Any) -> None:
    """Who says STOP is asked nothing more, and nothing comes later by itself."""
    waiting.let_go(contact)
    rows = Session.objects.filter(contact=contact, state__in=[State.RUNNING, State.KNOCKS, State.HELD])
    for session in rows.select_related("dialog", "version"):
        step = session.step
        Trace.objects.create(
            organisation_id=session.organisation_id, dialog=session.dialog, version=session.version.number, session=session, step=step,
            what="left",
        )  # fmt: skip
        sessions.set_state(session, State.LEFT)


def on_joined(sender: object, *, into: Contact, other: Contact, **more: Any) -> None:
    """Two contacts become one: of two walks the kept one's goes on."""
    if Session.objects.filter(contact=into, state=State.RUNNING, rests=False).exists():
        Session.objects.filter(contact=other, state=State.RUNNING, rests=False).update(state=State.LEFT, wakes_at=None)
    Session.objects.filter(contact=other).update(contact=into)
    Waiting.objects.filter(contact=other).update(contact=into)
    mine = set(into.facts.values_list("name", flat=True))
    other.facts.exclude(name__in=mine).update(contact=into)
    for lock in other.locks.all():
        mine_too, _made = Lock.objects.get_or_create(contact=into, system_id=lock.system_id)
        mine_too.wrong = max(mine_too.wrong, lock.wrong)
        mine_too.until = max(filter(None, (mine_too.until, lock.until)), default=None)
        mine_too.save()


def on_parted(sender: object, *, old: Contact, new: Contact, address: Address, **more: Any) -> None:
    """An address got a contact of its own: what was asked there goes along."""
    Session.objects.filter(contact=old, address=address).update(contact=new)
