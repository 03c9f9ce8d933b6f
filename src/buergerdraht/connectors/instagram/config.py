"""What the console asks for to set up Instagram. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

from pydantic import Field

from buergerdraht.connectors.graph_config import DIGITS, MessagesConfig


class InstagramConfig(MessagesConfig):
    """One professional account, tied to a Page."""

    instagram_id: str = Field(
        title="ID des Instagram-Kontos",
        description="Im Meta-Business-Manager unter „Konten › Instagram-Konten“: die lange Zahl.",
        pattern=r"^\d{5,32}$",
        json_schema_extra={"group": "account", "wrong": DIGITS},
    )
    username: str = Field(
        "",
        title="Name des Kontos",
        description="Ohne @, zum Beispiel stadt.musterstadt. Bleibt das Feld leer, trägt die Prüfung ihn ein.",
        pattern=r"^@?[A-Za-z0-9._]{0,30}$",
        json_schema_extra={"group": "account", "placeholder": "stadt.musterstadt"},
    )
