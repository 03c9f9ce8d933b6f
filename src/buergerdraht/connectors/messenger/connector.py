"""Messages of one Facebook Page.

https://developers.facebook.com/docs/messenger-platform
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel

from buergerdraht.connectors import graph_templates
from buergerdraht.connectors.contract import Limits, Template
from buergerdraht.connectors.graph_health import Subject
from buergerdraht.connectors.graph_messages import GraphMessages
from buergerdraht.connectors.graph_payloads import GET_STARTED
from buergerdraht.connectors.graph_plan import Style
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.messenger import limits
from buergerdraht.connectors.messenger.config import MessengerConfig

FIELDS = (
    "messages",
    "message_edits",
    "messaging_postbacks",
    "messaging_referrals",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_echoes",
    "messaging_handovers",
    "messaging_policy_enforcement",
)


class Messenger(GraphMessages):
    kind: ClassVar[str] = "messenger"
    title: ClassVar[str] = "Facebook Messenger"
    hue: ClassVar[str] = "blue"
    mark: ClassVar[str] = "FM"
    about: ClassVar[str] = (
        "Kostenlos, für alle mit Facebook-Konto. Bürgerinnen und Bürger schreiben zuerst; nach 24 Stunden geht nur noch eine Vorlage."
    )
    guide: ClassVar[Sequence[str]] = (
        "Legen Sie unter developers.facebook.com eine App vom Typ „Unternehmen“ an und fügen Sie „Messenger“ hinzu.",
        "Tragen Sie unter „Messenger › Einstellungen“ die Webhook-Adresse und das Prüfwort ein und bestätigen Sie.",
        "Erzeugen Sie für einen Systemnutzer ein Token mit pages_messaging, pages_manage_metadata, pages_show_list "
        "und pages_read_engagement.",
        "Wählen Sie hier „Kanal starten“: Damit melden wir die App für Ihre Seite an und richten „Los geht's“ ein.",
    )
    Config: ClassVar[type[BaseModel]] = MessengerConfig
    object: ClassVar[str] = "page"
    profile: ClassVar[str] = "first_name,last_name"
    style: ClassVar[Style] = limits.STYLE
    subject: ClassVar[Subject] = Subject(node="{page_id}", about=("name", "username"), name="username", learns="username", fields=FIELDS)
    limits: Limits = limits.LIMITS

    def __init__(self, config: MessengerConfig, http: Http) -> None:
        super().__init__(config, http)
        self._name = getattr(config, "username", "").removeprefix("@")
        self.limits = limits.LIMITS if getattr(config, "human_agent", False) else limits.WITHOUT_AGENT

    def link(self, start: str, text: str) -> str:
        """The link carries `ref`, which comes back, and words that stand ready in the field."""
        name = self._name or getattr(self.config, "page_id", "")
        if not name:
            return ""
        query = urlencode({key: value for key, value in (("ref", start[: limits.REF]), ("text", text)) if value})
        return f"https://m.me/{name}" + (f"?{query}" if query else "")

    async def templates(self) -> list[Template]:
        return await graph_templates.fetch(self.graph.ask, self.config.page_id)

    async def activate(self, webhook_url: str) -> None:
        """Subscribe to the Page's events, and let newcomers begin with a button: only then does a link's `ref` reach us."""
        await super().activate(webhook_url)
        body = {"get_started": {"payload": GET_STARTED}}
        await self.graph.do(f"{self.config.page_id}/messenger_profile", "messenger_profile", body)
