"""What the console asks for to set up a Telegram bot. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from buergerdraht.connectors.botapi import bot_token


class TelegramConfig(BaseModel):
    """One bot."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    username: str = Field(
        "",
        title="Name des Bots",
        description="Ohne @, zum Beispiel musterstadt_bot. Bleibt das Feld leer, trägt die Prüfung ihn ein.",
        pattern=r"^@?[A-Za-z0-9_]{0,64}$",
        json_schema_extra={"group": "account", "placeholder": "musterstadt_bot"},
    )
    bot_token: SecretStr = Field(
        title="Token",
        description="@BotFather nennt es, wenn Sie mit /newbot einen Bot anlegen (später mit /token): Zahlen, ein Doppelpunkt, Buchstaben.",
        json_schema_extra={"group": "secrets"},
    )
    secret_token: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        title="Kennwort der Meldungen",
        description="Wird von uns erzeugt und Telegram beim Start des Kanals mitgeteilt.",
        json_schema_extra={"generated": True},
    )
    host: str = Field(
        "https://api.telegram.org",
        title="Server",
        description="Nur ändern, wenn Sie einen eigenen Bot-API-Server betreiben.",
        json_schema_extra={"group": "partner", "kind": "url"},
    )

    @field_validator("username")
    @classmethod
    def _bare(cls, value: str) -> str:
        return value.removeprefix("@")

    @field_validator("bot_token")
    @classmethod
    def _shaped(cls, value: SecretStr) -> SecretStr:
        return bot_token(value)

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"https", "http"} or not urlsplit(value).hostname:
            raise ValueError("Das ist keine Webadresse. Sie beginnt mit https://")
        return value.rstrip("/")
