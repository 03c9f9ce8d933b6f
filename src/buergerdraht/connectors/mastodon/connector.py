"""One Mastodon account.

https://docs.joinmastodon.org/api/
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel

from buergerdraht.connectors.contract import (
    PUBLIC,
    ChannelBroken,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Media,
    Note,
    Part,
    Plan,
    Ref,
    Rejected,
    SendError,
    Sent,
    Temporary,
)
from buergerdraht.connectors.http import Answered, Call, Http, Upload
from buergerdraht.connectors.mastodon import limits, payloads
from buergerdraht.connectors.mastodon.config import MastodonConfig
from buergerdraht.connectors.mastodon.errors import failure
from buergerdraht.connectors.mastodon.plan import plan, room
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.connectors.usual import Usual

_PROCESSING = (0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0)  # seconds between looks at a file the server still works on


class Mastodon(Usual):
    kind: ClassVar[str] = "mastodon"
    title: ClassVar[str] = "Mastodon"
    mark: ClassVar[str] = "MA"
    hue: ClassVar[str] = "violet"
    reach: ClassVar[Any] = "public"
    streams: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Öffentliche Beiträge auf einem eigenen oder fremden Server, ohne Werbung und ohne Kosten. Antworten kommen in den Posteingang."
    )
    hooked: ClassVar[bool] = False
    guide: ClassVar[Sequence[str]] = (
        "Melden Sie sich in Mastodon mit dem Konto Ihrer Behörde an und öffnen Sie Einstellungen, Entwicklung, Neue Anwendung.",
        "Wählen Sie die Rechte read, write:statuses und write:media und speichern Sie.",
        "Übernehmen Sie Server und Zugriffstoken in die Einstellungen dieses Kanals. Eine Webhook-Adresse braucht Mastodon nicht.",
    )
    Config: ClassVar[type[BaseModel]] = MastodonConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: MastodonConfig, http: Http) -> None:
        self.config = config
        self.http = http
        self._doubted: dict[str, float] = {}  # key -> when a call with it first ended without an answer

    # ── Pure ──────────────────────────────────────────────────────────────

    def plan(self, content: Content) -> Plan:
        return plan(content, self._most)

    def room(self, content: Content) -> tuple[int, int]:
        return room(content, self._most)

    @property
    def _most(self) -> int:
        told = getattr(self.config, "characters", "")
        return int(told) if told.isdigit() and int(told) else limits.LIMITS.text

    def link(self, start: str, text: str) -> str:
        """Where the account's posts stand; nobody subscribes there by a word of ours."""
        return f"{self.config.host}/@{self.config.account}" if self.config.account else ""

    async def permalink(self, external_id: str) -> str:
        return f"{self.config.host}/@{self.config.account}/{external_id}" if self.config.account and external_id.isalnum() else ""

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        body = dict(part.body)
        closed = address.startswith(payloads.DIRECT)
        body["visibility"] = "direct" if closed else "public"
        if address != PUBLIC:
            body["status"] = f"{address.removeprefix(payloads.DIRECT)} {body['status']}"
        key = hashlib.sha256(json.dumps([token, address, body["status"]]).encode()).hexdigest()
        self._still_known(key)
        body["media_ids"] = [await self._upload(media, files) for media in part.media]
        answered = await self._post(body, key)
        found = str(answered.json().get("id") or "")
        if answered.status != 200 or not found:
            problem = failure(answered, self._token)
            if not isinstance(problem, Temporary):
                self._doubted.pop(key, None)
            elif not problem.limit:
                self._doubted.setdefault(key, time.monotonic())
            raise problem
        self._doubted.pop(key, None)
        return Sent(external_id=found)

    async def _post(self, body: Mapping[str, Any], key: str) -> Answered:
        """Post under a key: repeated within the hour, the server answers with the post that is there already."""
        try:
            return await self._call("POST", "statuses", json=body, headers={"Idempotency-Key": key})
        except Temporary as problem:
            if problem.maybe_sent:
                self._doubted.setdefault(key, time.monotonic())
            raise Temporary(problem.reason, problem.details, retry_after=problem.retry_after) from None

    def _still_known(self, key: str) -> None:
        """Leave it to people where the server may have forgotten the key of a call that ended without an answer."""
        since = self._doubted.get(key)
        if since is not None and time.monotonic() - since > limits.KEY_SECONDS:
            raise Temporary("unavailable", "key forgotten", maybe_sent=True)
        if len(self._doubted) > 1000:
            self._doubted = {each: at for each, at in self._doubted.items() if time.monotonic() - at < 86_400}

    async def _upload(self, media: Media, files: Files) -> str:
        """Bring a file with its description; a large one is worked on for a while. Each post needs an upload of its own."""
        form = {"file": Upload(await files.read(media), media.file_name, media.mime), "description": media.alt[: limits.ALT]}
        answered = await self._call("POST", "media", version=2, form=form, seconds=120)
        number = str(answered.json().get("id") or "")
        for pause in _PROCESSING:
            if answered.status not in {202, 206} or not number:
                break
            await asyncio.sleep(pause)
            answered = await self._call("GET", f"media/{number}", what="media")
        if answered.status in {202, 206}:
            raise Temporary("unavailable", "still processing", retry_after=30)
        if answered.status != 200 or not number:
            raise failure(answered, self._token, media=True)
        return number

    # ── Hearing ───────────────────────────────────────────────────────────

    async def receive(self) -> AsyncIterator[list[Item]]:
        """Ask for mentions every few seconds. What came while nobody asked is told again; what is known is dropped by its id (law 2)."""
        newest = ""
        while True:
            page = await self._mentions(newest) if newest else await self._missed()
            if page:
                newest = str(page[0].get("id") or newest) if isinstance(page[0], Mapping) else newest
                yield payloads.read(page, self.config.account)
            elif not newest:
                newest = "0"
            if len(page) < limits.PAGE or newest in {"", "0"}:
                await asyncio.sleep(limits.POLL_SECONDS)

    async def _missed(self) -> list[Any]:
        """Collect the mentions of the last days, newest first."""
        found: list[Any] = []
        oldest = datetime.now(UTC) - timedelta(days=limits.LOOK_BACK_DAYS)
        for _ in range(limits.PAGES):
            page = await self._notifications(max_id=str(found[-1]["id"]) if found else "")
            fresh = [one for one in page if isinstance(one, Mapping) and one.get("id") and _since(one) >= oldest]
            found += fresh
            if len(fresh) < limits.PAGE:
                break
        return found

    async def _mentions(self, newest: str) -> list[Any]:
        return await self._notifications(min_id=newest)

    async def _notifications(self, **bounds: str) -> list[Any]:
        query = urlencode(
            [("types[]", "mention"), ("limit", str(limits.PAGE)), *((name, value) for name, value in bounds.items() if value)]
        )
        answered = await self._call("GET", f"notifications?{query}", what="notifications")
        if answered.status != 200:
            raise failure(answered, self._token)
        try:
            page = json.loads(answered.body)
        except (ValueError, RecursionError):
            raise Temporary("unavailable", "no JSON") from None
        if not isinstance(page, list):
            raise Temporary("unavailable", "no list")
        return page

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        """Fetch a picture; elsewhere than on our own server only at public addresses, because a stranger may have named it."""
        outside = urlsplit(ref.url).hostname != urlsplit(self.config.host).hostname
        answered = await self.http.call(Call("GET", ref.url, "file", seconds=120, largest=limits.DOWNLOAD, outside=outside))
        if answered.status in {404, 429} or answered.status >= 500:
            raise Temporary("unavailable", f"HTTP {answered.status}")
        if answered.status != 200:
            raise Rejected("media_refused", f"HTTP {answered.status}")
        return answered.body, answered.headers.get("content-type", "").split(";")[0]

    # ── Setting up ────────────────────────────────────────────────────────

    async def activate(self, webhook_url: str) -> None:
        """There is nobody to be told; see that the token is good."""
        await self._ask("accounts/verify_credentials")

    async def check(self) -> Health:
        try:
            account = await self._ask("accounts/verify_credentials")
            server = await self._ask("instance", version=2)
        except ChannelBroken as problem:
            return _failed("Der Server kennt dieses Token nicht, oder es hat zu wenige Rechte.", problem)
        except SendError as problem:
            return _failed(REASONS.get(problem.reason, REASONS["unknown"]).title, problem)
        name = str(account.get("username") or "")
        domain = str(server.get("domain") or urlsplit(self.config.host).hostname)
        told = server.get("configuration") if isinstance(server.get("configuration"), dict) else {}
        most = str(((told or {}).get("statuses") or {}).get("max_characters") or "")
        findings = []
        if self.config.characters and most.isdigit() and most != self.config.characters:
            text = "Der Server erlaubt {most} Zeichen je Beitrag, eingetragen sind {ours}."
            findings.append(Note(level="warning", code="characters", text=text, values={"most": most, "ours": self.config.characters}))
        if self.config.account and name and self.config.account.lower() != name.lower():
            text = "Das Token gehört zum Konto @{name}, eingetragen ist @{ours}."
            findings.append(Note(level="error", code="wrong_account", text=text, values={"name": name, "ours": self.config.account}))
        facts = {"name": str(account.get("display_name") or name), "number": f"@{name}@{domain}"}
        learned = {"account": name, **({"characters": most} if most.isdigit() else {})}
        return Health(ok=not any(note.level == "error" for note in findings), findings=tuple(findings), facts=facts, learned=learned)

    # ── The wire ──────────────────────────────────────────────────────────

    @property
    def _token(self) -> str:
        return self.config.access_token.get_secret_value()

    async def _call(self, method: str, path: str, *, version: int = 1, what: str = "", **more: Any) -> Answered:
        url = f"{self.config.host}/api/v{version}/{path}"
        headers = {"Authorization": f"Bearer {self._token}", **more.pop("headers", {})}
        return await self.http.call(Call(method, url, what or path, headers=headers, prepares=path != "statuses", **more))

    async def _ask(self, path: str, *, version: int = 1) -> dict[str, Any]:
        answered = await self._call("GET", path, version=version)
        if answered.status != 200:
            raise failure(answered, self._token)
        return answered.json()


def _since(notification: Mapping[str, Any]) -> datetime:
    """When it was told; what cannot be read counts as just now, so that it is kept and shown."""
    try:
        return payloads.moment(notification.get("created_at"))
    except (TypeError, ValueError, AttributeError):
        return datetime.now(UTC)


def _failed(text: str, problem: SendError) -> Health:
    note = Note(level="error", code=problem.reason, text="{what} ({details})", values={"what": text, "details": problem.details})
    return Health(ok=False, findings=(note,))
