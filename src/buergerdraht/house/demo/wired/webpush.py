from __future__ import annotations

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from buergerdraht.connectors.webpush.config import WebPushConfig
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.providers.webpush import letters, subscribe
from buergerdraht.simulator.town import Account

ACCOUNT = "musterstadt-push"


def _private() -> int:
    return int(word("webpush key"), 16) % (2**255) + 1


def _public() -> str:
    key = ec.derive_private_key(_private(), ec.SECP256R1()).public_key()
    return letters(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _config(simulator: str) -> WebPushConfig:
    values = {"contact": "it@musterstadt.example", "private_key": letters(_private().to_bytes(32, "big")), "test_host": simulator}
    return WebPushConfig.model_validate(values)


def _account(callback: str) -> Account:
    return Account("webpush", ACCOUNT, "Stadt Musterstadt", _public(), data={"shows": {"title": "title", "text": "text"}})


def _known(number: int, first: str) -> Known:
    secret = hashlib.sha512(f"{word('webpush device')} {number}".encode()).digest()
    own = subscribe(letters(secret[48:]), secret[:48], _public())
    address = {"endpoint": f"{settings.SIMULATOR_URL}/push-dienst/{own['id']}", "p256dh": own["p256dh"], "auth": own["auth"]}
    handle = f"Push {hashlib.sha256(secret).hexdigest()[:5].upper()} (Chrome, Android)"
    return Known(json.dumps(address, separators=(",", ":")), handle, told={"data": {"webpush": {own["id"]: own}}})


WIRED = Wired("webpush", "Push", _config, _account, _known, people=6)
