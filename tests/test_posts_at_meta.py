"""A Facebook Page and Threads speak to the strict doubles of Meta: posts are accepted, answers understood, doubts settled."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

from buergerdraht.connectors.contract import (
    PUBLIC,
    ChannelBroken,
    Choice,
    Content,
    Item,
    Location,
    Media,
    MediaKind,
    Received,
    Rejected,
    Temporary,
)
from buergerdraht.connectors.facebook_page import connector as page_connector
from buergerdraht.connectors.facebook_page.config import FacebookPageConfig
from buergerdraht.connectors.facebook_page.connector import FacebookPage
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.threads import connector as threads_connector
from buergerdraht.connectors.threads.config import ThreadsConfig
from buergerdraht.connectors.threads.connector import Threads
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers.facebook_page import FacebookPage as PageDouble
from buergerdraht.simulator.providers.threads import Threads as ThreadsDouble
from buergerdraht.simulator.town import Account, Person, Town

DAY = 86_400


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(out, "PNG")
    return out.getvalue()


PNG = picture()
FIRST = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=len(PNG), file_name="platz.png", alt="Der Platz")
SECOND = Media(id="m2", kind=MediaKind.IMAGE, mime="image/png", size=len(PNG), file_name="markt.png", alt="Der Markt")
CONTENTS = {
    "text": Content(title="Titel", text="**fett** [Stadt](https://stadt.example)"),
    "link": Content(text="Mehr dazu", choices=(Choice(id="u", title="Seite", url="https://stadt.example/markt"),)),
    "numbers": Content(text="Wie fanden Sie das Fest?", choices=(Choice(id="a", title="Gut"), Choice(id="b", title="Schlecht"))),
    "picture": Content(text="Der Platz", media=(FIRST,)),
    "pictures": Content(text="Zwei", media=(FIRST, SECOND)),
    "picture alone": Content(media=(FIRST,)),
    "place": Content(text="Hier", location=Location(latitude=51.5, longitude=7.4, name="Rathaus")),
}


class Files:
    """Files in memory, lent at an address of the test's own."""

    def __init__(self, host: str) -> None:
        self.host = host

    async def read(self, media: Media) -> bytes:
        return PNG

    async def uploaded(self, media: Media) -> str | None:
        return None

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        return None

    async def lend(self, media: Media) -> str:
        return f"{self.host}/leihe/{media.id}"


@dataclass
class World:
    town: Town
    double: Any
    connector: Any
    account: Account
    zoe: Person
    heard: list[Item]
    late: list[float]
    files: Files

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        for _ in range(100):
            assert not [item.problem for item in self.heard if item.problem]
            if found := [item.event for item in self.heard if wanted(item.event)]:
                return found[-1]
            await asyncio.sleep(0.05)
        raise AssertionError(f"nothing of the kind came in: {self.heard}")

    async def post(self, content: Content, address: str = PUBLIC) -> str:
        (part,) = self.connector.plan(content).parts
        return str((await self.connector.send(part, address, token="7.0", files=self.files)).external_id)

    @property
    def posts(self) -> list[dict[str, Any]]:
        return [post for post in self.double.posts(self.account).values() if post["by"] == self.account.id]


