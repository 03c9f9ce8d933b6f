"""What the console asks for to speak for a Page, an Instagram account or a Threads account: Messenger and its kin add their own."""

from __future__ import annotations

import secrets
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

DIGITS = "Die ID besteht nur aus Ziffern, ohne Leerzeichen."


class GraphConfig(BaseModel):
    """An account at Meta, its token, and the words that webhooks are known by."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")
    proven: ClassVar[bool] = True  # calls carry `appsecret_proof`

    access_token: SecretStr = Field(
        title="Zugriffstoken",
        description="Das dauerhafte Token, das Ihr Systemnutzer im Meta-Business-Manager für dieses Konto erzeugt hat.",
        min_length=8,
        json_schema_extra={"group": "secrets"},
    )
    app_secret: SecretStr = Field(
        title="App-Geheimcode",
        description="Im Meta-App-Dashboard unter „App-Einstellungen › Allgemeines“ (App Secret). "
        "Damit prüfen wir, dass Meldungen wirklich von Meta kommen.",
        min_length=4,
        json_schema_extra={"group": "secrets"},
    )
    verify_token: str = Field(
        default_factory=lambda: secrets.token_urlsafe(24),
        title="Prüfwort",
        description="Tragen Sie dieses Wort beim Webhook unter „Verify Token“ ein.",
        json_schema_extra={"generated": True},
    )
    app_id: str = Field(
        "",
        title="App-ID",
        description="Bleibt das Feld leer, trägt die Prüfung sie ein. An ihr erkennen wir, was wir selbst gesendet haben.",
        pattern=r"^\d{0,32}$",
        json_schema_extra={"group": "account", "wrong": DIGITS},
    )
    host: str = Field(
        "https://graph.facebook.com",
        title="Server",
        description="Nur ändern, wenn ein eigener Zwischenserver davor steht.",
        json_schema_extra={"group": "partner", "kind": "url"},
    )
    version: str = Field(
        "v25.0",
        title="Version der Schnittstelle",
        description="Meta hält eine Version etwa zwei Jahre.",
        pattern=r"^v\d{1,3}\.\d{1,2}$",
        json_schema_extra={"group": "partner", "wrong": "Eine Version sieht aus wie v25.0."},
    )

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"https", "http"} or not urlsplit(value).hostname:
            raise ValueError("Das ist keine Webadresse. Sie beginnt mit https://")
        return value.rstrip("/")


class PageConfig(GraphConfig):
    """A Facebook Page, which also carries the Instagram account tied to it."""

    page_id: str = Field(
        title="Seiten-ID",
        description="Auf der Facebook-Seite unter „Info › Seitentransparenz“: die lange Zahl.",
        pattern=r"^\d{5,32}$",
        json_schema_extra={"group": "account", "wrong": DIGITS},
    )


class MessagesConfig(PageConfig):
    """A Page, or the account tied to it, that people write to."""

    human_agent: bool = Field(
        False,
        title="Meta hat uns „Human Agent“ freigegeben",
        description="Dann dürfen Antworten, die ein Mensch schreibt, bis zu sieben Tage nach der letzten Nachricht hinausgehen.",
        json_schema_extra={"group": "account"},
    )
    names: bool = Field(
        False,
        title="Namen der Schreibenden bei Meta erfragen",
        description="Sonst steht in der Unterhaltung kein Name. Gefragt wird nur nach ihm, einmal je Person. "
        "Meta muss Ihrer App den Zugriff auf Profile freigegeben haben.",
        json_schema_extra={"group": "account"},
    )
