"""Read a photo, keep what was confirmed, settle what is doubtful, hand values on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Case, Value, When
from django.utils import timezone

from buergerdraht.accounts import audit, vault
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import sight
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media
from buergerdraht.meters import judging, reader, tesseract
from buergerdraht.meters.judging import Before
from buergerdraht.meters.models import Meter, MeterReading
from buergerdraht.meters.reader import Reading

State = MeterReading.State
SETTLED = (
    State.CONFIRMED,
    State.CHECKED,
    State.EXPORTED,
)  # what a later value is compared with: a doubtful one would make the right one doubtful
EARLIER = 5


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """A value as a citizen confirmed it."""

    kind: str
    number: str
    value: Decimal
    photo: Media | None = None
    reasons: Iterable[str] = ()
    contact: Contact
    address: Address | None = None


class Pending(Exception):
    """The photo has not come from the messenger yet."""


def plain(number: str) -> str:
    """A meter's number without what people put between its signs."""
    return re.sub(r"[^0-9A-Z]", "", number.upper())


def meter_of(organisation: Organisation, number: str) -> Meter | None:
    return Meter.objects.filter(organisation=organisation, number_hash=key(organisation, number)).first() if plain(number) else None


def see(organisation: Organisation, photo: str, *, digits: int, decimals: int) -> Reading | None:
    """Read a photo on this machine; None where it cannot be read surely. Raises Pending."""
    media = Media.objects.filter(organisation=organisation, pk=photo).first()
    if media is None or media.state in {Media.State.FAILED, Media.State.DELETED}:
        return None
    if media.state != Media.State.READY:
        raise Pending
    try:
        return reader.read(files.read(media), digits=digits or None, decimals=decimals)
    except (OSError, tesseract.Missing):
        return None


def judge(organisation: Organisation, kind: str, number: str, value: Decimal, on: date | None = None) -> list[str]:
    """Say why a value is doubtful, by what is known of the meter, else by what its owner told before."""
    return judging.judge(value, on or timezone.localdate(), _before(organisation, kind, number))


def _before(organisation: Organisation, kind: str, number: str) -> Before:
    """Where the counter stood: by what we know of the meter, else by what was told of it before."""
    if not plain(number):
        return Before()
    meter = meter_of(organisation, number)
    rows = MeterReading.objects.filter(organisation=organisation, kind=kind, number_hash=key(organisation, number))
    told = list(rows.filter(state__in=SETTLED).order_by("-read_on", "-pk").values_list("read_on", "value")[:EARLIER])
    yearly = meter.yearly if meter else None
    usual, own = (yearly, False) if yearly else (judging.per_year(told), True)
    if meter is not None and meter.value is not None:
        return Before(meter.value, meter.read_on, meter.digits, usual, own)
    on, value = told[0] if told else (None, None)
    return Before(value, on, meter.digits if meter else 0, usual, own)


@transaction.atomic
def keep(organisation: Organisation, confirmed: Confirmed, *, on: date | None = None) -> MeterReading:
    """Keep a value. The same citizen confirming the same twice makes one."""
    reasons = list(confirmed.reasons)
    row, made = MeterReading.objects.get_or_create(
        contact=confirmed.contact, kind=confirmed.kind, number_hash=key(organisation, confirmed.number), value=confirmed.value,
        read_on=on or timezone.localdate(),
        defaults={
            "organisation": organisation, "meter": meter_of(organisation, confirmed.number), "number": plain(confirmed.number),
            "photo": confirmed.photo, "reasons": reasons, "address": confirmed.address,
            "state": State.DOUBTFUL if reasons else State.CONFIRMED,
        },
    )  # fmt: skip
    if made:
        audit.record(organisation, "meters.keep", subject=f"reading:{row.pk}", doubtful=bool(reasons))
        if not reasons:
            _move_on(row)
    return row


@transaction.atomic
def settle(reading: MeterReading, *, operator: Operator, value: Decimal | None = None, right: bool = True) -> MeterReading:
    """Say that a value is right, set it right, or refuse it."""
    row = MeterReading.objects.select_for_update(of=("self",)).select_related("organisation", "meter").get(pk=reading.pk)
    if row.state == State.EXPORTED:
        return row
    row.state, row.operator = (State.CHECKED if right else State.REFUSED), operator
    row.value = row.value if value is None else value
    row.save(update_fields=["state", "operator", "value"])
    if right:
        _move_on(row)
    audit.record(row.organisation, f"meters.{'check' if right else 'refuse'}", operator=operator, subject=f"reading:{row.pk}")
    return row


@transaction.atomic
def export(organisation: Organisation, *, operator: Operator) -> tuple[datetime, list[MeterReading]]:
    """Mark everything that is settled as handed on, and give it."""
    now = timezone.now()
    rows = MeterReading.objects.filter(organisation=organisation, state__in=[State.CONFIRMED, State.CHECKED])
    found = list(rows.select_for_update(of=("self",)).order_by("read_on", "pk"))
    MeterReading.objects.filter(pk__in=[row.pk for row in found]).update(state=State.EXPORTED, export=now)
    audit.record(organisation, "meters.export", operator=operator, number=len(found))
    return now, found


@transaction.atomic
def take_back(organisation: Organisation, when: datetime, *, operator: Operator) -> int:
    """Take an export back: its values are to be handed on again."""
    rows = MeterReading.objects.filter(organisation=organisation, state=State.EXPORTED, export=when)
    checked = Case(When(operator=None, then=Value(State.CONFIRMED)), default=Value(State.CHECKED))
    number = rows.update(state=checked, export=None)
    audit.record(organisation, "meters.take_back", operator=operator, number=number)
    return number


def _move_on(row: MeterReading) -> None:
    """The meter stands there from now on."""
    if row.meter_id:
        older = Meter.objects.filter(pk=row.meter_id).exclude(read_on__gt=row.read_on)
        older.update(value=row.value, read_on=row.read_on)


def key(organisation: Organisation, number: str) -> bytes:
    return vault.lookup(organisation.pk, f"meter {plain(number)}") if plain(number) else b""


def may_have_photo(membership: Membership, media: Media) -> bool:
    """Whether a photo may be looked at: it is the citizen's, also when the message it came with is gone."""
    hidden = sight.hidden_contacts(membership)
    return not MeterReading.objects.filter(organisation=membership.organisation_id, photo=media, contact__in=hidden).exists()


# ── What becomes of the person ────────────────────────────────────────────


def on_joined(sender: object, *, into: Contact, other: Contact, **more: Any) -> None:
    """Two contacts become one: it has what both read, each value once."""
    mine = set(MeterReading.objects.filter(contact=into).values_list("kind", "number_hash", "value", "read_on"))
    for row in MeterReading.objects.filter(contact=other):
        if (row.kind, row.number_hash, row.value, row.read_on) in mine:
            row.delete()
    MeterReading.objects.filter(contact=other).update(contact=into)


def on_parted(sender: object, *, old: Contact, new: Contact, address: Address, **more: Any) -> None:
    """An address got a contact of its own: what was read through it goes along."""
    MeterReading.objects.filter(contact=old, address=address).update(contact=new)


def empty(organisation: Organisation, before: datetime) -> int:
    """Delete what was handed on, or refused, long ago; what waits for us stays."""
    rows = MeterReading.objects.filter(organisation=organisation, created_at__lt=before, state__in=[State.EXPORTED, State.REFUSED])
    return rows.delete()[0]
