"""Citizens' walks in the table: begun by a trigger, taken further by what they say, woken by the clock, taken over by people.

Locks are taken in the order thread, session. One message of one citizen is handled at a time (the thread is locked), so one step per
message holds for photos that come together, too.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.vault import encrypt
from buergerdraht.connectors.contract import Choice, Content
from buergerdraht.contacts import answers, outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.contacts.proof import asked
from buergerdraht.contacts.words import plain
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.dialogs import knocking, machine, triggers, world
from buergerdraht.dialogs.hearing import said_of
from buergerdraht.dialogs.models import Dialog, Session, Trace, Version
from buergerdraht.dialogs.sentences import SHELF
from buergerdraht.dialogs.walk import ANSWER, CALL, DONE, KNOCK, RUNNING, SILENCE, TIME, Frame, Opening, Said, Walk
from buergerdraht.dialogs.world import House, Shut, show_menu
from buergerdraht.gateway.beating import place
from buergerdraht.gateway.queries import ask, build, columns, queries

State = Session.State
log = logging.getLogger("buergerdraht.dialogs")
SPEECHLESS = frozenset({"deletion", "reaction", "edit"})
MENU = triggers.MENU_STEP
ENDS = {"done": State.DONE, "left": State.LEFT, "handed": State.HANDED, "expired": State.EXPIRED, RUNNING: State.RUNNING}
MOST_PENDING = 50
WHILE_BUSY = timedelta(minutes=5)  # until it is looked again whether the other walk is over
THANKS = "ok okay danke vielen dank gut alles klar super prima ja gerne ich warte thanks thank you yes fine great"
UNASKED = frozenset({ANSWER, TIME, SILENCE})  # what is said when these end comes unasked: not at night
SQL = queries(Path(__file__).with_name("queries.sql"))
RUNNING_WALK = SQL["running"].replace("/*walk*/", columns(Session, "walk"))
LARGE = ("dialog__draft", "version__document")  # read once per process, see world.read
_decode, _encode = msgspec.json.Decoder(Walk).decode, msgspec.json.encode
EMPTY = Walk(frames=[], state="done")


class Busy(Exception):
    """A walk that rested would ask, while another one waits for an answer."""


_said = msgspec.json.Decoder(list[Said]).decode


# ── On the way in ─────────────────────────────────────────────────────────


@transaction.atomic(savepoint=False)
def take(incoming: Incoming) -> bool:
    """Answer whoever is in a dialog, or begins one; leave all others to the next."""
    if incoming.event.kind in SPEECHLESS:
        return False
    if outgoing.arrival(incoming).known:
        return True  # told again: it was answered the first time (law 2)
    session, spoken = _running(incoming.contact)
    if session is not None:
        return _go_on(session, spoken, incoming)
    return incoming.event.kind != "unsupported" and _begin_by(incoming)


def running(contact: Contact) -> Session | None:
    """The walk of a contact that waits for their answer, locked."""
    session, _spoken = _running(contact)
    return session if session is not None and session.state == State.RUNNING else None


def _running(contact: Contact) -> tuple[Session | None, bool]:
    """The same, else one that knocked with a template, and whether one of us answered since the dialog spoke last.

    Then it is silent until it is stepped back into (law 11).
    """
    rows = ask(RUNNING_WALK, {"contact": contact.pk})
    if not rows:
        return None, False
    spoken, key, title, number, *row = rows[0]
    session = build(Session, row)
    alias = session._state.db or ""
    session.dialog = Dialog.from_db(
        alias, ["id", "organisation_id", "key", "title"], [session.dialog_id, session.organisation_id, key, title]
    )
    session.version = Version.from_db(alias, ["id", "dialog_id", "number"], [session.version_id, session.dialog_id, number])
    session.contact = contact  # the one at hand knows the thread the message arrived in
    session.organisation = contact.organisation
    return session, spoken


def _go_on(session: Session, spoken: bool, incoming: Incoming) -> bool:
    if spoken:
        set_state(session, State.HELD)
        return False
    session.address = incoming.address  # whoever goes on elsewhere is answered there
    try:
        with transaction.atomic():
            return _answer(session, incoming)
    except (OperationalError, InterfaceError):
        raise  # nobody's fault: the whole message is tried again
    except Exception as problem:
        log.error("dialogs.answer session=%s problem=%s at=%s", session.pk, type(problem).__name__, place(problem))
        give_up(session)
        return True


def _answer(session: Session, incoming: Incoming) -> bool:
    walk, said = _decode(session.walk), said_of(incoming)
    if incoming.event.choice.startswith(triggers.BUTTON) or incoming.event.start or incoming.event.kind == "start":
        return _change(session, walk, incoming)
    if not incoming.event.proven and _asked(session, walk, incoming):
        return True
    if walk.waits == CALL:
        _queue(session, said)
        return True
    knocked = walk.waits == KNOCK and walk.knocked != ANSWER
    house = House(session)
    machine.answer(walk, said, house)
    keep(session, walk, house)
    if knocked and walk.state == DONE and not said.choice and _matters(said):
        return _begin_by(incoming)  # it had only to be told; what they write is a new matter
    return True


def _asked(session: Session, walk: Walk, incoming: Incoming) -> bool:
    """Ask who may be somebody else to answer our letter, where something comes of what they answer."""
    if not world.read(session.version.pk).acts:
        return False
    return asked(
        incoming, session.started_at, [Choice(id=f"d:{walk.mark}:{walk.serial}:{each[0]}", title=each[1]) for each in walk.options]
    )


def _change(session: Session, walk: Walk, incoming: Incoming) -> bool:
    """A link or a button of another dialog: that one instead. A link that is no dialog's leads out of this one, too."""
    found = triggers.find(incoming, first=False)
    if found is None and not incoming.event.start and incoming.event.kind != "start":
        house = House(session)
        machine.answer(walk, said_of(incoming), house)
        keep(session, walk, house)
        return True
    house = House(session)
    machine.leave(walk, house)
    keep(session, walk, house)
    return _begin_by(incoming)


