"""Threema Gateway as its customers see it.

https://gateway.threema.ch/en/developer/api. Not played: sending in bulk.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.limits import Bucket
from buergerdraht.simulator.provider import CannotDo
from buergerdraht.simulator.providers import threema_boxes as boxes
from buergerdraht.simulator.providers.threema_boxes import Unreadable
from buergerdraht.simulator.providers.threema_phone import RECEIPT, TEXT, TEXT_BYTES, ThreemaPhone
from buergerdraht.simulator.town import Account, Message, Person, Town
from buergerdraht.simulator.weather import Weather

BOX_BYTES = 7812
BLOB_BYTES = 20_000_000
CAPABILITIES = "text,image,group,audio,video,file,ballot,call"
PHONE_KEY = bytes.fromhex("85adf8226953f3d96cfd5d09bf29555eb955fcd8aa5ec4f9fcd869e258370723")
Work = Callable[[Account, web.Request], Awaitable[web.Response]]


class Refusal(Exception):
    """Threema answers with a status and nothing that could be read."""

    def __init__(self, status: int, wait: int = 0) -> None:
        super().__init__(status)
        self.status, self.wait = status, wait


class Threema(ThreemaPhone):
    """The provider: accounts of both modes, their credits, blobs and the directory of keys."""

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.weather = Weather(town, delivery.dice, strict=False)
        self.buckets: dict[str, Bucket] = {}

    def account(self, wish: dict[str, Any], number: int) -> Account:
        """`mode`: e2e (with the customer's `public_key`) or basic (the key is the server's own)."""
        identity = wish.get("id", f"*DEMO{number % 1000:03d}")
        secret = wish.get("secret") or wish.get("token") or secrets.token_hex(8)
        data: dict[str, Any] = {"mode": wish.get("mode", "e2e"), "credits": int(wish.get("credits", 10_000))}
        if data["mode"] == "basic":
            data["private"] = boxes.key_of(identity)
        data["public"] = wish.get("public_key") or boxes.public(boxes.key_of(identity))
        return Account(self.kind, identity, wish["name"], secret, secret=secret, data=data)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/send_simple", self._call(self.send_simple)),
            web.post("/send_e2e", self._call(self.send_e2e)),
            web.post("/upload_blob", self._call(self.upload)),
            web.get(r"/blobs/{blob:[0-9a-f]{32}}", self._call(self.download)),
            web.get("/pubkeys/{identity}", self._call(self.pubkey)),
            web.get("/lookup/{by:phone|phone_hash|email|email_hash}/{value}", self._call(self.lookup)),
            web.get("/capabilities/{identity}", self._call(self.capabilities)),
            web.get("/credits", self._call(self.credits)),
        ]

    def _call(self, work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            account = None
            try:
                account = await self._customer(request)
                return await work(account, request)
            except Refusal as refusal:
                if account and refusal.status in {400, 402, 413} and request.path.startswith("/send"):
                    self.town.counts[account.id].refused += 1
                headers = {"Retry-After": str(refusal.wait)} if refusal.wait else {}
                return web.Response(status=refusal.status, headers=headers)

        return handle

    async def _customer(self, request: web.Request) -> Account:
        """Find whose call it is: ID and secret, in the address, or in the form of a message."""
        values: Any = await request.post() if request.path.startswith("/send") else request.query
        account = self.town.accounts.get(str(values.get("from", "")))
        if account is None or account.kind != self.kind or str(values.get("secret", "")) != account.token:
            raise Refusal(401)
        return account

    # ── Sending ───────────────────────────────────────────────────────────

    async def send_simple(self, account: Account, request: web.Request) -> web.Response:
        await self._faults(account)
        form = await request.post()
        text = str(form.get("text", ""))
        if account.data["mode"] != "basic":
            raise Refusal(400)
        person = self._addressed(form)
        if not text:
            raise Refusal(400)
        if len(text.encode()) > TEXT_BYTES:
            raise Refusal(413)
        return self._accept(account, person, (TEXT, text.encode()), request, receipts=True)

    async def send_e2e(self, account: Account, request: web.Request) -> web.Response:
        await self._faults(account)
        form = await request.post()
        if account.data["mode"] != "e2e":
            raise Refusal(400)
        person = self.holder(str(form.get("to", "")))
        nonce, box = str(form.get("nonce", "")).lower(), str(form.get("box", "")).lower()
        if person is None or not re.fullmatch(r"[0-9a-f]{48}", nonce) or not re.fullmatch(r"([0-9a-f]{2})+", box):
            raise Refusal(400)
        if len(box) > 2 * BOX_BYTES:
            raise Refusal(413)
        try:
            content = boxes.disclose(nonce, box, self.private(person), account.data["public"])
        except Unreadable:
            content = (-1, b"")  # the server cannot know: it takes it, and the app will drop it
        return self._accept(account, person, content, request, receipts=form.get("noDeliveryReceipts") != "1")

    def _addressed(self, form: Any) -> Person:
        """Whom a simple message is for, by exactly one of three names."""
        given = {name: str(form[name]) for name in ("to", "phone", "email") if form.get(name)}
        if len(given) != 1:
            raise Refusal(400)
        name, value = next(iter(given.items()))
        person = self.holder(value) if name == "to" else self.town.person_by_phone(value) if name == "phone" else None
        if person is None:
            raise Refusal(400 if name == "to" else 404)
        return person

    def _accept(
        self, account: Account, person: Person, content: tuple[int, bytes], request: web.Request, *, receipts: bool
    ) -> web.Response:
        """Take a message for one credit; what the app makes of it nobody tells."""
        self._spend(account)
        number = secrets.token_hex(8)
        try:
            message = self.arrive(account, person, number, content, receipts=receipts)
        except Unreadable:
            account.data["unreadable"] = account.data.get("unreadable", 0) + 1
            message = None
        if message is None:
            message = Message(f"{account.id}:{number}", account.id, person.id, True, "hidden", {}, self.town.clock(), "sent")
        if content[0] != RECEIPT:
            words = str(message.data.get("text") or message.data.get("caption") or "")
            self.town.accept(message, self.address(account, person), words)
        if self.weather.tear(account) and request.transport:
            request.transport.abort()
        return web.Response(text=number)

    def _spend(self, account: Account) -> None:
        if account.data["credits"] < 1:
            raise Refusal(402)
        account.data["credits"] -= 1

    async def _faults(self, account: Account) -> None:
        match await self.weather.meet(account):
            case "limit", seconds:
                raise Refusal(429, seconds)
            case "broken", _:
                raise Refusal(500)
            case "down", _:
                raise Refusal(503)
        if account.throughput:  # none is documented; where one is set, it is kept
            bucket = self.buckets.get(account.id)
            if bucket is None or bucket.rate != account.throughput:
                bucket = self.buckets[account.id] = Bucket(account.throughput, account.throughput)
            if bucket.take(self.town.clock()):
                self.town.counts[account.id].limited += 1
                raise Refusal(429)

    # ── Blobs ─────────────────────────────────────────────────────────────

    async def upload(self, account: Account, request: web.Request) -> web.Response:
        blob = (await request.post()).get("blob")
        data = blob.file.read() if isinstance(blob, web.FileField) else blob if isinstance(blob, bytes) else b""
        if not data:
            raise Refusal(400)
        if len(data) > BLOB_BYTES:
            raise Refusal(413)
        self._spend(account)
        return web.Response(text=self.keep_blob(account, data, persist=request.query.get("persist") == "1"))

    async def download(self, account: Account, request: web.Request) -> web.Response:
        file = self.town.files.get(request.match_info["blob"])
        if file is None or file.mime != "blob" or file.expires < self.town.clock():
            raise Refusal(404)
        return web.Response(body=file.data, content_type="application/octet-stream")

    # ── The directory ─────────────────────────────────────────────────────

    async def pubkey(self, account: Account, request: web.Request) -> web.Response:
        identity = request.match_info["identity"]
        if (other := self.town.accounts.get(identity)) and other.kind == self.kind:
            return web.Response(text=other.data["public"])
        person = self.holder(identity)
        if person is None:
            raise Refusal(404)
        return web.Response(text=boxes.public(self.private(person)))

    async def lookup(self, account: Account, request: web.Request) -> web.Response:
        by, value = request.match_info["by"], request.match_info["value"]
        for person in self.town.people.values():
            hashed = hmac.new(PHONE_KEY, person.phone.encode(), hashlib.sha256).hexdigest()
            if (by, value) in {("phone", person.phone), ("phone_hash", hashed)}:
                return web.Response(text=self.address(account, person))
        raise Refusal(404)

    async def capabilities(self, account: Account, request: web.Request) -> web.Response:
        if self.holder(request.match_info["identity"]) is None:
            raise Refusal(404)
        return web.Response(text=CAPABILITIES)

    async def credits(self, account: Account, request: web.Request) -> web.Response:
        return web.Response(text=str(account.data["credits"]))

    # ── Behind the curtain ────────────────────────────────────────────────

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """`credits`: {"credits"}; `secret`: {"secret"} a new one; `key`: {"person"} whose key becomes another; `message`: {"person",
        "type", "payload" (hex)} anything an app may send."""
        if what == "credits":
            account.data["credits"] = int(wish["credits"])
        elif what == "secret":
            account.token = account.secret = str(wish["secret"])
        elif what == "key":
            person = self.town.people[wish["person"]]
            self.private(person)
            person.data[self.kind]["key"] = secrets.token_hex(32)
        elif what == "message":
            person = self.town.people[wish["person"]]
            self.carry(account, person, int(wish["type"]), bytes.fromhex(wish["payload"]), secrets.token_hex(8))
        else:
            raise CannotDo(f"Threema has no {what}")
        return {"ok": True}


PROVIDER = Threema
