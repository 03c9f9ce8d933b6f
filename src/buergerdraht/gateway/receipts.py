"""Apply what providers report of our messages: only ever upwards, in any order, any number of times (law 4).

A failure that is reported after the message was accepted is final: the provider has tried for as long as it does, and what we sent
again by ourselves could arrive beside the first. An operator may send it again (`outbox.retry`).
"""

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

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Gone, Receipt, ReceiptState, encode
from buergerdraht.gateway import live
from buergerdraht.gateway.models import InboundEvent, Outbound
from buergerdraht.gateway.queries import ask, queries

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


@transaction.atomic(savepoint=False)
def apply(channel_id: int, receipts: Iterable[Receipt]) -> None:
    """Apply a batch of one channel's receipts."""
    told = list(receipts)
    if upto := [receipt for receipt in told if receipt.until is not None]:
        told = [receipt for receipt in told if receipt.until is None] + _spread(channel_id, upto)
    highest = _highest(told)
    if not highest:
        return
    found = _sort(channel_id, highest)
    if found.known:
        letters = _climb(channel_id, found.known)
        _tell(letters)
        _report_gone(channel_id, letters, found.known)
    if found.early:
        _run(
            "keep_early",
            channel=channel_id,
            externals=[receipt.external_id for receipt in found.early],
            receipts=[encode(receipt).decode() for receipt in found.early],
        )


class Letter(NamedTuple):
    """A letter that changed by what was reported."""

    id: int
    organisation: int
    batch: int | None
    state: str
    reason: str
    changed: bool  # its state, not only its receipt
    channel: int


@transaction.atomic
def apply_early(*, old: bool = False) -> int:
    """Apply early receipts whose rows have come. Returns how many. `old` ones, too: most of those are of letters that are not ours."""
    waiting: dict[int, list[Receipt]] = {}
    since = timedelta(days=365) if old else EARLY
    rows = [*_run("early_due", since=since), *_run("upto_due", since=since)]
    for channel_id, data in rows:
        waiting.setdefault(channel_id, []).append(msgspec.convert(_opened(data), Receipt))
    for channel_id in sorted(waiting):
        apply(channel_id, waiting[channel_id])
    return len(rows)


def _opened(data: Any) -> Any:
    return json.loads(data) if isinstance(data, str) else data


# ── Reports that name a moment instead of parts ───────────────────────────

UPTO = "~"  # what such a report waits under: this and the hash of its address
MOST_UPTO = 200  # letters to one address that one report reaches back to


def _spread(channel_id: int, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Say of every part that went to an address by then what was said of all; a letter whose call runs lets the report wait for it.

    Compared with when a part's call began, not with our note of its end: who reads at once is faster than that.
    """
    rows = _run("house", channel=channel_id)
    found: list[Receipt] = []
    for receipt in receipts if rows else ():
        waited = receipt.external_id.startswith(UPTO)
        digest = bytes.fromhex(receipt.external_id[1:]) if waited else vault.lookup(rows[0][0], receipt.address)
        named = {"channel": channel_id, "address": digest, "until": receipt.until}
        states = list(RANK)[: RANK[receipt.state]]
        parts = _run("upto", **named, states=states, most=MOST_UPTO)
        found += [msgspec.structs.replace(receipt, external_id=external, until=None, address="") for (external,) in parts]
        if _run("upto_open", **named):
            kept = msgspec.structs.replace(receipt, external_id=f"{UPTO}{digest.hex()}", address="")
            _run("keep_early", channel=channel_id, externals=[kept.external_id], receipts=[encode(kept).decode()])
    return found


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
    """Say which part each speaks of, by our token or the provider's id, and lock the letters."""
    places = {receipt.external_id: place for receipt in receipts if (place := _read_token(receipt.token))}
    if unnamed := [receipt.external_id for receipt in receipts if receipt.external_id not in places]:
        places |= {row[0]: Place(row[1], row[2]) for row in _ask("find", channel=channel_id, externals=unnamed)}
    ours = (
        {row[0] for row in _ask("lock", channel=channel_id, ids=sorted({place.outbound for place in places.values()}))} if places else set()
    )
    known: dict[Place, Receipt] = {}
    early: list[Receipt] = []
    for receipt in receipts:
        place = places.get(receipt.external_id)
        if place is None or place.outbound not in ours:
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


def _climb(channel_id: int, known: Mapping[Place, Receipt]) -> list[Letter]:
    """Let parts and letters climb. Returns the letters that changed."""
    climbed = _ask("climb", channel=channel_id, **_columns(known))
    done = {Place(row[0], row[1]) for row in climbed}
    letters = [
        Letter(number, organisation, batch, state, reason, state == "failed", channel_id)
        for number, _position, through, organisation, batch, state, reason in climbed
        if through
    ]
    rest = {row[0] for row in climbed if not row[2]}
    if len(done) < len(known):
        rest |= {row[0] for row in _ask("add", channel=channel_id, **_columns({place: known[place] for place in known.keys() - done}))}
    if rest:
        letters += [Letter(*row) for row in _ask("recompute", ids=sorted(rest))]
    return letters


def _columns(known: Mapping[Place, Receipt]) -> dict[str, list[Any]]:
    return {
        "outbounds": [place.outbound for place in known],
        "positions": [place.position for place in known],
        "externals": [receipt.external_id for receipt in known.values()],
        "states": [str(receipt.state) for receipt in known.values()],
        "reasons": [receipt.reason for receipt in known.values()],
        "ats": [receipt.at for receipt in known.values()],
    }


def _tell(letters: Sequence[Letter]) -> None:
    for letter in letters:
        if letter.batch is None:
            live.tell(letter.organisation, "receipt", outbound=letter.id)
    for organisation, batch in {(letter.organisation, letter.batch) for letter in letters if letter.batch is not None}:
        live.tell(organisation, "broadcast", broadcast=batch)
    for channel_id in {letter.channel for letter in letters if letter.state == "queued"}:
        live.notify("outbox", str(channel_id))


def _report_gone(channel_id: int, letters: Sequence[Letter], known: Mapping[Place, Receipt]) -> None:
    """A failure that tells of a block or an opt-out enters as an event, by the same door as others."""
    failed = {letter.id: letter.reason for letter in letters if letter.changed and letter.state == "failed" and letter.reason in GONE}
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
    live.notify("inbound", "message")


def _ask(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    return ask(SQL[name], parameters)


def _run(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run what is planned anew each time, because the table is empty now and full then."""
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], parameters)
        return cursor.fetchall() if cursor.description else []
