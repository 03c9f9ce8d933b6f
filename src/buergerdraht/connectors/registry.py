"""Which connectors there are. A new provider is one line here; its code is loaded when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from buergerdraht.connectors.contract import Connector

CONNECTORS: dict[str, str] = {
    "telegram": "buergerdraht.connectors.telegram.connector.Telegram",
    "whatsapp": "buergerdraht.connectors.whatsapp.connector.WhatsApp",
}


@cache
def connector_class(kind: str) -> type[Connector]:
    """Find a connector's class; raise KeyError for a kind we do not have."""
    module, _, name = CONNECTORS[kind].rpartition(".")
    return cast("type[Connector]", getattr(import_module(module), name))


def kinds() -> list[type[Connector]]:
    """All connectors, by the name people know them by."""
    return sorted((connector_class(kind) for kind in CONNECTORS), key=lambda found: found.title.lower())
