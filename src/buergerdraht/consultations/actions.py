"""What becomes of an hour: planned, begun, ended, cancelled, announced; and what its guests hear of it by the clock.

State changes are one transaction each; the guests follow one by one, so that any worker may go on where another stopped.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.exceptions import AlreadyEnqueued

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import actions as broadcasts
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Content, to_json
from buergerdraht.consultations import queue, reading, times
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.consultations.texts import say, span, wait
from buergerdraht.conversations import appointed

State = Consultation.State
OPEN_STATES = (State.DRAFT, State.PLANNED)


@transaction.atomic
def save(consultation: Consultation, *, operator: Operator | None) -> Consultation:
    """Keep a new hour, or a change to one that has not begun."""
    if consultation.pk and not Consultation.objects.select_for_update().filter(pk=consultation.pk, state__in=OPEN_STATES).exists():
        raise ValidationError(_("Das geht nicht mehr: Die Sprechstunde hat inzwischen begonnen oder wurde abgesagt."))
    consultation.save()
    return _noted(consultation, "save", operator)


@transaction.atomic
def plan(consultation: Consultation, *, operator: Operator | None) -> Consultation:
    """Make a draft known: from now on citizens can sign up."""
    row = _locked(consultation, State.DRAFT)
    if row.ends_at <= timezone.now():
        raise ValidationError(_("Diese Zeit ist schon vorbei. Bitte wählen Sie eine andere."))
    row.state = State.PLANNED
    row.save(update_fields=["state"])
    return _noted(row, "plan", operator)


@transaction.atomic
def begin(consultation: Consultation, *, operator: Operator | None = None) -> Consultation:
    """Open the queue; a weekly hour is planned for next week at the same moment, so that there is always a next one."""
    row = _locked(consultation, State.PLANNED)
    now = timezone.now()
    row.state, row.begun_at = State.RUNNING, now
    row.save(update_fields=["state", "begun_at"])
    repeat(row)
    return _noted(row, "begin", operator)


@transaction.atomic
def end(consultation: Consultation, *, operator: Operator | None = None) -> Consultation:
    """Close the queue. Who was not reached hears so, and stays with the team."""
    row = _locked(consultation, State.RUNNING)
    row.state, row.ended_at = State.OVER, timezone.now()
    row.save(update_fields=["state", "ended_at"])
    return _noted(row, "end", operator)


@transaction.atomic
def cancel(consultation: Consultation, *, operator: Operator) -> Consultation:
    """Call an hour off; everybody who waits is told. A weekly one goes on the week after."""
    row = _locked(consultation, State.PLANNED, State.RUNNING)
    row.state, row.ended_at = State.CANCELLED, timezone.now()
    row.save(update_fields=["state", "ended_at"])
    repeat(row)
    return _noted(row, "cancel", operator)


@transaction.atomic
def discard(consultation: Consultation, *, operator: Operator) -> None:
    """Throw a draft away."""
    row = _locked(consultation, State.DRAFT)
    _noted(row, "discard", operator)
    row.delete()


def repeat(row: Consultation) -> Consultation | None:
    """Plan the same hour a week later, once."""
    if not row.weekly:
        return None
    begins = times.week_later(row.organisation, row.begins_at)
    values = {
        "title": row.title, "host": row.host, "team": row.team, "topic": row.topic, "places": row.places, "weekly": True,
        "begins_at": begins, "ends_at": times.same_span(row.begins_at, row.ends_at, begins), "state": State.PLANNED,
    }  # fmt: skip
    following, _made = Consultation.objects.get_or_create(follows=row, defaults={"organisation": row.organisation, **values})
    return following


@transaction.atomic
def announce(consultation: Consultation, *, operator: Operator) -> Broadcast:
    """Write a broadcast that says when it is, in every language of the organisation; people look it over and send it."""
    organisation = consultation.organisation
    _noted(consultation, "announce", operator)
    versions = {language: to_json(Content(text=_announcement(consultation, language))) for language in organisation.languages or ["de"]}
    title = say(organisation, "de", "announcement_title", title=consultation.title, when=span(consultation, "de"))
    audience = {"topics": [consultation.topic_id] if consultation.topic_id else []}
    return broadcasts.create(organisation, operator=operator, title=title, versions=versions, audience=audience)


def _announcement(consultation: Consultation, language: str) -> str:
    values = {"title": consultation.title, "host": consultation.host, "when": span(consultation, language)}
    return say(consultation.organisation, language, "announcement", **values)


# ── By the clock ──────────────────────────────────────────────────────────


def advance(now: datetime) -> None:
    """Begin and end what is due, and let the guests know. Done twice, or by two at once, it is done once."""
    for row in Consultation.objects.filter(state=State.PLANNED, begins_at__lte=now).select_related("organisation"):
        with suppress(ValidationError):  # another worker was faster
            begin(row)
    for row in Consultation.objects.filter(state=State.RUNNING, ends_at__lte=now).select_related("organisation"):
        with suppress(ValidationError):
            end(row)
    _seat()
    for number in Guest.objects.filter(state=Guest.State.WAITING, consultation__state=State.CANCELLED).values_list("pk", flat=True):
        _call_off(number)
    for number in Guest.objects.filter(state=Guest.State.WAITING, consultation__state=State.OVER).values_list("pk", flat=True):
        _miss(number)
    for row in Consultation.objects.filter(state=State.RUNNING):
        for number in queue.waiting(row).values_list("pk", flat=True):
            _let_know(number)
    for row in Consultation.objects.filter(state__in=[State.OVER, State.CANCELLED], figures={}):
        Consultation.objects.filter(pk=row.pk).update(figures=reading.figures(row))


@transaction.atomic
def _let_know(number: int) -> None:
    """Tell one who waits that it has begun, or that it is noticeably nearer."""
    guest = queue.hold(number, Guest.State.WAITING)
    if guest is None or guest.consultation is None:
        return
    before, first = queue.ahead(guest), not guest.brought
    if not first and not times.nearer(guest.ahead, before, guest.updates):
        return
    if first:
        appointed.bring(guest.contact)
    organisation, language = guest.contact.organisation, guest.contact.language
    words = wait(organisation, language, before, queue.minutes(guest))
    told = queue.write(guest, "begun" if first else "nearer", host=guest.consultation.host, wait=words)
    guest.brought, guest.ahead, guest.updates = True, before, guest.updates + int(told)
    guest.save(update_fields=["brought", "ahead", "updates"])


@transaction.atomic
def _miss(number: int) -> None:
    """Tell one who was not reached that an answer follows; the thread stays open with the team."""
    if guest := _over(number, Guest.State.MISSED):
        queue.write(guest, "missed", host=guest.consultation.host if guest.consultation else "")
        appointed.bring(guest.contact)


@transaction.atomic
def _call_off(number: int) -> None:
    if (guest := _over(number, Guest.State.CALLED_OFF)) and guest.consultation:
        when = span(guest.consultation, guest.contact.language)
        queue.write(guest, "called_off", host=guest.consultation.host, when=when)
        if guest.questions.exists():  # what they asked is answered all the same
            appointed.bring(guest.contact)


def _over(number: int, how: str) -> Guest | None:
    guest = queue.hold(number, Guest.State.WAITING)
    if guest:
        guest.state, guest.done_at = how, timezone.now()
        guest.save(update_fields=["state", "done_at"])
        queue.tell(guest.consultation)
    return guest


def _seat() -> None:
    """Give those who wait for no hour yet a place as soon as one is planned."""
    rows = Guest.objects.filter(state=Guest.State.WAITING, consultation=None).order_by("joined_at", "pk")
    for number, house in rows.values_list("pk", "organisation_id"):
        if reading.coming(Organisation(pk=house)).exists():
            _seat_one(number)


@transaction.atomic
def _seat_one(number: int) -> None:
    guest = queue.hold(number, Guest.State.WAITING)
    if guest is None or guest.consultation is not None or not (row := queue.enter(guest).consultation):
        return
    values = {"title": row.title, "host": row.host, "number": str(guest.number), "when": span(row, guest.contact.language)}
    queue.write(guest, "joined", **values)


# ── What several share ────────────────────────────────────────────────────


def _locked(consultation: Consultation, *states: str) -> Consultation:
    row = Consultation.objects.select_for_update(of=("self",)).select_related("organisation", "team", "topic").get(pk=consultation.pk)
    if row.state not in states:
        raise ValidationError(_("Das geht nicht mehr: Die Sprechstunde hat inzwischen einen anderen Stand."))
    return row


def _noted(consultation: Consultation, verb: str, operator: Operator | None) -> Consultation:
    audit.record(
        consultation.organisation, f"consultations.{verb}", operator=operator, subject=f"consultation:{consultation.pk}"
    )  # fmt: skip
    queue.tell(consultation)
    transaction.on_commit(_soon)
    return consultation


def _soon() -> None:
    """Let the worker look at once: whoever waits need not wait for the clock's next round."""
    from buergerdraht.consultations.tasks import advance_all

    with suppress(AlreadyEnqueued):
        advance_all.configure().defer(timestamp=0)
