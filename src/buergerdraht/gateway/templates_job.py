"""Fetch a channel's templates from its provider."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from buergerdraht.connectors.contract import to_json
from buergerdraht.gateway import channels, live
from buergerdraht.gateway.models import Channel, MessageTemplate

STOPPED = {"PAUSED", "DISABLED"}


def sync(channel: Channel) -> int:
    """Bring our copy in line with the provider's; returns how many there are. Raises SendError."""
    if not channels.limits_of(channel.kind).templates:
        return 0
    found = channels.ask(channel, lambda connector: connector.templates())
    now = timezone.now()
    with transaction.atomic():
        for template in found:
            MessageTemplate.objects.update_or_create(
                channel=channel,
                name=template.name,
                language=template.language,
                defaults={
                    "category": template.category,
                    "status": template.status,
                    "paused": template.status.upper() in STOPPED,
                    "template": to_json(template),
                    "synced_at": now,
                },
            )
        MessageTemplate.objects.filter(channel=channel, synced_at__lt=now).delete()
        live.tell(channel.organisation_id, "channel", channel=channel.id)
    return len(found)
