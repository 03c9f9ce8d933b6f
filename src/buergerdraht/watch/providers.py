"""Ask the providers how our accounts are: a webhook they cannot reach is seen from their side before we miss anything."""

from __future__ import annotations

import logging
from datetime import datetime

from buergerdraht.connectors.contract import Health, SendError
from buergerdraht.gateway import actions
from buergerdraht.gateway.models import Channel
from buergerdraht.watch import alarms
from buergerdraht.watch.causes import Cause
from buergerdraht.watch.models import Alarm

log = logging.getLogger("buergerdraht.watch")
KIND = Alarm.Kind.PROVIDER_COMPLAINS
WAY_IN = {"no_webhook", "webhook_error", "pending", "not_subscribed"}  # codes of `check`, whoever the provider
WHO = {"key_changed", "identity_changed"}  # somebody is perhaps not who they were: a person must look


def ask_all(now: datetime) -> None:
    """Ask about every running channel; one that cannot be asked keeps its alarm as it is."""
    found: list[Cause] = []
    unknown: set[int] = set()
    for channel in Channel.objects.filter(state=Channel.State.RUNNING).select_related("organisation").order_by("id"):
        try:
            health = actions.check(channel)
        except Exception as problem:  # one that is away, or a set-up that no longer fits: the others are asked all the same
            reason = problem.reason if isinstance(problem, SendError) else type(problem).__name__
            log.info("provider.unasked channel=%s reason=%s", channel.pk, reason)
            unknown.add(channel.pk)
            continue
        if complaints := complained(health):
            values = {"findings": len(complaints), "codes": complaints}
            found.append(Cause(KIND, channel.organisation_id, channel.pk, values))
    held = Alarm.objects.filter(kind=KIND, ended_at=None, channel__in=unknown)
    found += [Cause(KIND, alarm.organisation_id, alarm.channel_id, alarm.values) for alarm in held]
    alarms.settle(found, {KIND}, now)


def complained(health: Health) -> list[str]:
    """The codes of what stands in the way of messages, or says that somebody is perhaps not who they were; other warnings wait."""
    return [note.code for note in health.findings if note.level == "error" or note.code in WAY_IN | WHO]
