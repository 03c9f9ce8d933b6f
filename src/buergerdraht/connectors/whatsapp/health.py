"""Ask Meta how the number is, and say it in plain German."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from buergerdraht.connectors.contract import ChannelBroken, Health, Note, SendError
from buergerdraht.connectors.reasons import REASONS

Get = Callable[[str, str], Awaitable[dict[str, Any]]]
_FIELDS = (
    "display_phone_number,verified_name,quality_rating,name_status,code_verification_status,status,throughput,"
    "whatsapp_business_manager_messaging_limit"
)


async def check(get: Get, phone_number_id: str, waba_id: str) -> Health:
    findings: list[Note] = []
    facts: dict[str, str] = {}
    learned: dict[str, str] = {}
    try:
        number = await get(f"{phone_number_id}?fields={_FIELDS}", "number")
        facts, learned = _facts(number), {"number": str(number.get("display_phone_number") or "")}
        findings += _number(number)
    except SendError as problem:
        findings.append(_problem(problem, "Die Telefonnummer lässt sich beim Anbieter nicht abfragen"))
    if not any(note.level == "error" for note in findings):
        findings += await _account(get, waba_id)
    ok = not any(note.level == "error" for note in findings)
    return Health(ok=ok, findings=tuple(findings), facts=facts, learned={key: value for key, value in learned.items() if value})


def _facts(number: dict[str, Any]) -> dict[str, str]:
    throughput = number.get("throughput")
    values = {
        "number": number.get("display_phone_number"),
        "name": number.get("verified_name"),
        "quality": number.get("quality_rating"),
        "limit": _people(number.get("whatsapp_business_manager_messaging_limit")),
        "throughput": throughput.get("level") if isinstance(throughput, dict) else throughput,
    }
    return {key: str(value) for key, value in values.items() if value}


def _people(limit: Any) -> str:
    """Say Meta's tier as a number of people: "TIER_10K" is 10.000."""
    tier = str(limit or "").upper().removeprefix("TIER_")
    if tier in {"UNLIMITED", "-1"}:
        return "unbegrenzt"
    thousands = tier.removesuffix("K")
    count = int(thousands) * (1000 if tier.endswith("K") else 1) if thousands.isdigit() else 0
    return f"{count:,}".replace(",", ".") if count else tier


def _number(number: dict[str, Any]) -> list[Note]:
    notes = []
    status, quality, name = (str(number.get(key) or "").upper() for key in ("status", "quality_rating", "name_status"))
    if status and status not in {"CONNECTED", "UNKNOWN"}:
        notes.append(
            _note(
                "error",
                "number_status",
                "Die Nummer ist beim Anbieter nicht verbunden (Stand: {status}). Registrieren Sie sie im Business-Manager.",
                status=status,
            )
        )
    if quality == "RED":
        notes.append(
            _note(
                "warning",
                "quality_red",
                "Meta bewertet die Nummer schlecht: Zu viele Personen haben Sie blockiert oder gemeldet. Senden Sie seltener.",
            )
        )
    elif quality == "YELLOW":
        notes.append(_note("warning", "quality_yellow", "Die Bewertung der Nummer ist gesunken. Achten Sie auf Abmeldungen."))
    if name in {"DECLINED", "EXPIRED", "NONE"}:
        notes.append(_note("warning", "name_status", "Der Anzeigename ist nicht genehmigt. Bürgerinnen und Bürger sehen nur die Nummer."))
    return notes


async def _account(get: Get, waba_id: str) -> list[Note]:
    try:
        apps = await get(f"{waba_id}/subscribed_apps", "subscribed_apps")
    except ChannelBroken as problem:
        return [
            _problem(problem, "Das WhatsApp-Konto lässt sich nicht abfragen. Prüfen Sie die Business Account ID und die Rechte des Tokens")
        ]
    except SendError as problem:
        return [_problem(problem, "Das WhatsApp-Konto lässt sich gerade nicht abfragen", level="warning")]
    if not apps.get("data"):
        return [
            _note(
                "warning",
                "not_subscribed",
                "Für dieses Konto ist noch keine App angemeldet: Es kommen keine Nachrichten an. Wählen Sie „Kanal starten“.",
            )
        ]
    return []


def _problem(problem: SendError, what: str, level: str = "error") -> Note:
    spoken = REASONS.get(problem.reason, REASONS["unknown"])
    return _note(
        level,
        problem.reason,
        "{what}: {title}. {advice} ({details})",
        what=what,
        title=spoken.title,
        advice=spoken.advice,
        details=problem.details,
    )


def _note(level: str, code: str, text: str, **values: str) -> Note:
    return Note(level=level, code=code, text=text, values=values)  # type: ignore[arg-type]
