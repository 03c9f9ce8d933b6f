"""The SMS connector speaks to the strict double over real HTTP: everything is taken, every report and message understood."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from tests.test_connectors_at_the_providers import CONTENTS, Files

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import (
    AddressGone,
    ChannelBroken,
    Content,
    Item,
    Receipt,
    Received,
    Temporary,
    Unsigned,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.sms.config import SmsConfig
from buergerdraht.connectors.sms.connector import Sms
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers.sms import Sms as SmsDouble
from buergerdraht.simulator.town import Account, Person, Town

WORD = "das-wort-der-meldungen"


@dataclass
class World:
    town: Town
    double: SmsDouble
    account: Account
    connector: Sms
    zoe: Person
    host: str
    heard: list[Item] = field(default_factory=list)
    refused: int = 0

    async def send(self, content: Content, letter: str = "7.0") -> Any:
        for part in self.connector.plan(content).parts:
            sent = await self.connector.send(part, f"+{self.zoe.phone}", token=letter, files=Files())
        return sent

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        for _ in range(150):
            assert not [item.problem for item in self.heard if item.problem]
            if found := [item.event for item in self.heard if wanted(item.event)]:
                return found[-1]
            await asyncio.sleep(0.03)
        raise AssertionError("nothing of the kind came in")


@pytest.fixture
async def world(unused_tcp_port: int) -> AsyncIterator[World]:
    host, town = f"http://127.0.0.1:{unused_tcp_port}", Town()
    delivery, http = Delivery(town), Http()
    double = SmsDouble(town, delivery)
    account = town.add_account(
        Account("sms", "sms1", "Stadt", "ein-token", number="+493023125110", callback=f"{host}/hook?wort={WORD}", data={"credit": -1})
    )
    config = SmsConfig.model_validate(
        {
            "sender": "+493023125110",
            "url": f"{host}/sms-gateway/v1/messages",
            "access": "ein-token",
            "hook_word": WORD,
            "check_url": f"{host}/sms-gateway/v1/balance",
            "check_shows": "balance",
        }
    )
    found = World(town, double, account, Sms(config, http), town.add_person("Zoë Beispiel"), host)

    async def hook(request: web.Request) -> web.Response:
        called = Called(method=request.method, query=dict(request.query), body=await request.read())
        body = found.connector.enclose(called)
        if body is None:
            return web.Response(status=404)
        try:
            found.connector.verify({name.lower(): value for name, value in request.headers.items()}, body)
        except Unsigned:
            found.refused += 1
            return web.Response(status=401)
        found.heard.extend(found.connector.parse(body))
        return web.Response(text=found.connector.taken)

    app = web.Application()
    app.add_routes([*double.routes(), web.route("*", "/hook", hook)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await delivery.start()
    yield found
    await http.close()
    await delivery.stop()
    await runner.cleanup()


@pytest.mark.parametrize("name", [name for name in CONTENTS if name != "voice"])
async def test_the_gateway_takes_everything_we_plan(world: World, name: str) -> None:
    sent = await world.send(CONTENTS[name])
    assert sent.external_id.startswith("sms-")
    receipt = await world.hears(lambda event: isinstance(event, Receipt) and event.state == "delivered")
    assert receipt.token == "7.0"


async def test_who_is_out_of_reach_is_reported(world: World) -> None:
    world.zoe.reachable = False
    sent = await world.send(Content(text="Hallo"))
    receipt = await world.hears(lambda event: isinstance(event, Receipt) and event.state == "failed")
    assert (receipt.external_id, receipt.reason) == (sent.external_id, "not_reachable")


async def test_a_citizen_answers(world: World) -> None:
    world.double.write(world.account, world.zoe, "STOPP")
    received = await world.hears(lambda event: isinstance(event, Received))
    assert (received.text, received.sender.address) == ("STOPP", f"+{world.zoe.phone}")


async def test_the_same_message_twice_has_one_name(world: World) -> None:
    world.account.faults.duplicates = 1
    world.double.write(world.account, world.zoe, "Hallo")
    for _ in range(100):
        if len(world.heard) == 2:
            break
        await asyncio.sleep(0.03)
    assert len(world.heard) == 2
    assert len({item.event.external_id for item in world.heard if isinstance(item.event, Received)}) == 1


async def test_a_stranger_is_not_believed(world: World) -> None:
    world.account.callback = f"{world.host}/hook?wort=falsch"
    world.double.write(world.account, world.zoe, "Hallo")
    for _ in range(100):
        if world.refused:
            break
        await asyncio.sleep(0.03)
    assert world.refused
    assert world.heard == []


@pytest.mark.parametrize(
    ("fault", "reason", "maybe", "accepted"),
    [
        ("too_many", "rate_limit", False, 0),
        ("broken", "unavailable", True, 0),
        ("down", "unavailable", False, 0),
        ("reset", "unavailable", True, 1),
    ],
)
async def test_what_goes_wrong_is_said_honestly(world: World, fault: str, reason: str, maybe: bool, accepted: int) -> None:
    setattr(world.account.faults, fault, 1.0)
    with pytest.raises(Temporary) as problem:
        await world.send(Content(text="Hallo"))
    assert (problem.value.reason, problem.value.maybe_sent) == (reason, maybe)
    assert world.town.counts[world.account.id].accepted == accepted


async def test_money_and_keys_are_the_operators_business(world: World) -> None:
    world.account.data["credit"] = 4
    with pytest.raises(ChannelBroken) as problem:
        await world.send(Content(text="Hallo"))
    assert problem.value.reason == "credits"
    world.town.by_token.clear()
    with pytest.raises(ChannelBroken) as problem:
        await world.send(Content(text="Hallo"))
    assert problem.value.reason == "token_invalid"
    assert [note.code for note in (await world.connector.check()).findings] == ["token_invalid"]


async def test_a_number_nobody_has_is_gone(world: World) -> None:
    part = world.connector.plan(Content(text="Hallo")).parts[0]
    with pytest.raises(AddressGone):
        await world.connector.send(part, "+4917139209999", token="7.0", files=Files())


async def test_the_check_of_a_sound_account_finds_it_so(world: World) -> None:
    health = await world.connector.check()
    assert health.ok
    assert health.facts == {"number": "+493023125110", "credits": "-1"}
