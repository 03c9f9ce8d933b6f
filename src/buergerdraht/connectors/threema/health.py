"""Ask Threema how the account is, and say it in plain German."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from buergerdraht.connectors.contract import ChannelBroken, Health, Note, SendError
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.connectors.threema import limits
from buergerdraht.connectors.threema.config import ThreemaConfig

Asked = Callable[[], Awaitable[int]]
Key = Callable[[], Awaitable[bytes]]


async def check(config: ThreemaConfig, credits: Asked, key: Key, changed: Sequence[str]) -> Health:
    """`key`: what the directory says of our own ID; `changed`: whom it names another key for than before."""
    try:
        left = await credits()
        named = await key() if config.end_to_end else b""
    except ChannelBroken as problem:
        text = "Threema nimmt ID und Secret nicht an. Vergleichen Sie beides auf gateway.threema.ch."
        return _failed(text if problem.reason == "token_invalid" else REASONS[problem.reason].title, problem)
    except SendError as problem:
        return _failed(REASONS.get(problem.reason, REASONS["unknown"]).title, problem)
    findings = [*_credits(left), *_key(config, named), *_changed(changed)]
    facts = {"number": config.identity, "credits": str(left)}
    return Health(ok=not any(note.level == "error" for note in findings), findings=tuple(findings), facts=facts)


def _failed(text: str, problem: SendError) -> Health:
    note = Note(level="error", code=problem.reason, text="{what} ({details})", values={"what": text, "details": problem.details})
    return Health(ok=False, findings=(note,))


def _credits(left: int) -> list[Note]:
    if left <= 0:
        text = "Das Guthaben ist aufgebraucht: Es geht nichts mehr hinaus. Laden Sie es auf gateway.threema.ch auf."
        return [Note(level="error", code="credits", text=text)]
    if left < limits.CREDITS_LOW:
        text = "Es sind nur noch {credits} Credits da. Jede Nachricht kostet einen, jede Datei einen mehr. Laden Sie rechtzeitig auf."
        return [Note(level="warning", code="credits_low", text=text, values={"credits": str(left)})]
    return []


def _key(config: ThreemaConfig, named: bytes) -> list[Note]:
    if not config.end_to_end or named.hex() == config.public_key:
        return []
    if not named:
        text = "Threema kennt die ID {identity} nicht (oder noch nicht)."
        return [Note(level="error", code="no_identity", text=text, values={"identity": config.identity})]
    text = (
        "Zur ID {identity} gehört bei Threema ein anderer öffentlicher Schlüssel. Tragen Sie den privaten Schlüssel ein, mit dem die ID "
        "beantragt wurde, oder schalten Sie bei einer Basic-ID den Ende-zu-Ende-Modus aus."
    )
    return [Note(level="error", code="wrong_key", text=text, values={"identity": config.identity})]


def _changed(changed: Sequence[str]) -> list[Note]:
    text = (
        "Threema nennt für {identity} einen anderen Schlüssel als bisher, und wir nutzen ihn nicht. Vergleichen Sie den Fingerabdruck mit "
        "dem, den die Person in ihrer App sieht, und tragen Sie dann unter „Geprüfte Schlüsselwechsel“ ein: {entry}"
    )
    values = ({"identity": one.partition(":")[0], "entry": one} for one in changed)
    return [Note(level="warning", code="key_changed", text=text, values=each) for each in values]