@pytest.fixture(params=["facebook_page", "threads"])
async def world(request: pytest.FixtureRequest, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(threads_connector, "LOOKS", (0.05, 0.1, 0.2, 0.4))
    monkeypatch.setattr(page_connector, "LOOKS", (0.0, 0.05))
    host, late = f"http://127.0.0.1:{unused_tcp_port}", [0.0]
    town = Town(clock=lambda: datetime.now(UTC).timestamp() + late[0])
    delivery, http = Delivery(town), Http()
    values = {"access_token": "ein-token", "app_secret": "wort", "username": "musterstadt"}
    connector: Any
    double: Any
    if request.param == "threads":
        double = ThreadsDouble(town, delivery)
        connector = Threads(ThreadsConfig.model_validate({**values, "user_id": "111222333", "host": f"{host}/graph-threads"}), http)
    else:
        double = PageDouble(town, delivery)
        connector = FacebookPage(FacebookPageConfig.model_validate({**values, "page_id": "111222333", "host": f"{host}/graph-page"}), http)
    wish = {"id": "111222333", "name": "Stadt", "token": "ein-token", "secret": "wort", "username": "musterstadt", "app_id": "999"}
    account = town.add_account(double.account(wish, 1))
    account.callback = f"{host}/hook"
    found = World(town, double, connector, account, town.add_person("Zoë Beispiel"), [], late, Files(host))
    double.move_in(account, found.zoe)

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        connector.verify({name.lower(): value for name, value in request.headers.items()}, body)
        found.heard.extend(connector.parse(body))
        return web.Response()

    async def lent(request: web.Request) -> web.Response:
        known = request.match_info["media"] in {"m1", "m2"}
        return web.Response(body=PNG, content_type="image/png") if known else web.Response(status=404)

    app = web.Application(client_max_size=40_000_000)
    app.add_routes([*double.routes(), web.post("/hook", hook), web.get("/leihe/{media}", lent)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await delivery.start()
    await connector.activate(f"{host}/hook")
    yield found
    await http.close()
    await delivery.stop()
    await runner.cleanup()


@pytest.mark.parametrize("name", CONTENTS)
async def test_everything_we_plan_is_accepted_and_seen_by_followers(world: World, name: str) -> None:
    number = await world.post(CONTENTS[name])
    (post,) = world.posts
    assert post["id"] == number
    assert CONTENTS[name].text.replace("*", "")[:5] in post["text"] or name == "text"
    assert [world.town.files[each].data for each in post["media"]] == [PNG for _ in CONTENTS[name].media]
    shown = [world.town.messages[key] for key in world.town.chats[world.account.id, world.zoe.id]]
    assert [message.data["text"] for message in shown] == [post["text"]]


async def test_a_picture_is_described(world: World) -> None:
    await world.post(CONTENTS["picture"])
    if world.connector.kind == "threads":
        assert world.posts[0]["alt"] == "Der Platz"
    else:
        assert [photo["alt"] for photo in world.account.data["photos"].values()] == ["Der Platz"]


async def test_an_answer_comes_in_and_ours_goes_below_it(world: World) -> None:
    number = await world.post(CONTENTS["text"])
    comment = world.double.write(world.account, world.zoe, "Wo genau?")
    heard = await world.hears(lambda event: isinstance(event, Received))
    assert (heard.external_id, heard.text, heard.quote) == (comment.id, "Wo genau?", number)
    assert heard.sender.address == world.double.address(world.account, world.zoe)
    own = await world.post(Content(text="Am Rathaus", quote=heard.external_id), heard.sender.address)
    answer = next(post for post in world.posts if post["id"] == own)
    assert answer["above"] == comment.id
    again = world.double.write(world.account, world.zoe, "Danke", quote=f"{own}:{world.zoe.id}")
    thanks = await world.hears(lambda event: isinstance(event, Received) and event.text == "Danke")
    assert (thanks.external_id, thanks.quote) == (again.id, own)
    assert not [item for item in world.heard if isinstance(item.event, Received) and item.event.text == "Am Rathaus"]


async def test_a_post_says_where_it_can_be_read(world: World) -> None:
    name = await world.post(Content(text="Die Brücke ist wieder frei."))
    address = await world.connector.permalink(name)
    assert address.startswith(("https://www.threads.com/@", "https://www.facebook.com/"))
    assert name in address
    assert await world.connector.permalink("../boese") == ""


async def test_what_somebody_takes_back_is_taken_back(world: World) -> None:
    await world.post(CONTENTS["text"])
    comment = world.double.write(world.account, world.zoe, "Falsch hier")
    world.double.delete(world.account, world.zoe, comment)
    gone = await world.hears(lambda event: isinstance(event, Received) and event.kind == "deletion")
    assert gone.quote == comment.id


@pytest.mark.parametrize("world", ["facebook_page"], indirect=True)
async def test_a_comment_on_a_page_may_be_corrected(world: World) -> None:
    await world.post(CONTENTS["text"])
    comment = world.double.write(world.account, world.zoe, "Fasch")
    world.double.edit(world.account, world.zoe, comment, "Falsch")
    edit = await world.hears(lambda event: isinstance(event, Received) and event.kind == "edit")
    assert (edit.text, edit.quote) == ("Falsch", comment.id)
    world.double.react(world.account, world.zoe, comment, "👍")
    await asyncio.sleep(0.2)
    assert not [item.problem for item in world.heard if item.problem]


@pytest.mark.parametrize("fault", ["reset", "fumbled"])
@pytest.mark.parametrize("name", ["text", "picture"])
async def test_what_was_published_without_a_good_answer_is_found_and_stands_there_once(world: World, name: str, fault: str) -> None:
    setattr(world.account.faults, fault, 1.0)
    assert await world.post(CONTENTS[name]) == world.posts[0]["id"]
    assert len(world.posts) == 1


@pytest.mark.parametrize("world", ["facebook_page"], indirect=True)
async def test_a_picture_without_words_cannot_be_found_on_a_page_and_stays_in_doubt(world: World) -> None:
    world.account.faults.reset = 1.0
    with pytest.raises(Temporary) as caught:
        await world.post(CONTENTS["picture alone"])
    assert caught.value.maybe_sent


@pytest.mark.parametrize("world", ["facebook_page"], indirect=True)
async def test_an_older_post_of_the_same_words_is_not_taken_for_a_new_one(world: World) -> None:
    await world.post(CONTENTS["picture"])
    world.posts[0]["at"] -= 3600
    world.account.faults.broken = 1.0
    with pytest.raises(Temporary) as caught:
        await world.post(CONTENTS["picture"])
    assert not caught.value.maybe_sent
    world.account.faults.broken = 0.0
    assert await world.post(CONTENTS["picture"]) == world.posts[1]["id"]


@pytest.mark.parametrize(
    ("fault", "reason", "limit"),
    [({"too_many": 1.0}, "rate_limit", True), ({"broken": 1.0}, "unavailable", False), ({"down": 1.0}, "unavailable", False)],
)
async def test_every_fault_is_what_it_is(world: World, fault: dict[str, float], reason: str, limit: bool) -> None:
    for name, value in fault.items():
        setattr(world.account.faults, name, value)
    with pytest.raises(Temporary, match=reason) as caught:
        await world.post(CONTENTS["text"])
    doubted = world.connector.kind == "threads" and not limit  # a container that is finished may still be on its way out
    assert (caught.value.limit, caught.value.maybe_sent) == (limit, doubted)
    assert not world.posts


async def test_a_broken_token_stops_the_channel_until_there_is_a_new_one(world: World) -> None:
    await world.double.change(world.account, "state", {"revoked": True})
    with pytest.raises(ChannelBroken, match="token_invalid"):
        await world.post(CONTENTS["text"])
    health = await world.connector.check()
    assert [(note.level, note.code) for note in health.findings] == [("error", "token_invalid")]
    await world.double.change(world.account, "state", {"revoked": False})
    assert await world.post(CONTENTS["text"])


async def test_the_check_of_a_sound_account_finds_it_so(world: World) -> None:
    health = await world.connector.check()
    assert (health.ok, health.findings) == (True, ())
    assert health.facts == {"name": "Stadt", "number": "@musterstadt"}
    if world.connector.kind == "facebook_page":
        world.account.data["subscribed"] = False
        assert [note.code for note in (await world.connector.check()).findings] == ["not_subscribed"]


@pytest.mark.parametrize("world", ["threads"], indirect=True)
async def test_threads_gives_a_fresh_token_while_the_old_one_is_good(world: World) -> None:
    health = await world.connector.check()
    assert health.renewed["access_token"] == world.account.token != "ein-token"
    left = (datetime.fromisoformat(health.renewed["token_until"]).date() - datetime.now(UTC).date()).days
    assert left == 60
    fresh = world.connector.config.model_copy(update={"token_until": health.renewed["token_until"]})
    world.connector.config = fresh
    assert not (await world.connector.check()).renewed


@pytest.mark.parametrize("world", ["threads"], indirect=True)
async def test_threads_says_when_a_days_posts_are_nearly_over(world: World) -> None:
    world.account.data["used"] = 240
    assert [note.code for note in (await world.connector.check()).findings] == ["quota"]
    world.account.data["used"] = 250
    with pytest.raises(Temporary, match="rate_limit"):
        await world.post(CONTENTS["text"])


@pytest.mark.parametrize("world", ["threads"], indirect=True)
async def test_a_picture_nobody_can_fetch_is_refused_before_anything_is_seen(world: World) -> None:
    missing = Media(id="m9", kind=MediaKind.IMAGE, mime="image/png", size=1, alt="Nichts")
    with pytest.raises(Rejected, match="media_refused"):
        await world.post(Content(text="x", media=(missing,)))
    assert not world.posts
