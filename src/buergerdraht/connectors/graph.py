"""What Meta's providers share: the signature over the raw body and the handshake.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from buergerdraht.connectors.called import Answer
from buergerdraht.connectors.contract import Unsigned


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def proof(secret: str, token: str) -> str:
    """Show that whoever holds the token also knows the app's secret: `appsecret_proof` of a call."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise Unsigned unless X-Hub-Signature-256 fits the bytes as they came (Meta signs its own escaping, so never re-serialise)."""
    given = headers.get("x-hub-signature-256", "")
    if not secret or not hmac.compare_digest(given.encode(errors="replace"), sign(secret, body).encode()):
        raise Unsigned


def handshake(verify_token: str, query: Mapping[str, str]) -> Answer:
    """Answer Meta's subscription call with its challenge where it knows our word, else 403."""
    given = query.get("hub.verify_token", "")
    known = bool(verify_token) and hmac.compare_digest(given.encode(errors="replace"), verify_token.encode())
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or not known or not re.fullmatch(r"[\w-]{1,200}", challenge):
        return Answer(status=403)
    return Answer(body=challenge)
