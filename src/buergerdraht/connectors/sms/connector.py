"""One account with an SMS gateway. The Config says how it is called; nothing here knows a gateway by name."""

from __future__ import annotations

import hmac
import json
import re
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from pydantic import BaseModel

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import (
    AddressGone,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Note,
    Part,
    Plan,
    SendError,
    Sent,
    Unsigned,
)
from buergerdraht.connectors.http import Answered, Call, Http
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.connectors.sms import limits, payloads
from buergerdraht.connectors.sms.config import SmsConfig
from buergerdraht.connectors.sms.errors import failure
from buergerdraht.connectors.sms.plan import plan
from buergerdraht.connectors.usual import Usual

WORD = "wort"  # the parameter of our address that holds the word


class Sms(Usual):
    kind: ClassVar[str] = "sms"
    title: ClassVar[str] = "SMS"
    mark: ClassVar[str] = "SM"
    hue: ClassVar[str] = "orange"
    about: ClassVar[str] = "Erreicht jedes Handy, auch ohne Internet: für Warnungen und Termine. Jede SMS kostet; Bilder gibt es nicht."
    guide: ClassVar[Sequence[str]] = (
        "Schließen Sie mit einem SMS-Anbieter einen Vertrag mit Auftragsverarbeitung und lassen Sie sich einen Zugang geben.",
        "Wählen Sie ihn aus, oder übertragen Sie die Angaben seiner Dokumentation unter „Über einen Partner oder eigenen Server“.",
        "Tragen Sie beim Anbieter unsere Webhook-Adresse für Eingang und Zustellberichte ein, mit ?wort= und dem Kennwort dahinter.",
    )
    Config: ClassVar[type[BaseModel]] = SmsConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: SmsConfig, http: Http) -> None:
        self.config = config
        self.http = http
        self.taken = getattr(config, "hook_answer", "")
        # Where reports name our own id, a doubt settles itself.
        asked = getattr(config, "template", "") + getattr(config, "url", "")
        echoes = getattr(config, "state_ref", "") not in {"", "-"} and "{id}" in asked
        self.limits = msgspec.structs.replace(limits.LIMITS, echoes_token=echoes, delivered=getattr(config, "delivered", "") != "-")

    # ── Pure ──────────────────────────────────────────────────────────────

    def enclose(self, called: Called) -> bytes | None:
        """Put a call, POST or GET, into an envelope; the word is looked at and left out."""
        if called.tail or called.method not in {"POST", "GET"}:
            return None
        query = {name: value for name, value in called.query.items() if name != WORD}
        told = payloads.told(query, called.body)
        if told is None or (called.method == "GET" and not called.query):
            return None
        proved = self._is_word(called.query.get(WORD, ""))
        return json.dumps({"at": int(time.time()), "proved": proved, "told": told}).encode()

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """The word stands in the address, or in the header that was agreed on."""
        try:
            proved = json.loads(body).get("proved") is True
        except (ValueError, AttributeError, RecursionError):
            raise Unsigned from None
        named = self.config.hook_header.lower()
        if not proved and not (named and self._is_word(headers.get(named, "").removeprefix("Bearer "))):
            raise Unsigned

    def _is_word(self, given: str) -> bool:
        word = self.config.hook_word.encode()
        return bool(word) and hmac.compare_digest(given.encode(errors="replace"), word)

    def parse(self, body: bytes) -> list[Item]:
        return payloads.parse(body, self.config)

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """RFC 5724. A name as sender cannot be answered."""
        sender = getattr(self.config, "sender", "")
        if not sender.startswith("+"):
            return ""
        words = text or (f"START {start}" if start else "")
        return f"sms:{sender}" + (f"?body={quote(words)}" if words else "")

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        if not re.fullmatch(r"\+[1-9]\d{6,14}", address):
            raise AddressGone("not_reachable", "no number")
        values = {"to": self._written(address), "text": str(part.body["text"]), "from": self.config.sender, "id": token}
        answered = await self.http.call(self._call(values))
        if not 200 <= answered.status < 300 or not self._worked(answered):
            raise failure(answered, self.config)
        name = payloads.word(payloads.at(_answer(answered), self.config.answer_id))[:200] if self.config.answer_id else ""
        return Sent(external_id=name or f"sms:{token}")

    def _written(self, number: str) -> str:
        digits = number.removeprefix("+")
        return {"plus": number, "bare": digits, "zeros": "00" + digits}[self.config.digits]

    def _call(self, values: Mapping[str, str]) -> Call:
        config = self.config
        url = _filled(config.url, {name: quote(value, safe="") for name, value in values.items()})
        headers = self._headers()
        if config.body == "json":
            return Call(config.method, url, "sms", json=_put(json.loads(config.template), values), headers=headers)
        pairs = [(name, _filled(value, values)) for name, value in parse_qsl(config.template, keep_blank_values=True)]
        if config.body == "query":
            return Call(config.method, f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}", "sms", headers=headers)
        return Call(config.method, url, "sms", form=dict(pairs), headers=headers)

    def _headers(self) -> dict[str, str]:
        config, access = self.config, self.config.access.get_secret_value()
        accept = {"Accept": "application/json"}
        if config.auth == "bearer":
            return accept | {"Authorization": f"Bearer {access}"}
        if config.auth == "basic":
            return accept | {"Authorization": "Basic " + b64encode(access.encode()).decode()}
        return accept | {config.auth_header: access} if config.auth == "header" else accept

    def _worked(self, answered: Answered) -> bool:
        path, sign, wanted = self.config.answer_ok.partition("=")
        if not sign:
            return True
        said = payloads.word(payloads.at(_answer(answered), path)).casefold()
        return said in {each.strip().casefold() for each in wanted.split("|")}

    # ── Setting up ────────────────────────────────────────────────────────

    async def check(self) -> Health:
        facts, findings = {"number": self.config.sender}, list[Note]()
        if not self.config.sender.startswith("+"):
            text = "Auf einen Namen als Absender kann niemand antworten. Abmelden geht dann nur über einen Link."
            findings.append(Note(level="warning", code="no_answers", text=text))
        if not self.config.check_url:
            text = "Ohne Adresse zum Prüfen zeigt erst die erste SMS, ob der Zugang stimmt."
            findings.append(Note(level="info", code="unchecked", text=text))
            return Health(ok=True, findings=tuple(findings), facts=facts)
        try:
            answered = await self.http.call(Call("GET", self.config.check_url, "check", headers=self._headers()))
            if not 200 <= answered.status < 300:
                raise failure(answered, self.config)
            shown = payloads.word(payloads.at(_answer(answered), self.config.check_shows)) if self.config.check_shows else ""
            facts |= {"credits": shown} if shown else {}
        except SendError as problem:
            reason = REASONS.get(problem.reason, REASONS["unknown"]).title
            values = {"what": reason, "details": problem.details}
            findings.append(Note(level="error", code=problem.reason, text="{what} ({details})", values=values))
        return Health(ok=not any(note.level == "error" for note in findings), findings=tuple(findings), facts=facts)


def _answer(answered: Answered) -> Any:
    """Read an answer: JSON, else its words as they are under "" (a bare id)."""
    try:
        return msgspec.json.decode(answered.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return answered.body.decode("utf-8", "replace").strip()


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Put values in their places, in one go: what a citizen's text says of places stays text."""
    return re.sub(r"\{(to|text|from|id)\}", lambda found: values[found[1]], text)


def _put(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _filled(value, values)
    if isinstance(value, dict):
        return {name: _put(inner, values) for name, inner in value.items()}
    return [_put(inner, values) for inner in value] if isinstance(value, list) else value
