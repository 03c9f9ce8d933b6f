"""Who may answer a message, in this order. The roof over contacts and conversations; receipts never come here."""

from __future__ import annotations

from collections.abc import Callable

from buergerdraht.appointments import chat as appointments
from buergerdraht.cases import chat as cases
from buergerdraht.cases import intake
from buergerdraht.connectors.contract import Changed, Event, Gone, Received
from buergerdraht.consultations import signing as consultations
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import commands, moving, signup, words
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.conversations import actions as conversations
from buergerdraht.conversations import answering, asides, automatic, emergencies, marks
from buergerdraht.conversations.recording import UPDATES, record
from buergerdraht.dialogs import sessions as dialogs
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.website import asking

Taker = Callable[[Incoming], bool]

# The first that returns True has taken the message; nobody after it is asked.
TAKERS: tuple[Taker, ...] = (
    commands.take,  # STOP and the like work in every state (law 9)
    asking.take,  # "EINSTELLUNGEN": the link to one's own page
    moving.take,  # a code brings somebody over from another messenger, or is asked for
    asides.take,  # chain letters, insults, blocked people: nobody answers, and nobody needs to look
    emergencies.take,  # 110 and 112 at once, whoever holds it, and people after it
    marks.take,  # "how was it?" was asked, and this is the answer
    answering.hold,  # a person holds the conversation: no automatic speaks (law 11)
    appointments.take,  # "TERMIN": what they have booked, to move or to cancel
    cases.take,  # "Meine Meldung": how it stands, adding to it, "ist nicht erledigt"
    intake.go_on,  # a report is begun: photos, place, words
    dialogs.take,  # a dialog waits for an answer, or begins with this; what it asks for may be sent
    emergencies.warn,  # takes nothing: asks not to send account numbers and the like
    intake.take,  # "Melden", a photo or a place unasked, words of what can be reported
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
        case Changed(what="key" | "crowd" as what):
            if address := contacts.doubted(channel, event):
                conversations.note_doubt(address, what, at=event.at)
        case Changed():
            contacts.changed_address(channel, event)


def hurries(event: Event) -> bool:
    """Tell what passes an earlier message of the same person that is being tried again: who says STOP is heard at once (law 9)."""
    return isinstance(event, Received) and bool(words.command(event.text, (words.STOP,)))


def _receive(channel: Channel, event: Received) -> None:
    address = contacts.meet(channel, event.sender, event.at)
    incoming = Incoming(channel=channel, event=event, contact=address.contact, address=address)
    record(incoming)  # always, and before anyone answers
    if not channels.reaches_people(channel.kind):
        _said_in_public(incoming)
        return
    if event.kind in UPDATES:
        # They change a message, and nobody answers a correction; but who corrects it to STOP has said STOP, or calls for help.
        if event.kind == "edit" and words.command(event.text, (words.STOP,)):
            commands.stop(incoming)
        elif event.kind == "edit":
            emergencies.take(incoming)
        return
    if event.flooding:
        _said_by_a_machine(incoming)
        return
    for take in TAKERS:
        if take(incoming):
            return


def _said_by_a_machine(incoming: Incoming) -> None:
    """Answer nothing of ourselves, or two machines talk for ever; but people see it, and a STOP is one (law 9)."""
    if words.command(incoming.event.text, (words.STOP,)):
        commands.stop(incoming)
    elif not asides.take(incoming):
        conversations.need_person(incoming)


def _said_in_public(incoming: Incoming) -> None:
    """Only people answer what everybody can read: no command, no dialog, no bot. A STOP there ends nothing, for nothing was begun."""
    if incoming.event.kind not in UPDATES and not asides.take(incoming):
        conversations.need_person(incoming)
