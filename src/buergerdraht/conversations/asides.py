"""What is set aside: seen by whoever looks there, answered by nobody. Chain letters, insults and advertising; blocked people.

Nothing is thrown away and nothing is final: the next message that is none of these is before people again, and an operator brings
back what was set aside wrongly.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Func, OuterRef, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.contacts import records
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import actions, care, outgoing, stretches
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.gateway.queries import ask

Aside, State = Conversation.Aside, Conversation.State
MOST_WORDS = 12  # whoever says more than an insult may have something to say
MOST_AT_ONCE = 50
REASONS = {
    "insult": _("Beleidigung"),
    "threat": _("Drohung"),
    "spam": _("Werbung oder Betrug"),
    "chain": _("Kettenbriefe"),
    "flood": _("sehr viele Nachrichten"),
}


@transaction.atomic(savepoint=False)
def take(incoming: Incoming) -> bool:
    """Set a message aside that nobody should answer; whoever is in the middle of a matter stays where they are."""
    arrival = outgoing.arrival(incoming)
    conversation, message = arrival.conversation, arrival.message
    if incoming.address.state == Address.State.BLOCKED:
        if conversation.aside != Aside.BLOCKED or conversation.state == State.OPEN:
            set_aside(conversation, Aside.BLOCKED)
        return True
    reason = _reason(message)
    if message and reason == Aside.CHAIN:
        _earlier(message)
    if reason and conversation.state == State.OPEN:
        return reason == Aside.CHAIN and conversation.operator_id is None
    if reason:
        set_aside(conversation, reason)
    elif conversation.aside:
        conversation.aside = ""
        conversation.save(update_fields=["aside"])
    return bool(reason)


def _reason(message: Message | None) -> str:
    flags = message.flags if message else []
    if care.CHAIN in flags:
        return Aside.CHAIN
    if message and care.INSULT in flags:
        return Aside.INSULT if len(message.text.split()) <= MOST_WORDS else ""
    return Aside.SPAM if care.SPAM in flags else ""


def _earlier(message: Message) -> None:
    """Take along the earlier copies of a text that turned out to be sent to many."""
    if message.fingerprint is not None:
        _gather(_copies(message).exclude(pk=message.pk), but=message.conversation_id)


@transaction.atomic
def count_copies(organisation: Organisation, fingerprint: int) -> None:
    """Count again who sent a text that several hands wrote down at once, when they are through."""
    ask("select pg_advisory_xact_lock(%s)", [fingerprint])
    newest = Message.objects.filter(organisation=organisation, fingerprint=fingerprint).order_by("-at", "-id").first()
    most = Desk.of(organisation).chain_people
    if newest and most and _copies(newest).values("conversation").distinct().count() >= most:
        _gather(_copies(newest))


def _copies(message: Message) -> QuerySet[Message]:
    since = message.at - care.SAME_TEXT_WITHIN
    return Message.objects.filter(organisation=message.organisation_id, fingerprint=message.fingerprint, at__gt=since)


def _gather(copies: QuerySet[Message], but: int | None = None) -> None:
    """Flag copies of a text that was sent to many, and set aside the threads where it is all that waits.

    What is being written at this moment is skipped: no two hands wait for each other here.
    """
    fresh = copies.exclude(flags__contains=[care.CHAIN]).select_for_update(skip_locked=True).values_list("pk", flat=True)
    Message.objects.filter(pk__in=list(fresh)).update(flags=Func(F("flags"), Value(care.CHAIN), function="array_append"))
    said = Message.objects.filter(conversation=OuterRef("pk"), at__gte=OuterRef("waiting_since"))
    other = said.filter(author=Message.Author.CITIZEN).exclude(flags__contains=[care.CHAIN])
    answers = said.filter(author=Message.Author.OPERATOR)
    waiting = Conversation.objects.filter(~Exists(other), ~Exists(answers), state=State.OPEN, operator=None, waiting_since__isnull=False)
    rows = waiting.filter(pk__in=copies.values("conversation")).exclude(pk=but or 0)
    for conversation in rows.select_for_update(of=("self",), skip_locked=True)[:MOST_AT_ONCE]:
        set_aside(conversation, Aside.CHAIN)


# ── The verbs ─────────────────────────────────────────────────────────────


@transaction.atomic
def set_aside(conversation: Conversation, reason: str, *, operator: Operator | None = None) -> None:
    """Put a thread where it waits for nobody. Without an operator it was an automatic, and the thread is locked already."""
    fresh = actions.lock(conversation) if operator else conversation
    actions.quiet(fresh)
    fresh.aside, fresh.state, fresh.closed_at = reason, State.BOT, None
    fresh.urgent_at = fresh.snoozed_until = None
    stretches.closed(fresh, operator)
    _finish(fresh, "set_aside", operator, reason=reason)


@transaction.atomic
def bring_back(conversation: Conversation, *, operator: Operator) -> None:
    """Put a thread before people again that should not be aside; whoever was blocked may write to us again."""
    fresh = actions.lock(conversation)
    if not fresh.aside:
        return
    what = "unblocked" if fresh.aside == Aside.BLOCKED else "brought_back"
    if fresh.aside == Aside.BLOCKED:
        records.unbar(fresh.contact, operator=operator)
    restore(fresh)
    _finish(fresh, what, operator)


def restore(conversation: Conversation) -> None:
    """Let a thread wait again, for an answer to what its citizen said last. The caller keeps it."""
    conversation.aside, conversation.state, conversation.closed_at = "", State.OPEN, None
    newest = conversation.messages.filter(author=Message.Author.CITIZEN).order_by("-at", "-id").first()
    conversation.waiting_since = newest.at if newest else None


@transaction.atomic
def block(conversation: Conversation, *, reason: str, operator: Operator) -> None:
    """Let nothing more of a person reach us, and write nothing more to them; what they say is kept, and STOP is still carried out."""
    fresh = actions.lock(conversation)
    records.bar(fresh.contact, operator=operator)
    actions.quiet(fresh)
    fresh.aside, fresh.state, fresh.closed_at = Aside.BLOCKED, State.BOT, None
    fresh.urgent_at = fresh.snoozed_until = None
    stretches.closed(fresh, operator)
    _finish(fresh, "blocked", operator, reason=reason)


def unblock(conversation: Conversation, *, operator: Operator) -> None:
    bring_back(conversation, operator=operator)


@transaction.atomic
def calm(conversation: Conversation, *, operator: Operator) -> None:
    """Say that an emergency is looked after, or was none."""
    fresh = actions.lock(conversation)
    if fresh.urgent_at is None:
        return
    fresh.urgent_at = None
    _finish(fresh, "calmed", operator)


def _finish(conversation: Conversation, what: str, operator: Operator | None, **details: Any) -> None:
    """Write the line and the audit entry of an operator's decision, and keep the thread."""
    if operator:
        outgoing.line(conversation, what, operator=operator, **details)
        audit.record(
            conversation.organisation, f"conversations.{what}", operator=operator, subject=actions.subject(conversation), **details
        )
    actions.keep(conversation)
