"""The hand behind the curtain, for tests and the phone page: JSON under /_control/. docs/development/simulator.md lists it."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp import web

from buergerdraht.simulator.citizens import Citizens
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import CannotDo, Provider, Thing
from buergerdraht.simulator.samples import picture, tone
from buergerdraht.simulator.town import Account, Faults, Message, Person, Town


@dataclass
class Control:
    town: Town
    citizens: Citizens
    delivery: Delivery

    def routes(self) -> list[web.RouteDef]:
        root = "/_control"
        return [
            web.get(f"{root}/accounts", self.answer(self.accounts)),
            web.post(f"{root}/accounts", self.answer(self.make_account)),
            web.post(root + "/accounts/{account}/webhook", self.answer(self.webhook)),
            web.post(root + "/accounts/{account}/faults", self.answer(self.faults)),
            web.post(root + "/accounts/{account}/{what}", self.answer(self.change)),
            web.get(root + "/accounts/{account}/accepted", self.answer(self.accepted)),
            web.get(f"{root}/counts", self.answer(self.counts)),
            web.get(f"{root}/carried", self.answer(self.carried)),
            web.get(f"{root}/journal", self.journal),
            web.post(f"{root}/crowd", self.crowd),
            web.get(f"{root}/people", self.answer(self.people)),
            web.post(f"{root}/people", self.answer(self.make_person)),
            web.get(root + "/people/{person}/phone", self.answer(self.phone)),
            web.post(root + "/people/{person}/{verb}", self.answer(self.act)),
            web.get(root + "/files/{file}", self.file),
        ]

    def answer(self, work: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            try:
                return web.json_response(await work(request))
            except CannotDo as problem:
                return web.json_response({"problem": str(problem)}, status=409)
            except (KeyError, TypeError, ValueError) as problem:
                return web.json_response({"problem": f"{type(problem).__name__}: {problem}"}, status=400)

        return handle

    def _account(self, request: web.Request) -> Account:
        return self.town.accounts[request.match_info["account"]]

    # ── Accounts ──────────────────────────────────────────────────────────

    async def accounts(self, request: web.Request) -> Any:
        """List the accounts without what only their owner knows."""
        hidden, listed = {"token", "secret", "data"}, []
        for each in self.town.accounts.values():
            provider = self.citizens.of(each)
            shown = {key: value for key, value in asdict(each).items() if key not in hidden}
            channels = [{"name": name, "title": one["title"]} for name, one in each.data.get("channels", {}).items()]
            listed.append({**shown, **_face(provider), "channels": channels, "used_by": self._user(each)})
        return listed

    def _user(self, account: Account) -> str:
        """Somebody on whose phone there is something of it, else somebody who could hear of it."""
        talks = (person for (of, person), keys in self.town.chats.items() if of == account.id and keys and person in self.town.people)
        started = self.citizens.of(account).started
        return next(talks, "") or next((each.id for each in self.town.people.values() if started(account, each)), "")

    async def make_account(self, request: web.Request) -> Any:
        """Make an account of any kind; answers with all a customer would be told, secrets included."""
        wish = await request.json()
        account = self.citizens.providers[wish["kind"]].account(wish, next(self.town.counter))
        account.throughput = float(wish.get("throughput", 0))
        return asdict(self.town.add_account(account))

    async def webhook(self, request: web.Request) -> Any:
        """Set where an account's webhooks go, as the developer page does; with the handshake where the provider has one."""
        account, wish = self._account(request), await request.json()
        provider = self.citizens.of(account)
        if not provider.callback:
            raise CannotDo(f"{provider.title} has no page for that")
        if provider.handshake and not await _answers(wish["url"], wish["verify_token"]):
            raise CannotDo("The callback URL or verify token couldn't be validated.")
        account.callback, account.verify_token = wish["url"], wish.get("verify_token", "")
        return {"ok": True}

    async def faults(self, request: web.Request) -> Any:
        account, wish = self._account(request), await request.json()
        known = {field.name for field in fields(Faults)}
        for name, value in wish.items():
            if name == "throughput":
                account.throughput = float(value)
            elif name in known:
                setattr(account.faults, name, float(value))
            else:
                raise CannotDo(f"no fault {name}")
        return asdict(account.faults)

    async def change(self, request: web.Request) -> Any:
        account = self._account(request)
        return await self.citizens.of(account).change(account, request.match_info["what"], await request.json())

    async def accepted(self, request: web.Request) -> Any:
        """Count what was accepted, by person: {person: [token or message id, ...]}."""
        account, found = self._account(request), defaultdict(list)
        for line in self.town.journal.lines():
            if line["account"] == account.id:
                found[line["person"]].append(line["token"] or line["id"])
        return found

    async def counts(self, request: web.Request) -> Any:
        """Count how each account's calls to send ended."""
        return {account: asdict(counts) for account, counts in self.town.counts.items()}

    async def carried(self, request: web.Request) -> Any:
        """Count each account's webhooks that are on their way or tried again."""
        carrier = self.delivery
        return {account: carrier.carried[account] + len(carrier.statuses[account]) for account in self.town.accounts}

    async def journal(self, request: web.Request) -> web.Response:
        """Give what was accepted as JSON lines from a byte on; the header X-Next says where to go on."""
        data, end = self.town.journal.read(int(request.query.get("from", "0")))
        return web.Response(body=data, content_type="application/x-ndjson", headers={"X-Next": str(end)})

    # ── People ────────────────────────────────────────────────────────────

    async def people(self, request: web.Request) -> Any:
        return [self.person_json(each) for each in self.town.people.values()]

    def person_json(self, person: Person) -> dict[str, Any]:
        return {key: value for key, value in asdict(person).items() if key != "data"}

    async def make_person(self, request: web.Request) -> Any:
        wish = await request.json()
        return self.person_json(self.town.add_person(wish.pop("name"), **wish))

    async def crowd(self, request: web.Request) -> web.Response:
        """Let many move in who could be written to: {"number", "accounts": [ids]}; answers [[id, {account: address}], …]."""
        wish = await request.json()
        accounts, made = [self.town.accounts[each] for each in wish["accounts"]], []
        for _ in range(int(wish["number"])):
            person = self.town.add_person(f"Person {next(self.town.counter)}")
            addresses = {}
            for account in accounts:
                self.citizens.of(account).move_in(account, person)
                addresses[account.id] = self.citizens.of(account).address(account, person)
            made.append((person.id, addresses))
        return web.Response(body=msgspec.json.encode(made), content_type="application/json")

    async def phone(self, request: web.Request) -> Any:
        """Show what a person sees: their chats with all bubbles."""
        person = self.town.people[request.match_info["person"]]
        now = self.town.clock()
        chats = []
        for account in self.town.accounts.values():
            provider = self.citizens.of(account)
            keys = self.town.chats.get((account.id, person.id), [])
            chats.append({
                "account": account.id, "kind": account.kind, **_face(provider), "name": account.name, "handle": account.username,
                "messages": [self.bubble(account, self.town.messages[key]) for key in keys],
                "typing": self.town.typing.get((account.id, person.id), 0) > now,
                "blocked": account.id in person.blocked, "started": provider.started(account, person),
            })  # fmt: skip
            chats += self._channels(account)
        return {"person": self.person_json(person), "chats": chats}

    def _channels(self, account: Account) -> list[dict[str, Any]]:
        """The channels a bot posts in, as everybody reads them: nobody answers there."""
        face: dict[str, Any] = {"kind": "telegram_channel", "title": "Telegram-Kanal", "colour": "#2c6a9b", "look": "chat", "does": []}
        face |= {"typing": False, "blocked": False, "started": True}
        found = []
        for name, one in account.data.get("channels", {}).items():
            posts = [self.bubble(account, self.town.messages[key]) for key in self.town.chats.get((account.id, f"@{name}"), [])]
            found.append({"account": f"{account.id}@{name}", **face, "name": one["title"], "handle": name, "messages": posts})
        return found

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        """Put a message into the form the phone draws: who, text with marks, media, buttons, ticks."""
        shown: dict[str, Any] = {
            "id": message.id, "ours": message.ours, "at": message.at, "status": message.status, "reactions": message.reactions,
            "edited": message.edited, "deleted": message.deleted, "kind": message.kind, "style": account.kind,
        }  # fmt: skip
        return shown if message.deleted else shown | self.citizens.of(account).bubble(account, message)

    async def act(self, request: web.Request) -> Any:
        person = self.town.people[request.match_info["person"]]
        wish = await self._wish(request)
        verb = request.match_info["verb"]
        if verb == "link":
            account, text = self.citizens.open_link(person, wish["link"])
            if text and wish.get("send", True):
                self.citizens.of(account).write(account, person, text)
                text = ""
            return {"account": account.id, "text": text}
        account = self.town.accounts[wish["account"]]
        result = await self._do(verb, account, person, wish)
        return {"id": result.id} if isinstance(result, Message) else {"ok": True}

    async def _wish(self, request: web.Request) -> dict[str, Any]:
        if request.content_type == "application/json":
            wish: dict[str, Any] = json.loads(await request.read() or b"{}")
            return wish
        return dict(await request.post())

    async def _do(self, verb: str, account: Account, person: Person, wish: dict[str, Any]) -> Message | None:
        do = self.citizens.of(account)
        match verb:
            case "write":
                return do.write(account, person, wish["text"], wish.get("quote", ""))
            case "photo" | "voice" | "document" | "video" | "audio" | "sticker":
                return do.send_file(account, person, self._thing(verb, wish))
            case "album":
                album = str(next(self.town.counter))
                for name in wish.get("samples", ["schlagloch", "laterne", "muell"]):
                    do.send_file(account, person, Thing("photo", picture(name), "image/jpeg", album=album))
            case "location":
                return do.send_location(account, person, float(wish.get("latitude", 51.1776)), float(wish.get("longitude", 10.4515)))
            case "contact":
                return do.send_contact(account, person, wish["name"], wish["phone"])
            case "tap":
                self.citizens.tap(account, person, wish["message"], wish["choice"])
            case "react":
                do.react(account, person, self.citizens.message(wish["message"]), wish.get("emoji", ""))
            case "edit":
                message = self.citizens.message(wish["message"])
                if message.ours or message.kind != "text":
                    raise CannotDo("only one's own text can be edited")
                do.edit(account, person, message, wish["text"])
            case "delete":
                do.delete(account, person, self.citizens.message(wish["message"]))
            case "follow":
                do.move_in(account, person)
            case "read":
                do.read(account, person)
            case "block" | "unblock":
                self.citizens.block(account, person, blocked=verb == "block")
            case "prefer":
                do.prefer(account, person, wish["value"])
            case _:
                raise CannotDo(f"no verb {verb}")
        return None

    def _thing(self, verb: str, wish: dict[str, Any]) -> Thing:
        caption = wish.get("caption", "")
        if verb == "photo":
            data, mime = self._upload(wish, "image/jpeg")
            return Thing("photo", data or picture(wish.get("sample", "schlagloch")), mime, caption=caption)
        if verb == "voice":
            data, mime = self._upload(wish, "audio/ogg; codecs=opus")
            return Thing("voice", data or tone(), mime if data else "audio/wav")
        data, mime = self._upload(wish, "application/pdf")
        return Thing(verb, data, mime, name=wish.get("name", "datei.pdf"), caption=caption)

    def _upload(self, wish: dict[str, Any], mime: str) -> tuple[bytes, str]:
        part = wish.get("file")
        if isinstance(part, web.FileField):
            return part.file.read(), part.content_type or mime
        return (bytes.fromhex(wish["hex"]), wish.get("mime", mime)) if "hex" in wish else (b"", mime)

    async def file(self, request: web.Request) -> web.Response:
        file = self.town.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404)
        mime = file.mime.split(";")[0]
        safe = mime if mime.split("/")[0] in {"image", "audio", "video"} and mime != "image/svg+xml" else "application/octet-stream"
        return web.Response(body=file.data, headers={"Content-Type": safe, "X-Content-Type-Options": "nosniff"})


def _face(provider: Provider) -> dict[str, Any]:
    return {"title": provider.title, "colour": provider.colour, "look": provider.look, "does": provider.does()}


async def _answers(url: str, word: str) -> bool:
    """Ask a callback for the challenge, as Meta does."""
    challenge = str(secrets.randbelow(10**9))
    query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": word})
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}?{query}") as answer:
            return answer.status == 200 and await answer.text() == challenge
    except aiohttp.ClientError:
        return False


async def events(town: Town, request: web.Request) -> web.StreamResponse:
    """Tell the phone page what changes, as server-sent events."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    town.listeners.add(queue)
    try:
        await response.write(b'data: {"what": "hello"}\n\n')
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), 15)
                await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            except TimeoutError:
                await response.write(b": still here\n\n")
    except (ConnectionResetError, asyncio.CancelledError):
        return response
    finally:
        town.listeners.discard(queue)
