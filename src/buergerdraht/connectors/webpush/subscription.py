"""A browser's subscription: what it hands out of itself, hostile until looked at, and kept as compact JSON.

https://www.w3.org/TR/push-api/#dom-pushsubscriptionjson
"""

from __future__ import annotations

import ipaddress
import json
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from buergerdraht.connectors import public
from buergerdraht.connectors.webpush import letters, limits
from buergerdraht.connectors.webpush.config import is_loopback

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class Subscription(NamedTuple):
    endpoint: str
    p256dh: str
    auth: str

    @property
    def text(self) -> str:
        """The same in the same order, always: it is the address of a contact and found by its hash."""
        return json.dumps({"endpoint": self.endpoint, "p256dh": self.p256dh, "auth": self.auth}, separators=(",", ":"))

    @property
    def info(self) -> dict[str, object]:
        """As the libraries want it."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": self.auth}}


def read(data: object, test_host: str = "") -> Subscription:
    """Read what a browser sent, or an address of ours; raise ValueError where it is none we may write to."""
    if isinstance(data, str):
        data = json.loads(data)
    if not isinstance(data, dict):
        raise ValueError("not an object")
    keys = data.get("keys") if isinstance(data.get("keys"), dict) else data
    endpoint, p256dh, auth = data.get("endpoint"), keys.get("p256dh"), keys.get("auth")  # type: ignore[union-attr]
    if not (isinstance(endpoint, str) and isinstance(p256dh, str) and isinstance(auth, str)):
        raise ValueError("incomplete")
    point, secret = letters.read(p256dh, 65), letters.read(auth, 16)
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)  # raises ValueError off the curve
    _reachable(endpoint, test_host)
    return Subscription(endpoint, letters.write(point), letters.write(secret))


def _reachable(endpoint: str, test_host: str) -> None:
    """Refuse what is surely no push service; a name is looked at again when its socket is opened."""
    if len(endpoint) > limits.ENDPOINT or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise ValueError("no address")
    parts = urlsplit(endpoint)
    if is_test(endpoint, test_host):
        return
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.port not in {None, 443}:
        raise ValueError("no public https address")
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        if "." not in parts.hostname or is_loopback(parts.hostname):
            raise ValueError("inner name") from None
        return
    if not public.allowed(literal, ()):
        raise ValueError("inner network")


def is_test(endpoint: str, test_host: str) -> bool:
    """Say whether it is the push service on this machine that the set-up names for trials."""
    parts = urlsplit(endpoint)
    return bool(test_host) and f"{parts.scheme}://{parts.netloc}" == test_host


def networks(endpoint: str, test_host: str) -> public.Networks:
    return LOOPBACK if is_test(endpoint, test_host) else ()
