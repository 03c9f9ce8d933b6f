"""What the console asks for to set up a WhatsApp number.

In `json_schema_extra`: `group` sorts the form into steps, `generated` fields are made by us and shown to be
copied, `needed_with` names the switch that makes a field needed, `wrong` says what is wrong with a value.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class WhatsAppConfig(BaseModel):
    """One number of one WhatsApp Business Account."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    number: str = Field(
        "",
        title="Telefonnummer",
        description="Unter ihr findet man Sie in WhatsApp, mit Landesvorwahl. Bleibt das Feld leer, trägt die Prüfung sie ein.",
        json_schema_extra={"group": "account", "placeholder": "+49 30 23125 100"},
    )
    phone_number_id: str = Field(
        title="Phone Number ID",
        description="Im Meta-Business-Manager unter „WhatsApp › API-Einrichtung“: die lange Zahl unter der Telefonnummer.",
        pattern=r"^\d{5,32}$",
        json_schema_extra={"group": "account", "wrong": "Die ID besteht nur aus Ziffern, ohne Leerzeichen und ohne +."},
    )
    waba_id: str = Field(
        title="WhatsApp Business Account ID",
        description="An derselben Stelle, eine Zeile darunter. Für Vorlagen und die Anmeldung des Webhooks.",
        pattern=r"^\d{5,32}$",
        json_schema_extra={"group": "account", "wrong": "Die ID besteht nur aus Ziffern, ohne Leerzeichen und ohne +."},
    )
    access_token: SecretStr = Field(
        title="Zugriffstoken",
        description="Ein dauerhaftes Token eines Systemnutzers mit den Rechten whatsapp_business_messaging und "
        "whatsapp_business_management, oder der API-Schlüssel Ihres Partners.",
        min_length=8,
        json_schema_extra={"group": "secrets"},
    )
    app_secret: SecretStr = Field(
        SecretStr(""),
        title="App-Geheimcode",
        description="Im Meta-App-Dashboard unter „App-Einstellungen › Allgemeines“ (App Secret). "
        "Damit prüfen wir, dass Meldungen wirklich von Meta kommen.",
        json_schema_extra={"group": "secrets", "needed_with": "signed"},
    )
    verify_token: str = Field(
        default_factory=lambda: secrets.token_urlsafe(24),
        title="Prüfwort",
        description="Tragen Sie dieses Wort beim Webhook unter „Verify Token“ ein.",
        json_schema_extra={"generated": True},
    )
    host: str = Field(
        "https://graph.facebook.com",
        title="Server",
        description="Nur ändern, wenn Sie WhatsApp über einen Partner beziehen: dessen Adresse.",
        json_schema_extra={"group": "partner", "kind": "url"},
    )
    prefix: str = Field(
        "/v25.0",
        title="Pfad oder Version",
        description="Bei Meta die Version der Schnittstelle, bei Partnern der Pfad, der vor jedem Aufruf steht.",
        pattern=r"^(/[\w.\-]+)*$",
        json_schema_extra={"group": "partner", "wrong": "Der Pfad beginnt mit einem Schrägstrich und endet ohne, zum Beispiel /v25.0."},
    )
    auth_header: str = Field(
        "Authorization",
        title="Kopfzeile für die Anmeldung",
        description="„Authorization“ bei Meta (mit „Bearer“), „D360-API-KEY“ bei 360dialog.",
        pattern=r"^[A-Za-z0-9\-]+$",
        json_schema_extra={"group": "partner"},
    )
    number_in_path: bool = Field(
        True,
        title="Die Phone Number ID steht im Pfad",
        description="Bei Meta ja. Manche Partner kennen die Nummer schon am Schlüssel.",
        json_schema_extra={"group": "partner"},
    )
    signed: bool = Field(
        True,
        title="Meldungen tragen die Signatur von Meta",
        description="Bei Meta ja. Reicht Ihr Partner die Signatur nicht weiter, schalten Sie dies aus und vereinbaren ein Kennwort.",
        json_schema_extra={"group": "partner"},
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""),
        title="Kennwort der Meldungen",
        description="Nur ohne Signatur: Ihr Partner sendet diesen Wert in der Kopfzeile „Authorization“ mit.",
        json_schema_extra={"group": "partner"},
    )

    @model_validator(mode="after")
    def _authentic(self) -> WhatsAppConfig:
        if self.signed and not self.app_secret.get_secret_value():
            raise ValueError("app_secret: Ohne den App-Geheimcode können wir nicht prüfen, ob Meldungen von Meta kommen.")
        if not self.signed and len(self.webhook_secret.get_secret_value()) < 16:
            raise ValueError("webhook_secret: Ohne Signatur braucht es ein Kennwort mit mindestens 16 Zeichen.")
        if urlsplit(self.host).scheme not in {"https", "http"} or not urlsplit(self.host).hostname:
            raise ValueError("host: Das ist keine Webadresse. Sie beginnt mit https://")
        return self
