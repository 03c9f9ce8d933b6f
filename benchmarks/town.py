"""What the measurements work on: organisations and channels as an administrator would set them up."""

from __future__ import annotations

import json
from collections.abc import Sequence

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway.models import Channel

SECRET = "bench-app-secret"  # noqa: S105 - opens nothing
TEXT = "Der Wochenmarkt zieht um. Ab Samstag finden Sie ihn auf dem Rathausplatz."
NEWS = Content(text=TEXT)


def organisation(slug: str = "messung") -> Organisation:
    return Organisation.objects.create(slug=slug, name="Stadt Messung", languages=["de"])


def channels(owner: Organisation, count: int, provider: str, *, state: str = "running", rate: float | None = None) -> list[Channel]:
    """WhatsApp numbers of one organisation, at the provider of the measurement; `rate` is what each may send a second (None: 80)."""
    return Channel.objects.bulk_create(
        Channel(organisation=owner, kind="whatsapp", name=f"Nummer {number}", state=state, rate=rate, config=_config(number, provider))
        for number in range(1, count + 1)
    )


def phone_number_id(number: int) -> str:
    return f"{1_000_000 + number}"


def _config(number: int, provider: str) -> str:
    return json.dumps(
        {
            "number": f"+49 30 {1_000_000 + number}",
            "phone_number_id": phone_number_id(number),
            "waba_id": "90000001",
            "access_token": "bench-token",
            "app_secret": SECRET,
            "verify_token": "bench-verify",
            "host": provider or "http://127.0.0.1:9",
        }
    )


def ids(made: Sequence[Channel]) -> list[int]:
    return [channel.pk for channel in made]


def hooks(made: Sequence[Channel]) -> list[dict[str, str]]:
    """Where the provider reports for these numbers, as `bodies.Hook` takes it."""
    return [
        {"path": f"/webhook/whatsapp/{channel.token}", "secret": SECRET, "phone": phone_number_id(number)}
        for number, channel in enumerate(made, start=1)
    ]
