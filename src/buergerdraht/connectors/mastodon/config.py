"""What the console asks for to set up a Mastodon account."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class MastodonConfig(BaseModel):
    """One account on one server."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    host: str = Field(
        title="Server",
        description="Die Adresse Ihres Mastodon-Servers.",
        json_schema_extra={"group": "account", "kind": "url", "placeholder": "https://social.musterstadt.example"},
    )
    access_token: SecretStr = Field(
        title="Zugriffstoken",
        description="In Mastodon unter Einstellungen, Entwicklung, Ihre Anwendung. Rechte: read, write:statuses, write:media.",
        json_schema_extra={"group": "secrets"},
    )
    account: str = Field(
        "",
        title="Name des Kontos",
        description="Ohne @ und ohne Server. Bleibt das Feld leer, trägt die Prüfung ihn ein.",
        pattern=r"^@?[A-Za-z0-9_.-]{0,64}$",
        json_schema_extra={"group": "account", "placeholder": "musterstadt"},
    )
    characters: str = Field(
        "",
        title="Zeichen je Beitrag",
        description="So viele erlaubt Ihr Server. Bleibt das Feld leer, trägt die Prüfung sie ein.",
        pattern=r"^\d{0,6}$",
        json_schema_extra={"group": "account", "placeholder": "500"},
    )

    @field_validator("account")
    @classmethod
    def _bare(cls, value: str) -> str:
        return value.removeprefix("@")

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"https", "http"} or not urlsplit(value).hostname:
            raise ValueError("Das ist keine Webadresse. Sie beginnt mit https://")
        return value.rstrip("/")

    @field_validator("access_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        word = value.get_secret_value().strip()
        if not word or not word.isascii() or not word.isprintable() or " " in word:
            raise ValueError("Das ist kein Zugriffstoken.")
        return SecretStr(word)
