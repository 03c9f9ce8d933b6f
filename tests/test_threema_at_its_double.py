"""The Threema connector and its strict double over real HTTP: what goes out is accepted and shown, what comes in is understood."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from nacl.public import Box, PrivateKey, PublicKey
from PIL import Image

from buergerdraht.connectors import learned
from buergerdraht.connectors.contract import (
    AddressGone,
    Changed,
    ChannelBroken,
    Choice,
    Content,
    Item,
    Location,
    Media,
    MediaKind,
    Receipt,
    ReceiptState,
    Received,
    Rejected,
    Temporary,
    Unsigned,
    Wanting,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.threema.config import ThreemaConfig
from buergerdraht.connectors.threema.connector import Threema
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import Thing
from buergerdraht.simulator.providers.threema import Threema as Double
from buergerdraht.simulator.samples import picture, tone
from buergerdraht.simulator.town import Account, Message, Person, Town

OURS, SECRET = "*MUSTER1", "ein-geheimes-wort"


def png() -> bytes:
    Image.new("RGB", (64, 64), "white").save(out := io.BytesIO(), "PNG")
    return out.getvalue()


DATA = {"m1": png(), "m2": picture("park"), "m3": b"%PDF-1.4 ", "m4": tone(0.2), "m5": b"film", "m6": png()}


def media(name: str, kind: MediaKind, mime: str, file_name: str = "") -> Media:
    return Media(id=name, kind=kind, mime=mime, size=len(DATA[name]), file_name=file_name)


FIRST = media("m1", MediaKind.IMAGE, "image/png", "platz.png")
SECOND = media("m2", MediaKind.IMAGE, "image/jpeg", "markt.jpg")
PAPER = media("m3", MediaKind.DOCUMENT, "application/pdf", "plan.pdf")
VOICE = media("m4", MediaKind.VOICE, "audio/ogg; codecs=opus")
FILM = media("m5", MediaKind.VIDEO, "video/mp4", "film.mp4")
STICKER = media("m6", MediaKind.STICKER, "image/png")

# content -> what the phone shows: kind and words of each message
CONTENTS: dict[str, tuple[Content, list[tuple[str, str]]]] = {
    "text": (
        Content(title="Titel", text="**fett** und `schlicht`, ä😀", footer="Abmelden: STOPP"),
        [("text", "*Titel*\n\n*fett* und schlicht, ä😀\n\n_Abmelden: STOPP_")],
    ),
    "choices": (
        Content(text="Was?", choices=(Choice(id="a", title="Eins"), Choice(id="b", title="Zwei")), choices_label="Wahl"),
        [("text", "Was?\n\nWahl:\n1. Eins\n2. Zwei")],
    ),
    "picture": (Content(text="Der Platz", media=(FIRST,)), [("image", "Der Platz")]),
    "pictures": (Content(text="Zwei", media=(FIRST, SECOND)), [("image", ""), ("image", ""), ("text", "Zwei")]),
    "document": (Content(text="Der Plan", media=(PAPER,)), [("document", "Der Plan")]),
    "voice": (Content(media=(VOICE,)), [("audio", "")]),
    "film": (Content(media=(FILM,)), [("video", "")]),
    "sticker": (Content(text="Hallo", media=(STICKER,)), [("sticker", ""), ("text", "Hallo")]),
    "place": (Content(location=Location(latitude=51.5, longitude=7.4, name="Rathaus", address="Markt 1\n12345 Stadt")), [("location", "")]),
}


class Files:
    """The gateway's files, and what was uploaded."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def read(self, media: Media) -> bytes:
        return DATA[media.id]

    async def uploaded(self, media: Media) -> str | None:
        return self.known.get(media.id)

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        self.known[media.id] = external_id


