"""What a provider's news does to a channel and its templates."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from buergerdraht.connectors.contract import Changed
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Channel, MessageTemplate


@transaction.atomic
def apply(channel: Channel, event: Changed) -> None:
    """Apply the effect a connector read out of an event; without one it is only shown."""
    match event.effect:
        case "pause_channel":
            _set_state(channel, Channel.State.RUNNING, Channel.State.BROKEN, event)
        case "resume_channel":
            _set_state(channel, Channel.State.BROKEN, Channel.State.RUNNING, event)
        case "pause_template" | "resume_template":
            _templates(channel, event).update(paused=event.effect == "pause_template")
        case "resync_templates":
            _resync(channel)
    if event.what != "address":
        live.tell(channel.organisation_id, "channel", channel=channel.id)


def _set_state(channel: Channel, before: str, after: str, event: Changed) -> None:
    reason = event.values.get("reason", "account_blocked") if after == Channel.State.BROKEN else ""
    details = event.text if reason else ""
    changed = Channel.objects.filter(id=channel.id, state=before).update(state=after, reason=reason[:40], reason_details=details[:500])
    if changed:
        live.notify("channel", "")


def _templates(channel: Channel, event: Changed) -> QuerySet[MessageTemplate]:
    found = MessageTemplate.objects.filter(channel=channel, name=event.values.get("name", ""))
    language = event.values.get("language", "")
    return found.filter(language=language) if language else found


def _resync(channel: Channel) -> None:
    """Let the worker fetch the templates after the event is handled: a provider's call has no place in a transaction."""
    from buergerdraht.gateway.tasks import sync_templates

    transaction.on_commit(lambda: sync_templates.defer(channel_id=channel.id))
