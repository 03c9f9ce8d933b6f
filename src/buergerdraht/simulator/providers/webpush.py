"""A push service and the browsers behind it: takes messages by the letter of the standards, decrypts them as browsers do, shows them.

RFC 8030 (the service), RFC 8188 and 8291 (what only the device can read), RFC 8292 (who sends). An account is a sender: its token is the
public key that browsers subscribe with. A subscription lies with its person: `person.data["webpush"][id]`.

What a notification shows is decided by the site's own worker: `account.data["shows"]` says which fields of the decrypted JSON it takes.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.limits import Bucket
from buergerdraht.simulator.provider import CannotDo, Provider
from buergerdraht.simulator.town import Account, Message, Person, Town
from buergerdraht.simulator.weather import Weather

LARGEST = 4096  # RFC 8030, section 7.2
LONGEST_TTL = 28 * 86400  # kept no longer; the answer says so
URGENCIES = {"very-low", "low", "normal", "high"}
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
TAKEN_AT_ONCE = 500.0
CURVE = ec.SECP256R1()


class Refusal(Exception):
    def __init__(self, status: int, words: str, retry_after: int = 0) -> None:
        super().__init__(words)
        self.status, self.words, self.retry_after = status, words, retry_after


def letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unlettered(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def subscribe(number: str, secret: bytes, key: str) -> dict[str, Any]:
    """Make what a browser keeps of a subscription, from 48 secret bytes: its own key, the shared secret, and whose messages it takes."""
    own = ec.derive_private_key(int.from_bytes(secret[:32], "big") % (2**255) + 1, CURVE)
    public = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {"id": number, "own": own.private_numbers().private_value.to_bytes(32, "big").hex(), "p256dh": letters(public),
            "auth": letters(secret[32:48]), "key": key, "gone": False}  # fmt: skip


@dataclass(frozen=True)
class Push:
    """A message as it came: sealed, for so many seconds, in the place of one with the same topic."""

    body: bytes
    ttl: int
    topic: str


class WebPush(Provider):
    kind: ClassVar[str] = "webpush"
    title: ClassVar[str] = "Push"
    colour: ClassVar[str] = "#8a4b08"
    look: ClassVar[str] = "push"
    callback: ClassVar[bool] = False

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.weather = Weather(town, delivery.dice, strict=False)
        self.buckets: dict[str, Bucket] = {}
        self.owners: dict[str, str] = {}  # subscription -> person

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/push-dienst/{number}", self.handle)]

    def account(self, wish: dict[str, Any], number: int) -> Account:
        data = {"shows": wish.get("shows", {"title": "title", "text": "body"})}
        return Account("webpush", str(wish.get("id", f"push-{number}")), wish["name"], wish["token"], data=data)

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """`subscribe`: what a browser of `person` gives a page; `host` is where this service is. `return`: the device is on again.

        `token` with {"good": false}: the service trusts this sender no longer (RFC 8292, 4.2).
        """
        if what == "token":
            account.data["refused"] = not wish["good"]
            return {"good": bool(wish["good"])}
        person = self.town.people[wish["person"]]
        if what == "subscribe":
            own = self.add(account, person)
            endpoint = f"{wish['host']}/push-dienst/{own['id']}"
            return {"endpoint": endpoint, "expirationTime": None, "keys": {"p256dh": own["p256dh"], "auth": own["auth"]}}
        if what == "return":
            person.reachable = True
            return {"shown": self.come_back(account, person)}
        raise CannotDo(f"Web-Push has no {what}")

    def add(self, account: Account, person: Person) -> dict[str, Any]:
        """Subscribe a person's browser to a sender; an earlier subscription of it ends."""
        for old in self._of(account, person):
            old["gone"] = True
        own = subscribe(secrets.token_urlsafe(24), secrets.token_bytes(48), account.token)
        person.data.setdefault("webpush", {})[own["id"]] = own
        self.owners[own["id"]] = person.id
        return own

    # ── The service ───────────────────────────────────────────────────────

    async def handle(self, request: web.Request) -> web.StreamResponse:
        account: Account | None = None
        try:
            if request.method != "POST":
                raise Refusal(405, "only POST")
            person, own = self._subscription(request.match_info["number"])
            account = self.town.account_by_token(own["key"], "webpush")
            if account is None:
                raise Refusal(404, "unknown sender")
            if account.data.get("refused"):
                raise Refusal(403, "the sender is not trusted")
            await self._faults(account)
            ttl = self._checked(request)
            self._known(request, own)
            body = await request.read()
            if len(body) > LARGEST:
                raise Refusal(413, "larger than 4096 bytes")
            if own["gone"] or account.id in person.blocked:
                raise Refusal(410, "the subscription has ended")
            self._within(account)
            number = self._take(account, person, own, Push(body, ttl, request.headers.get("Topic", "")))
            if self.weather.tear(account):
                if request.transport:
                    request.transport.abort()
                return web.Response()
            where = f"{request.scheme}://{request.host}/push-dienst/m/{number}"
            return web.Response(status=201, headers={"Location": where, "TTL": str(ttl)})
        except Refusal as refusal:
            if account and refusal.status not in {429, 500, 503}:
                self.town.counts[account.id].refused += 1
            headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
            return web.json_response({"error": refusal.words}, status=refusal.status, headers=headers)

    async def _faults(self, account: Account) -> None:
        match await self.weather.meet(account):
            case "limit", seconds:
                raise Refusal(429, "too many requests", seconds or 1)
            case "broken", _:
                raise Refusal(500, "internal error")
            case "down", _:
                raise Refusal(503, "unavailable")

    def _subscription(self, number: str) -> tuple[Person, dict[str, Any]]:
        if number not in self.owners:
            for person in self.town.people.values():
                self.owners |= dict.fromkeys(person.data.get("webpush", {}), person.id)
        person = self.town.people.get(self.owners.get(number, ""))  # type: ignore[assignment] # None is asked for in the next line
        if person is None:
            raise Refusal(404, "no such subscription")
        return person, person.data["webpush"][number]

    def _checked(self, request: web.Request) -> int:
        """Look at the headers: section 5 of RFC 8030. Gives for how long the message is kept."""
        ttl, urgency, topic = (request.headers.get(name) for name in ("TTL", "Urgency", "Topic"))
        if ttl is None or not ttl.isascii() or not ttl.isdigit():
            raise Refusal(400, "TTL is required, in seconds")
        if urgency is not None and urgency not in URGENCIES:
            raise Refusal(400, "no such urgency")
        if topic is not None and not TOPIC.fullmatch(topic):
            raise Refusal(400, "a topic has up to 32 letters of base64url")
        if request.headers.get("Content-Encoding") != "aes128gcm":
            raise Refusal(400, "only aes128gcm is read")
        return min(int(ttl), LONGEST_TTL)

    def _known(self, request: web.Request, own: dict[str, Any]) -> None:
        """Look at who sends: sections 2 to 4 of RFC 8292."""
        found = re.fullmatch(r"vapid t=([A-Za-z0-9_.=-]+), ?k=([A-Za-z0-9_=-]+)", request.headers.get("Authorization", ""))
        if not found:
            raise Refusal(401, "vapid is required")
        token, key = found[1], found[2].rstrip("=")
        if key != own["key"].rstrip("="):
            raise Refusal(403, "the subscription belongs to another sender")
        claims = signed_claims(token, key)
        if claims.get("aud") != f"{request.scheme}://{request.host}":
            raise Refusal(403, "aud is not this service")
        until = claims.get("exp")
        if not isinstance(until, int) or not 0 < until - self.town.clock() <= 86400:
            raise Refusal(403, "exp is past, or more than a day ahead")
        if not re.match(r"(mailto:\S+@\S+|https://\S+)", str(claims.get("sub", ""))):
            raise Refusal(403, "sub names nobody")

    def _within(self, account: Account) -> None:
        rate = account.throughput or TAKEN_AT_ONCE
        bucket = self.buckets.get(account.id)
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[account.id] = Bucket(rate, rate)
        if missing := bucket.take(self.town.clock(), 1):
            self.town.counts[account.id].limited += 1
            raise Refusal(429, "too many requests", max(1, round(missing + 0.5)))

    # ── The device ────────────────────────────────────────────────────────

    def _take(self, account: Account, person: Person, own: dict[str, Any], push: Push) -> int:
        """Accept a message: show it, or keep it for a device that is off, in the place of one with the same topic."""
        number = next(self.town.counter)
        message = Message(
            f"{account.id}:{number}", account.id, person.id, True, "push", {}, self.town.clock(), "sent", push.topic, number=number
        )
        self.town.accept(message, own["id"], "")  # the service cannot read it
        if person.reachable:
            self._show(account, person, own, message, push.body)
        elif push.ttl:
            waiting = [each for each in own.get("waiting", []) if not push.topic or each["topic"] != push.topic]
            until = self.town.clock() + push.ttl
            kept = {"topic": push.topic, "body": push.body.hex(), "until": until, "id": message.id, "number": number}
            own["waiting"] = [*waiting, kept]
        return number

    def _show(self, account: Account, person: Person, own: dict[str, Any], message: Message, body: bytes) -> bool:
        """Decrypt and hand to the site's worker; what cannot be read is dropped without a word, as browsers do."""
        try:
            text = opened(body, bytes.fromhex(own["own"]), unlettered(own["auth"]))
            data = json.loads(text)
        except (ValueError, InvalidTag, RecursionError):
            return False
        if not isinstance(data, dict):
            return False
        message.data, message.status = {"payload": data, "text": self._words(account, data)}, "delivered"
        tag = data.get("tag")
        if tag:  # the worker shows one with the same tag in the place of the other
            for old in [self.town.messages[each] for each in self.town.chats[account.id, person.id]]:
                if old.data.get("payload", {}).get("tag") == tag:
                    old.data, old.at, old.edited = message.data, message.at, True
                    self.town.tell("message", account=account.id, person=person.id, message=old.id)
                    return True
        self.town.say(message)
        return True

    def _words(self, account: Account, data: dict[str, Any]) -> str:
        shows = account.data["shows"]
        title, text = str(data.get(shows["title"]) or ""), str(data.get(shows["text"]) or "")
        return "\n".join(filter(None, (title and f"*{title}*", text)))

    def come_back(self, account: Account, person: Person) -> int:
        """The device is on again: what waited and is not too old is shown."""
        shown = 0
        for own in self._of(account, person):
            waiting, own["waiting"] = own.get("waiting", []), []
            for each in waiting:
                if each["until"] > self.town.clock():
                    message = Message(each["id"], account.id, person.id, True, "push", {}, self.town.clock(), "sent", each["topic"])
                    message.number = each["number"]
                    shown += self._show(account, person, own, message, bytes.fromhex(each["body"]))
        return shown

    def _of(self, account: Account, person: Person) -> list[dict[str, Any]]:
        """The subscriptions of a person's browsers to this sender that have not ended."""
        return [own for own in person.data.get("webpush", {}).values() if own["key"] == account.token and not own["gone"]]

    # ── The person ────────────────────────────────────────────────────────

    def address(self, account: Account, person: Person) -> str:
        found = self._of(account, person)
        return found[-1]["id"] if found else ""

    def move_in(self, account: Account, person: Person) -> None:
        if not self._of(account, person):
            self.add(account, person)

    def started(self, account: Account, person: Person) -> bool:
        return bool(self._of(account, person))

    def read(self, account: Account, person: Person) -> None:
        """Look at the notifications; nobody is told."""
        if person.reachable:
            self.come_back(account, person)

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Forbid a site its notifications: its subscription ends for good, and allowing them again gives no new one by itself."""
        super().block(account, person, blocked=blocked)
        if blocked:
            for own in self._of(account, person):
                own["gone"] = True

    def tap(self, account: Account, person: Person, message: Message, choice: str) -> None:
        """Open what a button leads to; nobody is told."""
        if choice not in self.choices(message):
            raise CannotDo("no such button")

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        offered = message.data.get("payload", {}).get("actions", [])
        buttons = [{"title": str(each["title"]), "url": str(each.get("url", ""))} for each in offered]
        return {"text": str(message.data.get("text", "")), "buttons": buttons}

    def choices(self, message: Message) -> list[str]:
        return [str(each["title"]) for each in message.data.get("payload", {}).get("actions", [])]


def signed_claims(token: str, key: str) -> dict[str, Any]:
    """Read a JWT that carries this key's signature (ES256); raise Refusal where it does not."""
    try:
        head, claims, signature = token.split(".")
        raw = unlettered(signature)
        if json.loads(unlettered(head)).get("alg") != "ES256" or len(raw) != 64:
            raise Refusal(403, "not ES256")
        public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unlettered(key))
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
        found = json.loads(unlettered(claims))
    except (ValueError, AttributeError, InvalidSignature):
        raise Refusal(403, "the signature is wrong") from None
    return found if isinstance(found, dict) else {}


def opened(body: bytes, own: bytes, auth: bytes) -> bytes:
    """Decrypt one record for a device: section 3.4 of RFC 8291 over section 2 of RFC 8188. Raises ValueError or InvalidTag."""
    if len(body) < 21 + 65 + 17:
        raise ValueError("too short")
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    sender, record = body[21 : 21 + length], body[21 + length :]
    if length != 65 or size < 18 or len(record) > size:
        raise ValueError("not one record")
    private = ec.derive_private_key(int.from_bytes(own, "big"), CURVE)
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
    mine = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = HKDF(SHA256(), 32, auth, b"WebPush: info\0" + mine + sender).derive(shared)
    key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
    nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
    padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
    if not padded.endswith(b"\2"):
        raise ValueError("not the last record")
    return padded[:-1]


PROVIDER = WebPush
