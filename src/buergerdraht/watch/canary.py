"""The canary: a message to each channel's duty phone every few minutes. Accepted, and delivered where the provider reports it, in time."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from buergerdraht.connectors.contract import Content
from buergerdraht.contacts import outreach
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Outbound, Part, StoredContent
from buergerdraht.watch.models import Probe, ProbeRun

log = logging.getLogger("buergerdraht.watch")
State = Probe.State
TEXT = "Prüfnachricht: Dieser Kanal sendet. Sie müssen nichts tun."
KEPT = timedelta(days=2)  # the reconciliation of the day before still counts their letters
ARRIVED = ("delivered", "read")


def round_of_all(now: datetime) -> None:
    """See what came back, and send where it is time. One that fails keeps no other from singing."""
    due = Probe.objects.filter(active=True, channel__state=Channel.State.RUNNING)
    for number in due.order_by("id").values_list("pk", flat=True):
        try:
            _round(number, now)
        except Exception as problem:
            log.error("canary.broken probe=%s problem=%s", number, type(problem).__name__)


@transaction.atomic
def _round(number: int, now: datetime) -> None:
    found = Probe.objects.select_for_update(of=("self",), skip_locked=True).select_related("channel", "address").filter(pk=number).first()
    if found is None:  # another worker is at it
        return
    for run in found.runs.filter(state=State.WAITING).order_by("sent_at"):
        _settle(found, run, now)
    waiting = found.runs.filter(state=State.WAITING).exists()
    if not waiting and (found.sent_at is None or now - found.sent_at >= timedelta(minutes=found.minutes)):
        _send(found, now)


def _send(probe: Probe, now: datetime) -> None:
    probe.sent_at = now
    try:
        letter = outreach.probe(probe.address, Content(text=TEXT), expires_at=now + timedelta(minutes=probe.minutes))
    except outreach.Refused as refusal:
        _note(probe, State.CLOSED if refusal.reason == "window_closed" else State.REFUSED, refusal.reason)
        return
    ProbeRun.objects.create(probe=probe, outbound=letter.pk, sent_at=now)
    if probe.state == State.NEW:
        probe.state = State.WAITING
    probe.save(update_fields=["sent_at", "state"])


def _settle(probe: Probe, run: ProbeRun, now: datetime) -> None:
    """Decide a run: good, lost, or still on its way."""
    letter = Outbound.objects.filter(pk=run.outbound).first()
    patience = timedelta(seconds=probe.within)
    back = _back(probe, letter)
    if back is not None and letter is not None:
        took = max(back - letter.created_at, timedelta())
        state, reason = (State.GOOD if took <= patience else State.LOST), ""
        run.milliseconds = int(took.total_seconds() * 1000)
    elif letter is None or letter.state in {Outbound.State.FAILED, Outbound.State.UNCLEAR, Outbound.State.CANCELLED}:
        reason = letter.reason if letter else ""
        state = State.CLOSED if reason == "window_closed" else State.LOST
    elif now - run.sent_at > patience:
        state, reason = State.LOST, ""
    else:
        return
    run.state, run.reason = state, reason
    run.save(update_fields=["state", "reason", "milliseconds"])
    if state == State.GOOD:
        probe.good_at, probe.milliseconds = now, run.milliseconds
    _note(probe, state, reason)


def _back(probe: Probe, letter: Outbound | None) -> datetime | None:
    """When it came back: delivered where the provider tells, accepted elsewhere."""
    if letter is None or letter.state != Outbound.State.ACCEPTED:
        return None
    if not channels.limits(probe.channel).delivered:
        return letter.accepted_at
    if letter.receipt not in ARRIVED or letter.delivered_at is None or letter.accepted_at is None:
        return None
    return max(letter.delivered_at, letter.accepted_at)  # a provider tells the time in full seconds


def _note(probe: Probe, state: str, reason: str) -> None:
    if state != probe.state:
        log.info("canary.%s probe=%s channel=%s reason=%s", state, probe.pk, probe.channel_id, reason)
    probe.state, probe.reason = state, reason
    probe.save(update_fields=["state", "reason", "sent_at", "good_at", "milliseconds"])


def forget(now: datetime) -> int:
    """Delete old canaries with their letters; nobody wrote them, nobody keeps them."""
    old = list(ProbeRun.objects.filter(sent_at__lt=now - KEPT).exclude(state=State.WAITING).values_list("outbound", flat=True)[:5_000])
    with transaction.atomic():
        contents = list(Outbound.objects.filter(pk__in=old).values_list("content_id", flat=True))
        Part.objects.filter(outbound_id__in=old).delete()
        Outbound.objects.filter(pk__in=old).delete()
        StoredContent.objects.filter(pk__in=contents).delete()
        return ProbeRun.objects.filter(outbound__in=old).delete()[0]
