"""The connector speaks to the strict double of a Mastodon server: every post is accepted, every mention understood, every fault met."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession, web
from tests.test_connectors_at_the_providers import FIRST, PNG, SECOND, Files, some

from buergerdraht.connectors.contract import (
    PUBLIC,
    ChannelBroken,
    Content,
    Location,
    MediaKind,
    Received,
    Rejected,
    SendError,
    Temporary,
)  # fmt: skip
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.mastodon import limits
from buergerdraht.connectors.mastodon.config import MastodonConfig
from buergerdraht.connectors.mastodon.connector import Mastodon
from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.town import Account, Person, Town

TOKEN, NUMBER = "ein-token", "109000000000000001"
CONTENTS = {
    "text": Content(title="Titel", text="**fett** _schräg_ [Stadt](https://stadt.example)", language="de"),
    "longest": Content(text="x" * 500),
    "links": Content(text="Mehr", choices=some(3, url="https://stadt.example")),
    "numbers": Content(text="Was?", choices=some(5)),
    "picture": Content(text="Der Platz", media=(FIRST,)),
    "pictures": Content(text="Zwei", media=(FIRST, SECOND)),
    "picture alone": Content(media=(FIRST,)),
    "place": Content(location=Location(latitude=51.5, longitude=7.4, name="Rathaus")),
}


@dataclass
class World:
    town: Town
    host: str
    connector: Mastodon
    session: ClientSession
    zoe: Person

    @property
    def account(self) -> Account:
        return self.town.accounts[NUMBER]

    async def send(self, content: Content, address: str = PUBLIC, part_of: str = "1.0") -> str:
        plan = self.connector.plan(content)
        sent = [await self.connector.send(part, address, token=part_of, files=Files()) for part in plan.parts]
        return sent[0].external_id

    async def acts(self, verb: str, **wish: Any) -> None:
        address = f"{self.host}/_control/people/{self.zoe.id}/{verb}"
        async with self.session.post(address, json={"account": NUMBER, **wish}) as answer:
            assert answer.status == 200, await answer.text()

    async def hears(self, number: int) -> list[Received]:
        heard: list[Received] = []
        async with aclosing(self.connector.receive()) as told:
            async for items in told:
                assert not [item.problem for item in items if item.problem]
                heard += [item.event for item in items if isinstance(item.event, Received)]
                if len(heard) >= number:
                    break
        return heard


@pytest.fixture
async def world(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(limits, "POLL_SECONDS", 0.05)
    town = Town()
    town.add_account(Account("mastodon", NUMBER, "Stadt", TOKEN, username="musterstadt", data={"domain": "social.example"}))
    runner = web.AppRunner(application(town), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    host, http = f"http://127.0.0.1:{unused_tcp_port}", Http()
    connector = Mastodon(MastodonConfig(host=host, access_token=TOKEN, account="musterstadt"), http)
    async with ClientSession() as session:
        yield World(town, host, connector, session, town.add_person("Zoë"))
    await http.close()
    await runner.cleanup()


@pytest.mark.parametrize("name", CONTENTS)
async def test_every_content_is_accepted(world: World, name: str) -> None:
    assert await world.send(CONTENTS[name])
    assert world.town.counts[NUMBER].accepted == 1


async def test_a_picture_keeps_its_description_even_where_the_server_is_slow(world: World) -> None:
    world.account.data["slow_media"] = True
    number = await world.send(Content(text="Der Platz", media=(FIRST,)))
    async with world.session.get(f"{world.host}/api/v1/statuses/{number}", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        (attachment,) = (await answer.json())["media_attachments"]
    assert attachment["description"] == FIRST.alt
    assert world.town.files[attachment["id"]].data == PNG


async def test_mentions_in_public_and_alone_come_in_with_their_pictures(world: World) -> None:
    await world.acts("write", text="Wann öffnet das Bad?\nUnd https://stadt.example/bad?")
    await world.acts("photo", sample="schlagloch", caption="Hier")
    await world.acts("prefer", value="direct")
    await world.acts("write", text="Meine Adresse")
    question, photo, direct = await world.hears(3)
    assert question.text == "Wann öffnet das Bad?\nUnd https://stadt.example/bad?"
    assert (photo.text, [ref.kind for ref in photo.media]) == ("Hier", [MediaKind.IMAGE])
    assert (await world.connector.fetch(photo.media[0]))[0] == world.town.files[photo.media[0].external_id].data
    assert direct.sender.address == f"direct:{question.sender.address}"
    assert (question.raw_kind, direct.raw_kind) == ("public", "direct")


async def test_an_answer_in_public_and_one_to_one_person(world: World) -> None:
    await world.acts("write", text="Wann?")
    await world.acts("prefer", value="direct")
    await world.acts("write", text="Und für mich?")
    for event in await world.hears(2):
        await world.send(Content(text="Um acht", quote=event.external_id), event.sender.address)
    ours = [each for each in world.account.data["statuses"].values() if each["by"] == NUMBER]
    assert [each["visibility"] for each in ours] == ["public", "direct"]
    assert all(each["text"].endswith("Um acht") and each["reply"] for each in ours)


async def test_an_answer_to_a_post_that_is_gone_is_refused_for_good(world: World) -> None:
    with pytest.raises(Rejected) as refused:
        await world.send(Content(text="Um acht", quote="1"), "@zoe@leute.example")
    assert refused.value.reason == "content_refused"


@pytest.mark.parametrize(
    ("fault", "kind"), [({"too_many": 1.0, "retry_after": 30.0}, Temporary), ({"broken": 1.0}, Temporary), ({"down": 1.0}, Temporary)]
)
async def test_faults_are_met(world: World, fault: dict[str, float], kind: type[SendError]) -> None:
    for name, value in fault.items():
        setattr(world.account.faults, name, value)
    with pytest.raises(kind) as problem:
        await world.send(Content(text="Hallo"))
    assert isinstance(problem.value, Temporary)
    assert not problem.value.maybe_sent
    assert problem.value.limit == ("too_many" in fault)
    assert not world.town.counts[NUMBER].accepted


async def test_a_torn_connection_posts_once(world: World) -> None:
    world.account.faults.reset = 1.0
    with pytest.raises(Temporary):
        await world.send(Content(text="Hallo", media=(FIRST,)))
    world.account.faults.reset = 0.0
    number = await world.send(Content(text="Hallo", media=(FIRST,)))
    assert [each["id"] for each in world.account.data["statuses"].values()] == [number]


async def test_a_post_that_is_said_to_have_failed_stands_there_once(world: World) -> None:
    world.account.faults.fumbled = 1.0
    with pytest.raises(Temporary):
        await world.send(Content(text="Hallo"))
    assert await world.send(Content(text="Hallo")) in world.account.data["statuses"]
    assert len(world.account.data["statuses"]) == 1


async def test_too_many_calls_wait_for_the_server(world: World) -> None:
    for _ in range(300):
        await world.connector._call("GET", "notifications")
    with pytest.raises(Temporary) as limited:
        await world.send(Content(text="Hallo"))
    assert limited.value.limit
    assert limited.value.scope == "channel"
    assert limited.value.retry_after


async def test_a_token_taken_back_breaks_the_channel_and_a_new_one_mends_it(world: World) -> None:
    del world.town.by_token["mastodon", TOKEN]
    with pytest.raises(ChannelBroken):
        await world.send(Content(text="Hallo"))
    assert not (await world.connector.check()).ok
    world.town.by_token["mastodon", TOKEN] = world.account
    assert (await world.connector.check()).ok
    assert await world.send(Content(text="Hallo"))


async def test_the_double_is_fit_for_many_at_once(world: World) -> None:
    numbers = await asyncio.gather(*(world.send(Content(text=f"Beitrag {number}"), part_of=f"{number}.0") for number in range(20)))
    assert len(set(numbers)) == 20
