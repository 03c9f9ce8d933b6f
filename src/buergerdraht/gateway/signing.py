"""Sign what we post to other systems, as Standard Webhooks 1.0 wants it: one way for alarms and for webhooks."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence

JSON = "application/json"


def new_secret() -> str:
    """Make a secret: whsec_ and base64 of 32 random bytes."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def headers(keys: Sequence[str], number: str, at: int, body: bytes, *, kind: str = JSON) -> dict[str, str]:
    """Say who posts it: `number` stays the same at every try, `at` is Unix seconds of this one; a signature for each secret."""
    said = f"{number}.{at}.".encode() + body
    return {
        "content-type": kind,
        "user-agent": "Buergerdraht",
        "webhook-id": number,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(_signature(key, said) for key in keys),
    }


def _signature(key: str, said: bytes) -> str:
    return "v1," + b64encode(hmac.digest(b64decode(key.removeprefix("whsec_")), said, hashlib.sha256)).decode()
