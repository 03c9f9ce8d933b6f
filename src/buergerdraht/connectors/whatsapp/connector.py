"""One WhatsApp number, by the Cloud API.

https://developers.facebook.com/docs/whatsapp/cloud-api
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from pydantic import BaseModel

from buergerdraht.connectors import graph, graph_templates
from buergerdraht.connectors.applicants import Applicant
from buergerdraht.connectors.called import Answer, Called
from buergerdraht.connectors.contract import (
    Content,
    Files,
    Health,
    Item,
    Limits,
    Media,
    MediaKind,
    Part,
    Plan,
    Ref,
    Rejected,
    SendError,
    Sent,
    Template,
    Temporary,
    Unsigned,
)
from buergerdraht.connectors.http import Answered, Call, Http, Upload
from buergerdraht.connectors.usual import Usual
from buergerdraht.connectors.whatsapp import health, limits, payloads
from buergerdraht.connectors.whatsapp.admission import APPLICANTS, GUIDE
from buergerdraht.connectors.whatsapp.config import WhatsAppConfig
from buergerdraht.connectors.whatsapp.errors import code_of, failure
from buergerdraht.connectors.whatsapp.plan import plan


class WhatsApp(Usual):
    kind: ClassVar[str] = "whatsapp"
    title: ClassVar[str] = "WhatsApp"
    hue: ClassVar[str] = "green"
    mark: ClassVar[str] = "WA"
    about: ClassVar[str] = "Die größte Reichweite. Zuerst schreiben dürfen Sie nur mit genehmigter Vorlage; Nachrichten kosten Geld."
    applicants: ClassVar[Sequence[Applicant]] = APPLICANTS
    guide: ClassVar[Sequence[str]] = GUIDE
    Config: ClassVar[type[BaseModel]] = WhatsAppConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: WhatsAppConfig, http: Http) -> None:
        self.config = config
        self.http = http

    # ── Pure ──────────────────────────────────────────────────────────────

    def handshake(self, called: Called) -> Answer | None:
        return graph.handshake(self.config.verify_token, called.query)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if self.config.signed:
            graph.verify(self.config.app_secret.get_secret_value(), headers, body)
            return
        word = self.config.webhook_secret.get_secret_value()
        if not word or not hmac.compare_digest(headers.get("authorization", "").encode(errors="replace"), word.encode()):
            raise Unsigned

    def parse(self, body: bytes) -> list[Item]:
        return payloads.parse(body)

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """WhatsApp's links carry no parameter: the prefilled text is all that comes back, and people may change it."""
        digits = re.sub(r"\D", "", self.config.number)
        if not digits:
            return ""
        return f"https://wa.me/{digits}" + (f"?text={quote(text, safe='')}" if text else "")

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        body: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **({"to": payloads.phone(address)} if payloads.is_phone(address) else {"recipient": address}),
            **await self._filled(part, files),
            "biz_opaque_callback_data": token,
        }
        answered = await self._post("messages", body)
        if answered.status >= 400 and code_of(answered.json().get("error") or {}) == 131063:
            # This account sends marketing templates by a door of their own.
            answered = await self._post("marketing_messages", body)
        return self._sent(answered, address)

    def _sent(self, answered: Answered, address: str) -> Sent:
        data = answered.json()
        messages, contacts = data.get("messages"), data.get("contacts")
        if answered.status >= 400 or not isinstance(messages, list) or not messages or not messages[0].get("id"):
            raise self._failure(answered)
        contact = contacts[0] if isinstance(contacts, list) and contacts and isinstance(contacts[0], Mapping) else {}
        alias = str(contact.get("user_id") or "") if payloads.is_phone(address) else payloads.phone(contact.get("wa_id"))
        return Sent(external_id=str(messages[0]["id"]), alias=alias)

    async def _filled(self, part: Part, files: Files) -> dict[str, Any]:
        """Put the provider's ids where our media belong."""
        ids = {f"{{media:{media.id}}}": await self._uploaded(media, files) for media in part.media}

        def fill(value: Any) -> Any:
            if isinstance(value, str):
                return ids.get(value, value)
            if isinstance(value, Mapping):
                return {key: fill(inner) for key, inner in value.items()}
            return [fill(inner) for inner in value] if isinstance(value, list | tuple) else value

        filled: dict[str, Any] = fill(part.body)
        return filled

    async def _uploaded(self, media: Media, files: Files) -> str:
        if known := await files.uploaded(media):
            return known
        data = await files.read(media)
        mime = media.mime if media.kind is not MediaKind.VOICE else "audio/ogg; codecs=opus"
        form: dict[str, str | Upload] = {
            "messaging_product": "whatsapp",
            "type": mime,
            "file": Upload(data, media.file_name or media.id, mime),
        }
        call = Call("POST", self._number("media"), "media", form=form, headers=self._auth(), seconds=120, prepares=True)
        answered = await self.http.call(call)
        found = answered.json().get("id")
        if answered.status >= 400 or not found:
            raise self._failure(answered, sending=False)
        await files.remember(media, str(found), hours=limits.UPLOAD_HOURS)
        return str(found)

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": external_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        answered = await self._post("messages", body, what="read")
        if answered.status >= 400:
            raise self._failure(answered)

    async def acknowledge(self, callback: str) -> None:
        """Nothing to do: WhatsApp's buttons do not wait."""

    # ── Fetching ──────────────────────────────────────────────────────────

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        """Ask for the address, then fetch; an address lives five minutes, so a 404 is asked for once more."""
        for last in (False, True):
            described = await self._get(f"{ref.external_id}?phone_number_id={self.config.phone_number_id}", "media description")
            url = str(described.get("url") or "")
            if not url:
                raise Rejected("media_refused", "no address")
            answered = await self.http.call(
                Call("GET", self._own_host(url), "media", headers=self._auth(), seconds=120, largest=self.limits.media["document"],
                     prepares=True)
            )  # fmt: skip
            if answered.status == 200:
                return answered.body, str(described.get("mime_type") or ref.mime)
            if answered.status != 404:
                raise self._failure(answered, sending=False)
            if not last:
                await asyncio.sleep(0.2)
        raise Temporary("unavailable", "HTTP 404")

    def _own_host(self, url: str) -> str:
        """A partner passes Meta's addresses on and wants them asked at its own host, with its own key."""
        parts = urlsplit(url)
        if self.config.auth_header == "Authorization" or parts.hostname != "lookaside.fbsbx.com":
            return url
        return f"{self.config.host.rstrip('/')}{parts.path}?{parts.query}"

    async def templates(self) -> list[Template]:
        return await graph_templates.fetch(self._get, self.config.waba_id)

    # ── Setting up ────────────────────────────────────────────────────────

    async def activate(self, webhook_url: str) -> None:
        """Subscribe our app to the account's events. The webhook's address itself is entered by hand at Meta."""
        call = Call("POST", self._url(f"{self.config.waba_id}/subscribed_apps"), "subscribed_apps", headers=self._auth())
        answered = await self.http.call(call)
        if answered.status >= 400:
            raise self._failure(answered, sending=False)

    async def check(self) -> Health:
        return await health.check(self._get, self.config.phone_number_id, self.config.waba_id)

    # ── The wire ──────────────────────────────────────────────────────────

    def _url(self, path: str) -> str:
        return f"{self.config.host.rstrip('/')}{self.config.prefix}/{path}"

    def _number(self, path: str) -> str:
        return self._url(f"{self.config.phone_number_id}/{path}" if self.config.number_in_path else path)

    def _auth(self) -> dict[str, str]:
        token = self.config.access_token.get_secret_value()
        return {self.config.auth_header: f"Bearer {token}" if self.config.auth_header.lower() == "authorization" else token}

    async def _post(self, path: str, body: Mapping[str, Any], *, what: str = "") -> Answered:
        return await self.http.call(Call("POST", self._number(path), what or path, json=body, headers=self._auth()))

    async def _get(self, path: str, what: str) -> dict[str, Any]:
        answered = await self.http.call(Call("GET", self._url(path), what, headers=self._auth(), prepares=True))
        if answered.status >= 400:
            raise self._failure(answered, sending=False)
        return answered.json()

    def _failure(self, answered: Answered, *, sending: bool = True) -> SendError:
        found = failure(answered, self.config.access_token.get_secret_value())
        if not sending and isinstance(found, Temporary):
            found.maybe_sent = False
        return found
