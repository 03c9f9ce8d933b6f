"""Citizens on Matrix: at a real homeserver with the app that matrix-nio is, and at the double with its phone. Tests use either alike."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from nio import AsyncClient, RoomPreset

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import Item, Unsigned, Wanting
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.matrix import names
from buergerdraht.connectors.matrix.connector import Matrix
from buergerdraht.simulator.provider import Thing
from buergerdraht.simulator.providers.matrix import Matrix as Double
from buergerdraht.simulator.town import Account, Person

PATIENCE = 15.0
ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class Citizen(Protocol):
    """Somebody with an app. Messages are named as the house names them: "!room/$event"."""

    name: str
    room: str

    async def begin(self, account: str, *, encrypted: bool = False, direct: bool = True) -> None:
        """Open a conversation with us."""

    async def accept(self) -> None:
        """Come into the room we opened."""

    async def write(self, text: str, quote: str = "") -> str: ...

    async def photo(self, data: bytes, caption: str) -> str: ...

    async def voice(self, data: bytes) -> str: ...

    async def place(self, latitude: float, longitude: float) -> str: ...

    async def react(self, message: str, emoji: str) -> None: ...

    async def edit(self, message: str, text: str) -> None: ...

    async def delete(self, message: str) -> None: ...

    async def read(self, message: str) -> None: ...

    async def scramble(self) -> str:
        """Send what only holders of keys can read."""

    async def leave(self) -> None: ...

    async def bring(self, other: Any) -> None:
        """Let somebody else into the conversation."""

    async def sees(self, words: str) -> Mapping[str, Any]:
        """Wait for a message of ours with these words; gives its content."""


# ── With an app, at a real homeserver ─────────────────────────────────────


class NioCitizen:
    def __init__(self, url: str, local: str, server: str) -> None:
        self.app = AsyncClient(url, f"@{local}:{server}")
        self.local, self.name, self.room = local, f"@{local}:{server}", ""
        self.seen: list[dict[str, Any]] = []
        self.notices: list[Any] = []
        self.invites: list[str] = []

    async def open(self) -> None:
        answer = await self.app.register(self.local, "geheimes-wort")
        assert answer.__class__.__name__ == "RegisterResponse", answer
        await self.app.set_displayname(self.local.title())

    async def close(self) -> None:
        await self.app.close()

    async def begin(self, account: str, *, encrypted: bool = False, direct: bool = True) -> None:
        state = [ENCRYPTION] if encrypted else []
        made = await self.app.room_create(is_direct=direct, invite=[account], preset=RoomPreset.trusted_private_chat, initial_state=state)
        self.room = made.room_id

    async def accept(self) -> None:
        await self.until(lambda: bool(self.invites), "an invitation")
        self.room = self.invites[-1]
        await self.app.join(self.room)

    async def _send(self, kind: str, content: dict[str, Any]) -> str:
        answer = await self.app.room_send(self.room, kind, content)
        assert hasattr(answer, "event_id"), answer
        return names.message(self.room, answer.event_id)

    async def write(self, text: str, quote: str = "") -> str:
        answered = {"m.relates_to": {"m.in_reply_to": {"event_id": names.event_of(quote)}}} if quote else {}
        return await self._send("m.room.message", {"msgtype": "m.text", "body": text, **answered})

    async def _file(self, kind: str, data: bytes, mime: str, name: str, caption: str = "", **more: Any) -> str:
        answer, _ = await self.app.upload(io.BytesIO(data), content_type=mime, filename=name, filesize=len(data))
        body = {"body": caption, "filename": name} if caption else {"body": name}
        info = {"mimetype": mime, "size": len(data)}
        return await self._send("m.room.message", {"msgtype": kind, **body, "url": answer.content_uri, "info": info, **more})

    async def photo(self, data: bytes, caption: str) -> str:
        return await self._file("m.image", data, "image/png", "loch.png", caption)

    async def voice(self, data: bytes) -> str:
        return await self._file("m.audio", data, "audio/ogg", "sprache.ogg", **{"org.matrix.msc3245.voice": {}})

    async def place(self, latitude: float, longitude: float) -> str:
        content = {"msgtype": "m.location", "body": "hier", "geo_uri": f"geo:{latitude},{longitude};u=12"}
        return await self._send("m.room.message", content)

    async def react(self, message: str, emoji: str) -> None:
        relation = {"rel_type": "m.annotation", "event_id": names.event_of(message), "key": emoji}
        await self._send("m.reaction", {"m.relates_to": relation})

    async def edit(self, message: str, text: str) -> None:
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": names.event_of(message)}
        await self._send("m.room.message", {"msgtype": "m.text", "body": f"* {text}", "m.new_content": new, "m.relates_to": relation})

    async def delete(self, message: str) -> None:
        await self.app.room_redact(self.room, names.event_of(message))

    async def read(self, message: str) -> None:
        await self.app.update_receipt_marker(self.room, names.event_of(message))

    async def scramble(self) -> str:
        content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", "sender_key": "k", "session_id": "s", "device_id": "D"}
        return await self._send("m.room.encrypted", content)

    async def leave(self) -> None:
        await self.app.room_leave(self.room)

    async def bring(self, other: NioCitizen) -> None:
        await self.app.room_invite(self.room, other.name)
        await other.app.join(self.room)
        other.room = self.room

    async def sees(self, words: str) -> Mapping[str, Any]:
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found.extend(event["content"] for event in self.seen if words in str(event["content"].get("body", "")))
            return bool(found)

        await self.until(there, words)
        return found[-1]

    async def until(self, wanted: Callable[[], bool], name: str) -> None:
        """Let the app ask for news until something is there."""
        deadline = time.monotonic() + PATIENCE
        while not wanted():
            assert time.monotonic() < deadline, f"waited in vain for {name}"
            news = await self.app.sync(timeout=500, full_state=False)
            self.invites += list(news.rooms.invite)
            for room in news.rooms.join.values():
                self.seen += [event.source for event in room.timeline.events if event.source.get("type") != "m.room.member"]
                self.notices += room.ephemeral


# ── With a phone, at the double ───────────────────────────────────────────


class PhoneCitizen:
    def __init__(self, double: Double, account: Account, person: Person) -> None:
        self.double, self.account, self.person = double, account, person
        self.name = double.name_of(account, person)

    @property
    def room(self) -> str:
        return self.double.room_of(self.account, self.person)

    async def begin(self, account: str, *, encrypted: bool = False, direct: bool = True) -> None:
        self.double.begin(self.account, self.person, encrypted=encrypted, direct=direct)

    async def accept(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.double.inside(self.account, self.person):
            assert time.monotonic() < deadline, "no invitation"
            await asyncio.sleep(0.05)

    def _named(self, message: Any) -> str:
        return names.message(self.room, message.id)

    def _message(self, name: str) -> Any:
        return self.double.town.messages[names.event_of(name)]

    async def write(self, text: str, quote: str = "") -> str:
        return self._named(self.double.write(self.account, self.person, text, names.event_of(quote) if quote else ""))

    async def photo(self, data: bytes, caption: str) -> str:
        thing = Thing("photo", data, "image/png", name="loch.png", caption=caption)
        return self._named(self.double.send_file(self.account, self.person, thing))

    async def voice(self, data: bytes) -> str:
        return self._named(self.double.send_file(self.account, self.person, Thing("voice", data, "audio/ogg", name="sprache.ogg")))

    async def place(self, latitude: float, longitude: float) -> str:
        return self._named(self.double.send_location(self.account, self.person, latitude, longitude))

    async def react(self, message: str, emoji: str) -> None:
        self.double.react(self.account, self.person, self._message(message), emoji)

    async def edit(self, message: str, text: str) -> None:
        self.double.edit(self.account, self.person, self._message(message), text)

    async def delete(self, message: str) -> None:
        self.double.delete(self.account, self.person, self._message(message))

    async def read(self, message: str) -> None:
        self.double.read(self.account, self.person)

    async def scramble(self) -> str:
        return self._named(self.double.scramble(self.account, self.person))

    async def leave(self) -> None:
        self.double.block(self.account, self.person, blocked=True)

    async def bring(self, other: PhoneCitizen) -> None:
        self.double.bring(self.account, self.person, other.person)

    async def sees(self, words: str) -> Mapping[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            keys = self.double.town.chats.get((self.account.id, self.person.id), [])
            seen = [self.double.town.messages[key].data["content"] for key in keys]
            if found := [content for content in seen if words in str(content.get("body", ""))]:
                return found[-1]
            assert time.monotonic() < deadline, f"waited in vain for {words}"
            await asyncio.sleep(0.05)


# ── Our ear ───────────────────────────────────────────────────────────────


async def _learned(connector: Matrix, body: bytes) -> None:
    """Ask what reading needs, as ingest does."""
    http = Http()
    try:
        await Matrix(connector.config, http).learn([body])
    finally:
        await http.close()


class Ear:
    """Our webhook, in a thread of its own, so that a homeserver that outlives a test never finds it closed."""

    def __init__(self, connectors: Mapping[str, Matrix]) -> None:
        self.connectors = connectors
        self.heard: list[Item] = []
        self.transactions: list[str] = []
        self.refused = 0
        self.answers = 0  # how many calls are still to be answered with 503

    def take(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        kind, _, tail = path.removeprefix("/hook/").partition("/")
        connector = self.connectors[kind]
        enclosed = connector.enclose(Called(method=method, tail=tail, body=body))
        if enclosed is None:
            return 404
        try:
            connector.verify(headers, enclosed)
        except Unsigned:
            self.refused += 1
            return 401
        if self.answers:
            self.answers -= 1
            return 503
        self.transactions.append(tail)
        try:
            self.heard += connector.parse(enclosed)
        except Wanting:
            asyncio.run(_learned(connector, enclosed))
            self.heard += connector.parse(enclosed)
        return 200

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        """Wait for an event to come in."""
        deadline = time.monotonic() + PATIENCE
        while True:
            if found := [one.event for one in self.heard if one.event is not None and wanted(one.event)]:
                return found[-1]
            problems = [one.problem for one in self.heard if one.problem]
            assert time.monotonic() < deadline, f"nothing of the kind came in; problems: {problems}"
            await asyncio.sleep(0.05)


@contextmanager
def listening(ear: Ear, port: int) -> Iterator[None]:
    class Hook(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = ear.take(self.command, self.path, headers, body)
            said = b"{}" if status == 200 else json.dumps({"errcode": "M_UNKNOWN"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(said)

        do_PUT = do_POST = _take

        def log_message(self, format: str, *args: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", port), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
