"""Which connectors there are. A new provider is one line here; its code is loaded when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from buergerdraht.connectors.contract import Connector

CONNECTORS: dict[str, str] = {
    "email": "buergerdraht.connectors.email.connector.Email",
    "facebook_page": "buergerdraht.connectors.facebook_page.connector.FacebookPage",
    "instagram": "buergerdraht.connectors.instagram.connector.Instagram",
    "mastodon": "buergerdraht.connectors.mastodon.connector.Mastodon",
    "matrix": "buergerdraht.connectors.matrix.connector.Matrix",
    "messenger": "buergerdraht.connectors.messenger.connector.Messenger",
    "signal": "buergerdraht.connectors.signal.connector.Signal",
    "sms": "buergerdraht.connectors.sms.connector.Sms",
    "telegram": "buergerdraht.connectors.telegram.connector.Telegram",
    "telegram_channel": "buergerdraht.connectors.telegram_channel.connector.TelegramChannel",
    "threads": "buergerdraht.connectors.threads.connector.Threads",
    "threema": "buergerdraht.connectors.threema.connector.Threema",
    "webchat": "buergerdraht.connectors.webchat.connector.WebChat",
    "webpush": "buergerdraht.connectors.webpush.connector.WebPush",
    "whatsapp": "buergerdraht.connectors.whatsapp.connector.WhatsApp",
    "whatsapp_app": "buergerdraht.connectors.by_hand.connector.WhatsAppApp",
    "whatsapp_channel": "buergerdraht.connectors.by_hand.connector.WhatsAppChannel",
    "whatsapp_status": "buergerdraht.connectors.by_hand.connector.WhatsAppStatus",
}


@cache
def connector_class(kind: str) -> type[Connector]:
    """Find a connector's class; raise KeyError for a kind we do not have."""
    module, _, name = CONNECTORS[kind].rpartition(".")
    return cast("type[Connector]", getattr(import_module(module), name))


def kinds() -> list[type[Connector]]:
    """All connectors, by the name people know them by."""
    return sorted((connector_class(kind) for kind in CONNECTORS), key=lambda found: found.title.lower())
