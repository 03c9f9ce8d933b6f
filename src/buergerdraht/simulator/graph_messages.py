"""Graph's messages as a Page sees them, and what citizens send back: Messenger and Instagram say only where they differ."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs

from aiohttp import web

from buergerdraht.simulator import graph_rules as rules
from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.fetching import NotFetched, fetched
from buergerdraht.simulator.graph_double import GraphDouble
from buergerdraht.simulator.graph_rules import Refusal, Rules, invalid
from buergerdraht.simulator.limits import Bucket
from buergerdraht.simulator.provider import CannotDo, Thing
from buergerdraht.simulator.town import Account, Message, Person, Town

RATE, MEDIA_RATE = 300.0, 10.0
ATTACHMENT_DAYS = 90
NODE_FIELDS = ("link", "about", "category", "followers_count", "profile_picture_url", "website")  # documented; nothing is said of them
PROFILE_FIELDS = {"get_started", "greeting", "ice_breakers", "persistent_menu", "whitelisted_domains"}


class GraphMessages(GraphDouble):
    rules: ClassVar[Rules]
    object: ClassVar[str]  # as webhooks name it
    link_host: ClassVar[str]
    delivers: ClassVar[bool] = True  # tells of delivery
    profile_fields: ClassVar[frozenset[str]] = frozenset({"name", "first_name", "last_name"})

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.buckets: dict[tuple[str, str], Bucket] = {}

    def routes(self) -> list[web.RouteDef]:
        node = rf"/{self.root}/v{{version:\d+}}.0/{{node}}"
        return [
            web.post(f"{node}/messages", self.guard(self.messages)),
            web.post(f"{node}/message_attachments", self.guard(self.upload)),
            web.get(f"{node}/message_templates", self.guard(self.templates)),
            web.post(f"{node}/messenger_profile", self.guard(self.profile)),
            web.post(f"{node}/subscribed_apps", self.guard(self.subscribe)),
            web.get(f"{node}/subscribed_apps", self.guard(self.subscribed)),
            web.get(node, self.guard(self.node)),
            web.get(f"/{self.root}/_cdn/{{key}}", self.download),
        ]

    def named(self, account: Account) -> str:
        """The id under which webhooks speak of the account."""
        return account.id

    async def node(self, request: web.Request, account: Account) -> web.StreamResponse:
        key = request.match_info["node"]
        if (person := self.town.person_by_name(self.kind, key)) is not None:
            return answered({"id": key, **self._profile(request, account, person)})
        self.own(request, account.id, self.named(account))
        node = {"id": account.id if key == "me" else key, "name": account.name, "username": account.username}
        return answered(self.chosen(request, node, *NODE_FIELDS))

    def _profile(self, request: web.Request, account: Account, person: Person) -> dict[str, str]:
        """What is told of a person: to an app that may ask, of those who wrote and did not block, and only what was asked for."""
        if account.data.get("no_profiles"):
            raise Refusal(403, 10, "Application does not have permission for this action")
        if account.id not in person.last_written or account.id in person.blocked:
            raise Refusal(400, 100, "User consent is required to access user profile.", 2018218)
        first, _space, last = person.name.partition(" ")
        known = {"first_name": first, "last_name": last, "name": person.name, "username": f"{first.lower()}.{person.id}"}
        fields = request.query.get("fields", "").split(",")
        if unknown := set(fields) - self.profile_fields:
            raise invalid(f"Tried accessing nonexisting field ({sorted(unknown)[0]})")
        return {name: known[name] for name in fields if known[name]}

    async def profile(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        wish = await self.values(request, *PROFILE_FIELDS)
        if not wish or not set(wish) <= PROFILE_FIELDS | {"platform"}:
            raise invalid("Unknown messenger profile field")
        if "get_started" in wish and not (wish["get_started"] or {}).get("payload"):
            raise invalid("get_started needs a payload")
        account.data["profile"] = {**account.data.get("profile", {}), **wish}
        return answered({"result": "success"})

    async def templates(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        if not self.rules.templates:
            raise invalid("message_templates does not exist here")
        size, after = int(request.query.get("limit", "25")), int(request.query.get("after", "0"))
        page = account.templates[after : after + size]
        paging: dict[str, Any] = {"cursors": {"before": str(after), "after": str(after + len(page))}}
        if after + size < len(account.templates):
            paging["next"] = str(request.url.update_query(after=str(after + size)))
        return answered({"data": page, "paging": paging})

    # ── Sending ───────────────────────────────────────────────────────────

    async def messages(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        body = await self.values(request, "recipient", "message", "reply_to", "payload")
        if account.data.get("restricted"):
            raise Refusal(403, 10, "This Page is restricted from sending messages.", 1893063)
        person = self._whom(account, body)
        if "sender_action" in body:
            return self._act(account, person, body)
        kind = rules.check_message(self.town, account, self.rules, body.get("message"))
        self._within_limits(account, kind)
        rules.check_time(account, body, self.town.clock() - person.last_written[account.id], self.rules.usual)
        if account.id in person.blocked or not person.reachable:
            raise Refusal(400, 551, "This person isn't available right now.")
        quoted = (body.get("reply_to") or {}).get("mid")
        if quoted is not None and quoted not in self.town.messages:
            raise invalid("reply_to.mid is not a message of this conversation")
        data = {"message": body["message"], "quote": quoted or ""}
        if kind == "template":
            chosen = body["message"]["template"]
            data["definition"] = next(
                each for each in account.templates if (each["name"], each["language"]) == (chosen["name"], chosen["language"]["code"])
            )
        message = Message(self._mid(), account.id, person.id, True, kind, data, self.town.clock(), "sent")
        self.town.say(message)
        self.town.accept(message, str(body["recipient"]["id"]), self._words(message))
        asyncio.get_running_loop().call_later(account.faults.status_delay or 0.05, self._arrived, account, person, message)
        if self.torn(account, request):
            return web.Response()
        return answered({"recipient_id": body["recipient"]["id"], "message_id": message.id})

    def _mid(self) -> str:
        return f"m_{secrets.token_urlsafe(36)}"

    def _whom(self, account: Account, body: dict[str, Any]) -> Person:
        recipient = body.get("recipient")
        if not isinstance(recipient, dict) or not recipient.get("id"):
            raise invalid("The parameter recipient is required")
        person = self.town.person_by_name(self.kind, str(recipient["id"]))
        if person is None or account.id not in person.last_written:
            raise Refusal(400, 100, "No matching user found", 2018001)
        return person

    def _within_limits(self, account: Account, kind: str) -> None:
        """300 calls a second for words, ten for sounds and films."""
        slow = kind in {"audio", "video"}
        rate = MEDIA_RATE if slow else account.throughput or RATE
        bucket = self.buckets.get((account.id, str(slow)))
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[account.id, str(slow)] = Bucket(rate, rate)
        if bucket.take(self.town.clock()):
            self.town.counts[account.id].limited += 1
            raise Refusal(400, 613, "Calls to this api have exceeded the rate limit.")

    def _act(self, account: Account, person: Person, body: dict[str, Any]) -> web.StreamResponse:
        action, payload = body["sender_action"], body.get("payload") or {}
        if action in {"react", "unreact"}:
            target = self.town.messages.get(str(payload.get("message_id")))
            if target is None or target.account != account.id or target.person != person.id:
                raise invalid("message_id is not a message of this conversation")
            emoji = str(payload.get("reaction", "")) if action == "react" else ""
            if action == "react" and (not emoji or (self.rules.reactions and emoji not in self.rules.reactions)):
                raise invalid("reaction is not supported")
            target.reactions["us"] = {"love": "❤️"}.get(emoji, emoji)
            self.town.tell("message", account=account.id, person=person.id, message=target.id)
        elif action == "mark_seen":
            for key in self.town.chats[account.id, person.id]:
                if not self.town.messages[key].ours:
                    self.town.messages[key].status = "read"
        elif action == "typing_on":
            self.town.typing[account.id, person.id] = self.town.clock() + 20
        elif action != "typing_off":
            raise invalid("sender_action is not valid")
        self.town.tell("chat", account=account.id, person=person.id)
        return answered({"recipient_id": body["recipient"]["id"]})

    def _arrived(self, account: Account, person: Person, message: Message) -> None:
        """Let a message reach the phone, and tell its owner: an echo, and where it is so that it arrived."""
        echo = {"mid": message.id, "is_echo": True, "app_id": int(account.data["app_id"]), "text": self._words(message)}
        self._messaging(account, "message_echoes", {"message": echo}, person, ours=True)
        if not self.delivers:
            return
        if self.delivery.dice.random() >= account.faults.skip_delivered:
            now = round(self.town.clock() * 1000)
            names = {} if account.data.get("bare_receipts") else {"mids": [message.id]}
            self._messaging(account, "message_deliveries", {"delivery": {**names, "watermark": now}}, person)
        if message.status == "sent":
            message.status = "delivered"
            self.town.tell("message", account=account.id, person=person.id, message=message.id)

    # ── Files ─────────────────────────────────────────────────────────────

    async def upload(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        form = await self.values(request, "message")
        if self.kind == "instagram" and form.get("platform") != "instagram":
            raise invalid("platform must be instagram")
        try:
            part, payload = form["message"]["attachment"], form["message"]["attachment"]["payload"]
            kind, reusable = str(part["type"]), payload.get("is_reusable")
        except (AttributeError, KeyError, TypeError):
            raise invalid("param message must be a JSON object with an attachment") from None
        if str(reusable).lower() != "true":
            raise invalid("is_reusable is required")
        data, mime, name = await self._brought(form.get("filedata"), str(payload.get("url", "")))
        rules.check_upload(self.rules, kind, mime.split(";")[0], len(data))
        kept = self.town.add_file(account.id, data, mime, name, days=ATTACHMENT_DAYS)
        account.data.setdefault("attachments", {})[kept.id] = kind
        return answered({"attachment_id": kept.id})

    async def _brought(self, file: Any, url: str) -> tuple[bytes, str, str]:
        """Take a file from the call, or fetch it from where the call says it lies."""
        if isinstance(file, web.FileField):
            return file.file.read(), file.content_type, file.filename or ""
        if not url.startswith(("http://", "https://")):
            raise invalid("filedata or a url is required")
        try:
            data, mime = await fetched(url)
        except NotFetched:
            raise Refusal(400, 100, "Failed to fetch the file from the url", 2018008) from None
        return data, mime, url.rpartition("/")[2]

    async def download(self, request: web.Request) -> web.StreamResponse:
        file = self.town.files.get(request.match_info["key"])
        if file is None or file.expires < self.town.clock():
            return web.Response(status=403)
        return web.Response(body=file.data, headers={"Content-Type": file.mime})

    # ── What citizens do ──────────────────────────────────────────────────

    def address(self, account: Account, person: Person) -> str:
        return self.town.identify(person, self.kind, f"{7_000_000_000_000_000 + next(self.town.counter)}")

    def move_in(self, account: Account, person: Person) -> None:
        self.address(account, person)
        person.last_written[account.id] = self.town.clock()

    def started(self, account: Account, person: Person) -> bool:
        return account.id in person.last_written

    def _messaging(self, account: Account, field: str, event: dict[str, Any], person: Person, *, ours: bool = False) -> None:
        them, us = {"id": self.address(account, person)}, {"id": self.named(account)}
        ends = {"sender": us, "recipient": them} if ours else {"sender": them, "recipient": us}
        one = {**ends, "timestamp": round(self.town.clock() * 1000), **event}
        self.tell_owner(account, field, {"id": self.named(account), "messaging": [one]}, object_=self.object)

    def _says(self, account: Account, person: Person, kind: str, part: dict[str, Any], **data: Any) -> Message:
        """A person writes: it opens the window and becomes a webhook."""
        if account.id in person.blocked:
            raise CannotDo("who blocked a Page cannot write to it")
        message = Message(self._mid(), account.id, person.id, False, kind, data, self.town.clock(), "sent")
        person.last_written[account.id] = self.town.clock()
        self.town.say(message)
        led = person.data.get(self.kind, {}).pop("led_here", {})
        self._messaging(account, "messages", {"message": {"mid": message.id, **part, **led}}, person)
        return message

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        part = {"text": text, **({"reply_to": {"mid": quote}} if quote else {})}
        return self._says(account, person, "text", part, message={"text": text}, quote=quote)

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        """Files carry no words: what is written with one follows as a message of its own."""
        file = self.town.add_file(account.id, thing.data, thing.mime, thing.name, days=7)
        kind = {"photo": "image", "voice": "audio", "document": "file"}.get(thing.kind, thing.kind)
        port = account.data.get("origin", "")
        payload: dict[str, Any] = {"url": f"{port}/{self.root}/_cdn/{file.id}"}
        if kind == "sticker":
            payload["sticker_id"] = 369239263222822
        part = {"attachments": [{"type": kind, "payload": payload}]}
        sent = self._says(account, person, kind, part, file=file.id)
        return self.write(account, person, thing.caption) if thing.caption else sent

    def tap(self, account: Account, person: Person, message: Message, choice: str) -> None:
        said = message.data.get("message") or {}
        for reply in said.get("quick_replies") or []:
            if choice in {reply["payload"], reply["title"]}:
                part = {"text": reply["title"], "quick_reply": {"payload": reply["payload"]}}
                self._says(account, person, "text", part, message={"text": reply["title"]})
                return
        for button in self._buttons(message):
            if button["type"] == "postback" and choice in {button["payload"], button["title"]}:
                self._pressed(account, person, button["title"], button["payload"])
                return
        raise CannotDo("no such button")

    def _pressed(self, account: Account, person: Person, title: str, payload: str, **more: Any) -> None:
        message = Message(self._mid(), account.id, person.id, False, "text", {"message": {"text": title}}, self.town.clock(), "sent")
        person.last_written[account.id] = self.town.clock()
        self.town.say(message)
        postback = {"title": title, "payload": payload, "mid": message.id, **more}
        self._messaging(account, "messaging_postbacks", {"postback": postback}, person)

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        message.reactions["them"] = emoji
        kept = {"reaction": "other", "emoji": emoji, "action": "react"} if emoji else {"action": "unreact"}
        person.last_written[account.id] = self.town.clock()
        self._messaging(account, "message_reactions", {"reaction": {**kept, "mid": message.id}}, person)
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def read(self, account: Account, person: Person) -> None:
        seen = [self.town.messages[key] for key in self.town.chats[account.id, person.id]]
        fresh = [message for message in seen if message.ours and message.status in {"sent", "delivered"}]
        for message in fresh:
            message.status = "read" if person.reads else "seen"
            self.town.tell("message", account=account.id, person=person.id, message=message.id)
        if fresh and person.reads:
            self._tell_read(account, person, fresh[-1])

    def _tell_read(self, account: Account, person: Person, newest: Message) -> None:
        raise NotImplementedError

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        """A link to a chat: who is known brings its word at once, who is new with "Los geht's" or the first message."""
        if link.hostname != self.link_host:
            return None
        name = link.path.strip("/").removeprefix("m/").lower()
        account = next((each for each in self._accounts() if name in {each.username.lower(), each.id}), None)
        if account is None:
            raise CannotDo("no Page has this name")
        query = parse_qs(link.query)
        ref, words = query.get("ref", [""])[0], query.get("text", [""])[0]
        referral = {"referral": {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}} if ref else {}
        started = account.data.get("profile", {}).get("get_started")
        if account.id not in person.last_written and started:
            self._pressed(account, person, "Los geht's", started["payload"], **referral)
        elif referral and account.id not in person.last_written:
            person.data.setdefault(self.kind, {})["led_here"] = referral  # comes with their first message
        elif referral:
            person.last_written[account.id] = self.town.clock()
            self._messaging(account, self.referral_field, referral, person)
        return account, words

    referral_field: ClassVar[str] = "messaging_referrals"

    def _accounts(self) -> list[Account]:
        return [each for each in self.town.accounts.values() if each.kind == self.kind]

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """`echo`: somebody of the Page answers a person in Meta's own inbox. `policy`: Meta warns or blocks the Page."""
        if what == "echo":
            person = self.town.people[wish["person"]]
            data = {"message": {"text": wish["text"]}}
            message = self.town.say(Message(self._mid(), account.id, person.id, True, "text", data, self.town.clock(), "sent"))
            echo = {"mid": message.id, "is_echo": True, "text": wish["text"], "app_id": 263902037430900}
            self._messaging(account, "message_echoes", {"message": echo}, person, ours=True)
            return {"id": message.id}
        if what == "policy":
            now, said = round(self.town.clock() * 1000), {"action": wish["action"], "reason": wish.get("reason", "")}
            one = {"recipient": {"id": self.named(account)}, "timestamp": now, "policy-enforcement": said}
            entry = {"id": self.named(account), "messaging": [one]}
            self.tell_owner(account, "messaging_policy_enforcement", entry, object_=self.object)
            return {"ok": True}
        return await super().change(account, what, wish)

    # ── What it shows ─────────────────────────────────────────────────────

    def _buttons(self, message: Message) -> list[dict[str, Any]]:
        payload = ((message.data.get("message") or {}).get("attachment") or {}).get("payload") or {}
        found = [*payload.get("buttons", []), *(one for each in payload.get("elements", []) for one in each.get("buttons") or [])]
        for component in (message.data.get("definition") or {}).get("components", []):
            for button in component.get("buttons", []) if component["type"] == "BUTTONS" else []:
                if button["type"] == "QUICK_REPLY":
                    found.append({"type": "postback", "title": button["text"], "payload": button["text"]})
        return found

    def choices(self, message: Message) -> list[str]:
        replies = [each["title"] for each in (message.data.get("message") or {}).get("quick_replies") or []]
        return replies + [each["title"] for each in self._buttons(message) if each["type"] == "postback"]

    def _words(self, message: Message) -> str:
        said = message.data.get("message") or {}
        payload = (said.get("attachment") or {}).get("payload") or {}
        if message.kind == "template":
            return self._filled(message)
        return str(said.get("text") or payload.get("text") or (payload.get("elements") or [{}])[0].get("title") or "")

    def _filled(self, message: Message) -> str:
        given = {
            str(each.get("type", "")).lower(): each.get("parameters") or []
            for each in message.data["message"]["template"].get("components") or []
        }
        lines = []
        for component in message.data["definition"]["components"]:
            text = component.get("text", "")
            for number, parameter in enumerate(given.get(component["type"].lower(), []), 1):
                text = text.replace("{{" + (parameter.get("parameter_name") or str(number)) + "}}", str(parameter.get("text", "")))
            lines.append(text)
        return "\n".join(line for line in lines if line)

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        shown: dict[str, Any] = {"text": self._words(message), "entities": [], "quote": message.data.get("quote") or None}
        said = message.data.get("message") or {}
        files = [said["attachment"]] if message.kind in rules.SIZES and message.ours else said.get("attachments") or []
        names = [str((each.get("payload") or {}).get("attachment_id", "")) for each in files] or [message.data.get("file", "")]
        if names[0]:
            kind = "image" if message.kind == "images" else {"file": "document"}.get(message.kind, message.kind)
            shown |= self.media(names[0], kind)
        buttons = [{"id": each["payload"], "title": each["title"]} for each in said.get("quick_replies") or []]
        shown["buttons"] = buttons + [
            {"id": each.get("payload", ""), "title": each["title"], "url": each.get("url", "")} for each in self._buttons(message)
        ]
        return shown
