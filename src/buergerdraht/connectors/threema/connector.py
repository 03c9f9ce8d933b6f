"""One Threema Gateway ID.

https://gateway.threema.ch/en/developer/api

What comes in can only be read with its sender's public key. `parse` touches no network: it looks into what was learned
(`directory`), and raises Wanting where that says nothing; then the house lets `learn` ask the directory, and reads again.
"""

from __future__ import annotations

import asyncio
import hmac
import io
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import msgspec
from PIL import Image, ImageOps
from pydantic import BaseModel

from buergerdraht.connectors.contract import (
    AddressGone,
    Changed,
    ChannelBroken,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Malformed,
    Media,
    MediaKind,
    Part,
    Plan,
    Ref,
    Rejected,
    SendError,
    Sent,
    Unsigned,
    Wanting,
)
from buergerdraht.connectors.http import Answered, Call, Http, Upload
from buergerdraht.connectors.threema import boxes, health, kinds, limits, payloads
from buergerdraht.connectors.threema.config import ThreemaConfig
from buergerdraht.connectors.threema.directory import NOBODY, Directory, directory
from buergerdraht.connectors.threema.errors import failure
from buergerdraht.connectors.threema.plan import plan
from buergerdraht.connectors.usual import Usual
from buergerdraht.connectors.wire import UNREADABLE

_IDENTITY = re.compile(r"[0-9A-Z*][0-9A-Z]{7}")
_MESSAGE = re.compile(r"[0-9a-f]{16}")
_AT_ONCE = 8  # questions to the directory side by side
CHANGED = "Der Schlüssel von {identity} ist ein anderer als bisher. Die Nachricht wird aufbewahrt, bis jemand das geprüft hat."


