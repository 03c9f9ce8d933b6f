"""Known meters from a table: number; kind; digits; decimals; last value; its date; yearly use. What cannot be read is told by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.meters import spoken
from buergerdraht.meters.actions import key, plain
from buergerdraht.meters.models import Kind, Meter

LARGEST, MOST = 5_000_000, 50_000
SHOWN = 5
COLUMNS = ("nummer", "art", "stellen", "nachkomma", "stand", "datum", "jahr")
KINDS = {"wasser": Kind.WATER, "gas": Kind.GAS, "strom": Kind.ELECTRICITY, "wärme": Kind.HEAT, "waerme": Kind.HEAT}


@dataclass(frozen=True)
class Read:
    meters: list[Meter]
    problems: list[str]


def read(organisation: Organisation, data: bytes) -> Read:
    """Read a table; good lines and what is wrong with the others."""
    if len(data) > LARGEST:
        return Read([], [_("Die Datei ist größer als 5 MB.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    names = {(name or "").strip().lower() for name in (lines[0] if lines else {})}
    if missing := {"nummer", "art"} - names:
        return Read([], [_("Es fehlt die Spalte „%(name)s“.") % {"name": sorted(missing)[0]}])
    if len(lines) > MOST:
        return Read([], [_("Die Tabelle hat mehr als %(most)s Zeilen. Bitte teilen Sie sie.") % {"most": MOST}])
    found: dict[bytes, Meter] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, 2):
        try:
            meter = _meter(
                organisation,
                {(name or "").strip().lower(): (value or "").strip() for name, value in line.items() if isinstance(value, str)},
            )
        except ValueError as problem:
            problems.append(_("Zeile %(number)s: %(problem)s") % {"number": number, "problem": problem})
        else:
            found[bytes(meter.number_hash)] = meter
    return Read(list(found.values()), problems)


def _meter(organisation: Organisation, line: dict[str, str]) -> Meter:
    if not plain(line["nummer"]):
        raise ValueError(_("Die Nummer fehlt."))
    kind = KINDS.get(line["art"].lower())
    if kind is None:
        raise ValueError(_("Die Art ist Wasser, Gas, Strom oder Wärme."))
    return Meter(
        organisation=organisation, kind=kind, number=plain(line["nummer"]), number_hash=key(organisation, line["nummer"]),
        digits=_few(line.get("stellen", ""), 10), decimals=_few(line.get("nachkomma", ""), 3), value=_number(line.get("stand", "")),
        read_on=_day(line.get("datum", "")), yearly=_number(line.get("jahr", "")),
    )  # fmt: skip


def _number(text: str) -> Decimal | None:
    return spoken.number(text) if text else None


def _few(text: str, most: int) -> int:
    if not text:
        return 0
    if not text.isdecimal() or int(text) > most:
        raise ValueError(_("„%(text)s“ ist keine Anzahl von Stellen bis %(most)s.") % {"text": text, "most": most})
    return int(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day
        except ValueError:
            continue
    raise ValueError(_("„%(text)s“ ist kein Datum.") % {"text": text})


@transaction.atomic
def bring(organisation: Organisation, meters: list[Meter], *, operator: Operator) -> int:
    """Keep known meters. What a table does not say of one that is known, or says of an earlier day, leaves it as it is."""
    hashes = [meter.number_hash for meter in meters]
    known = {
        bytes(row.number_hash): row for row in Meter.objects.filter(organisation=organisation, number_hash__in=hashes).select_for_update()
    }
    for meter in meters:
        if (before := known.get(bytes(meter.number_hash))) is not None:
            _fill(meter, before)
    Meter.objects.bulk_create(
        meters, update_conflicts=True, unique_fields=["organisation", "number_hash"],
        update_fields=["kind", "digits", "decimals", "value", "read_on", "yearly"], batch_size=2_000,
    )  # fmt: skip
    audit.record(organisation, "meters.bring", operator=operator, number=len(meters))
    return len(meters)


def _fill(meter: Meter, before: Meter) -> None:
    if not meter.digits:
        meter.digits, meter.decimals = before.digits, before.decimals
    if meter.yearly is None:
        meter.yearly = before.yearly
    newer = before.read_on and (meter.read_on is None or before.read_on > meter.read_on)
    if meter.value is None or (newer and before.value is not None):
        meter.value, meter.read_on = before.value, before.read_on


def preview(organisation: Organisation, found: Read) -> dict[str, Any]:
    """What taking the table over would do: how many are new, how many are set anew, and the first lines as they were understood."""
    hashes = [meter.number_hash for meter in found.meters]
    known = Meter.objects.filter(organisation=organisation, number_hash__in=hashes).count() if hashes else 0
    return {"new": len(hashes) - known, "known": known, "wrong": len(found.problems), "first": found.meters[:SHOWN]}


def problems_of(found: Read, most: int = 20) -> Iterator[str]:
    yield from found.problems[:most]
