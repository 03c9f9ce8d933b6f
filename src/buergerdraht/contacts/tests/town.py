"""What the tests of citizens say and hear."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from buergerdraht.connectors.contract import Received, Sender
from buergerdraht.contacts import actions
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.gateway.models import Channel, Outbound

Say = Callable[..., bool]
numbers = itertools.count(1)


def message(channel: Channel, text: str = "", *, sender: Sender | None = None, **fields: Any) -> Incoming:
    """Let a citizen write, as the ingest would bring it."""
    event = Received(
        external_id=f"m{next(numbers)}", sender=sender or Sender(address="4711", name="Aylin Öztürk", handle="@aylin"),
        at=fields.pop("at", timezone.now()), text=text, kind="choice" if fields.get("choice") else fields.pop("kind", "text"), **fields,
    )  # fmt: skip
    address = actions.meet(channel, event.sender, event.at)
    return Incoming(channel=channel, event=event, contact=address.contact, address=address)


def heard(channel: Channel) -> list[str]:
    """What was queued, oldest first."""
    return [row.content.content["text"] for row in Outbound.objects.filter(channel=channel).select_related("content").order_by("id")]


def last(channel: Channel) -> str:
    return heard(channel)[-1]


def titles(channel: Channel) -> list[str]:
    row = Outbound.objects.filter(channel=channel).select_related("content").latest("id")
    return [choice["title"] for choice in row.content.content.get("choices", [])]
