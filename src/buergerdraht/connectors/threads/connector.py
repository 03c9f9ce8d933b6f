"""The public posts of one Threads profile.

https://developers.facebook.com/docs/threads
A post is made in two steps: a container, which shows nothing to anybody, and its publication. A container tells whether it was published,
so a call that ended without an answer is mostly settled at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel

from buergerdraht.connectors import graph, graph_files
from buergerdraht.connectors.called import Answer, Called
from buergerdraht.connectors.contract import (
    Content,
    Files,
    Health,
    Item,
    Limits,
    Note,
    Part,
    Plan,
    Rejected,
    SendError,
    Sent,
    Temporary,
)
from buergerdraht.connectors.graph_calls import Graph
from buergerdraht.connectors.graph_health import failed
from buergerdraht.connectors.http import Answered, Call, Http
from buergerdraht.connectors.lending import Lender
from buergerdraht.connectors.threads import limits, payloads
from buergerdraht.connectors.threads.config import ThreadsConfig
from buergerdraht.connectors.threads.errors import judge
from buergerdraht.connectors.threads.plan import plan
from buergerdraht.connectors.usual import Usual

LOOKS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0)  # seconds between looks at a container that Threads still works on
RENEW_BEFORE = timedelta(days=30)
NEARLY = 0.9  # of a day's posts
QUOTA = "Von {limit} Beiträgen am Tag sind {used} verbraucht. Danach nimmt Threads bis morgen keine mehr an."
EXPIRES = "Das Zugriffstoken läuft am {day} ab und ließ sich nicht erneuern. Erzeugen Sie ein neues. ({details})"


class Threads(Usual):
    kind: ClassVar[str] = "threads"
    title: ClassVar[str] = "Threads"
    hue: ClassVar[str] = "neutral"
    mark: ClassVar[str] = "TD"
    reach: ClassVar[Any] = "public"
    about: ClassVar[str] = "Öffentliche Beiträge bis 500 Zeichen. Meta wertet aus, wer sie liest; Antworten kommen in den Posteingang."
    guide: ClassVar[Sequence[str]] = (
        "Legen Sie unter developers.facebook.com eine App mit dem Anwendungsfall „Threads“ an.",
        "Tragen Sie dort unter „Webhooks“ die Webhook-Adresse und das Prüfwort ein und abonnieren Sie replies, mentions und delete.",
        "Erzeugen Sie ein langlebiges Token mit threads_basic, threads_content_publish, threads_manage_replies, threads_read_replies "
        "und threads_manage_mentions.",
        "Wählen Sie „Jetzt prüfen“: Danach erneuern wir das Token von selbst.",
    )
    Config: ClassVar[type[BaseModel]] = ThreadsConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: ThreadsConfig, http: Http) -> None:
        self.config = config
        self.http = http
        self.graph = Graph(config, http, judge)

    # ── Pure ──────────────────────────────────────────────────────────────

    def handshake(self, called: Called) -> Answer | None:
        return graph.handshake(self.config.verify_token, called.query) if not called.tail else None

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        graph.verify(self.config.app_secret.get_secret_value(), headers, body)

    def parse(self, body: bytes) -> list[Item]:
        return payloads.parse(body, self.config.username.removeprefix("@"))

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """Where the posts are; nobody subscribes there by a word of ours."""
        name = self.config.username.removeprefix("@")
        return f"https://www.threads.com/@{name}" if name else ""

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        container = await self._contained(await self._lent(part, files))
        await self._until_ready(container)
        try:
            answered = await self.graph.post(f"{self.config.user_id}/threads_publish", "threads_publish", {"creation_id": container})
        except Temporary as problem:
            if not problem.maybe_sent:
                raise
            return await self._settled(problem, container)
        found = str(answered.json().get("id") or "")
        if answered.status >= 400 or not found:
            problem_ = self.graph.failure(answered)
            if isinstance(problem_, Temporary) and not problem_.limit:  # "an unexpected error" is no promise that nothing was published
                return await self._settled(problem_, container)
            raise problem_
        return Sent(external_id=found)

    async def _lent(self, part: Part, files: Files) -> dict[str, Any]:
        """Put addresses where our pictures belong: Threads takes no upload and fetches for itself."""
        if part.media and not isinstance(files, Lender):
            raise Rejected("media_refused", "no address to fetch from")
        ids = {f"{{media:{media.id}}}": await files.lend(media) for media in part.media} if isinstance(files, Lender) else {}
        return graph_files.filled(part.body, ids)

    async def _contained(self, body: dict[str, Any]) -> str:
        """Make the container, and before it those of its pictures, where it shows several."""
        if body.get("media_type") == "CAROUSEL":
            children = [await self._container({**child, "is_carousel_item": True}) for child in body["children"]]
            for child in children:
                await self._until_ready(child)
            body = {**body, "children": ",".join(children)}
        return await self._container(body)

    async def _container(self, body: Mapping[str, Any]) -> str:
        found = (await self.graph.do(f"{self.config.user_id}/threads", "threads", body)).get("id")
        if not found:
            raise Temporary("unavailable", "no container")
        return str(found)

    async def _until_ready(self, container: str) -> None:
        """Wait until Threads has fetched what belongs to a container. Nothing is published yet, so it may all be done again."""
        for pause in (*LOOKS, None):
            found = await self.graph.get(container, "container", fields="status,error_message")
            status = found.get("status")
            if status in {"FINISHED", "PUBLISHED"}:
                return
            if status == "ERROR":
                raise Rejected("media_refused", str(found.get("error_message") or "")[:60])
            if status == "EXPIRED" or pause is None:
                raise Temporary("unavailable", f"container {str(status)[:20]}")
            await asyncio.sleep(pause)

    async def _settled(self, problem: Temporary, container: str) -> Sent:
        """Ask the container what became of a publication that ended without an answer; raise where it was none, or nobody tells.

        FINISHED is no proof that it was none: it may still be running. So it is looked at for a while, and then in doubt.
        """
        for pause in LOOKS:
            try:
                status = (await self.graph.get(container, "container", fields="status")).get("status")
            except SendError:
                status = ""
            if status == "PUBLISHED":
                return Sent(external_id=await self._newest() or container)
            if status in {"ERROR", "EXPIRED"}:
                raise Temporary(problem.reason, problem.details, retry_after=problem.retry_after) from None
            await asyncio.sleep(pause)
        raise Temporary(problem.reason, problem.details, retry_after=problem.retry_after, maybe_sent=True) from None

    async def _newest(self) -> str:
        """The number of the post that was just published; a container has another one."""
        try:
            found = (await self.graph.get(f"{self.config.user_id}/threads", "posts", fields="id", limit="1")).get("data")
        except SendError:
            return ""
        return str(found[0].get("id") or "") if isinstance(found, list) and found and isinstance(found[0], Mapping) else ""

    async def permalink(self, external_id: str) -> str:
        """Only Threads knows: the address has another number than the post.

        https://developers.facebook.com/docs/threads/threads-media
        """
        if not external_id.isdigit():
            return ""
        found = str((await self.graph.get(external_id, "post", fields="permalink")).get("permalink") or "")
        return found if found.startswith(("https://www.threads.com/", "https://www.threads.net/")) else ""

    # ── Setting up ────────────────────────────────────────────────────────

    async def check(self) -> Health:
        """Ask who we are and how much of the day's posts is left, and renew the token while it is good."""
        try:
            me = await self.graph.get("me", "account", fields="id,username,name")
            quota = (await self.graph.get(f"{self.config.user_id}/threads_publishing_limit", "quota", fields="quota_usage,config")).get(
                "data"
            )
        except SendError as problem:
            return Health(ok=False, findings=(failed(problem, "Das Konto lässt sich bei Threads nicht abfragen"),))
        name = str(me.get("username") or "")
        renewed, findings = await self._renewed()
        findings += _quota(quota[0] if isinstance(quota, list) and quota else {})
        facts = {"name": str(me.get("name") or name), "number": f"@{name}" if name else ""}
        return Health(ok=True, findings=tuple(findings), facts=facts, learned={"username": name} if name else {}, renewed=renewed)

    async def _renewed(self) -> tuple[dict[str, str], list[Note]]:
        """Exchange the token for a fresh one, once half of its sixty days is over or nobody knows how old it is."""
        today = datetime.now(UTC).date()
        until = date.fromisoformat(self.config.token_until) if self.config.token_until else None
        if until is not None and until - today > RENEW_BEFORE:
            return {}, []
        answered = await self._exchange()
        data = answered.json()
        fresh, seconds = data.get("access_token"), data.get("expires_in")
        if answered.status == 200 and isinstance(fresh, str) and len(fresh) >= 8 and isinstance(seconds, int):
            return {"access_token": fresh, "token_until": (today + timedelta(seconds=min(seconds, 10**8))).isoformat()}, []
        if until is None or until - today > RENEW_BEFORE / 2:
            return {}, []  # a token younger than a day is not renewed, and there is time
        note = Note(
            level="warning", code="token_expires", text=EXPIRES, values={"day": f"{until:%d.%m.%Y}", "details": f"HTTP {answered.status}"}
        )
        return {}, [note]

    async def _exchange(self) -> Answered:
        asked = urlencode({"grant_type": "th_refresh_token", "access_token": self.config.access_token.get_secret_value()})
        try:
            return await self.http.call(Call("GET", f"{self.config.host}/refresh_access_token?{asked}", "refresh_access_token"))
        except Temporary:
            return Answered(503, {}, b"")


def _quota(found: Any) -> list[Note]:
    used = found.get("quota_usage") if isinstance(found, Mapping) else None
    config = found.get("config") if isinstance(found, Mapping) else None
    limit = config.get("quota_total") if isinstance(config, Mapping) else None
    limit = limit if isinstance(limit, int) and limit > 0 else limits.POSTS_A_DAY
    if not isinstance(used, int) or used < limit * NEARLY:
        return []
    return [Note(level="warning", code="quota", text=QUOTA, values={"used": str(used), "limit": str(limit)})]
