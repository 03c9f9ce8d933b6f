"""What the console asks for to post on Threads. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from buergerdraht.connectors.graph_config import DIGITS, GraphConfig


class ThreadsConfig(GraphConfig):
    """One Threads profile."""

    proven: ClassVar[bool] = False

    user_id: str = Field(
        title="ID des Threads-Kontos",
        description="Die lange Zahl, die Meta beim Anmelden der App für Ihr Konto nennt.",
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
    token_until: str = Field(
        "",
        title="Token gilt bis",
        description="Trägt die Prüfung ein. Ein Token lebt sechzig Tage; wir erneuern es von selbst, solange der Kanal läuft.",
        pattern=r"^(\d{4}-\d{2}-\d{2})?$",
        json_schema_extra={"group": "account", "placeholder": "2027-01-31"},
    )
    host: str = Field(
        "https://graph.threads.net",
        title="Server",
        description="Nur ändern, wenn ein eigener Zwischenserver davor steht.",
        json_schema_extra={"group": "partner", "kind": "url"},
    )
    version: str = Field(
        "v1.0",
        title="Version der Schnittstelle",
        pattern=r"^v\d{1,3}\.\d{1,2}$",
        json_schema_extra={"group": "partner", "wrong": "Eine Version sieht aus wie v1.0."},
    )