def _queue(session: Session, said: Said) -> None:
    """Keep what they say while a system of the authority is asked; say once that nothing is lost."""
    waiting = _said(session.pending) if session.pending else []
    session.pending = _encode([*waiting, said][:MOST_PENDING]).decode()
    session.save(update_fields=["pending"])
    if not waiting:
        House(session).say(Content(text=SHELF.say(session.organisation, session.contact.language, "calling_wait")))


def _begin_by(incoming: Incoming) -> bool:
    found = triggers.known(incoming.channel.organisation_id)
    if not found:
        return False
    first = any(each.on == "first_contact" for each in found) and _first_message(incoming)
    known = triggers.find(incoming, first=first)
    if known is None:
        return _by_menu(incoming)
    dialog = Dialog.objects.select_related("live", "organisation").filter(pk=known.dialog, archived_at=None).exclude(live=None).first()
    if dialog is None:
        return False
    return _begun(dialog, incoming, known.on)


def _begun(dialog: Dialog, incoming: Incoming, by: str) -> bool:
    """Begin a dialog for a message; one that cannot be begun leaves the message to the next, and to people."""
    try:
        with transaction.atomic():
            if not _doubted(dialog, incoming, by):
                begin(dialog, incoming.contact, incoming.address, Cause(by))
        return True
    except (OperationalError, InterfaceError):
        raise
    except Exception as problem:
        log.error("dialogs.begin dialog=%s problem=%s at=%s", dialog.pk, type(problem).__name__, place(problem))
        return False


def _doubted(dialog: Dialog, incoming: Incoming, by: str) -> bool:
    """Ask who may be somebody else, where a dialog does something before it asks. Of a newcomer there is nothing to change."""
    if incoming.event.proven or by == "first_contact" or dialog.live is None:
        return False
    return world.read(dialog.live.pk).acts_unasked and asked(incoming, choices=())


