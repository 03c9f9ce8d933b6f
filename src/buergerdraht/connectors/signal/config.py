"""What the console asks for to set up a Signal number. See whatsapp/config.py for `group`.

`once`: consumed by the next start and emptied then. A riddle's answer and a trusted key hold once.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

CAPTCHA_PAGE = "https://signalcaptchas.org/challenge/generate.html"


class SignalConfig(BaseModel):
    """One number, registered or linked in a signal-cli that we can reach."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    number: str = Field(
        title="Rufnummer",
        description="Mit Ländervorwahl, so wie signal-cli sie führt.",
        json_schema_extra={"group": "account", "placeholder": "+49 30 23125 100"},
    )
    host: str = Field(
        title="Adresse von signal-cli",
        description="Wo der Dienst läuft, den Sie dafür betreiben. Er gehört in Ihr Haus und nicht ins offene Netz.",
        json_schema_extra={"group": "account", "kind": "url", "placeholder": "http://127.0.0.1:8080"},
    )
    rest_api: bool = Field(
        False,
        title="Es ist signal-cli-rest-api",
        description="Aus: signal-cli läuft selbst als Dienst (daemon --http). An: davor steht signal-cli-rest-api im Modus json-rpc.",
        json_schema_extra={"group": "account"},
    )
    access: SecretStr = Field(
        SecretStr(""),
        title="Zugang zum Dienst",
        description="Nur wenn ein Proxy davor einen Zugang verlangt: „name:kennwort“ oder ein Token.",
        json_schema_extra={"group": "secrets"},
    )
    challenge: str = Field(
        "",
        title="Kennung der Sperre",
        description="Steht in der Meldung, mit der der Kanal angehalten wurde.",
        max_length=200,
        json_schema_extra={"group": "rescue", "once": True},
    )
    captcha: str = Field(
        "",
        title="Lösung des Rätsels",
        description=f"Lösen Sie das Rätsel auf {CAPTCHA_PAGE} und übernehmen Sie den Link „Signal öffnen“. Er beginnt mit signalcaptcha://",
        max_length=8000,
        json_schema_extra={"group": "rescue", "once": True, "longest": 8000},
    )
    trust: str = Field(
        "",
        title="Neuem Schlüssel vertrauen",
        description="Rufnummer oder Kennung der Person, deren Schlüssel sich geändert hat. Fragen Sie sie vorher auf anderem Weg.",
        json_schema_extra={"group": "rescue", "once": True},
    )

    @field_validator("number")
    @classmethod
    def _number(cls, value: str) -> str:
        bare = re.sub(r"[\s()/.-]", "", value)
        if not re.fullmatch(r"\+[1-9]\d{6,14}", bare):
            raise ValueError("Das ist keine Rufnummer mit Ländervorwahl. Sie sieht aus wie +49 30 23125 100.")
        return bare

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("Das ist keine Webadresse. Sie beginnt mit http:// oder https://")
        return value.rstrip("/")

    @field_validator("captcha")
    @classmethod
    def _captcha(cls, value: str) -> str:
        if value and not re.fullmatch(r"signalcaptcha://[!-~]+", value):
            raise ValueError("Das ist keine Lösung. Sie beginnt mit signalcaptcha://")
        return value

    @field_validator("trust")
    @classmethod
    def _person(cls, value: str) -> str:
        bare = value.lower() if "-" in value and not value.startswith("+") else re.sub(r"[\s()/.-]", "", value)
        if bare and not re.fullmatch(r"\+[1-9]\d{6,14}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bare):
            raise ValueError("Das ist weder eine Rufnummer mit Ländervorwahl noch eine Kennung von Signal.")
        return bare
