"""What the connectors of Messenger and Instagram have in common: both are Graph's messages of a Page, to people who wrote first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buergerdraht.connectors import graph, graph_files, graph_health, graph_payloads, graph_people, graph_plan
from buergerdraht.connectors.called import Answer, Called
from buergerdraht.connectors.contract import (
    ChannelBroken,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Malformed,
    Media,
    Part,
    Plan,
    Ref,
    Rejected,
    SendError,
    Sent,
    Temporary,
    Wanting,
)
from buergerdraht.connectors.graph_calls import Graph
from buergerdraht.connectors.graph_config import MessagesConfig
from buergerdraht.connectors.graph_health import Subject
from buergerdraht.connectors.graph_payloads import About
from buergerdraht.connectors.graph_plan import OTHERWISE, Style
from buergerdraht.connectors.http import Answered, Http, Upload
from buergerdraht.connectors.usual import Usual

UPLOAD_HOURS = 89 * 24  # an attachment's id lives ninety days


class GraphMessages(Usual):
    """A connector; what differs is in the class attributes of those below it."""

    kind: ClassVar[str]
    object: ClassVar[str]  # as webhooks name it
    profile: ClassVar[str]  # the fields that tell somebody's name, and nothing else of them
    style: ClassVar[Style]
    subject: ClassVar[Subject]
    limits: Limits
    uploads_for: ClassVar[Mapping[str, str]] = {}  # further fields of an upload

    def __init__(self, config: Any, http: Http) -> None:
        self.config: MessagesConfig = config
        self.http = http
        self.graph = Graph(config, http)

    # ── Pure ──────────────────────────────────────────────────────────────

    def handshake(self, called: Called) -> Answer | None:
        return graph.handshake(self.config.verify_token, called.query) if not called.tail else None

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        graph.verify(self.config.app_secret.get_secret_value(), headers, body)

    def parse(self, body: bytes) -> list[Item]:
        """Read a body. Raises Wanting where names are wanted and that of somebody who writes was never asked for."""
        items = self._items(body)
        if not self.config.names:
            return items
        if any(self.people.named(address) is None for address in graph_people.writers(items)):
            raise Wanting("name")
        return graph_people.with_names(items, self.people)

    def _items(self, body: bytes) -> list[Item]:
        return graph_payloads.parse(body, About(self.object, self.config.app_id))

    @property
    def people(self) -> graph_people.People:
        return graph_people.people(f"{self.kind}{self.config.page_id}{self.config.app_secret.get_secret_value()}")

    def plan(self, content: Content) -> Plan:
        return graph_plan.plan(content, self.style)

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        """Send a part. What a person typed goes out with their tag where the usual way is closed: a refused call has sent nothing."""
        body: dict[str, Any] = {"recipient": {"id": address}, **await self._filled(part, files)}
        otherwise = body.pop(OTHERWISE, None)
        answered = await self._send(body)
        problem = self._problem(answered, part)
        if otherwise and self.limits.human_hours and isinstance(problem, Rejected) and problem.scope == "window":
            answered = await self._send({**body, **otherwise})
            problem = self._problem(answered, part)
            if isinstance(problem, Rejected | ChannelBroken) and problem.reason != "token_invalid":
                problem = Rejected("window_closed", problem.details, scope="window")  # the feature was not granted, or seven days are over
        if problem is not None:
            raise problem
        found = str(answered.json().get("message_id") or "")
        return Sent(external_id=found or f"{address}:reaction:{token}")

    async def _send(self, body: Mapping[str, Any]) -> Answered:
        return await self.graph.post(f"{self.config.page_id}/messages", "messages", body)

    def _problem(self, answered: Answered, part: Part) -> SendError | None:
        """Judge an answer: a message without an id was perhaps sent; a reaction has none."""
        data = answered.json()
        if answered.status < 400 and (data.get("message_id") or ("sender_action" in part.body and data.get("recipient_id"))):
            return None
        problem = self.graph.failure(answered)
        if isinstance(problem, Rejected) and problem.reason == "content_refused" and part.body.get("messaging_type") == "UTILITY":
            return Rejected("template_refused", problem.details)
        return problem

    async def _filled(self, part: Part, files: Files) -> dict[str, Any]:
        """Put the provider's ids where our media belong."""
        return graph_files.filled(part.body, {f"{{media:{media.id}}}": await self._uploaded(media, files) for media in part.media})

    async def _uploaded(self, media: Media, files: Files) -> str:
        if known := await files.uploaded(media):
            return known
        kind, mime = graph_plan.KINDS[media.kind], media.mime.split(";")[0].strip()
        message = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
        form: dict[str, str | Upload] = {
            **self.uploads_for,
            "message": json.dumps(message),
            "filedata": Upload(await files.read(media), media.file_name or media.id, mime),
        }
        found = (await self.graph.upload(f"{self.config.page_id}/message_attachments", form)).get("attachment_id")
        if not found:
            raise Temporary("unavailable", "no attachment id")
        await files.remember(media, str(found), hours=UPLOAD_HOURS)
        return str(found)

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None:
        action = "typing_on" if typing else "mark_seen"
        await self.graph.do(f"{self.config.page_id}/messages", "read", {"recipient": {"id": address}, "sender_action": action})

    # ── Who they are ──────────────────────────────────────────────────────

    async def learn(self, bodies: Sequence[bytes]) -> None:
        """Ask for the names of those who wrote these bodies."""
        asked: set[str] = set()
        for body in bodies:
            try:
                asked |= graph_people.writers(self._items(body))
            except Malformed:
                continue
        unknown = {address for address in asked if self.people.named(address) is None}
        await graph_people.ask(self.graph, self.profile, unknown, self.people)

    def forget(self, addresses: Sequence[str]) -> None:
        for address in addresses:
            self.people.forget(address)

    # ── Fetching and setting up ───────────────────────────────────────────

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        return await graph_files.fetched(self.http, ref, self.config.host, max(self.style.limits.media.values()))

    async def activate(self, webhook_url: str) -> None:
        """Subscribe our app to the Page's events. The webhook's address itself is entered by hand at Meta."""
        body = {"subscribed_fields": ",".join(self.subject.fields)}
        await self.graph.do(f"{self.config.page_id}/subscribed_apps", "subscribed_apps", body)

    async def check(self) -> Health:
        return await graph_health.check(self.graph, self.subject, self.config)
