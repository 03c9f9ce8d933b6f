"""Who may answer a message, in this order. The roof over contacts and conversations; receipts never come here."""

from __future__ import annotations

from collections.abc import Callable

from buergerdraht.appointments import chat as appointments
from buergerdraht.connectors.contract import Changed, Event, Gone, Received
from buergerdraht.consultations import signing as consultations
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import commands, signup, words
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.conversations import actions as conversations
from buergerdraht.conversations import answering, asides, automatic, emergencies, marks
from buergerdraht.conversations.recording import UPDATES, record
from buergerdraht.dialogs import sessions as dialogs
from buergerdraht.gateway.models import Channel

Taker = Callable[[Incoming], bool]

# The first that returns True has taken the message; nobody after it is asked.
TAKERS: tuple[Taker, ...] = (
    commands.take,  # STOP and the like work in every state (law 9)
    asides.take,  # chain letters, insults, blocked people: nobody answers, and nobody needs to look
    emergencies.take,  # 110 and 112 at once, whoever holds it, and people after it
    marks.take,  # "how was it?" was asked, and this is the answer
    answering.hold,  # a person holds the conversation: no automatic speaks (law 11)
    appointments.take,  # "TERMIN": what they have booked, to move or to cancel
    dialogs.take,  # a dialog waits for an answer, or begins with this; what it asks for may be sent
    emergencies.warn,  # takes nothing: asks not to send account numbers and the like
    consultations.take,  # the mayor's hour: signing up, waiting
    signup.take,
    commands.menu,  # where there is no menu, it is a call for help
    automatic.greet,
)


def handle(channel: Channel, event: Event) -> None:
    """Take one event of the wire into the house. Raising keeps it for replay."""
    match event:
        case Received():
            _receive(channel, event)
        case Gone():
            address = contacts.gone(channel, event)
            if address and event.scope == "all":
                conversations.note_reach(address, back=event.back, at=event.at)
        case Changed():
            contacts.changed_address(channel, event)


def hurries(event: Event) -> bool:
    """Tell what passes an earlier message of the same person that is being tried again: who says STOP is heard at once (law 9)."""
    return isinstance(event, Received) and bool(words.command(event.text, (words.STOP,)))


def _receive(channel: Channel, event: Received) -> None:
    address = contacts.meet(channel, event.sender, event.at)
    incoming = Incoming(channel=channel, event=event, contact=address.contact, address=address)
    record(incoming)  # always, and before anyone answers
    if event.kind in UPDATES:
        # They change a message, and nobody answers a correction; but who corrects it to STOP has said STOP, or calls for help.
        if event.kind == "edit" and words.command(event.text, (words.STOP,)):
            commands.stop(incoming)
        elif event.kind == "edit":
            emergencies.take(incoming)
        return
    for take in TAKERS:
        if take(incoming):
            return
