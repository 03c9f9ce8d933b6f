"""Threema in a citizen's hand: an app that reads strictly, reports what arrived, and drops what it does not understand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import secrets
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote, urlencode

from buergerdraht.simulator.provider import CannotDo, Provider, Thing
from buergerdraht.simulator.providers import threema_boxes as boxes
from buergerdraht.simulator.providers.threema_boxes import Unreadable
from buergerdraht.simulator.town import Account, File, Message, Person

TEXT, LOCATION, FILE, RECEIPT = 0x01, 0x10, 0x17, 0x80
RECEIVED, READ = 1, 2
THUMBS = {"👍": 3, "👎": 4}
PAUSES = (300.0, 300.0, 300.0)  # three more tries, five minutes apart; then the message is lost
QUOTE = re.compile(r"> quote #([0-9a-f]{16})\n\n(.*)", re.DOTALL)
TEXT_BYTES = 3500


class ThreemaPhone(Provider):
    kind: ClassVar[str] = "threema"
    title: ClassVar[str] = "Threema"
    colour: ClassVar[str] = "#2b2b2b"

    # ── Who is who ────────────────────────────────────────────────────────

    def address(self, account: Account, person: Person) -> str:
        return self.town.identify(person, self.kind, boxes.identity_of(person.id))

    def private(self, person: Person) -> str:
        """The phone's key; it never leaves it, but this is the phone."""
        own: dict[str, str] = person.data.setdefault(self.kind, {})
        return own.setdefault("key", boxes.key_of(person.id))

    def holder(self, identity: str) -> Person | None:
        """Find the phone with an ID; everybody here has one."""
        found = self.town.person_by_name(self.kind, identity)
        if found is None:  # IDs are drawn when they are first asked for
            for person in self.town.people.values():
                if self.kind not in person.ids:
                    self.town.identify(person, self.kind, boxes.identity_of(person.id))
            found = self.town.person_by_name(self.kind, identity)
        return found

    # ── What comes from us ────────────────────────────────────────────────

    def arrive(self, account: Account, person: Person, number: str, content: tuple[int, bytes], *, receipts: bool) -> Message | None:
        """Read a container and show it; None where an app shows nothing. Raises Unreadable."""
        kind, payload = content
        if kind == RECEIPT:
            self._thumb(account, person, payload)
            return None
        shown, data = self._shown(account, kind, payload)
        message = Message(
            f"{account.id}:{number}", account.id, person.id, True, shown, {**data, "number": number}, self.town.clock(), "sent"
        )
        if account.id in person.blocked or not person.reachable:
            return message  # taken by the provider and never seen
        self.town.say(message)
        if receipts and self.delivery.dice.random() >= account.faults.skip_delivered:
            self.delivery.spawn(self._report(account, person, message))
        return message

    def _shown(self, account: Account, kind: int, payload: bytes) -> tuple[str, dict[str, Any]]:
        if kind == TEXT:
            if not payload or len(payload) > TEXT_BYTES:
                raise Unreadable
            return "text", {"text": _words(payload)}
        if kind == LOCATION:
            point, *lines = _words(payload).split("\n")
            try:
                latitude, longitude = (float(value) for value in point.split(",")[:2])
            except ValueError:
                raise Unreadable from None
            name, address = (lines[0], lines[1]) if len(lines) > 1 else ("", lines[0] if lines else "")
            return "location", {"latitude": latitude, "longitude": longitude, "name": name, "address": address.replace("\\n", "\n")}
        if kind == FILE:
            return "file", self._received_file(account, payload)
        raise Unreadable

    def _received_file(self, account: Account, payload: bytes) -> dict[str, Any]:
        try:
            told = json.loads(payload)
            blob, key, mime, size = told["b"], bytes.fromhex(told["k"]), told["m"], told["s"]
            shown = told.get("j", told.get("i", 0))
        except (ValueError, LookupError, TypeError):
            raise Unreadable from None
        data = boxes.unlock(self.take_blob(blob), key)
        if "t" in told:
            boxes.unlock(self.take_blob(told["t"]), key, boxes.THUMB_NONCE)
        if len(data) != size or shown not in {0, 1, 2} or len(str(told.get("d", "")).encode()) > TEXT_BYTES:
            raise Unreadable
        kind = {"image": "image", "video": "video", "audio": "audio"}.get(mime.partition("/")[0], "document") if shown else "document"
        file = self.town.add_file(account.id, data, mime, told.get("n", ""))
        return {"file": file.id, "shown": "sticker" if shown == 2 else kind, "caption": told.get("d", "")}

    def take_blob(self, blob: str) -> bytes:
        """Download a blob as an app does: one that is not kept is gone then."""
        file = self.town.files.get(blob)
        if file is None or file.mime != "blob":
            raise Unreadable
        if file.name != "persist":
            del self.town.files[blob]
        return file.data

    def _thumb(self, account: Account, person: Person, payload: bytes) -> None:
        """We gave a thumb, or told that we read."""
        emoji = {state: emoji for emoji, state in THUMBS.items()}.get(payload[0] if payload else 0, "")
        if not payload or (len(payload) - 1) % 8:
            raise Unreadable
        names = {payload[at : at + 8].hex() for at in range(1, len(payload), 8)}
        for message in self._chat(account, person):
            if message.data.get("number") in names and not message.ours:
                message.reactions["us"] = emoji or message.reactions.get("us", "")
                self.town.tell("message", account=account.id, person=person.id, message=message.id)

    # ── What goes to us ───────────────────────────────────────────────────

    def carry(self, account: Account, person: Person, kind: int, payload: bytes, number: str) -> None:
        """Encrypt, sign and post; an account of the basic mode hears nothing."""
        if account.data.get("mode") != "e2e":
            return
        nonce, box = boxes.enclose(kind, payload, self.private(person), account.data["public"])
        form = {
            "from": self.address(account, person),
            "to": account.id,
            "messageId": number,
            "date": str(int(self.town.clock())),
            "nonce": nonce,
            "box": box,
        }
        mac = hmac.new(account.token.encode(), "".join(form.values()).encode(), hashlib.sha256).hexdigest()
        body = urlencode({**form, "mac": mac, "nickname": person.name}).encode()
        self.delivery.carry(account, body, {"Content-Type": "application/x-www-form-urlencoded"}, PAUSES)

    def receive(self, account: Account, person: Person, kind: int, payload: bytes, shown: tuple[str, dict[str, Any]]) -> Message:
        number = secrets.token_hex(8)
        data = {**shown[1], "number": number}
        message = Message(f"{account.id}:{number}", account.id, person.id, False, shown[0], data, self.town.clock(), "sent")
        self.town.say(message)
        self.carry(account, person, kind, payload, number)
        return message

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        quoted = self.town.messages.get(quote)
        words = f"> quote #{quoted.data['number']}\n\n{text}" if quoted else text
        if len(words.encode()) > TEXT_BYTES:
            raise CannotDo("too long for one message")
        return self.receive(account, person, TEXT, words.encode(), ("text", {"text": words}))

    def send_location(self, account: Account, person: Person, latitude: float, longitude: float) -> Message:
        data = {"latitude": latitude, "longitude": longitude}
        return self.receive(account, person, LOCATION, f"{latitude},{longitude},12".encode(), ("location", data))

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        key = os.urandom(32)
        blob = self.keep_blob(account, boxes.lock(thing.data, key), persist=False)
        shown = {"document": 0, "sticker": 2}.get(thing.kind, 1)
        mime = thing.mime.partition(";")[0]
        told = {"b": blob, "k": key.hex(), "m": mime, "n": thing.name, "s": len(thing.data), "j": shown, "i": int(shown == 1)}
        if thing.caption:
            told["d"] = thing.caption
        file = self.town.add_file(account.id, thing.data, thing.mime, thing.name)
        kind = {"photo": "image"}.get(thing.kind, thing.kind)
        data = {"file": file.id, "shown": kind, "caption": thing.caption}
        return self.receive(account, person, FILE, json.dumps(told).encode(), ("file", data))

    def keep_blob(self, account: Account, data: bytes, *, persist: bool) -> str:
        """Store an encrypted file for two weeks."""
        blob, now = secrets.token_hex(16), self.town.clock()
        self.town.files[blob] = File(blob, account.id, "blob", "persist" if persist else "", data, now, now + 14 * 86400)
        return blob

    # ── What phones report ────────────────────────────────────────────────

    async def _report(self, account: Account, person: Person, message: Message) -> None:
        if account.faults.status_delay:
            await asyncio.sleep(account.faults.status_delay)
        if message.status == "sent":
            message.status = "delivered"
        self._receipt(account, person, RECEIVED, [message])
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def _receipt(self, account: Account, person: Person, state: int, messages: list[Message]) -> None:
        payload = bytes([state]) + b"".join(bytes.fromhex(message.data["number"]) for message in messages)
        self.carry(account, person, RECEIPT, payload, secrets.token_hex(8))

    def read(self, account: Account, person: Person) -> None:
        """Open the chat: one receipt speaks of all that was new."""
        fresh = [message for message in self._chat(account, person) if message.ours and message.status != "read"]
        if not fresh or not person.reads:
            return
        for message in fresh:
            message.status = "read"
            self.town.tell("message", account=account.id, person=person.id, message=message.id)
        self._receipt(account, person, READ, fresh)

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        if emoji not in THUMBS or not message.ours:
            raise CannotDo("to a gateway an app gives a thumb, up or down")
        message.reactions["them"] = emoji
        self._receipt(account, person, THUMBS[emoji], [message])
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def _chat(self, account: Account, person: Person) -> list[Message]:
        return [self.town.messages[each] for each in self.town.chats.get((account.id, person.id), [])]

    # ── What it shows ─────────────────────────────────────────────────────

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        if link.hostname != "threema.id":
            return None
        account = self.find("id", unquote(link.path).strip("/").upper())
        if account is None:
            raise CannotDo("nobody has this ID")
        return account, parse_qs(link.query).get("text", [""])[0]

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        data = message.data
        if message.kind == "location":
            return {"text": "", "location": {"name": "", "address": "", **data}}
        if message.kind == "file":
            return {**self.media(data["file"], data["shown"]), "text": data["caption"]}
        quoted = QUOTE.fullmatch(str(data.get("text", "")))
        if quoted:
            return {"text": quoted[2], "quote": f"{account.id}:{quoted[1]}"}
        return {"text": str(data.get("text", ""))}


def _words(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Unreadable from None
