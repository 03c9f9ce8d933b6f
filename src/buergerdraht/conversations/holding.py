"""Who is responsible for a thread and what becomes of it: assign, close, open again, put off, sort, escalate, note.

What can be taken back leaves in its line what was before; `undo` puts it back as long as nothing else happened to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations import actions, asides, confidential, mentions, notices, outgoing, stretches
from buergerdraht.conversations.models import NOTE_WITHIN, Conversation, Label, Message, Notice, TeamRule
from buergerdraht.gateway import live

DATES = ("closed_at", "waiting_since", "snoozed_until", "urgent_at")
CHANGED = ("state", "aside", "operator_id", "team_id", "topic_id", "unread", *DATES)
UNDO_WITHIN = timedelta(minutes=2)


# ── Who has it ────────────────────────────────────────────────────────────


@transaction.atomic
def assign(
    conversation: Conversation, *, by: Operator, operator: Operator | None = None, team: Team | None = None, include: Collection[int] = ()
) -> Message:
    """Give a conversation to a person, a team, or (neither) back to everyone. `include`: who is named for it where that is needed."""
    fresh = actions.lock(conversation)
    same_house(fresh, operator, team)
    if operator:
        confidential.need_sight(fresh, [operator], include=include, by=by)
    was, earlier = _state(fresh), fresh.operator
    fresh.operator, fresh.team = operator, team or fresh.team
    _open(fresh)
    what = "taken" if operator == by else "assigned" if operator else "handed" if team else "freed"
    line = _line(fresh, what, by, was, name=operator.name if operator else team.name if team else "")
    actions.keep(fresh)
    audit.record(
        fresh.organisation, "conversations.assign", operator=by, subject=actions.subject(fresh),
        to=operator.pk if operator else None, team=team.pk if team else None,
    )  # fmt: skip
    stretches.tell("assigned", fresh)
    if operator:
        notices.tell(fresh, [operator], Notice.Kind.ASSIGNED, by=by)
    if earlier and operator == by:
        notices.tell(fresh, [earlier], Notice.Kind.TAKEN, by=by)
    return line


def same_house(conversation: Conversation, operator: Operator | None, team: Team | None = None) -> None:
    """Refuse people and teams who do not work for the thread's organisation."""
    strange = operator and not operator.memberships.filter(organisation=conversation.organisation_id).exists()
    if strange or (team and team.organisation_id != conversation.organisation_id):
        raise ValidationError(_("Diese Person oder dieses Team arbeitet nicht in Ihrer Organisation."))


@transaction.atomic
def escalate(conversation: Conversation, why: str, *, by: Operator, team: Team | None = None) -> Message:
    """Hand a conversation to the team that helps when one's own cannot, with a note why; they are told at once."""
    fresh = actions.lock(conversation)
    team = team or escalates_to(fresh)
    if team is None or team.pk == fresh.team_id:
        raise ValidationError(_("Wählen Sie ein anderes Team, das helfen soll."))
    same_house(fresh, None, team)
    helpers = Operator.objects.filter(memberships__teams=team, is_active=True)
    if fresh.confidential and not fresh.named.filter(pk__in=helpers).exists():
        raise ValidationError(_("Aus diesem Team darf niemand die vertrauliche Unterhaltung sehen. Nennen Sie zuerst eine Person daraus."))
    note(fresh, why, operator=by)
    was = _state(fresh)
    fresh.team, fresh.operator, fresh.snoozed_until = team, None, None
    _open(fresh)
    line = _line(fresh, "escalated", by, was, name=team.name)
    actions.keep(fresh)
    audit.record(fresh.organisation, "conversations.escalate", operator=by, subject=actions.subject(fresh), team=team.pk)
    notices.tell(fresh, helpers, Notice.Kind.URGENT, by=by)
    return line


def escalates_to(conversation: Conversation) -> Team | None:
    """Which team helps the thread's own by its rule."""
    rule = TeamRule.objects.filter(team=conversation.team_id).select_related("escalate_to").first() if conversation.team_id else None
    return rule.escalate_to if rule else None


# ── What becomes of it ────────────────────────────────────────────────────


