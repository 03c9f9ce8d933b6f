"""The one door out (law 10): nobody else writes to the outbox, and nothing passes without consent, window and quiet hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction
from django.db.models import BigIntegerField, BinaryField, Case, F, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Now
from django.dispatch import Signal
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.connectors.contract import PUBLIC, Content
from buergerdraht.contacts import rules
from buergerdraht.contacts.actions import enter_gate
from buergerdraht.contacts.models import Address
from buergerdraht.contacts.rules import Window as Window
from buergerdraht.contacts.rules import quiet_until as quiet_until
from buergerdraht.contacts.rules import window as window
from buergerdraht.gateway import channels, database, outbox
from buergerdraht.gateway.models import Channel, EarlyReceipt, Outbound, Part, StoredContent
from buergerdraht.gateway.queries import ask, build, queries

SQL = queries(Path(__file__).with_name("outreach.sql"))
PIECE = 500

sent = Signal()  # outbound, address, content, purpose, operator


class Refused(Exception):
    """We may not write. `reason` is a code of connectors.reasons."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def send(
    address: Address,
    content: Content,
    *,
    purpose: str,
    operator: Operator | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> Outbound:
    """Queue one message, or raise Refused. Fires `sent`."""
    with _whole():
        fresh = _may_have(address, content, purpose)
        if purpose == rules.ALERT:
            content = msgspec.structs.replace(content, urgent=True)
        outbound = outbox.put(
            fresh.channel,
            fresh.address,
            content,
            purpose=purpose,
            not_before=rules.earliest(fresh.organisation, purpose, not_before),
            expires_at=expires_at,
        )
        sent.send(Outbound, outbound=outbound, address=fresh, content=content, purpose=purpose, operator=operator)
    return outbound


def probe(address: Address, content: Content, *, expires_at: datetime) -> Outbound:
    """Queue a message that only tries the way, or raise Refused: asked the same as every other, but no conversation hears of it."""
    with _whole():
        fresh = _may_have(address, content, Outbound.Purpose.SERVICE)
        return outbox.put(fresh.channel, fresh.address, content, purpose=Outbound.Purpose.SERVICE, expires_at=expires_at)


def invite(channel: Channel, text: str, content: Content, *, expires_at: datetime) -> Outbound:
    """Queue the one letter that asks whoever reads at an address whether they wished for us, or raise Refused.

    Nobody need be known there, and nobody is made. Who is known is asked only where we may write to them.
    """
    found = Address.objects.filter(channel=channel, address_hash=vault.lookup(channel.organisation_id, text))
    with _whole():
        if (known := found.select_related("channel", "organisation").first()) is not None:
            _may_have(known, content, Outbound.Purpose.SERVICE)
        return outbox.put(channel, text, content, purpose=Outbound.Purpose.SERVICE, expires_at=expires_at)


@transaction.atomic
def forget(letter: int) -> bool:
    """Delete a letter nobody answered, with the text that only it had; a queued one never goes. False: it is on its way."""
    row = Outbound.objects.filter(pk=letter).first()
    if row is None:
        return True
    if row.state not in Outbound.CLOSED and not outbox.take_back(row):
        return False
    parts = Part.objects.filter(outbound_id=letter, external_id__isnull=False)
    for channel_id, external_id in parts.values_list("channel_id", "external_id"):
        EarlyReceipt.objects.filter(channel_id=channel_id, external_id=external_id).delete()
    row.delete()
    StoredContent.objects.filter(pk=row.content_id, outbound=None).delete()
    return True


def publish(channel: Channel, content: Content, *, batch: int, urgent: bool = False) -> Outbound:
    """Queue a post for everybody who reads a public channel; raise Refused where a person posts there by hand.

    Nobody's consent is asked: who reads there came by themselves. Quiet hours hold, because some places ring.
    """
    if channels.reaches_people(channel.kind) or channels.by_hand(channel.kind):
        raise Refused("setup")
    with _whole():
        begin = None if urgent else rules.earliest(channel.organisation, rules.NEWSLETTER, None)
        return outbox.put(channel, PUBLIC, content, purpose=rules.NEWSLETTER, batch=batch, not_before=begin)


def _whole() -> AbstractContextManager[None]:
    """A transaction, or the one at hand: a refusal comes before anything is written, so nothing needs to be taken back.

    Whatever else is raised inside must not be caught inside the transaction.
    """
    return nullcontext() if connection.in_atomic_block else transaction.atomic()


