"""The inbox's list: its views, filters, order and the numbers beside them. Reads only; the number of queries is fixed.

`belongs` and `compare` in list.js say the same for a page that is open: whoever changes a rule here changes it there.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.contacts.texts import LANGUAGES
from buergerdraht.conversations import reading, searching, sight, words
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.gateway.queries import queries

PAGE = 50
MOST_ROWS = 1_000  # at once, when a page that shows many fetches itself anew
MOST_ASIDE = 100  # counted no further

MINE, TEAM, NEW, WAITING, ALL = "meine", "team", "neu", "wartet", "alle"
SNOOZED, ASIDE, DONE = "zurueckgestellt", "beiseite", "erledigt"
VIEWS = (MINE, NEW, ALL, TEAM, WAITING, SNOOZED, ASIDE, DONE)
OURS = (Message.Author.OPERATOR, Message.Author.BOT, Message.Author.BROADCAST)
State = Conversation.State
SQL = queries(Path(__file__).with_name("listing.sql"))


# ── What is asked for ─────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the operator wants to see in the list."""

    view: str = NEW
    query: str = ""
    channels: Sequence[int] = ()
    topic: int | None = None
    label: int | None = None
    language: str = ""
    team: int | None = None
    hours: int | None = None  # waits longer than that
    overdue: bool = False
    unanswered: bool = False
    automatic: bool = False  # also those only talking to automatics

    @property
    def filters(self) -> int:
        """How many filters are set; the view and the search are none."""
        chosen = (self.topic, self.label, self.language, self.team, self.hours, self.overdue, self.unanswered, self.automatic)
        return len(self.channels) + sum(map(bool, chosen))

    def for_page(self, membership: Membership) -> dict[str, Any]:
        """What a page needs to decide where a row belongs; of the search only that there is one."""
        told = asdict(self) | {"query": bool(self.query), "channels": list(self.channels)}
        more = {"me": membership.operator_id, "teams": sorted(sight.teams_of(membership)), "now": micro(timezone.now())}
        return told | more | {"words": {"waits": _("wartet seit %(time)s")}}


def chosen(membership: Membership, asked: Asked, now: datetime) -> QuerySet[Conversation]:
    """The conversations of a view that pass the filters."""
    found = drawn().filter(sight.visible(membership), _of_view(membership, asked, now), organisation=membership.organisation_id)
    conditions: dict[str, Any] = {
        "last_address__channel__in": asked.channels, "topic": asked.topic, "labels": asked.label, "contact__language": asked.language,
        "team": asked.team, "waiting_since__lte": asked.hours and now - timedelta(hours=asked.hours),
        "due_at__lte": asked.overdue and now,
    }  # fmt: skip
    found = found.filter(**{name: value for name, value in conditions.items() if value})
    return found.filter(waiting_since__isnull=False) if asked.unanswered else found


def _of_view(membership: Membership, asked: Asked, now: datetime) -> Q:
    """The condition of a view. What was put off is in no open view until its time."""
    ours = Q(state=State.OPEN, aside="")
    awake = ours & (Q(snoozed_until=None) | Q(snoozed_until__lte=now))
    views = {
        MINE: awake & Q(operator=membership.operator_id), NEW: awake & Q(operator=None), ALL: awake,
        WAITING: awake & Q(waiting_since=None, last_author__in=OURS), SNOOZED: ours & Q(snoozed_until__gt=now),
        ASIDE: ~Q(aside=""), DONE: Q(state=State.CLOSED),
    }  # fmt: skip
    if asked.view == TEAM:
        return awake & Q(team__in=list(sight.teams_of(membership)))
    if asked.view == ALL and asked.automatic:
        return awake | Q(state=State.BOT, aside="")
    return views[asked.view]


