"""The one door out (law 10): nobody else writes to the outbox, and nothing passes without consent, window and quiet hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import BinaryField, Exists, OuterRef
from django.db.models.functions import Cast
from django.dispatch import Signal
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.connectors.contract import Content, to_json
from buergerdraht.contacts.actions import enter_gate
from buergerdraht.contacts.models import Address, Contact, Subscription
from buergerdraht.gateway import channels, outbox
from buergerdraht.gateway.models import Channel, Outbound, StoredContent

NEWSLETTER, ALERT, SERVICE = "newsletter", "alert", "service"

sent = Signal()  # outbound, address, content, purpose, operator


class Refused(Exception):
    """We may not write. `reason` is a code of connectors.reasons."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Window:
    open: bool
    until: datetime | None = None  # None: no end


@dataclass(frozen=True)
class Letter:
    """One recipient of many: `inside` while the window is open, `outside` the template for a closed one."""

    address: Address
    inside: StoredContent
    outside: StoredContent | None = None


@dataclass(frozen=True)
class Standing:
    """What decides whether an address may be written to."""

    state: str
    contact_state: str
    paused_until: datetime | None
    no_newsletter: bool
    confirmed: bool


@transaction.atomic
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
    fresh = _may_have(address, content, purpose)
    outbound = outbox.put(
        fresh.channel,
        fresh.address,
        content,
        purpose=purpose,
        not_before=earliest(fresh.organisation, purpose, not_before),
        expires_at=expires_at,
    )
    sent.send(Outbound, outbound=outbound, address=fresh, content=content, purpose=purpose, operator=operator)
    return outbound


@transaction.atomic
def probe(address: Address, content: Content, *, expires_at: datetime) -> Outbound:
    """Queue a message that only tries the way, or raise Refused: asked the same as every other, but no conversation hears of it."""
    fresh = _may_have(address, content, SERVICE)
    return outbox.put(fresh.channel, fresh.address, content, purpose=SERVICE, expires_at=expires_at)


def _may_have(address: Address, content: Content, purpose: str) -> Address:
    """Look at the address as it stands now; raise Refused where this may not go to it."""
    if purpose in {NEWSLETTER, ALERT}:
        enter_gate(address.organisation_id)
    fresh = Address.objects.select_related("contact", "channel", "organisation").get(id=address.id)
    confirmed = Subscription.objects.filter(contact_id=fresh.contact_id, confirmed_at__isnull=False).exists()
    if reason := refusal(standing(fresh, confirmed), purpose, timezone.now()):
        raise Refused(reason)
    if content.template is None and not window(fresh).open:
        raise Refused("window_closed")
    return fresh


