"""One sender of push messages to browsers.

RFC 8030 (the call), RFC 8188 and 8291 (encryption for the device), RFC 8292 (who we are).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from pydantic import BaseModel
from pywebpush import WebPusher

from buergerdraht.connectors.contract import (
    AddressGone,
    Content,
    Files,
    Health,
    Limits,
    Note,
    Part,
    Plan,
    Rejected,
    Sent,
    Temporary,
)
from buergerdraht.connectors.http import Answered, Call, Http
from buergerdraht.connectors.usual import Usual
from buergerdraht.connectors.webpush import letters, limits, subscription
from buergerdraht.connectors.webpush.config import WebPushConfig
from buergerdraht.connectors.webpush.errors import Trust, failure
from buergerdraht.connectors.webpush.plan import plan, sealed_text
from buergerdraht.connectors.webpush.subscription import Subscription

RENEWED = limits.SIGNED_FOR // 2


class WebPush(Usual):
    kind: ClassVar[str] = "webpush"
    hears: ClassVar[bool] = False
    title: ClassVar[str] = "Push"
    hue: ClassVar[str] = "orange"
    mark: ClassVar[str] = "WP"
    about: ClassVar[str] = (
        "Nachrichten direkt in den Browser oder als App auf dem Startbildschirm, ohne Messenger und ohne Telefonnummer. "
        "Antworten sind nicht möglich, und ob jemand liest, meldet niemand."
    )
    hooked: ClassVar[bool] = False
    guide: ClassVar[Sequence[str]] = (
        "Nennen Sie eine Ansprechstelle und starten Sie den Kanal. Ein Konto bei einem Anbieter ist nicht nötig.",
        "Verlinken Sie die Anmeldeseite dieses Kanals auf Ihrer Webseite. Sie endet auf /push.",
        "Sichern Sie die Datenbank: Mit dem Schlüssel dieses Kanals gingen alle Anmeldungen verloren.",
    )
    Config: ClassVar[type[BaseModel]] = WebPushConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: WebPushConfig, http: Http) -> None:
        self.config = config
        self.http = http
        self._signed: dict[str, tuple[float, str]] = {}  # origin -> until when, Authorization
        self._trust = Trust()
        self._strangers = 0  # calls under way to hosts that are no known services

    # ── Pure ──────────────────────────────────────────────────────────────

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """There is no chat to open; the page where devices sign up is the website's."""
        return ""

    @property
    def public_key(self) -> str:
        """The key browsers subscribe with (applicationServerKey)."""
        return letters.write(self._key().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def read_subscription(self, data: object) -> Subscription:
        """Look at what a browser says of itself; raise ValueError where we may not write to it."""
        return subscription.read(data, self.config.test_host)

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        """Encrypt for the device and hand over. Sent again under the same token, it replaces what waits and what is shown."""
        try:
            found = self.read_subscription(address)
        except (ValueError, RecursionError):
            raise AddressGone("not_reachable", "no subscription") from None
        topic = letters.write(hashlib.sha256(f"{self.public_key} {token}".encode()).digest())[: limits.TOPIC]
        body = bytes(WebPusher(found.info).encode(sealed_text(part.body, topic))["body"])
        if len(body) > limits.ENCRYPTED:
            raise Rejected("content_refused", "too large")
        urgent = bool(part.body.get("urgent"))
        headers = {
            "Authorization": self._authorization(found.endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(limits.URGENT_TTL if urgent else limits.TTL),
            "Urgency": "high" if urgent else "normal",
            "Topic": topic,
        }
        networks = subscription.networks(found.endpoint, self.config.test_host)
        call = Call("POST", found.endpoint, "push", headers=headers, largest=100_000, data=body, outside=True, networks=networks)
        try:
            answered = await self._called(call)
        except Rejected as problem:
            if problem.reason == "not_reachable":  # the name leads into a network of ours: no browser has that address
                raise AddressGone("not_reachable", "inner network") from None
            raise Rejected("content_refused", "the answer is no push service's") from None
        except Temporary as problem:
            problem.maybe_sent = False  # sent again it replaces what waits or is shown, so a second try harms nobody
            problem.scope = self._concerned(found.endpoint)
            raise
        origin = _origin(found.endpoint)
        known = self._concerned(found.endpoint) == "message"
        if answered.status in {401, 403} and known:
            raise self._trust.refused(found.endpoint, origin, answered.status)
        if answered.status in {401, 403}:  # a host of anybody's may take our messages and refuse them then, as it likes
            raise Rejected("push_refused", f"HTTP {answered.status}")
        if answered.status not in {200, 201, 202}:
            problem_ = failure(answered)
            if isinstance(problem_, Temporary):
                problem_.scope = self._concerned(found.endpoint)
            raise problem_
        if known:
            self._trust.took(found.endpoint, origin)
        return Sent(external_id=f"push:{token}")

    async def _called(self, call: Call) -> Answered:
        """Call; a host that is no known service waits for a place among its like, and burns no try for it."""
        if self._concerned(call.url) == "message":
            return await self.http.call(call)
        if self._strangers >= limits.STRANGERS:
            raise Temporary("rate_limit", "too many unknown hosts at once", retry_after=5.0, scope="pair", limit=True)
        self._strangers += 1
        try:
            return await self.http.call(call)
        finally:
            self._strangers -= 1

    def _concerned(self, endpoint: str) -> Literal["message", "pair"]:
        """Whom a failure of this host concerns: everybody, or its own device, because anybody can name a host."""
        host = urlsplit(endpoint).hostname or ""
        known = any(host == service or host.endswith(f".{service}") for service in limits.SERVICES)
        return "message" if known or subscription.is_test(endpoint, self.config.test_host) else "pair"

    async def check(self) -> Health:
        """Look at what can be looked at: nobody but the browsers' services could say more, and only about one device at a time."""
        note = Note(
            level="info",
            code="no_account",
            text="Schlüssel und Ansprechstelle sind in Ordnung. Ein Konto, das man prüfen könnte, gibt es bei Push-Nachrichten nicht.",
        )
        return Health(ok=True, findings=(note,), facts={"contact": self.config.contact.removeprefix("mailto:")})

    # ── Who we are ────────────────────────────────────────────────────────

    def _key(self) -> Any:
        return Vapid02.from_raw(self.config.private_key.get_secret_value().encode())

    def _authorization(self, endpoint: str) -> str:
        """Sign for a push service; the signature serves for all its devices for some hours."""
        origin, now = _origin(endpoint), time.time()
        until, header = self._signed.get(origin, (0.0, ""))
        if until <= now:
            claims = {"aud": origin, "exp": int(now) + limits.SIGNED_FOR, "sub": self.config.contact}
            header = str(self._key().sign(claims)["Authorization"])
            if len(self._signed) > 1000:  # origins come from outside
                self._signed.clear()
            self._signed[origin] = (now + RENEWED, header)
        return header


def _origin(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"
