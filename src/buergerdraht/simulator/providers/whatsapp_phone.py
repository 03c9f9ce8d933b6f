"""WhatsApp in a citizen's hand."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote

from buergerdraht.simulator.provider import CannotDo, Provider, Thing
from buergerdraht.simulator.town import Account, Message, Person

MEDIA = {"image", "video", "audio", "document", "sticker"}


class WhatsAppPhone(Provider):
    kind: ClassVar[str] = "whatsapp"
    title: ClassVar[str] = "WhatsApp"
    colour: ClassVar[str] = "#0b6b52"
    handshake: ClassVar[bool] = True

    def receive(self, account: Account, person: Person, kind: str, data: Any, **more: Any) -> Message:
        raise NotImplementedError

    def address(self, account: Account, person: Person) -> str:
        return person.user_id

    def move_in(self, account: Account, person: Person) -> None:
        person.last_written[account.id] = self.town.clock()

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        more = {"context": {"from": account.number, "id": quote}} if quote else {}
        return self.receive(account, person, "text", {"body": text}, **more)

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        file = self.town.add_file(account.id, thing.data, thing.mime, thing.name, days=7)
        kind, voice = {"photo": ("image", False), "voice": ("audio", True)}.get(thing.kind, (thing.kind, False))
        body: dict[str, Any] = {"id": file.id, "mime_type": thing.mime, "sha256": ""}
        if thing.caption:
            body["caption"] = thing.caption
        if kind == "audio":
            body["voice"] = voice
        if kind == "document":
            body["filename"] = thing.name
        if kind == "sticker":
            body["animated"] = False
        return self.receive(account, person, kind, body)

    def send_location(self, account: Account, person: Person, latitude: float, longitude: float) -> Message:
        return self.receive(account, person, "location", {"latitude": latitude, "longitude": longitude})

    def send_contact(self, account: Account, person: Person, name: str, phone: str) -> Message:
        card = {"name": {"formatted_name": name, "first_name": name}, "phones": [{"phone": phone, "type": "CELL"}], "origin": "other"}
        return self.receive(account, person, "contacts", [card])

    def tap(self, account: Account, person: Person, message: Message, choice: str) -> None:
        context = {"context": {"from": account.number, "id": message.id}}
        action = (message.data.get("interactive") or {}).get("action") or {}
        for button in action.get("buttons") or []:
            reply = button["reply"]
            if choice in {reply["id"], reply["title"]}:
                data = {"type": "button_reply", "button_reply": {"id": reply["id"], "title": reply["title"]}}
                self.receive(account, person, "interactive", data, **context)
                return
        for section in action.get("sections") or []:
            for row in section["rows"]:
                if choice in {row["id"], row["title"]}:
                    reply = {key: row[key] for key in ("id", "title", "description") if row.get(key)}
                    self.receive(account, person, "interactive", {"type": "list_reply", "list_reply": reply}, **context)
                    return
        for component in (message.data.get("template_definition") or {}).get("components", []):
            for button in component.get("buttons", []) if component["type"] == "BUTTONS" else []:
                if button["type"] == "QUICK_REPLY" and button["text"] == choice:
                    self.receive(account, person, "button", {"text": choice, "payload": choice}, **context)
                    return
        raise CannotDo("no such button")

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        message.reactions["them"] = emoji
        self.receive(account, person, "reaction", {"message_id": message.id, **({"emoji": emoji} if emoji else {})})
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def edit(self, account: Account, person: Person, message: Message, text: str) -> None:
        message.data["text"] = {"body": text}
        message.edited = True
        changed = {"original_message_id": message.id, "message": {"type": "text", "text": {"body": text}}}
        self.receive(account, person, "edit", changed)
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def delete(self, account: Account, person: Person, message: Message) -> None:
        message.deleted = True
        self.receive(account, person, "revoke", {"original_message_id": message.id})
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        if link.hostname != "wa.me":
            return None
        account = self.find("number", link.path.strip("/"))
        if account is None:
            raise CannotDo("nobody has this number")
        return account, unquote(parse_qs(link.query).get("text", [""])[0])

    # ── What it shows ─────────────────────────────────────────────────────

    def choices(self, message: Message) -> list[str]:
        action: dict[str, Any] = (message.data.get("interactive") or {}).get("action") or {}
        found = [each["reply"]["title"] for each in action.get("buttons") or []]
        return found + [row["title"] for section in action.get("sections") or [] for row in section["rows"]]

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        data, kind = message.data, message.kind
        body: Any = data.get(kind) or {}
        shown: dict[str, Any] = {"quote": (data.get("context") or {}).get("message_id") or (data.get("context") or {}).get("id")}
        if kind == "text":
            return shown | {"text": body["body"]}
        if kind in MEDIA:
            return shown | self.media(str(body.get("id", "")), "voice" if body.get("voice") else kind) | {"text": body.get("caption", "")}
        if kind == "location":
            return shown | {"location": body}
        if kind == "contacts":
            return shown | {"text": "👤 " + body[0]["name"]["formatted_name"]}
        if kind == "button":
            return shown | {"text": body["text"]}
        if kind == "template":
            return shown | self._template(data)
        if kind == "interactive" and "action" not in body:
            return shown | {"text": (body.get("button_reply") or body.get("list_reply") or {}).get("title", "")}
        if kind == "interactive":
            return shown | self._interactive(body)
        return shown | {"text": f"({kind})"}

    def _interactive(self, body: dict[str, Any]) -> dict[str, Any]:
        action, header = body["action"], body.get("header") or {}
        shown: dict[str, Any] = {"text": body["body"]["text"], "footer": (body.get("footer") or {}).get("text", "")}
        if header.get("type") == "text":
            shown["header"] = header["text"]
        elif header:
            shown |= self.media(str(header[header["type"]].get("id", "")), header["type"])
        if body["type"] == "button":
            shown["buttons"] = [{"id": each["reply"]["id"], "title": each["reply"]["title"]} for each in action["buttons"]]
        elif body["type"] == "list":
            rows = [row for section in action["sections"] for row in section["rows"]]
            shown["list"] = {"label": action["button"], "rows": rows}
        elif body["type"] == "cta_url":
            shown["buttons"] = [{"title": action["parameters"]["display_text"], "url": action["parameters"]["url"]}]
        return shown

    def _template(self, data: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {"text": "", "buttons": []}
        given = {str(each.get("type", "")).lower(): each.get("parameters") or [] for each in data["template"].get("components") or []}
        for component in data["template_definition"]["components"]:
            kind = component["type"].lower()
            parameters = given.get(kind, [])
            text = component.get("text", "")
            for number, parameter in enumerate(parameters, 1):
                name = parameter.get("parameter_name") or str(number)
                text = text.replace("{{" + name + "}}", str(parameter.get("text", "")))
            if kind == "header" and component.get("format", "TEXT") != "TEXT" and parameters:
                shown |= self.media(str(parameters[0][parameters[0]["type"]].get("id", "")), parameters[0]["type"])
            elif kind == "header":
                shown["header"] = text
            elif kind == "body":
                shown["text"] = text
            elif kind == "footer":
                shown["footer"] = text
            elif kind == "buttons":
                shown["buttons"] = [
                    {"id": each["text"], "title": each["text"], "url": each.get("url", "")} for each in component["buttons"]
                ]
        return shown
