"""Give Musterstadt something to see in its delivery pages: the last hour, letters in doubt, an event that failed, past sums and alarms."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound
from buergerdraht.house.demo import history
from buergerdraht.house.demo.sayings import LATELY
from buergerdraht.watch import kinds, reconcile, tally
from buergerdraht.watch.actions import Way, add_receiver
from buergerdraht.watch.models import Alarm

DOUBTS = 3
PACE = timedelta(seconds=11)  # a town's server sends leisurely, so that the hour makes a picture
DAYS = 13


def look_back(organisation: Organisation, settled: history.Settled, workers: dict[str, Operator]) -> None:
    """Fill the delivery pages with what a town's last hour and days would have left there."""
    began = timezone.now() - timedelta(minutes=52)
    broadcast = history.broadcast(organisation, LATELY, settled, workers, began)
    _spread(broadcast)
    _doubt(broadcast)
    for channel in organisation.channels.filter(kind="whatsapp"):
        InboundEvent.objects.create(channel=channel, body=b'{"object": "page"}', state="kept", problem="malformed: object", tries=0)
        _alarm(channel)
    Channel.objects.filter(organisation=organisation).update(last_inbound_at=timezone.now() - timedelta(minutes=4))
    add_receiver(organisation, Way(to=workers["andrea"]), operator=workers["andrea"])
    tally.write(timezone.now(), back=timedelta(hours=1))
    for ago in range(1, DAYS + 1):
        reconcile.run(timezone.localdate() - timedelta(days=ago))


def _spread(broadcast: Broadcast) -> None:
    """Let the letters go one after another instead of all at once."""
    dice = random.Random(broadcast.pk)  # noqa: S311 - invented times, no secrets
    letters = list(Outbound.objects.filter(batch=broadcast.pk).order_by("pk"))
    at = broadcast.started_at or timezone.now()
    for letter in letters:
        at += PACE * dice.uniform(0.3, 1.7)
        letter.finished_at = at
        if letter.state == Outbound.State.ACCEPTED:
            letter.accepted_at = at
            letter.delivered_at = at + timedelta(seconds=3) if letter.delivered_at else None
            letter.read_at = at + timedelta(minutes=2) if letter.read_at else None
    Outbound.objects.bulk_update(letters, ["finished_at", "accepted_at", "delivered_at", "read_at"])
    Broadcast.objects.filter(pk=broadcast.pk).update(finished_at=at)


def _doubt(broadcast: Broadcast) -> None:
    """A connection broke while three letters were on their way."""
    chosen = Outbound.objects.filter(batch=broadcast.pk, state=Outbound.State.ACCEPTED, channel__kind="telegram")
    for letter in chosen.order_by("pk")[:DOUBTS]:
        letter.parts.all().delete()
        letter.state, letter.receipt, letter.reason, letter.details = Outbound.State.UNCLEAR, "", "unclear", "ServerDisconnectedError"
        letter.claimed_at, letter.accepted_at, letter.parts_done = letter.finished_at, None, 0
        letter.save()


def _alarm(channel: Channel) -> None:
    """A fault of the day before yesterday that is over."""
    since = timezone.now() - timedelta(days=2, hours=3)
    kind = Alarm.Kind.QUEUE_OLD
    Alarm.objects.create(
        organisation=channel.organisation, channel=channel, kind=kind, level=kinds.KINDS[kind].level, values={"minutes": 7},
        since=since, seen_at=since + timedelta(minutes=9), raised_at=since, told_at=since + timedelta(seconds=4),
        ended_at=since + timedelta(minutes=10),
    )  # fmt: skip