def _first_message(incoming: Incoming) -> bool:
    conversation = outgoing.arrival(incoming).conversation
    return conversation.messages.exclude(author=Message.Author.SYSTEM).count() == 1


def _by_menu(incoming: Incoming) -> bool:
    event = incoming.event
    if event.kind not in {"text", "choice"}:
        return False
    if triggers.wants_menu(event.text):
        return show_menu(incoming.contact, incoming.address)
    step = answers.step_of(incoming.contact)
    if step.get("name") != MENU:
        return False
    ids = answers.chosen(event.text, step["options"])
    dialog = Dialog.objects.select_related("live", "organisation").filter(
        organisation=incoming.channel.organisation_id, key=ids[0].removeprefix(triggers.BUTTON), archived_at=None,
    ).exclude(live=None).first() if len(ids) == 1 else None  # fmt: skip
    answers.leave(incoming.contact)
    if dialog is None:
        return False
    return _begun(dialog, incoming, "menu")


# ── Begin, keep, end ──────────────────────────────────────────────────────


@dataclass(frozen=True)
class Cause:
    """Why a walk begins. `purpose` newsletter where nobody asked for it; `known`: answers that are there already."""

    by: str
    purpose: str = world.SERVICE
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def unasked(self) -> bool:
        """Whether we speak first."""
        return self.by in {"time", "operator"}


@transaction.atomic(savepoint=False)
def begin(dialog: Dialog, contact: Contact, address: Address, cause: Cause) -> Session:
    """Begin the live version of a dialog. Another walk that waits for an answer is left."""
    assert dialog.live is not None
    read = world.read(dialog.live.pk)
    outgoing.thread(contact)
    other, _spoken = _running(contact)
    if other is not None and (other.state == State.RUNNING or other.dialog_id == dialog.pk):
        _leave(other)
    answers.leave(contact)
    session = Session(
        organisation=dialog.organisation, dialog=dialog, version=dialog.live, contact=contact, address=address, walk="{}",
        begun_by=cause.by,
    )  # fmt: skip
    session.save()
    house = House(session, purpose=cause.purpose)
    opening = Opening(language=contact.language, mark=secrets.token_hex(3), known=cause.known)
    try:
        with knocking.unasked(house) if cause.unasked else nullcontext():
            walk = machine.begin(read, dialog.live.number, house, opening)
    except Shut as shut:
        house, walk = House(session, purpose=cause.purpose), machine.before(read, dialog.live.number, opening)
        knocking.knock(session, walk, house, shut.template)
    if house.refused and cause.unasked:
        knocking.unsaid(session, walk, house)
    if house.refused and walk.state == RUNNING:
        machine.leave(walk, house)  # nobody read the question: what they write is no answer to it
    keep(session, walk, house)
    return session


def _leave(other: Session) -> None:
    """Another dialog begins instead."""
    walk, house = walk_of(other), House(other)
    if walk.frames:
        machine.leave(walk, house)
        keep(other, walk, house)
    else:
        set_state(other, State.LEFT)


def keep(session: Session, walk: Walk, house: House) -> None:
    """Write down where a walk stands, and what happened for the figures."""
    if house.request:
        walk.data["request"] = house.request
    session.walk = _encode(walk).decode()
    session.state = State.KNOCKS if walk.waits == KNOCK and walk.state == RUNNING else ENDS[walk.state]
    session.step = walk.here.step
    session.rests = walk.waits == TIME and session.state == State.RUNNING  # a wait for silence hears what they say
    session.wakes_at = walk.until if walk.state == RUNNING else None
    if walk.state != RUNNING:
        session.pending = ""
    session.changed_at = timezone.now()
    traces = house.traces
    ask(SQL["keep"], {
        "session": session.pk, "organisation": session.organisation_id, "version": session.version.number, "now": session.changed_at,
        "walk": encrypt(session.walk), "pending": encrypt(session.pending), "state": str(session.state), "step": session.step,
        "rests": session.rests, "wakes_at": session.wakes_at, "address": session.address_id,
        "dialogs": [each.dialog for each in traces], "steps": [each.step for each in traces], "whats": [each.what for each in traces],
        "texts": [encrypt(each.text) for each in traces],
    })  # fmt: skip
    house.traces = []