def _may_have(address: Address, content: Content, purpose: str) -> Address:
    """Look at the address as it stands now; raise Refused where this may not go to it."""
    if purpose in {rules.NEWSLETTER, rules.ALERT}:
        enter_gate(address.organisation_id)
    sql, values = _judging(purpose)
    rows = ask(sql, [*values, address.pk])
    if not rows:
        raise Address.DoesNotExist
    fresh = build(Address, rows[0][:-1])
    for name in ("contact", "channel", "organisation"):  # what decided stands in the row; these are lent, because fetching is dear
        if name in address._state.fields_cache and getattr(fresh, f"{name}_id") == getattr(address, f"{name}_id"):
            setattr(fresh, name, getattr(address, name))
    if refusal := rows[0][-1]:
        raise Refused(refusal)
    if purpose != Outbound.Purpose.REPLY and not channels.reaches_people(fresh.channel.kind):
        raise Refused("public")  # everybody reads it: only what a person answers goes there
    if content.template is None and not window(fresh, by_person=content.by_person).open:
        raise Refused("window_closed")
    return fresh


@cache
def _judging(purpose: str) -> tuple[str, tuple[Any, ...]]:
    """The question whether one address may be written to, put into SQL once: its columns and the refusal; the last value is its id."""
    names = [field.attname for field in Address._meta.concrete_fields]
    rows = Address.objects.order_by().annotate(refusal=rules.refusal(purpose, Now())).values_list(*names, "refusal")
    sql, values = rows.query.sql_with_params()
    return f'{sql} WHERE "contacts_address"."id" = %s', values


# ── Many at once ──────────────────────────────────────────────────────────


class Words(NamedTuple):
    """What is said on one channel in one language: `inside` while the window is open, `outside` the template for a closed one."""

    channel_id: int
    language: str
    inside_id: int
    outside_id: int | None = None


@dataclass(frozen=True)
class Selection:
    """Many people, and the words for each channel and language. Who speaks none of the languages gets the first.

    `chosen` is a SELECT of address_id, contact_id, channel_id and position, as they were chosen, with its `values`: an address that
    is gone since is refused as "stopped", and a contact it no longer belongs to is forgotten. One whose contact was joined with another
    is that one's, and refused as "joined" where that one is among `elsewhere`, a SELECT of the contacts who have a place of their own.
    `urgent` passes quiet hours and newsletters that are under way.
    """

    organisation: Organisation
    batch: int
    chosen: str
    values: Sequence[Any]
    words: Sequence[Words]
    elsewhere: str = "select null::bigint"
    purpose: str = rules.NEWSLETTER
    urgent: bool = False
    not_before: datetime | None = None
    expires_at: datetime | None = None


@transaction.atomic
def send_selected(selection: Selection, record: str) -> outbox.Queued:
    """Judge and queue many in one statement, and let the caller record what became of each.

    `record` is an INSERT of the caller's that selects from the relation `answer`: position, contact_id (or null),
    channel_id, language, outbound_id (or null) and reason ("" where it was queued), one row for each place of the selection.
    """
    enter_gate(selection.organisation.pk)
    begin = selection.not_before
    if not selection.urgent:
        begin = rules.earliest(selection.organisation, selection.purpose, begin)
    stamp = outbox.Stamp(selection.organisation.pk, selection.purpose, selection.batch, begin, selection.expires_at, selection.urgent)
    return outbox.put_selected(_judged(selection), stamp, record)


def refusals(selection: Selection) -> list[str]:
    """Say for each place of a selection why nothing may go there, or "": asked before something is given up for it."""
    judged = _judged(selection)
    with connection.cursor() as cursor:
        cursor.execute(f"select reason from ({judged.sql}) as judged order by position", judged.values)  # noqa: S608 - our own text
        return [reason for (reason,) in cursor.fetchall()]


def _judged(selection: Selection) -> outbox.Judged:
    standing, values = _standing(selection).query.sql_with_params()
    words = zip(*selection.words, strict=True)
    judge = SQL["judge"].replace("/*elsewhere*/", selection.elsewhere)
    return outbox.Judged(
        judge.replace("/*chosen*/", selection.chosen).replace("/*standing*/", standing),
        [*selection.values, selection.words[0].language, *values, *map(list, words)],
    )


def _standing(selection: Selection) -> QuerySet[Address, tuple[Any, ...]]:
    """How each address chosen stands now, its text unopened: nobody needs it here."""
    now = timezone.now()
    mine = Channel.objects.filter(organisation=selection.organisation).values_list("id", "kind")
    hours = {number: channels.limits_of(kind).window_hours for number, kind in mine}
    spoken = When(contact__language__in=sorted({words.language for words in selection.words}), then=F("contact__language"))
    named = RawSQL("select address_id from chosen", [], output_field=BigIntegerField())
    rows = Address.objects.filter(organisation=selection.organisation, id__in=named).annotate(
        sealed=Cast("address", BinaryField()),
        refusal=rules.refusal(selection.purpose, now),
        within=rules.within(hours, now),
        windowed=Case(When(channel__in=[number for number, length in hours.items() if length], then=True), default=Value(False)),
        speaks=Case(spoken, default=Value(selection.words[0].language), output_field=TextField()),
    )
    return rows.values_list("id", "contact_id", "sealed", "address_hash", "refusal", "within", "windowed", "speaks")


