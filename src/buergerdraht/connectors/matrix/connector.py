"""One account of an application service on a homeserver.

https://spec.matrix.org/v1.15/application-service-api/ and https://spec.matrix.org/v1.15/client-server-api/
We hold no keys: rooms are opened unencrypted, and who writes in an encrypted one is told so and invited into another.

Law 7: a PUT with our token as its transaction's number may be asked again: the homeserver answers with the event that is there already
(Synapse remembers for half an hour, and not over a restart). So a torn call is repeated at once. What is still open then is in doubt,
and the doubt settles itself: the homeserver tells us our own events, and our token stands in them (`echoes_token`).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import BaseModel

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import (
    AddressGone,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Malformed,
    Media,
    Part,
    Plan,
    Ref,
    Rejected,
    SendError,
    Sent,
    Temporary,
    Unsigned,
    Wanting,
)
from buergerdraht.connectors.http import Answered, Call, Http
from buergerdraht.connectors.matrix import health, limits, names, payloads
from buergerdraht.connectors.matrix.config import MatrixConfig
from buergerdraht.connectors.matrix.errors import code, failure
from buergerdraht.connectors.matrix.plan import MESSAGE, plan
from buergerdraht.connectors.matrix.rooms import CROWD, Rooms, apart, rooms, unsure
from buergerdraht.connectors.usual import Usual

V3 = "/_matrix/client/v3"
ROOM, TOLD, ENTERED = "de.buergerdraht.room", "de.buergerdraht.told", "de.buergerdraht.entered"  # what our account keeps at the homeserver
TYPING_MILLISECONDS = 8000
MISSED = 100  # what is read at the most of a room we come into
ROOMS_KEPT = 20_000  # rooms we opened; more are asked for again
MOST_ROOMS = 3  # that are tried for one message, where others come into each
AGAIN_SECONDS = (0.5, 2.0)  # pauses before a torn call is repeated
CALL_SECONDS = 15.0
_FOREVER = 24 * 365
_MXC = re.compile(r"^mxc://([A-Za-z0-9.\-\[\]:]{1,255})/([A-Za-z0-9_\-=.~]{1,255})$")
_TRANSACTION = re.compile(r"^_matrix/app/v1/transactions/[^/]{1,255}$")
UNREADABLE = (
    "Diese Unterhaltung ist verschlüsselt, und wir können sie nicht lesen. Wir haben Ihnen eine zweite ohne Verschlüsselung geöffnet: "
    "Bitte nehmen Sie die Einladung an und schreiben Sie uns dort.\n\n"
    "This conversation is encrypted and we cannot read it. We have opened another one without encryption: "
    "please accept the invitation and write to us there."
)


class Matrix(Usual):
    kind: ClassVar[str] = "matrix"
    title: ClassVar[str] = "Matrix"
    hue: ClassVar[str] = "neutral"
    mark: ClassVar[str] = "MX"
    taken: str = "{}"
    streams: ClassVar[bool] = True  # beside the webhook: what was said in a room before we came in, see `receive`
    about: ClassVar[str] = (
        "Für Häuser mit eigenem Homeserver (Element, FluffyChat). Ohne Knöpfe, mit Lesebestätigung; "
        "verschlüsselte Unterhaltungen können wir nicht lesen."
    )
    guide: ClassVar[Sequence[str]] = (
        "Laden Sie hier die Registrierungsdatei herunter und legen Sie sie auf den Homeserver, so dass nur er sie lesen kann.",
        "Nennen Sie die Datei in homeserver.yaml unter app_service_config_files und starten Sie den Homeserver neu.",
        "Wählen Sie „Kanal starten“: Das Konto entsteht. Bei „Jetzt prüfen“ ruft der Homeserver uns zur Probe an.",
    )
    Config: ClassVar[type[BaseModel]] = MatrixConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: MatrixConfig, http: Http) -> None:
        self.config = config
        self.http = http
        self._rooms: OrderedDict[str, str] = OrderedDict()
        self._opening: dict[str, asyncio.Lock] = {}
        self._entered: asyncio.Queue[str] = asyncio.Queue()

    # ── Pure ──────────────────────────────────────────────────────────────

    def enclose(self, called: Called) -> bytes | None:
        """Take transactions, and the ping by which a homeserver tries whether we hear it."""
        if called.method == "PUT" and _TRANSACTION.match(called.tail):
            return called.body
        return called.body if called.method == "POST" and called.tail == "_matrix/app/v1/ping" else None

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Compare the word only our homeserver knows; the body is not signed."""
        given = headers.get("authorization", "").encode(errors="replace")
        if not self.config.hs_token or not hmac.compare_digest(given, f"Bearer {self.config.hs_token}".encode()):
            raise Unsigned

    @property
    def rooms(self) -> Rooms:
        return rooms(self.config.as_token)

    def parse(self, body: bytes) -> list[Item]:
        """Read a transaction. Raises Wanting where is not known whether a room is somebody's alone."""
        items = payloads.parse(body, self.config.account)
        if unsure(items, self.rooms):
            raise Wanting("members")
        return apart(items, self.rooms)

    async def learn(self, bodies: Sequence[bytes]) -> None:
        """Look who is in the rooms that these bodies tell of."""
        for body in bodies:
            try:
                await self._look(payloads.parse(body, self.config.account))
            except Malformed:
                continue

    async def _look(self, items: Sequence[Item]) -> None:
        """Find out whose rooms these are, and leave those that others read, too."""
        for room, people in unsure(items, self.rooms).items():
            others = people if self.rooms.whose(room) else people | await self._members(room)
            await self._note(room, others)

    async def _note(self, room: str, people: set[str]) -> str:
        """Keep whose room it is, and leave it where others read, too."""
        whose = self.rooms.note(room, people - {self.config.account})
        if whose == CROWD:
            answered = await self._call("POST", f"{V3}/rooms/{_safe(room)}/leave", "leave", {})
            if answered.status >= 500 or answered.status in {401, 429}:
                raise self._failure(answered, sending=False)
        return whose

    async def _members(self, room: str) -> set[str]:
        """Who is in a room, or invited; nobody where we may not look, because we are out of it."""
        answered = await self._call("GET", f"{V3}/rooms/{_safe(room)}/members?not_membership=leave", "members")
        if answered.status in {403, 404}:
            return set()
        chunk = answered.json().get("chunk")
        if answered.status != 200 or not isinstance(chunk, list):
            raise self._failure(answered, sending=False)
        events = [event for event in chunk if isinstance(event, dict) and isinstance(event.get("content"), dict)]
        return {str(event.get("state_key")) for event in events if event["content"].get("membership") in {"join", "invite"}}

    def forget(self, addresses: Sequence[str]) -> None:
        for place in filter(None, map(names.place, addresses)):
            if place.room:
                self.rooms.forget(place.room)

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """The link leads to our account in whatever app somebody has; it can carry no words."""
        return f"https://matrix.to/#/{quote(self.config.account, safe='@:')}"

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        place = names.place(address)
        if place is None:
            raise AddressGone("not_reachable", "no name of a person")
        body = {**part.body, payloads.TOKEN: token}
        for media in part.media:  # before we look who is in the room: that takes long
            body["url"] = await self._uploaded(media, files)
        room = await self._private(place)
        answered = await self._put(room, part.method, token, body, place.person)
        if code(answered) == "M_FORBIDDEN" and await self._join(room):
            room = await self._private(names.Place(place.person, room))
            answered = await self._put(room, part.method, token, body, place.person)
        event = answered.json().get("event_id") if answered.status == 200 else None
        if not isinstance(event, str):
            raise self._failure(answered)
        return Sent(external_id=names.message(room, event))

    async def _private(self, place: names.Place) -> str:
        """Find a room in which somebody is alone with us in this moment; those that others came into are left.

        Who comes in between this look and the homeserver's taking the message reads it: the protocol knows no message "only to". Into
        rooms that we opened nobody can be invited but by us.
        """
        if place.room and await self._alone(place.room, place.person):
            return place.room
        for _ in range(MOST_ROOMS):
            room = await self._room(place.person)
            if await self._alone(room, place.person):
                return room
        raise Temporary("unavailable", "others came into every room")

    async def _alone(self, room: str, person: str) -> bool:
        """Look whether a person is alone with us in a room; once they were not, it stays set aside."""
        if self.rooms.whose(room) == CROWD:
            return False
        return await self._note(room, await self._members(room) | {person}) == person

    async def _put(self, room: str, kind: str, token: str, body: Mapping[str, Any], person: str = "") -> Answered:
        """Put an event into a room, and ask again at once where the line was torn; not where it is no longer the person's alone."""
        path = f"{V3}/rooms/{_safe(room)}/send/{kind}/{_safe(token)}"
        torn = False
        for pause in (*AGAIN_SECONDS, None):
            try:
                if torn and person and not await self._alone(room, person):
                    break
                answered = await self._call("PUT", path, "send", body)
            except Temporary as problem:
                torn = torn or problem.maybe_sent
                if not torn or pause is None:
                    problem.maybe_sent = torn  # who cannot be reached now may have taken it before
                    raise
            else:
                if torn and answered.status >= 500 and (pause is None or answered.status not in {502, 504}):
                    raise Temporary("unavailable", f"HTTP {answered.status}", retry_after=answered.retry_after, maybe_sent=True)
                if pause is None or answered.status not in {502, 504}:
                    return answered
                torn = True
            await asyncio.sleep(pause)
        raise Temporary("unavailable", "others came in", maybe_sent=True)

    async def _uploaded(self, media: Media, files: Files) -> str:
        known = await files.uploaded(media)
        if known:
            return known
        url = f"{self.config.host}/_matrix/media/v3/upload?filename={quote(media.file_name, safe='')}"
        headers = {**self._headers, "Content-Type": media.mime}
        call = Call("POST", url, "upload", data=await files.read(media), headers=headers, seconds=120, prepares=True)
        answered = await self.http.call(call)
        found = answered.json().get("content_uri")
        if answered.status in {403, 413} or code(answered) == "M_TOO_LARGE":
            raise Rejected("media_refused", f"HTTP {answered.status} {code(answered)}")
        if answered.status != 200 or not isinstance(found, str):
            raise self._failure(answered, sending=False)
        await files.remember(media, found, hours=_FOREVER)
        return found

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None:
        room, event = names.room_of(external_id), names.event_of(external_id)
        if not room:
            return
        await self._ask("POST", f"{V3}/rooms/{_safe(room)}/receipt/m.read/{_safe(event)}", "receipt", {})
        if typing:
            body = {"typing": True, "timeout": TYPING_MILLISECONDS}
            await self._ask("PUT", f"{V3}/rooms/{_safe(room)}/typing/{_safe(self.config.account)}", "typing", body)

    async def acknowledge(self, callback: str) -> None:
        """Accept an invitation, or say that we cannot read a room. A homeserver that refuses is no fault of ours."""
        verb, _, rest = callback.partition(":")
        place = names.place(rest)
        if place is None or not place.room:
            return
        await self._keep_entered(
            {*await self._kept_entered(), place.room}
        )  # before we go in: what was said there is read even after a restart
        self.rooms.note(place.room, [place.person])  # who invited us: whoever else speaks there later is a third
        joined = await self._join(place.room)
        if verb == payloads.UNREADABLE and joined:
            await self._say_unreadable(place)

    async def _say_unreadable(self, place: names.Place) -> None:
        """Say it once in a room, and open one that can be read."""
        kept = f"{V3}/user/{_safe(self.config.account)}/rooms/{_safe(place.room)}/account_data/{TOLD}"
        told = await self._call("GET", kept, "account_data")
        if told.status == 200:
            return
        await self._room(place.person, fresh=True)
        words = {"msgtype": "m.notice", "body": UNREADABLE}
        token = f"told-{hashlib.sha256(place.room.encode()).hexdigest()[:32]}"
        answered = await self._put(place.room, MESSAGE, token, words)
        if answered.status != 200:
            raise self._failure(answered)
        await self._ask("PUT", kept, "account_data", {"told": True})

    # ── Rooms ─────────────────────────────────────────────────────────────

    async def _join(self, room: str) -> bool:
        """Come into a room we are invited to; to be there already is no fault. False: we may not."""
        answered = await self._call("POST", f"{V3}/join/{_safe(room)}", "join", {})
        if answered.status == 200:
            self._entered.put_nowait(room)
            return True
        if answered.status < 500 and code(answered) in {"M_FORBIDDEN", "M_NOT_FOUND", "M_UNKNOWN", "M_BAD_STATE"}:
            return False
        raise self._failure(answered, sending=False)

    async def _room(self, person: str, *, fresh: bool = False) -> str:
        """Find the room we opened for somebody, or open one. `fresh`: look whether they are still there."""
        lock = self._opening.setdefault(person, asyncio.Lock())
        try:
            async with lock:
                room = "" if fresh else self._rooms.get(person, "")
                if not room or self.rooms.whose(room) == CROWD:
                    room = await self._remembered(person) or await self._open(person)
                    self._rooms[person] = room
                    while len(self._rooms) > ROOMS_KEPT:
                        self._rooms.popitem(last=False)
                return room
        finally:
            if not lock.locked():
                self._opening.pop(person, None)

    async def _remembered(self, person: str) -> str:
        """Ask for the room our account keeps for somebody, as long as they are in it or invited."""
        answered = await self._call("GET", self._kept(person), "account_data")
        if answered.status == 404:
            return ""
        if answered.status != 200:
            raise self._failure(answered, sending=False)
        room = answered.json().get("room")
        if not isinstance(room, str) or not room.startswith("!") or self.rooms.whose(room) == CROWD:
            return ""
        seen = await self._call("GET", f"{V3}/rooms/{_safe(room)}/state/m.room.member/{_safe(person)}", "member")
        return room if seen.json().get("membership") in {"join", "invite"} else ""

    async def _open(self, person: str) -> str:
        """Open a room without encryption. The citizen has no power in it: their app cannot switch encryption on, nor invite others."""
        wish = {
            "preset": "private_chat", "visibility": "private", "is_direct": True, "invite": [person],
            "power_level_content_override": {"invite": 100},  # Synapse lets everybody invite by this preset
            "initial_state": [{"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "invited"}}],
        }  # fmt: skip
        answered = await self._call("POST", f"{V3}/createRoom", "createRoom", wish)
        room = answered.json().get("room_id")
        if answered.status != 200 or not isinstance(room, str):
            problem = self._failure(answered, sending=False)
            raise AddressGone("not_reachable", problem.details) if isinstance(problem, Rejected) else problem
        self.rooms.note(room, [person])
        await self._ask("PUT", self._kept(person), "account_data", {"room": room})
        return room

    async def leave(self, addresses: Sequence[str]) -> None:
        """Leave and forget the rooms of people, and which room was theirs. A homeserver forgets a room that nobody is in any more."""
        for place in filter(None, map(names.place, addresses)):
            kept = await self._call("GET", self._kept(place.person), "account_data")
            for room in {place.room, str(kept.json().get("room") or "") if kept.status == 200 else ""} - {""}:
                for verb in ("leave", "forget"):
                    answered = await self._call("POST", f"{V3}/rooms/{_safe(room)}/{verb}", verb, {})
                    if answered.status >= 500 or answered.status in {401, 429}:  # else we are out of it already
                        raise self._failure(answered, sending=False)
            if kept.status == 200:
                await self._ask("PUT", self._kept(place.person), "account_data", {})
            self._rooms.pop(place.person, None)

    def _kept(self, person: str) -> str:
        key = hashlib.sha256(person.encode()).hexdigest()[:40]
        return f"{V3}/user/{_safe(self.config.account)}/account_data/{ROOM}.{key}"

    async def receive(self) -> AsyncIterator[list[Item]]:
        """Hear what was said between the invitation and our coming in: the homeserver pushes only what is said while we are there.

        Most apps open a room with the first message already in it. What is pushed after all is known by its id (law 2).
        """
        for room in await self._kept_entered():
            self._entered.put_nowait(room)
        while True:
            room = await self._entered.get()
            try:
                said = await self._missed(room)
            except Temporary:
                self._entered.put_nowait(room)
                raise
            except SendError:  # we are out again
                said = []
            if said:
                yield said
            if room in (kept := await self._kept_entered()):  # it is stored now
                await self._keep_entered(kept - {room})

    async def _kept_entered(self) -> set[str]:
        """The rooms we came into and have not read yet."""
        answered = await self._call("GET", self._entered_at, "account_data")
        if answered.status == 404:
            return set()
        if answered.status != 200:
            raise self._failure(answered, sending=False)
        found = answered.json().get("rooms")
        return {room for room in found if isinstance(room, str)} if isinstance(found, list) else set()

    async def _keep_entered(self, found: set[str]) -> None:
        await self._ask("PUT", self._entered_at, "account_data", {"rooms": sorted(found)})

    @property
    def _entered_at(self) -> str:
        return f"{V3}/user/{_safe(self.config.account)}/account_data/{ENTERED}"

    async def _missed(self, room: str) -> list[Item]:
        """Read a room backwards up to our invitation."""
        path = f"{V3}/rooms/{_safe(room)}/messages?dir=b&limit={MISSED}"
        answered = await self._call("GET", path, "messages")
        if answered.status != 200:
            raise self._failure(answered, sending=False)
        chunk = answered.json().get("chunk")
        since = []
        for event in chunk if isinstance(chunk, list) else []:
            if not isinstance(event, dict):
                continue
            if event.get("type") == "m.room.member" and event.get("state_key") == self.config.account:
                if (event.get("content") or {}).get("membership") == "invite":
                    break
                continue
            since.append(event)
        else:
            return []  # we were there long ago, or nobody invited us: then it is no business of ours
        items = payloads.parse(json.dumps({"events": since[::-1]}).encode(), self.config.account)
        await self._look(items)
        return apart(items, self.rooms)

    # ── Fetching and setting up ───────────────────────────────────────────

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        found = _MXC.match(ref.external_id)
        if not found:
            raise Rejected("media_refused", "no address of a file")
        if ref.size > limits.UPLOAD:
            raise Rejected("media_refused", "larger than 50 MB")
        url = f"{self.config.host}/_matrix/client/v1/media/download/{found.group(1)}/{found.group(2)}"
        answered = await self.http.call(Call("GET", url, "file", headers=self._headers, seconds=120, largest=limits.UPLOAD, prepares=True))
        if answered.status == 200:
            return answered.body, ref.mime or answered.headers.get("content-type", "")
        if answered.status == 404 or code(answered) == "M_TOO_LARGE":
            raise Rejected("media_refused", f"HTTP {answered.status}")
        raise self._failure(answered, sending=False)

    async def activate(self, webhook_url: str) -> None:
        """Make our account, once. Where to call us stands in the registration file, which only the homeserver's owner can change."""
        wish = {"type": "m.login.application_service", "username": self.config.localpart, "inhibit_login": True}
        answered = await self._call("POST", f"{V3}/register", "register", wish)
        if answered.status != 200 and code(answered) != "M_USER_IN_USE":
            raise self._failure(answered, sending=False)
        if self.config.display:
            path = f"{V3}/profile/{_safe(self.config.account)}/displayname"
            await self._ask("PUT", path, "displayname", {"displayname": self.config.display})

    async def check(self) -> Health:
        return await health.check(self._call, self.config, self._failure)

    def handout(self, webhook_url: str) -> tuple[str, str]:
        return f"{self.config.service.replace('/', '_')}.yaml", self.config.registration(webhook_url)

    # ── The wire ──────────────────────────────────────────────────────────

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.as_token}"}

    async def _call(self, method: str, path: str, what: str, body: Mapping[str, Any] | None = None) -> Answered:
        url, sends = f"{self.config.host}{path}", what == "send"
        return await self.http.call(Call(method, url, what, json=body, headers=self._headers, seconds=CALL_SECONDS, prepares=not sends))

    async def _ask(self, method: str, path: str, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call what sends nothing to anybody; raise one of the four failures."""
        answered = await self._call(method, path, what, body)
        if answered.status != 200:
            raise self._failure(answered, sending=False)
        return answered.json()

    def _failure(self, answered: Answered, *, sending: bool = True) -> SendError:
        found = failure(answered, self.config.as_token, self.config.hs_token)
        if not sending and isinstance(found, Temporary):
            found.maybe_sent = False
        return found


def _safe(name: str) -> str:
    return quote(name, safe="")
