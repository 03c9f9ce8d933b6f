"""Where the messenger's window is closed and a dialog would speak first: its template knocks, or the thread says why nothing was said."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from django.db import transaction

from buergerdraht.connectors.contract import Content, TemplateUse
from buergerdraht.contacts import outreach
from buergerdraht.conversations import outgoing
from buergerdraht.dialogs import machine, world
from buergerdraht.dialogs.models import Session
from buergerdraht.dialogs.walk import Walk
from buergerdraht.dialogs.world import House


def unasked(house: House) -> AbstractContextManager[object]:
    """A turn in which we speak first. Raises world.Shut with all undone where the window is closed and the dialog's template may knock."""
    session = house.session
    if outreach.window(session.address).open:
        return nullcontext()
    read = world.readable(session.version_id)
    house.template = read.template if read else ""
    return transaction.atomic() if house.template else nullcontext()


def knock(session: Session, walk: Walk, house: House, template: TemplateUse) -> None:
    """Send the template instead of what would have been said; one that knocked before for the same dialog is answered no more."""
    earlier = Session.objects.filter(contact=session.contact_id, dialog=session.dialog_id, state=Session.State.KNOCKS)
    earlier.exclude(pk=session.pk).update(state=Session.State.LEFT, wakes_at=None)
    outreach.send(session.address, Content(template=template), purpose=house.purpose)
    machine.knock(walk, house)
    outgoing.line(outgoing.thread(session.contact), "dialog_knocked", name=session.dialog.title)


def unsaid(session: Session, walk: Walk, house: House) -> None:
    """Write down that something was to be said and why it was not: in the thread, in the list of walks, in the figures."""
    walk.unsaid = house.refused
    machine.unsaid(walk, house)
    outgoing.line(outgoing.thread(session.contact), "dialog_unsaid", name=session.dialog.title, why=house.refused)