# ── The operator's decisions ──────────────────────────────────────────────


def take_back(outbound: Outbound) -> bool:
    """Take a letter back before it left. Says whether it was in time; what was claimed meanwhile is not."""
    return outbox.take_back(outbound)


@transaction.atomic
def retry(outbound: Outbound) -> None:
    """Send a failed message again, if we still may."""
    if reason := _refusals([outbound])[outbound.pk]:
        raise Refused(reason)
    outbox.retry(outbound)


@transaction.atomic
def settle(outbound: Outbound, *, again: bool) -> None:
    """Decide an unclear message: send it again, if we still may, or take it as arrived."""
    if again and (reason := _refusals([outbound])[outbound.pk]):
        raise Refused(reason)
    outbox.settle(outbound, again=again)


def settle_many(outbounds: QuerySet[Outbound], *, again: bool) -> int:
    """Decide many unclear messages alike, in pieces. Returns how many; those we may no longer write to stay as they are."""
    decided, last = 0, 0
    unclear = outbounds.filter(state=Outbound.State.UNCLEAR).order_by("id")
    while piece := list(unclear.filter(id__gt=last).select_related("content")[:PIECE]):
        last = piece[-1].pk
        with transaction.atomic():
            refused = {number for number, reason in _refusals(piece).items() if reason} if again else set()
            decided += outbox.settle_many([each.pk for each in piece if each.pk not in refused], again=again)
    return decided


def _refusals(outbounds: Sequence[Outbound]) -> dict[int, str]:
    """Say for letters of one organisation and purpose why they may not go again, or "". Holds the gate."""
    first = outbounds[0]
    enter_gate(first.organisation_id)
    wanted = Q()
    for channel_id in {each.channel_id for each in outbounds}:
        hashes = [bytes(each.address_hash) for each in outbounds if each.channel_id == channel_id]
        wanted |= Q(channel_id=channel_id, address_hash__in=hashes)
    rows = Address.objects.filter(wanted, organisation_id=first.organisation_id).select_related("channel")
    found = {}
    for purpose in {each.purpose for each in outbounds}:
        for address in rows.annotate(refusal=rules.refusal(purpose, timezone.now())):
            found[purpose, address.channel_id, bytes(address.address_hash)] = address
    batches = outbox.stopped({each.batch for each in outbounds if each.batch is not None})
    everybody = vault.lookup(first.organisation_id, PUBLIC)
    answers = {}
    for each in outbounds:
        if bytes(each.address_hash) == everybody:  # a post: nobody could have stopped it but ourselves
            answers[each.pk] = "cancelled" if each.batch in batches else ""
            continue
        row = found.get((each.purpose, each.channel_id, bytes(each.address_hash)))
        if row is None:
            answers[each.pk] = "stopped"
        elif not row.refusal and each.batch in batches:
            answers[each.pk] = "cancelled"
        elif not row.refusal and not _in_time(row, each.content.content):
            answers[each.pk] = "window_closed"
        else:
            answers[each.pk] = row.refusal
    return answers


def _in_time(address: Address, content: Mapping[str, Any]) -> bool:
    return bool(content.get("template")) or window(address, by_person=bool(content.get("by_person"))).open


# ── Batches, for broadcasts: thin, so that the outbox keeps one caller ────


def store(organisation: Organisation, content: Content) -> StoredContent:
    return outbox.store(organisation, content)


def begin(organisation: Organisation, batch: int) -> None:
    outbox.begin({(batch, organisation.pk)})


def hold(batch: int) -> None:
    outbox.hold(batch)


def release(batch: int) -> None:
    outbox.release(batch)


def keep_quiet(organisation: Organisation, batch: int) -> None:
    """Let a batch rest through the organisation's quiet hours, however long it runs."""
    if quiet_until(organisation, database.clock()) is None:
        outbox.rouse(batch)
    else:
        outbox.rest(batch)


def rouse(batch: int) -> None:
    """Let a batch that rested be like every other."""
    outbox.rouse(batch)


def stop_batch(batch: int) -> int:
    """End a batch at once. Its letters are cancelled in pieces: returns how many are already; `tidy` does the rest."""
    return outbox.stop(batch)


def close(batches: Iterable[int]) -> int:
    """Close batches of which nothing is open any more."""
    return outbox.close(batches)


def tidy() -> int:
    """Cancel what stopped batches still have queued. Returns how many."""
    return outbox.tidy()
