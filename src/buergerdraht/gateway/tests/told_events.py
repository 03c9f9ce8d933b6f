"""What a provider told, as it lies in the table. Not a test itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from double import body_of

from buergerdraht.connectors.contract import Item, Received, Sender
from buergerdraht.gateway import opening
from buergerdraht.gateway.models import Channel, InboundEvent

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def hello(number: int, sender: str = "anna", at: datetime = NOON, **more: Any) -> Received:
    return Received(external_id=f"m{number}", sender=Sender(address=sender), at=at, text=f"text {number}", **more)


def told(channel: Channel, *events: Any, body: bytes | None = None) -> InboundEvent:
    shard = opening.shard_of([Item(event=event) for event in events if not isinstance(event, dict)]) if body is None else 0
    return InboundEvent.objects.create(channel=channel, shard=shard, body=body_of(*events) if body is None else body)
