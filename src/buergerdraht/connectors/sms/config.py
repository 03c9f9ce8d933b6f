"""What the console asks for to set up an SMS gateway: how it is called, and how it calls us. See whatsapp/config.py for `group`.

Gateways differ in names, not in kind: an address, a way to sign in, a body with four places, and an answer with an id in it.
Places in an answer are paths with dots: `messages.0.id` is the id of the first of the messages.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from buergerdraht.connectors.sms import presets

PATH = r"^[\w\-]*(\.[\w\-]+)*$"
WRONG_PATH = "Ein Pfad besteht aus Namen mit Punkten dazwischen, zum Beispiel messages.0.id"
BODY = '{"to": "{to}", "from": "{from}", "text": "{text}", "reference": "{id}"}'


def _path(default: str, title: str, description: str = "") -> Any:
    extra: dict[str, Any] = {"group": "partner", "wrong": WRONG_PATH}
    return Field(default, title=title, description=description, pattern=PATH, max_length=120, json_schema_extra=extra)


def _words(default: str, title: str, description: str = "") -> Any:
    return Field(default, title=title, description=description, max_length=400, json_schema_extra={"group": "partner"})


class SmsConfig(BaseModel):
    """One account with a gateway."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    sender: str = Field(
        title="Absender",
        description="Eine Nummer wie +493023125100, dann kann man antworten; oder ein Name bis 11 Zeichen, dann nicht.",
        json_schema_extra={"group": "account", "placeholder": "+49 30 23125 100"},
    )
    gateway: Literal["other", "seven", "sipgate", "link"] = Field(
        "other",
        title="Anbieter",
        description="Für diese Anbieter füllen wir alles Weitere aus. Bei einem anderen übertragen Sie es aus seiner Dokumentation.",
        json_schema_extra={
            "group": "account",
            "words": {"other": "ein anderer", "seven": "seven.io", "sipgate": "sipgate (nur Versand)", "link": "LINK Mobility"},
        },
    )
    url: str = Field(
        "",
        title="Adresse zum Senden",
        description="Steht in der Dokumentation des Anbieters. Leer bei einem der genannten Anbieter.",
        json_schema_extra={"group": "account", "kind": "url", "placeholder": "https://sms.anbieter.example/v1/messages"},
    )
    auth: Literal["bearer", "basic", "header", "none"] = Field(
        "bearer",
        title="Anmeldung",
        description="Bei den genannten Anbietern bleibt es, wie es ist.",
        json_schema_extra={
            "group": "secrets",
            "wrong": "Möglich sind bearer, basic, header und none.",
            "words": {
                "bearer": "Token (Bearer)",
                "basic": "Name und Kennwort (Basic)",
                "header": "Schlüssel in einer eigenen Kopfzeile",
                "none": "keine: der Zugang steht in Vorlage oder Adresse",
            },
        },
    )
    auth_header: str = Field(
        "X-Api-Key", title="Name der eigenen Kopfzeile", pattern=r"^[A-Za-z0-9\-]{1,60}$", json_schema_extra={"group": "secrets"}
    )
    access: SecretStr = Field(
        SecretStr(""),
        title="Zugang",
        description="Schlüssel oder Token; bei Name und Kennwort (auch sipgate: Token-ID und Token) mit einem Doppelpunkt dazwischen.",
        json_schema_extra={"group": "secrets"},
    )
    method: Literal["POST", "GET"] = Field("POST", title="Aufruf", json_schema_extra={"group": "partner"})
    body: Literal["json", "form", "query"] = Field(
        "json",
        title="Form der Angaben",
        json_schema_extra={"group": "partner", "words": {"json": "JSON", "form": "Formular", "query": "in der Adresse"}},
    )
    template: str = Field(
        BODY,
        title="Vorlage der Angaben",
        description="Mit {to}, {text}, {from} und {id} an ihren Stellen; als Formular und in der Adresse so: to={to}&text={text}.",
        json_schema_extra={"group": "partner"},
    )
    digits: Literal["plus", "bare", "zeros"] = Field(
        "plus",
        title="Schreibweise der Nummern",
        json_schema_extra={"group": "partner", "words": {"plus": "+49171…", "bare": "49171…", "zeros": "0049171…"}},
    )
    answer_id: str = _path("id", "Antwort: wo die Kennung der Nachricht steht", "Ein Bindestrich, wenn die Antwort keine nennt.")
    answer_ok: str = Field(
        "",
        title="Antwort: woran man Erfolg erkennt",
        description="Nur wenn der Anbieter auch Fehler mit 200 meldet, zum Beispiel success=100 oder code=2000|2001.",
        pattern=r"^([\w\-.]+=[^=]{1,60})?$",
        json_schema_extra={"group": "partner", "wrong": "Ein Pfad, ein Gleichheitszeichen, ein Wert: success=100"},
    )
    no_number: str = _words(
        "invalid_number, unknown_number",
        "Antwort: Wörter für „diese Nummer gibt es nicht“",
        "Mit Kommas dazwischen. Wird eines genannt, schreiben wir der Nummer nicht mehr.",
    )
    no_money: str = _words("no_credit, insufficient", "Antwort: Wörter für „kein Guthaben“")
    items: str = _path("", "Meldungen: wo ihre Liste steht", "Leer: Jeder Aufruf ist eine Meldung.")
    in_from: str = _path("from", "Eingang: wo die Nummer steht")
    in_text: str = _path("text", "Eingang: wo der Text steht")
    in_id: str = _path("id", "Eingang: wo die Kennung steht")
    in_time: str = _path("time", "Eingang: wo die Zeit steht", "Sekunden seit 1970 oder wie 2026-11-29T09:00:00Z.")
    state_id: str = _path("id", "Zustellung: wo die Kennung steht")
    state: str = _path("status", "Zustellung: wo der Zustand steht")
    state_ref: str = _path("reference", "Zustellung: wo unser {id} steht", "Ein Bindestrich, wenn der Anbieter es nicht zurückgibt.")
    delivered: str = _words("delivered, DELIVRD", "Zustellung: Wörter für „zugestellt“", "Ein Bindestrich: Der Anbieter meldet keine.")
    failed: str = _words("failed, undelivered, rejected, expired, UNDELIV, EXPIRED", "Zustellung: Wörter für „gescheitert“")
    sent: str = _words("sent, accepted, buffered, ACCEPTD", "Zustellung: Wörter für „unterwegs“")
    check_url: str = Field(
        "", title="Adresse zum Prüfen", description="Ein GET, der nichts sendet, zum Beispiel das Guthaben.",
        json_schema_extra={"group": "partner", "kind": "url"},
    )  # fmt: skip
    check_shows: str = _path("", "Prüfung: wo das Guthaben steht")
    hook_header: str = Field(
        "",
        title="Meldungen: Kopfzeile mit dem Kennwort",
        description="Leer: Das Kennwort steht in der Adresse (?wort=…), die Sie beim Anbieter eintragen.",
        pattern=r"^[A-Za-z0-9\-]{0,60}$",
        json_schema_extra={"group": "partner"},
    )
    hook_answer: str = Field("OK", title="Meldungen: was wir antworten", max_length=200, json_schema_extra={"group": "partner"})
    hook_word: str = Field(  # a plain word: it is shown, because it is entered at the gateway
        default_factory=lambda: secrets.token_urlsafe(24),
        title="Kennwort der Meldungen",
        description="Hängen Sie es an die Webhook-Adresse: ?wort=<Kennwort>.",
        json_schema_extra={"generated": True},
    )

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return presets.filled(given, {name: cls.model_fields[name].default for name in presets.NAMES})

    @field_validator("sender")
    @classmethod
    def _sender(cls, value: str) -> str:
        number = re.sub(r"[\s/()\-]", "", value)
        if re.fullmatch(r"\+\d{6,15}", number):
            return number
        if re.fullmatch(r"[A-Za-z0-9 .&\-]{1,11}", value) and re.search(r"[A-Za-z]", value):
            return value
        raise ValueError("Nötig ist eine Nummer mit +49 davor oder ein Name mit höchstens 11 Zeichen ohne Umlaute.")

    @field_validator("url", "check_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"https", "http"} or not urlsplit(value).hostname):
            raise ValueError("Das ist keine Webadresse. Sie beginnt mit https://")
        return value

    @model_validator(mode="after")
    def _whole(self) -> SmsConfig:
        if not self.url:
            raise ValueError("url: Tragen Sie ein, wohin gesendet wird, oder wählen Sie einen der Anbieter.")
        if "{to}" not in self.template + self.url or "{text}" not in self.template + self.url:
            raise ValueError("template: In der Vorlage fehlen {to} oder {text}.")
        if self.body == "json":
            try:
                made = json.loads(self.template)
            except ValueError:
                made = None
            if not isinstance(made, dict | list):
                raise ValueError("template: Das ist kein JSON. Vergleichen Sie mit dem Beispiel des Anbieters.")
        elif not parse_qsl(self.template):
            raise ValueError("template: Schreiben Sie name={to}&text={text}.")
        if self.auth != "none" and not self.access.get_secret_value():
            raise ValueError("access: Ohne Zugang nimmt der Anbieter nichts an.")
        if self.auth == "basic" and ":" not in self.access.get_secret_value():
            raise ValueError("access: Nötig sind Name und Kennwort mit einem Doppelpunkt dazwischen.")
        if self.method == "GET" and self.body != "query":
            raise ValueError("body: Ein GET trägt alles in der Adresse: query.")
        return self


def listed(words: str) -> frozenset[str]:
    """Take a list with commas apart, in one case."""
    return frozenset(each.strip().casefold() for each in words.split(",") if each.strip())
