"""A Mastodon server as an account's application sees it, and what people answer there in public.

https://docs.joinmastodon.org/methods/statuses/, /methods/media/, /methods/notifications/, /api/rate-limits/
"""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import SplitResult

from aiohttp import web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.limits import Buckets
from buergerdraht.simulator.provider import CannotDo, Provider, Thing
from buergerdraht.simulator.providers.mastodon_rules import (
    ALT,
    CALLS,
    CALLS_SECONDS,
    CHARACTERS,
    FILES,
    KEY_SECONDS,
    LANGUAGE,
    MEDIA,
    MEDIA_SECONDS,
    MENTION,
    SIZES,
    TYPES,
    URL_CHARACTERS,
    VISIBILITIES,
    Refusal,
    Status,
    as_html,
    invalid,
    iso,
    length,
)
from buergerdraht.simulator.town import Account, File, Message, Person, Town
from buergerdraht.simulator.weather import Weather

VISIBLE = {"public": "öffentlich", "unlisted": "öffentlich, nicht gelistet", "private": "nur für Folgende", "direct": "nur für Genannte"}


class Mastodon(Provider):
    """The provider. An account's posts and notifications are kept in `account.data`, so that they outlive a restart."""

    kind: ClassVar[str] = "mastodon"
    title: ClassVar[str] = "Mastodon"
    colour: ClassVar[str] = "#563acc"
    look: ClassVar[str] = "posts"
    callback: ClassVar[bool] = False

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.weather = Weather(town, delivery.dice, strict=False)
        self.calls = Buckets(CALLS / CALLS_SECONDS, CALLS)
        self.uploads = Buckets(MEDIA / MEDIA_SECONDS, MEDIA)
        self.keys: dict[tuple[str, str], tuple[str, float]] = {}
        self.attachments: dict[str, dict[str, Any]] = {}

    def account(self, wish: dict[str, Any], number: int) -> Account:
        name = wish.get("username", f"amt{number}")
        return Account(
            "mastodon", str(wish.get("id", 109_000_000_000_000_000 + number)), wish["name"], wish.get("token", secrets.token_urlsafe(32)),
            username=name, data={"domain": wish.get("domain", "social.example"), "slow_media": bool(wish.get("slow_media"))},
        )  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        api = "/api/v1"
        return [
            web.get("/api/v2/instance{slash:/?}", self.open(self.instance)),
            web.get(api + "/instance{slash:/?}", self.open(self.old_instance)),
            web.get(f"{api}/accounts/verify_credentials", self.signed(self.credentials)),
            web.post(f"{api}/statuses", self.signed(self.post)),
            web.get(api + "/statuses/{status}", self.signed(self.show)),
            web.put(api + "/statuses/{status}", self.signed(self.change_status)),
            web.delete(api + "/statuses/{status}", self.signed(self.remove)),
            web.post("/api/v2/media", self.signed(self.upload)),
            web.get(api + "/media/{media}", self.signed(self.media_state)),
            web.get(f"{api}/notifications", self.signed(self.notifications)),
            web.get("/media_attachments/{media}", self.file),
        ]

    # ── The wire ──────────────────────────────────────────────────────────

    def open(self, work: Any) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            return answered(await work(request))

        return handle

    def signed(self, work: Any) -> Any:
        """Ask for the token, count the call, and say what is left in the headers."""

        async def handle(request: web.Request) -> web.StreamResponse:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            account = self.town.account_by_token(token, "mastodon") if scheme == "Bearer" else None
            if account is None:
                return answered({"error": "The access token is invalid"}, 401)
            try:
                missing = self.calls.take((account.id, "calls"), self.town.clock())
                if missing:
                    self.town.counts[account.id].limited += 1
                    raise Refusal(429, "Too many requests", self._limits(account, missing))
                body, status = await work(account, request)
                if body is None:
                    return web.Response()
                return answered(body, status, self._limits(account, 0))
            except Refusal as refusal:
                if request.method == "POST" and refusal.status in {404, 422}:
                    self.town.counts[account.id].refused += 1
                return answered({"error": refusal.words}, refusal.status, {**self._limits(account, 0), **(refusal.headers or {})})

        return handle

    def _limits(self, account: Account, missing: float) -> dict[str, str]:
        bucket = self.calls.buckets.get((account.id, "calls"))
        left = int(bucket.level) if bucket else CALLS
        reset = datetime.fromtimestamp(self.town.clock() + (missing or CALLS_SECONDS), UTC)
        return {
            "X-RateLimit-Limit": str(CALLS),
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Reset": reset.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }

    async def _values(self, request: web.Request) -> dict[str, Any]:
        if request.content_type == "application/json":
            try:
                body = json.loads(await request.read() or b"{}")
            except ValueError:
                raise Refusal(400, "Error parsing request") from None
            return body if isinstance(body, dict) else {}
        form = await request.post()
        return {
            key.removesuffix("[]"): form.getall(key) if key.endswith("[]") else value for key, value in form.items()
        }  # a list's name ends with brackets

    async def _faults(self, account: Account) -> None:
        match await self.weather.meet(account):
            case "limit", seconds:
                raise Refusal(429, "Too many requests", self._limits(account, seconds or 1))
            case "broken", _:
                raise Refusal(500, "Something went wrong on our end")
            case "down", _:
                raise Refusal(503, "Service Unavailable")

    # ── The account and its server ────────────────────────────────────────

    async def instance(self, request: web.Request) -> dict[str, Any]:
        return {
            "domain": self._domain(), "title": "Social", "version": "4.5.2", "source_url": "https://github.com/mastodon/mastodon",
            "description": "", "usage": {"users": {"active_month": 3}}, "thumbnail": {"url": ""}, "icon": [], "languages": ["de"],
            "configuration": {
                "urls": {"streaming": "wss://streaming.example"}, "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
                "statuses": {"max_characters": CHARACTERS, "max_media_attachments": FILES, "characters_reserved_per_url": URL_CHARACTERS},
                "media_attachments": {"description_limit": ALT, "image_size_limit": SIZES["image"], "video_size_limit": SIZES["video"],
                                      "supported_mime_types": ["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"]},
                "polls": {"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2629746},
                "translation": {"enabled": False},
            },
            "registrations": {"enabled": False, "approval_required": False, "message": None}, "api_versions": {"mastodon": 7},
            "contact": {"email": "technik@social.example", "account": None}, "rules": [],
        }  # fmt: skip

    async def old_instance(self, request: web.Request) -> dict[str, Any]:
        return {"uri": self._domain(), "title": "Social", "version": "4.5.2", "short_description": "", "description": "", "urls": {},
                "stats": {}, "languages": ["de"], "registrations": False, "max_toot_chars": CHARACTERS}  # fmt: skip

    def _domain(self) -> str:
        return next((str(each.data["domain"]) for each in self.town.accounts.values() if each.kind == self.kind), "social.example")

    async def credentials(self, account: Account, request: web.Request) -> tuple[Any, int]:
        source = {"privacy": "public", "sensitive": False, "language": "de", "note": "", "fields": [], "follow_requests_count": 0}
        return {**self._shown(account.id, account.username, account.name), "source": source, "role": None}, 200

    def _shown(self, number: str, acct: str, name: str) -> dict[str, Any]:
        return {
            "id": number, "username": acct.split("@")[0], "acct": acct, "display_name": name, "locked": False, "bot": False, "group": False,
            "discoverable": True, "indexable": True, "created_at": "2026-01-01T00:00:00.000Z", "note": "", "uri": f"https://{acct}",
            "url": f"https://{self._domain()}/@{acct}", "avatar": "", "avatar_static": "", "header": "", "header_static": "",
            "followers_count": 0, "following_count": 0, "statuses_count": 0, "last_status_at": None, "emojis": [], "fields": [],
        }  # fmt: skip

    # ── Posts ─────────────────────────────────────────────────────────────

    async def post(self, account: Account, request: web.Request) -> tuple[Any, int]:
        values = await self._values(request)
        await self._faults(account)
        key, now = request.headers.get("Idempotency-Key", ""), self.town.clock()
        known = self.keys.get((account.id, key)) if key else None
        if known and now - known[1] < KEY_SECONDS:
            return self._as_json(account, self._statuses(account)[known[0]], request), 200
        status = self._publish(account, values)
        if key:
            self.keys[account.id, key] = (status["id"], now)
        if self.weather.fumbles(account):
            raise Refusal(500, "Something went wrong on our end")
        if self.weather.tear(account):
            if request.transport:
                request.transport.abort()
            return None, 0
        return self._as_json(account, status, request), 200

    def _publish(self, account: Account, values: dict[str, Any]) -> Status:
        """Check as the server does, and keep the post."""
        text = values.get("status") or ""
        if not isinstance(text, str):
            raise invalid("Text is invalid")
        media = [str(each) for each in values.get("media_ids") or []]
        self._check_text(text + str(values.get("spoiler_text") or ""), media)
        self._check_media(account, media)
        visibility = values.get("visibility") or "public"
        if visibility not in VISIBILITIES:
            raise invalid("Visibility is not included in the list")
        reply = str(values.get("in_reply_to_id") or "")
        if reply and reply not in self._statuses(account):
            raise Refusal(404, "The post you are trying to reply to does not appear to exist.")
        language = str(values.get("language") or "")
        status = self._new(account, account.id, text, visibility, reply)
        status |= {"media": media, "language": language if LANGUAGE.match(language) else None}
        for each in media:
            self.attachments[each]["status"] = status["id"]
        self._show_to_people(account, status)
        return status

    def _check_text(self, text: str, media: list[str]) -> None:
        if not text.strip() and not media:
            raise invalid("Text can't be blank")
        if length(text) > CHARACTERS:
            raise invalid(f"Text character limit of {CHARACTERS} exceeded")

    def _check_media(self, account: Account, media: list[str]) -> None:
        if len(media) > FILES:
            raise invalid("Cannot attach more than 4 files")
        found = [self.attachments.get(each) for each in media]
        if any(each is None or each["account"] != account.id or each["status"] for each in found):
            raise invalid("Media not found or already attached to another post")
        kinds = [each["kind"] for each in found if each]
        if len(kinds) > 1 and set(kinds) != {"image"}:
            raise invalid("Cannot attach a video to a post that already contains images")
        if any(each and each["ready_at"] > self.town.clock() for each in found):
            raise invalid("Cannot attach files that have not finished processing. Try again in a moment!")

    def _statuses(self, account: Account) -> dict[str, Status]:
        found: dict[str, Status] = account.data.setdefault("statuses", {})
        return found

    def _new(self, account: Account, writer: str, text: str, visibility: str, reply: str = "") -> Status:
        status: Status = {
            "id": str(110_000_000_000_000_000 + next(self.town.counter)), "by": writer, "text": text, "visibility": visibility,
            "reply": reply, "at": self.town.clock(), "media": [], "language": None, "edited": None,
        }  # fmt: skip
        self._statuses(account)[status["id"]] = status
        return status

    def _show_to_people(self, account: Account, status: Status) -> None:
        """Write it down once, and put it on the phones of those who are named or who follow."""
        named = {each.lower() for each in MENTION.findall(status["text"])}
        post = Message(status["id"], account.id, "", True, "post", {}, status["at"])
        readers = [person for person in self.town.people.values() if self._reads(account, person, status, named)]
        to = ",".join(self.name(each) for each in readers) if status["visibility"] == "direct" else "public"
        self.town.accept(post, to, status["text"])
        for person in readers:
            data = {"text": status["text"], "status": status["id"], "media": status["media"], "visibility": status["visibility"]}
            self.town.say(Message(f"{status['id']}:{person.id}", account.id, person.id, True, "post", data, status["at"], "sent"))

    def _reads(self, account: Account, person: Person, status: Status, named: set[str]) -> bool:
        if account.id in person.blocked or self.kind not in person.ids:
            return False
        if self.name(person).lower() in named:
            return True
        return status["visibility"] in {"public", "unlisted"} and not status["reply"] and account.id in self._own(person)["follows"]

    async def show(self, account: Account, request: web.Request) -> tuple[Any, int]:
        return self._as_json(account, self._found(account, request), request), 200

    async def change_status(self, account: Account, request: web.Request) -> tuple[Any, int]:
        status, values = self._found(account, request, own=True), await self._values(request)
        self._check_text(str(values.get("status") or ""), status["media"])
        status["text"], status["edited"] = str(values["status"]), self.town.clock()
        for message in [each for each in self.town.messages.values() if each.data.get("status") == status["id"]]:
            message.data["text"], message.edited = status["text"], True
        return self._as_json(account, status, request), 200

    async def remove(self, account: Account, request: web.Request) -> tuple[Any, int]:
        status = self._found(account, request, own=True)
        shown = self._as_json(account, status, request)
        del self._statuses(account)[status["id"]]
        for message in [each for each in self.town.messages.values() if each.data.get("status") == status["id"]]:
            message.deleted = True
        return {**shown, "text": status["text"]}, 200

    def _found(self, account: Account, request: web.Request, *, own: bool = False) -> Status:
        status = self._statuses(account).get(request.match_info["status"])
        if status is None or (own and status["by"] != account.id):
            raise Refusal(404, "Record not found")
        return status

    # ── Files ─────────────────────────────────────────────────────────────

    async def upload(self, account: Account, request: web.Request) -> tuple[Any, int]:
        form = await request.post()
        if self.uploads.take((account.id, "media"), self.town.clock()):
            self.town.counts[account.id].limited += 1
            raise Refusal(429, "Too many requests", self._limits(account, MEDIA_SECONDS))
        file, words = form.get("file"), str(form.get("description") or request.query.get("description") or "")
        if not isinstance(file, web.FileField):
            raise invalid("File can't be blank")
        kind, data = file.content_type.split("/")[0], file.file.read()
        if kind not in SIZES or not data:
            raise invalid("File content type is invalid")
        if len(data) > SIZES[kind]:
            raise Refusal(413, "Payload Too Large")
        if len(words) > ALT:
            raise invalid(f"Description is too long (maximum is {ALT} characters)")
        kept = self.town.add_file(account.id, data, file.content_type, file.filename or "", days=365)
        slow = kind != "image" or bool(account.data.get("slow_media"))
        ready = self.town.clock() + (1.0 if slow else 0.0)
        self.attachments[kept.id] = {"account": account.id, "kind": kind, "alt": words, "status": "", "ready_at": ready}
        return self._media_json(kept.id, request, ready=not slow), 202 if slow else 200

    async def media_state(self, account: Account, request: web.Request) -> tuple[Any, int]:
        found = self.attachments.get(request.match_info["media"])
        if found is None or found["account"] != account.id or found["status"]:
            raise Refusal(404, "Record not found")
        ready = found["ready_at"] <= self.town.clock()
        return self._media_json(request.match_info["media"], request, ready=ready), 200 if ready else 206

    def _media_json(self, number: str, request: web.Request, *, ready: bool = True) -> dict[str, Any]:
        about = self.attachments.get(number) or {"kind": "image", "alt": ""}
        url = f"http://{request.host}/media_attachments/{number}" if ready else None
        return {"id": number, "type": about["kind"], "url": url, "preview_url": url, "remote_url": None, "meta": {},
                "description": about["alt"] or None, "blurhash": None}  # fmt: skip

    async def file(self, request: web.Request) -> web.StreamResponse:
        file = self.town.files.get(request.match_info["media"])
        return web.Response(status=404) if file is None else web.Response(body=file.data, content_type=file.mime)

    # ── Notifications ─────────────────────────────────────────────────────

    async def notifications(self, account: Account, request: web.Request) -> tuple[Any, int]:
        """Give them newest first; `min_id` gives the next ones after it, the others the newest."""
        asked = request.query
        kinds = set(asked.getall("types[]", [])) & TYPES or TYPES
        limit = max(1, min(int(asked.get("limit", "40")), 80))
        rows = [
            each for each in account.data.get("notifications", []) if each["type"] in kinds and each["status"] in self._statuses(account)
        ]
        for name, keep in (("max_id", int.__lt__), ("since_id", int.__gt__), ("min_id", int.__gt__)):
            if asked.get(name):
                rows = [each for each in rows if keep(int(each["id"]), int(asked[name]))]
        rows = rows[:limit] if asked.get("min_id") else rows[-limit:]
        return [self._notification(account, each, request) for each in reversed(rows)], 200

    def _notification(self, account: Account, each: dict[str, Any], request: web.Request) -> dict[str, Any]:
        person = self.town.people[each["by"]]
        status = self._as_json(account, self._statuses(account)[each["status"]], request)
        return {"id": each["id"], "type": each["type"], "created_at": iso(each["at"]), "group_key": f"ungrouped-{each['id']}",
                "account": self._person_json(person), "status": status}  # fmt: skip

    def _notify(self, account: Account, person: Person, kind: str, status: Status) -> None:
        row = {"id": str(next(self.town.counter)), "type": kind, "by": person.id, "status": status["id"], "at": self.town.clock()}
        account.data.setdefault("notifications", []).append(row)

    # ── As JSON ───────────────────────────────────────────────────────────

    def _as_json(self, account: Account, status: Status, request: web.Request) -> dict[str, Any]:
        ours = status["by"] == account.id
        writer = self._shown(account.id, account.username, account.name) if ours else self._person_json(self.town.people[status["by"]])
        url = f"http://{request.host}/@{writer['acct']}/{status['id']}"
        parent = self._statuses(account).get(status["reply"])
        return {
            "id": status["id"], "uri": url, "url": url, "created_at": iso(status["at"]), "account": writer,
            "content": as_html(status["text"]), "visibility": status["visibility"], "sensitive": False, "spoiler_text": "",
            "media_attachments": [self._media_json(each, request) for each in status["media"]], "language": status["language"],
            "in_reply_to_id": status["reply"] or None, "in_reply_to_account_id": self._writer(account, parent) if parent else None,
            "mentions": self._mentions(account, status["text"]), "tags": [], "emojis": [], "reblogs_count": 0, "favourites_count": 0,
            "replies_count": sum(each["reply"] == status["id"] for each in self._statuses(account).values()), "reblog": None,
            "application": {"name": "Bürgerdraht", "website": None} if ours else None, "poll": None, "card": None,
            "edited_at": iso(status["edited"]) if status["edited"] else None,
        }  # fmt: skip

    def _writer(self, account: Account, status: Status) -> str:
        return account.id if status["by"] == account.id else str(self._own(self.town.people[status["by"]])["id"])

    def _mentions(self, account: Account, text: str) -> list[dict[str, Any]]:
        found = []
        for name in dict.fromkeys(MENTION.findall(text)):
            person = self.town.person_by_name(self.kind, name)
            number = account.id if name.split("@")[0] == account.username else str(self._own(person)["id"]) if person else ""
            if number:
                found.append({"id": number, "username": name.split("@")[0], "acct": name, "url": f"https://{self._domain()}/@{name}"})
        return found

    def _person_json(self, person: Person) -> dict[str, Any]:
        return self._shown(str(self._own(person)["id"]), self.name(person), person.name)

    # ── People ────────────────────────────────────────────────────────────

    def name(self, person: Person) -> str:
        """Call somebody as this server does; people live on another one."""
        word = re.sub(r"[^a-z0-9]", "", person.name.lower()) or "mensch"
        return self.town.identify(person, self.kind, f"{word}_{person.id.lstrip('p')}@leute.example".replace("-", "_"))

    def _own(self, person: Person) -> dict[str, Any]:
        self.name(person)
        found: dict[str, Any] = person.data.setdefault(self.kind, {})
        found.setdefault("id", str(108_000_000_000_000_000 + next(self.town.counter)) if not found.get("id") else found["id"])
        found.setdefault("follows", [])
        found.setdefault("visibility", "public")
        return found

    def address(self, account: Account, person: Person) -> str:
        return self.name(person)

    def move_in(self, account: Account, person: Person) -> None:
        """Follow the account: its posts appear on the phone."""
        follows = self._own(person)["follows"]
        if account.id not in follows:
            follows.append(account.id)

    def started(self, account: Account, person: Person) -> bool:
        return account.id in (person.data.get(self.kind) or {}).get("follows", [])

    def prefer(self, account: Account, person: Person, value: str) -> None:
        """Choose who may see what is written from now on: public, unlisted, private, direct."""
        if value not in VISIBILITIES:
            raise CannotDo("no such visibility")
        self._own(person)["visibility"] = value

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        return self._mention(account, person, text, quote)

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        if thing.kind not in {"photo", "video", "audio"}:
            raise CannotDo("Mastodon takes pictures, films and sounds")
        return self._mention(
            account, person, thing.caption, "", self.town.add_file(account.id, thing.data, thing.mime, thing.name, days=365)
        )

    def _mention(self, account: Account, person: Person, text: str, quote: str, file: File | None = None) -> Message:
        """Post with the account's name in it; a quote makes it an answer to that post."""
        answered_post = str(self.town.messages[quote].data.get("status", "")) if quote in self.town.messages else ""
        status = self._new(account, person.id, f"@{account.username}@{account.data['domain']} {text}".strip(),
                           self._own(person)["visibility"], answered_post)  # fmt: skip
        if file:
            status["media"] = [file.id]
            kind = file.mime.split("/")[0]
            self.attachments[file.id] = {"account": person.id, "kind": kind, "alt": "", "status": status["id"], "ready_at": 0}
        status["language"] = person.language
        if account.id not in person.blocked:
            self._notify(account, person, "mention", status)
        data = {"text": text, "status": status["id"], "media": status["media"], "visibility": status["visibility"]}
        return self.town.say(Message(status["id"], account.id, person.id, False, "post", data, status["at"], "sent"))

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        """There is one reaction: the favourite."""
        message.reactions["them"] = "⭐" if emoji else ""
        status = self._statuses(account).get(str(message.data.get("status")))
        if emoji and status:
            self._notify(account, person, "favourite", status)
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def delete(self, account: Account, person: Person, message: Message) -> None:
        """A deleted post takes its notification with it."""
        super().delete(account, person, message)
        self._statuses(account).pop(str(message.data.get("status")), None)

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        """Follow an account by the address of its profile."""
        account = next((each for each in self.town.accounts.values() if each.kind == self.kind and link.path == f"/@{each.username}"), None)
        if account is None:
            return None
        self.move_in(account, person)
        return account, ""

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        shown: dict[str, Any] = {"text": message.data["text"], "entities": [], "footer": VISIBLE[message.data["visibility"]]}
        if message.data["media"]:
            file = message.data["media"][0]
            shown |= self.media(file, str((self.attachments.get(file) or {"kind": "image"})["kind"]))
            shown["alt"] = str((self.attachments.get(file) or {}).get("alt", ""))
        return shown


PROVIDER = Mastodon
