"""The queue of an hour: enter, ask beforehand, leave, be called, be done.

Locks are taken in the order contact, conversation, consultation, guest: two operators never take the same guest, and a guest who
writes at that moment stops nobody.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.connectors.contract import Content
from buergerdraht.consultations import times
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.consultations.texts import say
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import actions as conversations
from buergerdraht.conversations import appointed, holding, outgoing, sight
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway import live

State = Guest.State
ERRAND = "consultations"
LABEL = "Sprechstunde"


def alive(contact: Contact) -> Guest | None:
    """Give what a contact has going on with us here, if anything."""
    guest = Guest.objects.filter(contact=contact, state__in=Guest.ALIVE).select_related("consultation").first()
    if guest:
        guest.contact = contact  # the one at hand knows the thread the message arrived in
    return guest


def waiting(consultation: Consultation) -> QuerySet[Guest]:
    return consultation.guests.filter(state=State.WAITING).order_by("place", "number")


def ahead(guest: Guest) -> int:
    """Count who stands before a guest."""
    if guest.consultation is None:
        return 0
    before = Q(place__lt=guest.place) | Q(place=guest.place, number__lt=guest.number)
    return waiting(guest.consultation).filter(before).count()


def minutes(guest: Guest) -> int | None:
    """Reckon how long a guest still waits, from the talks of this session; None where nobody can know."""
    if guest.consultation is None:
        return None
    return times.minutes(ahead(guest), pace(guest.consultation))


def pace(consultation: Consultation) -> float | None:
    talks = consultation.guests.filter(state=State.DONE, called_at__isnull=False, done_at__isnull=False)
    had = [(start, end) for start, end in talks.values_list("called_at", "done_at") if start and end]
    talking = consultation.guests.filter(state=State.TALKING).values("operator").distinct().count()
    return times.pace(had, talking)


# ── What citizens do ──────────────────────────────────────────────────────


@transaction.atomic(savepoint=False)
def sign(contact: Contact, address: Address) -> Guest:
    """Begin or go on signing up."""
    guest = alive(contact)
    if guest and guest.state == State.TALKING and guest.consultation and guest.consultation.state == Consultation.State.OVER:
        _end(guest, State.DONE)  # a talk nobody marked as done
        guest = None
    contacts.send_on(contact, ERRAND)
    return guest or Guest.objects.create(organisation_id=contact.organisation_id, contact=contact, address=address)


@transaction.atomic(savepoint=False)
def enter(guest: Guest) -> Guest:
    """Give a guest a place in the hour that runs, else in the next with room; without one they wait for the next to be planned."""
    consultation = _with_room(guest)
    if guest.state == State.SIGNING:
        guest.state, guest.step, guest.joined_at = State.WAITING, "", timezone.now()
    guest.consultation = consultation
    if consultation:
        guest.number = (consultation.guests.aggregate(most=Max("number"))["most"] or 0) + 1
        guest.brought = consultation.state == Consultation.State.RUNNING
    appointed.appoint(guest.contact, label=LABEL, team=consultation.team if consultation else None)
    if guest.brought:
        appointed.bring(guest.contact)
    guest.ahead = ahead(guest)
    guest.save()
    tell(consultation)
    return guest


def _with_room(guest: Guest) -> Consultation | None:
    now = timezone.now()
    coming = Q(state=Consultation.State.RUNNING, ends_at__gt=now) | Q(state=Consultation.State.PLANNED, ends_at__gt=now)
    rows = Consultation.objects.filter(coming, organisation=guest.organisation_id).order_by("begins_at", "pk")
    for number in rows.values_list("pk", flat=True):
        row = Consultation.objects.select_for_update(of=("self",)).filter(coming, pk=number).select_related("team").first()
        if row and (row.places is None or row.guests.filter(state=State.WAITING).count() < row.places):
            return row
    return None


@transaction.atomic(savepoint=False)
def ask(guest: Guest, incoming: Incoming) -> bool:
    """Note what a guest says beforehand; tell whether it is their first word. It stands before people, resting until the hour."""
    message = Message.objects.filter(channel=incoming.channel, external_id=incoming.event.external_id).first()
    first = not guest.questions.exists()
    if message:
        guest.questions.add(message)
    consultation = guest.consultation
    planned = consultation is not None and consultation.state == Consultation.State.PLANNED
    appointed.bring(guest.contact, rest_until=consultation.begins_at if consultation and planned else None)
    tell(consultation)
    return first


@transaction.atomic(savepoint=False)
def leave(guest: Guest, how: str = State.LEFT) -> None:
    _end(guest, how)
    contacts.send_on(guest.contact, "")


def on_stopped(sender: object, *, contact: Contact, **more: Any) -> None:
    """Who says STOP waits no more."""
    for guest in Guest.objects.filter(contact=contact, state__in=[State.SIGNING, State.WAITING]).select_related("consultation"):
        _end(guest, State.LEFT)


def on_joined(sender: object, *, into: Contact, other: Contact, **more: Any) -> None:
    """Two contacts become one: of two places in queues the kept one's stays."""
    if Guest.objects.filter(contact=into, state__in=Guest.ALIVE).exists():
        Guest.objects.filter(contact=other, state__in=Guest.ALIVE).update(state=State.LEFT, done_at=timezone.now())
    Guest.objects.filter(contact=other).update(contact=into)


