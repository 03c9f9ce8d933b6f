"""Threads for named people only, whatever anybody's role: who makes one is named, only named people change or lift it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.accounts.rights import RIGHTS, Right
from buergerdraht.conversations import actions, notices, outgoing
from buergerdraht.conversations.models import Conversation, Notice
from buergerdraht.gateway import live

KEEPERS = [role for role, rights in RIGHTS.items() if Right.PRIVACY in rights]


class Unseen(ValidationError):
    """These people may not see the thread; whoever asked may name them for it."""

    def __init__(self, people: Collection[Operator]) -> None:
        self.people = list(people)
        names = ", ".join(each.name for each in self.people)
        super().__init__(_("Diese Unterhaltung dürfen bisher nicht sehen: %(names)s.") % {"names": names})


@transaction.atomic
def confide(conversation: Conversation, people: Iterable[Operator], *, by: Operator | None) -> None:
    """Keep a thread for named people, or change who they are. Whoever makes it confidential is always one of them.

    Without `by` a rule of the house does it, for these people alone: what is confided is confided to them; where none of them works
    here any more, for those who answer for privacy.
    """
    fresh = actions.lock(conversation)
    first = not fresh.confidential
    if by:
        _only_named(fresh, by)
    chosen = {each.pk for each in people} | ({by.pk} if first and by else set())
    working = set(
        Membership.objects.filter(organisation=fresh.organisation_id, operator__is_active=True).values_list("operator", flat=True)
    )
    if by is None:
        chosen = chosen & working or set(_keepers(fresh.organisation_id))
    if not chosen or not chosen <= working:
        raise ValidationError(_("Nennen Sie mindestens eine Person, die in Ihrer Organisation arbeitet."))
    before = {row.operator_id for row in notices.seeing(fresh)}
    fresh.confidential = True
    fresh.named.set(chosen)
    if fresh.operator_id not in chosen:  # who may not see it cannot be responsible for it
        fresh.operator_id = by.pk if by and by.pk in chosen and fresh.operator_id else None
    if fresh.writer_id not in chosen:
        fresh.writer = fresh.writing_until = None
    Notice.objects.filter(conversation=fresh, seen_at=None).exclude(operator__in=chosen).delete()
    outgoing.line(fresh, "confided" if first else "named", operator=by)
    actions.keep(fresh)
    if lost := sorted(before - chosen):  # their pages let go of it
        live.tell(fresh.organisation_id, "conversation", only=lost, conversation=fresh.pk)
    audit.record(fresh.organisation, "conversations.confide", operator=by, subject=actions.subject(fresh), named=sorted(chosen))


@transaction.atomic
def lift(conversation: Conversation, *, by: Operator) -> None:
    """Let everybody see a thread again who otherwise would."""
    fresh = actions.lock(conversation)
    if not fresh.confidential:
        return
    _only_named(fresh, by)
    fresh.confidential = False
    fresh.named.clear()
    outgoing.line(fresh, "lifted", operator=by)
    actions.keep(fresh)
    audit.record(fresh.organisation, "conversations.lift", operator=by, subject=actions.subject(fresh))


@transaction.atomic
def need_sight(conversation: Conversation, people: Collection[Operator], *, include: Collection[int], by: Operator) -> None:
    """See that these people may see a thread: those in `include` are named for it, for others `Unseen` is raised."""
    if not people:
        return
    seeing = {row.operator_id for row in notices.seeing(conversation, [each.pk for each in people])}
    hidden = [each for each in people if each.pk not in seeing]
    if missing := [each for each in hidden if each.pk not in include]:
        raise Unseen(missing)
    if hidden:
        _only_named(conversation, by)
        conversation.named.add(*hidden)
        outgoing.line(conversation, "included", operator=by, name=", ".join(each.name for each in hidden))
        audit.record(
            conversation.organisation, "conversations.include", operator=by, subject=actions.subject(conversation),
            named=[each.pk for each in hidden],
        )  # fmt: skip


def on_left(sender: object, *, instance: Membership, **more: Any) -> None:
    left(instance.organisation_id, instance.operator_id)


@transaction.atomic
def left(organisation_id: int, operator_id: int) -> None:
    """Somebody no longer works here: where nobody is named any more, those who answer for privacy keep the thread."""
    rows = Conversation.objects.filter(organisation=organisation_id, named=operator_id).select_related("organisation")
    for conversation in rows.select_for_update(of=("self",)):
        conversation.named.remove(operator_id)
        if not conversation.confidential or conversation.named.filter(is_active=True).exists():
            continue
        people = _keepers(organisation_id)
        conversation.named.add(*people)
        live.tell(organisation_id, "conversation", conversation=conversation.pk)
        audit.record(conversation.organisation, "conversations.confide", subject=actions.subject(conversation), named=sorted(people))


def _keepers(organisation_id: int) -> list[int]:
    rows = Membership.objects.filter(organisation=organisation_id, roles__overlap=KEEPERS, operator__is_active=True)
    return list(rows.values_list("operator", flat=True))


def _only_named(conversation: Conversation, by: Operator) -> None:
    if conversation.confidential and not conversation.named.filter(pk=by.pk).exists():
        raise PermissionDenied
