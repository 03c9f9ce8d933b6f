"""Matrix in a citizen's hand: rooms, invitations, and what an app sends. Citizens live on the authority's own homeserver."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Any, ClassVar
from urllib.parse import SplitResult, unquote

from buergerdraht.simulator.provider import CannotDo, Provider, Thing
from buergerdraht.simulator.town import Account, Message, Person

KINDS = {"photo": "m.image", "video": "m.video", "audio": "m.audio", "voice": "m.audio", "document": "m.file"}
SHOWN = {"m.image": "image", "m.video": "video", "m.audio": "audio", "m.file": "document", "m.sticker": "sticker"}


class MatrixPhone(Provider):
    kind: ClassVar[str] = "matrix"
    title: ClassVar[str] = "Matrix"
    colour: ClassVar[str] = "#2f3440"
    callback: ClassVar[bool] = True  # stands in the registration file

    def push(self, account: Account, event: dict[str, Any]) -> None:
        raise NotImplementedError

    def seen(self, account: Account, person: Person, message: Message) -> None:
        raise NotImplementedError

    # ── Names and rooms ───────────────────────────────────────────────────

    def name_of(self, account: Account, person: Person) -> str:
        plain = unicodedata.normalize("NFKD", person.name).encode("ascii", "ignore").decode().lower()
        local = "".join(letter if letter.isalnum() else "_" for letter in plain).strip("_") or "mensch"
        return self.town.identify(person, self.kind, f"@{local}_{person.id}:{account.data['server']}")

    def address(self, account: Account, person: Person) -> str:
        room = self.room_of(account, person)
        return f"{self.name_of(account, person)} {room}" if room else self.name_of(account, person)

    def own(self, account: Account) -> str:
        return f"@{account.username}:{account.data['server']}"

    def rooms(self, account: Account) -> dict[str, dict[str, Any]]:
        """Rooms by id: person, what they and we are in it (invite, join, leave), encrypted, what we keep, what was said before we came."""
        found: dict[str, dict[str, Any]] = account.data.setdefault("rooms", {})
        return found

    def room_of(self, account: Account, person: Person) -> str:
        return str(person.data.get(self.kind, {}).get(account.id, ""))

    def enter(self, account: Account, person: Person, room: str) -> None:
        person.data.setdefault(self.kind, {})[account.id] = room

    def inside(self, account: Account, person: Person) -> bool:
        room = self.rooms(account).get(self.room_of(account, person))
        return room is not None and room["them"] == "join"

    def begin(self, account: Account, person: Person, *, encrypted: bool = False, direct: bool = True) -> str:
        """Open a room and invite the account into it."""
        if account.id in person.blocked:
            person.blocked.remove(account.id)
        name, room_id = self.name_of(account, person), f"!{secrets.token_urlsafe(14)}:{account.data['server']}"
        room: dict[str, Any] = {"person": person.id, "them": "join", "us": "invite", "encrypted": encrypted, "kept": {}, "before": []}
        self.rooms(account)[room_id] = room
        self.enter(account, person, room_id)
        seen: list[dict[str, Any]] = [
            {"type": "m.room.member", "state_key": name, "sender": name, "content": {"membership": "join", "displayname": person.name}}
        ]
        if encrypted:
            content = {"algorithm": "m.megolm.v1.aes-sha2"}
            seen.append({"type": "m.room.encryption", "state_key": "", "sender": name, "content": content})
        wish: dict[str, Any] = {"membership": "invite", **({"is_direct": True} if direct else {})}
        event = self.state(room_id, name, self.own(account), wish)
        event["unsigned"]["invite_room_state"] = seen
        room["before"].append(event)
        self.push(account, event)
        return room_id

    def state(self, room: str, sender: str, who: str, content: dict[str, Any], before: str = "") -> dict[str, Any]:
        """Make the event of a membership."""
        unsigned: dict[str, Any] = {"age": 20}
        if before:
            unsigned["prev_content"] = {"membership": before}
        return {
            "type": "m.room.member", "room_id": room, "sender": sender, "state_key": who, "content": content, "unsigned": unsigned,
            "event_id": self.event_id(), "origin_server_ts": self.now(),
        }  # fmt: skip

    def event_id(self) -> str:
        return f"${secrets.token_urlsafe(32)}"

    def now(self) -> int:
        return int(self.town.clock() * 1000)

    def move_in(self, account: Account, person: Person) -> None:
        """Let somebody have a room with us, as if they had written before."""
        room = f"!{secrets.token_urlsafe(14)}:{account.data['server']}"
        self.name_of(account, person)
        self.rooms(account)[room] = {"person": person.id, "them": "join", "us": "join", "encrypted": False, "kept": {}, "before": []}
        self.enter(account, person, room)

    # ── What an app sends ─────────────────────────────────────────────────

    def say(self, account: Account, person: Person, content: dict[str, Any], kind: str = "m.room.message") -> Message:
        """Put an event into the person's room; who has none begins one."""
        if not self.inside(account, person):
            self.begin(account, person)
        room_id = self.room_of(account, person)
        data = {"room": room_id, "type": kind, "content": content}
        message = Message(self.event_id(), account.id, person.id, False, self._kind(content, kind), data, self.town.clock(), "read")
        self.town.say(message)
        self.tell(account, person, message.id, kind, content)
        return message

    def tell(self, account: Account, person: Person, event_id: str, kind: str, content: dict[str, Any], **more: Any) -> None:
        """Let the authority's service hear an event; what was said before it came in stands in the room's history only."""
        room_id = self.room_of(account, person)
        event = {
            "type": kind, "room_id": room_id, "sender": self.name_of(account, person), "content": content, "event_id": event_id,
            "origin_server_ts": self.now(), "unsigned": {"age": 20}, **more,
        }  # fmt: skip
        room = self.rooms(account)[room_id]
        if room["us"] == "join":
            self.push(account, event)
        else:
            room["before"].append(event)

    def _kind(self, content: dict[str, Any], kind: str) -> str:
        if kind != "m.room.message":
            return SHOWN.get(kind, "text")
        return {"m.text": "text", "m.location": "location"}.get(content["msgtype"], SHOWN.get(content["msgtype"], "text"))

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        answered = {"m.relates_to": {"m.in_reply_to": {"event_id": quote}}} if quote else {}
        return self.say(account, person, {"msgtype": "m.text", "body": text, **answered})

    def scramble(self, account: Account, person: Person) -> Message:
        """Write in an encrypted room."""
        content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnAC", "session_id": "s", "sender_key": "k", "device_id": "D"}
        return self.say(account, person, content, "m.room.encrypted")

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        file = self.town.add_file(account.id, thing.data, thing.mime, thing.name or f"{thing.kind}.bin", days=3650)
        name = file.name
        content: dict[str, Any] = {
            "body": thing.caption or name, "url": f"mxc://{account.data['server']}/{file.id}",
            "info": {"mimetype": thing.mime.split(";")[0], "size": len(thing.data)},
        }  # fmt: skip
        if thing.kind == "sticker":
            return self.say(account, person, content, "m.sticker")
        content |= {"msgtype": KINDS[thing.kind], "filename": name}
        if thing.kind == "voice":
            content["org.matrix.msc3245.voice"] = {}
        return self.say(account, person, content)

    def send_location(self, account: Account, person: Person, latitude: float, longitude: float) -> Message:
        content = {"msgtype": "m.location", "body": f"{latitude}, {longitude}", "geo_uri": f"geo:{latitude},{longitude};u=15"}
        return self.say(account, person, content)

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        message.reactions["them"] = emoji
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        relation = {"rel_type": "m.annotation", "event_id": message.id, "key": emoji}
        self.tell(account, person, self.event_id(), "m.reaction", {"m.relates_to": relation})

    def edit(self, account: Account, person: Person, message: Message, text: str) -> None:
        new = {"msgtype": "m.text", "body": text}
        message.data["content"] = new
        message.edited = True
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        relation = {"rel_type": "m.replace", "event_id": message.id}
        content = {"msgtype": "m.text", "body": f"* {text}", "m.new_content": new, "m.relates_to": relation}
        self.tell(account, person, self.event_id(), "m.room.message", content)

    def delete(self, account: Account, person: Person, message: Message) -> None:
        super().delete(account, person, message)
        self.tell(account, person, self.event_id(), "m.room.redaction", {"redacts": message.id}, redacts=message.id)

    def read(self, account: Account, person: Person) -> None:
        """Set the read mark at the newest message of ours; all before it is read, too."""
        ours = [self.town.messages[key] for key in self.town.chats.get((account.id, person.id), []) if self.town.messages[key].ours]
        if ours and self.inside(account, person):
            for each in ours:
                each.status = "read"
            self.seen(account, person, ours[-1])

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Leave the room; whoever is back opens a new one."""
        super().block(account, person, blocked=blocked)
        if not blocked:
            self.begin(account, person)
            return
        room_id = self.room_of(account, person)
        room = self.rooms(account).get(room_id)
        if room is not None and room["them"] != "leave":
            before, room["them"] = room["them"], "leave"
            name = self.name_of(account, person)
            if room["us"] == "join":
                self.push(account, self.state(room_id, name, name, {"membership": "leave"}, before))

    def bring(self, account: Account, person: Person, other: Person) -> None:
        """Let somebody else into the room."""
        room_id, name = self.room_of(account, person), self.name_of(account, other)
        room = self.rooms(account)[room_id]
        room.setdefault("others", []).append(name)
        self.enter(account, other, room_id)
        if room["us"] == "join":
            self.push(account, self.state(room_id, name, name, {"membership": "join"}, "invite"))

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        """Follow https://matrix.to/#/@rathaus:musterstadt.example: the app opens a room with us."""
        if link.hostname != "matrix.to":
            return None
        name = unquote(link.fragment.removeprefix("/"))
        account = next((each for each in self.town.accounts.values() if each.kind == self.kind and self.own(each) == name), None)
        if account is None:
            raise CannotDo("nobody of that name")
        if not self.inside(account, person):
            self.begin(account, person)
        return account, ""

    # ── What the phone shows ──────────────────────────────────────────────

    def started(self, account: Account, person: Person) -> bool:
        return self.inside(account, person)

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        content = message.data["content"]
        if message.data["type"] == "m.room.encrypted":
            return {"text": "🔒", "entities": []}
        body, name = str(content.get("body", "")), str(content.get("filename", ""))
        shown: dict[str, Any] = {"text": body, "entities": []}
        relation = content.get("m.relates_to") or {}
        if answered := relation.get("m.in_reply_to"):
            shown["quote"] = answered.get("event_id")
        if url := content.get("url"):
            kind = SHOWN.get(content.get("msgtype", ""), "sticker")
            shown |= self.media(str(url).rsplit("/", 1)[-1], kind)
            shown["text"] = body if name and body != name else ""
        if content.get("msgtype") == "m.location":
            latitude, longitude = str(content["geo_uri"]).removeprefix("geo:").partition(";")[0].split(",")[:2]
            shown |= {"text": "", "location": {"latitude": float(latitude), "longitude": float(longitude), "name": body}}
        return shown
