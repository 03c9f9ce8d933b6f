"""Queue what is to be sent, and hold, stop or settle it. `contacts.outreach` alone may put something in.

The rows are queue and ledger in one. The engine claims a row by committing its state `sending` right before the call, so
whatever is still `queued` can be stopped here and surely does not go out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, to_json
from buergerdraht.gateway.live import notify
from buergerdraht.gateway.models import Batch, Channel, Outbound, Part, StoredContent
from buergerdraht.gateway.queries import ask, queries

SQL = queries(Path(__file__).with_name("outbox.sql"))
BULK = 2000
GATE = 0x62640021  # first half of the advisory locks: "letters of this batch are being queued"
CANCEL_PIECE = 5000
COLUMNS = ("organisation_id", "channel_id", "address", "address_hash", "content_id", "otherwise_id", "purpose", "priority", "batch",
           "not_before", "expires_at", "created_at")  # fmt: skip
State = Outbound.State


@dataclass(frozen=True, slots=True)
class Letter:
    """One content for one address, as rows are made in bulk. `address_sealed` comes from `vault.encrypt` or a SealedField's column."""

    channel_id: int
    address_sealed: bytes
    address_hash: bytes
    content_id: int
    purpose: str
    batch: int | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None


def store(organisation: Organisation, content: Content) -> StoredContent:
    """Keep content as it will be sent, for one or many letters."""
    return StoredContent.objects.create(organisation=organisation, content=to_json(content))


@transaction.atomic(savepoint=False)
def put(
    channel: Channel,
    address: str,
    content: Content | StoredContent,
    *,
    purpose: str,
    batch: int | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> Outbound:
    """Queue one content for one address."""
    owner = channel.organisation_id
    stored = content if isinstance(content, StoredContent) else StoredContent(organisation_id=owner, content=to_json(content))
    letter = Letter(
        channel_id=channel.id,
        address_sealed=vault.encrypt(address),
        address_hash=vault.lookup(channel.organisation_id, address),
        content_id=stored.pk,
        purpose=purpose,
        batch=batch,
        not_before=not_before,
        expires_at=expires_at,
    )
    row = _row(letter, channel.organisation_id, timezone.now())
    if batch is not None:
        begin({(batch, channel.organisation_id)})
    values = {name: getattr(row, name) for name in COLUMNS} | {"content": None if stored.pk else json.dumps(stored.content)}
    row.id, stored.id = ask(SQL["put_one"], values)[0]
    row.channel, row.content, row.address = channel, stored, address
    row._state.adding = stored._state.adding = False
    _wake([channel.id])
    return row


@transaction.atomic
def put_many(letters: Iterable[Letter]) -> list[Outbound]:
    """Queue many, in their order. One wake-up per channel at commit."""
    letters = list(letters)
    owners = dict(Channel.objects.filter(id__in={letter.channel_id for letter in letters}).values_list("id", "organisation_id"))
    now = timezone.now()
    rows = [_row(letter, owners[letter.channel_id], now) for letter in letters]
    begin({(row.batch, row.organisation_id) for row in rows if row.batch is not None})
    for start in range(0, len(rows), BULK):
        _insert(rows[start : start + BULK])
    _wake(owners)
    return rows


def _insert(rows: Sequence[Outbound]) -> None:
    columns = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    with connection.cursor() as cursor:
        cursor.execute(SQL["put"], columns)
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.id = number
            row._state.adding = False


def _row(letter: Letter, organisation_id: int, now: datetime) -> Outbound:
    return Outbound(
        organisation_id=organisation_id,
        channel_id=letter.channel_id,
        address=letter.address_sealed,  # type: ignore[misc]  # a SealedField takes sealed bytes as they are
        address_hash=letter.address_hash,
        content_id=letter.content_id,
        purpose=letter.purpose,
        priority=Outbound.PRIORITY[letter.purpose],
        batch=letter.batch,
        not_before=letter.not_before,
        expires_at=letter.expires_at,
        created_at=now,
    )


# ── A million at once ─────────────────────────────────────────────────────


class Judged(NamedTuple):
    """A SELECT of letters, each with the reason why it may not go or "", and its values.

    Columns: position, contact_id, channel_id, language, address (sealed), address_hash, reason, content_id, otherwise_id.
    """

    sql: str
    values: Sequence[Any]


class Stamp(NamedTuple):
    """What all letters of a selection share. `urgent` ones go before newsletters, after the few answers people wait for."""

    organisation_id: int
    purpose: str
    batch: int
    not_before: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = False


class Queued(NamedTuple):
    """How many were judged, and how many of them were queued."""

    judged: int
    queued: int


@transaction.atomic
def put_selected(judged: Judged, stamp: Stamp, record: str) -> Queued:
    """Queue what was judged in one statement; `record` is the caller's INSERT from the relation `answer` (see outreach.send_selected)."""
    begin({(stamp.batch, stamp.organisation_id)})
    priority = min(Outbound.PRIORITY[stamp.purpose], Outbound.PRIORITY["urgent"] if stamp.urgent else Outbound.PRIORITY["newsletter"])
    values: list[Any] = [stamp.organisation_id, stamp.purpose, priority, stamp.batch, stamp.not_before, stamp.expires_at]
    sql = SQL["put_selected"].replace("/*judged*/", judged.sql).replace("/*record*/", record)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*judged.values, *values])
        rows = cursor.fetchall()
    _wake(channel for channel, _, queued in rows if queued)
    return Queued(sum(row[1] for row in rows), sum(row[2] for row in rows))


