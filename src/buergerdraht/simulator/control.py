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

from buergerdraht.simulator.citizens import CannotDo, Citizens, picture, tone
from buergerdraht.simulator.delivery import metadata
from buergerdraht.simulator.town import Account, Faults, Message, Person, Town
from buergerdraht.simulator.whatsapp import make_template


@dataclass
class Control:
    town: Town
    citizens: Citizens

    def routes(self) -> list[web.RouteDef]:
        root = "/_control"
        return [
            web.get(f"{root}/accounts", self.answer(self.accounts)),
            web.post(f"{root}/accounts", self.answer(self.make_account)),
            web.post(root + "/accounts/{account}/webhook", self.answer(self.webhook)),
            web.post(root + "/accounts/{account}/faults", self.answer(self.faults)),
            web.post(root + "/accounts/{account}/templates", self.answer(self.template)),
            web.post(root + "/accounts/{account}/events", self.answer(self.event)),
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
        hidden = {"token", "secret"}
        return [{key: value for key, value in asdict(each).items() if key not in hidden} for each in self.town.accounts.values()]

    async def make_account(self, request: web.Request) -> Any:
        """Make a number or a bot; answers with all a customer would be told, secrets included."""
        wish = await request.json()
        number = next(self.town.counter)
        if wish["kind"] == "whatsapp":
            account = Account(
                "whatsapp", str(wish.get("id", 100000000 + number)), wish["name"], wish.get("token", secrets.token_urlsafe(24)),
                wish.get("secret", secrets.token_hex(16)), number=wish.get("number", f"49302312{number}"),
                waba_id=str(wish.get("waba_id", 200000000 + number)), verify_token=wish.get("verify_token", ""),
            )  # fmt: skip
            account.templates = [
                make_template(next(self.town.counter), each, each.get("status", "APPROVED")) for each in wish.get("templates", [])
            ]
        else:
            bot = str(wish.get("id", 7_000_000_000 + number))
            account = Account(
                "telegram",
                bot,
                wish["name"],
                wish.get("token", f"{bot}:{secrets.token_urlsafe(26)}"),
                username=wish.get("username", f"bot{number}_bot"),
            )
        account.throughput = float(wish.get("throughput", 0))
        return asdict(self.town.add_account(account))

    async def webhook(self, request: web.Request) -> Any:
        """Set a WhatsApp number's callback as the developer page does: with the handshake."""
        account, wish = self._account(request), await request.json()
        challenge = str(secrets.randbelow(10**9))
        query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": wish["verify_token"]})
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{wish['url']}?{query}") as answer:
                ok = answer.status == 200 and await answer.text() == challenge
        except aiohttp.ClientError:
            ok = False
        if not ok:
            raise CannotDo("The callback URL or verify token couldn't be validated.")
        account.callback, account.verify_token = wish["url"], wish["verify_token"]
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

    async def template(self, request: web.Request) -> Any:
        """Approve, pause or add a template; its owner hears of it."""
        account, wish = self._account(request), await request.json()
        found = next((each for each in account.templates if each["name"] == wish["name"] and each["language"] == wish["language"]), None)
        if found is None:
            found = make_template(next(self.town.counter), wish, wish.get("status", "APPROVED"))
            account.templates.append(found)
        found["status"] = wish.get("status", found["status"])
        event = {
            "event": found["status"], "message_template_id": int(found["id"]), "message_template_name": found["name"],
            "message_template_language": found["language"], "message_template_category": found["category"], "reason": "NONE",
        }  # fmt: skip
        self.citizens.whatsapp.delivery.whatsapp(account, event, change="message_template_status_update")
        return found

    async def event(self, request: web.Request) -> Any:
        """Send an account event as it stands: {"field", "value"}."""
        account, wish = self._account(request), await request.json()
        value = wish["value"]
        self.citizens.whatsapp.delivery.whatsapp(
            account, {**metadata(account), **value} if wish["field"] == "messages" else value, change=wish["field"]
        )
        return {"ok": True}

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
        carrier = self.citizens.whatsapp.delivery
        return {account: carrier.carried[account] + len(carrier.statuses[account]) for account in self.town.accounts}

    async def journal(self, request: web.Request) -> web.Response:
        """Give what was accepted as JSON lines from a byte on; the header X-Next says where to go on."""
        data, end = self.town.journal.read(int(request.query.get("from", "0")))
        return web.Response(body=data, content_type="application/x-ndjson", headers={"X-Next": str(end)})

    # ── People ────────────────────────────────────────────────────────────

    async def people(self, request: web.Request) -> Any:
        return [self.person_json(each) for each in self.town.people.values()]

    def person_json(self, person: Person) -> dict[str, Any]:
        return asdict(person)

    async def make_person(self, request: web.Request) -> Any:
        wish = await request.json()
        return self.person_json(self.town.add_person(wish.pop("name"), **wish))

    async def crowd(self, request: web.Request) -> web.Response:
        """Let many move in at once who have just written: {"number", "accounts": [ids]}; answers [[id, user id, Telegram id], …]."""
        wish = await request.json()
        accounts, now = [self.town.accounts[each] for each in wish["accounts"]], self.town.clock()
        bots = [each.id for each in accounts if each.kind == "telegram"]
        made = []
        for _ in range(int(wish["number"])):
            number = next(self.town.counter)
            written = {each.id: now for each in accounts if each.kind == "whatsapp"}
            made.append(self.town.add_person(f"Person {number}", started=list(bots), last_written=written))
        listed = [(each.id, each.user_id, each.telegram_id) for each in made]
        return web.Response(body=msgspec.json.encode(listed), content_type="application/json")

    async def phone(self, request: web.Request) -> Any:
        """Show what a person sees: their chats with all bubbles."""
        person = self.town.people[request.match_info["person"]]
        now = self.town.clock()
        chats = []
        for account in self.town.accounts.values():
            keys = self.town.chats.get((account.id, person.id), [])
            if account.kind == "telegram" and not keys and account.id not in person.started:
                shown: list[dict[str, Any]] = []
            else:
                shown = [self.bubble(account, self.town.messages[key]) for key in keys]
            typing = self.town.typing.get((account.id, person.id), 0) > now
            chats.append({
                "account": account.id, "kind": account.kind, "name": account.name, "messages": shown, "typing": typing,
                "blocked": account.id in person.blocked, "started": account.id in person.started or account.kind == "whatsapp",
            })  # fmt: skip
        return {"person": self.person_json(person), "chats": chats}

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        """Put a message into the form the phone draws: who, text with marks, media, buttons, ticks."""
        shown: dict[str, Any] = {
            "id": message.id, "ours": message.ours, "at": message.at, "status": message.status, "reactions": message.reactions,
            "edited": message.edited, "deleted": message.deleted, "kind": message.kind, "style": account.kind,
        }  # fmt: skip
        if message.deleted:
            return shown
        return shown | (_whatsapp_bubble(self.town, message) if account.kind == "whatsapp" else _telegram_bubble(self.town, message))

    async def act(self, request: web.Request) -> Any:
        person = self.town.people[request.match_info["person"]]
        wish = await self._wish(request)
        verb = request.match_info["verb"]
        if verb == "link":
            account, text = self.citizens.open_link(person, wish["link"])
            if text and wish.get("send", True):
                self.citizens.write(account, person, text)
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
        do = self.citizens
        match verb:
            case "write":
                return do.write(account, person, wish["text"], wish.get("quote", ""))
            case "photo":
                data, mime = self._upload(wish, "image/jpeg")
                return do.send_file(
                    account, person, "photo", data or picture(wish.get("sample", "schlagloch")), mime, caption=wish.get("caption", "")
                )
            case "album":
                album = str(next(self.town.counter))
                for name in wish.get("samples", ["schlagloch", "laterne", "muell"]):
                    do.send_file(account, person, "photo", picture(name), "image/jpeg", album=album)
            case "voice":
                data, mime = self._upload(wish, "audio/ogg; codecs=opus")
                return do.send_file(account, person, "voice", data or tone(), mime if data else "audio/wav")
            case "document" | "video" | "audio" | "sticker":
                data, mime = self._upload(wish, "application/pdf")
                return do.send_file(account, person, verb, data, mime, name=wish.get("name", "datei.pdf"), caption=wish.get("caption", ""))
            case "location":
                return do.send_location(account, person, float(wish.get("latitude", 51.8389)), float(wish.get("longitude", 6.6151)))
            case "contact":
                return do.send_contact(account, person, wish["name"], wish["phone"])
            case "tap":
                do.tap(account, person, wish["message"], wish["choice"])
            case "react":
                do.react(account, person, wish["message"], wish.get("emoji", ""))
            case "edit":
                do.edit(account, person, wish["message"], wish["text"])
            case "delete":
                do.delete(account, person, wish["message"])
            case "read":
                do.read(account, person)
            case "block":
                do.block(account, person, blocked=True)
            case "unblock":
                do.block(account, person, blocked=False)
            case "prefer":
                do.whatsapp.prefer(account, person, wish["value"])
            case _:
                raise CannotDo(f"no verb {verb}")
        return None

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


def _media(town: Town, file_id: str, kind: str) -> dict[str, Any]:
    file = town.files.get(file_id)
    return {"media": {"id": file_id, "kind": kind, "name": file.name if file else "", "mime": file.mime if file else ""}}


def _whatsapp_bubble(town: Town, message: Message) -> dict[str, Any]:
    data, kind = message.data, message.kind
    body: Any = data.get(kind) or {}
    shown: dict[str, Any] = {"quote": (data.get("context") or {}).get("message_id") or (data.get("context") or {}).get("id")}
    if kind == "text":
        return shown | {"text": body["body"]}
    if kind in {"image", "video", "audio", "document", "sticker"}:
        return shown | _media(town, str(body.get("id", "")), "voice" if body.get("voice") else kind) | {"text": body.get("caption", "")}
    if kind == "location":
        return shown | {"location": body}
    if kind == "contacts":
        return shown | {"text": "👤 " + body[0]["name"]["formatted_name"]}
    if kind == "button":
        return shown | {"text": body["text"]}
    if kind == "template":
        return shown | _template_bubble(town, data)
    if kind == "interactive" and "action" not in body:
        return shown | {"text": (body.get("button_reply") or body.get("list_reply") or {}).get("title", "")}
    if kind == "interactive":
        return shown | _interactive_bubble(town, body)
    return shown | {"text": f"({kind})"}


def _interactive_bubble(town: Town, body: dict[str, Any]) -> dict[str, Any]:
    action, header = body["action"], body.get("header") or {}
    shown: dict[str, Any] = {"text": body["body"]["text"], "footer": (body.get("footer") or {}).get("text", "")}
    if header.get("type") == "text":
        shown["header"] = header["text"]
    elif header:
        shown |= _media(town, str(header[header["type"]].get("id", "")), header["type"])
    if body["type"] == "button":
        shown["buttons"] = [{"id": each["reply"]["id"], "title": each["reply"]["title"]} for each in action["buttons"]]
    elif body["type"] == "list":
        rows = [row for section in action["sections"] for row in section["rows"]]
        shown["list"] = {"label": action["button"], "rows": rows}
    elif body["type"] == "cta_url":
        shown["buttons"] = [{"title": action["parameters"]["display_text"], "url": action["parameters"]["url"]}]
    return shown


def _template_bubble(town: Town, data: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"text": "", "buttons": []}
    given = {str(each.get("type", "")).lower(): each.get("parameters") or [] for each in data["template"].get("components") or []}
    for component in data["template_definition"]["components"]:
        kind = component["type"].lower()
        parameters = given.get(kind, [])
        text = component.get("text", "")
        for number, parameter in enumerate(parameters, 1):
            name = parameter.get("parameter_name") or str(number)
            text = text.replace("{{" + name + "}}", str(parameter.get("text", "")))
        if kind == "header" and component.get("format", "TEXT") != "TEXT" and parameters:
            shown |= _media(town, str(parameters[0][parameters[0]["type"]].get("id", "")), parameters[0]["type"])
        elif kind == "header":
            shown["header"] = text
        elif kind == "body":
            shown["text"] = text
        elif kind == "footer":
            shown["footer"] = text
        elif kind == "buttons":
            shown["buttons"] = [{"id": each["text"], "title": each["text"], "url": each.get("url", "")} for each in component["buttons"]]
    return shown


def _telegram_bubble(town: Town, message: Message) -> dict[str, Any]:
    data = message.data
    shown: dict[str, Any] = {"text": data.get("text") or data.get("caption") or "", "entities": data.get("entities") or []}
    if data.get("reply_to"):
        target = town.by_number(message.account, message.person, data["reply_to"])
        shown["quote"] = target.id if target else None
    if data.get("file"):
        shown |= _media(town, data["file"], "image" if message.kind == "photo" else message.kind)
    if message.kind in {"location", "venue"}:
        shown["location"] = {**data, "name": data.get("title", "")}
    if message.kind == "contact":
        shown["text"] = "👤 " + data["contact"]["first_name"]
    keyboard = (data.get("reply_markup") or {}).get("inline_keyboard") or []
    shown["keyboard"] = [
        [{"id": each.get("callback_data", ""), "title": each["text"], "url": each.get("url", "")} for each in row] for row in keyboard
    ]
    return shown


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
