"""What the console asks for to set up a Gateway ID. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from nacl.public import PrivateKey
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_KEY = re.compile(r"[0-9a-f]{64}")


def _fresh() -> SecretStr:
    return SecretStr(bytes(PrivateKey.generate()).hex())


class ThreemaConfig(BaseModel):
    """One Gateway ID."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    identity: str = Field(
        title="Threema-ID",
        description="Die Gateway-ID: acht Zeichen, das erste ein Stern. Bei einer neuen ID wählen Sie den Namen selbst.",
        pattern=r"^\*[0-9A-Z]{7}$",
        json_schema_extra={
            "group": "account",
            "placeholder": "*MUSTER1",
            "wrong": "Eine Gateway-ID beginnt mit einem Stern, dann folgen sieben Großbuchstaben oder Ziffern.",
        },
    )
    end_to_end: bool = Field(
        True,
        title="Ende-zu-Ende-Modus",
        description="Nur so kann der Kanal empfangen, Dateien senden und Berichte bekommen. Sonst geht nur Text hinaus.",
        json_schema_extra={"group": "account"},
    )
    secret: SecretStr = Field(
        title="API Authentication Secret",
        description="Steht auf gateway.threema.ch bei Ihrer ID. Damit melden wir uns an und erkennen echte Meldungen von Threema.",
        min_length=8,
        json_schema_extra={"group": "secrets"},
    )
    private_key: SecretStr = Field(
        default_factory=_fresh,
        title="Privater Schlüssel",
        description="64 Zeichen (0–9, a–f). Leer lassen, dann erzeugen wir ein Schlüsselpaar und zeigen den öffentlichen Teil.",
        json_schema_extra={"group": "secrets"},
    )
    public_key: str = Field(
        "",
        title="Öffentlicher Schlüssel",
        description="Geben Sie ihn bei Threema an, wenn Sie die ID beantragen. Er gehört zum privaten und ändert sich nur mit ihm.",
        json_schema_extra={"generated": True},
    )
    accepted: str = Field(
        "",
        title="Geprüfte Schlüsselwechsel",
        description="Was die Prüfung des Kanals nennt, sobald Sie den Fingerabdruck mit der Person verglichen haben: ID:Fingerabdruck.",
        pattern=r"^([0-9A-Za-z*]{8}:[0-9A-Fa-f]{32}[ ,]*)*$",
        json_schema_extra={
            "group": "partner",
            "placeholder": "ABCD1234:0123456789abcdef0123456789abcdef",
            "wrong": "Übernehmen Sie ID und Fingerabdruck so, wie die Prüfung sie nennt, mit einem Doppelpunkt dazwischen.",
        },
    )
    host: str = Field(
        "https://msgapi.threema.ch",
        title="Server",
        description="Nur ändern, wenn Sie Threema OnPrem betreiben.",
        json_schema_extra={"group": "partner", "kind": "url"},
    )

    @field_validator("identity", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("private_key")
    @classmethod
    def _shaped(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value().strip().removeprefix("private:").lower()
        if not _KEY.fullmatch(key):
            raise ValueError("Das ist kein privater Schlüssel. Er hat 64 Zeichen aus 0–9 und a–f.")
        return SecretStr(key)

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"https", "http"} or not urlsplit(value).hostname:
            raise ValueError("Das ist keine Webadresse. Sie beginnt mit https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _paired(self) -> ThreemaConfig:
        self.public_key = bytes(PrivateKey(self.private).public_key).hex()
        return self

    @property
    def private(self) -> bytes:
        return bytes.fromhex(self.private_key.get_secret_value())

    @property
    def checked(self) -> frozenset[str]:
        """The IDs with the fingerprint of the one new key that a person has looked at."""
        return frozenset(re.split(r"[ ,]+", self.accepted.upper().strip(" ,")))