@dataclass
class World:
    town: Town
    double: Double
    connector: Threema
    account: Account
    zoe: Person
    host: str
    http: Http
    bodies: list[bytes] = field(default_factory=list)
    files: Files = field(default_factory=Files)

    @property
    def address(self) -> str:
        return self.double.address(self.account, self.zoe)

    async def send(self, content: Content, address: str = "") -> list[str]:
        return [
            (await self.connector.send(part, address or self.address, token="1.0", files=self.files)).external_id
            for part in self.connector.plan(content).parts
        ]

    def shown(self) -> list[tuple[str, str]]:
        bubbles = [self.double.bubble(self.account, message) for message in self.received()]
        return [(one.get("media", {}).get("kind") or ("location" if "location" in one else "text"), one["text"]) for one in bubbles]

    def received(self) -> list[Message]:
        keys = self.town.chats.get((self.account.id, self.zoe.id), [])
        return [self.town.messages[key] for key in keys if self.town.messages[key].ours]

    async def read(self, body: bytes) -> list[Item]:
        """Parse as the house does: learn what is wanting, then once more."""
        try:
            return self.connector.parse(body)
        except Wanting:
            await self.connector.learn([body])
            return self.connector.parse(body)

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        for _ in range(100):
            items = [item for body in self.bodies for item in await self.read(body)]
            if found := [item.event for item in items if wanted(item.event)]:
                return found[-1]
            await asyncio.sleep(0.05)
        raise AssertionError("nothing of the kind came in")

    async def hears_body(self, count: int = 1) -> bytes:
        for _ in range(100):
            if len(self.bodies) >= count:
                return self.bodies[-1]
            await asyncio.sleep(0.05)
        raise AssertionError("no webhook came")