def _end(guest: Guest, how: str) -> None:
    guest.state, guest.done_at = how, timezone.now()
    guest.save(update_fields=["state", "done_at"])
    tell(guest.consultation)


# ── What operators do ─────────────────────────────────────────────────────


def seen(membership: Membership) -> QuerySet[Guest]:
    """The guests a member may see: those whose thread they may see."""
    rows = Guest.objects.filter(organisation=membership.organisation_id)
    return rows.filter(sight.visible(membership, "contact__conversation__"), contact__conversation__isnull=False)


def call_next(consultation: Consultation, membership: Membership) -> Guest | None:
    """Take the first who waits; whom a colleague took in the same moment is theirs, and the one behind is mine."""
    passed: set[int] = set()
    while True:
        queue = seen(membership).filter(consultation=consultation, state=State.WAITING).exclude(pk__in=passed)
        number = queue.order_by("place", "number").values_list("pk", flat=True).first()
        if number is None:
            return None
        if guest := call(consultation, number, membership):
            return guest
        passed.add(number)


@transaction.atomic
def call(consultation: Consultation, number: int, membership: Membership) -> Guest | None:
    """Take one guest, unless somebody was faster: the thread becomes mine, and they hear that it is their turn."""
    guest = _locked(consultation, number, membership, State.WAITING)
    if guest is None:
        return None
    if not Consultation.objects.filter(pk=consultation.pk, state=Consultation.State.RUNNING).exists():
        raise ValidationError(_("Die Sprechstunde läuft gerade nicht."))
    guest.state, guest.called_at, guest.operator, guest.brought = State.TALKING, timezone.now(), membership.operator, True
    guest.save(update_fields=["state", "called_at", "operator", "brought"])
    write(guest, "turn", host=consultation.host)
    appointed.bring(guest.contact)
    conversation = Conversation.objects.get(contact=guest.contact_id)
    holding.assign(conversation, by=membership.operator, operator=membership.operator, team=consultation.team)
    _log(consultation, "call", guest, membership.operator)
    return guest


@transaction.atomic
def finish(consultation: Consultation, number: int, membership: Membership, reason: str = "") -> Guest:
    """Mark a guest as answered; of one who still waits say why."""
    guest = _needed(consultation, number, membership, State.TALKING, State.WAITING)
    if guest.state == State.WAITING:
        guest.reason = _reason(reason)
        guest.operator = membership.operator
    guest.state, guest.done_at = State.DONE, timezone.now()
    guest.save(update_fields=["state", "done_at", "reason", "operator"])
    _log(consultation, "finish", guest, membership.operator)
    return guest


