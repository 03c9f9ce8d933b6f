"""Telegram in a citizen's hand."""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs

from buergerdraht.simulator.provider import CannotDo, Provider, Thing
from buergerdraht.simulator.town import Account, Message, Person

START = re.compile(r"^[A-Za-z0-9_-]{0,64}$")


class TelegramPhone(Provider):
    kind: ClassVar[str] = "telegram"
    title: ClassVar[str] = "Telegram"
    colour: ClassVar[str] = "#2c6a9b"
    callback: ClassVar[bool] = False  # told by setWebhook

    callbacks: dict[str, tuple[str, float]]  # of presses: who pressed, and until when it may be answered

    def me(self, account: Account) -> dict[str, Any]:
        raise NotImplementedError

    def chat(self, person: Person) -> dict[str, Any]:
        raise NotImplementedError

    def user(self, person: Person) -> dict[str, Any]:
        raise NotImplementedError

    def as_json(self, account: Account, person: Person, message: Message) -> dict[str, Any]:
        raise NotImplementedError

    def address(self, account: Account, person: Person) -> str:
        return str(person.telegram_id)

    def started(self, account: Account, person: Person) -> bool:
        return account.id in person.started

    def move_in(self, account: Account, person: Person) -> None:
        person.started.append(account.id)

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text.startswith("/") else []
        data: dict[str, Any] = {"text": text, "entities": entities}
        if quote and quote in self.town.messages:
            data["reply_to"] = self.town.messages[quote].number
        return self.receive(account, person, "text", data)

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        file = self.town.add_file(account.id, thing.data, thing.mime, thing.name, days=7)
        more = {"media_group_id": thing.album} if thing.album else {}
        return self.receive(account, person, thing.kind, {"file": file.id, "caption": thing.caption, **more})

    def send_location(self, account: Account, person: Person, latitude: float, longitude: float) -> Message:
        return self.receive(account, person, "location", {"latitude": latitude, "longitude": longitude})

    def send_contact(self, account: Account, person: Person, name: str, phone: str) -> Message:
        return self.receive(account, person, "contact", {"contact": {"phone_number": phone, "first_name": name}})

    def tap(self, account: Account, person: Person, message: Message, choice: str) -> None:
        for row in (message.data.get("reply_markup") or {}).get("inline_keyboard") or []:
            for button in row:
                if choice in {button.get("callback_data"), button["text"]} and button.get("callback_data"):
                    self.press(account, person, message, button["callback_data"])
                    return
        raise CannotDo("no such button")

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        """Telegram's start is sent at once."""
        if link.hostname not in {"t.me", "telegram.me"}:
            return None
        name = link.path.strip("/").lower()
        account = next((each for each in self.town.accounts.values() if each.kind == self.kind and each.username.lower() == name), None)
        if account is None:
            return None
        start = parse_qs(link.query).get("start", [""])[0]
        if not START.match(start):
            raise CannotDo("start parameter invalid")
        if account.id in person.blocked:
            self.block(account, person, blocked=False)
        self.write(account, person, f"/start {start}".strip())
        return account, ""

    def choices(self, message: Message) -> list[str]:
        rows = (message.data.get("reply_markup") or {}).get("inline_keyboard") or []
        return [each["text"] for row in rows for each in row if each.get("callback_data")]

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        data = message.data
        shown: dict[str, Any] = {"text": data.get("text") or data.get("caption") or "", "entities": data.get("entities") or []}
        if data.get("reply_to"):
            target = self.town.by_number(message.account, message.person, data["reply_to"])
            shown["quote"] = target.id if target else None
        if data.get("file"):
            shown |= self.media(data["file"], "image" if message.kind == "photo" else message.kind)
        if message.kind in {"location", "venue"}:
            shown["location"] = {**data, "name": data.get("title", "")}
        if message.kind == "contact":
            shown["text"] = "👤 " + data["contact"]["first_name"]
        keyboard = (data.get("reply_markup") or {}).get("inline_keyboard") or []
        shown["keyboard"] = [
            [{"id": each.get("callback_data", ""), "title": each["text"], "url": each.get("url", "")} for each in row] for row in keyboard
        ]
        return shown

    # ── What the bot is told of it ────────────────────────────────────────

    def receive(self, account: Account, person: Person, kind: str, data: dict[str, Any]) -> Message:
        """A person sends something; writing to a bot starts it."""
        if account.id not in person.started:
            person.started.append(account.id)
        number = next(self.town.counter)
        message = Message(f"{account.id}:{number}", account.id, person.id, False, kind, data, self.town.clock(), "read", number=number)
        self.town.say(message)
        self.delivery.telegram(account, person.telegram_id, {"message": self.as_json(account, person, message)})
        return message

    def edit(self, account: Account, person: Person, message: Message, text: str) -> None:
        message.data.update(text=text, entities=[])
        message.edited = True
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        self.delivery.telegram(account, person.telegram_id, {"edited_message": self.as_json(account, person, message)})

    def press(self, account: Account, person: Person, message: Message, data: str) -> None:
        key = str(next(self.town.counter))
        self.callbacks[key] = (person.id, self.town.clock() + 150)
        query = {
            "id": key, "from": self.user(person), "message": self.as_json(account, person, message),
            "chat_instance": str(person.telegram_id), "data": data,
        }  # fmt: skip
        self.delivery.telegram(account, person.telegram_id, {"callback_query": query})

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        old = message.reactions.get("them", "")
        message.reactions["them"] = emoji
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        as_list: Any = lambda value: [{"type": "emoji", "emoji": value}] if value else []  # noqa: E731
        self.delivery.telegram(account, person.telegram_id, {"message_reaction": {
            "chat": self.chat(person), "message_id": message.number, "user": self.user(person), "date": int(self.town.clock()),
            "old_reaction": as_list(old), "new_reaction": as_list(emoji),
        }})  # fmt: skip

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        states = ("member", "kicked") if blocked else ("kicked", "member")
        if blocked == (account.id in person.blocked):
            return
        if blocked:
            person.blocked.append(account.id)
        else:
            person.blocked.remove(account.id)
        old, new = ({"user": self.me(account), "status": state, **({"until_date": 0} if state == "kicked" else {})} for state in states)
        self.delivery.telegram(account, person.telegram_id, {"my_chat_member": {
            "chat": self.chat(person), "from": self.user(person), "date": int(self.town.clock()),
            "old_chat_member": old, "new_chat_member": new,
        }})  # fmt: skip
