"""Who may be written to, and when: consent, opt-out, window and quiet hours. `outreach` asks; nobody else decides.

Consent is judged in the database, by one expression for a single letter and for a million.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import BooleanField, Case, CharField, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Address, Contact, Subscription
from buergerdraht.gateway import channels, database

NEWSLETTER, ALERT = "newsletter", "alert"


@dataclass(frozen=True)
class Window:
    open: bool
    until: datetime | None = None  # None: no end


def refusal(purpose: str, now: datetime | Now) -> Case:
    """Say for rows of Address why they may not be written to for this purpose, or "". Windows and quiet hours are asked elsewhere."""
    wish = Subscription.objects.filter(contact=OuterRef("contact"), confirmed_at__isnull=False)
    always = [
        (Q(state=Address.State.GONE), "blocked"),
        (Q(state=Address.State.BLOCKED), "barred"),
        (Q(contact__state=Contact.State.ERASED), "stopped"),
    ]
    unasked: list[tuple[Any, str]] = [(Q(contact__state=Contact.State.STOPPED), "stopped"), (~Exists(wish), "no_consent")]
    newsletters = [(Q(no_newsletter=True), "opted_out"), (Q(contact__paused_until__gt=now), "paused")]
    rules: list[tuple[Any, str]] = list(always)  # answers: the citizen wrote to us
    if purpose in {NEWSLETTER, ALERT}:
        rules += unasked
    if purpose == NEWSLETTER:  # warnings come through a pause
        rules += newsletters
    return Case(*(When(rule, then=Value(reason)) for rule, reason in rules), default=Value(""), output_field=CharField())


def within(hours: Mapping[int, int], now: datetime) -> Case:
    """Say for rows of Address whether the window is open; `hours` are those of each channel, 0 for a channel without one."""
    lengths = sorted({length for length in hours.values() if length})
    wrote = [(length, [channel for channel, own in hours.items() if own == length]) for length in lengths]
    cases = [When(Q(channel__in=ids, last_inbound_at__gt=now - timedelta(hours=length)), then=True) for length, ids in wrote]
    shut = [When(channel__in=ids, then=False) for _, ids in wrote]
    return Case(*cases, *shut, default=Value(True), output_field=BooleanField())


def window(address: Address, at: datetime | None = None, *, by_person: bool = False) -> Window:
    """Say whether the provider lets us write freely, and until when: counted from the provider's time of their last message.

    What a person of ours types may go out for longer where the provider grants that (`by_person`).
    """
    hours = channels.limits_of(address.channel.kind).window_hours
    if hours and by_person:
        hours = max(hours, channels.human_hours(address.channel))
    if not hours:
        return Window(True)
    if address.last_inbound_at is None:
        return Window(False)
    until = address.last_inbound_at + timedelta(hours=hours)
    return Window((at or timezone.now()) < until, until)


def earliest(organisation: Organisation, purpose: str, not_before: datetime | None) -> datetime | None:
    """Move a newsletter out of the organisation's quiet hours; everything else goes when it was asked for."""
    if purpose != NEWSLETTER:
        return not_before
    now = database.clock()
    end = quiet_until(organisation, max(not_before or now, now))
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
