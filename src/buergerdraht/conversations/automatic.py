"""What is said by itself: greeting and away text on the way in; by the clock that we have not forgotten, that a window ends, that we close.

All of it is the organisation's choice, in its words or ours. Nothing is said to whoever said STOP, nothing while somebody of us is
writing, and a citizen who waits for an answer hears by the clock only that we know.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from buergerdraht.accounts import audit, hours
from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import actions, outgoing, sentences, stretches
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.conversations.sentences import ACKNOWLEDGE, AWAY, BACK, CLOSE, GREETING, REMIND, ours, own
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

State, Author = Conversation.State, Message.Author
PIECE = 200
ACKNOWLEDGED, REMINDED = "acknowledge", "remind"  # noted in the message, so that it is said once
FORGOTTEN = timedelta(days=7)  # whoever waits longer is not told that the day is busy
SOON = timedelta(hours=2)


# ── On the way in ─────────────────────────────────────────────────────────


@transaction.atomic(savepoint=False)
def greet(incoming: Incoming) -> bool:
    """Tell the citizen that people will read the message, and put it before them."""
    conversation = actions.need_person(incoming)
    organisation, now = incoming.contact.organisation, timezone.now()
    today = timezone.localdate(now)
    always = not organisation.office_hours  # nobody said when the office is closed
    column = "greeted_on" if always or hours.is_open(organisation, now) else "away_on"
    if getattr(conversation, column) == today:
        return True
    setattr(conversation, column, today)
    conversation.save(update_fields=[column])
    text = greeting(organisation, incoming.contact.language) if column == "greeted_on" else away(organisation, incoming, now)
    sentences.say(incoming.address, text)  # refused or not: the message waits for a person
    return True


def greeting(organisation: Organisation, language: str) -> str:
    return own(organisation.greeting, organisation, language) or ours(GREETING, organisation, language)


def away(organisation: Organisation, incoming: Incoming, now: datetime) -> str:
    """Say that nobody is there, and from when somebody is. The authority's text may place the moment itself with {moment}."""
    language = incoming.contact.language
    text = own(organisation.away, organisation, language) or ours(AWAY, organisation, language)
    opening = hours.next_opening(organisation, now)
    moment = hours.spoken(opening, language) if opening else ""
    if "{moment}" in text:
        return text.replace("{moment}", moment)
    return f"{text} {ours(BACK, organisation, language).format(moment=moment)}" if moment else text


# ── By the clock ──────────────────────────────────────────────────────────


def acknowledge(now: datetime) -> None:
    """Tell once in a matter who waits for long, in office time, that we have not forgotten them."""
    for desk in _desks(Q(acknowledge_minutes__gt=0)):
        house, minutes = desk.organisation, desk.acknowledge_minutes or 0
        if not hours.works_at(house, now):
            continue
        latest = now - timedelta(minutes=minutes)
        waiting = _open(house, now).filter(operator=None, urgent_at=None, waiting_since__lte=latest, waiting_since__gt=now - FORGOTTEN)
        told = _told(ACKNOWLEDGED).filter(at__gte=F("conversation__stretch__opened_at"))
        for number, since in waiting.filter(~Exists(told)).order_by("waiting_since").values_list("pk", "waiting_since")[:PIECE]:
            if since and hours.office_seconds(house, since, now) >= minutes * 60:
                _acknowledge(number, desk, now)


@transaction.atomic
def _acknowledge(number: int, desk: Desk, now: datetime) -> None:
    conversation = _locked(number, desk, now, operator=None, waiting_since__isnull=False)
    if conversation is None or conversation.last_address is None:
        return
    begun = conversation.stretch.opened_at if conversation.stretch else conversation.waiting_since
    if not conversation.messages.filter(author=Author.BOT, data__said=ACKNOWLEDGED, at__gte=begun).exists():
        sentences.say(conversation.last_address, _text(desk, "acknowledge_text", ACKNOWLEDGE, conversation), what=ACKNOWLEDGED)


def remind(now: datetime) -> None:
    """Before the messenger's window ends, tell once whose answer we wait for."""
    for desk in _desks(Q(remind=True)):
        if outreach.quiet_until(desk.organisation, now):
            continue
        for kind, numbers in _windowed(desk.organisation):
            length = timedelta(hours=channels.limits_of(kind).window_hours)
            ends = Q(last_address__last_inbound_at__gt=now - length, last_address__last_inbound_at__lte=now - length + SOON)
            silent = _silent(desk.organisation, now).filter(ends, last_address__channel__in=numbers)
            told = _told(REMINDED).filter(at__gte=OuterRef("last_address__last_inbound_at"))
            for number in silent.filter(~Exists(told)).values_list("pk", flat=True)[:PIECE]:
                _remind(number, desk, now)


