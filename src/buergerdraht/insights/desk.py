"""The inbox in figures: matters that began in a span of time, counted in the database, never one by one here.

Everything is bounded by the organisation and by `sight`: what a member may not see in the inbox does not enter their figures either, so
that totals of two members may differ. Where works-council mode is on, nothing is counted by person and small groups stay hidden.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Team
from buergerdraht.accounts.rights import Right, may
from buergerdraht.conversations import sight
from buergerdraht.conversations.models import Conversation, Desk, Stretch
from buergerdraht.gateway.queries import queries
from buergerdraht.insights.groups import Size, kept_back
from buergerdraht.insights.period import Period

SQL = queries(Path(__file__).parent / "queries.sql")
ZONE = "Europe/Berlin"
TEXTS = 50  # free texts shown at most, the newest first
ALL, DAY, HOUR, TOPIC, CHANNEL, TEAM, OPERATOR = range(7)
# which group a row belongs to, by the columns PostgreSQL says are missing in it
BY_MATTERS = {0b111111: ALL, 0b011111: DAY, 0b101111: HOUR, 0b110111: TOPIC, 0b111011: CHANNEL, 0b111101: TEAM, 0b111110: OPERATOR}
BY_TIMES = {0b11111: ALL, 0b01111: DAY, 0b10111: TOPIC, 0b11011: CHANNEL, 0b11101: TEAM, 0b11110: OPERATOR}


@dataclass
class Group:
    """Figures of the matters of one group. `times` counts first answers by seconds of office time."""

    new: int = 0
    answered: int = 0
    closed: int = 0
    promised: int = 0
    kept: int = 0
    marked: int = 0
    mark_sum: int = 0
    marks: tuple[int, ...] = (0, 0, 0, 0, 0)
    times: Counter[int] = field(default_factory=Counter)

    def mark(self, least: int = 1) -> float | None:
        return self.mark_sum / self.marked if self.marked >= max(least, 1) else None

    def share_kept(self, least: int = 1) -> float | None:
        return self.kept / self.promised if self.promised >= max(least, 1) else None

    def time(self, share: float, least: int = 1) -> int | None:
        """The time within which this share of the first answers went out."""
        total = sum(self.times.values())
        if total < max(least, 1):
            return None
        passed = 0
        for seconds in sorted(self.times):
            passed += self.times[seconds]
            if passed >= share * total:
                return seconds
        return None


@dataclass(frozen=True)
class Now:
    """What waits at this moment, whatever the period."""

    waiting: int
    overdue: int
    oldest: datetime | None


@dataclass(frozen=True)
class Figures:
    """Groups by what they are of; `hidden` names the groups of which nothing may be shown."""

    period: Period
    total: Group
    groups: Mapping[int, Mapping[Hashable, Group]]
    hidden: Mapping[int, set[Hashable]]
    now: Now
    smallest: int  # 1 where groups may be as small as they are
    by_person: bool

    @property
    def too_few(self) -> bool:
        """Whether even all matters together are a group too small to show."""
        return 0 < self.total.new < self.smallest


def figures(membership: Membership, period: Period) -> Figures:
    """Gather everything the page shows: two counts over the matters of the period, and what waits now."""
    desk = Desk.of(membership.organisation)
    groups: dict[int, dict[Hashable, Group]] = {number: {} for number in range(7)}
    for row in _rows("matters", membership, period):
        _count(groups, row)
    for row in _rows("answer_times", membership, period):
        kind = BY_TIMES[row[0]]
        groups[kind][_key(kind, (row[1], None, None, *row[2:6]))].times[row[6]] = row[7]
    total = groups.pop(ALL).get(None, Group())
    people = groups.pop(OPERATOR)
    by_person = not desk.works_council and may(membership, Right.MANAGE)
    if by_person:
        groups[OPERATOR] = people
    smallest = desk.smallest_group if desk.works_council else 1
    hidden = _hidden(membership, groups, smallest) if desk.works_council else {kind: set() for kind in groups}
    return Figures(period, total, groups, hidden, now(membership), max(smallest, 1), by_person)


def now(membership: Membership) -> Now:
    """Count what waits for an answer at this moment and what is late by the team's promise."""
    waiting = sight.conversations(membership).filter(state=Conversation.State.OPEN, waiting_since__isnull=False, aside="")
    moment = timezone.now()
    found = waiting.aggregate(number=Count("pk"), late=Count("pk", filter=Q(due_at__lt=moment)), oldest=Min("waiting_since"))
    return Now(found["number"], found["late"], found["oldest"])


def texts(membership: Membership, period: Period) -> Sequence[Stretch]:
    """What citizens wrote beside their mark, newest first."""
    rows = seen(membership, period).filter(mark__isnull=False).exclude(mark_text="")
    return list(rows.order_by("-opened_at")[:TEXTS])


def seen(membership: Membership, period: Period) -> QuerySet[Stretch]:
    """The matters of a period this member may see: hidden threads are few, so they are taken out, not all others looked up."""
    hidden = Conversation.objects.filter(~sight.visible(membership), organisation=membership.organisation_id)
    matters = Stretch.objects.filter(organisation=membership.organisation_id, opened_at__gte=period.since, opened_at__lt=period.until)
    return matters.exclude(conversation__in=hidden.values("pk"))


def statement(name: str, membership: Membership, period: Period) -> tuple[str, dict[str, Any]]:
    """Put the matters this member may see into a named query."""
    wanted = "opened_at", "answered_at", "answer_seconds", "closed_at", "mark", "topic_id", "channel_id", "team_id", "operator_id"
    text, given = seen(membership, period).values(*wanted).query.sql_with_params()
    values = {f"seen{number}": value for number, value in enumerate(given)}
    text = text % tuple(f"%({name})s" for name in values)
    return SQL[name].replace("/*seen*/", text), {**values, "zone": ZONE, "organisation": membership.organisation_id}


def _rows(name: str, membership: Membership, period: Period) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(*statement(name, membership, period))
        return list(cursor.fetchall())


def _count(groups: dict[int, dict[Hashable, Group]], row: tuple[Any, ...]) -> None:
    kind = BY_MATTERS[row[0]]
    new, answered, closed, promised, kept, marked, mark_sum = (int(value or 0) for value in row[8:15])
    group = Group(new, answered, closed, promised, kept, marked, mark_sum, tuple(row[15:20]))
    groups[kind][_key(kind, row[1:8])] = group


def _key(kind: int, columns: Sequence[Hashable]) -> Hashable:
    """Take the group's own key out of day, weekday, hour, topic, channel, team and operator."""
    if kind == ALL:
        return None
    return tuple(columns[1:3]) if kind == HOUR else columns[{DAY: 0, TOPIC: 3, CHANNEL: 4, TEAM: 5, OPERATOR: 6}[kind]]


def _hidden(membership: Membership, groups: Mapping[int, Mapping[Hashable, Group]], smallest: int) -> dict[int, set[Hashable]]:
    """Channels are no groups of people's work; they are kept back where they count too little, like the rest."""
    people = dict(
        Team.objects.filter(organisation=membership.organisation_id).annotate(number=Count("memberships")).values_list("pk", "number")
    )
    hidden = {}
    for kind, found in groups.items():
        sizes = {key: Size(group.new, people.get(key) if kind == TEAM and isinstance(key, int) else None) for key, group in found.items()}
        hidden[kind] = kept_back(sizes, smallest)
    return hidden
