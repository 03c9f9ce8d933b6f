"""The Bot API as a bot sees it, and what citizens send back."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from aiohttp import web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.limits import Bucket, Buckets
from buergerdraht.simulator.providers import telegram_rules as rules
from buergerdraht.simulator.providers.telegram_channels import TelegramChannels
from buergerdraht.simulator.providers.telegram_phone import TelegramPhone
from buergerdraht.simulator.providers.telegram_rules import Refusal, bad
from buergerdraht.simulator.town import Account, File, Message, Person, Town
from buergerdraht.simulator.weather import Weather

RATE, CHAT_RATE, CHAT_BURST = 30.0, 1.0, 20.0
UPLOADS = {
    "photo": 10 << 20,
    "video": 50 << 20,
    "audio": 50 << 20,
    "voice": 50 << 20,
    "document": 50 << 20,
    "animation": 50 << 20,
    "sticker": 50 << 20,
}
DOWNLOAD = 20 << 20
MIMES = {
    "photo": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "sticker": "image/webp",
    "animation": "video/mp4",
}
ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
}
SECRET = re.compile(r"^[A-Za-z0-9_-]{1,256}$")


class Telegram(TelegramChannels, TelegramPhone):
    """The provider: its state beside the town's."""

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.buckets: dict[str, Bucket] = {}
        self.chats = Buckets(CHAT_RATE, CHAT_BURST)
        self.callbacks: dict[str, tuple[str, float]] = {}
        self.weather = Weather(town, delivery.dice, strict=True)

    def account(self, wish: dict[str, Any], number: int) -> Account:
        bot = str(wish.get("id", 7_000_000_000 + number))
        token = wish.get("token", f"{bot}:{secrets.token_urlsafe(26)}")
        channels = {name: {"id": -1_001_000_000_000 - number, "title": wish["name"], "posts": True} for name in wish.get("channels", [])}
        data = {"channels": channels} if channels else {}
        return Account("telegram", bot, wish["name"], token, username=wish.get("username", f"bot{number}_bot"), data=data)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", r"/bot{token}/{method}", self.handle),
            web.get(r"/file/bot{token}/{path:.+}", self.download),
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        account = self.town.account_by_token(request.match_info["token"], "telegram")
        method = request.match_info["method"].lower()
        sends = method.startswith("send") and method != "sendchataction"
        try:
            if account is None:
                raise Refusal(401, "Unauthorized")
            work = getattr(self, f"do_{method}", None)
            if work is None:
                raise Refusal(404, "Not Found")
            values = await self._values(request)
            if sends:
                await self._faults(account)
            result = await work(account, values)
            if sends and self.weather.tear(account):
                if request.transport:
                    request.transport.abort()
                return web.Response()
            return answered({"ok": True, "result": result})
        except Refusal as refusal:
            if account and sends and refusal.code != 429 and refusal.code < 500:
                self.town.counts[account.id].refused += 1
            return answered(refusal.body(), refusal.code)

    async def _values(self, request: web.Request) -> dict[str, Any]:
        values: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            try:
                body = json.loads(await request.read() or b"{}")
            except ValueError:
                raise bad("can't parse JSON object") from None
            values.update(body if isinstance(body, dict) else {})
        elif request.can_read_body:
            values.update(await request.post())
        return values

    async def _faults(self, account: Account) -> None:
        match await self.weather.meet(account):
            case "limit", seconds:
                seconds = seconds or 1
                raise Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
            case "broken", _:
                raise Refusal(502, "Bad Gateway")
            case "down", _:
                raise Refusal(503, "Service Unavailable")

    # ── The bot itself ────────────────────────────────────────────────────

    async def do_getme(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return self.me(account) | {"can_join_groups": False, "can_read_all_group_messages": False, "supports_inline_queries": False}

    def me(self, account: Account) -> dict[str, Any]:
        return {"id": int(account.id), "is_bot": True, "first_name": account.name, "username": account.username}

    async def do_setwebhook(self, account: Account, values: dict[str, Any]) -> bool:
        url, secret = str(values.get("url", "")), str(values.get("secret_token", ""))
        if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not SECRET.match(secret):
            raise bad("bad webhook: secret token contains unallowed characters")
        account.callback, account.secret = url, secret
        if "allowed_updates" in values:
            account.allowed_updates = list(rules.decoded(values["allowed_updates"]) or [])
        if values.get("drop_pending_updates") in (True, "true", "True"):
            self.delivery.polled[account.id].clear()
        elif url:
            waiting, self.delivery.polled[account.id] = self.delivery.polled[account.id], []
            for update in waiting:
                self.delivery.spawn(self.delivery._telegram(account, update))
        return True

    async def do_deletewebhook(self, account: Account, values: dict[str, Any]) -> bool:
        account.callback = ""
        return True

    async def do_getwebhookinfo(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": account.callback,
            "has_custom_certificate": False,
            "pending_update_count": self.delivery.carried[account.id] + len(self.delivery.polled[account.id]),
            "max_connections": 40,
        }
        if account.webhook_error:
            info |= {"last_error_date": int(self.town.clock()), "last_error_message": account.webhook_error}
        if account.allowed_updates:
            info["allowed_updates"] = account.allowed_updates
        return info

    async def do_getupdates(self, account: Account, values: dict[str, Any]) -> list[dict[str, Any]]:
        if account.callback:
            raise Refusal(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        waiting = self.delivery.polled[account.id]
        if offset := int(values.get("offset", 0)):
            waiting[:] = [update for update in waiting if update["update_id"] >= offset]
        return waiting[: int(values.get("limit", 100))]

    async def do_setmycommands(self, account: Account, values: dict[str, Any]) -> bool:
        account.commands = rules.decoded(values.get("commands")) or []
        return True

    async def do_getmycommands(self, account: Account, values: dict[str, Any]) -> list[dict[str, Any]]:
        return account.commands

    # ── Sending ───────────────────────────────────────────────────────────

    def _chat(self, account: Account, values: dict[str, Any]) -> Person:
        """Find whom it is for, and whether the bot may."""
        if str(values.get("chat_id", "")).startswith(("@", "-100")):
            return self.channel(account, str(values["chat_id"]))
        try:
            person = self.town.person_by_telegram(int(values.get("chat_id", "")))
        except (TypeError, ValueError):
            raise bad("chat not found") from None
        if person is None or (account.id not in person.started and account.id not in person.blocked):
            raise bad("chat not found")
        if account.id in person.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if not person.reachable:
            raise Refusal(403, "Forbidden: user is deactivated")
        return person

    def _within_limits(self, account: Account, person: Person, amount: int = 1) -> None:
        now = self.town.clock()
        rate = account.throughput or RATE
        bucket = self.buckets.get(account.id)
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[account.id] = Bucket(rate, rate)
        chat_missing, missing = self.chats.take((account.id, person.id), now, amount), bucket.take(now, amount)
        if missing or chat_missing:
            counts = self.town.counts[account.id]
            counts.pair_limited += bool(chat_missing)
            counts.limited += bool(missing)
            missing = max(missing, chat_missing)
            seconds = max(1, round(missing + 0.5))
            raise Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)

    def _say(self, account: Account, person: Person, kind: str, shown: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        markup = rules.check_markup(values.get("reply_markup"))
        reply = rules.decoded(values.get("reply_parameters")) or {}
        number = next(self.town.counter)
        data = {**shown, **({"reply_markup": markup} if markup else {})}
        message = Message(f"{account.id}:{number}", account.id, person.id, True, kind, data, self.town.clock(), "sent", number=number)
        if reply:
            message.data["reply_to"] = int(reply.get("message_id", 0))
        self.town.say(message)
        self.town.accept(message, str(person.telegram_id), str(shown.get("text") or shown.get("caption") or ""))
        return self.as_json(account, person, message)

    async def do_sendmessage(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        person = self._chat(account, values)
        text, entities = rules.check_text(values.get("text"), values.get("parse_mode"), values.get("entities"))
        rules.check_markup(values.get("reply_markup"))
        self._within_limits(account, person)
        return self._say(account, person, "text", {"text": text, "entities": entities}, values)

    async def _send_file(self, account: Account, values: dict[str, Any], kind: str) -> dict[str, Any]:
        person = self._chat(account, values)
        file = self._file(account, values.get(kind), kind, values)
        caption, entities = rules.check_caption(values.get("caption"), values.get("parse_mode"), values.get("caption_entities"))
        rules.check_markup(values.get("reply_markup"))
        self._within_limits(account, person)
        return self._say(account, person, kind, {"file": file.id, "caption": caption, "entities": entities}, values)

    def _file(self, account: Account, given: Any, kind: str, values: dict[str, Any]) -> File:
        if isinstance(given, str) and given.startswith("attach://"):
            given = values.get(given.removeprefix("attach://"))
        if isinstance(given, web.FileField):
            data = given.file.read()
            if len(data) > UPLOADS[kind]:
                raise Refusal(413, "Request Entity Too Large")
            if not data:
                raise bad("file must be non-empty")
            return self.town.add_file(
                account.id, data, given.content_type or MIMES.get(kind, "application/octet-stream"), given.filename or "", days=36500
            )
        file = self.town.files.get(str(given))
        if file is None or file.account != account.id:
            raise bad("wrong file identifier/HTTP URL specified")
        return file

    async def do_sendphoto(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return await self._send_file(account, values, "photo")

    async def do_sendvideo(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return await self._send_file(account, values, "video")

    async def do_sendaudio(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return await self._send_file(account, values, "audio")

    async def do_sendvoice(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return await self._send_file(account, values, "voice")

    async def do_senddocument(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return await self._send_file(account, values, "document")

    async def do_sendanimation(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return await self._send_file(account, values, "animation")

    async def do_sendsticker(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return await self._send_file(account, values, "sticker")

    async def do_sendmediagroup(self, account: Account, values: dict[str, Any]) -> list[dict[str, Any]]:
        person = self._chat(account, values)
        media = rules.decoded(values.get("media"))
        if not isinstance(media, list) or not 2 <= len(media) <= 10:
            raise bad("wrong number of messages in the album: 2 to 10")
        album = str(next(self.town.counter))
        shown = []
        for each in media:
            if each.get("type") not in {"photo", "video", "audio", "document"}:
                raise bad("wrong type of a media in the album")
            file = self._file(account, each.get("media"), each["type"], values)
            caption, entities = rules.check_caption(each.get("caption"), each.get("parse_mode"), each.get("caption_entities"))
            shown.append((each["type"], {"file": file.id, "caption": caption, "entities": entities, "media_group_id": album}))
        self._within_limits(account, person, len(shown))
        return [self._say(account, person, kind, data, {"reply_parameters": values.get("reply_parameters")}) for kind, data in shown]

    async def do_sendlocation(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        return self._place(account, values, {})

    async def do_sendvenue(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        for name in ("title", "address"):
            if not values.get(name):
                raise bad(f"venue {name} must be non-empty")
        return self._place(account, values, {"title": values["title"], "address": values["address"]})

    def _place(self, account: Account, values: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
        person = self._chat(account, values)
        try:
            place = {"latitude": float(values["latitude"]), "longitude": float(values["longitude"])}
        except (KeyError, TypeError, ValueError):
            raise bad("wrong latitude or longitude") from None
        self._within_limits(account, person)
        return self._say(account, person, "venue" if more else "location", {**place, **more}, values)

    async def do_sendcontact(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        person = self._chat(account, values)
        if not values.get("phone_number") or not values.get("first_name"):
            raise bad("phone number and first name must be non-empty")
        self._within_limits(account, person)
        card = {name: values[name] for name in ("phone_number", "first_name", "last_name") if values.get(name)}
        return self._say(account, person, "contact", {"contact": card}, values)

    async def do_sendchataction(self, account: Account, values: dict[str, Any]) -> bool:
        person = self._chat(account, values)
        if values.get("action") not in ACTIONS:
            raise bad("wrong parameter action in request")
        self.town.typing[account.id, person.id] = self.town.clock() + 5
        self.town.tell("chat", account=account.id, person=person.id)
        return True

    # ── Afterwards ────────────────────────────────────────────────────────

    def _message(self, account: Account, person: Person, values: dict[str, Any]) -> Message:
        message = self.town.by_number(account.id, person.id, int(values.get("message_id", 0)))
        if message is None or message.deleted:
            raise bad("message to edit not found")
        return message

    async def do_editmessagetext(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        person = self._chat(account, values)
        message = self._message(account, person, values)
        text, entities = rules.check_text(values.get("text"), values.get("parse_mode"), values.get("entities"))
        markup = rules.check_markup(values.get("reply_markup"))
        if message.data.get("text") == text and message.data.get("reply_markup") == markup:
            raise bad("message is not modified: specified new message content and reply markup are exactly the same")
        message.data.update(text=text, entities=entities, reply_markup=markup)
        message.edited = True
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        return self.as_json(account, person, message)

    async def do_editmessagereplymarkup(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        person = self._chat(account, values)
        message = self._message(account, person, values)
        markup = rules.check_markup(values.get("reply_markup"))
        if message.data.get("reply_markup") == markup:
            raise bad("message is not modified: specified new message content and reply markup are exactly the same")
        message.data["reply_markup"] = markup
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        return self.as_json(account, person, message)

    async def do_deletemessage(self, account: Account, values: dict[str, Any]) -> bool:
        person = self._chat(account, values)
        self._message(account, person, values).deleted = True
        self.town.tell("chat", account=account.id, person=person.id)
        return True

    async def do_answercallbackquery(self, account: Account, values: dict[str, Any]) -> bool:
        person, until = self.callbacks.pop(str(values.get("callback_query_id")), ("", 0.0))
        if not person or until < self.town.clock():
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.town.tell("answered", account=account.id, person=person, text=str(values.get("text", "")))
        return True

    async def do_setmessagereaction(self, account: Account, values: dict[str, Any]) -> bool:
        person = self._chat(account, values)
        message = self._message(account, person, values)
        reaction = rules.decoded(values.get("reaction")) or []
        message.reactions["us"] = reaction[0]["emoji"] if reaction else ""
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        return True

    async def do_getfile(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        file = self.town.files.get(str(values.get("file_id")))
        if file is None or file.account != account.id:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(file.data) > DOWNLOAD:
            raise bad("file is too big")
        return {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_size": len(file.data), "file_path": f"files/{file.id}"}

    async def download(self, request: web.Request) -> web.StreamResponse:
        account = self.town.account_by_token(request.match_info["token"], "telegram")
        file = self.town.files.get(request.match_info["path"].removeprefix("files/"))
        if account is None or file is None or file.account != account.id:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return web.Response(body=file.data, content_type="application/octet-stream")

    # ── As JSON ──────────────────────────────────────────────────────────────

    def chat(self, person: Person) -> dict[str, Any]:
        if person.telegram_id < 0:
            return {"id": person.telegram_id, "type": "channel", "title": person.name, "username": person.username}
        return {
            "id": person.telegram_id,
            "type": "private",
            "first_name": person.name,
            **({"username": person.username} if person.username else {}),
        }

    def user(self, person: Person) -> dict[str, Any]:
        return {"id": person.telegram_id, "is_bot": False, "first_name": person.name, "language_code": person.language} | (
            {"username": person.username} if person.username else {}
        )

    def as_json(self, account: Account, person: Person, message: Message) -> dict[str, Any]:
        data = message.data
        result: dict[str, Any] = {
            "message_id": message.number, "date": int(message.at), "chat": self.chat(person),
        }  # fmt: skip
        if person.telegram_id < 0:  # a channel speaks for itself
            result["sender_chat"] = self.chat(person)
        else:
            result["from"] = self.me(account) if message.ours else self.user(person)
        if message.edited:
            result["edit_date"] = int(self.town.clock())
        if data.get("reply_to") and (target := self.town.by_number(account.id, person.id, data["reply_to"])):
            result["reply_to_message"] = self.as_json(account, person, target)
        for name in ("media_group_id", "reply_markup"):
            if data.get(name):
                result[name] = data[name]
        if "keyboard" in (result.get("reply_markup") or {}):
            result.pop("reply_markup")
        return result | self._body(message.kind, data)

    def _body(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        if kind == "text":
            return {"text": data["text"], **({"entities": data["entities"]} if data.get("entities") else {})}
        if kind == "location":
            return {"location": {name: data[name] for name in ("latitude", "longitude")}}
        if kind == "venue":
            place = {name: data[name] for name in ("latitude", "longitude")}
            return {"venue": {"location": place, "title": data["title"], "address": data["address"]}, "location": place}
        if kind == "contact":
            return {"contact": data["contact"]}
        file = self.town.files[data["file"]]
        about = {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_size": len(file.data)}
        shapes: dict[str, Any] = {
            "photo": [{**about, "width": 800, "height": 600}],
            "video": {**about, "width": 800, "height": 600, "duration": 5, "mime_type": file.mime},
            "animation": {**about, "width": 800, "height": 600, "duration": 5, "mime_type": file.mime},
            "audio": {**about, "duration": 5, "mime_type": file.mime, "file_name": file.name},
            "voice": {**about, "duration": 3, "mime_type": file.mime},
            "document": {**about, "mime_type": file.mime, "file_name": file.name},
            "sticker": {**about, "type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
        }
        more = (
            {"caption": data["caption"], **({"caption_entities": data["entities"]} if data.get("entities") else {})}
            if data.get("caption")
            else {}
        )
        return {kind: shapes[kind], **more}


PROVIDER = Telegram
