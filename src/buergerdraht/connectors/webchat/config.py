"""What the console asks for to set up the chat page. See whatsapp/config.py for `group` and `generated`."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

_SITE = re.compile(r"https://(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?")


class WebChatConfig(BaseModel):
    """One chat page."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    welcome: str = Field(
        "",
        title="Begrüßung",
        description="Steht über dem Gespräch, bevor jemand schreibt. Bleibt das Feld leer, sagt die Seite, wer hier antwortet.",
        max_length=500,
        json_schema_extra={"group": "account"},
    )
    sites: str = Field(
        "",
        title="Webseiten mit dem Chatfenster",
        description="Auf welchen Ihrer Webseiten das Fenster eingebettet werden darf, mit Leerzeichen getrennt. Leer: auf keiner fremden.",
        json_schema_extra={"group": "account", "placeholder": "https://www.musterstadt.example"},
    )
    files: bool = Field(
        True,
        title="Fotos und PDF annehmen",
        description="Bürgerinnen und Bürger können Fotos und PDF-Dateien bis 10 MB senden.",
        json_schema_extra={"group": "account"},
    )

    @field_validator("sites")
    @classmethod
    def _origins(cls, value: str) -> str:
        found = [word.rstrip("/").lower() for word in re.split(r"[\s,;]+", value) if word]
        for word in found:
            if not _SITE.fullmatch(word):
                raise ValueError(f"„{word}“ ist keine Webseite. Schreiben Sie https:// und den Namen, ohne Pfad.")
        return " ".join(dict.fromkeys(found))
