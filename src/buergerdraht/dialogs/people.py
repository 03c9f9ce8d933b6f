"""What our people do with a citizen's walk: take over, step back in, begin it, begin it anew, end it. A line in the thread says who did."""

from __future__ import annotations

from django.db import transaction

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import actions as conversations
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs import machine, sessions
from buergerdraht.dialogs.models import Dialog, Session
from buergerdraht.dialogs.sessions import Cause
from buergerdraht.dialogs.world import House

State = Session.State


@transaction.atomic
def resume(session: Session, *, operator: Operator) -> bool:
    """Give the word back to the dialog, where it stood. The thread is nobody's then."""
    row = sessions.locked(session.pk)
    if row is None or row.state not in {State.HELD, State.HANDED} or sessions.running(row.contact) is not None:
        return False
    walk, house = sessions.walk_of(row), House(row)
    if not walk.frames:
        return False  # forgotten, or of a kind that nobody can read any more
    _give_back(outgoing.thread(row.contact))
    _noted(row, "resume", operator)
    machine.resume(walk, house)
    sessions.keep(row, walk, house)
    return not house.refused


@transaction.atomic
def begin_by(dialog: Dialog, conversation: Conversation, *, operator: Operator) -> Session:
    """Begin a dialog with somebody, because one of us wants it; it has the word then."""
    contact = Contact.objects.select_related("organisation").get(pk=conversation.contact_id)
    thread = outgoing.thread(contact)
    _give_back(thread)
    address = Address.objects.select_related("channel").get(pk=thread.last_address_id or 0)
    session = sessions.begin(dialog, contact, address, Cause("operator"))
    _noted(session, "begin", operator)
    return session


def _give_back(conversation: Conversation) -> None:
    """Nobody of us has the word any more."""
    conversation.state, conversation.operator = Conversation.State.BOT, None
    conversations.quiet(conversation)
    conversations.keep(conversation)


@transaction.atomic
def restart(session: Session, *, operator: Operator) -> Session | None:
    """Begin the same dialog anew, in its live version."""
    row = sessions.locked(session.pk)
    if row is None or row.dialog.live_id is None:
        return None
    end(row, operator=operator)
    _give_back(outgoing.thread(row.contact))
    dialog = Dialog.objects.select_related("live", "organisation").get(pk=row.dialog_id)
    again = sessions.begin(dialog, row.contact, row.address, Cause("operator"))
    _noted(again, "begin", operator)
    return again


@transaction.atomic
def hold(session: Session, *, operator: Operator) -> None:
    """Take over: the dialog is silent until somebody steps back in."""
    row = sessions.locked(session.pk)
    if row and row.state == State.RUNNING:
        sessions.set_state(row, State.HELD)
        _noted(row, "hold", operator)


@transaction.atomic
def end(session: Session, *, operator: Operator) -> None:
    row = sessions.locked(session.pk)
    if row and row.state in {State.RUNNING, State.KNOCKS, State.HELD, State.HANDED}:
        sessions.set_state(row, State.ENDED)
        _noted(row, "end", operator)


def _noted(session: Session, verb: str, operator: Operator) -> None:
    """A line in the thread, and one in the audit log."""
    outgoing.line(outgoing.thread(session.contact), f"dialog_{verb}", operator=operator, name=session.dialog.title)
    audit.record(session.organisation, f"dialogs.{verb}", operator=operator, subject=f"session:{session.pk}", dialog=session.dialog_id)
