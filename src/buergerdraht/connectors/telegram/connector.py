"""One Telegram bot.

https://core.telegram.org/bots/api
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from buergerdraht.connectors.contract import (
    AddressGone,
    Answer,
    Applicant,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Part,
    Plan,
    Ref,
    Rejected,
    SendError,
    Sent,
    Template,
    Temporary,
    Unsigned,
)
from buergerdraht.connectors.http import Answered, Call, Http, Upload
from buergerdraht.connectors.telegram import health, limits, payloads
from buergerdraht.connectors.telegram.config import TelegramConfig
from buergerdraht.connectors.telegram.errors import failure
from buergerdraht.connectors.telegram.plan import plan

UPDATES = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
_FOREVER = 24 * 365  # a file id stays valid as long as the bot


class Telegram:
    kind: ClassVar[str] = "telegram"
    title: ClassVar[str] = "Telegram"
    mark: ClassVar[str] = "TG"
    about: ClassVar[str] = (
        "Kostenlos und schnell eingerichtet. Bürgerinnen und Bürger schreiben zuerst; ob sie lesen, meldet Telegram nicht."
    )
    applicants: ClassVar[Sequence[Applicant]] = ()
    guide: ClassVar[Sequence[str]] = (
        "Schreiben Sie in Telegram an @BotFather und legen Sie mit /newbot einen Bot an.",
        "Übernehmen Sie Name und Token in die Einstellungen dieses Kanals.",
        "Wählen Sie „Kanal starten“. Die Webhook-Adresse teilen wir Telegram dann selbst mit.",
    )
    Config: ClassVar[type[BaseModel]] = TelegramConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: TelegramConfig, http: Http) -> None:
        self.config = config
        self.http = http

    # ── Pure ──────────────────────────────────────────────────────────────

    def handshake(self, query: Mapping[str, str]) -> Answer | None:
        return None

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Compare the word we gave at `activate`: Telegram does not sign the body."""
        given = headers.get("x-telegram-bot-api-secret-token", "").encode(errors="replace")
        word = self.config.secret_token.get_secret_value().encode()
        if not word or not hmac.compare_digest(given, word):
            raise Unsigned

    def parse(self, body: bytes) -> list[Item]:
        return payloads.parse(body)

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """Telegram carries a parameter of 64 letters of A-Z a-z 0-9 _ -; others are replaced."""
        word = re.sub(r"[^A-Za-z0-9_-]", "_", start)[: limits.START]
        if not self.config.username:
            return ""
        return f"https://t.me/{self.config.username}" + (f"?start={word}" if word else "")

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        chat = _chat(address)
        known = {media.id: await files.uploaded(media) for media in part.media}
        fresh = {media.id: Upload(await files.read(media), media.file_name, media.mime) for media in part.media if not known[media.id]}
        body = _filled(part.body, {key: value or f"attach://{key}" for key, value in known.items()})
        answered = await self._call(part.method, {"chat_id": chat, **body}, fresh)
        if answered.status >= 400 or answered.json().get("ok") is not True:
            raise self._failure(answered)
        result = answered.json().get("result")
        messages = [one for one in (result if isinstance(result, list) else [result]) if isinstance(one, Mapping)]
        for media, message in zip(part.media, messages, strict=False):
            if media.id in fresh and (found := _file_id(message)):
                await files.remember(media, found, hours=_FOREVER)
        if not messages:  # a reaction is answered by a plain `true`
            return Sent(external_id=f"{address}:reaction:{token}")
        return Sent(external_id=f"{address}:{messages[0].get('message_id')}")

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None:
        """Show that we write; bots cannot mark as read."""
        if typing:
            await self._ask("sendChatAction", {"chat_id": _chat(address), "action": "typing"})

    async def acknowledge(self, callback: str) -> None:
        """Stop the button's spinning. A press older than Telegram remembers is no fault."""
        try:
            await self._ask("answerCallbackQuery", {"callback_query_id": callback})
        except Rejected:
            return

    # ── Fetching and setting up ───────────────────────────────────────────

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        if ref.size > limits.DOWNLOAD:
            raise Rejected("media_refused", "larger than 20 MB")
        found = await self._ask("getFile", {"file_id": ref.external_id})
        path = str(found.get("file_path") or "")
        if not path:
            raise Rejected("media_refused", "no path")
        url = f"{self.config.host}/file/bot{self._token}/{path}"
        answered = await self.http.call(Call("GET", url, "file", seconds=120, largest=limits.DOWNLOAD))
        if answered.status == 404:
            raise Temporary("unavailable", "HTTP 404")
        if answered.status != 200:
            raise self._failure(answered, sending=False)
        return answered.body, ref.mime or answered.headers.get("content-type", "")

    async def templates(self) -> list[Template]:
        return []

    async def activate(self, webhook_url: str) -> None:
        await self._ask(
            "setWebhook",
            {"url": webhook_url, "secret_token": self.config.secret_token.get_secret_value(), "allowed_updates": UPDATES},
        )

    async def check(self) -> Health:
        return await health.check(self._ask, self.config.username)

    def receive(self) -> AsyncIterator[list[Item]]:
        raise NotImplementedError

    # ── The wire ──────────────────────────────────────────────────────────

    @property
    def _token(self) -> str:
        return self.config.bot_token.get_secret_value()

    async def _call(self, method: str, body: Mapping[str, Any], files: Mapping[str, Upload] | None = None) -> Answered:
        url = f"{self.config.host}/bot{self._token}/{method}"
        if not files:
            return await self.http.call(Call("POST", url, method, json=body))
        form: dict[str, str | Upload] = {key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()}
        return await self.http.call(Call("POST", url, method, form={**form, **files}, seconds=120))

    async def _ask(self, method: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a method that sends nothing to anybody; raise one of the four failures."""
        answered = await self._call(method, body or {})
        data = answered.json()
        if answered.status >= 400 or data.get("ok") is not True:
            raise self._failure(answered, sending=False)
        result = data.get("result")
        return result if isinstance(result, dict) else {}

    def _failure(self, answered: Answered, *, sending: bool = True) -> SendError:
        found = failure(answered, self._token)
        if not sending and isinstance(found, Temporary):
            found.maybe_sent = False
        return found


def _chat(address: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", address):
        raise AddressGone("not_reachable", "no chat id")
    return int(address)


def _filled(body: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """Put Telegram's ids, or the name of an attachment, where our media belong."""
    places = {f"{{media:{key}}}": value for key, value in ids.items()}

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return places.get(value, value)
        if isinstance(value, Mapping):
            return {key: fill(inner) for key, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list | tuple) else value

    filled: dict[str, Any] = fill(body)
    return filled


def _file_id(message: Mapping[str, Any]) -> str:
    """Find the id under which Telegram keeps the file just sent."""
    for kind in ("photo", "video", "audio", "voice", "document", "animation", "sticker"):
        found = message.get(kind)
        if isinstance(found, list) and found:
            found = found[-1]
        if isinstance(found, Mapping):
            return str(found.get("file_id") or "")
    return ""
