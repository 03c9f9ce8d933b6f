"""Who is told what: a notice is for one operator, about one thread, and holds ids only.

One unseen notice per operator, thread and kind: what happens again renews it. Whoever may not see the thread hears nothing of it,
and a notice whose thread was hidden from them afterwards is not counted either.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.accounts.rights import RIGHTS, Right
from buergerdraht.conversations import push, sight
from buergerdraht.conversations.models import Conversation, Message, Notice, Presence
from buergerdraht.gateway import live

Kind = Notice.Kind
LOOKING = timedelta(seconds=90)  # a page says so more often; later it is not before anybody's eyes
ANSWERING = [role for role, rights in RIGHTS.items() if Right.ANSWER in rights]


@transaction.atomic
def tell(conversation: Conversation, operators: Iterable[Operator], kind: str, *, by: Operator | None = None) -> list[int]:
    """Tell those of the operators who may see the thread, never `by` themselves; return who is told."""
    asked = {operator.pk for operator in operators} - {by.pk if by else None}
    told = sorted(row.operator_id for row in seeing(conversation, asked)) if asked else []
    if not told:
        return []
    Conversation.objects.select_for_update(of=("self",)).only("pk").get(pk=conversation.pk)  # two at once make no second notice
    now = timezone.now()
    unseen = Notice.objects.filter(conversation=conversation, operator__in=told, kind=kind, seen_at=None)
    known = set(unseen.values_list("operator_id", flat=True))
    unseen.update(at=now, by=by)
    Notice.objects.bulk_create(
        Notice(organisation_id=conversation.organisation_id, conversation=conversation, operator_id=each, kind=kind, by=by)
        for each in told
        if each not in known
    )
    live.tell(conversation.organisation_id, "notice", only=told, conversation=conversation.pk)
    push.later(conversation, told, kind)
    return told


def seeing(conversation: Conversation, operators: Iterable[int] | None = None) -> list[Membership]:
    """The members who may see a thread, of all or of these operators; a fixed number of queries."""
    known = sight.sights(conversation.organisation, [conversation.pk]).get(conversation.pk)
    rows = Membership.objects.filter(organisation=conversation.organisation_id, operator__is_active=True).select_related("operator")
    if operators is not None:
        rows = rows.filter(operator__in=list(operators))
    if known is None:
        return []
    if not known.everybody:
        rows = rows.prefetch_related("teams")
    return [
        row
        for row in rows.order_by("operator__name", "pk")
        if known.everybody or row.operator_id in known.operators or known.teams & {team.pk for team in row.teams.all()}
    ]


def answering(conversation: Conversation) -> list[Operator]:
    """Whom an urgent thread concerns: its team, else everybody; those who may answer and may see it."""
    able = [row for row in seeing(conversation) if set(row.roles) & set(ANSWERING)]
    if conversation.team_id:
        of_team = set(Membership.objects.filter(teams=conversation.team_id).values_list("operator_id", flat=True))
        able = [row for row in able if row.operator_id in of_team] or able
    return [row.operator for row in able]


def wrote(conversation: Conversation, message: Message) -> None:
    """A citizen wrote: tell who is responsible, unless they have the thread before their eyes."""
    operator = conversation.operator
    if operator is None or conversation.state != Conversation.State.OPEN or message.author != Message.Author.CITIZEN:
        return
    looking = Presence.objects.filter(conversation=conversation, operator=operator, seen_at__gte=timezone.now() - LOOKING)
    if not looking.exists():
        tell(conversation, [operator], Kind.MESSAGE)


def unseen(membership: Membership) -> QuerySet[Notice]:
    """What a member has not looked at yet, newest first; only of threads they may see now."""
    mine = Notice.objects.filter(operator=membership.operator_id, organisation=membership.organisation_id, seen_at=None)
    return mine.filter(sight.visible(membership, "conversation__")).order_by("-at", "-pk")


@transaction.atomic
def seen(conversation: Conversation, operator: Operator) -> int:
    """Mark what an operator was told of a thread as seen: they opened it. Their other pages count anew."""
    rows = Notice.objects.filter(conversation=conversation, operator=operator, seen_at=None)
    number = rows.update(seen_at=timezone.now())
    if number:
        live.tell(conversation.organisation_id, "notice", only=[operator.pk], conversation=conversation.pk)
    return number
