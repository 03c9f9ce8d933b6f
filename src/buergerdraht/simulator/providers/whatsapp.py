"""The Cloud API as a business sees it: sending, media, templates, the number's node; and what citizens send back."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from typing import Any

from aiohttp import web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.delivery import Delivery, metadata
from buergerdraht.simulator.limits import Bucket, Buckets
from buergerdraht.simulator.providers import whatsapp_rules as rules
from buergerdraht.simulator.providers.whatsapp_phone import WhatsAppPhone
from buergerdraht.simulator.providers.whatsapp_rules import Refusal
from buergerdraht.simulator.town import Account, Message, Person, Town
from buergerdraht.simulator.weather import Weather

THROUGHPUT = 80.0
PAIR_RATE, PAIR_BURST = 1 / 6, 45
URL_LIFE = 300


class WhatsApp(WhatsAppPhone):
    """The provider: its state beside the town's."""

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.buckets: dict[str, Bucket] = {}
        self.pairs = Buckets(PAIR_RATE, PAIR_BURST)
        self.urls: dict[str, tuple[str, float]] = {}
        self.weather = Weather(town, delivery.dice, strict=False)

    def account(self, wish: dict[str, Any], number: int) -> Account:
        made = Account(
            "whatsapp", str(wish.get("id", 100000000 + number)), wish["name"], wish.get("token", secrets.token_urlsafe(24)),
            wish.get("secret", secrets.token_hex(16)), number=wish.get("number", f"49302312{number}"),
            waba_id=str(wish.get("waba_id", 200000000 + number)), verify_token=wish.get("verify_token", ""),
        )  # fmt: skip
        made.templates = [
            make_template(next(self.town.counter), each, each.get("status", "APPROVED")) for each in wish.get("templates", [])
        ]
        return made

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """`templates`: approve, pause or add one; its owner hears of it. `events`: send an account event as it stands."""
        if what == "templates":
            return self._change_template(account, wish)
        if what != "events":
            return await super().change(account, what, wish)
        value = {**metadata(account), **wish["value"]} if wish["field"] == "messages" else wish["value"]
        self.delivery.whatsapp(account, value, change=wish["field"])
        return {"ok": True}

    def _change_template(self, account: Account, wish: dict[str, Any]) -> dict[str, Any]:
        found = next((each for each in account.templates if each["name"] == wish["name"] and each["language"] == wish["language"]), None)
        if found is None:
            found = make_template(next(self.town.counter), wish, wish.get("status", "APPROVED"))
            account.templates.append(found)
        found["status"] = wish.get("status", found["status"])
        event = {
            "event": found["status"], "message_template_id": int(found["id"]), "message_template_name": found["name"],
            "message_template_language": found["language"], "message_template_category": found["category"], "reason": "NONE",
        }  # fmt: skip
        self.delivery.whatsapp(account, event, change="message_template_status_update")
        return found

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(r"/v{version:\d+}.0/{number}/messages", self.guard(self.messages)),
            web.post(r"/v{version:\d+}.0/{number}/marketing_messages", self.guard(self.messages)),
            web.post(r"/v{version:\d+}.0/{number}/media", self.guard(self.upload)),
            web.get(r"/v{version:\d+}.0/{number}/message_templates", self.guard(self.templates)),
            web.post(r"/v{version:\d+}.0/{number}/message_templates", self.guard(self.create_template)),
            web.post(r"/v{version:\d+}.0/{number}/subscribed_apps", self.guard(self.subscribe)),
            web.get(r"/v{version:\d+}.0/{number}/subscribed_apps", self.guard(self.subscribed)),
            web.get(r"/v{version:\d+}.0/{number}", self.guard(self.node)),
            web.delete(r"/v{version:\d+}.0/{number}", self.guard(self.delete_media)),
            web.get("/_lookaside/{key}", self.guard(self.download)),
        ]

    # ── Who asks, and what is wrong today ─────────────────────────────────

    def guard(self, work: Any) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                account = self._who(request)
            except Refusal as refusal:
                return answered(refusal.body(), refusal.status)
            try:
                await self._faults(account, request)
                answer: web.StreamResponse = await work(request, account)
                return answer
            except Refusal as refusal:
                if refusal.status != 429 and refusal.status < 500:
                    self.town.counts[account.id].refused += 1
                wait = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
                return answered(refusal.body(), refusal.status, wait)

        return handle

    def _who(self, request: web.Request) -> Account:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        account = self.town.account_by_token(token.strip(), "whatsapp") if scheme == "Bearer" and token else None
        if account is None:
            raise Refusal(401, 190, "Invalid OAuth access token")
        return account

    async def _faults(self, account: Account, request: web.Request) -> None:
        if request.method != "POST" or not request.path.endswith("messages"):
            if account.faults.latency:
                await asyncio.sleep(account.faults.latency)
            return
        match await self.weather.meet(account):
            case "limit", seconds:
                raise Refusal(429, 130429, "Rate limit hit", "Cloud API message throughput has been reached.", retry_after=seconds)
            case "broken", _:
                raise Refusal(500, 131000, "Something went wrong")
            case "down", _:
                raise Refusal(503, 131016, "Service unavailable")

    # ── Sending ───────────────────────────────────────────────────────────

    async def messages(self, request: web.Request, account: Account) -> web.StreamResponse:
        self._own(request, account)
        try:
            body = json.loads(await request.read())
        except ValueError:
            raise rules.invalid("The body is not JSON.") from None
        if isinstance(body, dict) and body.get("status") == "read":
            return self._read_mark(account, body)
        kind = rules.check(self.town, account, body)
        person = self._whom(body)
        self._within_limits(account, person, body)
        self._may(account, person, kind)
        message = self._accept(account, person, kind, body)
        if self.weather.tear(account):
            if request.transport:
                request.transport.abort()
            return web.Response()
        contact = {"input": body.get("to") or body.get("recipient")}
        contact.update({"wa_id": person.phone} if body.get("to") else {"user_id": person.user_id})
        sent = {"id": message.id, **({"message_status": "accepted"} if kind == "template" else {})}
        return answered({"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]})

    def _own(self, request: web.Request, account: Account) -> None:
        if request.match_info["number"] != account.id:
            raise Refusal(400, 33, "Object does not exist, cannot be loaded due to missing permissions")

    def _whom(self, body: dict[str, Any]) -> Person:
        if body.get("to"):
            to = str(body["to"])
            digits = to.removeprefix("+").replace(" ", "")
            if not digits.isdigit() or len(digits) < 5:
                raise rules.invalid("to is not a phone number.")
            person = self.town.person_by_phone(digits)
        elif body.get("recipient"):
            person = self.town.person_by_user_id(str(body["recipient"]))
        else:
            raise rules.missing("to or recipient")
        if person is None:  # a number nobody has: accepted nowhere
            raise Refusal(400, 131026, "Message undeliverable", "The number is not on WhatsApp.")
        return person

    def _within_limits(self, account: Account, person: Person, body: dict[str, Any]) -> None:
        now = self.town.clock()
        if self.bucket(account).take(now):
            self.town.counts[account.id].limited += 1
            raise Refusal(429, 130429, "Rate limit hit", "Cloud API message throughput has been reached.")
        if self.pairs.take((account.id, person.id), now):
            self.town.counts[account.id].pair_limited += 1
            raise Refusal(429, 131056, "(Business Account, Consumer Account) pair rate limit hit", "Too many messages to this person.")

    def bucket(self, account: Account) -> Bucket:
        rate = account.throughput or THROUGHPUT
        bucket = self.buckets.get(account.id)
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[account.id] = Bucket(rate, rate)
        return bucket

    def _may(self, account: Account, person: Person, kind: str) -> None:
        written = person.last_written.get(account.id, 0)
        if kind not in {"template", "reaction"} and self.town.clock() - written > rules.WINDOW_SECONDS:
            raise Refusal(429, 131047, "Re-engagement message", "More than 24 hours have passed since the person last wrote.")

    def _accept(self, account: Account, person: Person, kind: str, body: dict[str, Any]) -> Message:
        if kind == "template" and account.id in person.stopped_marketing and self._category(account, body) == "MARKETING":
            raise Refusal(400, 131050, "User has stopped receiving marketing messages", "The person stopped marketing messages.")
        message = Message(
            f"wamid.{secrets.token_urlsafe(24)}", account.id, person.id, True, kind, self._kept(account, kind, body), self.town.clock(),
            token=str(body.get("biz_opaque_callback_data", "")),
        )  # fmt: skip
        if kind == "reaction":
            target = self.town.messages.get(body["reaction"]["message_id"])
            if target:
                target.reactions["us"] = body["reaction"]["emoji"]
                self.town.tell("message", account=account.id, person=person.id, message=target.id)
            self.town.remember(message)
        else:
            self.town.say(message)
            self.town.accept(message, str(body.get("to") or body.get("recipient")), words_of(body, kind))
        self._later(account, self._arrive, account, person, message)
        return message

    def _kept(self, account: Account, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        data = {kind: body[kind], "context": body.get("context")}
        if kind == "template":
            data["template_definition"] = next(
                each for each in account.templates
                if each["name"] == body[kind]["name"] and each["language"] == body[kind]["language"]["code"]
            )  # fmt: skip
        return data

    def _category(self, account: Account, body: dict[str, Any]) -> str:
        chosen = body["template"]
        found = next(
            each for each in account.templates if each["name"] == chosen["name"] and each["language"] == chosen["language"]["code"]
        )
        return str(found["category"])

    def _later(self, account: Account, then: Any, *values: Any) -> None:
        asyncio.get_running_loop().call_later(account.faults.status_delay or 0.05, then, *values)

    def _arrive(self, account: Account, person: Person, message: Message) -> None:
        """Let a message reach the phone, and tell its owner."""
        if not person.reachable or account.id in person.blocked:
            error = {
                "code": 131026, "title": "Message undeliverable", "message": "Message undeliverable",
                "error_data": {"details": "Message Undeliverable."},
            }  # fmt: skip
            self._status(account, person, message, "failed", errors=[error])
            return
        self._status(account, person, message, "sent", pricing=self._price(account, message))
        if message.kind != "reaction":
            self._later(account, self._delivered, account, person, message)

    def _delivered(self, account: Account, person: Person, message: Message) -> None:
        if self.delivery.dice.random() >= account.faults.skip_delivered:
            self._status(account, person, message, "delivered", pricing=self._price(account, message))
        else:
            message.status = "delivered"

    def _price(self, account: Account, message: Message) -> dict[str, Any]:
        category = message.data["template_definition"]["category"].lower() if message.kind == "template" else "service"
        return {"billable": True, "pricing_model": "PMP", "type": "regular", "category": category}

    def read(self, account: Account, person: Person) -> None:
        for key in self.town.chats[account.id, person.id]:
            message = self.town.messages[key]
            if message.ours and message.status in {"sent", "delivered"}:
                if person.reads:
                    self._status(account, person, message, "read")
                else:
                    message.status = "seen"

    def _status(self, account: Account, person: Person, message: Message, status: str, **more: Any) -> None:
        order = ["", "sent", "delivered", "read", "failed"]
        if order.index(status) > order.index(message.status if message.status in order else ""):
            message.status = status
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        value: dict[str, Any] = {"id": message.id, "status": status, "timestamp": str(int(self.town.clock())), **more}
        if not person.hidden:
            value["recipient_id"] = person.phone
        value["recipient_user_id"] = person.user_id
        if message.token:
            value["biz_opaque_callback_data"] = message.token
        self.delivery.status(account, value)

    def _read_mark(self, account: Account, body: dict[str, Any]) -> web.Response:
        message = self.town.messages.get(str(body.get("message_id")))
        if message is None or message.ours or message.account != account.id:
            raise rules.invalid("message_id is not a message to this number.")
        for key in self.town.chats[account.id, message.person]:
            if not self.town.messages[key].ours:
                self.town.messages[key].status = "read"
        if body.get("typing_indicator"):
            self.town.typing[account.id, message.person] = self.town.clock() + 25
        self.town.tell("chat", account=account.id, person=message.person)
        return web.json_response({"success": True})

    # ── Media ─────────────────────────────────────────────────────────────

    async def upload(self, request: web.Request, account: Account) -> web.StreamResponse:
        self._own(request, account)
        form = await request.post()
        part, mime = form.get("file"), str(form.get("type", ""))
        if form.get("messaging_product") != "whatsapp" or not isinstance(part, web.FileField):
            raise rules.missing("messaging_product, type and file")
        data = part.file.read()
        plain = mime.split(";")[0]
        largest = max((size for mimes, size in rules.MEDIA.values() if plain in mimes), default=0)
        if not largest or len(data) > largest:
            raise Refusal(400, 131053, "Media upload error", f"{mime or 'no type'} of {len(data)} bytes is not accepted.")
        return web.json_response({"id": self.town.add_file(account.id, data, mime, part.filename or "").id})

    async def node(self, request: web.Request, account: Account) -> web.StreamResponse:
        """Answer for the number, the business account, or a file: whatever has this id."""
        key = request.match_info["number"]
        if key == account.id:
            return web.json_response({
                "id": account.id, "display_phone_number": f"+{account.number}", "verified_name": account.name,
                "quality_rating": account.quality, "code_verification_status": "VERIFIED", "platform_type": "CLOUD_API",
                "throughput": {"level": "STANDARD"}, "status": "CONNECTED", "name_status": "APPROVED",
                "whatsapp_business_manager_messaging_limit": "TIER_100K", "messaging_limit_tier": "TIER_100K",
            })  # fmt: skip
        if key == account.waba_id:
            return web.json_response({"id": account.waba_id, "name": account.name, "currency": "EUR", "timezone_id": "1"})
        file = self.town.files.get(key)
        if file is None or file.account != account.id or file.expires < self.town.clock():
            raise Refusal(400, 100, "Unsupported get request. Object does not exist")
        link = secrets.token_urlsafe(16)
        self.urls[link] = (file.id, self.town.clock() + URL_LIFE)
        return web.json_response({
            "messaging_product": "whatsapp", "url": f"{request.url.origin()}/_lookaside/{link}", "mime_type": file.mime,
            "sha256": hashlib.sha256(file.data).hexdigest(), "file_size": str(len(file.data)), "id": file.id,
        })  # fmt: skip

    async def download(self, request: web.Request, account: Account) -> web.StreamResponse:
        file_id, until = self.urls.get(request.match_info["key"], ("", 0))
        file = self.town.files.get(file_id)
        if file is None or until < self.town.clock() or file.account != account.id:
            return web.Response(status=404)
        return web.Response(body=file.data, headers={"Content-Type": file.mime})

    async def delete_media(self, request: web.Request, account: Account) -> web.StreamResponse:
        if self.town.files.pop(request.match_info["number"], None) is None:
            raise Refusal(400, 100, "Unsupported delete request. Object does not exist")
        return web.json_response({"success": True})

    # ── Templates, subscription ───────────────────────────────────────────

    async def templates(self, request: web.Request, account: Account) -> web.StreamResponse:
        self._waba(request, account)
        size, after = int(request.query.get("limit", "25")), int(request.query.get("after", "0"))
        page = account.templates[after : after + size]
        paging: dict[str, Any] = {"cursors": {"before": str(after), "after": str(after + len(page))}}
        if after + size < len(account.templates):
            paging["next"] = str(request.url.update_query(after=str(after + size)))
        return web.json_response({"data": page, "paging": paging})

    async def create_template(self, request: web.Request, account: Account) -> web.StreamResponse:
        self._waba(request, account)
        body = await request.json()
        template = make_template(next(self.town.counter), body, "PENDING")
        account.templates.append(template)
        return web.json_response({"id": template["id"], "status": "PENDING", "category": template["category"]})

    async def subscribe(self, request: web.Request, account: Account) -> web.StreamResponse:
        self._waba(request, account)
        return web.json_response({"success": True})

    async def subscribed(self, request: web.Request, account: Account) -> web.StreamResponse:
        self._waba(request, account)
        app = {"whatsapp_business_api_data": {"id": "1", "name": account.name}}
        return web.json_response({"data": [app] if account.callback else []})

    def _waba(self, request: web.Request, account: Account) -> None:
        if request.match_info["number"] != account.waba_id:
            raise Refusal(400, 100, "Unsupported request. Object does not exist")

    # ── What citizens do ──────────────────────────────────────────────────

    def receive(self, account: Account, person: Person, kind: str, data: Any, **more: Any) -> Message:
        """A person sends something: it opens the window and becomes a webhook. `more`: context, referral."""
        now = self.town.clock()
        message = Message(f"wamid.{secrets.token_urlsafe(24)}", account.id, person.id, False, kind, {kind: data, **more}, now, "sent")
        person.last_written[account.id] = now
        self.bucket(account).take(now)
        if kind not in {"reaction", "edit", "revoke", "system"}:
            self.town.say(message)
        value = {
            **self.head(account, person),
            "messages": [{**self.who(person), "id": message.id, "timestamp": str(int(now)), "type": kind, kind: data, **more}],
        }
        if kind == "system":
            value.pop("contacts")
        self.delivery.whatsapp(account, value)
        return message

    def who(self, person: Person) -> dict[str, Any]:
        return {"from_user_id": person.user_id, **({} if person.hidden else {"from": person.phone})}

    def head(self, account: Account, person: Person) -> dict[str, Any]:
        contact: dict[str, Any] = {"profile": {"name": person.name}, "user_id": person.user_id}
        if person.username:
            contact["profile"]["username"] = f"@{person.username}"
        if not person.hidden:
            contact["wa_id"] = person.phone
        return {**metadata(account), "contacts": [contact]}

    def prefer(self, account: Account, person: Person, value: str) -> None:
        """The person presses the messenger's own stop or resume for marketing."""
        if value == "stop":
            person.stopped_marketing.append(account.id)
        else:
            person.stopped_marketing = [each for each in person.stopped_marketing if each != account.id]
        preference = {
            "user_id": person.user_id, "category": "marketing_messages", "value": value, "detail": "User requested to " + value,
            "timestamp": int(self.town.clock()), **({} if person.hidden else {"wa_id": person.phone}),
        }  # fmt: skip
        self.delivery.whatsapp(account, {**self.head(account, person), "user_preferences": [preference]}, change="user_preferences")


def words_of(body: dict[str, Any], kind: str) -> str:
    """Give the first words of a message, or its template's name, for the journal."""
    part = body[kind]
    if kind == "interactive":
        part = part.get("body") or {}
    return str(part.get("body") or part.get("name") or part.get("text") or part.get("caption") or "") if isinstance(part, dict) else ""


def make_template(number: int, body: dict[str, Any], status: str) -> dict[str, Any]:
    components = [{**each, "type": str(each["type"]).upper()} for each in body["components"]]
    return {
        "id": str(number), "name": body["name"], "language": body["language"], "category": body["category"], "status": status,
        "parameter_format": str(body.get("parameter_format", "POSITIONAL")).upper(), "components": components,
        "quality_score": {"score": "GREEN"},
    }  # fmt: skip


PROVIDER = WhatsApp