# ── Holding, stopping, settling ───────────────────────────────────────────


@transaction.atomic
def cancel(channel_id: int, address_hash: bytes, purposes: Sequence[str]) -> int:
    """Take back what is queued for an address, because the person said so. Returns how many."""
    rows = Outbound.objects.filter(channel_id=channel_id, address_hash=address_hash, state=State.QUEUED, purpose__in=purposes)
    return _in_order(rows).update(state=State.CANCELLED, reason="stopped", finished_at=timezone.now())


@transaction.atomic
def take_back(outbound: Outbound) -> bool:
    """Cancel a letter of which nothing left yet; once that is committed it never goes. Says whether it was in time."""
    untried = Q(tries=0) | Q(purpose=Outbound.Purpose.NEWSLETTER)  # others are queued again though an earlier try may have left (law 7)
    still_here = Outbound.objects.filter(untried, pk=outbound.pk, state=State.QUEUED, parts_done=0)
    return bool(still_here.update(state=State.CANCELLED, reason="cancelled", finished_at=timezone.now()))


@transaction.atomic
def begin(batches: Iterable[tuple[int, int]]) -> None:
    """Open batches (number and organisation) that are new, or were done; none is closed until this transaction is through."""
    wanted = dict(batches)
    if not wanted:
        return
    Batch.objects.bulk_create([Batch(id=number, organisation_id=owner) for number, owner in wanted.items()], ignore_conflicts=True)
    _lock("enter", wanted)  # shared: several queue letters of one batch at a time
    Batch.objects.filter(id__in=wanted, state=Batch.State.DONE).update(state=Batch.State.OPEN)


def _lock(name: str, batches: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], {"gate": GATE, "batches": sorted(batches)})


@transaction.atomic
def hold(batch: int) -> None:
    """Pause a batch, however large: what is not being sent this moment waits."""
    Batch.objects.filter(id=batch, state__in=[Batch.State.OPEN, Batch.State.RESTING]).update(state=Batch.State.HELD)


@transaction.atomic
def release(batch: int) -> None:
    """Let a paused batch go on."""
    _wake_batch(batch, Batch.State.HELD)


@transaction.atomic
def rest(batch: int) -> None:
    """Let a batch rest by the clock."""
    Batch.objects.filter(id=batch, state=Batch.State.OPEN).update(state=Batch.State.RESTING)


@transaction.atomic
def rouse(batch: int) -> None:
    """Let a resting batch go on."""
    _wake_batch(batch, Batch.State.RESTING)


def _wake_batch(batch: int, state: str) -> None:
    if Batch.objects.filter(id=batch, state=state).update(state=Batch.State.OPEN):
        notify("outbox", "")


