"""Ask signal-cli how the number is, and say it in plain German."""

from __future__ import annotations

from buergerdraht.connectors.contract import ChannelBroken, Health, Note, SendError
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.connectors.signal.door import Door

SETUP = {
    "mode": "signal-cli-rest-api läuft nicht im Modus json-rpc. Setzen Sie MODE=json-rpc und starten Sie es neu.",
    "account": "Diese Rufnummer ist in signal-cli nicht eingerichtet. Registrieren oder verknüpfen Sie sie dort zuerst.",
}
SETUP_OTHER = "Unter dieser Adresse antwortet signal-cli nicht wie erwartet. Prüfen Sie Adresse, Betriebsart und Rufnummer."
LOSSY = "signal-cli-rest-api verwirft, was ankommt, während niemand zuhört. Sicherer ist signal-cli selbst mit --receive-mode=manual."
DOUBTED = (
    "Bei {count} Personen hat sich der Schlüssel geändert. Vertrauen Sie ihm unter „Zugang“, damit Nachrichten an sie wieder hinausgehen."
)


async def check(door: Door, config: SignalConfig) -> Health:
    try:
        about = await door.about()
        doubted = await door.doubted()
    except ChannelBroken as problem:
        known = SETUP.get(problem.details, SETUP_OTHER) if problem.reason == "setup" else REASONS[problem.reason].title
        return _failed(known, problem)
    except SendError as problem:
        return _failed(REASONS.get(problem.reason, REASONS["unknown"]).title, problem)
    findings = []
    if doubted:
        findings.append(Note(level="warning", code="identity_changed", text=DOUBTED, values={"count": str(doubted)}))
    if config.rest_api:
        findings.append(Note(level="info", code="lossy", text=LOSSY))
    return Health(ok=True, findings=tuple(findings), facts={"number": config.number, **about})


def _failed(text: str, problem: SendError) -> Health:
    note = Note(level="error", code=problem.reason, text="{what} ({details})", values={"what": text, "details": problem.details})
    return Health(ok=False, findings=(note,))
