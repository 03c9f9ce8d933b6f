"""What the console asks for to set up Messenger. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

from pydantic import Field

from buergerdraht.connectors.graph_config import MessagesConfig


class MessengerConfig(MessagesConfig):
    """One Page."""

    username: str = Field(
        "",
        title="Name der Seite in Links",
        description="Der Teil nach m.me/, zum Beispiel musterstadt. Bleibt das Feld leer, trägt die Prüfung ihn ein.",
        pattern=r"^@?[A-Za-z0-9._\-]{0,100}$",
        json_schema_extra={"group": "account", "placeholder": "musterstadt"},
    )
