"""The public posts of one Facebook Page.

https://developers.facebook.com/docs/pages-api
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import BaseModel

from buergerdraht.connectors import graph, graph_files, graph_health
from buergerdraht.connectors.called import Answer, Called
from buergerdraht.connectors.contract import (
    Content,
    Files,
    Health,
    Item,
    Limits,
    Media,
    Part,
    Plan,
    Ref,
    Rejected,
    SendError,
    Sent,
    Temporary,
)
from buergerdraht.connectors.facebook_page import limits, payloads
from buergerdraht.connectors.facebook_page.config import FacebookPageConfig
from buergerdraht.connectors.facebook_page.plan import plan
from buergerdraht.connectors.graph_calls import Graph
from buergerdraht.connectors.graph_health import Subject
from buergerdraht.connectors.http import Http, Upload
from buergerdraht.connectors.usual import Usual

SUBJECT = Subject(node="{page_id}", about=("name", "username"), name="username", learns="username", fields=("feed",))
_POST = re.compile(r"[0-9_]{3,80}")
LOOKS = (0.5, 3.0)  # seconds before we look for a post that may stand there: a moment may pass until a Page lists it


class FacebookPage(Usual):
    kind: ClassVar[str] = "facebook_page"
    title: ClassVar[str] = "Facebook-Seite"
    hue: ClassVar[str] = "darkblue"
    mark: ClassVar[str] = "FB"
    reach: ClassVar[Any] = "public"
    about: ClassVar[str] = (
        "Öffentliche Beiträge auf Ihrer Facebook-Seite. Meta wertet aus, wer sie liest; Kommentare kommen in den Posteingang."
    )
    guide: ClassVar[Sequence[str]] = (
        "Legen Sie unter developers.facebook.com eine App vom Typ „Unternehmen“ an, eine eigene neben der für Messenger.",
        "Tragen Sie unter „Webhooks › Page“ die Webhook-Adresse und das Prüfwort ein und abonnieren Sie feed.",
        "Erzeugen Sie für einen Systemnutzer ein Token mit pages_manage_posts, pages_manage_engagement, pages_read_engagement, "
        "pages_read_user_content und pages_manage_metadata.",
        "Wählen Sie hier „Kanal starten“: Damit melden wir die App für Ihre Seite an.",
    )
    Config: ClassVar[type[BaseModel]] = FacebookPageConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: FacebookPageConfig, http: Http) -> None:
        self.config = config
        self.http = http
        self.graph = Graph(config, http)

    # ── Pure ──────────────────────────────────────────────────────────────

    def handshake(self, called: Called) -> Answer | None:
        return graph.handshake(self.config.verify_token, called.query) if not called.tail else None

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        graph.verify(self.config.app_secret.get_secret_value(), headers, body)

    def parse(self, body: bytes) -> list[Item]:
        return payloads.parse(body, self.config.page_id)

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """Where the Page is; nobody subscribes there by a word of ours."""
        name = self.config.username.removeprefix("@") or getattr(self.config, "page_id", "")
        return f"https://www.facebook.com/{name}" if name else ""

    async def permalink(self, external_id: str) -> str:
        return f"https://www.facebook.com/{external_id}" if _POST.fullmatch(external_id) else ""

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        """Bring the pictures unpublished, then publish in one call: only that one can leave us in doubt."""
        ids = {f"{{media:{media.id}}}": await self._brought(media, files) for media in part.media}
        begun = datetime.now(UTC)
        try:
            answered = await self.graph.post(self._path(part), part.method.rpartition("/")[2], graph_files.filled(part.body, ids))
        except Temporary as problem:
            if not problem.maybe_sent:
                raise
            return await self._settled(problem, part, begun)
        found = str(answered.json().get("id") or "")
        if answered.status < 400 and found:
            return Sent(external_id=found)
        failed = self.graph.failure(answered)
        if isinstance(failed, Temporary) and not failed.limit:  # "an unexpected error" is no promise that nothing was published
            return await self._settled(failed, part, begun)
        raise failed

    async def _settled(self, problem: Temporary, part: Part, begun: datetime) -> Sent:
        """Look for a post whose call ended without a good answer, by its words; raise what happened where it is not to be seen."""
        words = str(part.body.get("message") or "").strip()
        for pause in LOOKS if part.method == "feed" and words else ():
            await asyncio.sleep(pause)
            if number := await self._standing(words, begun):
                return Sent(external_id=number)
        raise problem

    async def _standing(self, words: str, begun: datetime) -> str:
        """The number of a post of these words published since then; "" where there is none or nobody tells."""
        try:
            answer = await self.graph.get(f"{self.config.page_id}/published_posts", "posts", fields="id,message,created_time", limit="10")
        except SendError:
            return ""
        rows = answer.get("data")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, Mapping) and str(row.get("message")).strip() == words and payloads.since(row, begun):
                return str(row.get("id") or "")
        return ""

    def _path(self, part: Part) -> str:
        if part.method == "feed":
            return f"{self.config.page_id}/feed"
        above = part.method.removesuffix("/comments")
        if not _POST.fullmatch(above):
            raise Rejected("content_refused", "no post")
        return f"{above}/comments"

    async def _brought(self, media: Media, files: Files) -> str:
        form: dict[str, str | Upload] = {
            "published": "false",
            "source": Upload(await files.read(media), media.file_name or media.id, media.mime.split(";")[0].strip()),
        }
        if media.alt.strip():
            form["alt_text_custom"] = media.alt.strip()[: limits.ALT]
        found = (await self.graph.upload(f"{self.config.page_id}/photos", form)).get("id")
        if not found:
            raise Temporary("unavailable", "no photo id")
        return str(found)

    # ── Fetching and setting up ───────────────────────────────────────────

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        return await graph_files.fetched(self.http, ref, self.config.host, limits.LIMITS.media["image"])

    async def activate(self, webhook_url: str) -> None:
        """Subscribe our app to what happens on the Page. The webhook's address itself is entered by hand at Meta."""
        await self.graph.do(f"{self.config.page_id}/subscribed_apps", "subscribed_apps", {"subscribed_fields": ",".join(SUBJECT.fields)})

    async def check(self) -> Health:
        return await graph_health.check(self.graph, SUBJECT, self.config)
