"""WhatsApp's channel, status and app: prepared here, posted by a person, because no API exists.

https://developers.facebook.com/docs/whatsapp/cloud-api lists none; programs that pretend to be the app break WhatsApp's terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from buergerdraht.connectors.by_hand import limits
from buergerdraht.connectors.by_hand.config import ByHandConfig
from buergerdraht.connectors.by_hand.plan import plan, room
from buergerdraht.connectors.contract import Content, Files, Health, Limits, Note, Part, Plan, Rejected, Sent
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.usual import Usual

_STEPS = (
    "Es gibt hier keine Schnittstelle: Ein Mensch veröffentlicht auf seinem Telefon, was Bürgerdraht vorbereitet hat.",
    "Tragen Sie Name und direkten Link ein und wählen Sie „Kanal starten“. Eine Webhook-Adresse gibt es nicht.",
)


class WhatsAppChannel(Usual):
    kind: ClassVar[str] = "whatsapp_channel"
    title: ClassVar[str] = "WhatsApp-Kanal"
    mark: ClassVar[str] = "WK"
    hue: ClassVar[str] = "green"
    reach: ClassVar[Any] = "public"
    by_hand: ClassVar[bool] = True
    about: ClassVar[str] = "Beiträge in einem WhatsApp-Kanal, von Hand veröffentlicht. Bürgerdraht bereitet vor, erinnert und hält es fest."
    hooked: ClassVar[bool] = False
    guide: ClassVar[Sequence[str]] = _STEPS
    Config: ClassVar[type[BaseModel]] = ByHandConfig
    limits: Limits = limits.CHANNEL

    def __init__(self, config: ByHandConfig, http: Http) -> None:
        self.config = config
        self.http = http

    def plan(self, content: Content) -> Plan:
        return plan(content, self.limits)

    def room(self, content: Content) -> tuple[int, int]:
        return room(content, self.limits)

    def link(self, start: str, text: str) -> str:
        return str(getattr(self.config, "address", ""))

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        """Nobody can be called; whoever tries has overlooked that a person posts here."""
        raise Rejected("setup", "posted by hand")

    async def check(self) -> Health:
        """Say what is noted; nobody can be asked."""
        findings = []
        if not self.config.address:
            text = "Der direkte Link fehlt: Mit ihm findet, wer veröffentlicht, gleich den richtigen Ort."
            findings.append(Note(level="warning", code="no_link", text=text))
        if self.kind == "whatsapp_channel" and self.config.verified != "ja":
            text = "Der Kanal ist nicht verifiziert. Beantragen Sie es in WhatsApp, damit niemand einen falschen für Ihren hält."
            findings.append(Note(level="warning", code="not_verified", text=text))
        return Health(ok=True, findings=tuple(findings), facts={"number": self.config.address})


class WhatsAppStatus(WhatsAppChannel):
    kind: ClassVar[str] = "whatsapp_status"
    title: ClassVar[str] = "WhatsApp-Status"
    mark: ClassVar[str] = "WS"
    about: ClassVar[str] = "Meldungen, die nach 24 Stunden verschwinden, von Hand veröffentlicht. Bürgerdraht bereitet vor und erinnert."
    limits: Limits = limits.STATUS


class WhatsAppApp(WhatsAppChannel):
    kind: ClassVar[str] = "whatsapp_app"
    title: ClassVar[str] = "WhatsApp-App"
    mark: ClassVar[str] = "WB"
    about: ClassVar[str] = "Gruppen und Listen in der WhatsApp-App, von Hand bedient. Bürgerdraht bereitet vor, erinnert und hält es fest."
    limits: Limits = limits.CHANNEL
