"""Direct messages of one Instagram account, by the Page it is tied to.

https://developers.facebook.com/docs/messenger-platform/instagram
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel

from buergerdraht.connectors.contract import Limits
from buergerdraht.connectors.graph_health import Subject
from buergerdraht.connectors.graph_messages import GraphMessages
from buergerdraht.connectors.graph_plan import Style
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.instagram import limits
from buergerdraht.connectors.instagram.config import InstagramConfig

FIELDS = ("messages", "messaging_postbacks", "messaging_referral", "messaging_seen", "message_reactions")


class Instagram(GraphMessages):
    kind: ClassVar[str] = "instagram"
    title: ClassVar[str] = "Instagram"
    hue: ClassVar[str] = "violet"
    mark: ClassVar[str] = "IG"
    about: ClassVar[str] = (
        "Kostenlos, erreicht vor allem Jüngere. Bürgerinnen und Bürger schreiben zuerst; nach 24 Stunden ruht das Gespräch."
    )
    guide: ClassVar[Sequence[str]] = (
        "Stellen Sie Ihr Instagram-Konto auf „Professionell“ um und verbinden Sie es mit Ihrer Facebook-Seite.",
        "Erlauben Sie in Instagram unter „Nachrichten › Verbundene Tools“ den Zugriff auf Nachrichten.",
        "Fügen Sie Ihrer Meta-App „Instagram“ hinzu, tragen Sie die Webhook-Adresse und das Prüfwort ein "
        "und abonnieren Sie messages, messaging_postbacks, messaging_referral, messaging_seen und message_reactions.",
        "Erzeugen Sie für einen Systemnutzer ein Token mit instagram_basic, instagram_manage_messages, pages_messaging "
        "und pages_manage_metadata.",
        "Wählen Sie hier „Kanal starten“: Damit melden wir die App für Ihre Seite an.",
    )
    Config: ClassVar[type[BaseModel]] = InstagramConfig
    object: ClassVar[str] = "instagram"
    profile: ClassVar[str] = "name,username"
    style: ClassVar[Style] = limits.STYLE
    subject: ClassVar[Subject] = Subject(
        node="{instagram_id}", about=("name", "username"), name="username", learns="username", fields=("messages",)
    )
    uploads_for: ClassVar[Mapping[str, str]] = {"platform": "instagram"}
    limits: Limits = limits.LIMITS

    def __init__(self, config: InstagramConfig, http: Http) -> None:
        super().__init__(config, http)
        self._name = getattr(config, "username", "").removeprefix("@")
        self.limits = limits.LIMITS if getattr(config, "human_agent", False) else limits.WITHOUT_AGENT

    def link(self, start: str, text: str) -> str:
        """The link carries `ref`; the person writes the first word."""
        if not self._name:
            return ""
        return f"https://ig.me/m/{self._name}" + (f"?{urlencode({'ref': start[: limits.REF]})}" if start else "")
