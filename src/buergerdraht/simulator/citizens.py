"""What a person can do with a phone, on either messenger: the one place where the phone page, the control API and the population meet."""

from __future__ import annotations

import io
import math
import struct
import wave
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from PIL import Image, ImageDraw, ImageFont

from buergerdraht.simulator.telegram import START, Telegram
from buergerdraht.simulator.town import Account, Message, Person, Town
from buergerdraht.simulator.whatsapp import WhatsApp


class CannotDo(Exception):
    """The phone cannot do that; the words say why."""


@dataclass
class Citizens:
    town: Town
    whatsapp: WhatsApp
    telegram: Telegram

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        if account.kind == "whatsapp":
            return self.whatsapp.receive(account, person, "text", {"body": text}, **self._context(account, quote))
        entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text.startswith("/") else []
        data: dict[str, Any] = {"text": text, "entities": entities}
        if quote and quote in self.town.messages:
            data["reply_to"] = self.town.messages[quote].number
        return self.telegram.receive(account, person, "text", data)

    def _context(self, account: Account, quote: str) -> dict[str, Any]:
        return {"context": {"from": account.number, "id": quote}} if quote else {}

    def send_file(
        self, account: Account, person: Person, kind: str, data: bytes, mime: str, *, name: str = "", caption: str = "", album: str = ""
    ) -> Message:
        """Send a photo, voice, video, audio, document or sticker."""
        file = self.town.add_file(account.id, data, mime, name, days=7)
        if account.kind == "whatsapp":
            kind, voice = {"photo": ("image", False), "voice": ("audio", True)}.get(kind, (kind, False))
            body: dict[str, Any] = {"id": file.id, "mime_type": mime, "sha256": "", **({"caption": caption} if caption else {})}
            if kind == "audio":
                body["voice"] = voice
            if kind == "document":
                body["filename"] = name
            if kind == "sticker":
                body["animated"] = False
            return self.whatsapp.receive(account, person, kind, body)
        more = {"media_group_id": album} if album else {}
        return self.telegram.receive(account, person, kind, {"file": file.id, "caption": caption, **more})

    def send_location(self, account: Account, person: Person, latitude: float, longitude: float) -> Message:
        return self._any(account, person, "location", {"latitude": latitude, "longitude": longitude})

    def send_contact(self, account: Account, person: Person, name: str, phone: str) -> Message:
        if account.kind == "whatsapp":
            card = {"name": {"formatted_name": name, "first_name": name}, "phones": [{"phone": phone, "type": "CELL"}], "origin": "other"}
            return self.whatsapp.receive(account, person, "contacts", [card])
        return self.telegram.receive(account, person, "contact", {"contact": {"phone_number": phone, "first_name": name}})

    def _any(self, account: Account, person: Person, kind: str, data: dict[str, Any]) -> Message:
        return (
            self.whatsapp.receive(account, person, kind, data)
            if account.kind == "whatsapp"
            else self.telegram.receive(account, person, kind, data)
        )

    def tap(self, account: Account, person: Person, message_id: str, choice: str) -> None:
        """Tap a button or a row of the list, by its id or its words."""
        message = self._message(message_id)
        if account.kind == "telegram":
            for row in (message.data.get("reply_markup") or {}).get("inline_keyboard") or []:
                for button in row:
                    if choice in {button.get("callback_data"), button["text"]} and button.get("callback_data"):
                        self.telegram.press(account, person, message, button["callback_data"])
                        return
            raise CannotDo("no such button")
        self._tap_whatsapp(account, person, message, choice)

    def _tap_whatsapp(self, account: Account, person: Person, message: Message, choice: str) -> None:
        context = {"context": {"from": account.number, "id": message.id}}
        action = (message.data.get("interactive") or {}).get("action") or {}
        for button in action.get("buttons") or []:
            reply = button["reply"]
            if choice in {reply["id"], reply["title"]}:
                data = {"type": "button_reply", "button_reply": {"id": reply["id"], "title": reply["title"]}}
                self.whatsapp.receive(account, person, "interactive", data, **context)
                return
        for section in action.get("sections") or []:
            for row in section["rows"]:
                if choice in {row["id"], row["title"]}:
                    reply = {key: row[key] for key in ("id", "title", "description") if row.get(key)}
                    self.whatsapp.receive(account, person, "interactive", {"type": "list_reply", "list_reply": reply}, **context)
                    return
        for component in (message.data.get("template_definition") or {}).get("components", []):
            for button in component.get("buttons", []) if component["type"] == "BUTTONS" else []:
                if button["type"] == "QUICK_REPLY" and button["text"] == choice:
                    self.whatsapp.receive(account, person, "button", {"text": choice, "payload": choice}, **context)
                    return
        raise CannotDo("no such button")

    def react(self, account: Account, person: Person, message_id: str, emoji: str) -> None:
        message = self._message(message_id)
        if account.kind == "telegram":
            self.telegram.react(account, person, message, emoji)
            return
        message.reactions["them"] = emoji
        self.whatsapp.receive(account, person, "reaction", {"message_id": message.id, **({"emoji": emoji} if emoji else {})})
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def edit(self, account: Account, person: Person, message_id: str, text: str) -> None:
        message = self._message(message_id)
        if message.ours or message.kind != "text":
            raise CannotDo("only one's own text can be edited")
        if account.kind == "telegram":
            self.telegram.edit(account, person, message, text)
            return
        message.data["text"] = {"body": text}
        message.edited = True
        self.whatsapp.receive(
            account, person, "edit", {"original_message_id": message.id, "message": {"type": "text", "text": {"body": text}}}
        )
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def delete(self, account: Account, person: Person, message_id: str) -> None:
        message = self._message(message_id)
        message.deleted = True
        if account.kind == "whatsapp":  # Telegram tells bots nothing of it
            self.whatsapp.receive(account, person, "revoke", {"original_message_id": message.id})
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def read(self, account: Account, person: Person) -> None:
        if account.kind == "whatsapp":
            self.whatsapp.read_all(account, person)

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        if account.kind == "telegram":
            self.telegram.block(account, person, blocked=blocked)
        elif blocked and account.id not in person.blocked:
            person.blocked.append(account.id)
        elif not blocked and account.id in person.blocked:
            person.blocked.remove(account.id)
        self.town.tell("people", person=person.id)

    def open_link(self, person: Person, link: str) -> tuple[Account, str]:
        """Follow a wa.me or t.me link: gives the account and what would be sent; Telegram's start is sent at once."""
        parts = urlsplit(link if "//" in link else f"https://{link}")
        name = parts.path.strip("/")
        query = parse_qs(parts.query)
        if parts.hostname == "wa.me":
            account = next((each for each in self.town.accounts.values() if each.kind == "whatsapp" and each.number == name), None)
            if account is None:
                raise CannotDo("nobody has this number")
            return account, unquote(query.get("text", [""])[0])
        account = next(
            (each for each in self.town.accounts.values() if each.kind == "telegram" and each.username.lower() == name.lower()), None
        )
        if parts.hostname not in {"t.me", "telegram.me"} or account is None:
            raise CannotDo("this link leads to no messenger here")
        start = query.get("start", [""])[0]
        if not START.match(start):
            raise CannotDo("start parameter invalid")
        text = f"/start {start}".strip()
        if account.id in person.blocked:
            self.telegram.block(account, person, blocked=False)
        self.write(account, person, text)
        return account, ""

    def _message(self, message_id: str) -> Message:
        message = self.town.messages.get(message_id)
        if message is None:
            raise CannotDo("no such message")
        return message