def order(view: str) -> list[str]:
    """Emergencies on top, then who waits longest; PostgreSQL puts nulls last. As the indexes stand."""
    if view in {ASIDE, DONE}:
        return ["-last_at", "-id"]
    return ["snoozed_until", "id"] if view == SNOOZED else ["urgent_at", "waiting_since", "-last_at", "-id"]


def drawn() -> QuerySet[Conversation]:
    """Conversations with what a row of the list shows of them."""
    rows = Conversation.objects.select_related("contact", "operator", "writer", "team", "topic", "last_address__channel")
    return rows.prefetch_related("labels").defer("last_address__channel__config", "last_address__address")


def next_waiting(membership: Membership, after: int | None = None) -> Conversation | None:
    """Find who waits longest among mine and the unassigned ones."""
    now = timezone.now()
    found = chosen(membership, Asked(view=ALL), now).filter(Q(operator=membership.operator_id) | Q(operator=None))
    return found.exclude(pk=after or 0).order_by(*order(ALL)).first()


# ── Rows ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Row:
    """A conversation as the list shows it, the same for everybody."""

    conversation: Conversation
    address: str
    name: str
    preview: str | SafeString
    when: str
    waiting: str
    hit: int | None = None  # the message that was searched for

    @property
    def new(self) -> bool:
        conversation = self.conversation
        return conversation.state == State.OPEN and not conversation.aside and conversation.operator_id is None and conversation.unread > 0

    @property
    def labels(self) -> str:
        return " ".join(str(label.pk) for label in self.conversation.labels.all())

    @property
    def language(self) -> str:
        code = self.conversation.contact.language
        return LANGUAGES.get(code, code)

    @property
    def overdue(self) -> bool:
        due = self.conversation.due_at
        return due is not None and due <= timezone.now()

    @property
    def writes(self) -> bool:
        until = self.conversation.writing_until
        return until is not None and until > timezone.now()

    @property
    def due(self) -> str:
        return moment(self.conversation.due_at) if self.conversation.due_at else ""

    @property
    def snoozed(self) -> str:
        until = self.conversation.snoozed_until
        return moment(until) if until and until > timezone.now() else ""

    @property
    def head(self) -> str:
        """Changes with what stands above the thread, so that an open page knows whether to draw that anew."""
        each = self.conversation
        columns = (each.state, each.aside, each.operator_id, each.team_id, each.topic_id, each.confidential, each.snoozed_until,
                   each.urgent_at, each.due_at, each.closed_at, each.last_address_id, each.contact.state, self.name,
                   self.labels)  # fmt: skip
        return f"{zlib.crc32(repr(columns).encode()):x}"

    @property
    def marks(self) -> dict[str, int]:
        """Moments the page orders and sifts by, in microseconds."""
        names = {"urgent": "urgent_at", "waiting": "waiting_since", "last": "last_at", "snoozed": "snoozed_until", "due": "due_at"}
        return {name: micro(at) for name, column in names.items() if (at := getattr(self.conversation, column))}


def rows(membership: Membership, asked: Asked, offset: int = 0, most: int = PAGE) -> tuple[list[Row], bool]:
    """List a page of conversations, and say whether there are more."""
    organisation = membership.organisation
    if asked.query:
        hits, more = searching.page(membership, asked.query, offset, most)
        known = {each.pk: each for each in drawn().filter(pk__in=[hit.conversation for hit in hits])}
        return [row(organisation, known[hit.conversation], hit) for hit in hits if hit.conversation in known], more
    page = list(chosen(membership, asked, timezone.now()).order_by(*order(asked.view))[offset : offset + most + 1])
    return [row(organisation, conversation) for conversation in page[:most]], len(page) > most