def set_state(session: Session, state: str) -> None:
    session.state, session.wakes_at, session.pending = state, None, ""
    session.save(update_fields=["state", "wakes_at", "pending", "changed_at"])


def give_up(session: Session) -> None:
    """Whatever went wrong, nobody is left in silence: a person takes over."""
    walk, house = walk_of(session), House(session)
    whole = bool(walk.frames)
    if not whole:
        walk.frames.append(Frame(session.dialog.key, session.version.number, session.step))
    machine.give_up(walk, house)
    if whole:
        keep(session, walk, house)
    else:
        set_state(session, State.HANDED)  # what cannot be read is not written over


@transaction.atomic
def give_up_on(number: int) -> None:
    session = locked(number)
    if session is not None and session.state == State.RUNNING:
        give_up(session)


# ── The clock, and what calls bring ───────────────────────────────────────


def due(now: datetime, most: int = 100) -> list[int]:
    """The walks whose time has come."""
    rows = Session.objects.filter(state=State.RUNNING, wakes_at__lte=now).order_by("wakes_at")
    return list(rows.values_list("pk", flat=True)[:most])


def wake(number: int, now: datetime) -> bool:
    """Wake one walk, unless somebody was quicker. While a person holds the thread nothing is said."""
    try:
        with transaction.atomic():
            return _wake(number, now)
    except Busy:
        put_off(number, now + WHILE_BUSY)
        return True


def _wake(number: int, now: datetime) -> bool:
    session = locked(number)
    if session is None or session.state != State.RUNNING or session.wakes_at is None or session.wakes_at > now:
        return False
    if _held(session):
        set_state(session, State.HELD)
        outgoing.line(outgoing.thread(session.contact), "dialog_held", name=session.dialog.title)  # what was to come now does not
        return True
    walk, house = _decode(session.walk), House(session)
    if walk.waits in UNASKED and (until := outreach.quiet_until(session.organisation, now)):
        put_off(number, until)
        return True
    asked, waiting, speaks = walk.serial, session.pending, machine.speaks(walk, house)
    try:
        with knocking.unasked(house) if speaks else nullcontext():
            machine.wake(walk, house)
    except Shut as shut:
        return _knock(number, shut)
    if speaks and house.refused:
        knocking.unsaid(session, walk, house)
    if walk.state == RUNNING and walk.waits != TIME:
        if session.rests and running(session.contact) is not None:
            raise Busy
        if house.refused and walk.serial != asked:
            machine.leave(walk, house)  # nobody read the question
    keep(session, walk, house)
    _catch_up(session, walk, waiting)
    return True


def _knock(number: int, shut: Shut) -> bool:
    """Send the template of a walk that would have spoken. What its turn did is undone, so it is read anew."""
    session = locked(number)
    if session is None:
        return False
    if session.rests and running(session.contact) is not None:
        raise Busy  # what they answered would answer the other one's question
    walk, house = _decode(session.walk), House(session)
    knocking.knock(session, walk, house, shut.template)
    keep(session, walk, house)
    return True


def put_off(number: int, until: datetime) -> None:
    Session.objects.filter(pk=number).update(wakes_at=until)


def locked(number: int) -> Session | None:
    """A session with its thread, locked in the order everyone locks them."""
    contact = Contact.objects.select_related("organisation").filter(sessions=number).first()
    if contact is None:
        return None
    outgoing.thread(contact)
    rows = Session.objects.select_for_update(of=("self",)).select_related("dialog", "version", "organisation", "address__channel")
    rows = rows.defer(*LARGE)
    session = rows.filter(pk=number).first()
    if session:
        session.contact = contact
    return session


