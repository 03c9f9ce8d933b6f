"""What the console asks for to set up web push. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from buergerdraht.connectors.webpush import letters


def _new_key() -> SecretStr:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return SecretStr(letters.write(number.to_bytes(32, "big")))


class WebPushConfig(BaseModel):
    """One sender of push messages: the key pair browsers know us by."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    contact: str = Field(
        title="Ansprechstelle",
        description="E-Mail-Adresse oder Webseite, unter der die Push-Dienste der Browser Sie bei Störungen erreichen. Apple verlangt sie.",
        json_schema_extra={"group": "account", "placeholder": "it@musterstadt.example"},
    )
    private_key: SecretStr = Field(
        default_factory=_new_key,
        title="Schlüssel der Push-Nachrichten",
        description="Wird von uns erzeugt. Ein neuer Schlüssel beendet alle Anmeldungen: Jedes Gerät muss sich dann neu anmelden.",
        json_schema_extra={"generated": True},
    )
    test_host: str = Field(
        "",
        title="Server für Proben",
        description="Nur für Proben auf diesem Rechner: ein Push-Dienst unter 127.0.0.1. Im Betrieb leer lassen.",
        json_schema_extra={"group": "partner", "kind": "url"},
    )

    @field_validator("contact")
    @classmethod
    def _named(cls, value: str) -> str:
        if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            value = f"mailto:{value}"
        parts = urlsplit(value)
        mail = parts.scheme == "mailto" and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", parts.path)
        if not mail and not (parts.scheme == "https" and parts.hostname):
            raise ValueError("Das ist weder eine E-Mail-Adresse noch eine Webadresse mit https://")
        return value

    @field_validator("private_key")
    @classmethod
    def _usable(cls, value: SecretStr) -> SecretStr:
        try:
            ec.derive_private_key(int.from_bytes(letters.read(value.get_secret_value(), 32), "big"), ec.SECP256R1())
        except ValueError:
            raise ValueError("Das ist kein Schlüssel für Push-Nachrichten.") from None
        return value

    @field_validator("test_host")
    @classmethod
    def _near(cls, value: str) -> str:
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not is_loopback(parts.hostname or ""):
            raise ValueError("Hier ist nur dieser Rechner selbst erlaubt, zum Beispiel http://127.0.0.1:8800")
        return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
