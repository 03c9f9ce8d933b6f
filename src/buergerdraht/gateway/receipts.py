"""Apply what providers report of our messages: only ever upwards, in any order, any number of times (law 4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from buergerdraht.connectors.contract import Gone, Receipt, ReceiptState, encode
from buergerdraht.gateway import live
from buergerdraht.gateway.models import InboundEvent, Outbound
from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).with_name("receipts.sql"))
RANK = {state: rank for rank, state in enumerate(["accepted", "sent", "failed", "delivered", "read"])}
EARLY = timedelta(minutes=10)  # after that, a row that has not come hardly ever comes
GONE = {"blocked": "all", "opted_out": "newsletter"}  # reasons that say something about the person, not the message


class Place(NamedTuple):
    """Which part of which letter."""

    outbound: int
    position: int


@dataclass(frozen=True, slots=True)
class Sorted:
    """Receipts by the part they speak of; those without one wait."""

    known: Mapping[Place, Receipt]
    early: Sequence[Receipt]


@transaction.atomic
def apply(channel_id: int, receipts: Iterable[Receipt]) -> None:
    """Apply a batch of one channel's receipts."""
    found = _sort(channel_id, _highest(receipts))
    _climb(channel_id, found.known)
    if found.early:
        _run(
            "keep_early",
            channel=channel_id,
            externals=[receipt.external_id for receipt in found.early],
            receipts=[encode(receipt).decode() for receipt in found.early],
        )


@transaction.atomic
def apply_early(*, old: bool = False) -> int:
    """Apply early receipts whose rows have come. Returns how many. `old` ones, too: most of those are of letters that are not ours."""
    waiting: dict[int, list[Receipt]] = {}
    rows = _run("early_due", since=timedelta(days=365) if old else EARLY)
    for channel_id, data in rows:
        waiting.setdefault(channel_id, []).append(msgspec.convert(_opened(data), Receipt))
    for channel_id in sorted(waiting):
        apply(channel_id, waiting[channel_id])
    return len(rows)


def _opened(data: Any) -> Any:
    return json.loads(data) if isinstance(data, str) else data


def _highest(receipts: Iterable[Receipt]) -> list[Receipt]:
    """Of several receipts for one part only the highest counts."""
    highest: dict[str, Receipt] = {}
    for receipt in receipts:
        known = highest.get(receipt.external_id)
        if known is None or RANK[receipt.state] > RANK[known.state]:
            highest[receipt.external_id] = _with_token(receipt, known)
        elif receipt.token and not known.token:
            highest[receipt.external_id] = _with_token(known, receipt)
    return list(highest.values())


def _with_token(receipt: Receipt, other: Receipt | None) -> Receipt:
    if receipt.token or other is None or not other.token:
        return receipt
    return msgspec.structs.replace(receipt, token=other.token)


def _sort(channel_id: int, receipts: Sequence[Receipt]) -> Sorted:
    places = {row[0]: Place(row[1], row[2]) for row in _run("find", channel=channel_id, externals=[r.external_id for r in receipts])}
    by_token = {receipt.external_id: place for receipt in receipts if (place := _read_token(receipt.token))}
    wanted = {place.outbound for external, place in by_token.items() if external not in places}
    ours = {row[0] for row in _run("known_letters", channel=channel_id, ids=sorted(wanted))} if wanted else set()
    known: dict[Place, Receipt] = {}
    early: list[Receipt] = []
    for receipt in receipts:
        place = places.get(receipt.external_id)
        if place is None and (told := by_token.get(receipt.external_id)) and told.outbound in ours:
            place = told
        if place is None:
            early.append(receipt)
        elif place not in known or RANK[receipt.state] > RANK[known[place].state]:
            known[place] = receipt
    return Sorted(known, early)


def _read_token(token: str) -> Place | None:
    """Our tokens are `<outbound>.<position>`; others' are not ours."""
    outbound, dot, position = token.partition(".")
    if not dot or not outbound.isdecimal() or not position.isdecimal() or len(outbound) > 18 or len(position) > 3:
        return None
    return Place(int(outbound), int(position))


def _climb(channel_id: int, known: Mapping[Place, Receipt]) -> None:
    if not known:
        return
    ids = sorted({place.outbound for place in known})
    _run("lock", ids=ids)
    changed = _run(
        "climb",
        channel=channel_id,
        outbounds=[place.outbound for place in known],
        positions=[place.position for place in known],
        externals=[receipt.external_id for receipt in known.values()],
        states=[str(receipt.state) for receipt in known.values()],
        reasons=[receipt.reason for receipt in known.values()],
        ats=[receipt.at for receipt in known.values()],
    )
    letters = _run("recompute", ids=sorted({row[0] for row in changed})) if changed else []
    _tell(letters)
    _report_gone(channel_id, letters, known)


def _tell(letters: Sequence[Sequence[Any]]) -> None:
    batches: set[tuple[int, int]] = set()
    for number, organisation, batch, *_ in letters:
        if batch is None:
            live.tell(organisation, "receipt", outbound=number)
        else:
            batches.add((organisation, batch))
    for organisation, batch in batches:
        live.tell(organisation, "broadcast", broadcast=batch)
    for channel_id in {row[6] for row in letters if row[3] == "queued"}:
        live.notify("outbox", str(channel_id))


def _report_gone(channel_id: int, letters: Sequence[Sequence[Any]], known: Mapping[Place, Receipt]) -> None:
    """A failure that tells of a block or an opt-out enters as an event, by the same door as others."""
    failed = {row[0]: row[4] for row in letters if row[5] and row[3] == "failed" and row[4] in GONE}
    if not failed:
        return
    at = {place.outbound: receipt.at for place, receipt in known.items() if receipt.state == ReceiptState.FAILED}
    events = [
        Gone(
            address=letter.address,
            at=at.get(letter.id, timezone.now()),
            external_id=f"receipt:{letter.id}",
            scope="all" if GONE[failed[letter.id]] == "all" else "newsletter",
            reason=failed[letter.id],
        )
        for letter in Outbound.objects.filter(id__in=failed).only("id", "address").order_by("id")
    ]
    InboundEvent.objects.bulk_create(InboundEvent(channel_id=channel_id, source="engine", body=encode(event)) for event in events)
    live.notify("inbound")


def _run(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], parameters)
        return cursor.fetchall() if cursor.description else []