def held(contact: Contact) -> bool:
    """A person has the word with somebody."""
    return Conversation.objects.filter(contact=contact, state=Conversation.State.OPEN, operator__isnull=False).exists()


def _held(session: Session) -> bool:
    """A person has the word: the thread is theirs, or they answered since."""
    conversation = Conversation.objects.filter(contact=session.contact_id).first()
    if conversation is None:
        return False
    return held(session.contact) or conversation.messages.filter(author=Message.Author.OPERATOR, at__gt=session.changed_at).exists()


@transaction.atomic
def called(number: int, serial: int, outcome: str, found: Mapping[str, str]) -> bool:
    """Tell a walk what a call brought; then what was said meanwhile, in order. False where it no longer waits for this one."""
    session = locked(number)
    if session is None or session.state != State.RUNNING:
        return False
    walk, house = _decode(session.walk), House(session)
    waiting = session.pending
    if not machine.called(walk, serial, outcome, found, house):
        return False
    if house.refused:
        knocking.unsaid(session, walk, house)
    keep(session, walk, house)
    _catch_up(session, walk, waiting)
    return True


def _catch_up(session: Session, walk: Walk, pending: str) -> None:
    """Say what waited while a call was running. What no question waits for any more is read by people: nothing was to be lost."""
    waiting = _said(pending) if pending else []
    while waiting and session.state == State.RUNNING and walk.waits not in {CALL, TIME}:
        house = House(session)
        machine.answer(walk, waiting.pop(0), house)
        keep(session, walk, house)
    calls = session.state == State.RUNNING and walk.waits == CALL
    if pending:
        session.pending = _encode(waiting).decode() if waiting and calls else ""
        session.save(update_fields=["pending"])
    if not calls and session.state != State.HANDED and any(map(_matters, waiting)):
        house = House(session)
        key = "handed" if house.office_open() else "handed_away"
        house.say(Content(text=SHELF.say(session.organisation, walk.language, key)))
        house.hand_over("", "")


def _matters(said: Said) -> bool:
    """Say whether somebody should read it: all but a mere thank-you."""
    return bool(said.files or said.place) or not set(plain(said.text).split()) <= set(THANKS.split())


def expire(now: datetime) -> int:
    """End the walks whose template nobody answered. Returns how many."""
    return Session.objects.filter(state=State.KNOCKS, wakes_at__lte=now).update(state=State.EXPIRED, wakes_at=None)


def request_of(number: int, serial: int) -> tuple[Session, dict[str, Any]] | None:
    """The call a session waits for, to whoever makes it."""
    session = Session.objects.select_related("organisation").filter(pk=number, state=State.RUNNING).first()
    walk = _decode(session.walk) if session else None
    if session is None or walk is None or walk.waits != CALL or walk.serial != serial or "request" not in walk.data:
        return None
    return session, walk.data["request"]


# ── What is kept of it ────────────────────────────────────────────────────


def walk_of(session: Session) -> Walk:
    """Where a walk stands, and what was answered: for whoever may see the thread. One that cannot be read is empty."""
    try:
        return _decode(session.walk)
    except msgspec.MsgspecError:
        return Walk(frames=[], state="done")


def forget(organisation: Organisation, before: datetime) -> int:
    """Empty walks that ended long ago; that they were, and how they went, stays as numbers in the figures, which are nobody's any more."""
    Trace.objects.filter(organisation=organisation, at__lt=before, what="misunderstood").update(text="")
    gone = Session.objects.filter(organisation=organisation, changed_at__lt=before).exclude(state=State.RUNNING)
    Trace.objects.filter(organisation=organisation, session__in=gone).update(session=None)
    return gone.exclude(step="").update(walk=_encode(EMPTY).decode(), pending="", step="")
