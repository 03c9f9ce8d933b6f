from __future__ import annotations

from typing import Any

from buergerdraht.connectors.whatsapp.config import WhatsAppConfig
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.providers.whatsapp import make_template
from buergerdraht.simulator.town import Account

NUMBER, PHONE_ID, WABA_ID = "493023125100", "106540352242922", "102290129340398"


def _config(simulator: str) -> WhatsAppConfig:
    return WhatsAppConfig.model_validate(
        {
            "number": "+49 30 23125 100",
            "phone_number_id": PHONE_ID,
            "waba_id": WABA_ID,
            "access_token": word("whatsapp token"),
            "app_secret": word("whatsapp secret"),
            "verify_token": word("whatsapp verify"),
            "host": simulator,
        }
    )


def _account(callback: str) -> Account:
    return Account(
        "whatsapp", PHONE_ID, "Stadt Musterstadt", word("whatsapp token"), secret=word("whatsapp secret"), number=NUMBER, waba_id=WABA_ID,
        verify_token=word("whatsapp verify"), callback=callback, templates=_templates(),
    )  # fmt: skip


def _known(number: int, first: str) -> Known:
    digits = f"4917139200{number:02d}" if number < 100 else f"4917604069{number - 100:03d}"
    user = f"DE.{2 * 10**15 + number}"
    return Known(user, f"+{digits}", digits, {"phone": digits, "user_id": user})


def _templates() -> list[dict[str, Any]]:
    bodies = {
        "de": "Guten Tag, die Stadt Musterstadt hat Neuigkeiten für Sie: {{1}}. Antworten Sie kurz, dann senden wir den ganzen Text.",
        "en": "Hello, the city of Musterstadt has news for you: {{1}}. Send a short answer and you will receive the full text.",
    }
    return [
        make_template(
            900_001 + number,
            {
                "name": "neuigkeiten",
                "language": language,
                "category": "MARKETING",
                "components": [
                    {"type": "BODY", "text": body, "example": {"body_text": [["Der Wochenmarkt zieht um"]]}},
                    {"type": "FOOTER", "text": "Abmelden: STOPP" if language == "de" else "Unsubscribe: STOP"},
                ],
            },
            "APPROVED",
        )
        for number, (language, body) in enumerate(bodies.items())
    ]


WIRED = Wired("whatsapp", "WhatsApp", _config, _account, _known)
