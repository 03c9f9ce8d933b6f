"""Ask the homeserver how our account is, let it call us for a trial, and say it in plain German."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote

from buergerdraht.connectors.contract import ChannelBroken, Health, Note, SendError
from buergerdraht.connectors.http import Answered
from buergerdraht.connectors.matrix.config import MatrixConfig
from buergerdraht.connectors.matrix.errors import code
from buergerdraht.connectors.reasons import REASONS

UNKNOWN = "Der Homeserver kennt unser as_token nicht. Prüfen Sie die Registrierungsdatei, und starten Sie ihn danach neu."
OTHER = "Die Registrierungsdatei gehört zum Konto {name}, eingetragen ist {account}."
DEAF = "Der Homeserver erreicht uns nicht: Prüfen Sie „url“ und „hs_token“ in der Registrierungsdatei ({details})."
SILENT = "Die Registrierungsdatei nennt keine „url“: Nachrichten kommen so nicht an."
OLD = "Der Homeserver kann uns nicht zur Probe anrufen, er ist dafür zu alt. Schreiben Sie dem Konto zur Prüfung selbst."
OTHER_ID = "Die „id“ in der Registrierungsdatei ist nicht {id}: Der Homeserver kann uns nicht zur Probe anrufen."
BEGIN = "Das Konto entsteht mit „Kanal starten“."


class Calling(Protocol):
    async def __call__(self, method: str, path: str, what: str, body: dict[str, Any] | None = None) -> Answered: ...


async def check(call: Calling, config: MatrixConfig, failure: Callable[[Answered], SendError]) -> Health:
    try:
        who = await call("GET", "/_matrix/client/v3/account/whoami", "whoami")
        if who.status != 200:
            return await _unknown(call, config, who, failure)
        findings = await _called(call, config)
        profile = await call("GET", f"/_matrix/client/v3/profile/{quote(config.account, safe='')}", "profile")
    except SendError as problem:
        return _failed(REASONS.get(problem.reason, REASONS["unknown"]).title, problem)
    name = str(who.json().get("user_id") or "")
    if name.lower() != config.account.lower():
        findings.append(Note(level="error", code="wrong_account", text=OTHER, values={"name": name, "account": config.account}))
    facts = {"name": str(profile.json().get("displayname") or "")[:120], "number": name}
    return Health(ok=not any(note.level == "error" for note in findings), findings=tuple(findings), facts=facts)


async def _unknown(call: Calling, config: MatrixConfig, who: Answered, failure: Callable[[Answered], SendError]) -> Health:
    """An account that does not exist yet is refused like a foreign one: only the words differ."""
    problem = failure(who)
    if code(who) == "M_FORBIDDEN":
        return Health(ok=False, findings=(Note(level="error", code="setup", text=BEGIN),))
    text = UNKNOWN if isinstance(problem, ChannelBroken) else REASONS.get(problem.reason, REASONS["unknown"]).title
    return _failed(text, problem)


async def _called(call: Calling, config: MatrixConfig) -> list[Note]:
    """Let the homeserver call our webhook.

    https://spec.matrix.org/v1.15/application-service-api/#pinging
    """
    answered = await call("POST", f"/_matrix/client/v1/appservice/{quote(config.service, safe='')}/ping", "ping", {})
    word = code(answered)
    if answered.status == 200:
        return []
    if word == "M_URL_NOT_SET":
        return [Note(level="error", code="no_webhook", text=SILENT)]
    if word in {"M_BAD_STATUS", "M_CONNECTION_FAILED", "M_CONNECTION_TIMEOUT"}:
        told = answered.json().get("status")
        details = f"HTTP {told}" if isinstance(told, int) else word
        return [Note(level="error", code="webhook_error", text=DEAF, values={"details": details})]
    if word == "M_FORBIDDEN":  # the id in the file is not the one we go by, which matters to this trial only
        return [
            Note(level="info", code="no_trial", text="Die „id“ in der Registrierungsdatei ist nicht {id}.", values={"id": config.service})
        ]
    return [Note(level="info", code="no_trial", text=OLD)]


def _failed(text: str, problem: SendError) -> Health:
    note = Note(level="error", code=problem.reason, text="{what} ({details})", values={"what": text, "details": problem.details})
    return Health(ok=False, findings=(note,))
