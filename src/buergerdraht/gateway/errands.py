"""Courtesies to the messenger that the engine does for us: nothing is lost when one fails."""

from __future__ import annotations

import json

from buergerdraht.accounts import vault
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Channel


def acknowledge(channel: Channel, callback: str) -> None:
    """Let the engine answer a press, so that the button stops spinning."""
    live.notify("errand", json.dumps({"channel": channel.id, "verb": "acknowledge", "callback": callback}))


def mark_read(channel: Channel, external_id: str, address: str, *, typing: bool = False) -> None:
    """Let the engine set the read mark, and show that somebody types."""
    sealed = vault.encrypt(address).hex()
    values = {"channel": channel.id, "verb": "read", "external_id": external_id, "address": sealed, "typing": typing}
    live.notify("errand", json.dumps(values))
