"""An SMS gateway as German ones are: JSON with a bearer token, reports and inbound messages as webhooks with a word in the address.

No single gateway's documentation, but what they have in common; phones show what a network would bring: words, and how many SMS they were.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote

from aiohttp import web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.limits import Bucket
from buergerdraht.simulator.provider import CannotDo, Provider
from buergerdraht.simulator.town import Account, Message, Person, Town
from buergerdraht.simulator.weather import Weather

RATE = 20.0  # messages a second and account
MOST_PARTS = 10
RETRIES = (1, 5, 30, 60, 300, *[600] * 24)
ASCII = {chr(code) for code in (*range(48, 58), *range(65, 91), *range(97, 123))}
GSM = ASCII | set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà")
TWICE = set("\f^{}\\[~]|€")
SENDER = re.compile(r"\+\d{6,15}|(?=.*[A-Za-z])[A-Za-z0-9 .&-]{1,11}")
FIELDS = {"to", "from", "text", "reference"}


class Refusal(Exception):
    def __init__(self, status: int, code: str, seconds: int = 0) -> None:
        super().__init__(code)
        self.status, self.code, self.seconds = status, code, seconds


def parts(text: str) -> int:
    """Count the SMS of a text, by its units in one go (TS 23.040)."""
    if all(sign in GSM or sign in TWICE for sign in text):
        units = sum(2 if sign in TWICE else 1 for sign in text)
        return 1 if units <= 160 else -(-units // 153)
    units = len(text.encode("utf-16-le")) // 2
    return 1 if units <= 70 else -(-units // 67)


class Sms(Provider):
    kind: ClassVar[str] = "sms"
    title: ClassVar[str] = "SMS"
    colour: ClassVar[str] = "#7a4a00"

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.weather = Weather(town, delivery.dice, strict=False)
        self.buckets: dict[str, Bucket] = {}

    def account(self, wish: dict[str, Any], number: int) -> Account:
        """`number` is the sender's; `data.credit` the money in cents, -1: a contract."""
        sender = wish.get("number", f"+493023125{number % 1000:03d}")
        token = wish.get("token", secrets.token_urlsafe(20))
        return Account("sms", wish.get("id", f"sms{number}"), wish["name"], token, number=sender, data={"credit": wish.get("credit", -1)})

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """`credit`: put money in or take it out, in cents; -1: a contract."""
        if what != "credit":
            raise CannotDo(f"no {what}")
        account.data["credit"] = int(wish["credit"])
        return {"credit": account.data["credit"]}

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/sms-gateway/v1/messages", self.messages), web.get("/sms-gateway/v1/balance", self.balance)]

    def _account(self, request: web.Request) -> Account:
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        account = self.town.account_by_token(token, self.kind) if kind == "Bearer" else None
        if account is None:
            raise Refusal(401, "unauthorized")
        return account

    async def balance(self, request: web.Request) -> web.Response:
        try:
            account = self._account(request)
        except Refusal as refusal:
            return answered({"error": refusal.code}, refusal.status)
        return answered({"balance": account.data.get("credit", -1), "name": account.name})

    async def messages(self, request: web.Request) -> web.StreamResponse:
        account: Account | None = None
        try:
            account = self._account(request)
            await self._befalls(account)
            message = self._take(account, await self._wish(request))
            if self.weather.tear(account):
                if request.transport:
                    request.transport.abort()
                return web.Response()
            return answered({"id": message.id, "status": "accepted", "parts": message.data["parts"]}, 202)
        except Refusal as refusal:
            if account and refusal.status != 429 and refusal.status < 500:
                self.town.counts[account.id].refused += 1
            headers = {"Retry-After": str(refusal.seconds)} if refusal.seconds else None
            return answered({"error": refusal.code}, refusal.status, headers)

    async def _befalls(self, account: Account) -> None:
        match await self.weather.meet(account):
            case "limit", seconds:
                raise Refusal(429, "too_many_requests", seconds or 1)
            case "broken", _:
                raise Refusal(502, "bad_gateway")
            case "down", _:
                raise Refusal(503, "unavailable")
        rate = account.throughput or RATE
        bucket = self.buckets.get(account.id)
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[account.id] = Bucket(rate, rate)
        if missing := bucket.take(self.town.clock()):
            self.town.counts[account.id].limited += 1
            raise Refusal(429, "too_many_requests", max(1, round(missing + 0.5)))

    async def _wish(self, request: web.Request) -> dict[str, Any]:
        try:
            wish = json.loads(await request.read())
        except ValueError:
            raise Refusal(400, "invalid_json") from None
        if request.content_type != "application/json" or not isinstance(wish, dict) or set(wish) - FIELDS:
            raise Refusal(400, "invalid_body")
        if not all(isinstance(value, str) for value in wish.values()):
            raise Refusal(400, "invalid_body")
        return wish

    def _take(self, account: Account, wish: dict[str, str]) -> Message:
        to, text = wish.get("to", ""), wish.get("text", "")
        if not re.fullmatch(r"\+[1-9]\d{6,14}", to):
            raise Refusal(400, "invalid_number")
        if not SENDER.fullmatch(wish.get("from", "")) or (wish["from"].startswith("+") and wish["from"] != account.number):
            raise Refusal(400, "invalid_sender")
        if not text.strip() or "\0" in text:
            raise Refusal(400, "empty_text")
        if len(wish.get("reference", "")) > 64:
            raise Refusal(400, "reference_too_long")
        count, credit = parts(text), int(account.data.get("credit", -1))
        if count > MOST_PARTS:
            raise Refusal(400, "text_too_long")
        if 0 <= credit < count * 8:
            raise Refusal(402, "no_credit")
        person = self.town.person_by_phone(to.removeprefix("+"))
        if person is None:
            raise Refusal(400, "unknown_number")
        if credit >= 0:
            account.data["credit"] = credit - count * 8
        return self._bring(account, person, wish, count)

    def _bring(self, account: Account, person: Person, wish: dict[str, str], count: int) -> Message:
        name = f"sms-{next(self.town.counter)}-{secrets.token_hex(4)}"
        data = {"text": wish["text"], "parts": count, "from": wish["from"]}
        token = wish.get("reference", "")
        message = Message(name, account.id, person.id, True, "text", data, self.town.clock(), "accepted", token=token)
        self.town.accept(message, wish["to"], wish["text"])
        arrives = person.reachable and account.id not in person.blocked
        if arrives:
            self.town.say(message)
        elif person.reachable:
            self.town.remember(message)  # taken by the phone, and put aside there
        self.delivery.spawn(self._reported(account, message, "delivered" if person.reachable else "undelivered"))
        return message

    async def _reported(self, account: Account, message: Message, end: str) -> None:
        steps = ["sent", end] if self.delivery.dice.random() >= account.faults.skip_delivered else ["sent"]
        for step in steps:
            await asyncio.sleep(account.faults.status_delay)
            message.status = "delivered" if step == "delivered" else "sent"
            self.town.tell("status", message=message.id, status=message.status)
            self._tell(account, {"id": message.id, "status": step, "reference": message.token, "time": int(self.town.clock())})

    def _tell(self, account: Account, body: dict[str, Any]) -> None:
        if account.callback:
            self.delivery.carry(account, json.dumps(body).encode(), {"Content-Type": "application/json"}, RETRIES)

    # ── The citizen's side ────────────────────────────────────────────────

    def address(self, account: Account, person: Person) -> str:
        return f"+{person.phone}"

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        name = f"mo-{next(self.town.counter)}-{secrets.token_hex(4)}"
        now = self.town.clock()
        message = self.town.say(Message(name, account.id, person.id, False, "text", {"text": text}, now, "sent"))
        self._tell(account, {"id": name, "from": f"+{person.phone}", "to": account.number, "text": text, "time": int(now)})
        return message

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        account = self.find("number", unquote(link.path)) if link.scheme == "sms" else None
        return None if account is None else (account, parse_qs(link.query).get("body", [""])[0])

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        count = int(message.data.get("parts", 1))
        shown: dict[str, Any] = {"text": str(message.data.get("text", "")), "entities": []}
        return shown | ({"footer": f"{count} SMS"} if count > 1 else {})


PROVIDER = Sms
