"""Queue what is to be sent, and hold, stop or settle it. `contacts.outreach` alone may put something in.

The rows are queue and ledger in one. The engine claims a row by committing its state `sending` right before the call, so
whatever is still `queued` can be stopped here and surely does not go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, to_json
from buergerdraht.gateway.live import notify
from buergerdraht.gateway.models import Batch, Channel, Outbound, Part, StoredContent

BULK = 2000
COLUMNS = {
    "organisation_id": "bigint",
    "channel_id": "bigint",
    "address": "bytea",
    "address_hash": "bytea",
    "content_id": "bigint",
    "purpose": "text",
    "priority": "smallint",
    "batch": "bigint",
    "not_before": "timestamptz",
    "expires_at": "timestamptz",
    "created_at": "timestamptz",
}
INSERT = """
insert into gateway_outbound (
  {names}, state, reason, details, tries, parts_total, parts_done, claimed_by, receipt)
select {names}, 'queued', '', '', 0, 0, 0, '', ''
from unnest({arrays}) with ordinality as letter({names}, position)
order by position
returning id
""".format(names=", ".join(COLUMNS), arrays=", ".join(f"%({name})s::{kind}[]" for name, kind in COLUMNS.items()))
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


@transaction.atomic
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
    stored = content if isinstance(content, StoredContent) else store(channel.organisation, content)
    letter = Letter(
        channel_id=channel.id,
        address_sealed=vault.encrypt(address),
        address_hash=vault.lookup(channel.organisation_id, address),
        content_id=stored.id,
        purpose=purpose,
        batch=batch,
        not_before=not_before,
        expires_at=expires_at,
    )
    row = put_many([letter])[0]
    row.address = address
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
    """Insert by arrays: several times quicker than one parameter per column, and a broadcast has many rows."""
    columns = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    with connection.cursor() as cursor:
        cursor.execute(INSERT, columns)
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


@transaction.atomic
def cancel(channel_id: int, address_hash: bytes, purposes: Sequence[str]) -> int:
    """Take back what is queued for an address, because the person said so. Returns how many."""
    rows = Outbound.objects.filter(channel_id=channel_id, address_hash=address_hash, state=State.QUEUED, purpose__in=purposes)
    return _in_order(rows).update(state=State.CANCELLED, reason="stopped", finished_at=timezone.now())


def begin(batches: Iterable[tuple[int, int]]) -> None:
    """Open batches (number and organisation) that are new, or were done."""
    wanted = dict(batches)
    Batch.objects.bulk_create([Batch(id=number, organisation_id=owner) for number, owner in wanted.items()], ignore_conflicts=True)
    Batch.objects.filter(id__in=wanted, state=Batch.State.DONE).update(state=Batch.State.OPEN)


@transaction.atomic
def hold(batch: int) -> None:
    """Pause a batch, however large: what is not being sent this moment waits."""
    Batch.objects.filter(id=batch, state=Batch.State.OPEN).update(state=Batch.State.HELD)


@transaction.atomic
def release(batch: int) -> None:
    """Let a paused batch go on."""
    if Batch.objects.filter(id=batch, state=Batch.State.HELD).update(state=Batch.State.OPEN):
        notify("outbox", "")


@transaction.atomic
def stop(batch: int) -> int:
    """End a batch at once, however large; its rows are cancelled in pieces. Returns how many are."""
    if not Batch.objects.filter(id=batch).exclude(state=Batch.State.STOPPED).update(state=Batch.State.STOPPED):
        return 0
    number = Outbound.objects.filter(batch=batch, state=State.QUEUED).count()
    cancel_stopped(batch)
    return number


def cancel_stopped(batch: int) -> int:
    """Cancel a piece of what a stopped batch still has queued. Returns how many."""
    with transaction.atomic():
        rows = Outbound.objects.filter(batch=batch, state=State.QUEUED)
        ids = list(rows.order_by("id").select_for_update(skip_locked=True).values_list("id", flat=True)[:BULK])
        return Outbound.objects.filter(id__in=ids).update(state=State.CANCELLED, reason="cancelled", finished_at=timezone.now())


@transaction.atomic
def settle(outbound: Outbound, *, again: bool) -> None:
    """Decide an unclear one by hand: send it again, or take it as arrived."""
    rows = Outbound.objects.filter(id=outbound.id, state=State.UNCLEAR)
    if again:
        rows.update(state=State.QUEUED, reason="", details="", tries=0, not_before=None, finished_at=None)
        _wake({outbound.channel_id})
    else:
        now = timezone.now()
        rows.update(state=State.ACCEPTED, reason="", details="", accepted_at=now, finished_at=now)
    outbound.refresh_from_db()


@transaction.atomic
def retry(outbound: Outbound) -> None:
    """Send a failed one again; parts that arrived are not repeated."""
    if not Outbound.objects.select_for_update().filter(id=outbound.id, state=State.FAILED).exists():
        return
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
