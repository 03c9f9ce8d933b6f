"""What webhooks do by the clock: see channels fall and come back, forget."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.gateway.models import Channel
from buergerdraht.webhooks import actions, events
from buergerdraht.webhooks.models import Event, Hook

CHANNEL = {Channel.State.BROKEN: "channel.broken", Channel.State.RUNNING: "channel.running"}


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="webhooks.channels")
def channels(timestamp: int) -> None:
    look()


@app.periodic(cron="51 3 * * *")
@app.task(queueing_lock="webhooks.forget")
def forget(timestamp: int) -> None:
    actions.old(timezone.now())


def look() -> int:
    """Tell of channels that stand still since the last look, or run again. Returns of how many."""
    wanting = Hook.objects.filter(active=True, events__overlap=list(CHANNEL.values())).values("organisation")
    told = 0
    for channel in Channel.objects.filter(organisation__in=wanting, state__in=CHANNEL).order_by("pk"):
        rows = Event.objects.filter(organisation=channel.organisation_id, what__in=CHANNEL.values(), ids__channel=channel.pk)
        last = rows.order_by("-pk").values_list("what", flat=True).first() or "channel.running"
        now = CHANNEL[Channel.State(channel.state)]
        if now != last:
            events.tell(channel.organisation_id, now, channel=channel.pk)
            told += 1
    return told
