"""Our sender of push messages speaks to the strict push service: everything we plan is taken and read, every refusal understood."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from buergerdraht.connectors.contract import (
    AddressGone,
    Choice,
    Content,
    Location,
    Media,
    MediaKind,
    Part,
    Rejected,
    Shown,
    Temporary,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.webpush.config import WebPushConfig
from buergerdraht.connectors.webpush.connector import WebPush
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers.webpush import WebPush as Double
from buergerdraht.simulator.town import Account, Person, Town

CONTENTS = {
    "text": Content(title="Titel", text="**fett** [Stadt](https://stadt.example)", footer="Abmelden auf der Push-Seite"),
    "long": Content(title="Lang", text="Wörter und Sätze. " * 900),
    "buttons": Content(text="Was?", choices=tuple(Choice(id=str(n), title=f"Wahl {n}") for n in range(5))),
    "links": Content(text="Mehr", choices=(Choice(id="a", title="Zur Seite", url="https://stadt.example"),)),
    "picture": Content(text="Der Platz", media=(Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=10, alt="Der Platz"),)),
    "place": Content(location=Location(latitude=51.5, longitude=7.4, name="Rathaus")),
    "warning": Content(title="Hochwasser", text="Meiden Sie das Ufer.", urgent=True),
}


@dataclass
class World:
    town: Town
    double: Double
    account: Account
    connector: WebPush
    zoe: Person
    address: str

    async def send(self, content: Content, number: int = 1) -> None:
        for position, part in enumerate(self.connector.plan(content).parts):
            await self.connector.send(part, self.address, token=f"{number}.{position}", files=None)  # type: ignore[arg-type] # sends none

    @property
    def shown(self) -> list[str]:
        return [self.town.messages[each].data["text"] for each in self.town.chats[self.account.id, self.zoe.id]]


@pytest.fixture
async def world(unused_tcp_port: int) -> AsyncIterator[World]:
    host, town, http = f"http://127.0.0.1:{unused_tcp_port}", Town(), Http()
    connector = WebPush(WebPushConfig(contact="it@stadt.example", test_host=host), http)
    shows = {"shows": {"title": "title", "text": "text"}}
    account = town.add_account(Account("webpush", "push-1", "Stadt", connector.public_key, data=shows))
    double, app = Double(town, Delivery(town)), web.Application()
    app.add_routes(double.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    zoe = town.add_person("Zoë Beispiel")
    own = double.add(account, zoe)
    browser = {"endpoint": f"{host}/push-dienst/{own['id']}", "keys": {"p256dh": own["p256dh"], "auth": own["auth"]}}
    yield World(town, double, account, connector, zoe, connector.read_subscription(browser).text)
    await http.close()
    await runner.cleanup()


def letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


@pytest.mark.parametrize("name", CONTENTS)
async def test_everything_we_plan_is_taken_and_read_on_the_device(world: World, name: str) -> None:
    await world.send(CONTENTS[name])
    parts = world.connector.plan(CONTENTS[name]).parts
    assert letters("".join(world.shown)) == letters("".join(part.body["title"] + part.body["text"] for part in parts))
    assert world.town.counts["push-1"].refused == 0


async def test_the_same_letter_sent_again_is_shown_once(world: World) -> None:
    for _ in range(3):
        await world.send(Content(text="Einmal"))
    assert world.shown == ["Einmal"]


async def test_a_torn_line_is_tried_again_and_shown_once(world: World) -> None:
    world.account.faults.reset = 1.0
    with pytest.raises(Temporary) as caught:
        await world.send(Content(text="Einmal"))
    assert caught.value.maybe_sent is False
    world.account.faults.reset = 0.0
    await world.send(Content(text="Einmal"))
    assert world.shown == ["Einmal"]


@pytest.mark.parametrize(("fault", "limit"), [("too_many", False), ("broken", False), ("down", False)])
async def test_a_service_that_is_busy_or_away_is_asked_again_later(world: World, fault: str, *, limit: bool) -> None:
    setattr(world.account.faults, fault, 1.0)
    with pytest.raises(Temporary) as caught:
        await world.send(Content(text="x"))
    assert caught.value.limit is limit
    assert world.shown == []


async def test_a_device_that_ended_it_is_gone(world: World) -> None:
    world.double.block(world.account, world.zoe, blocked=True)
    with pytest.raises(AddressGone):
        await world.send(Content(text="x"))
    world.double.block(world.account, world.zoe, blocked=False)
    with pytest.raises(AddressGone):  # allowing messages again gives no new subscription by itself
        await world.send(Content(text="x"))


async def test_a_device_of_another_key_stops_nobody_else(world: World) -> None:
    config = WebPushConfig(contact="it@stadt.example", test_host=world.connector.config.test_host)
    stranger = WebPush(config, world.connector.http)
    with pytest.raises(Rejected, match="push_refused"):
        await stranger.send(stranger.plan(Content(text="x")).parts[0], world.address, token="1.0", files=None)  # type: ignore[arg-type] # none


async def test_what_is_too_large_is_refused_before_it_leaves(world: World) -> None:
    part = Part(method="push", body={"title": "", "text": "x" * 5000}, shows=Shown())
    with pytest.raises(Rejected):
        await world.connector.send(part, world.address, token="1.0", files=None)  # type: ignore[arg-type] # none
    assert world.town.counts["push-1"].calls == 0


async def test_a_device_that_is_off_gets_a_warning_when_it_is_on_again(world: World) -> None:
    world.zoe.reachable = False
    await world.send(CONTENTS["warning"])
    assert world.shown == []
    world.zoe.reachable = True
    world.double.come_back(world.account, world.zoe)
    assert world.shown == ["*Hochwasser*\nMeiden Sie das Ufer."]