class Threema(Usual):
    kind: ClassVar[str] = "threema"
    title: ClassVar[str] = "Threema"
    mark: ClassVar[str] = "TH"
    hue: ClassVar[str] = "neutral"
    about: ClassVar[str] = (
        "Ende-zu-Ende verschlüsselt und ohne Telefonnummer. Jede Nachricht kostet einen Credit; Zustellung und Lesen werden gemeldet."
    )
    guide: ClassVar[Sequence[str]] = (
        "Beantragen Sie auf gateway.threema.ch eine Ende-zu-Ende-ID. Den öffentlichen Schlüssel zeigt der Kanal, sobald er angelegt ist.",
        "Übernehmen Sie ID und Secret in die Einstellungen dieses Kanals und kaufen Sie Credits.",
        "Tragen Sie die Webhook-Adresse bei Ihrer ID als „Callback URL“ ein.",
        "Wählen Sie „Jetzt prüfen“, dann „Kanal starten“.",
    )
    Config: ClassVar[type[BaseModel]] = ThreemaConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: ThreemaConfig, http: Http) -> None:
        self.config = config
        self.http = http
        if not getattr(config, "end_to_end", True):  # nothing comes back, reports neither
            self.limits = msgspec.structs.replace(limits.LIMITS, delivered=False, read=False)

    @property
    def directory(self) -> Directory:
        return directory(self.config.private)

    # ── Pure ──────────────────────────────────────────────────────────────

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Compute the code over the form's fields anew. The nickname is not covered by it."""
        try:
            form = payloads.fields(body)
        except Malformed:
            raise Unsigned from None
        wanted = payloads.mac(self.config.secret.get_secret_value(), form)
        if not hmac.compare_digest(form.get("mac", "").lower().encode(errors="replace"), wanted.encode()):
            raise Unsigned

    def parse(self, body: bytes) -> list[Item]:
        """Open the box and read it. Raises Wanting while its sender's key is not known, Malformed where it is no form of Threema's."""
        form = payloads.fields(body)
        try:
            envelope = payloads.letter(form, self.config.identity)
        except UNREADABLE as problem:
            return [Item(problem=f"{type(problem).__name__} {problem}"[:100])]
        key = self.directory.key(envelope.sender, self.config.checked)
        told = self.directory.told(envelope.seal)
        if key is None and told is None:
            raise Wanting(envelope.sender)
        raw = {"message": envelope.number}
        if key is None:
            return [Item(raw=raw, problem="sender_unknown")]
        try:
            opened = boxes.open_box(envelope.nonce, envelope.box, self.config.private, key)
        except boxes.Unopened:
            if told is None:  # perhaps their key is another one now
                raise Wanting(envelope.sender) from None
            return self._unopened(envelope, raw)
        return payloads.read(envelope, opened.kind, opened.payload)

    def _unopened(self, envelope: payloads.Letter, raw: Mapping[str, Any]) -> list[Item]:
        """Say why a box stays closed: another key than the pinned one would open it, or none."""
        offered = self.directory.doubted(envelope.sender, self.config.checked)
        if not offered:
            return [Item(raw=raw, problem="box_closed")]
        event = Changed(
            external_id=f"key:{envelope.sender}:{offered.hex()[:16]}",
            at=envelope.at,
            what="key",
            text=CHANGED.format(identity=envelope.sender),
            values={"address": envelope.sender},
        )
        return [Item(event=event), Item(raw=raw, problem="key_changed")]

    def plan(self, content: Content) -> Plan:
        return plan(content, end_to_end=self.config.end_to_end)

    def link(self, start: str, text: str) -> str:
        """Threema carries no parameter: the words stand ready to be sent."""
        identity = getattr(self.config, "identity", "")
        return f"https://threema.id/{quote(identity, safe='*')}" + (f"?text={quote(text)}" if text else "") if identity else ""

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        if not _IDENTITY.fullmatch(address):
            raise AddressGone("not_reachable", "no Threema ID")
        if not self.config.end_to_end:
            return await self._deliver("send_simple", address, {"text": str(part.body["text"])})
        public = await self._key_of(address)
        kind, payload = await self._container(part, files)
        sealed = boxes.seal(kind, payload, self.config.private, public)
        return await self._deliver("send_e2e", address, {"nonce": sealed.nonce.hex(), "box": sealed.box.hex()})

    async def _container(self, part: Part, files: Files) -> tuple[int, bytes]:
        """Give type and payload of a part."""
        match part.method:
            case "text":
                return kinds.TEXT, str(part.body["text"]).encode(errors="replace")
            case "location":
                return kinds.LOCATION, str(part.body["text"]).encode(errors="replace")
            case "receipt":
                return kinds.RECEIPT, bytes([int(part.body["state"])]) + bytes.fromhex(str(part.body["message"]))
            case "file":
                return kinds.FILE, await self._file(part, files)
        raise Rejected("content_refused", "no such message")

    async def _file(self, part: Part, files: Files) -> bytes:
        """Upload a file unless it is there already; give the message that tells of it."""
        media = part.media[0]
        known = await files.uploaded(media)
        if known is None:
            known = await self._upload(media, await files.read(media))
            await files.remember(media, known, hours=limits.UPLOAD_HOURS)
        blob, key, thumbnail = known.split(".")
        shown = int(part.body["shown"])
        told: dict[str, Any] = {
            "b": blob,
            "k": key,
            "m": media.mime.partition(";")[0].strip() or "application/octet-stream",
            "n": (media.file_name or media.kind.value)[: limits.FILE_NAME],
            "s": media.size,
            "j": shown,
            "i": int(shown == kinds.MEDIA),  # what older apps read instead
        }
        if thumbnail:
            told |= {"t": thumbnail, "p": "image/jpeg"}
        if caption := part.body.get("caption"):
            told["d"] = caption
        return json.dumps(told, separators=(",", ":")).encode()

    async def _upload(self, media: Media, data: bytes) -> str:
        """Lock a file with a key of its own and store it, a picture with its small copy; gives "<blob>.<key>.<blob of the small one>"."""
        key = secrets.token_bytes(32)
        small = await asyncio.to_thread(_small, data) if media.kind is MediaKind.IMAGE else b""
        blob = await self._store(boxes.lock(data, key))
        thumbnail = await self._store(boxes.lock(small, key, boxes.THUMBNAIL)) if small else ""
        return f"{blob}.{key.hex()}.{thumbnail}"

    async def _store(self, data: bytes) -> str:
        form = {"blob": Upload(data, "blob", "application/octet-stream")}
        url = self._url("upload_blob", persist="1")  # one file for all who get it
        answered = await self.http.call(Call("POST", url, "upload_blob", form=form, seconds=120, prepares=True))
        if answered.status == 413:
            raise Rejected("media_refused", "HTTP 413")
        blob = _plain(answered)
        if answered.status != 200 or not re.fullmatch(r"[0-9a-f]{32}", blob):
            raise failure(answered, sending=False)
        return blob

    async def _deliver(self, method: str, address: str, form: Mapping[str, str]) -> Sent:
        call = Call("POST", f"{self.config.host}/{method}", method, form={**self._credentials, "to": address, **form})
        answered = await self.http.call(call)
        if answered.status == 400:
            raise await self._refused(address)
        number = _plain(answered)
        if answered.status != 200 or not _MESSAGE.fullmatch(number):
            raise failure(answered)
        return Sent(external_id=f"{address}:{number}")

    async def _refused(self, address: str) -> SendError:
        """Find out which of its two meanings a 400 has: a wrong account must not cost every address."""
        asked = self.config.identity if self.config.end_to_end else address
        try:
            key = await self._ask_directory(asked)
        except SendError as problem:
            return problem
        if self.config.end_to_end:
            sound = key.hex() == self.config.public_key
            return AddressGone("not_reachable", "HTTP 400") if sound else ChannelBroken("setup", "HTTP 400")
        return Rejected("unknown", "HTTP 400") if key else AddressGone("not_reachable", "HTTP 400")

    # ── Keys ──────────────────────────────────────────────────────────────

    async def learn(self, bodies: Sequence[bytes]) -> None:
        """Ask the directory for the senders of these bodies."""
        senders: dict[str, list[str]] = {}
        for body in bodies:
            try:
                envelope = payloads.letter(payloads.fields(body), self.config.identity)
            except (Malformed, *UNREADABLE):
                continue
            senders.setdefault(envelope.sender, []).append(envelope.seal)
        seats = asyncio.Semaphore(_AT_ONCE)

        async def one(sender: str, messages: list[str]) -> None:
            async with seats:
                self.directory.answer(sender, await self._ask_directory(sender), messages)

        results = await asyncio.gather(*(one(*each) for each in senders.items()), return_exceptions=True)
        if problems := [result for result in results if isinstance(result, BaseException)]:
            raise problems[0]

    def forget(self, addresses: Sequence[str]) -> None:
        for address in addresses:
            self.directory.forget(address)

    async def _key_of(self, address: str) -> bytes:
        """The key to write to somebody with, learned once. Raises Rejected while the directory names another one that nobody checked."""
        if self.directory.doubted(address, self.config.checked):
            raise Rejected("key_changed")
        known = self.directory.key(address, self.config.checked)
        if known is None:
            known = await self._ask_directory(address)
            self.directory.note(address, known)
        if known == NOBODY:
            raise AddressGone("not_reachable", "HTTP 404")
        return known

    async def _ask_directory(self, identity: str) -> bytes:
        """Give an ID's public key; NOBODY where there is no such ID."""
        url = self._url(f"pubkeys/{quote(identity, safe='*')}")
        answered = await self.http.call(Call("GET", url, "pubkeys", seconds=10, prepares=True))
        if answered.status == 404:
            return NOBODY
        key = _plain(answered)
        if answered.status != 200 or not re.fullmatch(r"[0-9a-f]{64}", key):
            raise failure(answered, sending=False)
        return bytes.fromhex(key)

    # ── Fetching and setting up ───────────────────────────────────────────

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        """Fetch and unlock a file: "<blob>.<key>", or "<blob>.<nonce>.<sender>" of a picture of the old kind."""
        blob, secret, *sender = ref.external_id.split(".")
        url = self._url(f"blobs/{blob}")
        largest = limits.BLOB_BYTES + limits.SEAL_BYTES
        answered = await self.http.call(Call("GET", url, "blobs", seconds=120, largest=largest, prepares=True))
        if answered.status == 404:
            raise Rejected("media_refused", "HTTP 404")
        if answered.status != 200:
            raise failure(answered, sending=False)
        try:
            if sender:
                public = await self._key_of(sender[0])
                return boxes.unlock_boxed(answered.body, bytes.fromhex(secret), self.config.private, public), ref.mime
            return boxes.unlock(answered.body, bytes.fromhex(secret)), ref.mime
        except (boxes.Unopened, ValueError):
            raise Rejected("media_refused", "cannot be unlocked") from None

    async def activate(self, webhook_url: str) -> None:
        """Make sure that the account is ours and has credits. Where to deliver can only be told on Threema's page."""
        if await self._credits() <= 0:
            raise ChannelBroken("credits", "no credits")
        if self.config.end_to_end and (await self._ask_directory(self.config.identity)).hex() != self.config.public_key:
            raise ChannelBroken("setup", "another public key")

    async def check(self) -> Health:
        changed = self.directory.changed(self.config.checked)
        return await health.check(self.config, self._credits, lambda: self._ask_directory(self.config.identity), changed)

    async def _credits(self) -> int:
        answered = await self.http.call(Call("GET", self._url("credits"), "credits", seconds=15, prepares=True))
        left = _plain(answered)
        if answered.status != 200 or not left.isdigit():
            raise failure(answered, sending=False)
        return int(left)

    # ── The wire ──────────────────────────────────────────────────────────

    @property
    def _credentials(self) -> dict[str, str]:
        return {"from": self.config.identity, "secret": self.config.secret.get_secret_value()}

    def _url(self, path: str, **more: str) -> str:
        return f"{self.config.host}/{path}?{urlencode({**self._credentials, **more})}"


def _plain(answered: Answered) -> str:
    return answered.body[:200].decode("ascii", "replace").strip().lower()


def _small(data: bytes) -> bytes:
    """Make the small copy that the app shows at once; a picture it cannot read has none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            turned = ImageOps.exif_transpose(image).convert("RGB")
            turned.thumbnail((limits.THUMBNAIL, limits.THUMBNAIL))
            out = io.BytesIO()
            turned.save(out, "JPEG", quality=75)
            return out.getvalue()
    except (OSError, ValueError, Image.DecompressionBombError):
        return b""
