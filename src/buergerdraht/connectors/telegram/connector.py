"""One Telegram bot.

https://core.telegram.org/bots/api
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from buergerdraht.connectors.botapi import Bot
from buergerdraht.connectors.contract import (
    AddressGone,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Part,
    Plan,
    Ref,
    Rejected,
    Sent,
    Temporary,
    Unsigned,
)
from buergerdraht.connectors.http import Call, Http
from buergerdraht.connectors.telegram import health, limits, payloads
from buergerdraht.connectors.telegram.config import TelegramConfig
from buergerdraht.connectors.telegram.plan import plan
from buergerdraht.connectors.usual import Usual

UPDATES = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]


class Telegram(Usual):
    kind: ClassVar[str] = "telegram"
    title: ClassVar[str] = "Telegram"
    hue: ClassVar[str] = "blue"
    mark: ClassVar[str] = "TG"
    about: ClassVar[str] = (
        "Kostenlos und schnell eingerichtet. Bürgerinnen und Bürger schreiben zuerst; ob sie lesen, meldet Telegram nicht."
    )
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
        messages = await self._bot.send(part, _chat(address), files)
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
        url = f"{self.config.host}/file/bot{self._bot.token}/{path}"
        answered = await self.http.call(Call("GET", url, "file", seconds=120, largest=limits.DOWNLOAD))
        if answered.status == 404:
            raise Temporary("unavailable", "HTTP 404")
        if answered.status != 200:
            raise self._bot.failure(answered, sending=False)
        return answered.body, ref.mime or answered.headers.get("content-type", "")

    async def activate(self, webhook_url: str) -> None:
        await self._ask(
            "setWebhook",
            {"url": webhook_url, "secret_token": self.config.secret_token.get_secret_value(), "allowed_updates": UPDATES},
        )

    async def check(self) -> Health:
        return await health.check(self._ask, self.config.username)

    # ── The wire ──────────────────────────────────────────────────────────

    @property
    def _bot(self) -> Bot:
        return Bot(self.config.host, self.config.bot_token.get_secret_value(), self.http)

    async def _ask(self, method: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return await self._bot.ask(method, body)


def _chat(address: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", address):
        raise AddressGone("not_reachable", "no chat id")
    return int(address)