@transaction.atomic
def send_many(
    letters: Sequence[Letter],
    *,
    purpose: str,
    batch: int,
    urgent: bool = False,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> list[Outbound | Refused]:
    """Queue many in one transaction; the answers stand in the order of the letters. `urgent` passes quiet hours."""
    if not letters:
        return []
    organisation = letters[0].address.organisation
    enter_gate(organisation.id)
    begin = not_before if urgent else earliest(organisation, purpose, not_before)
    answers = _sort(organisation, letters, purpose)
    rows = [
        outbox.Letter(
            channel_id=answer.row.channel_id,
            address_sealed=bytes(answer.row.sealed),
            address_hash=bytes(answer.row.address_hash),
            content_id=answer.content.id,
            purpose=purpose,
            batch=batch,
            not_before=begin,
            expires_at=expires_at,
        )
        for answer in answers
        if isinstance(answer, _Allowed)
    ]
    queued = iter(outbox.put_many(rows))
    return [answer if isinstance(answer, Refused) else next(queued) for answer in answers]


class _Row(NamedTuple):
    """An address as it stands now, the sealed text unopened: nobody needs it here. Plain values, because there are a million."""

    id: int
    channel_id: int
    sealed: bytes
    address_hash: bytes
    last_inbound_at: datetime | None
    state: str
    contact_state: str
    paused_until: datetime | None
    no_newsletter: bool
    confirmed: bool


class _Allowed(NamedTuple):
    row: _Row
    content: StoredContent


def _sort(organisation: Organisation, letters: Sequence[Letter], purpose: str) -> list[_Allowed | Refused]:
    """Turn each letter into what may go, its content chosen by the window, or into the reason why nothing may."""
    rows = _fresh(organisation, [letter.address.id for letter in letters])
    hours = {channel.pk: channels.limits(channel).window_hours for channel in Channel.objects.filter(organisation=organisation)}
    now = timezone.now()
    answers: list[_Allowed | Refused] = []
    for letter in letters:
        row = rows.get(letter.address.id)
        if row is None:  # erased in the meantime
            answers.append(Refused("stopped"))
        elif reason := refusal(Standing(*row[5:]), purpose, now):
            answers.append(Refused(reason))
        elif (content := letter.inside if _window(row.last_inbound_at, hours[row.channel_id], now).open else letter.outside) is None:
            answers.append(Refused("no_template"))
        else:
            answers.append(_Allowed(row, content))
    return answers


@transaction.atomic
def retry(outbound: Outbound) -> None:
    """Send a failed message again, if we still may."""
    _still_allowed(outbound)
    outbox.retry(outbound)


@transaction.atomic
def settle(outbound: Outbound, *, again: bool) -> None:
    """Decide an unclear message: send it again, if we still may, or take it as arrived."""
    if again:
        _still_allowed(outbound)
    outbox.settle(outbound, again=again)


def _still_allowed(outbound: Outbound) -> None:
    enter_gate(outbound.organisation_id)
    rows = Address.objects.select_related("contact", "channel")
    address = rows.filter(channel_id=outbound.channel_id, address_hash=outbound.address_hash).first()
    if address is None:
        raise Refused("stopped")
    confirmed = Subscription.objects.filter(contact_id=address.contact_id, confirmed_at__isnull=False).exists()
    if reason := refusal(standing(address, confirmed), outbound.purpose, timezone.now()):
        raise Refused(reason)
    if not outbound.content.content.get("template") and not window(address).open:
        raise Refused("window_closed")


def refusal(standing: Standing, purpose: str, now: datetime) -> str:
    """Say why this address may not be written to for this purpose, or "". Windows and quiet hours are asked elsewhere."""
    if standing.state == Address.State.GONE:
        return "blocked"
    if standing.state == Address.State.BLOCKED:
        return "barred"
    if standing.contact_state == Contact.State.ERASED:
        return "stopped"
    if purpose not in {NEWSLETTER, ALERT}:
        return ""  # answers: the citizen wrote to us
    if standing.contact_state == Contact.State.STOPPED:
        return "stopped"
    if not standing.confirmed:
        return "no_consent"
    if purpose == ALERT:
        return ""  # warnings come through a pause
    if standing.no_newsletter:
        return "opted_out"
    if standing.paused_until is not None and standing.paused_until > now:
        return "paused"
    return ""


def standing(address: Address, confirmed: bool) -> Standing:
    contact = address.contact
    return Standing(address.state, contact.state, contact.paused_until, address.no_newsletter, confirmed)


def window(address: Address, at: datetime | None = None) -> Window:
    """Say whether the provider lets us write freely, and until when: counted from the provider's time of their last message."""
    return _window(address.last_inbound_at, channels.limits(address.channel).window_hours, at or timezone.now())


def _window(last_inbound_at: datetime | None, hours: int, at: datetime) -> Window:
    if not hours:
        return Window(True)
    if last_inbound_at is None:
        return Window(False)
    until = last_inbound_at + timedelta(hours=hours)
    return Window(at < until, until)


def earliest(organisation: Organisation, purpose: str, not_before: datetime | None) -> datetime | None:
    """Move a newsletter out of the organisation's quiet hours; everything else goes when it was asked for."""
    if purpose != NEWSLETTER:
        return not_before
    end = quiet_until(organisation, max(not_before or timezone.now(), timezone.now()))
    return end or not_before


def quiet_until(organisation: Organisation, at: datetime) -> datetime | None:
    """Say when the quiet hours end that `at` falls into, or None. Wall-clock times of Germany, right across clock changes."""
    begin, end = organisation.quiet_from, organisation.quiet_until
    if begin is None or end is None or begin == end:
        return None
    zone = ZoneInfo(settings.TIME_ZONE)
    today = at.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last = day if begin < end else day + timedelta(days=1)
        start = datetime.combine(day, begin, zone).astimezone(ZoneInfo("UTC"))
        ends = [datetime.combine(last, end, zone).replace(fold=fold).astimezone(ZoneInfo("UTC")) for fold in (0, 1)]
        until = max(ends)  # a time that comes twice, or never, that night: the later reading is the quieter
        if start <= at < until:
            return until
    return None


def _fresh(organisation: Organisation, ids: list[int]) -> dict[int, _Row]:
    wish = Subscription.objects.filter(contact=OuterRef("contact"), confirmed_at__isnull=False)
    rows = Address.objects.filter(organisation=organisation, id__in=ids).annotate(
        sealed=Cast("address", BinaryField()), confirmed=Exists(wish)
    )
    columns = ("id", "channel_id", "sealed", "address_hash", "last_inbound_at", "state", "contact__state", "contact__paused_until")
    return {values[0]: _Row(*values) for values in rows.values_list(*columns, "no_newsletter", "confirmed")}


# ── Batches, for broadcasts: thin, so that the outbox keeps one caller ────


def store(organisation: Organisation, content: Content, *, batch: int) -> StoredContent:
    """Keep content once for a batch: the same again gives the same row."""
    shared = StoredContent.objects.filter(organisation=organisation, content=to_json(content), outbound__batch=batch).first()
    return shared or outbox.store(organisation, content)


def hold(batch: int) -> None:
    outbox.hold(batch)


def release(batch: int) -> None:
    outbox.release(batch)


def stop_batch(batch: int) -> int:
    """End a batch; returns how many were still queued."""
    return outbox.stop(batch)
