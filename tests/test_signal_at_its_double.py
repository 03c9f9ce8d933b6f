"""The Signal connector and the strict double of signal-cli, through both doors: plans are accepted, what is told is understood."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

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
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.connectors.signal.connector import Signal
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import Thing
from buergerdraht.simulator.providers.signal import Signal as Double
from buergerdraht.simulator.town import Account, Message, Person, Town

US = "+493023125110"
CAPTCHA = "signalcaptcha://signal-hcaptcha.5fad97ac.challenge.P1_geloest"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(out, "PNG")
    return out.getvalue()


PNG = picture()
FIRST = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=len(PNG), file_name="platz; am, Markt.png", alt="Der Platz")
SECOND = Media(id="m2", kind=MediaKind.IMAGE, mime="image/png", size=len(PNG), file_name="markt.png")
PAPER = Media(id="m3", kind=MediaKind.DOCUMENT, mime="application/pdf", size=9, file_name="plan.pdf")
VOICE = Media(id="m4", kind=MediaKind.VOICE, mime="audio/ogg", size=54)


def some(count: int, **more: str) -> tuple[Choice, ...]:
    return tuple(Choice(id=f"c{number}", title=f"Wahl {number}", **more) for number in range(count))


CONTENTS = {
    "text": Content(title="Titel", text="**fett** _schräg_ 2*3 [Stadt](https://stadt.example)", footer="Abmelden: STOPP"),
    "long": Content(text="Wörter " * 900),
    "choices": Content(text="Was?", choices=some(3), footer="Abmelden: STOPP"),
    "link": Content(text="Mehr", choices=some(1, url="https://stadt.example")),
    "picture": Content(text="Der Platz", media=(FIRST,)),
    "pictures": Content(text="Zwei", media=(FIRST, SECOND)),
    "document": Content(text="Der Plan", media=(PAPER,)),
    "voice": Content(media=(VOICE,)),
    "place": Content(location=Location(latitude=51.5, longitude=7.4, name="Rathaus")),
}


class Files:
    async def read(self, media: Media) -> bytes:
        return {"image/png": PNG, "application/pdf": b"%PDF-1.4 ", "audio/ogg": b"OggS" + bytes(50)}[media.mime]

    async def uploaded(self, media: Media) -> str | None:
        return None

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        raise AssertionError("nothing is uploaded apart")


@dataclass
class World:
    town: Town
    double: Double
    account: Account
    connector: Signal
    zoe: Person
    heard: list[Item] = field(default_factory=list)
    batches: int = 0
    task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        return self.double.address(self.account, self.zoe)

    async def send(self, content: Content, to: str = "") -> list[str]:
        parts = self.connector.plan(content).parts
        sent = [await self.connector.send(part, to or self.address, token="brief-7", files=Files()) for part in parts]
        return [one.external_id for one in sent]

    def listen(self) -> None:
        async def hear() -> None:
            async with aclosing(self.connector.receive()) as told:  # type: ignore[type-var]
                async for items in told:
                    self.heard.extend(items)
                    self.batches += 1

        self.task = asyncio.create_task(hear())

    async def listening(self) -> None:
        before = len(self.double.listeners[self.account.id])
        self.listen()
        for _ in range(100):
            if len(self.double.listeners[self.account.id]) > before:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("nobody listens")

    async def deaf(self, but: int = 0) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        for _ in range(100):
            if len(self.double.listeners[self.account.id]) <= but:
                return
            await asyncio.sleep(0.02)

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        for _ in range(150):
            assert not [item.problem for item in self.heard if item.problem]
            if found := [item.event for item in self.heard if wanted(item.event)]:
                return found[-1]
            await asyncio.sleep(0.02)
        raise AssertionError("nothing of the kind came in")

    def phone(self) -> list[Message]:
        return [self.town.messages[key] for key in self.town.chats[self.account.id, self.zoe.id] if self.town.messages[key].ours]


@pytest.fixture(params=["daemon", "rest"])
async def world(request: pytest.FixtureRequest, unused_tcp_port: int) -> AsyncIterator[World]:
    host, town = f"http://127.0.0.1:{unused_tcp_port}", Town()
    delivery, http = Delivery(town), Http()
    double = Double(town, delivery)
    account = town.add_account(double.account({"name": "Stadt", "number": US, "door": request.param}, 1))
    connector = Signal(SignalConfig(number=US, host=f"{host}/signal", rest_api=request.param == "rest"), http)
    found = World(town, double, account, connector, town.add_person("Zoë Beispiel", hidden=True))
    app = web.Application(client_max_size=10 << 20)
    app.add_routes(double.routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await delivery.start()
    yield found
    if found.task is not None:
        await found.deaf()
    await http.close()
    await delivery.stop()
    await runner.cleanup()


@pytest.mark.parametrize("name", CONTENTS)
async def test_everything_we_plan_is_accepted_and_shown(world: World, name: str) -> None:
    world.account.throughput = 1000
    ids = await world.send(CONTENTS[name])
    assert ids == [f"{world.address}:{message.data['timestamp']}:us" for message in world.phone()]
    assert all(len(message.data["text"].encode()) <= 2000 for message in world.phone())


async def test_styles_arrive_through_both_doors_alike(world: World) -> None:
    await world.send(CONTENTS["text"])
    shown = world.phone()[0].data
    assert shown["text"] == "Titel\n\nfett schräg 2*3 Stadt: https://stadt.example\n\nAbmelden: STOPP"
    kinds = [(one["type"], shown["text"][one["offset"] : one["offset"] + one["length"]]) for one in shown["entities"]]
    assert sorted(kinds) == [("bold", "Titel"), ("bold", "fett"), ("italic", "Abmelden: STOPP"), ("italic", "schräg")]


async def test_files_keep_their_names_as_far_as_they_may_travel(world: World) -> None:
    await world.send(CONTENTS["picture"])
    file = world.town.files[world.phone()[0].data["files"][0]]
    assert (file.data, file.mime, file.name) == (PNG, "image/png", "platz am Markt.png")


async def test_receipts_climb_from_delivered_to_read(world: World) -> None:
    await world.listening()
    (name,) = await world.send(Content(text="Hallo"))
    await world.hears(lambda event: event == Receipt(external_id=name, state=ReceiptState.DELIVERED, at=event.at, address=world.address))
    world.double.read(world.account, world.zoe)
    await world.hears(lambda event: isinstance(event, Receipt) and (event.external_id, event.state) == (name, ReceiptState.READ))


async def test_what_citizens_do_comes_in_as_what_it_is(world: World) -> None:
    await world.listening()
    (ours,) = await world.send(Content(text="Was?"))
    double, account, zoe = world.double, world.account, world.zoe
    text = double.write(account, zoe, "Guten Tag", quote=world.phone()[0].id)
    received = await world.hears(lambda event: isinstance(event, Received) and event.text == "Guten Tag")
    assert (received.quote, received.sender.address, received.sender.handle) == (ours, world.address, "")
    double.edit(account, zoe, text, "Guten Abend")
    edited = await world.hears(lambda event: isinstance(event, Received) and event.kind == "edit")
    assert (edited.text, edited.quote) == ("Guten Abend", received.external_id)
    double.react(account, zoe, world.phone()[0], "👍")
    reaction = await world.hears(lambda event: isinstance(event, Received) and event.kind == "reaction")
    assert (reaction.text, reaction.quote) == ("👍", ours)
    double.delete(account, zoe, text)
    await world.hears(lambda event: isinstance(event, Received) and event.kind == "deletion")
    double.send_location(account, zoe, 51.1776, 10.4515)
    place = await world.hears(lambda event: isinstance(event, Received) and event.kind == "location")
    assert (place.location.latitude, place.location.longitude) == (51.1776, 10.4515)
    double.send_contact(account, zoe, "Max", "+491713920012")
    await world.hears(
        lambda event: isinstance(event, Received) and event.kind == "contacts" and event.cards[0].phones == ("+491713920012",)
    )
    double.send_file(account, zoe, Thing("sticker", b"x", "image/webp"))
    await world.hears(lambda event: isinstance(event, Received) and event.raw_kind == "sticker")


async def test_a_photo_is_told_and_fetched_apart(world: World) -> None:
    await world.listening()
    world.double.send_file(world.account, world.zoe, Thing("photo", PNG, "image/png", caption="Hier"))
    photo = await world.hears(lambda event: isinstance(event, Received) and event.kind == "media")
    assert (photo.text, photo.media[0].kind) == ("Hier", MediaKind.IMAGE)
    assert await world.connector.fetch(photo.media[0]) == (PNG, "image/png")


async def test_a_long_text_is_put_together_before_it_is_told(world: World) -> None:
    await world.listening()
    whole = "Sehr geehrte Damen und Herren, " * 120
    world.double.send_file(world.account, world.zoe, Thing("document", whole.encode(), "text/x-signal-plain", caption=whole[:1900]))
    await world.hears(lambda event: isinstance(event, Received) and event.kind == "text" and event.text == whole and not event.media)


async def test_another_device_of_ours_is_heard_as_an_echo(world: World) -> None:
    await world.listening()
    await world.double.change(world.account, "device", {"person": world.zoe.id, "text": "Von Hand"})
    echo = await world.hears(lambda event: isinstance(event, Changed))
    assert (echo.what, echo.effect) == ("echo", "")


async def test_what_comes_twice_has_one_name(world: World) -> None:
    world.account.faults.duplicates = 1.0
    await world.listening()
    world.double.write(world.account, world.zoe, "Einmal")
    for _ in range(100):
        if len(world.heard) == 2:
            break
        await asyncio.sleep(0.02)
    assert len({item.event.external_id for item in world.heard if isinstance(item.event, Received)}) == 1
    assert len(world.heard) == 2


async def test_reading_typing_and_reacting_reach_the_phone(world: World) -> None:
    await world.listening()
    said = world.double.write(world.account, world.zoe, "Hallo?")
    event = await world.hears(lambda event: isinstance(event, Received))
    await world.connector.mark_read(event.external_id, world.address, typing=True)
    assert said.data["read_by_us"]
    assert world.town.typing[world.account.id, world.zoe.id] > world.town.clock()
    await world.send(Content(reaction="👍", quote=event.external_id))
    assert said.reactions["us"] == "👍"
    await world.send(Content(text="Ja.", quote=event.external_id))
    assert world.phone()[-1].data["quote"] == said.id


async def test_what_waited_at_signal_is_told_by_the_daemon_and_lost_by_the_rest_api(world: World) -> None:
    world.double.write(world.account, world.zoe, "Niemand da?")
    await world.listening()
    world.double.write(world.account, world.zoe, "Jetzt?")
    await world.hears(lambda event: isinstance(event, Received) and event.text == "Jetzt?")
    texts = [item.event.text for item in world.heard if isinstance(item.event, Received)]
    assert texts == (["Jetzt?"] if world.account.data["door"] == "rest" else ["Niemand da?", "Jetzt?"])


@pytest.mark.parametrize("world", ["daemon"], indirect=True)
async def test_the_daemon_is_asked_for_what_was_told_and_not_kept(world: World) -> None:
    other: asyncio.Queue[Any] = asyncio.Queue()  # another program listens: for it, nothing has to wait at Signal
    world.double.listeners[world.account.id].add(other)
    world.double.write(world.account, world.zoe, "Null")  # told to somebody else before our time, or to us before we fell over
    await world.listening()
    world.double.write(world.account, world.zoe, "Eins")
    await world.hears(lambda event: isinstance(event, Received) and event.text == "Eins")
    await world.deaf(but=1)
    world.double.write(world.account, world.zoe, "Zwei")
    assert [await only_once(world), await only_once(world)] == ["Zwei", "Zwei"], "not asked on, so not kept, so told again"
    world.listen()
    await world.hears(lambda event: isinstance(event, Received) and event.text == "Zwei")
    texts = [item.event.text for item in world.heard if isinstance(item.event, Received)]
    assert texts == ["Null", "Eins", "Zwei"]
    world.double.listeners[world.account.id].discard(other)


async def only_once(world: World) -> str:
    """Hear one batch, and fall over before it is kept."""
    async with aclosing(world.connector.receive()) as told:  # type: ignore[type-var]
        event = (await anext(told))[0].event
        assert isinstance(event, Received)
        return event.text


async def test_nobody_under_a_name_is_gone_where_that_is_told(world: World) -> None:
    for address in ("", "Nobody", "0171 3920011"):
        with pytest.raises(AddressGone):
            await world.send(Content(text="x"), address or "-")
    with pytest.raises(AddressGone) as gone:
        await world.send(Content(text="x"), "+491713920099")
    assert gone.value.reason == "not_reachable"
    world.zoe.reachable = False
    expected = AddressGone if world.account.data["door"] == "daemon" else Temporary  # the rest-api says only that it failed
    with pytest.raises(expected) as failed:
        await world.send(Content(text="x"))
    assert not getattr(failed.value, "maybe_sent", False)


async def test_a_block_is_told_by_nobody_and_no_receipt_comes(world: World) -> None:
    await world.listening()
    world.double.block(world.account, world.zoe, blocked=True)
    await world.send(Content(text="Hallo?"))
    await asyncio.sleep(0.2)
    assert world.heard == []
    assert world.phone() == []
    world.double.block(world.account, world.zoe, blocked=False)
    await world.send(Content(text="Wieder da?"))
    await world.hears(lambda event: isinstance(event, Receipt))


async def test_a_riddle_stops_the_channel_and_its_answer_opens_it(world: World) -> None:
    challenge = (await world.double.change(world.account, "captcha", {}))["challenge"]
    with pytest.raises(ChannelBroken) as broken:
        await world.send(Content(text="x"))
    assert (broken.value.reason, broken.value.details) == ("captcha", f"Kennung der Sperre: {challenge}")
    config = world.connector.config
    wrong = Signal(config.model_copy(update={"challenge": challenge, "captcha": "signalcaptcha://falsch"}), world.connector.http)
    with pytest.raises(Rejected) as refused:
        await wrong.activate("")
    assert refused.value.reason == "captcha_refused"
    half = Signal(config.model_copy(update={"challenge": challenge}), world.connector.http)
    with pytest.raises(Rejected):
        await half.activate("")
    await Signal(config.model_copy(update={"challenge": challenge, "captcha": CAPTCHA}), world.connector.http).activate("")
    await world.send(Content(text="x"))


async def test_a_changed_key_holds_the_message_until_an_operator_trusts_it(world: World) -> None:
    await world.send(Content(text="Hallo"))
    await world.double.change(world.account, "key", {"person": world.zoe.id})
    with pytest.raises(Rejected) as held:
        await world.send(Content(text="Geheim"))
    assert held.value.reason == "identity_changed"
    health = await world.connector.check()
    assert "identity_changed" in {note.code for note in health.findings}
    await Signal(world.connector.config.model_copy(update={"trust": world.address}), world.connector.http).activate("")
    await world.send(Content(text="Geheim"))
    assert [message.data["text"] for message in world.phone()] == ["Hallo", "Geheim"]


async def test_limits_make_the_channel_wait_and_burn_nothing(world: World) -> None:
    world.account.faults.too_many, world.account.faults.retry_after = 1.0, 90
    with pytest.raises(Temporary) as limited:
        await world.send(Content(text="x"))
    problem = limited.value
    assert (problem.reason, problem.scope, problem.limit, problem.maybe_sent) == ("rate_limit", "channel", True, False)
    assert problem.retry_after is not None
    assert 1 <= problem.retry_after <= (90 if world.account.data["door"] == "daemon" else 3600)


@pytest.mark.parametrize(("fault", "unsure"), [("broken", True), ("down", False), ("reset", True)])
async def test_what_is_broken_is_tried_again(world: World, fault: str, unsure: bool) -> None:
    setattr(world.account.faults, fault, 1.0)
    with pytest.raises(Temporary) as problem:
        await world.send(Content(text="x"))
    assert (problem.value.reason, problem.value.maybe_sent) == ("unavailable", unsure)
    setattr(world.account.faults, fault, 0.0)
    await world.send(Content(text="y"))


async def test_a_file_that_is_too_large_for_the_door_is_refused(world: World) -> None:
    class Large(Files):
        async def read(self, media: Media) -> bytes:
            return bytes(9 << 20)

    part = world.connector.plan(CONTENTS["document"]).parts[0]
    with pytest.raises((Rejected, Temporary)):
        await world.connector.send(part, world.address, token="t", files=Large())
    assert world.phone() == []


async def test_the_check_of_a_sound_account_finds_it_so(world: World) -> None:
    health = await world.connector.check()
    assert health.ok
    assert health.facts["number"] == US
    assert health.facts["version"].startswith("signal-cli")
    assert ("lossy" in {note.code for note in health.findings}) == (world.account.data["door"] == "rest")


async def test_a_number_that_is_not_there_breaks_the_channel_in_plain_words(world: World) -> None:
    stranger = Signal(world.connector.config.model_copy(update={"number": "+493023125199"}), world.connector.http)
    with pytest.raises(ChannelBroken) as problem:
        await stranger.send(stranger.plan(Content(text="x")).parts[0], world.address, token="t", files=Files())
    assert problem.value.reason == "setup"
    assert not (await stranger.check()).ok
    with pytest.raises(ChannelBroken):
        await stranger.activate("")
    with pytest.raises(ChannelBroken):
        await anext(stranger.receive())


async def test_the_wrong_door_is_noticed(world: World) -> None:
    other = world.connector.config.model_copy(update={"rest_api": not world.connector.config.rest_api})
    wrong = Signal(other, world.connector.http)
    assert not (await wrong.check()).ok
    with pytest.raises(ChannelBroken) as problem:
        await anext(wrong.receive())
    assert problem.value.reason == "setup"


async def test_where_nobody_answers_it_is_tried_later() -> None:
    http = Http()
    gone = Signal(SignalConfig(number=US, host="http://127.0.0.1:9"), http)
    with pytest.raises(Temporary) as problem:
        await anext(gone.receive())
    assert problem.value.reason == "unavailable"
    assert not (await gone.check()).ok
    await http.close()