# ── Things to send, drawn and sung here ───────────────────────────────────

SCENES = {
    "schlagloch": ("#8d9299", "#2c2f36"),
    "laterne": ("#33415e", "#ffd36b"),
    "muell": ("#7fa26b", "#6b4f3a"),
    "park": ("#9fcf8a", "#3c7d45"),
}


def picture(name: str) -> bytes:
    """Draw a sample photo as JPEG; "zaehler:00314.207" is a water meter that stands there."""
    if name.startswith("zaehler"):
        return _meter(name.partition(":")[2] or "00314.207")
    ground, thing = SCENES.get(name, SCENES["park"])
    image = Image.new("RGB", (960, 720), "#cfe0ee")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 330, 960, 720), fill=ground)
    for left, top in ((40, 170), (260, 120), (520, 150), (760, 90)):
        draw.rectangle((left, top, left + 170, 340), fill="#e8d9c3", outline="#a58e72", width=4)
        draw.polygon([(left - 12, top), (left + 85, top - 70), (left + 182, top)], fill="#a4503f")
        for x in (left + 28, left + 100):
            draw.rectangle((x, top + 50, x + 40, top + 100), fill="#5f7f9c")
    if name == "laterne":
        draw.rectangle((470, 180, 488, 640), fill="#20242e")
        draw.ellipse((420, 110, 540, 210), fill=thing)
    elif name == "muell":
        for x in range(300, 640, 90):
            draw.rounded_rectangle((x, 480, x + 110, 610), 24, fill=thing, outline="#3d2c20", width=4)
    elif name == "schlagloch":
        draw.ellipse((270, 470, 700, 630), fill=thing)
        draw.ellipse((330, 500, 640, 600), fill="#5b7fa3")
    else:
        for x in (180, 420, 690):
            draw.rectangle((x + 40, 430, x + 62, 600), fill="#6b4f3a")
            draw.ellipse((x - 30, 300, x + 130, 470), fill=thing)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _meter(stand: str) -> bytes:
    """Draw a water meter's face with white drums; those behind the comma are red."""
    whole, _comma, part = stand.partition(".")
    image = Image.new("RGB", (960, 720), "#6f7377")
    draw = ImageDraw.Draw(image)
    draw.ellipse((150, 30, 810, 690), fill="#2f6f9f", outline="#1d2a35", width=14)
    draw.ellipse((190, 70, 770, 650), fill="#f3f2ec")
    draw.text((480, 170), "Kaltwasser", font=ImageFont.load_default(38), fill="#555", anchor="mm")
    left = 480 - 58 * len(whole + part) // 2
    draw.rectangle((left - 12, 270, 480 + 58 * len(whole + part) // 2 + 12, 394), fill="#20242a")
    for place, digit in enumerate(whole + part):
        x = left + 58 * place
        draw.rectangle((x + 3, 282, x + 55, 382), fill="#f7f7f2" if place < len(whole) else "#c22f2a")
        ink = "#16181c" if place < len(whole) else "#fff"
        draw.text((x + 29, 332), digit, font=ImageFont.load_default(80), fill=ink, anchor="mm")
    draw.text((484, 468), "m", font=ImageFont.load_default(44), fill="#333", anchor="rs")
    draw.text((486, 450), "3", font=ImageFont.load_default(24), fill="#333", anchor="ls")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def tone(seconds: float = 2.0) -> bytes:
    """Hum a melody as WAV: it stands for a voice message."""
    out = io.BytesIO()
    rate = 8000
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        for step in range(int(seconds * rate)):
            pitch = 220 * (1 + 0.25 * (int(step / rate * 4) % 3))
            sound.writeframesraw(struct.pack("<h", int(9000 * math.sin(2 * math.pi * pitch * step / rate))))
    return out.getvalue()
