"""Messenger and Instagram speak to the strict doubles of Meta: content is accepted, webhooks are understood, faults are met."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from PIL import Image

from buergerdraht.connectors import graph_people, learned
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
    Ref,
    Rejected,
    TemplateUse,
    Temporary,
    Unsigned,
    Wanting,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.instagram.config import InstagramConfig
from buergerdraht.connectors.instagram.connector import Instagram
from buergerdraht.connectors.messenger.config import MessengerConfig
from buergerdraht.connectors.messenger.connector import Messenger
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.graph_messages import GraphMessages as Double
from buergerdraht.simulator.provider import Thing
from buergerdraht.simulator.providers.instagram import Instagram as InstagramDouble
from buergerdraht.simulator.providers.messenger import Messenger as MessengerDouble
from buergerdraht.simulator.town import Account, Message, Person, Town

DAY = 86_400
TEMPLATE = {
    "id": "1", "name": "termin", "language": "de", "category": "UTILITY", "status": "APPROVED",
    "components": [
        {"type": "BODY", "text": "Hallo {{1}}, Ihr Termin steht."},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Danke"}]},
    ],
}  # fmt: skip


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(out, "PNG")
    return out.getvalue()


PNG = picture()
FIRST = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=len(PNG), file_name="platz.png", alt="Der Platz")
SECOND = Media(id="m2", kind=MediaKind.IMAGE, mime="image/png", size=len(PNG), file_name="markt.png")
PAPER = Media(id="m3", kind=MediaKind.DOCUMENT, mime="application/pdf", size=9, file_name="plan.pdf")
VOICE = Media(id="m4", kind=MediaKind.VOICE, mime="audio/mp4", size=54)


def some(count: int, **more: str) -> tuple[Choice, ...]:
    return tuple(Choice(id=f"c{number}", title=f"Wahl {number}", **more) for number in range(count))


CONTENTS = {
    "text": Content(title="Titel", text="**fett** _schräg_ [Stadt](https://stadt.example)", footer="Abmelden: STOPP"),
    "long": Content(text="Wörter " * 1500),
    "buttons": Content(text="Was?", choices=some(3), footer="Abmelden: STOPP"),
    "buttons below much": Content(text="Wörter " * 400, choices=some(2)),
    "replies": Content(text="Was?", choices=some(13)),
    "numbers": Content(text="Was?", choices=some(14)),
    "links": Content(text="Mehr", choices=(*some(2), Choice(id="u", title="Seite", url="https://stadt.example"))),
    "picture": Content(text="Der Platz", media=(FIRST,)),
    "picture with buttons": Content(text="Der Platz", media=(FIRST,), choices=some(2)),
    "pictures": Content(text="Zwei", media=(FIRST, SECOND)),
    "document": Content(text="Der Plan", media=(PAPER,)),
    "voice": Content(media=(VOICE,)),
    "place": Content(location=Location(latitude=51.5, longitude=7.4, name="Rathaus")),
    "typed by a person": Content(text="Guten Tag", by_person=True),
}


class Files:
    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def read(self, media: Media) -> bytes:
        return {"image/png": PNG, "application/pdf": b"%PDF-1.4 ", "audio/mp4": bytes(54)}[media.mime]

    async def uploaded(self, media: Media) -> str | None:
        return self.known.get(media.id)

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        self.known[media.id] = external_id


@dataclass
class World:
    town: Town
    double: Any
    connector: Any
    account: Account
    zoe: Person
    heard: list[Item]
    late: list[float]
    bodies: list[bytes] = field(default_factory=list)

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        """Wait for an event to come in by webhook, signed as Meta signs."""
        for _ in range(100):
            assert not [item.problem for item in self.heard if item.problem]
            if found := [item.event for item in self.heard if wanted(item.event)]:
                return found[-1]
            await asyncio.sleep(0.05)
        raise AssertionError(f"nothing of the kind came in: {self.heard}")

    def later(self, seconds: float) -> None:
        self.late[0] += seconds

    @property
    def address(self) -> str:
        return str(self.double.address(self.account, self.zoe))

    async def send(self, content: Content) -> list[str]:
        files = Files()
        return [
            (await self.connector.send(part, self.address, token="7.0", files=files)).external_id
            for part in self.connector.plan(content).parts
        ]

    def shown(self) -> list[Message]:
        return [self.town.messages[key] for key in self.town.chats[self.account.id, self.zoe.id]]


async def begun(kind: str, port: int, stack: list[Any]) -> World:
    host, late = f"http://127.0.0.1:{port}", [0.0]
    town = Town(clock=lambda: datetime.now(UTC).timestamp() + late[0])
    delivery, http = Delivery(town), Http()
    values = {"page_id": "111222333", "access_token": "ein-token", "app_secret": "wort", "human_agent": True}
    double: Double
    connector: Any
    if kind == "messenger":
        double = MessengerDouble(town, delivery)
        connector = Messenger(MessengerConfig.model_validate({**values, "host": f"{host}/graph-messenger"}), http)
    else:
        double = InstagramDouble(town, delivery)
        connector = Instagram(
            InstagramConfig.model_validate({**values, "instagram_id": "17841400000000007", "host": f"{host}/graph-instagram"}), http
        )
    wish = {
        "id": "111222333", "name": "Stadt", "token": "ein-token", "secret": "wort", "username": "musterstadt", "app_id": "999",
        "instagram_id": "17841400000000007", "templates": [TEMPLATE] if kind == "messenger" else [], "data": {"human_agent": True},
    }  # fmt: skip
    account = town.add_account(double.account(wish, 1))
    account.callback = f"{host}/hook"
    found = World(town, double, connector, account, town.add_person("Zoë Beispiel"), [], late)

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        connector.verify({name.lower(): value for name, value in request.headers.items()}, body)
        found.bodies.append(body)
        found.heard.extend(connector.parse(body))
        return web.Response()

    app = web.Application(client_max_size=40_000_000)
    app.add_routes([*double.routes(), web.post("/hook", hook)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await delivery.start()
    stack += [http.close, delivery.stop, runner.cleanup]
    await connector.activate(f"{host}/hook")
    return found


@pytest.fixture(params=["messenger", "instagram"])
async def world(request: pytest.FixtureRequest, unused_tcp_port: int) -> AsyncIterator[World]:
    stack: list[Any] = []
    found = await begun(request.param, unused_tcp_port, stack)
    found.double.write(found.account, found.zoe, "Hallo")
    yield found
    for end in stack:
        await end()


@pytest.fixture
async def messenger(unused_tcp_port: int) -> AsyncIterator[World]:
    stack: list[Any] = []
    yield await begun("messenger", unused_tcp_port, stack)
    for end in stack:
        await end()


@pytest.mark.parametrize("name", CONTENTS)
async def test_everything_we_plan_is_accepted(world: World, name: str) -> None:
    assert all(external.startswith("m_") for external in await world.send(CONTENTS[name]))
    spoken = " ".join(world.double.bubble(world.account, message)["text"] for message in world.shown() if message.ours)
    assert all(word in spoken for word in CONTENTS[name].text.replace("*", "").replace("_", "").split()[:1])


async def test_messages_come_in_as_what_they_are(world: World) -> None:
    received = await world.hears(lambda event: isinstance(event, Received) and event.text == "Hallo")
    assert received.sender.address == world.address
    assert abs((received.at - datetime.now(UTC)).total_seconds()) < 5
    world.double.send_file(world.account, world.zoe, Thing("photo", PNG, "image/png", caption="Hier"))
    photo = await world.hears(lambda event: isinstance(event, Received) and event.kind == "media")
    assert await world.connector.fetch(photo.media[0]) == (PNG, "image/png")
    quoted = world.double.write(world.account, world.zoe, "Dazu", quote=received.external_id)
    answer = await world.hears(lambda event: isinstance(event, Received) and event.text == "Dazu")
    assert (answer.quote, answer.external_id) == (received.external_id, quoted.id)


async def test_a_name_is_asked_for_only_where_it_is_wanted_and_once(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FOLDER", tmp_path)
    graph_people.people.cache_clear()
    nameless = await world.hears(lambda event: isinstance(event, Received) and event.text == "Hallo")
    assert nameless.sender.name == ""

    world.connector.config = world.connector.config.model_copy(update={"names": True})
    body = world.bodies[-1]
    with pytest.raises(Wanting):
        world.connector.parse(body)
    await world.connector.learn([body, b"{}"])
    [item] = world.connector.parse(body)
    assert item.event.sender.name == world.zoe.name
    assert (item.event.sender.handle != "") == (world.connector.kind == "instagram")

    world.account.data["no_profiles"] = True
    graph_people.people.cache_clear()  # as another process: it has only the file
    [item] = world.connector.parse(body)
    assert item.event.sender.name == world.zoe.name
    world.connector.forget([world.address])
    await world.connector.learn([body])
    [item] = world.connector.parse(body)
    assert item.event.sender.name == "", "who may not ask goes on without"


async def test_a_tap_comes_back_as_the_choice_it_was(world: World) -> None:
    await world.send(Content(text="Was?", choices=some(2)))
    world.double.tap(world.account, world.zoe, world.shown()[-1], "Wahl 1")
    pressed = await world.hears(lambda event: isinstance(event, Received) and event.kind == "choice")
    assert (pressed.choice, pressed.text) == ("c1", "Wahl 1")
    await world.send(Content(text="Was?", choices=some(7)))
    world.double.tap(world.account, world.zoe, world.shown()[-1], "Wahl 6")
    await world.hears(lambda event: isinstance(event, Received) and (event.choice, event.text) == ("c6", "Wahl 6"))


async def test_reactions_go_both_ways(world: World) -> None:
    (sent,) = await world.send(Content(text="Fertig"))
    world.double.react(world.account, world.zoe, world.town.messages[sent], "👍")
    heard = await world.hears(lambda event: isinstance(event, Received) and event.kind == "reaction")
    assert (heard.text, heard.quote) == ("👍", sent)
    theirs = world.shown()[0]
    await world.send(Content(reaction="❤️", quote=theirs.id))
    assert theirs.reactions["us"] == "❤️"


async def test_reading_is_told_up_to_a_moment_and_delivery_by_name(world: World) -> None:
    (sent,) = await world.send(Content(text="Lies mich"))
    await asyncio.sleep(0.2)
    world.double.read(world.account, world.zoe)
    read = await world.hears(lambda event: isinstance(event, Receipt) and event.state == ReceiptState.READ)
    assert (read.external_id, read.address, read.until) == ("", world.address, read.at)
    if world.connector.limits.delivered:
        delivered = await world.hears(lambda event: isinstance(event, Receipt) and event.state == ReceiptState.DELIVERED)
        assert delivered.external_id == sent


async def test_our_own_echoes_are_none_of_our_business_and_a_colleagues_is(messenger: World) -> None:
    messenger.double.write(messenger.account, messenger.zoe, "Hallo")
    await messenger.send(Content(text="Von uns"))
    await messenger.double.change(messenger.account, "echo", {"person": messenger.zoe.id, "text": "Aus Metas Posteingang"})
    messenger.connector.config.app_id = "999"
    assert not [item for item in messenger.heard if isinstance(item.event, Changed) and item.event.what == "echo"]
    await messenger.double.change(messenger.account, "echo", {"person": messenger.zoe.id, "text": "Noch einmal"})
    echo = await messenger.hears(lambda event: isinstance(event, Changed) and event.what == "echo")
    assert (echo.values["text"], echo.values["address"]) == ("Noch einmal", messenger.address)


async def test_a_link_leads_newcomers_and_friends_alike(messenger: World) -> None:
    link = messenger.connector.link("thema_3", "Guten Tag")
    assert link == "https://m.me/111222333?ref=thema_3&text=Guten+Tag"
    _, words = messenger.double.open_link(messenger.zoe, urlsplit(link))
    assert words == "Guten Tag"
    first = await messenger.hears(lambda event: isinstance(event, Received) and event.kind == "start")
    assert (first.start, first.sender.address) == ("thema_3", messenger.address)
    messenger.heard.clear()
    messenger.double.open_link(messenger.zoe, urlsplit(messenger.connector.link("thema_4", "")))
    again = await messenger.hears(lambda event: isinstance(event, Received) and event.kind == "start")
    assert again.start == "thema_4"


async def test_without_a_first_button_the_word_comes_with_the_first_message(world: World) -> None:
    world.account.data.pop("profile", None)
    new = world.town.add_person("Neu Hier")
    host = "m.me/111222333" if world.connector.kind == "messenger" else "ig.me/m/musterstadt"
    world.double.open_link(new, urlsplit(f"https://{host}?ref=thema_5"))
    world.double.write(world.account, new, "Guten Tag")
    first = await world.hears(lambda event: isinstance(event, Received) and event.text == "Guten Tag")
    assert (first.kind, first.start) == ("text", "thema_5")


async def test_after_a_day_only_people_and_templates_get_through(world: World) -> None:
    world.later(DAY + 60)
    with pytest.raises(Rejected) as caught:
        await world.send(Content(text="Zu spät"))
    assert (caught.value.reason, caught.value.scope) == ("window_closed", "window")
    await world.send(Content(text="Von Hand", by_person=True))
    world.later(6 * DAY)
    with pytest.raises(Rejected, match="window_closed"):
        await world.send(Content(text="Von Hand", by_person=True))
    if world.connector.limits.templates:
        assert [one.name for one in await world.connector.templates()] == ["termin"]
        await world.send(Content(template=TemplateUse(name="termin", language="de", body={"1": "Zoë"})))
        assert world.double.bubble(world.account, world.shown()[-1])["text"] == "Hallo Zoë, Ihr Termin steht."
        world.double.tap(world.account, world.zoe, world.shown()[-1], "Danke")
        await world.send(Content(text="Wieder frei"))
        with pytest.raises(Rejected, match="template_refused"):
            await world.send(Content(template=TemplateUse(name="gibt-es-nicht", language="de")))


async def test_without_the_feature_people_have_no_longer_window(world: World) -> None:
    world.account.data["human_agent"] = False
    world.later(DAY + 60)
    with pytest.raises(Rejected) as caught:
        await world.send(Content(text="Von Hand", by_person=True))
    assert caught.value.scope == "window"


async def test_who_blocked_us_is_gone_and_may_come_back(world: World) -> None:
    world.double.block(world.account, world.zoe, blocked=True)
    with pytest.raises(AddressGone, match="blocked"):
        await world.send(Content(text="Hallo?"))
    world.double.block(world.account, world.zoe, blocked=False)
    world.double.write(world.account, world.zoe, "Wieder da")
    await world.hears(lambda event: isinstance(event, Received) and event.text == "Wieder da")
    assert await world.send(Content(text="Schön"))
    with pytest.raises(AddressGone, match="not_reachable"):
        await world.connector.send(world.connector.plan(Content(text="x")).parts[0], "123", token="t", files=Files())


@pytest.mark.parametrize(
    ("fault", "failure", "reason", "more"),
    [
        ({"too_many": 1.0}, Temporary, "rate_limit", {"limit": True, "scope": "channel"}),
        ({"too_many": 1.0, "retry_after": 9.0}, Temporary, "rate_limit", {"limit": True}),
        ({"broken": 1.0}, Temporary, "unavailable", {"maybe_sent": False}),
        ({"down": 1.0}, Temporary, "unavailable", {"maybe_sent": False}),
        ({"reset": 1.0}, Temporary, "unavailable", {"maybe_sent": True}),
    ],
)
async def test_every_fault_is_what_it_is(world: World, fault: dict[str, float], failure: Any, reason: str, more: dict[str, Any]) -> None:
    for name, value in fault.items():
        setattr(world.account.faults, name, value)
    with pytest.raises(failure) as caught:
        await world.send(Content(text="Hallo"))
    assert caught.value.reason == reason
    assert {name: getattr(caught.value, name) for name in more} == more
    if "retry_after" in fault:
        assert 1 <= caught.value.retry_after <= 9
    assert "ein-token" not in caught.value.details


@pytest.mark.parametrize(("state", "reason"), [({"revoked": True}, "token_invalid"), ({"restricted": True}, "account_blocked")])
async def test_a_broken_channel_is_told_from_a_bad_message(world: World, state: dict[str, Any], reason: str) -> None:
    await world.double.change(world.account, "state", state)
    with pytest.raises(ChannelBroken, match=reason):
        await world.send(Content(text="Hallo"))
    await world.double.change(world.account, "state", dict.fromkeys(state, False))
    assert await world.send(Content(text="Geht wieder"))


async def test_the_check_notices_when_meta_no_longer_tells_us_and_starting_mends_it(world: World) -> None:
    health = await world.connector.check()
    assert (health.ok, health.findings) == (True, ())
    assert health.facts == {"name": "Stadt", "number": "@musterstadt"}
    assert health.learned == {"username": "musterstadt", "app_id": "999"}
    callback, world.account.callback = world.account.callback, "http://127.0.0.1:9/"
    world.double.write(world.account, world.zoe, "Hört ihr mich?")
    await asyncio.sleep(0.3)
    await world.connector.check()
    world.later(3700)
    health = await world.connector.check()
    assert [note.code for note in health.findings] == ["not_subscribed"]
    world.account.callback = callback
    world.double.write(world.account, world.zoe, "Und jetzt?")
    await world.connector.activate(callback)
    assert not (await world.connector.check()).findings
    world.double.write(world.account, world.zoe, "Jetzt?")
    await world.hears(lambda event: isinstance(event, Received) and event.text == "Jetzt?")
    assert not [item for item in world.heard if isinstance(item.event, Received) and item.event.text == "Und jetzt?"]


async def test_doubled_and_disordered_webhooks_name_the_same_thing(world: World) -> None:
    world.account.faults.duplicates = 1.0
    world.account.faults.disorder = 1.0
    world.double.write(world.account, world.zoe, "Doppelt")
    await asyncio.sleep(1.2)
    twice = [item.event for item in world.heard if isinstance(item.event, Received) and item.event.text == "Doppelt"]
    assert len(twice) == 2
    assert twice[0] == twice[1]


async def test_what_is_unsigned_or_signed_with_another_word_is_refused(world: World) -> None:
    with pytest.raises(Unsigned):
        world.connector.verify({}, b"{}")
    with pytest.raises(Unsigned):
        world.connector.verify({"x-hub-signature-256": "sha256=" + "0" * 64}, b"{}")


async def test_a_foreign_address_is_not_fetched(world: World) -> None:
    for url in ("http://169.254.169.254/latest", "https://fbcdn.net.boese.example/x", "file:///etc/passwd", ""):
        with pytest.raises(Rejected, match="media_refused"):
            await world.connector.fetch(Ref(kind=MediaKind.IMAGE, external_id="x", url=url))


async def test_a_page_that_is_read_and_typed_to_shows_it(world: World) -> None:
    theirs = world.shown()[0]
    await world.connector.mark_read(theirs.id, world.address)
    assert theirs.status == "read"
    await world.connector.mark_read(theirs.id, world.address, typing=True)
    assert world.town.typing[world.account.id, world.zoe.id] > world.town.clock()
