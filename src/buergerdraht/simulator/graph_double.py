"""What all doubles of Meta's Graph share: who asks, the faults of the day, signed webhooks, and the hour after which these end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.graph_rules import HOUR, Refusal
from buergerdraht.simulator.provider import Provider
from buergerdraht.simulator.town import Account, Town
from buergerdraht.simulator.weather import Weather

# At once a few times, then ever more seldom until the hour is over that ends the subscription.
PAUSES = (0.2, 1, 2, 4, 8, 16, 32, 60, 120, 300, 600, 600, 600, 600, 600)
UNSUBSCRIBED_AFTER = HOUR


class GraphDouble(Provider):
    """An app with one account: a Page, and what hangs on it."""

    handshake: ClassVar[bool] = True
    root: ClassVar[str]  # the path before the version, so that no double meets another
    sends: ClassVar[tuple[str, ...]] = ("messages",)  # the last part of addresses that publish something

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.weather = Weather(town, delivery.dice, strict=False)

    # ── Who asks, and what is wrong today ─────────────────────────────────

    def guard(self, work: Any) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            account: Account | None = None
            try:
                account = self.who(request, await self._said(request))
                await self._faults(account, request)
                answer: web.StreamResponse = await work(request, account)
                return answer
            except Refusal as refusal:
                if account and refusal.status < 500 and refusal.code not in {4, 613}:
                    self.town.counts[account.id].refused += 1
                wait = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
                return answered(refusal.body(), refusal.status, wait)

        return handle

    def who(self, request: web.Request, said: Mapping[str, Any]) -> Account:
        """Find the account by its token: in the header, the address or the body."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip() if scheme == "Bearer" else str(said.get("access_token", ""))
        account = self.town.account_by_token(token, self.kind) if token else None
        if account is None or account.data.get("revoked"):
            raise Refusal(400, 190, "Error validating access token: The session has been invalidated", 460)
        given = said.get("appsecret_proof")
        wanted = hmac.new(account.secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if (given or account.data.get("proof_required")) and not hmac.compare_digest(str(given or ""), wanted):
            raise Refusal(400, 100, "Invalid appsecret_proof provided in the API argument")
        account.data["origin"] = str(request.url.origin())  # where we are, for the addresses of files
        return account

    async def _faults(self, account: Account, request: web.Request) -> None:
        if request.method != "POST" or request.path.rpartition("/")[2] not in self.sends:
            if account.faults.latency:
                await asyncio.sleep(account.faults.latency)
            return
        match await self.weather.meet(account):
            case "limit", seconds:
                raise Refusal(400, 613, "Calls to this api have exceeded the rate limit.", retry_after=seconds)
            case "broken", _:
                raise Refusal(500, 1200, "Temporary send message failure. Please try again later.")
            case "down", _:
                raise Refusal(503, 2, "An unexpected error has occurred. Please retry your request later.")

    def torn(self, account: Account, request: web.Request) -> bool:
        """Cut the line after something was published, where the day is like that."""
        if not self.weather.tear(account):
            return False
        if request.transport:
            request.transport.abort()
        return True

    async def values(self, request: web.Request, *objects: str) -> dict[str, Any]:
        """Read what a call says. A form writes `objects` as JSON, or a list of them as `name[0]`, `name[1]`."""
        found = {name: value for name, value in (await self._said(request)).items() if name not in {"access_token", "appsecret_proof"}}
        for name in objects:
            if listed := [found.pop(key) for key in sorted(found, key=len) if re.fullmatch(rf"{name}\[\d+\]", key)]:
                found[name] = [_read(each) for each in listed]
            elif isinstance(found.get(name), str):
                found[name] = _read(found[name])
        return found

    async def _said(self, request: web.Request) -> dict[str, Any]:
        """All of it, whether JSON, form or in the address."""
        found: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            try:
                body = json.loads(await request.read() or b"{}")
            except ValueError:
                raise Refusal(400, 100, "The body is not JSON.") from None
            found |= body if isinstance(body, dict) else {}
        elif request.body_exists:
            found |= dict(await request.post())
        return found

    def own(self, request: web.Request, *ids: str) -> None:
        """See that a call is about the account; to its own token it is `me`."""
        if request.match_info["node"] not in {"me", *ids}:
            raise Refusal(400, 100, "Unsupported request. Object does not exist or cannot be loaded due to missing permissions", 33)

    def chosen(self, request: web.Request, node: Mapping[str, Any], *more: str) -> dict[str, Any]:
        """What of a node was asked for. Fields that it has nothing to say of (`more`) are left out; those that nobody knows are refused."""
        asked = request.query.get("fields", "")
        while (plain := re.sub(r"\{[^{}]*\}", "", asked)) != asked:  # what is asked of what hangs on it
            asked = plain
        names = [each.strip().split(".")[0] for each in asked.split(",") if each.strip()]
        for name in names:
            if name not in node and name not in more:
                raise Refusal(400, 100, f"Tried accessing nonexisting field ({name[:40]})")
        return {name: node[name] for name in ["id", *names] if name in node} if names else dict(node)

    # ── Subscriptions ─────────────────────────────────────────────────────

    async def subscribe(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        wanted = (await self.values(request)).get("subscribed_fields", "")
        fields = [each.strip() for each in (wanted if isinstance(wanted, list) else str(wanted).split(",")) if each.strip()]
        if not fields:
            raise Refusal(400, 100, "The parameter subscribed_fields is required.")
        account.data |= {"subscribed": True, "fields": fields, "failing_since": 0}
        account.webhook_error = ""
        return answered({"success": True})

    async def subscribed(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        app = {"id": account.data["app_id"], "name": f"App von {account.name}", "subscribed_fields": account.data.get("fields", [])}
        return answered({"data": [app] if self.listens(account) else []})

    def listens(self, account: Account) -> bool:
        """Say whether the app is subscribed still: an hour of failing ends that."""
        if account.webhook_error and account.data.get("subscribed"):
            since = account.data.get("failing_since") or self.town.clock()
            account.data["failing_since"] = since
            if self.town.clock() - since >= UNSUBSCRIBED_AFTER:
                account.data["subscribed"] = False
        elif not account.webhook_error:
            account.data["failing_since"] = 0
        return bool(account.data.get("subscribed"))

    def tell_owner(self, account: Account, field: str, entry: dict[str, Any], *, object_: str = "page") -> None:
        """Send one entry to the app, where it subscribed to the field: signed over its bytes, letters and slashes escaped."""
        if account.callback and self.listens(account) and self.wants(account, field):
            self.post(account, {"object": object_, "entry": [{**entry, "time": round(self.town.clock() * 1000)}]})

    def wants(self, account: Account, field: str) -> bool:
        return field in account.data.get("fields", [])

    def post(self, account: Account, body: dict[str, Any]) -> None:
        raw = json.dumps(body).replace("/", "\\/").encode()
        signature = hmac.new(account.secret.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}", "User-Agent": "facebookexternalua"}
        self.delivery.carry(account, raw, headers, PAUSES)

    # ── Control ───────────────────────────────────────────────────────────

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """`state`: revoke the token, restrict the Page, grant a feature; whatever `data` the double looks at."""
        if what != "state":
            return await super().change(account, what, wish)
        account.data |= wish
        return {name: account.data[name] for name in wish}


def _read(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value
