"""Signal in a citizen's hand, and the envelopes that tell of it."""

from __future__ import annotations

import re
import uuid
from typing import Any, ClassVar
from urllib.parse import SplitResult

from buergerdraht.simulator.provider import CannotDo, Provider, Thing
from buergerdraht.simulator.town import Account, Message, Person

PACK = "9acc9e8aba563d26a4994e69263e3b25"
ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf", "audio/ogg": ".ogg", "audio/wav": ".wav"}
NUMBERED = re.compile(r"^(\d{1,2})\. (.+)$", re.MULTILINE)


class SignalPhone(Provider):
    kind: ClassVar[str] = "signal"
    title: ClassVar[str] = "Signal"
    colour: ClassVar[str] = "#2c4fb0"
    callback: ClassVar[bool] = False  # its owner listens

    stamped = 0

    def tell_owner(self, account: Account, envelope: dict[str, Any]) -> None:
        """Hand an envelope to whoever listens at the account."""
        raise NotImplementedError

    def stamp(self) -> int:
        """A moment in milliseconds that no message had before: it is a message's name."""
        self.stamped = max(int(self.town.clock() * 1000), self.stamped + 1)
        return self.stamped

    # ── Who is who ────────────────────────────────────────────────────────

    def address(self, account: Account, person: Person) -> str:
        return self.town.identify(person, "signal", str(uuid.uuid5(uuid.NAMESPACE_URL, f"signal:{person.id}")))

    def envelope(self, account: Account, person: Person, sent: int, **content: Any) -> dict[str, Any]:
        """Wrap what somebody did. `hidden` people show their number to nobody, which is what Signal does unless told otherwise."""
        key, number = self.address(account, person), None if person.hidden else f"+{person.phone}"
        return {
            "source": number or key, "sourceNumber": number, "sourceUuid": key, "sourceName": person.name, "sourceDevice": 1,
            "timestamp": sent, "serverReceivedTimestamp": sent + 90, "serverDeliveredTimestamp": sent + 120, **content,
        }  # fmt: skip

    def author(self, account: Account, person: Person, *, ours: bool, prefix: str) -> dict[str, Any]:
        number = account.number if ours else None if person.hidden else f"+{person.phone}"
        key = account.data["uuid"] if ours else self.address(account, person)
        return {prefix: number or key, f"{prefix}Number": number, f"{prefix}Uuid": key}

    # ── What people do ────────────────────────────────────────────────────

    def _says(self, account: Account, person: Person, kind: str, data: dict[str, Any], told: dict[str, Any]) -> Message:
        if account.id in person.blocked:
            raise CannotDo("one who is blocked is not written to")
        sent = self.stamp()
        message = Message(
            f"{account.id}:{sent}", account.id, person.id, False, kind, {**data, "timestamp": sent}, self.town.clock(), "read"
        )
        self.town.say(message)
        person.last_written[account.id] = self.town.clock()
        expires = int(person.data.get("signal", {}).get("expires", 0))
        content = {"timestamp": sent, "message": data.get("text") or None, "expiresInSeconds": expires, "viewOnce": False, **told}
        self.tell_owner(account, self.envelope(account, person, sent, dataMessage=content))
        return message

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        told: dict[str, Any] = {}
        if target := self.town.messages.get(quote):
            whose = self.author(account, person, ours=target.ours, prefix="author")
            told["quote"] = {"id": target.data["timestamp"], **whose, "text": target.data.get("text", ""), "attachments": []}
        return self._says(account, person, "text", {"text": text, "quote": quote}, told)

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        if thing.kind == "sticker":
            return self._says(account, person, "sticker", {"text": ""}, {"sticker": {"packId": PACK, "stickerId": 3}})
        file = self.town.add_file(account.id, thing.data, thing.mime, thing.name, days=7)
        about = self.about_file(file.id, thing.mime, thing.name if thing.kind != "voice" else None, len(thing.data))
        about["isVoiceNote"] = thing.kind == "voice"
        return self._says(account, person, thing.kind, {"text": thing.caption, "files": [file.id]}, {"attachments": [about]})

    def about_file(self, file: str, mime: str, name: str | None, size: int) -> dict[str, Any]:
        return {
            "contentType": mime.split(";")[0], "filename": name or None, "id": file + ENDINGS.get(mime.split(";")[0], ""), "size": size,
            "width": None, "height": None, "caption": None, "uploadTimestamp": int(self.town.clock() * 1000),
        }  # fmt: skip

    def send_location(self, account: Account, person: Person, latitude: float, longitude: float) -> Message:
        """The app writes the address, a link to a map and a picture of it; the picture is left out here."""
        text = f"Hier\n\nhttps://maps.google.com/maps?q={latitude:.6f}%2C{longitude:.6f}"
        return self._says(account, person, "text", {"text": text}, {})

    def send_contact(self, account: Account, person: Person, name: str, phone: str) -> Message:
        card = {"name": {"given": name, "family": None}, "phone": [{"value": phone, "type": "MOBILE"}], "email": [], "address": []}
        return self._says(account, person, "contact", {"text": f"👤 {name}"}, {"message": None, "contacts": [card]})

    def choices(self, message: Message) -> list[str]:
        return [found[2] for found in NUMBERED.finditer(str(message.data.get("text", "")))]

    def tap(self, account: Account, person: Person, message: Message, choice: str) -> None:
        """There are no buttons: one writes the number."""
        for found in NUMBERED.finditer(str(message.data.get("text", ""))):
            if choice in found.groups():
                self.write(account, person, found[1])
                return
        raise CannotDo("no such choice")

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        old, message.reactions["them"] = message.reactions.get("them", ""), emoji
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        target = self.author(account, person, ours=message.ours, prefix="targetAuthor")
        told = {"emoji": emoji or old, **target, "targetSentTimestamp": message.data["timestamp"], "isRemove": not emoji}
        self._tells(account, person, reaction=told)

    def edit(self, account: Account, person: Person, message: Message, text: str) -> None:
        sent, before = self.stamp(), message.data["timestamp"]
        message.data.update(text=text, timestamp=sent)
        message.edited = True
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        content = {"timestamp": sent, "message": text, "expiresInSeconds": 0, "viewOnce": False}
        edited = {"targetSentTimestamp": before, "dataMessage": content}
        self.tell_owner(account, self.envelope(account, person, sent, editMessage=edited))

    def delete(self, account: Account, person: Person, message: Message) -> None:
        super().delete(account, person, message)
        self._tells(account, person, remoteDelete={"timestamp": message.data["timestamp"]})

    def _tells(self, account: Account, person: Person, **told: Any) -> None:
        sent = self.stamp()
        content = {"timestamp": sent, "message": None, "expiresInSeconds": 0, "viewOnce": False, **told}
        self.tell_owner(account, self.envelope(account, person, sent, dataMessage=content))

    def read(self, account: Account, person: Person) -> None:
        """Open the chat; who has switched read receipts off tells nothing."""
        chat = [self.town.messages[key] for key in self.town.chats.get((account.id, person.id), [])]
        fresh = [message for message in chat if message.ours and message.status != "read"]
        for message in fresh:
            message.status = "read"
        if fresh and person.reads:
            self.receipt(account, person, "isRead", [message.data["timestamp"] for message in fresh])

    def receipt(self, account: Account, person: Person, what: str, moments: list[int]) -> None:
        sent = self.stamp()
        told = {"when": sent, "isDelivery": False, "isRead": False, "isViewed": False, what: True, "timestamps": moments}
        self.tell_owner(account, self.envelope(account, person, sent, receiptMessage=told))

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        """A chat opens, and nothing stands in it."""
        if link.hostname != "signal.me" or not link.fragment.startswith("p/"):
            return None
        account = self.find("number", link.fragment.removeprefix("p/"))
        return (account, "") if account else None

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        data = message.data
        shown: dict[str, Any] = {"text": data.get("text") or "", "entities": data.get("entities") or [], "quote": data.get("quote") or None}
        for file_id in data.get("files", [])[:1]:
            mime = self.town.files[file_id].mime if file_id in self.town.files else ""
            kind = mime.partition("/")[0]
            shown |= self.media(file_id, kind if kind in {"image", "audio", "video"} else "document")
        if message.kind == "sticker":
            shown["text"] = "🏷️"
        return shown
