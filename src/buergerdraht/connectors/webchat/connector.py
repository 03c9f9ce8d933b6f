"""The chat page of the authority itself. There is no provider: who holds a visit's secret sees what was said to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel

from buergerdraht.connectors.contract import AddressGone, Content, Files, Health, Item, Limits, Note, Part, Plan, Sent
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.usual import Usual
from buergerdraht.connectors.webchat import limits, payloads
from buergerdraht.connectors.webchat.config import WebChatConfig
from buergerdraht.connectors.webchat.plan import plan


class WebChat(Usual):
    """`verify` stays the usual refusal: nobody from outside may post in the page's name, its views put what they took at our door."""

    kind: ClassVar[str] = "webchat"
    title: ClassVar[str] = "Webchat"
    hue: ClassVar[str] = "darkblue"
    mark: ClassVar[str] = "WC"
    about: ClassVar[str] = (
        "Ein Chat auf Ihrer eigenen Seite, für alle ohne Messenger: ohne Konto, ohne Cookies, ohne fremde Dienste. "
        "Antworten erscheinen im selben Posteingang."
    )
    hooked: ClassVar[bool] = False
    lasting: ClassVar[bool] = False
    guide: ClassVar[Sequence[str]] = (
        "Starten Sie den Kanal. Ihre Chatseite ist sofort erreichbar; ihre Adresse endet auf /chat.",
        "Verlinken Sie die Seite, oder betten Sie das Fenster mit einer Zeile auf Ihrer Webseite ein. Nennen Sie die Webseite vorher hier.",
    )
    Config: ClassVar[type[BaseModel]] = WebChatConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: WebChatConfig, http: Http) -> None:
        self.config = config
        self.http = http

    def parse(self, body: bytes) -> list[Item]:
        return payloads.parse(body)

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """The page lies with the website, which knows the organisation's name in its address."""
        return ""

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        """Nothing is called: from the moment it is written down as accepted, the page shows it."""
        if not payloads.VISIT.fullmatch(address):
            raise AddressGone("not_reachable", "no visit")
        return Sent(external_id=f"chat:{token}")

    async def check(self) -> Health:
        note = Note(
            level="info", code="own_page", text="Die Chatseite ist eine Seite von Bürgerdraht selbst. Sie ist da, solange der Kanal läuft."
        )
        return Health(ok=True, findings=(note,), facts={"sites": self.config.sites})
