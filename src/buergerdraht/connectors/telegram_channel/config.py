"""What the console asks for to set up a Telegram channel."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from buergerdraht.connectors.botapi import bot_token

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,63}")


class TelegramChannelConfig(BaseModel):
    """One public channel, and the bot that posts there."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    channel: str = Field(
        title="Name des Kanals",
        description="Der öffentliche Name, mit oder ohne @. Auch der Link https://t.me/… wird verstanden.",
        json_schema_extra={"group": "account", "placeholder": "musterstadt_aktuell"},
    )
    bot_token: SecretStr = Field(
        title="Token des Bots",
        description="Ein Bot von @BotFather, der in diesem Kanal als Administrator Nachrichten posten darf.",
        json_schema_extra={"group": "secrets"},
    )
    host: str = Field(
        "https://api.telegram.org",
        title="Server",
        description="Nur ändern, wenn Sie einen eigenen Bot-API-Server betreiben.",
        json_schema_extra={"group": "partner", "kind": "url"},
    )

    @field_validator("channel")
    @classmethod
    def _bare(cls, value: str) -> str:
        name = re.sub(r"^(https?://)?(t\.me|telegram\.me)/", "", value).removeprefix("@").rstrip("/")
        if not _NAME.fullmatch(name):
            raise ValueError("Das ist kein öffentlicher Kanalname. Er sieht aus wie musterstadt_aktuell.")
        return name

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
