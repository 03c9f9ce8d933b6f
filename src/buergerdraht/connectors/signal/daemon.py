"""signal-cli's own daemon: JSON-RPC at /api/v1/rpc to send, server-sent events at /api/v1/events to hear.

signal-cli-jsonrpc(5), `daemon --http --receive-mode=manual`: then opening the events is the subscription, and what comes while nobody
listens waits at Signal. `subscribeReceive` exists on its sockets only; over HTTP it is answered "Method not implemented".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from buergerdraht.connectors.contract import ChannelBroken, Rejected, Temporary
from buergerdraht.connectors.http import Answered, Call, Http
from buergerdraht.connectors.signal import errors, streams
from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.connectors.signal.door import Frame, Letter, ask, author, authorization, data_uri
from buergerdraht.connectors.signal.names import Named


class Daemon:
    def __init__(self, config: SignalConfig, http: Http) -> None:
        self.config, self.http = config, http
        self.number = config.number
        self.headers = authorization(config)

    async def send(self, letter: Letter) -> int:
        params: dict[str, Any] = {"recipient": [letter.to], "message": letter.text}
        if letter.styles:
            params["textStyle"] = list(letter.styles)
        if letter.files:
            params["attachment"] = [data_uri(file) for file in letter.files]
        if letter.quote:
            params |= {"quoteTimestamp": letter.quote.moment, "quoteAuthor": author(letter.quote, self.number), "quoteMessage": ""}
        answered = await self.http.call(self._call("send", params, seconds=55))
        found = self._result(answered)
        results = found.get("results") if isinstance(found, Mapping) else None
        for one in results if isinstance(results, list) else []:
            if isinstance(one, Mapping) and (problem := errors.result(one)) is not None:
                raise problem
        if not isinstance(found, Mapping) or type(found.get("timestamp")) is not int:
            raise Temporary("unavailable", "no timestamp", maybe_sent=True)
        return int(found["timestamp"])

    async def react(self, target: Named, emoji: str) -> None:
        whose = author(target, self.number)
        params = {"recipient": [target.person], "emoji": emoji, "targetAuthor": whose, "targetTimestamp": target.moment}
        await self._ask("sendReaction", params)

    async def read(self, target: Named) -> None:
        await self._ask("sendReceipt", {"recipient": target.person, "targetTimestamp": [target.moment], "type": "read"})

    async def typing(self, to: str) -> None:
        await self._ask("sendTyping", {"recipient": [to]})

    async def fetch(self, file: str, largest: int) -> bytes:
        found = await self._ask("getAttachment", {"id": file}, largest=largest * 4 // 3 + 1000)
        if not isinstance(found, Mapping) or not isinstance(found.get("data"), str):
            raise Rejected("media_refused", "no data")
        try:
            return base64.b64decode(found["data"], validate=True)
        except (binascii.Error, ValueError):
            raise Rejected("media_refused", "no base64") from None

    async def rescue(self, challenge: str, captcha: str) -> None:
        await self._ask("submitRateLimitChallenge", {"challenge": challenge, "captcha": captcha})

    async def trust(self, person: str) -> None:
        await self._ask("trust", {"recipient": person, "trustAllKnownKeys": True})

    async def doubted(self) -> int:
        found = await self._ask("listIdentities")
        return sum(isinstance(one, Mapping) and one.get("trustLevel") == "UNTRUSTED" for one in found) if isinstance(found, list) else 0

    async def about(self) -> Mapping[str, str]:
        """Ask for the version, and for something only an account that is there can answer."""
        found = await self._ask("version")
        version = found.get("version") if isinstance(found, Mapping) else None
        await self._ask("listIdentities")
        return {"version": f"signal-cli {version if isinstance(version, str) else ''}"[:40].strip()}

    async def events(self, after: str) -> AsyncIterator[Frame]:
        url = f"{self.config.host}/api/v1/events?account={quote(self.number, safe='')}"
        async for event in streams.server_sent(url, self.headers, after, self.http.networks):
            if event.kind in {"", "message", "receive"} and event.data:
                yield Frame(event.data, event.id)

    def _call(self, method: str, params: Mapping[str, Any], *, seconds: float = 30, largest: int = 5_000_000) -> Call:
        body = {"jsonrpc": "2.0", "id": method, "method": method, "params": {"account": self.number, **params}}
        url = f"{self.config.host}/api/v1/rpc"
        return Call("POST", url, method, json=body, headers=self.headers, seconds=seconds, largest=largest)

    async def _ask(self, method: str, params: Mapping[str, Any] | None = None, *, largest: int = 5_000_000) -> Any:
        answered = await ask(self.http, self._call(method, params or {}, largest=largest))
        try:
            return self._result(answered)
        except Temporary as problem:
            problem.maybe_sent = False
            raise

    def _result(self, answered: Answered) -> Any:
        if answered.status in {401, 403}:
            raise ChannelBroken("token_invalid", f"HTTP {answered.status}")
        if answered.status in {404, 405, 415, 421}:  # not this service, or it does not answer to this name
            raise ChannelBroken("setup", f"HTTP {answered.status}")
        if answered.status == 413:
            raise Rejected("media_refused", "HTTP 413")
        if answered.status >= 300:
            raise Temporary(
                "unavailable", f"HTTP {answered.status}", retry_after=answered.retry_after, maybe_sent=answered.status in {502, 504}
            )
        try:
            data = msgspec.json.decode(answered.body)
        except msgspec.MsgspecError:
            raise Temporary("unavailable", "no JSON", maybe_sent=True) from None
        if not isinstance(data, dict):
            raise Temporary("unavailable", "no answer", maybe_sent=True)
        if isinstance(data.get("error"), dict):
            raise errors.rpc(data["error"], self.number)
        return data.get("result")
