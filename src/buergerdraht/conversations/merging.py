"""Two threads of one person become one, and a thread is parted again by the address its messages came through.

Who may see it never grows wider: where either is confidential, what comes of it is, for those who were named in both.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.contacts import finding, records
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import outgoing, sight, stretches, threads
from buergerdraht.conversations.models import Conversation, Draft, Message, Notice, Presence, Reading, Stretch
from buergerdraht.gateway import live

SAID = (Message.Author.CITIZEN, Message.Author.OPERATOR, Message.Author.BOT, Message.Author.BROADCAST)
FOUND = 10


# ── What operators do ─────────────────────────────────────────────────────


def candidates(conversation: Conversation, membership: Membership, query: str) -> list[Conversation]:
    """Find other threads of the house by name or number, of those this member may see."""
    found = sight.conversations(membership).filter(contact__in=finding.search(conversation.organisation_id, query))
    rows = found.exclude(pk=conversation.pk).select_related("contact", "operator", "team", "last_address__channel")
    return list(rows.order_by("-last_at", "-pk")[:FOUND])


@transaction.atomic
def merge(into: Conversation, other: Conversation, *, operator: Operator) -> Conversation:
    """Bring the threads of one person together, with everything about them; the first one stays."""
    if into.organisation_id != other.organisation_id or into.pk == other.pk:
        raise ValidationError(_("Wählen Sie eine andere Unterhaltung Ihrer Organisation."))
    if not all(sight.may_see(each, operator) for each in (into, other)):
        raise ValidationError(_("Diese Unterhaltung gibt es nicht mehr."))
    _lock(into, other)
    gone = other.pk
    records.join(into.contact, other.contact, operator=operator)
    fresh = threads.lock(into)
    outgoing.line(fresh, "merged", operator=operator)
    audit.record(fresh.organisation, "conversations.merge", operator=operator, subject=threads.subject(fresh), other=gone)
    return fresh


@transaction.atomic
def split(conversation: Conversation, address: Address, *, operator: Operator) -> Conversation:
    """Part a thread: an address with its messages gets a contact and a thread of its own."""
    _lock(conversation)
    address.refresh_from_db()
    if address.contact_id != conversation.contact_id or conversation.contact.addresses.count() < 2:
        raise ValidationError(_("Dieser Kanal lässt sich hier nicht mehr abtrennen."))
    new = records.part(address, operator=operator)
    made = Conversation.objects.select_related("organisation", "contact").get(contact=new)
    outgoing.line(threads.lock(conversation), "split", operator=operator, name=address.channel.name)
    outgoing.line(made, "split_off", operator=operator)
    audit.record(conversation.organisation, "conversations.split", operator=operator, subject=threads.subject(conversation), made=made.pk)
    return made


def _lock(*conversations: Conversation) -> None:
    """In the order in which messages lock on their way in: addresses, then threads."""
    people = [each.contact_id for each in conversations]
    list(Address.objects.select_for_update(of=("self",)).filter(contact__in=people).order_by("pk").values_list("pk"))
    rows = Conversation.objects.select_for_update(of=("self",)).filter(pk__in=[each.pk for each in conversations])
    list(rows.order_by("pk").values_list("pk"))


# ── What follows when contacts are joined ─────────────────────────────────


@transaction.atomic
def join(sender: object, *, into: Contact, other: Contact, **more: Any) -> None:
    """Bring two threads together when two contacts turn out to be one person."""
    gone = Conversation.objects.filter(contact=other).first()
    if gone is None:
        return
    kept = outgoing.thread(into)
    for thread in (kept, gone):  # notes and lines go back with their thread, should it be parted again
        side = thread.last_address_id or thread.messages.exclude(address=None).values_list("address", flat=True).first()
        thread.messages.filter(address=None).update(address=side)
    gone.messages.update(conversation=kept)
    _join_what_hangs_on_it(kept, gone)
    _join_state(kept, gone)
    kept.last_address = _wrote_last(kept, Address.objects.filter(contact__in=[into, other]))
    _join_sight(kept, gone)
    stretches.join(kept, gone)
    _show_newest(kept)
    threads.keep(kept)
    live.tell(kept.organisation_id, "conversation", conversation=gone.pk)  # who has it open hears that it is gone
    gone.delete()


def _join_state(kept: Conversation, gone: Conversation) -> None:
    open_ = [each for each in (kept, gone) if each.state == Conversation.State.OPEN]
    put_off = [each.snoozed_until for each in open_]
    if open_:
        kept.state, kept.closed_at = Conversation.State.OPEN, None
    kept.snoozed_until = _first(put_off) if all(put_off) else None
    kept.operator, kept.team, kept.topic = kept.operator or gone.operator, kept.team or gone.team, kept.topic or gone.topic
    if kept.writer_id is None:
        kept.writer, kept.writing_until = gone.writer, gone.writing_until
    if kept.aside != gone.aside:  # a person who was blocked stays so, for else it is before people
        kept.aside = Conversation.Aside.BLOCKED if Conversation.Aside.BLOCKED in {kept.aside, gone.aside} else ""
    kept.unread += gone.unread
    kept.waiting_since = _first([kept.waiting_since, gone.waiting_since])
    kept.urgent_at = _first([kept.urgent_at, gone.urgent_at])
    kept.broadcast = kept.broadcast or gone.broadcast
    kept.greeted_on = max((day for day in (kept.greeted_on, gone.greeted_on) if day), default=None)
    kept.away_on = max((day for day in (kept.away_on, gone.away_on) if day), default=None)


def _join_sight(kept: Conversation, gone: Conversation) -> None:
    """Of two confidential threads those named in both; where there is nobody, those of either, lest nobody could read it."""
    named = [set(each.named.values_list("pk", flat=True)) for each in (kept, gone) if each.confidential]
    if not named:
        return
    kept.confidential = True
    kept.named.set(set.intersection(*named) or set.union(*named))
    people = set(kept.named.values_list("pk", flat=True))
    if kept.operator_id not in people:
        kept.operator = None
    if kept.writer_id not in people:
        kept.writer = kept.writing_until = None
    Notice.objects.filter(conversation=kept, seen_at=None).exclude(operator__in=people).delete()


def _join_what_hangs_on_it(kept: Conversation, gone: Conversation) -> None:
    """Labels, drafts, notices, who reads and who read."""
    kept.labels.add(*gone.labels.all())
    mine, theirs = (Draft.objects.filter(conversation=each).first() for each in (kept, gone))
    if theirs and mine is None:
        Draft.objects.filter(conversation=gone).update(conversation=kept)
    elif theirs and mine and theirs.text:
        Draft.objects.filter(conversation=kept).update(text="\n\n".join(text for text in (mine.text, theirs.text) if text))
    have = Notice.objects.filter(conversation=kept, seen_at=None).values_list("operator", "kind")
    twice = [row.pk for row in Notice.objects.filter(conversation=gone, seen_at=None) if (row.operator_id, row.kind) in set(have)]
    Notice.objects.filter(pk__in=twice).delete()
    Notice.objects.filter(conversation=gone).update(conversation=kept)
    Presence.objects.filter(conversation=gone).update(conversation=kept)
    known = set(Reading.objects.filter(conversation=kept).values_list("operator", "hour"))
    rows = [row.pk for row in Reading.objects.filter(conversation=gone) if (row.operator_id, row.hour) not in known]
    Reading.objects.filter(pk__in=rows).update(conversation=kept)


# ── What follows when a contact is parted ─────────────────────────────────


@transaction.atomic
def part(sender: object, *, old: Contact, new: Contact, address: Address, **more: Any) -> None:
    """Give the messages of an address that left a contact a thread of their own, seen by the same people."""
    kept = Conversation.objects.select_for_update(of=("self",)).filter(contact=old).first()
    if kept is None:
        return
    made = outgoing.thread(new)
    moving = kept.messages.filter(address=address.pk)
    moved_at = set(moving.filter(author=Message.Author.CITIZEN).values_list("at", flat=True))
    moving.update(conversation=made)
    made.state, made.closed_at, made.operator, made.team = kept.state, kept.closed_at, kept.operator, kept.team
    made.topic, made.confidential, made.aside, made.snoozed_until = kept.topic, kept.confidential, kept.aside, kept.snoozed_until
    made.named.set(kept.named.all())
    made.labels.set(kept.labels.all())
    Stretch.objects.filter(conversation=kept, channel=address.channel_id, opened_at__in=moved_at).update(conversation=made)
    for thread, here in ((kept, Q(contact=old)), (made, Q(contact=new))):
        thread.stretch = thread.stretches.order_by("-opened_at", "-pk").first()
        thread.last_address = _wrote_last(thread, Address.objects.filter(here))
        thread.waiting_since = _waiting_since(thread)
        thread.unread = min(thread.unread or kept.unread, thread.messages.filter(author=Message.Author.CITIZEN).count())
        if thread.waiting_since is None:
            thread.unread = 0
        _show_newest(thread)
        threads.keep(thread)


def _wrote_last(thread: Conversation, addresses: Iterable[Address]) -> Address | None:
    own = {address.pk: address for address in addresses}
    last = thread.messages.filter(author=Message.Author.CITIZEN, address__in=own).order_by("-at", "-pk").first()
    return own[last.address_id] if last and last.address_id else next(iter(own.values()), None)


def _waiting_since(thread: Conversation) -> datetime | None:
    """The citizen's first message after our last answer; nobody waits in a closed thread."""
    if thread.state != Conversation.State.OPEN:
        return None
    answer = thread.messages.filter(author=Message.Author.OPERATOR).order_by("-at").values_list("at", flat=True).first()
    asked = thread.messages.filter(author=Message.Author.CITIZEN)
    if answer:
        asked = asked.filter(at__gt=answer)
    return asked.order_by("at").values_list("at", flat=True).first()


# ── What both share ───────────────────────────────────────────────────────


def _show_newest(thread: Conversation) -> None:
    thread.last_at, thread.last_text, thread.last_kind, thread.last_author = None, "", "", ""
    newest = thread.messages.filter(author__in=SAID).order_by("-at", "-id").first()
    if newest:
        outgoing.show_newest(thread, newest)


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in moments if at), default=None)
