"""The audit log: a hash chain per organisation. A changed, removed or inserted entry breaks it from there on."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation

START = bytes(32)
LOCK = 0x6175  # advisory lock space "au": one writer per chain at a time


def record(organisation: Organisation, action: str, *, operator: Operator | None = None, subject: str = "", **details: Any) -> AuditEntry:
    """Add to the chain inside the caller's transaction; ids and settings only, never texts or addresses of citizens."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, organisation.pk])
        last = AuditEntry.objects.filter(organisation=organisation).order_by("-number").values_list("number", "hash").first()
        entry = AuditEntry(
            organisation=organisation,
            number=last[0] + 1 if last else 1,
            at=timezone.now(),
            operator=operator,
            actor=operator.name if operator else "Bürgerdraht",
            action=action,
            subject=subject,
            details=json.loads(json.dumps(details, default=str)),
            previous_hash=bytes(last[1]) if last else START,
        )
        entry.hash = digest(entry)
        entry.save(force_insert=True)
    return entry


def digest(entry: AuditEntry) -> bytes:
    """Hash an entry's content together with the hash before it."""
    content = [
        entry.organisation_id,
        entry.number,
        _moment(entry.at),
        entry.actor,
        entry.action,
        entry.subject,
        entry.details,
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(bytes(entry.previous_hash) + text.encode()).digest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class Verdict(NamedTuple):
    """`broken_at` is the number of the first entry that does not fit, 0 where all fit."""

    entries: int
    broken_at: int


def verify(organisation: Organisation) -> Verdict:
    """Walk the chain from its start."""
    previous, number = START, 0
    for entry in AuditEntry.objects.filter(organisation=organisation).order_by("number").iterator(chunk_size=2000):
        number += 1
        if entry.number != number or bytes(entry.previous_hash) != previous or bytes(entry.hash) != digest(entry):
            return Verdict(number, number)
        previous = bytes(entry.hash)
    return Verdict(number, 0)
