"""What the console asks for to note a place that is posted to by hand."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ByHandConfig(BaseModel):
    """A channel, a status or a number in WhatsApp's app, by its link. Its name is the channel's own."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    address: str = Field(
        "",
        title="Direkter Link",
        description="In WhatsApp unter „Kanalinfo“, „Link kopieren“; bei einer Nummer https://wa.me/…",
        json_schema_extra={"group": "account", "kind": "url", "placeholder": "https://whatsapp.com/channel/…"},
    )
    verified: str = Field(
        "",
        title="Verifizierung",
        description="Hat WhatsApp den Kanal bestätigt (Haken am Namen)? Schreiben Sie „ja“, „beantragt“ oder „nein“.",
        pattern=r"^(|ja|beantragt|nein)$",
        json_schema_extra={"group": "account", "placeholder": "beantragt", "wrong": "Schreiben Sie ja, beantragt oder nein."},
    )

    @field_validator("address")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and (urlsplit(value).scheme != "https" or not urlsplit(value).hostname):
            raise ValueError("Das ist keine Webadresse. Sie beginnt mit https://")
        return value
