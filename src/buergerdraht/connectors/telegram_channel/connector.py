"""One Telegram channel.

https://core.telegram.org/bots/api. Answers below a post exist only where a discussion group is linked; they are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from buergerdraht.connectors.botapi import Bot
from buergerdraht.connectors.choices import body
from buergerdraht.connectors.contract import (
    AddressGone,
    ChannelBroken,
    Content,
    Files,
    Health,
    Limits,
    Note,
    Part,
    Plan,
    Rejected,
    SendError,
    Sent,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.connectors.telegram_channel import limits
from buergerdraht.connectors.telegram_channel.config import TelegramChannelConfig
from buergerdraht.connectors.telegram_channel.plan import plan, size
from buergerdraht.connectors.usual import Usual

_RIGHTS = re.compile(r"rights|administrator|not a member|CHAT_WRITE_FORBIDDEN", re.IGNORECASE)


class TelegramChannel(Usual):
    kind: ClassVar[str] = "telegram_channel"
    title: ClassVar[str] = "Telegram-Kanal"
    mark: ClassVar[str] = "TK"
    hue: ClassVar[str] = "blue"
    reach: ClassVar[Any] = "public"
    about: ClassVar[str] = "Öffentliche Beiträge in einem Telegram-Kanal, den alle ohne Anmeldung lesen. Antworten gibt es dort nicht."
    hooked: ClassVar[bool] = False
    guide: ClassVar[Sequence[str]] = (
        "Legen Sie in Telegram einen öffentlichen Kanal mit einem Namen an, zum Beispiel musterstadt_aktuell.",
        "Schreiben Sie an @BotFather und legen Sie mit /newbot einen Bot an.",
        "Fügen Sie den Bot im Kanal als Administrator hinzu, mit dem Recht „Nachrichten posten“.",
        "Übernehmen Sie Kanalname und Token und wählen Sie „Kanal starten“. Eine Webhook-Adresse braucht der Kanal nicht.",
    )
    Config: ClassVar[type[BaseModel]] = TelegramChannelConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: TelegramChannelConfig, http: Http) -> None:
        self.config = config
        self.http = http

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def room(self, content: Content) -> tuple[int, int]:
        """A longer text than a picture's stands in a post of its own."""
        return size(body(content)), self.limits.text

    def link(self, start: str, text: str) -> str:
        """Where the channel is read; nobody subscribes there by a word of ours."""
        return f"https://t.me/{self.config.channel}"

    async def permalink(self, external_id: str) -> str:
        number = external_id.rpartition(":")[2]
        return f"https://t.me/{self.config.channel}/{number}" if number.isdigit() else ""

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        try:
            messages = await self._bot.send(part, f"@{self.config.channel}", files)
        except (AddressGone, Rejected) as problem:
            raise _broken(problem) from None
        return Sent(external_id=f"{self.config.channel}:{messages[0].get('message_id') if messages else token}")

    async def activate(self, webhook_url: str) -> None:
        """There is nobody to be told; see that the bot may post."""
        bot = await self._bot.ask("getMe")
        try:
            member = await self._bot.ask("getChatMember", {"chat_id": f"@{self.config.channel}", "user_id": bot.get("id")})
        except (AddressGone, Rejected) as problem:
            raise ChannelBroken("setup", problem.details) from None
        if not _may_post(member):
            raise ChannelBroken("setup", "the bot may not post")

    async def check(self) -> Health:
        channel = f"@{self.config.channel}"
        try:
            bot = await self._bot.ask("getMe")
            chat = await self._bot.ask("getChat", {"chat_id": channel})
            member = await self._bot.ask("getChatMember", {"chat_id": channel, "user_id": bot.get("id")})
        except (AddressGone, Rejected) as problem:
            return _failed("Der Bot findet den Kanal nicht. Fügen Sie ihn dort als Administrator hinzu.", problem)
        except ChannelBroken as problem:
            return _failed("Telegram kennt dieses Token nicht. Fragen Sie @BotFather mit /token nach dem gültigen.", problem)
        except SendError as problem:
            return _failed(REASONS.get(problem.reason, REASONS["unknown"]).title, problem)
        facts = {"name": str(chat.get("title") or ""), "number": channel}
        if _may_post(member):
            return Health(ok=True, facts=facts)
        text = "Der Bot darf in diesem Kanal nicht posten. Geben Sie ihm dort das Recht „Nachrichten posten“."
        return Health(ok=False, facts=facts, findings=(Note(level="error", code="may_not_post", text=text),))

    @property
    def _bot(self) -> Bot:
        return Bot(self.config.host, self.config.bot_token.get_secret_value(), self.http)


def _may_post(member: dict[str, Any]) -> bool:
    return member.get("status") == "creator" or (member.get("status") == "administrator" and bool(member.get("can_post_messages")))


def _broken(problem: SendError) -> SendError:
    """Nobody is behind a channel who could have left: what looks like it is a set-up that no longer holds."""
    if isinstance(problem, AddressGone) or _RIGHTS.search(problem.details):
        return ChannelBroken("setup", problem.details)
    return problem


def _failed(text: str, problem: SendError) -> Health:
    note = Note(level="error", code=problem.reason, text="{what} ({details})", values={"what": text, "details": problem.details})
    return Health(ok=False, findings=(note,))