@transaction.atomic
def close(conversation: Conversation, *, operator: Operator) -> Message | None:
    """Mark a conversation as done. A new message of the citizen reopens it."""
    fresh = actions.lock(conversation)
    if fresh.state == Conversation.State.CLOSED:
        return None
    was = _state(fresh)
    actions.quiet(fresh)
    fresh.state, fresh.closed_at = Conversation.State.CLOSED, timezone.now()
    if operator.is_active:  # another system is responsible for no thread
        fresh.operator = fresh.operator or operator
    fresh.snoozed_until = fresh.urgent_at = None
    stretches.closed(fresh, operator)
    return _said(fresh, "closed", operator, was)


@transaction.atomic
def reopen(conversation: Conversation, *, operator: Operator) -> Message | None:
    fresh = actions.lock(conversation)
    if fresh.state == Conversation.State.OPEN:
        return None
    was = _state(fresh)
    _open(fresh)
    fresh.operator = operator
    return _said(fresh, "reopened", operator, was)


@transaction.atomic
def snooze(conversation: Conversation, until: datetime, *, operator: Operator) -> Message:
    """Put a conversation off until a moment; the citizen's next message brings it back sooner."""
    if until <= timezone.now():
        raise ValidationError(_("Wählen Sie einen Zeitpunkt, der noch kommt."))
    fresh = actions.lock(conversation)
    was = _state(fresh)
    _open(fresh)
    fresh.snoozed_until, fresh.operator = until, fresh.operator or operator
    return _said(fresh, "snoozed", operator, was, until=until.isoformat())


@transaction.atomic
def wake(conversation: Conversation, *, operator: Operator | None = None) -> Message | None:
    """Bring a conversation back that was put off; without an operator its time has come."""
    fresh = actions.lock(conversation)
    if fresh.snoozed_until is None:
        return None
    was = _state(fresh)
    fresh.snoozed_until = None
    line = _said(fresh, "woken", operator, was)
    if operator is None and fresh.operator:
        notices.tell(fresh, [fresh.operator], Notice.Kind.DUE)
    return line


def wake_due(now: datetime) -> None:
    """Bring back what was put off until now."""
    for conversation in Conversation.objects.filter(snoozed_until__lte=now).order_by("snoozed_until")[:500]:
        wake(conversation)


@transaction.atomic
def undo(conversation: Conversation, number: int, *, operator: Operator) -> None:
    """Put back what an operator just did, unless something else happened to it since."""
    fresh = actions.lock(conversation)
    line = fresh.messages.filter(pk=number, author=Message.Author.SYSTEM, operator=operator).first()
    change = line.data.get("undo") if line and timezone.now() - line.created_at < UNDO_WITHIN else None
    labels = change.pop("labels", None) if change else None
    if (
        not change
        or any(_plain(getattr(fresh, name)) != value for name, value in change["is"].items())
        or (labels and _labels(fresh) != labels["is"])
    ):
        raise ValidationError(_("Das lässt sich nicht mehr zurücknehmen: Inzwischen ist etwas Neues geschehen."))
    for name, value in change["was"].items():
        setattr(fresh, name, datetime.fromisoformat(value) if value and name in DATES else value)
    if labels:
        known = Label.objects.filter(organisation=fresh.organisation_id, pk__in=labels["was"])  # one that was removed stays away
        fresh.labels.set(known)
    _said(fresh, "stepped_back", operator, {})  # itself not to be undone


# ── How it is sorted ──────────────────────────────────────────────────────


@transaction.atomic
def label(conversation: Conversation, labels: Iterable[Label], *, operator: Operator) -> Message | None:
    """Set which labels a conversation has."""
    fresh = actions.lock(conversation)
    was, want = _labels(fresh), {each.pk for each in labels}
    have = set(was)
    if have == want:
        return None
    if Label.objects.filter(pk__in=want, organisation=fresh.organisation_id).count() != len(want):
        raise ValidationError(_("Dieses Etikett gibt es in Ihrer Organisation nicht."))
    fresh.labels.set(want)
    undo = {"was": {}, "is": {}, "labels": {"was": was, "is": sorted(want)}}
    line = outgoing.line(fresh, "labelled", operator=operator, name=", ".join(str(each) for each in fresh.labels.all()), undo=undo)
    audit.record(
        fresh.organisation, "conversations.label", operator=operator, subject=actions.subject(fresh),
        added=sorted(want - have), removed=sorted(have - want),
    )  # fmt: skip
    return line