@transaction.atomic
def postpone(consultation: Consultation, number: int, membership: Membership, reason: str) -> Guest:
    """Put a guest behind all others: they do not answer just now. Nobody loses their place for good."""
    guest = _needed(consultation, number, membership, State.TALKING, State.WAITING)
    last = consultation.guests.filter(state=State.WAITING).aggregate(most=Max("place"))["most"] or 0
    guest.state, guest.called_at, guest.operator = State.WAITING, None, None
    return _moved(consultation, guest, last + 1, reason, "postpone", membership.operator)


@transaction.atomic
def prefer(consultation: Consultation, number: int, membership: Membership, reason: str) -> Guest:
    """Put a guest before all others, for a reason."""
    guest = _needed(consultation, number, membership, State.WAITING)
    first = consultation.guests.filter(state=State.WAITING).aggregate(least=Min("place"))["least"] or 0
    return _moved(consultation, guest, first - 1, reason, "prefer", membership.operator)


def _moved(consultation: Consultation, guest: Guest, place: int, reason: str, verb: str, operator: Operator) -> Guest:
    guest.place, guest.reason = place, _reason(reason)
    guest.ahead = ahead(guest) if guest.ahead is None else max(guest.ahead, ahead(guest))
    guest.save(update_fields=["state", "called_at", "operator", "place", "reason", "ahead"])
    _log(consultation, verb, guest, operator)
    return guest


def _reason(text: str) -> str:
    if not (words := " ".join(text.split())[:200]):
        raise ValidationError(_("Bitte sagen Sie in einem Wort, warum."))
    return words


def _locked(consultation: Consultation, number: int, membership: Membership, *states: str) -> Guest | None:
    """Lock thread and guest, in this order, and see that the guest still stands so."""
    found = seen(membership).filter(consultation=consultation, pk=number).values_list("contact__conversation", flat=True).first()
    if found is None:
        return None
    conversations.lock(Conversation(pk=found))
    rows = Guest.objects.select_for_update(of=("self",)).filter(pk=number, state__in=states)
    return rows.select_related("contact__organisation", "address__channel", "consultation").first()


def _needed(consultation: Consultation, number: int, membership: Membership, *states: str) -> Guest:
    if guest := _locked(consultation, number, membership, *states):
        return guest
    raise ValidationError(_("Das geht nicht mehr: Diese Person hat inzwischen einen anderen Stand."))


def _log(consultation: Consultation, verb: str, guest: Guest, operator: Operator) -> None:
    audit.record(
        consultation.organisation, f"consultations.{verb}", operator=operator, subject=f"consultation:{consultation.pk}", guest=guest.pk
    )  # fmt: skip
    tell(consultation)


# ── What several share ────────────────────────────────────────────────────


def write(guest: Guest, key: str, **values: str) -> bool:
    """Send a guest a sentence; where we may not write (window, block) they are simply not told."""
    if guest.address is None:
        return False
    text = say(guest.contact.organisation, guest.contact.language, key, **values)
    with suppress(outreach.Refused):
        outreach.send(guest.address, Content(text=text, preview_link=False), purpose="service")
        return True
    return False


@transaction.atomic
def hold(number: int, *states: str) -> Guest | None:
    """Lock a guest by the clock: thread first, then the row."""
    found = Guest.objects.filter(pk=number, state__in=states).select_related("contact").first()
    if found is None:
        return None
    outgoing.thread(found.contact)
    rows = Guest.objects.select_for_update(of=("self",)).filter(pk=number, state__in=states)
    return rows.select_related("contact__organisation", "address__channel", "address__contact", "consultation__team").first()


def tell(consultation: Consultation | None) -> None:
    if consultation:
        live.tell(consultation.organisation_id, "consultation", id=consultation.pk)
