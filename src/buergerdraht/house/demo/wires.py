"""How Musterstadt's channels reach the simulator, and what citizens write there first. The simulator knows nothing of us, only we of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings

from buergerdraht.connectors.telegram.config import TelegramConfig
from buergerdraht.connectors.whatsapp.config import WhatsAppConfig
from buergerdraht.gateway.actions import Wish
from buergerdraht.house.demo.people import people
from buergerdraht.house.demo.sayings import FRESH
from buergerdraht.simulator.town import Account, Town
from buergerdraht.simulator.whatsapp import make_template

NUMBER, PHONE_ID, WABA_ID = "493023125100", "106540352242922", "102290129340398"
VISITORS = [("Lena Sommer", "de"), ("Emine Kaya", "de"), ("Omar Haddad", "ar")]  # nobody knows them yet: phones to try
BOT_ID, BOT_NAME = "7300000001", "musterstadt_bot"


def wishes(simulator: str) -> dict[str, Wish]:
    """The channels as an administrator would type them in."""
    whatsapp = WhatsAppConfig.model_validate(
        {
            "number": "+49 30 23125 100",
            "phone_number_id": PHONE_ID,
            "waba_id": WABA_ID,
            "access_token": _word("whatsapp token"),
            "app_secret": _word("whatsapp secret"),
            "verify_token": _word("whatsapp verify"),
            "host": simulator,
        }
    )
    telegram = TelegramConfig.model_validate(
        {"username": BOT_NAME, "bot_token": _bot_token(), "secret_token": _word("telegram secret"), "host": simulator}
    )
    return {"whatsapp": Wish("WhatsApp", whatsapp), "telegram": Wish("Telegram", telegram)}


def seed(path: Path, *, callback: str) -> None:
    """Give the simulator its accounts and the phones of our citizens, once. `callback` is what one types in at Meta by hand."""
    if path.exists():
        return
    town = Town()
    town.add_account(
        Account(
            "whatsapp",
            PHONE_ID,
            "Stadt Musterstadt",
            _word("whatsapp token"),
            secret=_word("whatsapp secret"),
            number=NUMBER,
            waba_id=WABA_ID,
            verify_token=_word("whatsapp verify"),
            callback=callback,
            templates=_templates(),
        )
    )
    town.add_account(Account("telegram", BOT_ID, "Stadt Musterstadt", _bot_token(), username=BOT_NAME))
    for name, language in VISITORS:
        town.add_person(name, id=f"neu-{name.split()[0].lower()}", language=language)
    for person in people():
        told: dict[str, Any] = {"phone": person.phone, "user_id": person.address}
        if person.kind == "telegram":
            told = {"telegram_id": int(person.address), "username": person.handle.removeprefix("@"), "started": [BOT_ID]}
        town.add_person(person.name, id=f"m{person.number}", language=person.language, **told)
    path.parent.mkdir(parents=True, exist_ok=True)
    town.save(path)


def talk(simulator: str) -> None:
    """Let citizens write now, through the messengers, so that there is something to answer; one sends a picture of what they mean."""
    for number, text in enumerate(FRESH):
        account = PHONE_ID if number % 3 != 2 else BOT_ID
        _act(simulator, 150 + number, "write", {"account": account, "text": text})
    _act(simulator, 150, "photo", {"account": PHONE_ID, "sample": "schlagloch"})


def _act(simulator: str, person: int, verb: str, wish: dict[str, str]) -> None:
    address = f"{simulator}/_control/people/m{person}/{verb}"
    request = urllib.request.Request(address, json.dumps(wish).encode(), {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - our own
        pass


def _word(purpose: str) -> str:
    """A secret of this installation, the same at every start."""
    return hmac.new(settings.SECRET_KEY.encode(), f"demo {purpose}".encode(), hashlib.sha256).hexdigest()


def _bot_token() -> str:
    return f"{BOT_ID}:{_word('telegram token')[:35]}"


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
