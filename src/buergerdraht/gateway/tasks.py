"""What the gateway does by the clock: let old records go, expire letters, keep templates in step."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.connectors import learned
from buergerdraht.connectors.contract import SendError
from buergerdraht.gateway import doorstep, learning, templates_job
from buergerdraht.gateway.models import Channel, EarlyReceipt, InboundEvent, MediaUpload, Outbound, Seen, Traffic

log = logging.getLogger("buergerdraht.gateway")
TRAFFIC_DAYS = 7
EVENT_DAYS = 3  # handled ones; kept ones stay longer, for a replay
KEPT_DAYS = 30
SEEN_DAYS = 14  # longer than any provider repeats itself
EARLY_DAYS = 2
LEARNED_DAYS = 400  # since somebody last wrote or was written to
PIECE = 5_000


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="gateway.forget")
def forget_old_records(timestamp: int) -> None:
    """Delete what has served: traffic, handled events, what was seen."""
    now = timezone.now()
    _delete(Traffic.objects.filter(at__lt=now - timedelta(days=TRAFFIC_DAYS)))
    _delete(InboundEvent.objects.filter(state="done", done_at__lt=now - timedelta(days=EVENT_DAYS)))
    _delete(InboundEvent.objects.filter(state="kept", received_at__lt=now - timedelta(days=KEPT_DAYS)))
    _delete(Seen.objects.filter(at__lt=now - timedelta(days=SEEN_DAYS)))
    _delete(EarlyReceipt.objects.filter(at__lt=now - timedelta(days=EARLY_DAYS)))
    _delete(MediaUpload.objects.filter(expires_at__lt=now))
    doorstep.sweep()


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="gateway.expire")
def expire_letters(timestamp: int) -> None:
    """End letters that became too old while their channel stood still or their batch was held."""
    now = timezone.now()
    Outbound.objects.filter(state="queued", expires_at__lt=now).update(state="failed", reason="expired", finished_at=now)


@app.periodic(cron="42 3 * * *")
@app.task(queueing_lock="gateway.templates")
def sync_all_templates(timestamp: int) -> None:
    """Fetch every channel's templates once a day."""
    for channel in Channel.objects.filter(state="running"):
        try:
            templates_job.sync(channel)
        except SendError as problem:
            log.warning("templates.failed channel=%s reason=%s", channel.id, problem.reason)


@app.periodic(cron="12 3 * * *")
@app.task(queueing_lock="gateway.unlearn")
def unlearn(timestamp: int) -> None:
    """Let go of what connectors learned of people nobody heard of for long."""
    learned.tidy(LEARNED_DAYS)


@app.task(name="gateway.leave")
def leave(channel_id: int, sealed: list[str], tries: int) -> None:
    """End what our account keeps at a provider with people who are erased."""
    learning.leave(channel_id, sealed, tries)


@app.task(retry=3)
def sync_templates(channel_id: int) -> None:
    """Fetch one channel's templates, because the provider told of a change."""
    templates_job.sync(Channel.objects.get(id=channel_id))


def _delete(rows: object) -> None:
    """Delete piece by piece, so that nobody waits long."""
    while True:
        with transaction.atomic():
            ids = list(rows.values_list("pk", flat=True)[:PIECE])  # type: ignore[attr-defined]
            if not ids:
                return
            rows.model.objects.filter(pk__in=ids).delete()  # type: ignore[attr-defined]
