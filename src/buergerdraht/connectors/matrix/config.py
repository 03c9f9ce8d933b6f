"""What the console asks for to set up Matrix, and the registration file made of it. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

_LOCAL = re.compile(r"^[a-z0-9._=/+-]{1,120}$")
_SERVER = re.compile(r"^[A-Za-z0-9.\-\[\]:]{1,120}$")


def _word() -> str:
    return secrets.token_urlsafe(32)


class MatrixConfig(BaseModel):
    """One account of an application service. Both words are ours; the homeserver learns them from its registration file."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    host: str = Field(
        title="Adresse des Homeservers",
        description="Unter dieser Webadresse erreichen wir ihn, zum Beispiel https://matrix.musterstadt.example.",
        json_schema_extra={"group": "account", "kind": "url", "placeholder": "https://matrix.musterstadt.example"},
    )
    server: str = Field(
        title="Name des Homeservers",
        description="Das, was in den Namen hinter dem Doppelpunkt steht, zum Beispiel musterstadt.example.",
        json_schema_extra={"group": "account", "placeholder": "musterstadt.example"},
    )
    localpart: str = Field(
        "rathaus",
        title="Name des Kontos",
        description="Ohne @ und ohne Server. Unter @rathaus:musterstadt.example schreiben Ihnen dann die Menschen.",
        json_schema_extra={"group": "account", "placeholder": "rathaus"},
    )
    display: str = Field(
        "",
        title="Anzeigename",
        description="So heißt das Konto bei den Menschen, zum Beispiel Stadt Musterstadt. Wir tragen ihn beim Start des Kanals ein.",
        max_length=100,
        json_schema_extra={"group": "account", "placeholder": "Stadt Musterstadt"},
    )
    as_token: str = Field(
        default_factory=_word,
        title="as_token",
        description="Wird von uns erzeugt. Damit weisen wir uns beim Homeserver aus; er kennt es aus der Registrierungsdatei.",
        json_schema_extra={"generated": True},
    )
    hs_token: str = Field(
        default_factory=_word,
        title="hs_token",
        description="Wird von uns erzeugt. Damit weist sich der Homeserver bei uns aus; er kennt es aus der Registrierungsdatei.",
        json_schema_extra={"generated": True},
    )

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"https", "http"} or not urlsplit(value).hostname:
            raise ValueError("Das ist keine Webadresse. Sie beginnt mit https://")
        return value.rstrip("/")

    @field_validator("server")
    @classmethod
    def _named(cls, value: str) -> str:
        if not _SERVER.match(value):
            raise ValueError("Das ist kein Name eines Homeservers. Er sieht aus wie musterstadt.example, ohne https://")
        return value.lower()

    @field_validator("localpart")
    @classmethod
    def _bare(cls, value: str) -> str:
        value = value.removeprefix("@").partition(":")[0].lower()
        if not _LOCAL.match(value):
            raise ValueError("Erlaubt sind kleine Buchstaben, Ziffern und . _ = - / +")
        return value

    @property
    def account(self) -> str:
        """Our own name: "@rathaus:musterstadt.example"."""
        return f"@{self.localpart}:{self.server}"

    @property
    def service(self) -> str:
        """The name of the application service in its registration."""
        return f"buergerdraht-{self.localpart}"

    def registration(self, webhook_url: str) -> str:
        """Write the file the homeserver reads at its start (YAML). It holds both tokens.

        https://spec.matrix.org/v1.15/application-service-api/#registration
        """
        return (
            f"id: {self.service}\n"
            f'url: "{webhook_url}"\n'
            f'as_token: "{self.as_token}"\n'
            f'hs_token: "{self.hs_token}"\n'
            f'sender_localpart: "{self.localpart}"\n'
            "rate_limited: false\n"
            "receive_ephemeral: true\n"
            "namespaces:\n  users: []\n  aliases: []\n  rooms: []\n"
        )