@transaction.atomic
def create_label(organisation: Organisation, name: str, tone: str, *, operator: Operator) -> Label:
    """Make a label, or find the one of that name however it is spelled."""
    if known := Label.objects.filter(organisation=organisation, name__iexact=name).first():
        return known
    made = Label.objects.create(organisation=organisation, name=name, tone=tone)
    audit.record(organisation, "conversations.create_label", operator=operator, subject=f"label:{made.pk}")
    return made


@transaction.atomic
def set_topic(conversation: Conversation, topic: Topic | None, *, operator: Operator) -> Message | None:
    """Say what a conversation is about."""
    fresh = actions.lock(conversation)
    if topic and topic.organisation_id != fresh.organisation_id:
        raise ValidationError(_("Dieses Thema gibt es in Ihrer Organisation nicht."))
    if fresh.topic_id == (topic.pk if topic else None):
        return None
    was = _state(fresh)
    fresh.topic = topic
    return _said(fresh, "topic" if topic else "no_topic", operator, was, name=str(topic) if topic else "")


# ── Notes ─────────────────────────────────────────────────────────────────


@transaction.atomic
def note(conversation: Conversation, text: str, *, operator: Operator, include: Collection[int] = ()) -> Message:
    """Leave a note for colleagues; it never leaves the house. Whom it mentions is told.

    Mentioning somebody who may not see the thread raises `confidential.Unseen`, unless `include` names them for it.
    """
    found = mentions.find(conversation.organisation, text)
    confidential.need_sight(conversation, found.people, include=include, by=operator)
    data: dict[str, Any] = {"mentions": [each.pk for each in found.people], "marks": found.marks} if found.people else {}
    message = Message.objects.create(
        organisation_id=conversation.organisation_id, conversation=conversation, author=Message.Author.NOTE, operator=operator,
        kind="note", text=text, data=data, at=timezone.now(),
    )  # fmt: skip
    outgoing.tell(message)
    audit.record(
        conversation.organisation, "conversations.note", operator=operator, subject=actions.subject(conversation), message=message.pk
    )
    notices.tell(conversation, found.people, Notice.Kind.MENTION, by=operator)
    return message


def removable(message: Message, operator: Operator) -> bool:
    """Its author may take a note back for some minutes."""
    own = message.author == Message.Author.NOTE and message.operator_id == operator.pk
    return own and timezone.now() - message.created_at < NOTE_WITHIN


@transaction.atomic
def remove_note(message: Message, *, operator: Operator) -> None:
    """Take a note back, and what was told because of it and not seen yet."""
    if not removable(message, operator):
        raise ValidationError(_("Notizen lassen sich nur in den ersten zehn Minuten und nur von der eigenen Hand löschen."))
    conversation, number = message.conversation, message.pk
    Notice.objects.filter(
        conversation=conversation, kind=Notice.Kind.MENTION, by=operator, seen_at=None, operator__in=message.data.get("mentions", [])
    ).delete()
    message.delete()
    live.tell(conversation.organisation_id, "message", conversation=conversation.pk, message=number)
    audit.record(
        conversation.organisation, "conversations.remove_note", operator=operator, subject=actions.subject(conversation), message=number
    )


# ── What several verbs share ──────────────────────────────────────────────


def _state(conversation: Conversation) -> dict[str, Any]:
    return {name: _plain(getattr(conversation, name)) for name in CHANGED}


def _labels(conversation: Conversation) -> list[int]:
    return sorted(conversation.labels.values_list("pk", flat=True))


def _open(conversation: Conversation) -> None:
    """Put a thread before people; one that was set aside is back with it, except of whoever is blocked."""
    if conversation.aside == Conversation.Aside.BLOCKED:
        return
    if conversation.aside:
        asides.restore(conversation)
    conversation.state, conversation.closed_at = Conversation.State.OPEN, None


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _line(conversation: Conversation, what: str, by: Operator | None, was: dict[str, Any], **data: Any) -> Message:
    """Add the line of a change, with what it takes to undo it."""
    now = _state(conversation)
    names = [name for name, value in was.items() if value != now[name]]
    if names:
        data["undo"] = {"was": {name: was[name] for name in names}, "is": {name: now[name] for name in names}}
    return outgoing.line(conversation, what, operator=by, **data)


def _said(conversation: Conversation, what: str, by: Operator | None, was: dict[str, Any], **data: Any) -> Message:
    line = _line(conversation, what, by, was, **data)
    actions.keep(conversation)
    audit.record(conversation.organisation, f"conversations.{what}", operator=by, subject=actions.subject(conversation))
    return line