def row(organisation: Organisation, conversation: Conversation, hit: searching.Hit | None = None) -> Row:
    text: str | SafeString = conversation.last_text or words.kind(conversation.last_kind)
    if conversation.last_author in OURS:
        text = f"{words.author(conversation.last_author)}: {text}"
    found = hit.message if hit else None
    address = reverse("conversations:thread", args=[organisation.slug, conversation.pk])
    return Row(
        conversation=conversation, address=f"{address}?nachricht={found}" if found else address,
        name=reading.name_of(conversation.contact, conversation.last_address), preview=hit.snippet if hit and hit.snippet else text,
        when=moment(conversation.last_at) if conversation.last_at else "", hit=found,
        waiting=words.waited(timezone.now() - conversation.waiting_since) if conversation.waiting_since else "",
    )  # fmt: skip


def moment(at: datetime) -> str:
    """Say when, as short as it can be: the time today, the weekday within a week, else the date."""
    local, today = timezone.localtime(at), timezone.localdate()
    if local.date() == today:
        return date_format(local, "H:i")
    if abs((local.date() - today).days) < 7:
        return date_format(local, "D H:i") if at > timezone.now() else date_format(local, "D")
    return date_format(local, "j.n." if local.year == today.year else "j.n.Y")


def micro(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond


# ── Numbers ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Group:
    """So many conversations that nobody sees or counts apart."""

    operator: int | None
    team: int | None
    confidential: bool
    named: frozenset[int]
    what: str
    count: int


def counts(membership: Membership) -> dict[str, int]:
    """The numbers beside the views, in one query. What is done is not counted: it only grows."""
    people = {membership.operator_id: sight.teams_of(membership)}
    return counts_of(membership.organisation, people)[membership.operator_id]


def counts_of(organisation: Organisation, people: Mapping[int, Collection[int]]) -> dict[int, dict[str, int]]:
    """The numbers of many operators at once, who are given with their teams: one query for all of them."""
    apart = Desk.of(organisation).teams_apart
    values: dict[str, Any] = {
        "organisation": organisation.pk,
        "now": timezone.now(),
        "apart": apart,
        "ours": list(OURS),
        "most": MOST_ASIDE,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["groups"], values)
        groups = [Group(operator, team, hidden, frozenset(named or ()), what, count)
                  for operator, team, hidden, named, what, count in cursor.fetchall()]  # fmt: skip
    plain = [group for group in groups if not apart and not group.confidential]
    rest = [group for group in groups if apart or group.confidential]
    sums = _sums(plain)
    return {operator: _mine(sums, operator, frozenset(teams), rest) for operator, teams in people.items()}


def _sums(groups: Iterable[Group]) -> Counter[tuple[str, int | None]]:
    """What everybody may see, added up once: by view, and for their own and their teams' views by whose it is."""
    sums: Counter[tuple[str, int | None]] = Counter()
    for group in groups:
        for view in _views(group):
            sums[view, None] += group.count
        if group.what in {"open", "answered"}:
            sums[MINE, group.operator] += group.count
            sums[TEAM, group.team] += group.count
    return sums


def _mine(sums: Counter[tuple[str, int | None]], operator: int, teams: frozenset[int], rest: Iterable[Group]) -> dict[str, int]:
    counted = {view: sums[view, None] for view in (NEW, WAITING, ALL, SNOOZED, ASIDE)}
    counted[MINE] = sums[MINE, operator]
    counted[TEAM] = sum(sums[TEAM, team] for team in teams)
    for group in rest:
        mine, my_team = group.operator == operator, group.team in teams
        if operator in group.named or (not group.confidential and (group.team is None or mine or my_team)):
            for view in [*_views(group), *_own(group, mine, my_team)]:
                counted[view] += group.count
    return counted


def _views(group: Group) -> list[str]:
    if group.what in {"snoozed", "aside"}:
        return [SNOOZED if group.what == "snoozed" else ASIDE]
    return [ALL] + [NEW] * (group.operator is None) + [WAITING] * (group.what == "answered")


def _own(group: Group, mine: bool, my_team: bool) -> list[str]:
    return ([MINE] * mine + [TEAM] * my_team) if group.what in {"open", "answered"} else []
