"""signal-cli as its owner sees it: its own daemon over HTTP, and signal-cli-rest-api before it, below /signal.

signal-cli-jsonrpc(5), and the rest-api's swagger (0.101). An account's `data["door"]` says which of the two runs: "daemon" or "rest".
What nobody listens to waits at Signal behind the daemon (--receive-mode=manual), and is lost behind the rest-api. Nobody learns of a
block: messages are taken, and no receipt comes. Signal publishes no limits; here it is one message a second with ten lent, then a
pause, and a riddle whenever control says so.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from aiohttp import WSMsgType, web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.provider import CannotDo
from buergerdraht.simulator.providers import signal_rules as rules
from buergerdraht.simulator.providers.signal_cli import SignalCli, Told
from buergerdraht.simulator.providers.signal_rules import Refusal
from buergerdraht.simulator.town import Account

KEEP_ALIVE_SECONDS = 15.0
CLI_VERSION, API_VERSION = "0.14.7", "0.101.0"


class Signal(SignalCli):
    """The provider: its doors."""

    def account(self, wish: dict[str, Any], number: int) -> Account:
        digits = str(wish.get("number", f"493023125{number % 1000:03d}")).removeprefix("+")
        data = {"door": wish.get("door", "daemon"), "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"signal:account:{digits}"))}
        return Account("signal", str(wish.get("id", digits)), wish["name"], str(wish.get("token", "")), number=f"+{digits}", data=data)

    def routes(self) -> list[web.RouteDef]:
        number = "/{number}"
        return [
            web.post("/signal/api/v1/rpc", self.rpc),
            web.get("/signal/api/v1/events", self.events),
            web.get("/signal/api/v1/check", self.check),
            web.get("/signal/v1/about", self.rest(self.get_about)),
            web.get("/signal/v1/health", self.rest(self.get_health)),
            web.get("/signal/v1/accounts", self.rest(self.get_accounts)),
            web.get(f"/signal/v1/groups{number}", self.rest(self.get_groups)),
            web.get(f"/signal/v1/search{number}", self.rest(self.get_search)),
            web.get(f"/signal/v1/identities{number}", self.rest(self.get_identities)),
            web.put(f"/signal/v1/identities{number}/trust/{{person}}", self.rest(self.put_trust)),
            web.post("/signal/v2/send", self.rest(self.post_send)),
            web.route("*", f"/signal/v1/reactions{number}", self.rest(self.change_reaction)),
            web.post(f"/signal/v1/receipts{number}", self.rest(self.post_receipt)),
            web.route("*", f"/signal/v1/typing-indicator{number}", self.rest(self.change_typing)),
            web.delete(f"/signal/v1/remote-delete{number}", self.rest(self.delete_message)),
            web.post(f"/signal/v1/accounts{number}/rate-limit-challenge", self.rest(self.post_challenge)),
            web.get("/signal/v1/attachments/{file}", self.rest(self.get_attachment)),
            web.get(f"/signal/v1/receive{number}", self.receive),
        ]

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """captcha: ask for a riddle. key: somebody has a new phone. expire: their messages vanish. device: we write from another one."""
        person = self.town.people.get(str(wish.get("person", "")))
        if what == "captcha":
            account.data["challenge"] = str(uuid.uuid4()) if wish.get("on", True) else ""
            return {"challenge": account.data["challenge"]}
        if what == "door" and wish.get("door") in {"rest", "daemon"}:
            account.data["door"] = wish["door"]
            return {"ok": True}
        if person is None:
            raise CannotDo(f"Signal has no {what}, or nobody is meant")
        if what == "key":
            self.keys(account)[self.address(account, person)] = "UNTRUSTED"
        elif what == "expire":
            person.data.setdefault("signal", {})["expires"] = int(wish["seconds"])
        elif what == "device":
            self.echo(account, person, str(wish["text"]))
        else:
            raise CannotDo(f"Signal has no {what}")
        return {"ok": True}

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The daemon's server-sent events."""
        wanted = request.query.get("account", "")
        account = self.find("number", wanted)
        if account is None or account.data["door"] != "daemon":
            return web.Response(status=400 if account is None else 404)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        async with self.listening(account, request.headers.get("Last-Event-ID", "")) as queue:
            try:
                while True:
                    try:
                        name, frame = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
                        await response.write(f"id:{name}\nevent:receive\ndata:".encode() + frame + b"\n\n")
                    except TimeoutError:
                        await response.write(b":\n")
            except (ConnectionResetError, asyncio.CancelledError):
                return response

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """The rest-api's websocket."""
        account = self.find("number", request.match_info["number"])
        if account is None or account.data["door"] != "rest":
            return web.json_response({"error": "Specified account does not exist"}, status=400)
        socket = web.WebSocketResponse(heartbeat=54)
        await socket.prepare(request)
        async with self.listening(account) as queue:
            telling = asyncio.ensure_future(self._push(socket, queue))
            try:
                async for message in socket:
                    if message.type is WSMsgType.ERROR:
                        break
            finally:
                telling.cancel()
        return socket

    async def _push(self, socket: web.WebSocketResponse, queue: asyncio.Queue[Told]) -> None:
        while not socket.closed:
            _, frame = await queue.get()
            await socket.send_str(frame.decode())

    # ── The daemon's door ─────────────────────────────────────────────────

    async def check(self, request: web.Request) -> web.Response:
        return web.Response(status=200)

    async def rpc(self, request: web.Request) -> web.StreamResponse:
        if not request.content_type.startswith("application/json"):
            return web.Response(status=415)
        try:
            asked = json.loads(await request.read())
        except ValueError:
            asked = None
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            problem = Refusal(rules.BAD_REQUEST, "method field must be set").body()
            return answered({"jsonrpc": "2.0", "error": problem, "id": None})
        params = asked.get("params") if isinstance(asked.get("params"), dict) else {}
        account = self.find("number", str((params or {}).get("account", "")))
        if account is not None and account.data["door"] != "daemon":
            return web.Response(status=404)
        if asked["method"] == "send" and account and (trouble := await self._weather(account)):
            return trouble
        try:
            result = await self._method(account, asked["method"], params or {})
        except Refusal as refusal:
            self._refused(account, asked["method"], refusal)
            return answered({"jsonrpc": "2.0", "error": refusal.body(), "id": asked.get("id")})
        if asked["method"] == "send" and account and self._torn(account, request):
            return web.Response()
        if asked.get("id") is None:
            return web.Response(status=201)
        return answered({"jsonrpc": "2.0", "result": result, "id": asked["id"]})

    async def _method(self, account: Account | None, method: str, params: dict[str, Any]) -> Any:
        if method == "version":
            return {"version": CLI_VERSION}
        if method == "listAccounts":
            return [{"number": each.number} for each in self.town.accounts.values() if each.kind == self.kind]
        work = getattr(self, f"do_{method.lower()}", None)
        if work is None:  # subscribeReceive, too: it exists on sockets only
            raise Refusal(rules.NO_METHOD, "Method not implemented")
        if account is None:
            words = "Specified account does not exist" if params.get("account") else "Method requires valid account parameter"
            raise Refusal(rules.BAD_PARAMS, words)
        return await work(account, params)

    def _refused(self, account: Account | None, method: str, refusal: Refusal) -> None:
        if account and method == "send" and refusal.code != rules.RATE:
            self.town.counts[account.id].refused += 1

    async def _weather(self, account: Account) -> web.Response | None:
        """What goes wrong before signal-cli is even asked. A storm of limits is told by signal-cli itself, see `_within_limits`."""
        trouble, seconds = await self.weather.meet(account)
        self.storms[account.id] = (seconds or 1) if trouble == "limit" else 0
        if trouble in {"broken", "down"}:
            return web.Response(status=502 if trouble == "broken" else 503)
        return None

    def _torn(self, account: Account, request: web.Request) -> bool:
        torn = self.weather.tear(account)
        if torn and request.transport:
            request.transport.abort()
        return torn

    # ── The rest-api's door ───────────────────────────────────────────────

    def rest(self, work: Any) -> Any:
        """Find the account, and answer as the rest-api does."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                body = json.loads(await request.read() or b"{}")
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return web.json_response({"error": "Couldn't process request - invalid request"}, status=400)
            number = request.match_info.get("number") or str(body.get("number", ""))
            account = self.find("number", number)
            if account is not None and account.data["door"] != "rest":
                return web.Response(status=404)
            if number and account is None:
                return web.json_response({"error": "Specified account does not exist"}, status=400)
            try:
                found: web.StreamResponse = await work(request, account, body)
            except Refusal as refusal:
                return self._said(account, refusal)
            return found

        return handle

    def _said(self, account: Account | None, refusal: Refusal) -> web.Response:
        if refusal.code == rules.RATE:
            tokens = [each.get("token") or "" for each in refusal.results or []]
            number = account.number if account else ""
            return web.json_response({"error": refusal.message, "challenge_tokens": tokens, "account": number}, status=429)
        return web.json_response({"error": refusal.message}, status=400)

    async def get_about(self, request: web.Request, account: None, body: dict[str, Any]) -> web.Response:
        about = {"versions": ["v1", "v2"], "build": 2, "mode": "json-rpc", "version": API_VERSION, "capabilities": {"v2/send": ["quotes"]}}
        return web.json_response(about)

    async def get_health(self, request: web.Request, account: None, body: dict[str, Any]) -> web.Response:
        return web.Response(status=204)

    async def get_accounts(self, request: web.Request, account: None, body: dict[str, Any]) -> web.Response:
        doors = [each for each in self.town.accounts.values() if each.kind == self.kind and each.data["door"] == "rest"]
        return web.json_response([each.number for each in doors])

    async def get_groups(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        return web.json_response([])

    async def get_search(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        asked = request.query.getall("numbers", [])
        found = [(number, self.town.person_by_phone(number.removeprefix("+"))) for number in asked]
        return web.json_response([{"number": number, "registered": bool(person and person.reachable)} for number, person in found])

    async def get_identities(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        found = await self.do_listidentities(account, {})
        shown = [
            {"number": "", "uuid": one["uuid"], "status": one["trustLevel"], "fingerprint": one["fingerprint"], "added": "0",
             "safety_number": one["safetyNumber"]}
            for one in found
        ]  # fmt: skip
        return web.json_response(shown)

    async def put_trust(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        if not body.get("trust_all_known_keys") and not body.get("verified_safety_number"):
            return web.json_response({"error": "Couldn't process request - please either provide a safety number"}, status=400)
        params = {"trustAllKnownKeys": body.get("trust_all_known_keys"), "verifiedSafetyNumber": body.get("verified_safety_number")}
        await self.do_trust(account, {"recipient": request.match_info["person"], **params})
        return web.Response(status=204)

    async def post_send(self, request: web.Request, account: Account | None, body: dict[str, Any]) -> web.StreamResponse:
        if not body.get("recipients"):
            return web.json_response({"error": "Couldn't process request - please provide at least one recipient"}, status=400)
        if account is None:
            return web.json_response({"error": "Couldn't process request - please provide a valid number"}, status=400)
        if trouble := await self._weather(account):
            return trouble
        mode, text = body.get("text_mode", "normal"), body.get("message")
        if mode not in {"normal", "styled", None} or not isinstance(text, str):
            return web.json_response({"error": "Couldn't process request - invalid request"}, status=400)
        stretches: list[str] = []
        if mode == "styled":
            text, stretches = rules.styled(text)
        params = {
            "recipient": body["recipients"], "message": text, "textStyle": stretches, "attachment": body.get("base64_attachments"),
            "quoteTimestamp": body.get("quote_timestamp"), "quoteAuthor": body.get("quote_author"), "sticker": body.get("sticker"),
            "editTimestamp": body.get("edit_timestamp"),
        }  # fmt: skip
        try:
            sent = await self.do_send(account, params)
        except Refusal as refusal:
            self._refused(account, "send", refusal)
            raise
        if self._torn(account, request):
            return web.Response()
        return web.json_response([{"timestamp": str(sent["timestamp"])}], status=201)

    async def change_reaction(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        await self.do_sendreaction(account, {
            "recipient": body.get("recipient"), "emoji": body.get("reaction"), "targetAuthor": body.get("target_author"),
            "targetTimestamp": body.get("timestamp"), "remove": request.method == "DELETE",
        })  # fmt: skip
        return web.Response(status=204)

    async def post_receipt(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        params = {"recipient": body.get("recipient"), "type": body.get("receipt_type"), "targetTimestamp": body.get("timestamp")}
        await self.do_sendreceipt(account, params)
        return web.Response(status=204)

    async def change_typing(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        await self.do_sendtyping(account, {"recipient": body.get("recipient"), "stop": request.method == "DELETE"})
        return web.Response(status=204)

    async def delete_message(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        sent = await self.do_remotedelete(account, {"recipient": body.get("recipient"), "targetTimestamp": body.get("timestamp")})
        return web.json_response({"timestamp": str(sent["timestamp"])}, status=201)

    async def post_challenge(self, request: web.Request, account: Account, body: dict[str, Any]) -> web.Response:
        params = {"challenge": body.get("challenge_token"), "captcha": body.get("captcha")}
        await self.do_submitratelimitchallenge(account, params)
        return web.Response(status=204)

    async def get_attachment(self, request: web.Request, account: None, body: dict[str, Any]) -> web.Response:
        try:
            return web.Response(body=self.file(None, request.match_info["file"]), content_type="application/octet-stream")
        except Refusal:
            return web.json_response({"error": "No attachment with that name found"}, status=404)


PROVIDER = Signal