@transaction.atomic
def _remind(number: int, desk: Desk, now: datetime) -> None:
    conversation = _locked(number, desk, now, waiting_since=None, last_author=Author.OPERATOR)
    address = conversation.last_address if conversation else None
    until = outreach.window(address, now).until if address else None
    if conversation is None or address is None or until is None or not now < until <= now + SOON:
        return
    if conversation.messages.filter(author=Author.BOT, data__said=REMINDED, at__gte=address.last_inbound_at).exists():
        return
    moment = hours.spoken(until, conversation.contact.language)
    sentences.say(address, _text(desk, "remind_text", REMIND, conversation).replace("{moment}", moment), what=REMINDED)


def close_silent(now: datetime) -> None:
    """Close what the citizen did not answer for days; with a word where the window lets us, else quietly."""
    for desk in _desks(Q(close_days__gt=0)):
        until = now - timedelta(days=desk.close_days or 0)
        if outreach.quiet_until(desk.organisation, now):
            continue
        rows = _silent(desk.organisation, now, stopped=True).filter(last_at__lte=until)
        for number in rows.order_by("last_at").values_list("pk", flat=True)[:PIECE]:
            _close(number, desk, now)


@transaction.atomic
def _close(number: int, desk: Desk, now: datetime) -> None:
    until = now - timedelta(days=desk.close_days or 0)
    conversation = _locked(number, desk, now, waiting_since=None, last_author=Author.OPERATOR, last_at__lte=until)
    if conversation is None:
        return
    text = _text(desk, "close_text", CLOSE, conversation)
    if conversation.last_address and conversation.contact.state != Contact.State.STOPPED:
        sentences.say(conversation.last_address, text)
    actions.quiet(conversation)
    conversation.state, conversation.closed_at = State.CLOSED, now
    stretches.closed(conversation, None)
    outgoing.line(conversation, "closed_silent")
    actions.keep(conversation)
    audit.record(desk.organisation, "conversations.closed_silent", subject=actions.subject(conversation))


# ── What they ask ─────────────────────────────────────────────────────────


def _desks(wanted: Q) -> Iterator[Desk]:
    yield from Desk.objects.filter(wanted).select_related("organisation").order_by("pk").iterator()


def _open(house: Organisation, now: datetime, *, stopped: bool = False) -> QuerySet[Conversation]:
    """What is open with nobody writing in it; whoever said STOP is told nothing unasked."""
    rows = Conversation.objects.filter(organisation=house, state=State.OPEN, aside="", snoozed_until=None)
    rows = rows.exclude(writing_until__gt=now)
    return rows if stopped else rows.exclude(contact__state=Contact.State.STOPPED)


def _silent(house: Organisation, now: datetime, *, stopped: bool = False) -> QuerySet[Conversation]:
    """Where a person of ours spoke last, and the citizen is to answer."""
    return _open(house, now, stopped=stopped).filter(waiting_since=None, last_author=Author.OPERATOR, urgent_at=None)


def _told(what: str) -> QuerySet[Message]:
    return Message.objects.filter(conversation=OuterRef("pk"), author=Author.BOT, data__said=what)


def _locked(number: int, desk: Desk, now: datetime, **still: object) -> Conversation | None:
    """Lock a thread if all still stands as it was found, and nobody else is at it."""
    rows = Conversation.objects.select_for_update(of=("self",), skip_locked=True)
    rows = rows.select_related("organisation", "contact", "stretch", "last_address__channel").filter(state=State.OPEN, **still)
    return rows.filter(pk=number, organisation=desk.organisation).exclude(writing_until__gt=now).first()


def _windowed(house: Organisation) -> Iterator[tuple[str, list[int]]]:
    """The channels with a window, by kind."""
    for kind in Channel.objects.filter(organisation=house).values_list("kind", flat=True).distinct():
        if channels.limits_of(kind).window_hours:
            yield kind, list(Channel.objects.filter(organisation=house, kind=kind).values_list("pk", flat=True))


def _text(desk: Desk, column: str, texts: sentences.Texts, conversation: Conversation) -> str:
    language = conversation.contact.language
    return own(getattr(desk, column), desk.organisation, language) or ours(texts, desk.organisation, language)