@pytest.fixture
async def world(unused_tcp_port: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(learned, "FOLDER", tmp_path)
    host, town = f"http://127.0.0.1:{unused_tcp_port}", Town()
    delivery, http = Delivery(town), Http()
    connector = Threema(ThreemaConfig(identity=OURS, secret=SECRET, host=host), http)
    double = Double(town, delivery)
    account = town.add_account(
        double.account({"id": OURS, "name": "Stadt", "secret": SECRET, "public_key": connector.config.public_key}, 1)
    )
    account.callback = f"{host}/hook"
    found = World(town, double, connector, account, town.add_person("Zoë Beispiel"), host, http)

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            found.connector.verify({}, body)
        except Unsigned:
            return web.Response(status=401)
        found.bodies.append(body)
        return web.Response()

    app = web.Application(client_max_size=30_000_000)
    app.add_routes([*double.routes(), web.post("/hook", hook)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await delivery.start()
    yield found
    await http.close()
    await delivery.stop()
    await runner.cleanup()


@pytest.mark.parametrize("name", CONTENTS)
async def test_everything_we_plan_is_accepted_and_shown(world: World, name: str) -> None:
    content, shown = CONTENTS[name]
    await world.send(content)
    assert world.shown() == shown
    assert "unreadable" not in world.account.data


async def test_a_long_text_arrives_whole_in_several_messages(world: World) -> None:
    await world.send(Content(text="Wörter " * 1500))
    words = [words for _, words in world.shown()]
    assert len(words) > 2
    assert " ".join(words).split() == ["Wörter"] * 1500


async def test_files_are_uploaded_once_for_all_and_opened_by_each(world: World) -> None:
    other = world.town.add_person("Ada")
    content = Content(text="Der Platz", media=(FIRST,))
    before = world.account.data["credits"]
    await world.send(content)
    await world.send(content, world.double.address(world.account, other))
    assert before - world.account.data["credits"] == 2 + 2  # the picture, its small copy, two messages
    bubble = world.double.bubble(world.account, world.received()[0])
    assert world.town.files[bubble["media"]["id"]].data == DATA["m1"]
    assert "unreadable" not in world.account.data


async def test_a_place_has_name_and_address(world: World) -> None:
    await world.send(CONTENTS["place"][0])
    place = world.double.bubble(world.account, world.received()[0])["location"]
    assert (place["latitude"], place["name"], place["address"]) == (51.5, "Rathaus", "Markt 1\n12345 Stadt")


async def test_phones_report_delivered_and_read_for_what_we_sent(world: World) -> None:
    [first] = await world.send(Content(text="Eins"))
    [second] = await world.send(Content(text="Zwei"))
    assert (await world.hears(lambda event: isinstance(event, Receipt) and event.external_id == second)).state == ReceiptState.DELIVERED
    world.double.read(world.account, world.zoe)
    for name in (first, second):
        await world.hears(lambda event, name=name: isinstance(event, Receipt) and (event.external_id, event.state) == (name, "read"))


async def test_a_thumb_is_a_reaction(world: World) -> None:
    [name] = await world.send(Content(text="Eins"))
    world.double.react(world.account, world.zoe, world.received()[0], "👎")
    reaction = await world.hears(lambda event: isinstance(event, Received))
    assert (reaction.kind, reaction.text, reaction.quote) == ("reaction", "👎", name)


async def test_our_thumb_reaches_the_phone(world: World) -> None:
    message = world.double.write(world.account, world.zoe, "Danke!")
    received = await world.hears(lambda event: isinstance(event, Received))
    await world.send(Content(reaction="👍", quote=received.external_id))
    assert message.reactions["us"] == "👍"


async def test_what_citizens_write_comes_in_as_what_it_is(world: World) -> None:
    [name] = await world.send(Content(text="Frage?"))
    world.double.write(world.account, world.zoe, "Guten Tag 😀", quote=world.received()[0].id)
    text = await world.hears(lambda event: isinstance(event, Received))
    assert (text.text, text.quote, text.sender.address, text.sender.name) == ("Guten Tag 😀", name, world.address, "Zoë Beispiel")
    world.double.send_location(world.account, world.zoe, 51.1, 10.4)
    place = await world.hears(lambda event: isinstance(event, Received) and event.kind == "location")
    assert (place.location.latitude, place.location.longitude) == (51.1, 10.4)


@pytest.mark.parametrize(
    ("thing", "kind"),
    [
        (Thing("photo", DATA["m2"], "image/jpeg", caption="Hier"), MediaKind.IMAGE),
        (Thing("voice", DATA["m4"], "audio/aac"), MediaKind.VOICE),
        (Thing("video", DATA["m5"], "video/mp4"), MediaKind.VIDEO),
        (Thing("document", DATA["m3"], "application/pdf", name="plan.pdf"), MediaKind.DOCUMENT),
        (Thing("sticker", DATA["m6"], "image/png"), MediaKind.STICKER),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
async def test_files_come_in_and_are_unlocked(world: World, thing: Thing, kind: MediaKind) -> None:
    world.double.send_file(world.account, world.zoe, thing)
    received = await world.hears(lambda event: isinstance(event, Received))
    ref = received.media[0]
    assert (ref.kind, ref.size, ref.file_name, received.text) == (kind, len(thing.data), thing.name, thing.caption)
    assert await world.connector.fetch(ref) == (thing.data, thing.mime)


async def test_a_picture_of_an_old_app_is_unlocked_with_its_senders_key(world: World) -> None:
    theirs, ours = bytes.fromhex(world.double.private(world.zoe)), bytes.fromhex(world.connector.config.public_key)
    nonce, sealed = bytes(range(24)), Box(PrivateKey(theirs), PublicKey(ours))
    blob = world.double.keep_blob(world.account, sealed.encrypt(DATA["m2"], nonce).ciphertext, persist=False)
    payload = bytes.fromhex(blob) + len(DATA["m2"]).to_bytes(4, "little") + nonce
    await world.double.change(world.account, "message", {"person": world.zoe.id, "type": 2, "payload": payload.hex()})
    received = await world.hears(lambda event: isinstance(event, Received))
    assert await world.connector.fetch(received.media[0]) == (DATA["m2"], "image/jpeg")


async def test_a_file_that_is_gone_or_torn_is_refused(world: World) -> None:
    world.double.send_file(world.account, world.zoe, Thing("photo", DATA["m2"], "image/jpeg"))
    ref = (await world.hears(lambda event: isinstance(event, Received))).media[0]
    blob = world.town.files[ref.external_id.split(".")[0]]
    blob.data = blob.data[:-1] + bytes([blob.data[-1] ^ 1])
    with pytest.raises(Rejected, match="media_refused"):
        await world.connector.fetch(ref)
    del world.town.files[blob.id]
    with pytest.raises(Rejected, match="media_refused"):
        await world.connector.fetch(ref)


# ── What goes wrong ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "reason", "maybe_sent", "scope"),
    [
        ({"too_many": 1.0, "retry_after": 1.0}, "rate_limit", False, "channel"),
        ({"broken": 1.0}, "unavailable", False, "message"),
        ({"down": 1.0}, "unavailable", False, "message"),
        ({"reset": 1.0}, "unavailable", True, "message"),
    ],
    ids=["429", "500", "503", "torn"],
)
async def test_a_fault_of_the_moment_is_temporary(world: World, fault: dict[str, float], reason: str, maybe_sent: bool, scope: str) -> None:
    for name, value in fault.items():
        setattr(world.account.faults, name, value)
    with pytest.raises(Temporary) as problem:
        await world.send(Content(text="Hallo"))
    assert (problem.value.reason, problem.value.maybe_sent, problem.value.scope) == (reason, maybe_sent, scope)
    assert len(world.received()) == int(maybe_sent)


async def test_without_credits_the_channel_stops(world: World) -> None:
    world.account.data["credits"] = 0
    with pytest.raises(ChannelBroken, match="credits"):
        await world.send(Content(text="Hallo"))
    with pytest.raises(ChannelBroken, match="credits"):
        await world.send(Content(media=(FIRST,)))
    health = await world.connector.check()
    assert [note.code for note in health.findings] == ["credits"]
    with pytest.raises(ChannelBroken, match="credits"):
        await world.connector.activate("https://stadt.example/webhook")
    assert not health.ok


async def test_a_wrong_secret_stops_the_channel(world: World) -> None:
    await world.double.change(world.account, "secret", {"secret": "ein-anderes-wort"})
    with pytest.raises(ChannelBroken, match="token_invalid"):
        await world.send(Content(text="Hallo"))
    with pytest.raises(ChannelBroken, match="token_invalid"):
        await world.connector.activate("https://stadt.example/webhook")
    assert [note.code for note in (await world.connector.check()).findings] == ["token_invalid"]


async def test_nobody_there_costs_one_address_and_a_wrong_account_costs_none(world: World) -> None:
    with pytest.raises(AddressGone):
        await world.send(Content(text="Hallo"), "NOBODY01")
    world.connector.directory.note("NOBODY02", bytes(range(32)))  # left Threema since
    with pytest.raises(AddressGone):
        await world.send(Content(text="Hallo"), "NOBODY02")
    world.account.data |= {"mode": "basic", "public": "ab" * 32}
    with pytest.raises(ChannelBroken, match="setup"):
        await world.send(Content(text="Hallo"))


async def test_whoever_blocked_us_sees_nothing_and_nobody_tells_us(world: World) -> None:
    world.double.block(world.account, world.zoe, blocked=True)
    await world.send(Content(text="Hallo"))
    await asyncio.sleep(0.2)
    assert world.received() == []
    assert world.bodies == []


async def test_unsigned_and_changed_webhooks_are_turned_away(world: World) -> None:
    world.double.write(world.account, world.zoe, "Hallo")
    body = await world.hears_body()
    for changed in (body.replace(b"mac=", b"mac=0"), body.replace(b"from=", b"from=X"), body.split(b"&mac=")[0], b"", b"\xff", b"{}"):
        with pytest.raises(Unsigned):
            world.connector.verify({}, changed)


async def test_a_doubled_webhook_is_the_same_event(world: World) -> None:
    world.account.faults.duplicates = 1.0
    world.double.write(world.account, world.zoe, "Hallo")
    await world.hears_body(2)
    events = [item.event for body in world.bodies for item in await world.read(body)]
    assert len(events) == 2
    assert events[0] == events[1]


async def test_a_webhook_nobody_takes_is_tried_three_more_times(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buergerdraht.simulator.providers.threema_phone.PAUSES", (0.01, 0.01, 0.01))
    tries: list[bytes] = []

    async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        tries.append(body)
        return 503

    monkeypatch.setattr(world.double.delivery, "post", post)
    world.double.write(world.account, world.zoe, "Hallo")
    await asyncio.sleep(0.3)
    assert len(tries) == 4
    assert len(set(tries)) == 1


# ── Keys ──────────────────────────────────────────────────────────────────


async def test_a_strangers_message_wants_the_directory_once_and_then_every_process_can_read_it(world: World) -> None:
    world.double.write(world.account, world.zoe, "Hallo")
    body = await world.hears_body()
    with pytest.raises(Wanting):
        world.connector.parse(body)
    await world.connector.learn([body])
    [item] = world.connector.parse(body)
    assert isinstance(item.event, Received)
    from buergerdraht.connectors.threema import directory

    directory.directory.cache_clear()  # as another process: it has only the file
    [item] = world.connector.parse(body)
    assert isinstance(item.event, Received)


async def test_another_key_than_before_is_told_and_never_used_unasked(world: World) -> None:
    [name] = await world.send(Content(text="Frage?"))
    assert name
    world.double.write(world.account, world.zoe, "Guten Tag")
    await world.hears(lambda event: isinstance(event, Received))  # with the old key, just learned
    await world.hears(lambda event: isinstance(event, Receipt))
    world.bodies.clear()
    await world.double.change(world.account, "key", {"person": world.zoe.id})
    world.double.write(world.account, world.zoe, "Ich bin es wirklich")
    body = await world.hears_body()
    changed, kept = await world.read(body)
    assert isinstance(changed.event, Changed)
    assert (changed.event.what, changed.event.values) == ("key", {"address": world.address})
    assert kept.problem == "key_changed"
    [note] = [note for note in (await world.connector.check()).findings if note.code == "key_changed"]
    assert note.values["identity"] == world.address
    before = len(world.shown())
    with pytest.raises(Rejected, match="key_changed"):
        await world.send(Content(text="Für wen?"))
    assert len(world.shown()) == before, "nothing goes to either key before somebody has looked"

    checked = ThreemaConfig.model_validate({**_open(world.connector.config), "accepted": note.values["entry"]})
    world.connector = Threema(checked, world.http)
    [item] = world.connector.parse(body)
    assert isinstance(item.event, Received)
    assert item.event.text == "Ich bin es wirklich"
    await world.send(Content(text="Danke"))
    assert world.shown()[-1] == ("text", "Danke")
    assert not [note for note in (await world.connector.check()).findings if note.code == "key_changed"]


def _open(config: ThreemaConfig) -> dict[str, Any]:
    return {
        "identity": config.identity,
        "secret": config.secret.get_secret_value(),
        "private_key": config.private_key.get_secret_value(),
        "host": config.host,
    }


async def test_a_directory_that_is_away_leaves_the_message_wanting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.double.write(world.account, world.zoe, "Hallo")
    body = await world.hears_body()
    monkeypatch.setattr(world.connector.config, "host", "http://127.0.0.1:9")
    with pytest.raises(Temporary):
        await world.connector.learn([body])
    with pytest.raises(Wanting):
        world.connector.parse(body)


async def test_a_message_for_a_group_is_kept_and_shown_as_such(world: World) -> None:
    payload = b"ADMIN001" + bytes(8) + b"Hallo Gruppe"
    await world.double.change(world.account, "message", {"person": world.zoe.id, "type": 0x41, "payload": payload.hex()})
    received = await world.hears(lambda event: isinstance(event, Received))
    assert (received.kind, received.raw_kind, received.text) == ("unsupported", "group", "")


# ── Both modes ────────────────────────────────────────────────────────────


async def test_a_sound_account_is_found_so_and_one_that_runs_low_is_told_early(world: World) -> None:
    assert (await world.connector.check()).findings == ()
    await world.double.change(world.account, "credits", {"credits": 17})
    health = await world.connector.check()
    assert (health.ok, health.facts) == (True, {"number": OURS, "credits": "17"})
    assert [note.code for note in health.findings] == ["credits_low"]


async def test_an_account_with_another_key_does_not_start(world: World) -> None:
    world.account.data["public"] = "ab" * 32
    with pytest.raises(ChannelBroken, match="setup"):
        await world.connector.activate("https://stadt.example/webhook")
    assert [note.code for note in (await world.connector.check()).findings] == ["wrong_key"]


async def test_the_basic_mode_sends_text_and_nothing_else(world: World) -> None:
    account = world.town.add_account(world.double.account({"id": "*MUSTER2", "name": "Stadt", "secret": SECRET, "mode": "basic"}, 2))
    connector = Threema(ThreemaConfig(identity="*MUSTER2", secret=SECRET, end_to_end=False, host=world.host), world.http)
    await connector.activate("")
    assert (await connector.check()).ok
    plan = connector.plan(Content(text="Hallo", media=(FIRST,)))
    assert [note.code for note in plan.notes if note.level == "error"] == ["only_text"]
    for part in plan.parts:
        await connector.send(part, world.address, token="1.0", files=world.files)
    messages = [world.town.messages[key] for key in world.town.chats[account.id, world.zoe.id]]
    assert [message.data["text"] for message in messages] == ["Hallo"]
    with pytest.raises(AddressGone):
        await connector.send(plan.parts[0], "NOBODY01", token="1.0", files=world.files)
    account.data["mode"] = "e2e"
    with pytest.raises(Rejected):
        await connector.send(plan.parts[0], world.address, token="1.0", files=world.files)