@transaction.atomic
def stop(batch: int) -> int:
    """End a batch at once, however large. Its rows are cancelled in pieces: returns how many are already; `tidy` does the rest."""
    if not Batch.objects.filter(id=batch).exclude(state=Batch.State.STOPPED).update(state=Batch.State.STOPPED):
        return 0
    return cancel_stopped(batch)


@transaction.atomic
def cancel_stopped(batch: int) -> int:
    """Cancel a piece of what a stopped batch still has queued. Returns how many."""
    if not Batch.objects.select_for_update(no_key=True).filter(id=batch, state=Batch.State.STOPPED).exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(SQL["stop_piece"], {"batch": batch, "limit": CANCEL_PIECE})
        return int(cursor.rowcount)


def tidy() -> int:
    """Cancel what stopped batches still have queued, a piece at a time. Returns how many."""
    cancelled = 0
    for batch in Batch.objects.filter(state=Batch.State.STOPPED).values_list("id", flat=True):
        while number := cancel_stopped(batch):
            cancelled += number
    return cancelled


@transaction.atomic
def close(batches: Iterable[int]) -> int:
    """Note that nothing of these batches is open any more, where that is so; a retry opens them again. Returns how many."""
    numbers = list(Batch.objects.filter(id__in=batches).exclude(state=Batch.State.DONE).values_list("id", flat=True))
    _lock("shut", numbers)
    with connection.cursor() as cursor:  # a statement of its own: it sees what was queued while we waited for the lock
        cursor.execute(SQL["close_quiet"], {"batches": numbers})
        return int(cursor.rowcount)


def stopped(batches: Iterable[int]) -> set[int]:
    """Name those of the batches whose letters are being cancelled."""
    return set(Batch.objects.filter(id__in=batches, state=Batch.State.STOPPED).values_list("id", flat=True))


def settle(outbound: Outbound, *, again: bool) -> None:
    """Decide an unclear one by hand: send it again, or take it as arrived."""
    settle_many([outbound.pk], again=again)
    outbound.refresh_from_db()


@transaction.atomic
def settle_many(ids: Sequence[int], *, again: bool) -> int:
    """Decide unclear ones alike. Returns how many."""
    locked = Outbound.objects.filter(id__in=ids, state=State.UNCLEAR).order_by("id").select_for_update()
    found = list(locked.values_list("id", "channel_id", "batch", "organisation_id"))
    rows = Outbound.objects.filter(id__in=[row[0] for row in found])
    if again:
        begin({(batch, owner) for _, _, batch, owner in found if batch is not None})
        rows.update(state=State.QUEUED, reason="", details="", tries=0, not_before=None, finished_at=None)
        _wake(row[1] for row in found)
    else:
        now = timezone.now()
        rows.update(state=State.ACCEPTED, reason="", details="", accepted_at=now, finished_at=now)
    return len(found)


@transaction.atomic
def retry(outbound: Outbound) -> None:
    """Send a failed one again; parts that arrived are not repeated."""
    if not Outbound.objects.select_for_update().filter(id=outbound.id, state=State.FAILED).exists():
        return
    if outbound.batch is not None:
        begin({(outbound.batch, outbound.organisation_id)})
    Part.objects.filter(outbound=outbound, state="failed").delete()
    Outbound.objects.filter(id=outbound.id).update(
        state=State.QUEUED,
        reason="",
        details="",
        tries=0,
        not_before=None,
        finished_at=None,
        receipt="",
        parts_done=Part.objects.filter(outbound=outbound).count(),
    )
    _wake({outbound.channel_id})
    outbound.refresh_from_db()


def _in_order(rows: QuerySet[Outbound]) -> QuerySet[Outbound]:
    """Lock rows as engine and receipts do, by id, so that nobody deadlocks; what was claimed meanwhile is left out."""
    return Outbound.objects.filter(id__in=rows.order_by("id").select_for_update().values("id"))


def _wake(channels: Iterable[int]) -> None:
    for channel_id in sorted(set(channels)):
        notify("outbox", str(channel_id))
