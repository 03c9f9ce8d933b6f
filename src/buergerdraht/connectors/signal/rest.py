"""signal-cli-rest-api, mode json-rpc: REST to send, a websocket to hear.

https://bbernhard.github.io/signal-cli-rest-api/ (0.101). What comes while nobody listens at the websocket is lost there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, Temporary
from buergerdraht.connectors.http import Answered, Call, Http
from buergerdraht.connectors.signal import errors, streams
from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.connectors.signal.door import Frame, Letter, ask, author, authorization, data_uri
from buergerdraht.connectors.signal.names import Named
from buergerdraht.connectors.signal.styles import marked

MODE = "json-rpc"
UNTOLD = "Failed to send message"


class Rest:
    def __init__(self, config: SignalConfig, http: Http) -> None:
        self.config, self.http = config, http
        self.number = config.number
        self.headers = authorization(config)

    async def send(self, letter: Letter) -> int:
        text, mode = letter.text, "normal"
        if letter.styles and (styled := marked(letter.text, letter.styles)) is not None:
            text, mode = styled, "styled"
        body: dict[str, Any] = {"number": self.number, "recipients": [letter.to], "message": text, "text_mode": mode}
        if letter.files:
            body["base64_attachments"] = [data_uri(file) for file in letter.files]
        if letter.quote:
            body |= {"quote_timestamp": letter.quote.moment, "quote_author": author(letter.quote, self.number), "quote_message": ""}
        call = Call("POST", f"{self.config.host}/v2/send", "send", json=body, headers=self.headers, seconds=55)
        answered = await self.http.call(call)
        if answered.status < 300:
            return self._moment(answered)
        if answered.json().get("error") == UNTOLD and letter.to.startswith("+") and not await self._registered(letter.to):
            raise AddressGone("not_reachable", "not registered")
        raise errors.rest(answered, self.number)

    async def _registered(self, to: str) -> bool:
        """Ask whether there is anybody: the rest-api keeps why a message failed to itself. Signal ids cannot be asked for."""
        found = await self._ask("GET", "search", tail=f"?numbers={quote(to, safe='')}")
        told = [one.get("registered") for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
        return told != [False]

    def _moment(self, answered: Answered) -> int:
        """Read {"timestamp": "…"}, or a list of one: 0.101 began to give a list, with the recipients' errors."""
        try:
            data = msgspec.json.decode(answered.body)
        except msgspec.MsgspecError:
            raise Temporary("unavailable", "no JSON", maybe_sent=True) from None
        found = data[0] if isinstance(data, list) and data else data
        if not isinstance(found, Mapping) or not str(found.get("timestamp", "")).isdigit():
            raise Temporary("unavailable", "no timestamp", maybe_sent=True)
        refused = found.get("errors")
        for one in (refused.get("recipients") or []) if isinstance(refused, Mapping) else []:
            if isinstance(one, Mapping) and (problem := errors.result(one)) is not None:
                raise problem
        return int(found["timestamp"])

    async def react(self, target: Named, emoji: str) -> None:
        body = {"recipient": target.person, "reaction": emoji, "target_author": author(target, self.number), "timestamp": target.moment}
        await self._ask("POST", "reactions", body)

    async def read(self, target: Named) -> None:
        await self._ask("POST", "receipts", {"recipient": target.person, "receipt_type": "read", "timestamp": target.moment})

    async def typing(self, to: str) -> None:
        await self._ask("PUT", "typing-indicator", {"recipient": to})

    async def fetch(self, file: str, largest: int) -> bytes:
        url = f"{self.config.host}/v1/attachments/{quote(file, safe='')}"
        answered = await ask(self.http, Call("GET", url, "file", headers=self.headers, seconds=120, largest=largest))
        if answered.status == 404:
            raise Rejected("media_refused", "HTTP 404")
        if answered.status != 200:
            raise errors.rest(answered, self.number)
        return answered.body

    async def rescue(self, challenge: str, captcha: str) -> None:
        await self._ask("POST", "accounts", {"challenge_token": challenge, "captcha": captcha}, "/rate-limit-challenge")

    async def trust(self, person: str) -> None:
        await self._ask("PUT", "identities", {"trust_all_known_keys": True}, f"/trust/{quote(person, safe='')}")

    async def doubted(self) -> int:
        found = await self._ask("GET", "identities")
        return sum(isinstance(one, Mapping) and one.get("status") == "UNTRUSTED" for one in found) if isinstance(found, list) else 0

    async def about(self) -> Mapping[str, str]:
        """Look for the mode, which decides whether there is a websocket, and for our number."""
        about = await self._get("/v1/about")
        mode = about.get("mode") if isinstance(about, Mapping) else None
        if mode != MODE:
            raise ChannelBroken("setup", "mode")
        accounts = await self._get("/v1/accounts")
        if not isinstance(accounts, list) or self.number not in accounts:
            raise ChannelBroken("setup", "account")
        return {"version": f"signal-cli-rest-api {str(about.get('version') or '')[:20]}".strip()}

    async def events(self, after: str) -> AsyncIterator[Frame]:
        url = f"{self.config.host}/v1/receive/{quote(self.number, safe='')}"
        async for body in streams.websocket(url.replace("http", "ws", 1), self.headers, self.http.networks):
            yield Frame(body)

    async def _ask(self, method: str, what: str, body: Any = None, tail: str = "") -> Any:
        return await self._call(method, f"/v1/{what}/{quote(self.number, safe='')}{tail}", what, body)

    async def _get(self, path: str) -> Any:
        return await self._call("GET", path, path.rpartition("/")[2])

    async def _call(self, method: str, path: str, what: str, body: Any = None) -> Any:
        answered = await ask(self.http, Call(method, self.config.host + path, what, json=body, headers=self.headers))
        if answered.status >= 300:
            problem = errors.rest(answered, self.number)
            if isinstance(problem, Temporary):
                problem.maybe_sent = False
            raise problem
        try:
            return msgspec.json.decode(answered.body) if answered.body else None
        except msgspec.MsgspecError:
            return None
