"""One Signal number, held by a signal-cli of the house.

Signal has no programme for authorities and no API of its own for them: signal-cli is an unofficial app, run as a process of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import ClassVar

import msgspec
from pydantic import BaseModel

from buergerdraht.connectors.contract import (
    AddressGone,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Malformed,
    Part,
    Plan,
    Received,
    Ref,
    Rejected,
    SendError,
    Sent,
)
from buergerdraht.connectors.http import Http, Upload
from buergerdraht.connectors.signal import health, limits, payloads
from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.connectors.signal.daemon import Daemon
from buergerdraht.connectors.signal.door import Door, Letter
from buergerdraht.connectors.signal.names import is_person, named, ours
from buergerdraht.connectors.signal.plan import REACT, plan
from buergerdraht.connectors.signal.rest import Rest
from buergerdraht.connectors.usual import Usual
from buergerdraht.connectors.wire import text

NEVER = "0"  # the name of no event


class Signal(Usual):
    kind: ClassVar[str] = "signal"
    title: ClassVar[str] = "Signal"
    hue: ClassVar[str] = "darkblue"
    mark: ClassVar[str] = "SI"
    streams: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Datensparsam und kostenlos, aber langsam: für Antworten und kleine Verteiler. Sie betreiben dafür signal-cli im eigenen Haus."
    )
    hooked: ClassVar[bool] = False
    guide: ClassVar[Sequence[str]] = (
        "Betreiben Sie signal-cli auf einem eigenen Rechner und registrieren Sie dort eine Rufnummer, die nur dafür da ist.",
        "Starten Sie es mit „daemon --http --receive-mode=manual“, oder davor signal-cli-rest-api mit MODE=json-rpc.",
        "Tragen Sie Rufnummer und Adresse ein, wählen Sie „Jetzt prüfen“ und dann „Kanal starten“. Eine Webhook-Adresse braucht es nicht.",
    )
    Config: ClassVar[type[BaseModel]] = SignalConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: SignalConfig, http: Http) -> None:
        self.config = config
        self.http = http
        self._after = ""  # the last event that is surely kept

    @property
    def door(self) -> Door:
        return Rest(self.config, self.http) if self.config.rest_api else Daemon(self.config, self.http)

    # ── Pure ──────────────────────────────────────────────────────────────

    def parse(self, body: bytes) -> list[Item]:
        return payloads.parse(body, getattr(self.config, "number", ""))

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """Signal carries neither parameter nor words: who follows the link writes the word.

        https://support.signal.org/hc/en-us/articles/6829998083994
        """
        number = getattr(self.config, "number", "")
        return f"https://signal.me/#p/{number}" if number else ""

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        if not is_person(address):
            raise AddressGone("not_reachable", "no Signal id")
        target = named(str(part.body.get("quote", "")))
        if part.method == REACT:
            if target is None:
                raise Rejected("content_refused", "nothing to react to")
            await self.door.react(target._replace(person=address), str(part.body["emoji"]))
            return Sent(external_id=f"{address}:reaction:{token}")
        uploads = [Upload(await files.read(media), media.file_name, media.mime) for media in part.media]
        letter = Letter(
            to=address,
            text=str(part.body.get("message", "")),
            styles=part.body.get("styles", ()),
            files=uploads,
            quote=target and target._replace(person=address),
        )
        moment = await self.door.send(letter)
        return Sent(external_id=ours(address, moment))

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None:
        """Tell them what we read, and that we write. It is a courtesy: one that fails is let be."""
        target = named(external_id)
        try:
            if target is not None and not target.ours:
                await self.door.read(target)
            if typing and is_person(address):
                await self.door.typing(address)
        except (Rejected, AddressGone):
            return

    # ── Fetching and setting up ───────────────────────────────────────────

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        if ref.size > limits.DOWNLOAD:
            raise Rejected("media_refused", "larger than 100 MB")
        if not ref.external_id or "/" in ref.external_id or "\\" in ref.external_id or ref.external_id.startswith("."):
            raise Rejected("media_refused", "no file")
        return await self.door.fetch(ref.external_id, limits.DOWNLOAD), ref.mime

    async def activate(self, webhook_url: str) -> None:
        """Hand in what an operator entered to be handed in once, and look whether the number is there."""
        if bool(self.config.challenge) != bool(self.config.captcha):
            raise Rejected("captcha_refused", "Kennung oder Lösung fehlt")
        if self.config.challenge:
            await self.door.rescue(self.config.challenge, self.config.captcha)
        if self.config.trust:
            await self.door.trust(self.config.trust)
        await self.door.about()

    async def check(self) -> Health:
        return await health.check(self.door, self.config)

    # ── Hearing ───────────────────────────────────────────────────────────

    async def receive(self) -> AsyncIterator[list[Item]]:
        """Tell what signal-cli tells; a frame counts as kept once we are asked for the next.

        A listener that is gone is noticed late, and what was told to it meanwhile would be lost. So we who begin and know no name ask after
        one that never was: then all that is remembered is told again, and what was handled before is known by its name.
        """
        anew = not self._after
        async with aclosing(self.door.events(self._after or NEVER)) as frames:  # type: ignore[type-var] # both doors give generators
            async for frame in frames:
                if not (anew and payloads.is_old(frame.body)):
                    yield await self._heard(frame.body)
                self._after = frame.id or self._after

    async def _heard(self, body: bytes) -> list[Item]:
        try:
            items = self.parse(body)
        except Malformed as problem:  # nothing of this could be read again: it is shown as it is called
            return [Item(problem=f"malformed: {problem}")]
        return [await self._whole(item) for item in items]

    async def _whole(self, item: Item) -> Item:
        """Put the whole of a long text in its place: what is over 2,000 bytes comes as a file beside its beginning."""
        event = item.event
        if not isinstance(event, Received):
            return item
        long = next((ref for ref in event.media if ref.mime == limits.LONG_TEXT and ref.size <= limits.LONGEST_TEXT), None)
        if long is None:
            return item
        try:
            data, _ = await self.fetch(long)
        except SendError:
            return item  # then it stays a file, which the media job fetches
        media = tuple(ref for ref in event.media if ref is not long)
        kind = "text" if event.kind == "media" and not media else event.kind
        whole = msgspec.structs.replace(event, text=text(data[: limits.LONGEST_TEXT].decode("utf-8", "replace")), media=media, kind=kind)
        return Item(event=whole)
