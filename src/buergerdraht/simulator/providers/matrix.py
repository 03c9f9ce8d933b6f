"""A small homeserver as an application service sees it: the calls it may make, and the transactions that are pushed to it.

https://spec.matrix.org/v1.15/application-service-api/. Stricter than a homeserver where an event could not be shown (matrix_rules.check).
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.limits import Bucket
from buergerdraht.simulator.providers import matrix_rules as rules
from buergerdraht.simulator.providers.matrix_phone import MatrixPhone
from buergerdraht.simulator.providers.matrix_rules import Refusal, forbidden
from buergerdraht.simulator.town import Account, Message, Person, Town
from buergerdraht.simulator.weather import Weather

V3 = "/_matrix/client/v3"
RATE, BURST = 0.2, 10.0  # for services that are not exempt: a homeserver's usual limit for people
REMEMBERED_SECONDS = 1800.0  # how long a transaction's number is known
EVENTS_PER_PUSH = 100
LONGEST_PAUSE = 64.0
ACCEPT_SECONDS = 0.05  # people accept an invitation of the town hall at once

Work = Callable[[Account, web.Request], Awaitable[Any]]


class Matrix(MatrixPhone):
    """The provider: its state beside the town's.

    `data` of an account: server, ephemeral, rate_limited, registered, unregistered, display, kept, rooms.
    """

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.weather = Weather(town, delivery.dice, strict=False)
        self.buckets: dict[str, Bucket] = {}
        self.done: OrderedDict[tuple[str, str], tuple[str, float]] = OrderedDict()
        self.waiting: dict[str, asyncio.Queue[tuple[str, dict[str, Any]]]] = {}

    def account(self, wish: dict[str, Any], number: int) -> Account:
        data = {
            "server": wish.get("server", "musterstadt.example"),
            "ephemeral": True,
            "rate_limited": bool(wish.get("rate_limited", False)),
        }
        token, secret = wish.get("token") or secrets.token_urlsafe(24), wish.get("secret") or secrets.token_urlsafe(24)
        local = wish.get("username", f"rathaus{number}")
        return Account(
            "matrix", str(wish.get("id", f"buergerdraht-{local}")), wish["name"], token, secret=secret, username=local, data=data
        )

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """`registration` {"known": false}: the homeserver was started without our file."""
        if what != "registration":
            return await super().change(account, what, wish)
        account.data["unregistered"] = not wish["known"]
        return {"known": bool(wish["known"])}

    def routes(self) -> list[web.RouteDef]:
        room, own = V3 + "/rooms/{room}", V3 + "/user/{user}"
        table: list[tuple[str, str, Work]] = [
            ("GET", f"{V3}/account/whoami", self.whoami),
            ("POST", f"{V3}/register", self.register),
            ("GET", V3 + "/profile/{user}", self.profile),
            ("PUT", V3 + "/profile/{user}/displayname", self.displayname),
            ("POST", f"{V3}/createRoom", self.create_room),
            ("POST", V3 + "/join/{room}", self.join),
            ("POST", room + "/leave", self.leave),
            ("POST", room + "/forget", self.forget),
            ("GET", room + "/messages", self.history),
            ("GET", room + "/state/m.room.member/{user}", self.member),
            ("GET", room + "/members", self.members),
            ("PUT", room + "/send/{kind}/{txn}", self.send),
            ("POST", room + "/receipt/{type}/{event}", self.receipt),
            ("PUT", room + "/typing/{user}", self.typing),
            ("GET", own + "/account_data/{type}", self.kept),
            ("PUT", own + "/account_data/{type}", self.keep),
            ("GET", own + "/rooms/{room}/account_data/{type}", self.kept),
            ("PUT", own + "/rooms/{room}/account_data/{type}", self.keep),
            ("POST", "/_matrix/media/v3/upload", self.upload),
            ("GET", "/_matrix/client/v1/media/download/{server}/{media}", self.download),
            ("POST", "/_matrix/client/v1/appservice/{service}/ping", self.ping),
        ]
        made = [web.route(method, path, self._answer(work)) for method, path, work in table]
        return [*made, web.get("/_matrix/client/versions", self.versions)]

    def _answer(self, work: Work) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = None
            try:
                account = self._account(request)
                if not account.data.get("registered") and work != self.register:
                    raise forbidden(f"Application service has not registered this user ({self.own(account)})")
                found = await work(account, request)
                return found if isinstance(found, web.StreamResponse) else answered(found)
            except Refusal as refusal:
                if account is not None and work == self.send and refusal.status != 429 and refusal.status < 500:
                    self.town.counts[account.id].refused += 1
                return answered(refusal.body(), refusal.status, refusal.headers())

        return handle

    def _account(self, request: web.Request) -> Account:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise Refusal(401, "M_MISSING_TOKEN", "Missing access token")
        account = self.town.account_by_token(token, self.kind)
        if account is None or account.data.get("unregistered"):
            raise Refusal(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", soft_logout=False)
        return account

    # ── The account ───────────────────────────────────────────────────────

    async def versions(self, request: web.Request) -> web.StreamResponse:
        return answered({"versions": ["v1.11", "v1.12", "v1.13", "v1.14", "v1.15"], "unstable_features": {}})

    async def whoami(self, account: Account, request: web.Request) -> Any:
        return {"user_id": self.own(account), "is_guest": False}

    async def register(self, account: Account, request: web.Request) -> Any:
        wish = rules.content_of(await request.read())
        if wish.get("type") != "m.login.application_service":
            raise Refusal(400, "M_MISSING_PARAM", "Missing type")
        if wish.get("username") != account.username:
            raise Refusal(400, "M_EXCLUSIVE", "Invalid user localpart for this application service.")
        if account.data.get("registered"):
            raise Refusal(400, "M_USER_IN_USE", "User ID already taken.")
        account.data["registered"] = True
        return {"user_id": self.own(account), "home_server": account.data["server"]}

    async def profile(self, account: Account, request: web.Request) -> Any:
        self._only(account, request)
        return {"displayname": account.data["display"]} if account.data.get("display") else {}

    async def displayname(self, account: Account, request: web.Request) -> Any:
        self._only(account, request)
        account.data["display"] = str(rules.content_of(await request.read()).get("displayname", ""))
        return {}

    def _only(self, account: Account, request: web.Request) -> None:
        if request.match_info["user"] != self.own(account):
            raise forbidden("Cannot act for others")

    async def ping(self, account: Account, request: web.Request) -> Any:
        """Call the service's webhook for a trial."""
        if request.match_info["service"] != account.id:
            raise forbidden("Mismatching application service ID in path")
        if not account.callback:
            raise Refusal(400, "M_URL_NOT_SET", "The application service does not have a URL set")
        txn = rules.content_of(await request.read()).get("transaction_id")
        status = await self._call("POST", account, "/_matrix/app/v1/ping", {"transaction_id": txn})
        if not status:
            raise Refusal(502, "M_CONNECTION_FAILED", "ConnectError")
        if status != 200:
            raise Refusal(502, "M_BAD_STATUS", f"HTTP {status}", status=status, body="")
        return {"duration_ms": 12}

    async def kept(self, account: Account, request: web.Request) -> Any:
        self._only(account, request)
        found = self._keeping(account, request).get(request.match_info["type"])
        if found is None:
            raise Refusal(404, "M_NOT_FOUND", "Account data not found")
        return found

    async def keep(self, account: Account, request: web.Request) -> Any:
        self._only(account, request)
        self._keeping(account, request)[request.match_info["type"]] = rules.content_of(await request.read())
        return {}

    def _keeping(self, account: Account, request: web.Request) -> dict[str, Any]:
        if "room" not in request.match_info:
            found: dict[str, Any] = account.data.setdefault("kept", {})
            return found
        kept: dict[str, Any] = self._room(account, request).setdefault("kept", {})
        return kept

    # ── Rooms ─────────────────────────────────────────────────────────────

    def _room(self, account: Account, request: web.Request, *, inside: bool = True) -> dict[str, Any]:
        room = self.rooms(account).get(request.match_info["room"])
        if room is None or (inside and room["us"] != "join"):
            raise forbidden(f"User {self.own(account)} not in room {request.match_info['room']}")
        return room

    async def create_room(self, account: Account, request: web.Request) -> Any:
        self._within_limits(account)
        wish = rules.content_of(await request.read())
        invited = wish.get("invite", [])
        if not isinstance(invited, list) or len(invited) != 1 or not rules.PERSON.match(str(invited[0])):
            raise Refusal(400, "M_INVALID_PARAM", "Invalid user_id")
        if wish.get("preset") not in {None, "private_chat", "trusted_private_chat"}:
            raise rules.bad("preset is unknown")
        room_id = f"!{secrets.token_urlsafe(14)}:{account.data['server']}"
        person = self.town.person_by_name(self.kind, invited[0])
        room = {"person": person.id if person else "", "them": "invite", "us": "join", "encrypted": False, "kept": {}, "before": []}
        self.rooms(account)[room_id] = room
        own = self.own(account)
        self.push(account, self.state(room_id, own, own, {"membership": "join"}))
        self.push(account, self.state(room_id, own, invited[0], {"membership": "invite", "is_direct": wish.get("is_direct") is True}))
        if person is not None:
            self.delivery.spawn(self._answer_invitation(account, person, room_id))
        return {"room_id": room_id}

    async def _answer_invitation(self, account: Account, person: Person, room_id: str) -> None:
        """Come into the room, or say no; who cannot be reached does neither."""
        await asyncio.sleep(ACCEPT_SECONDS)
        if not person.reachable:
            return
        room, name = self.rooms(account)[room_id], self.name_of(account, person)
        willing = account.id not in person.blocked
        room["them"] = "join" if willing else "leave"
        content = {"membership": "join", "displayname": person.name} if willing else {"membership": "leave"}
        self.push(account, self.state(room_id, name, name, content, "invite"))
        if willing:
            self.enter(account, person, room_id)
            for message in self._ours(account, person, room_id):
                self._arrive(account, person, message)

    def _ours(self, account: Account, person: Person, room_id: str) -> list[Message]:
        messages = (self.town.messages[key] for key in self.town.chats.get((account.id, person.id), []))
        return [each for each in messages if each.ours and each.data["room"] == room_id]

    async def join(self, account: Account, request: web.Request) -> Any:
        room_id = request.match_info["room"]
        room = self.rooms(account).get(room_id)
        if room is None:
            raise Refusal(404, "M_NOT_FOUND", "No such room")
        if room["us"] not in {"invite", "join"}:
            raise forbidden("You are not invited to this room.")
        if room["us"] == "invite":
            room["us"] = "join"
            own = self.own(account)
            self.push(account, self.state(room_id, own, own, {"membership": "join"}, "invite"))
        return {"room_id": room_id}

    async def leave(self, account: Account, request: web.Request) -> Any:
        room, own = self._room(account, request, inside=False), self.own(account)
        if room["us"] != "leave":
            self.push(account, self.state(request.match_info["room"], own, own, {"membership": "leave"}, room["us"]))
        room["us"] = "leave"
        return {}

    async def forget(self, account: Account, request: web.Request) -> Any:
        if self._room(account, request, inside=False)["us"] != "leave":
            raise Refusal(400, "M_UNKNOWN", "User is still in the room")
        room = self.rooms(account).pop(request.match_info["room"])
        account.data.setdefault("forgotten", []).append(room)
        return {}

    async def history(self, account: Account, request: web.Request) -> Any:
        if request.query.get("dir") != "b":
            raise Refusal(400, "M_MISSING_PARAM", "Missing dir")
        before = self._room(account, request)["before"]
        return {"chunk": before[::-1][: int(request.query.get("limit", 10))], "start": "t1", "state": []}

    async def member(self, account: Account, request: web.Request) -> Any:
        room = self._room(account, request)
        person = self.town.person_by_name(self.kind, request.match_info["user"])
        if room["person"] != (person.id if person else ""):
            raise Refusal(404, "M_NOT_FOUND", "Event not found.")
        return {"membership": room["them"]}

    async def members(self, account: Account, request: web.Request) -> Any:
        room = self._room(account, request)
        person = self.town.people.get(room["person"])
        people = {self.own(account): room["us"], **dict.fromkeys(room.get("others", ()), "join")}
        if person is not None:
            people[self.name_of(account, person)] = room["them"]
        unwanted = request.query.get("not_membership")
        rows = [(name, membership) for name, membership in people.items() if membership != unwanted]
        return {"chunk": [{"type": "m.room.member", "state_key": name, "content": {"membership": what}} for name, what in rows]}

    # ── Messages ──────────────────────────────────────────────────────────

    async def send(self, account: Account, request: web.Request) -> Any:
        key = (account.id, request.path)
        if known := self._known(key):
            return {"event_id": known}
        await self._faults(account)
        self._within_limits(account)
        room_id, kind = request.match_info["room"], request.match_info["kind"]
        room = self._room(account, request)
        content = rules.content_of(await request.read())
        rules.check(kind, content)
        self._files_there(account, content)
        event_id = self._put(account, room_id, kind, content, request.match_info["txn"])
        self.done[key] = (event_id, self.town.clock())
        person = self.town.people.get(room["person"])
        if self.weather.tear(account):
            if request.transport:
                request.transport.abort()
            return web.Response()
        if person is not None and room["them"] == "join":
            self._arrive(account, person, self.town.messages.get(event_id))
        return {"event_id": event_id}

    def _put(self, account: Account, room_id: str, kind: str, content: dict[str, Any], txn: str) -> str:
        """Take an event: onto the phone, into the journal, and back to the service, which hears its own, too."""
        event_id, now = self.event_id(), self.town.clock()
        person = self.rooms(account)[room_id]["person"]
        if kind == "m.reaction":
            relation = content["m.relates_to"]
            target = self.town.messages.get(relation["event_id"])
            if target is None:
                raise Refusal(400, "M_UNKNOWN", "Can't send a reaction to an unknown event")
            if target.reactions.get("us") == relation["key"]:
                raise Refusal(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")
            target.reactions["us"] = relation["key"]
            self.town.tell("message", account=account.id, person=person, message=target.id)
        else:
            data = {"room": room_id, "type": kind, "content": content}
            message = Message(event_id, account.id, person, True, self._kind(content, kind), data, now, "sent", token=txn)
            self.town.say(message)
            self.town.accept(message, person, str(content.get("body", "")))
        event = {
            "type": kind, "room_id": room_id, "sender": self.own(account), "content": content, "event_id": event_id,
            "origin_server_ts": self.now(), "unsigned": {"age": 3},
        }  # fmt: skip
        self.push(account, event)
        return event_id

    def _known(self, key: tuple[str, str]) -> str:
        now = self.town.clock()
        while self.done and next(iter(self.done.values()))[1] < now - REMEMBERED_SECONDS:
            self.done.popitem(last=False)
        return self.done[key][0] if key in self.done else ""

    async def _faults(self, account: Account) -> None:
        match await self.weather.meet(account):
            case "limit", seconds:
                raise rules.limited(seconds or 1)
            case "broken", _:
                raise Refusal(500, "M_UNKNOWN", "Internal server error")
            case "down", _:
                raise Refusal(503, "M_UNKNOWN", "Service Unavailable")

    def _within_limits(self, account: Account) -> None:
        rate = account.throughput or (RATE if account.data.get("rate_limited") else 0.0)
        if not rate:
            return
        bucket = self.buckets.get(account.id)
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[account.id] = Bucket(rate, max(rate, BURST))
        if missing := bucket.take(self.town.clock()):
            self.town.counts[account.id].limited += 1
            raise rules.limited(missing)

    def _files_there(self, account: Account, content: dict[str, Any]) -> None:
        found = rules.MXC.match(str(content.get("url", "")))
        if "url" in content and (not found or found.group(2) not in self.town.files):
            raise rules.bad("no such file")

    def _arrive(self, account: Account, person: Person, message: Message | None) -> None:
        if message is None or message.status == "read" or not person.reachable:
            return
        message.status = "delivered"
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        if person.reads:
            self.delivery.spawn(self._open(account, person, message))

    async def _open(self, account: Account, person: Person, message: Message) -> None:
        await asyncio.sleep(0.2 + account.faults.status_delay)
        message.status = "read"
        self.seen(account, person, message)

    async def receipt(self, account: Account, request: web.Request) -> Any:
        self._room(account, request)
        if request.match_info["type"] not in {"m.read", "m.read.private", "m.fully_read"}:
            raise Refusal(400, "M_INVALID_PARAM", "Receipt type must be m.read")
        message = self.town.messages.get(request.match_info["event"])
        if message is not None and not message.ours:
            message.data["seen"] = True
        return {}

    async def typing(self, account: Account, request: web.Request) -> Any:
        self._only(account, request)
        room, wish = self._room(account, request), rules.content_of(await request.read())
        seconds = int(wish.get("timeout", 20_000)) / 1000 if wish.get("typing") else 0
        self.town.typing[account.id, room["person"]] = self.town.clock() + seconds
        self.town.tell("typing", account=account.id, person=room["person"])
        return {}

    # ── Files ─────────────────────────────────────────────────────────────

    async def upload(self, account: Account, request: web.Request) -> Any:
        data = await request.read()
        if len(data) > rules.UPLOAD:
            raise Refusal(413, "M_TOO_LARGE", "Upload request body is too large")
        mime = request.headers.get("Content-Type", "application/octet-stream")
        file = self.town.add_file(account.id, data, mime, request.query.get("filename", ""), days=3650)
        return {"content_uri": f"mxc://{account.data['server']}/{file.id}"}

    async def download(self, account: Account, request: web.Request) -> Any:
        file = self.town.files.get(request.match_info["media"])
        if file is None or request.match_info["server"] != account.data["server"]:
            raise Refusal(404, "M_NOT_FOUND", "Not found")
        return web.Response(body=file.data, headers={"Content-Type": file.mime})

    # ── Pushing to the service ────────────────────────────────────────────

    def push(self, account: Account, event: dict[str, Any]) -> None:
        self._queue(account, "events", event)

    def seen(self, account: Account, person: Person, message: Message) -> None:
        """Push a read mark, to services that want to hear of what passes."""
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        if account.data.get("ephemeral"):
            content = {message.id: {"m.read": {self.name_of(account, person): {"ts": self.now()}}}}
            self._queue(account, "ephemeral", {"type": "m.receipt", "room_id": message.data["room"], "content": content})

    def _queue(self, account: Account, lane: str, event: dict[str, Any]) -> None:
        if account.id not in self.waiting:
            self.waiting[account.id] = asyncio.Queue()
            self.delivery.spawn(self._pushing(account, self.waiting[account.id]))
        self.delivery.carried[account.id] += 1
        self.waiting[account.id].put_nowait((lane, event))

    async def _pushing(self, account: Account, queue: asyncio.Queue[tuple[str, dict[str, Any]]]) -> None:
        """Push one transaction after the other, each until it is taken: order is promised."""
        while True:
            taken = [await queue.get()]
            while len(taken) < EVENTS_PER_PUSH and not queue.empty():
                taken.append(queue.get_nowait())
            body: dict[str, Any] = {"events": [event for lane, event in taken if lane == "events"]}
            if account.data.get("ephemeral"):
                body["ephemeral"] = [event for lane, event in taken if lane == "ephemeral"]
            path = f"/_matrix/app/v1/transactions/{next(self.town.counter)}"
            pause = 1.0
            while await self._call("PUT", account, path, body) != 200:
                account.webhook_error = "not delivered"
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            account.webhook_error = ""
            if self.delivery.dice.random() < account.faults.duplicates:
                await self._call("PUT", account, path, body)
            self.delivery.carried[account.id] -= len(taken)

    async def _call(self, method: str, account: Account, path: str, body: dict[str, Any]) -> int:
        """Call the service; 0 where nobody answers."""
        if self.delivery.session is None or not account.callback:
            return 0
        headers = {"Authorization": f"Bearer {account.secret}", "Content-Type": "application/json"}
        data = json.dumps(body, ensure_ascii=False).encode()
        try:
            async with self.delivery.session.request(method, account.callback + quote(path), data=data, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0


PROVIDER = Matrix
