"""Where a new matter goes: the organisation's rules, and in a team that wants it the one whose turn it is.

Dealing waits for no thread (a locked one is dealt a minute later) and goes one after the other in each organisation: so two workers
deal fairly, never past anybody's limit, and never stand in each other's way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.contacts import signup
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations import deadlines, notices, outgoing, presence, stretches, threads
from buergerdraht.conversations.models import AssignmentRule, Conversation, Message, Notice, Presence, TeamRule

LOCK = 0x6465  # advisory lock space "de": one dealer per organisation at a time
PIECE = 200
LINK_COUNTS = timedelta(days=1)  # who came by a link and writes later comes for something else
FOLDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


# ── Rules ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Matter:
    """What the rules look at."""

    text: str
    channel: int | None
    language: str
    topics: frozenset[int]
    linked: int | None = None  # the topic of the link they came by

    @property
    def words(self) -> str:
        return fold(self.text)


def place(conversation: Conversation, incoming: Incoming) -> AssignmentRule | None:
    """Put a new matter where the first rule that fits sends it, with a line that says so. The caller saves."""
    if conversation.confidential or conversation.aside:
        return None
    rules = _rules(conversation.organisation_id)
    linked = _linked(conversation, incoming, back=any(rule.topic_id for rule in rules))
    conversation.topic = linked or conversation.topic
    rule = first(rules, _matter(conversation, incoming, rules, linked)) if rules else None
    if rule is not None:
        _apply(rule, conversation)
    if conversation.team_id and conversation.operator_id is None:
        transaction.on_commit(partial(deal, conversation.pk), robust=True)
    return rule


def first(rules: Iterable[AssignmentRule], matter: Matter) -> AssignmentRule | None:
    """Find the first rule all of whose conditions hold."""
    return next((rule for rule in rules if fits(rule, matter)), None)


def fits(rule: AssignmentRule, matter: Matter) -> bool:
    if rule.channel_id and rule.channel_id != matter.channel:
        return False
    if rule.language and rule.language != matter.language:
        return False
    if rule.topic_id and rule.topic_id != matter.linked and rule.topic_id not in matter.topics:
        return False
    return not rule.words or any(f" {fold(word)} " in f" {matter.words} " for word in rule.words if fold(word))


def fold(text: str) -> str:
    """Write words as rules compare them: without case, accents and signs, umlauts in two letters."""
    plain = unicodedata.normalize("NFC", text).casefold().translate(FOLDED)
    bare = "".join(sign for sign in unicodedata.normalize("NFD", plain) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", bare))


def _rules(organisation_id: int) -> list[AssignmentRule]:
    rows = AssignmentRule.objects.filter(organisation=organisation_id, active=True)
    return list(rows.select_related("team", "operator", "label", "topic", "channel"))


def _linked(conversation: Conversation, incoming: Incoming, *, back: bool) -> Topic | None:
    """The topic of the link they came by: now, or lately where a rule asks for it."""
    start = incoming.event.start
    if not start and back:
        since = incoming.event.at - LINK_COUNTS
        came = conversation.messages.filter(author=Message.Author.CITIZEN, at__gte=since, data__has_key="start")
        start = came.order_by("-at", "-id").values_list("data__start", flat=True).first() or ""
    return signup.topic_of(incoming, start) if start else None


def _matter(conversation: Conversation, incoming: Incoming, rules: Iterable[AssignmentRule], linked: Topic | None) -> Matter:
    topics: frozenset[int] = frozenset()
    if any(rule.topic_id for rule in rules):
        confirmed = incoming.contact.subscriptions.filter(confirmed_at__isnull=False)
        topics = frozenset(confirmed.values_list("topic_id", flat=True))
    number = linked.pk if linked else None
    return Matter(incoming.event.text, incoming.channel.pk, incoming.contact.language, topics, number)


def _apply(rule: AssignmentRule, conversation: Conversation) -> None:
    if rule.topic:
        conversation.topic = rule.topic
    operator = rule.operator if rule.operator and works_here(rule.operator, conversation.organisation_id) else None
    if rule.team or operator:
        conversation.team, conversation.operator = rule.team or conversation.team, operator
    if rule.label:
        conversation.labels.add(rule.label)
    outgoing.line(conversation, "placed", name=whither(rule), rule=when(rule))
    audit.record(conversation.organisation, "conversations.place", subject=threads.subject(conversation), rule=rule.pk)
    if rule.team or operator:
        stretches.tell("assigned", conversation)
    if operator:
        notices.tell(conversation, [operator], Notice.Kind.ASSIGNED)


def works_here(operator: Operator, organisation_id: int) -> bool:
    return operator.is_active and Membership.objects.filter(organisation=organisation_id, operator=operator).exists()


def whither(rule: AssignmentRule) -> str:
    """Name where a rule sends what it takes."""
    target = rule.operator or rule.team or rule.label
    return target.name if target else ""


def when(rule: AssignmentRule) -> str:
    """Say in words which matters a rule takes."""
    said = []
    if rule.words:
        said.append(_("Wort %(words)s") % {"words": _(" oder ").join(f"„{word}“" for word in rule.words)})
    if rule.topic:
        said.append(_("Thema %(name)s") % {"name": rule.topic})
    if rule.channel:
        said.append(_("Kanal %(name)s") % {"name": rule.channel.name})
    if rule.language:
        said.append(_("Sprache %(name)s") % {"name": rule.language})
    return ", ".join(said) or _("alles Übrige")


# ── Whose turn it is ──────────────────────────────────────────────────────


@transaction.atomic
def deal(number: int, now: datetime | None = None) -> Operator | None:
    """Give a thread to the one of its team whose turn it is; None where nobody can take it, or it needs nobody."""
    now = now or timezone.now()
    house = _undealt().filter(pk=number).values_list("organisation_id", flat=True).first()
    if house is None:
        return None
    _one_after_the_other(house)
    rows = _undealt().select_for_update(of=("self",), skip_locked=True).select_related("organisation", "team__rule")
    conversation = rows.filter(pk=number).first()
    turn = _turn(conversation, now) if conversation else None
    if conversation is None or turn is None:
        return None
    conversation.operator = turn.operator
    outgoing.line(conversation, "dealt", name=turn.operator.name)
    threads.keep(conversation)
    Presence.objects.filter(pk=turn.pk).update(dealt_at=now)
    audit.record(conversation.organisation, "conversations.deal", subject=threads.subject(conversation), to=turn.operator_id)
    stretches.tell("assigned", conversation)
    notices.tell(conversation, [turn.operator], Notice.Kind.ASSIGNED)
    return turn.operator


def _undealt() -> QuerySet[Conversation]:
    """Threads that wait in a team that deals. Confidential ones are nobody's to give away."""
    return Conversation.objects.filter(
        state=Conversation.State.OPEN, operator=None, team__rule__deal=True, aside="", confidential=False, snoozed_until=None
    )


