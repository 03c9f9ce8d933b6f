"""Ask Telegram how the bot is, and say it in plain German."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from buergerdraht.connectors.contract import ChannelBroken, Health, Note, SendError
from buergerdraht.connectors.reasons import REASONS

Ask = Callable[[str], Awaitable[dict[str, Any]]]
_MANY = 100


async def check(ask: Ask, username: str) -> Health:
    try:
        bot = await ask("getMe")
        hook = await ask("getWebhookInfo")
    except ChannelBroken as problem:
        return _failed("Telegram kennt dieses Token nicht. Fragen Sie @BotFather mit /token nach dem gültigen.", problem)
    except SendError as problem:
        return _failed(REASONS.get(problem.reason, REASONS["unknown"]).title, problem)
    name = str(bot.get("username") or "")
    findings = _webhook(hook)
    if username and name and username.lower() != name.lower():
        text = "Das Token gehört zum Bot @{name}, eingetragen ist @{username}."
        findings.append(Note(level="error", code="wrong_bot", text=text, values={"name": name, "username": username}))
    facts = {
        "name": str(bot.get("first_name") or ""),
        "number": f"@{name}" if name else "",
        "pending": str(hook.get("pending_update_count", 0)),
    }
    ok = not any(note.level == "error" for note in findings)
    return Health(ok=ok, findings=tuple(findings), facts=facts, learned={"username": name} if name else {})


def _failed(text: str, problem: SendError) -> Health:
    note = Note(level="error", code=problem.reason, text="{what} ({details})", values={"what": text, "details": problem.details})
    return Health(ok=False, findings=(note,))


def _webhook(hook: dict[str, Any]) -> list[Note]:
    findings = []
    if not hook.get("url"):
        text = "Telegram weiß noch nicht, wohin es Nachrichten liefern soll. Wählen Sie „Kanal starten“."
        findings.append(Note(level="warning", code="no_webhook", text=text))
    failed = hook.get("last_error_date")
    if isinstance(failed, int) and datetime.now(UTC) - datetime.fromtimestamp(failed, UTC) < timedelta(hours=1):
        text = "Telegram konnte in der letzten Stunde nicht zustellen: {words}"
        findings.append(
            Note(level="warning", code="webhook_error", text=text, values={"words": str(hook.get("last_error_message") or "")[:200]})
        )
    pending = hook.get("pending_update_count")
    if isinstance(pending, int) and pending > _MANY:
        text = "Bei Telegram warten {pending} Nachrichten auf Abholung."
        findings.append(Note(level="warning", code="pending", text=text, values={"pending": str(pending)}))
    return findings