def _turn(conversation: Conversation, now: datetime) -> Presence | None:
    """Who of the team is here, has room, and whose last turn is longest ago. Not who just gave the thread away."""
    team, rule = conversation.team_id, conversation.team.rule if conversation.team else None
    able = Membership.objects.filter(
        organisation=conversation.organisation_id, teams=team, roles__overlap=notices.ANSWERING, operator__is_active=True
    )
    here = presence.here(conversation.organisation_id, now).filter(operator__in=able.values("operator"), away=False)
    if gave := conversation.messages.filter(author=Message.Author.SYSTEM, kind="freed").order_by("-at", "-id").first():
        here = here.exclude(operator=gave.operator_id)
    if rule and rule.most_open:
        working = Q(
            operator__conversation__organisation=conversation.organisation_id, operator__conversation__state=Conversation.State.OPEN,
            operator__conversation__snoozed_until=None, operator__conversation__aside="",
        )  # fmt: skip
        here = here.annotate(has=Count("operator__conversation", filter=working)).filter(has__lt=rule.most_open)
    return here.select_related("operator").order_by(F("dealt_at").asc(nulls_first=True), "pk").first()


def _one_after_the_other(organisation_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, organisation_id])


# ── By the clock ──────────────────────────────────────────────────────────


def deal_waiting(now: datetime) -> None:
    """Deal what found nobody when it came, the longest waiting first, as soon as somebody is here."""
    for team in TeamRule.objects.filter(deal=True).order_by("pk").values_list("team_id", flat=True):
        rows = _undealt().filter(team=team, organisation__teams=team)
        for number in list(rows.order_by("waiting_since", "pk").values_list("pk", flat=True)[:PIECE]):
            if deal(number, now) is None and not _anybody(team, now):
                break


def _anybody(team: int, now: datetime) -> bool:
    """Whether it is worth asking for the next thread of this team."""
    return Presence.objects.filter(
        operator__memberships__teams=team, organisation__teams=team, away=False, seen_at__gte=now - presence.GONE_AFTER
    ).exists()


def give_back(now: datetime) -> None:
    """Bring overdue threads back to their team when whoever has them is gone."""
    late = Conversation.objects.filter(
        due_at__lte=now, state=Conversation.State.OPEN, waiting_since__isnull=False, operator__isnull=False, team__isnull=False,
        confidential=False,
    )  # fmt: skip
    at_desk = Presence.objects.filter(
        organisation=OuterRef("organisation"), operator=OuterRef("operator"), seen_at__gte=now - presence.GONE_AFTER, away=False
    )  # fmt: skip
    rows = late.exclude(Exists(at_desk)).order_by("due_at").values_list("pk", "operator_id")
    for number, operator in rows[:PIECE]:
        if operator is not None:
            _give_back(number, operator, now)


@transaction.atomic
def _give_back(number: int, operator_id: int, now: datetime) -> None:
    rows = Conversation.objects.select_for_update(of=("self",), skip_locked=True).select_related("organisation", "operator", "team")
    conversation = rows.filter(pk=number, operator=operator_id, due_at__lte=now, waiting_since__isnull=False).first()
    if conversation is None or conversation.operator is None:
        return
    gone = conversation.operator
    conversation.operator = None
    data: dict[str, Any] = {"name": conversation.team.name if conversation.team else "", "before": gone.name}
    outgoing.line(conversation, "given_back", **data)
    threads.keep(conversation)
    audit.record(conversation.organisation, "conversations.give_back", subject=threads.subject(conversation), before=gone.pk)
    notices.tell(conversation, [each for each in deadlines.responsible(conversation) if each.pk != gone.pk], Notice.Kind.DUE)
